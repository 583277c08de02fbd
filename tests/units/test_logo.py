"""The municipality's mark: a picture, drawn anew, and nothing else that somebody sends."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from jarfalla.images import LONGEST_SIDE, to_png
from jarfalla.uploads import UnacceptableFile
from tests.conftest import SignIn
from tests.jarfalla.pdfs import picture
from units.models import Programme, User


def bomb(side: int) -> bytes:
    """A small file that unpacks to a picture as large as a house."""
    drawn = BytesIO()
    Image.new("1", (side, side)).save(drawn, "PNG")
    return drawn.getvalue()


def with_secrets() -> BytesIO:
    """A JPEG that says where it was taken and has a second file behind it."""
    drawn, facts = BytesIO(), Image.Exif()
    facts[0x010E] = "hemlig plats"
    facts[0x0112] = 6  # lies on its side
    Image.new("RGB", (300, 100), "red").save(drawn, "JPEG", exif=facts)
    drawn.write(b"<script>alert(1)</script>")
    drawn.seek(0)
    return drawn


def test_picture_is_drawn_anew_the_right_way_up() -> None:
    drawn = to_png(with_secrets())

    with Image.open(BytesIO(drawn)) as image:
        assert (image.format, image.size, image.mode, dict(image.getexif())) == ("PNG", (100, 300), "RGB", {})
    assert b"hemlig" not in drawn
    assert b"script" not in drawn
    assert drawn == to_png(with_secrets())


def test_transparent_is_white_and_large_is_made_smaller() -> None:
    with Image.open(BytesIO(to_png(picture(size=(3000, 900))))) as image:
        assert image.size == (LONGEST_SIDE, 360)
        assert image.getpixel((LONGEST_SIDE - 1, 0)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "Filen måste vara en bild"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "Filen måste vara en bild"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 400, "Filen måste vara en bild"),
        (picture().getvalue()[:200], "Filen måste vara en bild"),
        (picture(size=(300, 20)).getvalue(), "Bilden är för liten"),
        (b"x" * (5 * 1024 * 1024 + 1), "Bilden är för stor"),
        (bomb(6_000), "Bilden har för många bildpunkter"),
        (bomb(20_000), "Bilden har för många bildpunkter"),
    ],
    ids=["empty", "svg", "broken", "half", "small", "big", "large", "bomb"],
)
def test_what_is_no_picture_to_print_is_refused(content: bytes, sentence: str) -> None:
    with pytest.raises(UnacceptableFile, match=sentence):
        to_png(BytesIO(content))


@pytest.mark.django_db
def test_logo_is_put_in_shown_and_taken_away(sign_in: SignIn, coordinator: User, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    client, address = sign_in(coordinator), reverse("programme_logo")

    client.post(address, {"file": SimpleUploadedFile("vapen.png", picture().read())})
    kept = Programme.current().logo.name
    assert kept
    assert (tmp_path / kept).read_bytes() == to_png(picture())
    assert 'src="data:image/png;base64,' in client.get(address).content.decode()

    client.post(address, {"file": SimpleUploadedFile("samma.png", picture().read())})
    assert Programme.current().logo.name == kept
    assert len(list(tmp_path.rglob("*.png"))) == 1

    client.post(address, {"remove": "on"})
    assert Programme.current().logo.name == ""
    assert "Ingen logotyp är inlagd" in client.get(address).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Välj en bild."),
        ({"file": SimpleUploadedFile("vapen.png", b"<svg/>")}, "Filen måste vara en bild (PNG eller JPG) som går att"),
    ],
)
def test_refusal_stands_at_the_file_and_changes_nothing(
    fields: dict[str, Any], sentence: str, sign_in: SignIn, coordinator: User
) -> None:
    response = sign_in(coordinator).post(reverse("programme_logo"), fields)

    assert response.status_code == 200
    assert sentence in response.content.decode()
    assert list(response.context["form"].errors) == ["file"]
    assert Programme.current().logo.name == ""
