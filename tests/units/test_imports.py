"""Importing units: reading a list, the page with its preview, the command, and two at once."""

import io
import random
import re
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]  # its stubs are a package of their own
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jarfalla import clock
from jarfalla.tables import UnreadableFile, read_table
from tests import factories
from tests.conftest import SignIn
from tests.together import together
from units import actions
from units.imports import UnitList, UnitRow, read_units
from units.models import Kind, Message, Ownership, Unit, UnitImport, User

REAL_LIST = Path("static/exempel/enheter-jarfalla.csv")
PAGE = "/enheter/importera/"
PERSONAL_NUMBER = "850709-9805"  # a test number


def unit_list(text: str) -> UnitList:
    """What the portal makes of a CSV file with this text."""
    return read_units(read_table("lista.csv", text.encode()))


def refusal(text: str) -> str:
    with pytest.raises(UnreadableFile) as refused:
        unit_list(text)
    return str(refused.value)


def reasons(text: str) -> list[tuple[int, str, str]]:
    """Line, column, reason."""
    return [(problem["line"], problem["column"], problem["reason"]) for problem in unit_list(text).problems]


def real_list_as_workbook() -> bytes:
    book = openpyxl.Workbook()
    for line in REAL_LIST.read_text(encoding="utf-8").splitlines():
        book.active.append(line.split(";"))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


# --- Reading ---------------------------------------------------------------------------------------------


def test_read_units_of_the_real_list_has_no_problem() -> None:
    read = read_units(read_table(REAL_LIST.name, REAL_LIST.read_bytes()))
    assert (len(read.rows), read.problems, read.ignored_columns) == (60, [], [])
    assert read.rows[0] == UnitRow(
        line=2,
        name="Tallbohovs förskola",
        kind=Kind.PRESCHOOL,
        ownership=Ownership.MUNICIPAL,
        department="",
        district="Jakobsberg",
        declared_headcount=None,
    )


def test_example_file_is_the_real_list() -> None:
    assert REAL_LIST.read_text(encoding="utf-8").splitlines()[0] == "namn;verksamhetstyp;huvudman;kommundel"


def test_read_units_with_other_headings_order_and_case() -> None:
    read = unit_list(
        "Antal anställda;VERKSAMHETSTYP;Förvaltning;Rektor;Enhetens  namn:\n"
        "1 200;hälso- och  SJUKVÅRD;Vård;Anna;  Stora\u00a0 enheten \n;Förskola;;;Lilla enheten\n"
    )
    assert read.problems == []
    assert read.ignored_columns == ["Rektor"]
    assert [(row["name"], row["kind"], row["ownership"], row["declared_headcount"]) for row in read.rows] == [
        ("Stora enheten", Kind.HEALTH_CARE, Ownership.MUNICIPAL, 1200),
        ("Lilla enheten", Kind.PRESCHOOL, Ownership.MUNICIPAL, None),
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "namn;huvudman\nA;Kommunal\n",
            "Kolumnen ”verksamhetstyp” saknas. Filens första rad har rubrikerna: namn, huvudman.",
        ),
        ("A;Förskola\n", "Kolumnerna ”namn”, ”verksamhetstyp” saknas. Filens första rad har rubrikerna: A, Förskola."),
        ("namn;verksamhetstyp;Enhet\nA;Förskola;B\n", "Kolumnen ”namn” finns mer än en gång."),
        ("namn;verksamhetstyp\n", "Listan har rubriker men inga enheter."),
        (
            f"{PERSONAL_NUMBER};Förskola\n",
            "Filens första rad ser ut att innehålla ett personnummer. Där ska rubrikerna stå.",
        ),
    ],
)
def test_read_units_refuses_a_list_without_what_it_needs(text: str, sentence: str) -> None:
    assert refusal(text) == sentence


KINDS = ", ".join(str(label) for label in Kind.labels)


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        (";Förskola;;", "namn", "Namnet saknas."),
        (f"{'A' * 121};Förskola;;", "namn", "Texten är för lång. Den får ha högst 120 tecken."),
        ("förSKOLAN  ETT;Förskola;;", "namn", "”förSKOLAN ETT” står redan på rad 2."),
        ("B;;;", "verksamhetstyp", f"Här ska det stå något. Välj en av: {KINDS}."),
        ("B;Dagis;;", "verksamhetstyp", f"”Dagis” är inget som portalen känner till. Välj en av: {KINDS}."),
        (
            "B;Förskola;Privat;",
            "huvudman",
            "”Privat” är inget som portalen känner till. Välj en av: Kommunal, Kommunalt bolag, Fristående, Ideell.",
        ),
        *(
            (
                "B;Förskola;;" + text,
                "antal anställda",
                "Antalet ska vara ett heltal från 1 till 100000, utan annan text.",
            )
            for text in ["0", "-1", "1.5", "1,5", "100001", "99999999999", "tolv", "12 st", "½", "٣", "1e3"]
        ),
        (
            "B;Förskola;;1;2",
            "",
            "Raden har fler kolumner än rubrikraden. Se efter om det står ett skiljetecken för mycket.",
        ),
    ],
)
def test_read_units_says_line_column_and_reason(line: str, column: str, reason: str) -> None:
    text = f"namn;verksamhetstyp;huvudman;antal anställda\nFörskolan Ett;Förskola;;12\n\n{line}\nC;Förskola;;\n"
    assert reasons(text) == [(4, column, reason)]
    assert [row["name"] for row in unit_list(text).rows] == ["Förskolan Ett", "C"]


@pytest.mark.parametrize(
    "line",
    [f"{PERSONAL_NUMBER};Förskola;", f"A;{PERSONAL_NUMBER};", "A;Förskola;8507099805", '"850709-\n9805";Förskola;'],
)
def test_read_units_with_personnummer_in_any_column_refuses_the_line_and_keeps_nothing_of_it(line: str) -> None:
    read = unit_list(f"namn;verksamhetstyp;anteckning\n{line}\n")
    assert read.rows == []
    assert [(problem["line"], problem["column"]) for problem in read.problems] == [(2, "")]
    assert read.problems[0]["reason"].startswith("Texten ser ut att innehålla ett personnummer. Ta bort det")
    assert "9805" not in str(read)


def test_read_units_repeats_only_the_beginning_of_a_long_text() -> None:
    (_line, _column, reason) = reasons(f"namn;verksamhetstyp\nA;{'x' * 5000}\n")[0]
    assert f"”{'x' * 59}…” är inget" in reason


def test_read_units_in_english_reads_swedish_labels(settings: Any) -> None:
    from django.utils import translation

    with translation.override("en"):
        assert [row["kind"] for row in unit_list("namn;verksamhetstyp\nA;Förskola\n").rows] == [Kind.PRESCHOOL]


# --- Saving ----------------------------------------------------------------------------------------------


def kept(text: str) -> UnitImport:
    return actions.keep_import(unit_list(text), file_name="lista.csv", by=None)


@pytest.mark.django_db
def test_import_units_saves_every_field_and_sends_no_mail(coordinator: User) -> None:
    kept_import = kept(
        "namn;verksamhetstyp;huvudman;kommundel;förvaltning;antal anställda\nÅ ä ö;Förening;Ideell;Viksjö;Kultur;7\n"
    )
    done = actions.import_units(kept_import, by=coordinator)
    unit = Unit.objects.get()
    assert (done.created_count, unit.name, unit.slug) == (1, "Å ä ö", "a-a-o")
    assert (unit.kind, unit.ownership) == (Kind.ASSOCIATION, Ownership.ASSOCIATION)
    assert (unit.district, unit.department) == ("Viksjö", "Kultur")
    assert (unit.declared_headcount, unit.declared_on) == (7, clock.today())
    assert not Message.objects.exists()


@pytest.mark.django_db
def test_import_units_twice_saves_once_and_keeps_the_first_result() -> None:
    kept_import = kept("namn;verksamhetstyp\nA;Förskola\nB;Förskola\n")
    first = actions.import_units(kept_import, by=None)
    Unit.objects.filter(name="B").delete()
    second = actions.import_units(kept_import, by=None)
    assert (second.created_count, second.applied_at) == (2, first.applied_at)
    assert list(Unit.objects.values_list("name", flat=True)) == ["A"]


@pytest.mark.django_db
def test_import_units_passes_over_a_unit_that_came_meanwhile() -> None:
    kept_import = kept("namn;verksamhetstyp\nÅsskolan;Förskola\nB;Förskola\n")
    factories.unit(name="åSSKOLAN", kind=Kind.COMPULSORY_SCHOOL)
    assert actions.import_units(kept_import, by=None).created_count == 1
    assert {(unit.name, unit.kind) for unit in Unit.objects.all()} == {
        ("åSSKOLAN", "compulsory_school"),
        ("B", "preschool"),
    }


@pytest.mark.django_db
def test_import_units_gives_each_its_own_address_beside_the_pages() -> None:
    factories.unit(name="Ås skola")
    actions.import_units(
        kept(
            "namn;verksamhetstyp\nAs skola;Förskola\nÄs-skola;Förskola\nNy;Förskola\nImportera;Förskola\n–;Förskola\n"
        ),
        by=None,
    )
    assert {unit.name: unit.slug for unit in Unit.objects.all()} == {
        "Ås skola": "as-skola",
        "As skola": "as-skola-2",
        "Äs-skola": "as-skola-3",
        "Ny": "ny-2",
        "Importera": "importera-2",
        "–": "enhet",
    }


@pytest.mark.django_db
def test_import_units_makes_as_many_queries_for_2000_rows_as_for_one() -> None:
    one = kept("namn;verksamhetstyp\nEn;Förskola\n")
    many = kept("namn;verksamhetstyp\n" + "".join(f"Förskolan {number};Förskola\n" for number in range(2000)))
    with CaptureQueriesContext(connection) as for_one:
        actions.import_units(one, by=None)
    with CaptureQueriesContext(connection) as for_many:
        assert actions.import_units(many, by=None).created_count == 2000
    assert len(for_many) == len(for_one)


@pytest.mark.django_db(transaction=True)
def test_import_units_of_the_same_list_by_many_at_once_gives_each_unit_once() -> None:
    imports = [actions.keep_import(unit_list(REAL_LIST.read_text()), file_name="lista.csv", by=None) for _ in range(4)]
    # The last two press the button of the same preview.
    done = together(5, lambda number: actions.import_units(imports[min(number, 3)], by=None).created_count)
    assert Unit.objects.count() == 60
    assert sorted(done)[-1] == 60
    assert sum(UnitImport.objects.values_list("created_count", flat=True)) == 60


@pytest.mark.django_db(transaction=True)
def test_import_units_while_somebody_adds_the_same_unit_by_hand_gives_it_once() -> None:
    kept_import = kept("namn;verksamhetstyp\n" + "".join(f"Förskolan {number};Förskola\n" for number in range(200)))

    def work(number: int) -> None:
        if number == 0:
            actions.import_units(kept_import, by=None)
        else:
            for place in range(199, 190, -1):
                actions.create_unit(by=None, name=f"förskolan {place}", kind=Kind.PRESCHOOL)

    together(4, work)
    assert Unit.objects.count() == 200
    assert Unit.objects.values("slug").distinct().count() == 200


# --- The page --------------------------------------------------------------------------------------------


def upload(client: Any, data: bytes, name: str = "lista.csv") -> HttpResponse:
    response: HttpResponse = client.post(PAGE, {"file": SimpleUploadedFile(name, data)})
    return response


def text_of(response: Any) -> str:
    """The words of the page, on one line."""
    from html import unescape

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
    assert "4 namn Namnet saknas." in page
    assert "4 verksamhetstyp ”Dagis” är inget som portalen känner till. Välj en av: Förskola," in page
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


NOISE = random.Random(7).randbytes(10 * 1024 * 1024)


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("lista.csv", NOISE, "Filen är för stor. Den får vara högst 5 MB."),
        ("lista.xlsx", NOISE, "Filen är för stor. Den får vara högst 5 MB."),
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
            "namn;verksamhetstyp\nA;Förskola\n".encode("utf-16-le"),
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


# --- The command -----------------------------------------------------------------------------------------


def run(*arguments: object) -> str:
    """What the command says, on both channels."""
    out = io.StringIO()
    call_command("import_units", *map(str, arguments), stdout=out, stderr=out)
    return out.getvalue()


@pytest.mark.django_db
def test_import_command_takes_the_real_list_whole_and_a_second_time_changes_nothing() -> None:
    assert run(REAL_LIST) == "60 nya enheter, 0 finns redan, 0 fel.\n60 enheter är inlästa.\n"
    before = list(Unit.objects.order_by("pk").values())
    assert len(before) == 60
    assert Unit.objects.get(name="Järfällahus AB").ownership == Ownership.MUNICIPAL_COMPANY
    assert run(REAL_LIST) == "0 nya enheter, 60 finns redan, 0 fel.\nInget nytt att läsa in.\n"
    assert list(Unit.objects.order_by("pk").values()) == before
    assert UnitImport.objects.count() == 1


@pytest.mark.django_db
def test_import_command_dry_run_saves_nothing() -> None:
    assert run(REAL_LIST, "--dry-run") == "60 nya enheter, 0 finns redan, 0 fel.\nInget är sparat (--dry-run).\n"
    assert not Unit.objects.exists()
    assert not UnitImport.objects.exists()


@pytest.mark.django_db
def test_import_command_with_a_bad_row_refuses_the_whole_file_unless_told_to_skip_it(tmp_path: Path) -> None:
    file = tmp_path / "lista.csv"
    file.write_text(f"namn;verksamhetstyp;rektor\nA;Förskola;x\n;Förskola;\nB {PERSONAL_NUMBER};Förskola;\n")
    out = io.StringIO()
    with pytest.raises(
        CommandError, match=r"Inget är inläst\. Rätta raderna, eller hoppa över dem med --skip-bad\."
    ) as refused:
        call_command("import_units", str(file), stdout=out, stderr=out)
    assert refused.value.returncode == 1
    assert (
        "1 nya enheter, 0 finns redan, 2 fel.\nAnvänds inte: rektor.\nRad 3, namn: Namnet saknas.\nRad 4: Texten ser ut"
        in out.getvalue()
    )
    assert PERSONAL_NUMBER not in out.getvalue()
    assert not Unit.objects.exists()
    assert run(file, "--skip-bad").endswith("1 enheter är inlästa.\n")
    assert [unit.name for unit in Unit.objects.all()] == ["A"]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("saknas.csv", None, "saknas.csv går inte att öppna: No such file or directory."),
        ("lista.csv", b"namn\nA\n", "Kolumnen ”verksamhetstyp” saknas."),
        ("lista.csv", bytes(6 * 1024 * 1024), "Filen är för stor. Den får vara högst 5 MB."),
    ],
    ids=["missing", "column", "too big"],
)
@pytest.mark.django_db
def test_import_command_with_an_unreadable_file_says_why(
    tmp_path: Path, name: str, content: bytes | None, sentence: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CommandError, match=re.escape(sentence)):
        run(tmp_path / name)
