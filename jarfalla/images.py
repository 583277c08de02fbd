"""Pictures that somebody sends, drawn anew so that nothing but the picture is left. Imports no app."""

from io import BytesIO
from typing import IO

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jarfalla.uploads import UnacceptableFile

# A scanned page is larger, and has no place on a letterhead.
MOST_BYTES = 5 * 1024 * 1024
MOST_PIXELS = 25_000_000
# 100 mm on paper at 300 dots an inch.
LONGEST_SIDE = 1200
SHORTEST_SIDE = 40
_TOO_MANY = gettext_lazy("Bilden har för många bildpunkter. Spara den mindre och välj den igen.")


def to_png(file: IO[bytes]) -> bytes:
    """The PNG or JPEG in `file` as a PNG on white, at most LONGEST_SIDE wide and high, the right way up.

    The same picture gives the same bytes, and what else stood in the file (place, camera, a thumbnail, a second file)
    is gone. Raises UnacceptableFile, with a sentence, for anything that is not such a picture.
    """
    from PIL import Image, ImageFile, ImageOps  # slow import, and one page needs it

    ImageFile.LOAD_TRUNCATED_IMAGES = False  # WeasyPrint allows half pictures in its process
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise UnacceptableFile(_("Bilden är för stor. Den får vara högst %(megabytes)s MB.") % {"megabytes": 5})
    try:
        with Image.open(BytesIO(content), formats=("PNG", "JPEG")) as image:
            _refuse_size(*image.size)
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            coloured = upright.convert("RGBA")
    except UnacceptableFile:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnacceptableFile(_TOO_MANY) from error
    except Exception as error:  # a broken picture ends in any kind of exception
        raise UnacceptableFile(_("Filen måste vara en bild (PNG eller JPG) som går att öppna.")) from error
    paper = Image.new("RGBA", coloured.size, "white")
    paper.alpha_composite(coloured)
    drawn = BytesIO()
    paper.convert("RGB").save(drawn, "PNG", optimize=True)
    return drawn.getvalue()


def _refuse_size(width: int, height: int) -> None:
    """Before anything is unpacked: a small file can claim to be a picture as large as a house."""
    if width * height > MOST_PIXELS:
        raise UnacceptableFile(_TOO_MANY)
    if min(width, height) < SHORTEST_SIDE:
        raise UnacceptableFile(
            _("Bilden är för liten för att bli bra på papper. Den ska vara minst %(side)s bildpunkter hög och bred.")
            % {"side": SHORTEST_SIDE}
        )
