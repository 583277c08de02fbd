"""The page that imports a list of units, and its preview."""

import io
import random
import re
from html import unescape
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]  # its stubs are a package of their own
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jarfalla.tables import read_table
from tests import factories
from tests.conftest import SignIn
from units import actions
from units.imports import UnitList, read_units
from units.models import Kind, Message, Ownership, Unit, UnitImport, User

REAL_LIST = Path("static/exempel/enheter-jarfalla.csv")
PAGE = "/enheter/importera/"
PERSONAL_NUMBER = "850709-9805"  # a test number


def real_list_as_workbook() -> bytes:
    book = openpyxl.Workbook()
    for line in REAL_LIST.read_text(encoding="utf-8").splitlines():
        book.active.append(line.split(";"))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def unit_list(text: str) -> UnitList:
    """What the portal makes of a CSV file with this text."""
    return read_units(read_table("lista.csv", text.encode()))


def kept(text: str) -> UnitImport:
    return actions.keep_import(unit_list(text), file_name="lista.csv", by=None)


def upload(client: Any, data: bytes, name: str = "lista.csv") -> HttpResponse:
    response: HttpResponse = client.post(PAGE, {"file": SimpleUploadedFile(name, data)})
    return response


def text_of(response: Any) -> str:
    """The words of the page, on one line."""
    main = re.search(r"<main.*</main>", response.content.decode(), re.DOTALL)
    assert main
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main[0])).split())


@pytest.mark.parametrize(
    ("name", "data"), [("lista.csv", REAL_LIST.read_bytes()), ("Lista.XLSX", real_list_as_workbook())]
)
@pytest.mark.django_db
def test_import_page_takes_the_real_list_through_preview_to_units(
    coordinator: User, sign_in: SignIn, name: str, data: bytes
) -> None:
    client = sign_in(coordinator)
    preview = upload(client, data, name)["Location"]
    assert not Unit.objects.exists()
    page = text_of(client.get(preview))
    assert f"Granska listan {name} Nya enheter 60 Finns redan, ändras inte 0 Rader med fel, importeras inte 0" in page
    assert "Importera 60 enheter" in page
    assert "Järfällahus AB Bostadsbolag Kommunalt bolag" in page

    answer = client.post(preview, follow=True)
    assert answer.redirect_chain == [("/enheter/", 302)]
    assert "60 nya enheter är importerade." in text_of(answer)
    assert Unit.objects.count() == 60
    assert Unit.objects.get(name="Tallbohovs förskola").district == "Jakobsberg"
    assert Unit.objects.filter(kind=Kind.COMPULSORY_SCHOOL, ownership=Ownership.PRIVATE).count() == 3
    assert UnitImport.objects.get().uploaded_by == coordinator
    assert not Message.objects.exists()

    again = client.post(preview, follow=True)
    assert "Den här listan är redan importerad. Inget nytt lades till." in text_of(again)
    assert Unit.objects.count() == 60
    assert "Importera 60 enheter" not in text_of(client.get(preview))


@pytest.mark.django_db
def test_import_page_shows_new_known_and_bad_rows(coordinator: User, sign_in: SignIn) -> None:
    factories.unit(name="Åsskolan", kind=Kind.COMPULSORY_SCHOOL)
    client = sign_in(coordinator)
    text = "namn;verksamhetstyp;rektor\nB;Förskola;x\nÅSSKOLAN;Förskola;\n;Dagis;\n<b>C</b>;Förskola;\n"
    preview = upload(client, text.encode())["Location"]
    page = text_of(client.get(preview))
    assert "Nya enheter 2 Finns redan, ändras inte 1 Rader med fel, importeras inte 1" in page
    assert "Kolumner som inte används rektor" in page
    assert "Rad 4, namn Namnet saknas." in page
    assert "Rad 4, verksamhetstyp ”Dagis” är inget som portalen känner till. Välj en av: Förskola," in page
    assert "<b>C</b>" in page
    assert "Importera 2 enheter" in page
    client.post(preview)
    assert Unit.objects.get(name="Åsskolan").kind == Kind.COMPULSORY_SCHOOL
    assert set(Unit.objects.values_list("name", flat=True)) == {"Åsskolan", "B", "<b>C</b>"}


@pytest.mark.django_db
def test_import_preview_without_new_units_has_no_button(coordinator: User, sign_in: SignIn) -> None:
    factories.unit(name="A")
    client = sign_in(coordinator)
    preview = client.get(upload(client, b"namn;verksamhetstyp\na;F\xc3\xb6rskola\n")["Location"])
    assert "Listan har inga nya enheter att importera." in text_of(preview)
    assert b'method="post"' not in re.search(rb"<main.*</main>", preview.content, re.DOTALL)[0]  # type: ignore[index]  # text_of has looked


@pytest.mark.django_db
def test_import_preview_of_a_long_list_shows_its_beginning(coordinator: User, sign_in: SignIn) -> None:
    client = sign_in(coordinator)
    text = "namn;verksamhetstyp\n" + "".join(f"Enhet {number};Förskola\n" for number in range(250))
    page = text_of(client.get(upload(client, text.encode())["Location"]))
    assert "Här visas de första 200 av 250." in page
    assert "Enhet 199 " in page
    assert "Enhet 200 " not in page
    assert "Importera 250 enheter" in page


NOISE = random.Random(7).randbytes(21 * 1024 * 1024)


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("lista.csv", NOISE, "Filen är för stor. Den får vara högst 20 MB."),
        ("lista.xlsx", NOISE, "Filen är för stor. Den får vara högst 20 MB."),
        (
            "lista.csv",
            NOISE[:100_000],
            "Det här är inte en lista som portalen kan läsa. Spara den som CSV (UTF-8) eller Excel (.xlsx).",
        ),
        (
            "lista.xlsx",
            NOISE[:100_000],
            "Filen går inte att öppna som kalkylblad. Spara den på nytt som Excel (.xlsx) eller CSV.",
        ),
        ("lista.pdf", b"%PDF-1.7", "Portalen läser CSV och Excel (.xlsx). Spara listan så och välj filen igen."),
        ("lista.csv", b"", "Filen är tom."),
        ("lista.csv", b"\n\n", "Filen är tom."),
        ("lista.csv", b"namn\nA\n", "Kolumnen ”verksamhetstyp” saknas. Filens första rad har rubrikerna: namn."),
        (
            "lista.csv",
            "namn;verksamhetstyp\nA;Förskola\n".encode("utf-32"),
            "Det här är inte en lista som portalen kan läsa.",
        ),
        ("lista.csv", "namn;verksamhetstyp\nA;FÃ¶rskola\n".encode(), "Bokstäverna å, ä och ö är skadade i filen."),
        (f"elev {PERSONAL_NUMBER}.csv", b"namn;verksamhetstyp\nA;F\n", "Texten ser ut att innehålla ett personnummer."),
    ],
    ids=range(11),
)
@pytest.mark.django_db
def test_import_page_with_a_bad_file_says_so_at_the_field(
    coordinator: User, sign_in: SignIn, name: str, data: bytes, sentence: str
) -> None:
    response = upload(sign_in(coordinator), data, name)
    assert response.status_code == 200
    at_the_field = re.search(
        r'<(?:div|p|span)[^>]*id="error_[^"]*"[^>]*>(.*?)</(?:div|p|span)>', response.content.decode(), re.DOTALL
    )
    assert at_the_field, "no error stands at the field"
    assert sentence in at_the_field[1]
    assert "<title>Fel: Importera enheter" in response.content.decode()
    assert PERSONAL_NUMBER not in response.content.decode()
    assert not UnitImport.objects.exists()


@pytest.mark.django_db
def test_import_page_without_a_file_says_so(coordinator: User, sign_in: SignIn) -> None:
    assert "Välj en fil: Välj filen med listan." in text_of(sign_in(coordinator).post(PAGE))
    assert "Välj en fil: Välj filen med listan." in text_of(sign_in(coordinator).post(PAGE, {"file": "text"}))


@pytest.mark.django_db
def test_import_page_explains_itself_and_links_to_the_example(coordinator: User, sign_in: SignIn) -> None:
    response = sign_in(coordinator).get(PAGE)
    assert "/static/exempel/enheter-jarfalla.csv" in response.content.decode()
    assert "Måste finnas namn, verksamhetstyp" in text_of(response)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(("role", "status"), [("manager", 404), ("member", 404), ("outsider", 404), ("reader", 403)])
@pytest.mark.django_db
def test_import_pages_are_the_coordinators(
    request: pytest.FixtureRequest, sign_in: SignIn, role: str, status: int, method: str
) -> None:
    kept_import = kept("namn;verksamhetstyp\nHemliga enheten;Förskola\n")
    client = sign_in(request.getfixturevalue(role))
    for page in (PAGE, reverse("unit_import_preview", args=[kept_import.pk])):
        response = getattr(client, method)(page)
        assert response.status_code == status
        assert "Hemliga enheten" not in response.content.decode()
    assert not Unit.objects.filter(name="Hemliga enheten").exists()


@pytest.mark.django_db
def test_import_pages_ask_strangers_to_sign_in(sign_in: SignIn) -> None:
    assert sign_in(None).get(PAGE)["Location"] == f"/logga-in/?next={PAGE}"


@pytest.mark.django_db
def test_import_preview_makes_the_same_queries_for_1_and_3_rows(coordinator: User, sign_in: SignIn) -> None:
    client = sign_in(coordinator)
    client.get(PAGE)  # makes the programme's row
    counts = []
    for names in ["A", "ABC"]:
        preview = upload(client, ("namn;verksamhetstyp\n" + "".join(f"{name};Förskola\n" for name in names)).encode())
        with CaptureQueriesContext(connection) as queries:
            client.get(preview["Location"])
        counts.append(len(queries))
    assert counts[0] == counts[1]
