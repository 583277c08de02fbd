"""Reading a list of units and saving it, also by several at once."""

from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from jarfalla import clock
from jarfalla.tables import UnreadableFile, read_table
from tests import factories
from tests.together import together
from units import actions
from units.imports import UnitList, UnitRow, read_units
from units.models import Kind, Message, Ownership, Unit, UnitImport, User

REAL_LIST = Path("static/exempel/enheter-jarfalla.csv")
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
                "Antalet ska vara ett heltal från 1 till 100\u00a0000, utan annan text.",
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
    ("line", "column"),
    [
        (f"{PERSONAL_NUMBER};Förskola;", "namn"),
        (f"A;{PERSONAL_NUMBER};", "verksamhetstyp"),
        ("A;Förskola;8507099805", "anteckning"),
        ('"850709-\n9805";Förskola;', "namn"),
        (f"A;Förskola;;{PERSONAL_NUMBER}", ""),
    ],
)
def test_read_units_with_personnummer_in_any_column_refuses_the_line_and_keeps_nothing_of_it(
    line: str, column: str
) -> None:
    read = unit_list(f"namn;verksamhetstyp;anteckning\n{line}\n")
    assert read.rows == []
    assert [(problem["line"], problem["column"]) for problem in read.problems] == [(2, column)]
    assert read.problems[0]["reason"].startswith("Texten ser ut att innehålla ett personnummer. Ta bort det")
    assert "9805" not in str(read)


def test_read_units_with_a_name_that_no_pdf_can_show_is_refused() -> None:
    [(line, column, reason)] = reasons("namn;verksamhetstyp\nSolens 🌞 förskola;Förskola\n")
    assert (line, column) == (2, "namn")
    assert "🌞" in reason


def test_read_units_repeats_only_the_beginning_of_a_long_text() -> None:
    (_line, _column, reason) = reasons(f"namn;verksamhetstyp\nA;{'x' * 5000}\n")[0]
    assert f"”{'x' * 59}…” är inget" in reason


def test_read_units_in_english_reads_swedish_labels() -> None:
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
    declared = unit.declared_headcounts.get()
    assert (declared.headcount, declared.declared_on) == (7, clock.today())
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
