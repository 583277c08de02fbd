"""Lists of completions from the learning portal: what they would change, and that they change it once."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from courses.actions import COMPLETIONS, withdraw_completion
from courses.imports import is_valid, new_days
from courses.models import Completion
from courses.queries import coverage, valid_on
from jarfalla import clock
from jarfalla.privacy import REFUSAL
from jarfalla.tables import open_table
from tests import factories
from tests.courses import rows
from units import actions
from units.imports.lists import guess_columns
from units.models import ImportKind, ImportState, ListImport, Message, Programme, Unit, User, UserRole, Verdict

pytestmark = pytest.mark.django_db

HEADER = "E-postadress;Kurs;Status;Slutförd"
PERSONAL_NUMBER = "850709-9805"  # a test number


def read(text: str, *, header: str = HEADER) -> ListImport:
    """The list as the worker leaves it, with its columns as the portal guesses them."""
    content = f"{header}\n{text}".encode()
    table = open_table("rapport.csv", content)
    kept = actions.upload_list(ImportKind.COMPLETIONS, table, file_name="rapport.csv", content=content, by=None)
    actions.map_columns(kept, mapping=guess_columns(COMPLETIONS, kept.header), is_complete=False)
    assert actions.read_import(kept.pk)
    return ListImport.objects.get(pk=kept.pk)


def save(kept: ListImport, by: User) -> ListImport:
    """The list after the worker has saved everything that can be saved."""
    actions.choose_rows(kept, verdicts=list(COMPLETIONS.verdicts), by=by)
    assert actions.save_import(kept.pk)
    return ListImport.objects.get(pk=kept.pk)


def verdicts(kept: ListImport) -> list[tuple[int | None, str]]:
    return list(kept.rows.order_by("line").values_list("line", "verdict"))


def refusals(kept: ListImport) -> list[tuple[int | None, str, str]]:
    """Line, column and reason of each row that can't be used."""
    found = kept.rows.filter(verdict=Verdict.REFUSED).order_by("line")
    return [(row.line, row.column, COMPLETIONS.sentence(row)) for row in found]


def days_of(user: User) -> list[dt.date]:
    return sorted(Completion.objects.standing().filter(user=user).values_list("completed_on", flat=True))


def validity(months: int | None) -> None:
    programme = Programme.current()
    programme.course_validity_months = months
    programme.save()


@pytest.fixture
def asa(unit: Unit) -> User:
    """Somebody who works in the unit."""
    user = factories.staff(unit, name="Åsa Öberg")
    user.email = "asa.oberg@jarfalla.se"
    user.save()
    return user


def test_import_of_completions_counts_in_the_units_coverage(unit: Unit, asa: User, coordinator: User) -> None:
    [bo] = rows.crew(unit, 1)
    before = coverage(unit)
    kept = read(f"Asa.Oberg@jarfalla.se;Webbkurs;Slutförd;1/3/2026 12:00\n{bo.email};Webbkurs;Slutförd;46082\n")
    assert verdicts(kept) == [(2, "completed"), (3, "completed")]
    assert not Completion.objects.exists()

    kept = save(kept, coordinator)

    assert (kept.state, kept.saved) == (ImportState.SAVED, {"completed": 2})
    assert days_of(asa) == days_of(bo) == [dt.date(2026, 3, 1)]
    assert set(Completion.objects.values_list("recorded_by", flat=True)) == {coordinator.pk}
    assert coverage(unit).named == before.named + 2
    assert not Message.objects.exists()


def test_import_of_the_same_file_again_changes_nothing(asa: User, coordinator: User) -> None:
    text = "asa.oberg@jarfalla.se;Webbkurs;Slutförd;2026-03-01\n"
    save(read(text), coordinator)
    again = read(text)
    assert verdicts(again) == [(2, "unchanged")]
    assert save(again, coordinator).saved == {}
    assert Completion.objects.count() == 1


def test_import_of_completions_refuses_rows_with_line_column_and_reason(asa: User) -> None:
    tomorrow = (clock.today() + dt.timedelta(days=1)).isoformat()
    kept = read(
        "asa.oberg@jarfalla.se;Webbkurs;Slutförd;2026-03-01\n"
        "okand@jarfalla.se;Webbkurs;Slutförd;2026-03-01\n"
        '"asa.oberg@jarfalla.se";"Webbkurs\nHeder";Slutförd;i mars\n'
        f"asa.oberg@jarfalla.se;Webbkurs;Slutförd;{tomorrow}\n"
        "asa.oberg@jarfalla.se;Webbkurs;Slutförd;1/3/2026\n"
        "asa.oberg@jarfalla.se;Webbkurs;Slutförd;\n"
        "asa.oberg@jarfalla.se;Webbkurs;Kanske;2026-03-01\n"
        f"asa.oberg@jarfalla.se;{PERSONAL_NUMBER};Slutförd;2026-03-01\n"
        "asa.oberg;Webbkurs;Slutförd;2026-03-01\n"
        "asa.oberg@jarfalla.se;Webbkurs;Slutförd;2026-03-01;x\n"
        "Totalt;;;10\n"
    )
    assert refusals(kept) == [
        (3, "E-postadress", "Portalen har ingen person med adressen okand@jarfalla.se."),
        (4, "Slutförd", "Det här går inte att läsa som ett datum. Skriv till exempel 2026-03-01."),
        (6, "Slutförd", f"Datumet ligger i framtiden: {tomorrow}."),
        (7, "E-postadress", "Samma person och dag står redan på rad 2."),
        (8, "Slutförd", "Datumet saknas."),
        (9, "Status", "”Kanske” är inget läge som portalen känner igen, till exempel Slutförd eller Ej slutförd."),
        (10, "Kurs", str(REFUSAL)),
        (11, "E-postadress", "”asa.oberg” är ingen e-postadress."),
        (12, "", "Raden har fler kolumner än rubrikraden. Se efter om det står ett skiljetecken för mycket."),
        (13, "", "Ser ut som en summarad."),
    ]
    assert verdicts(kept)[0] == (2, "completed")


def test_import_of_completions_never_repeats_a_personnummer(asa: User, coordinator: User) -> None:
    kept = read(f"asa.oberg@jarfalla.se;{PERSONAL_NUMBER};Slutförd;2026-03-01\n{PERSONAL_NUMBER}@x.se;;Slutförd;\n")
    found = list(kept.rows.order_by("line").values_list("line", "column", "reason"))
    assert found == [(2, "Kurs", "personal_number"), (3, "E-postadress", "personal_number")]
    assert PERSONAL_NUMBER not in str(list(kept.rows.values()))
    assert kept.content is None


def test_import_of_completions_with_the_month_first_refuses_every_day_that_could_be_another(asa: User) -> None:
    kept = read("asa.oberg@jarfalla.se;K;Slutförd;3/1/2026\nandra@jarfalla.se;K;Slutförd;3/31/2026\n")
    sentence = "Dagen ska stå före månaden, som i 31/3/2026. Skriv hellre 2026-03-31."
    assert refusals(kept) == [(2, "Slutförd", sentence), (3, "Slutförd", sentence)]


@pytest.mark.parametrize("status", ["Slutförd", "GODKÄND", "100 %", "Completed", "ja", "100"])
def test_import_of_completions_counts_who_is_done(asa: User, status: str) -> None:
    assert verdicts(read(f"asa.oberg@jarfalla.se;K;{status};2026-03-01\n")) == [(2, "completed")]


@pytest.mark.parametrize("status", ["Påbörjad", "Ej slutförd", "45 %", "In progress", "0"])
def test_import_of_completions_passes_over_who_is_not_done(asa: User, status: str) -> None:
    kept = read(f"asa.oberg@jarfalla.se;K;{status};\n")
    assert verdicts(kept) == [(2, "unchanged")]
    assert COMPLETIONS.cells(kept.rows.get()) == ["Åsa Öberg", "asa.oberg@jarfalla.se", "inte klar"]


def test_import_of_completions_leaves_out_what_was_unticked(unit: Unit, asa: User, coordinator: User) -> None:
    [bo] = rows.crew(unit, 1)
    kept = read(f"asa.oberg@jarfalla.se;K;Slutförd;2026-03-01\n{bo.email};K;Slutförd;2026-03-01\n")
    actions.exclude_row(kept.rows.get(line=2), is_excluded=True)
    save(kept, coordinator)
    assert (days_of(asa), days_of(bo)) == ([], [dt.date(2026, 3, 1)])


def test_import_of_completions_about_a_protected_person_is_saved_but_not_shown(asa: User, coordinator: User) -> None:
    asa.is_protected = True
    asa.save()
    kept = read("asa.oberg@jarfalla.se;K;Slutförd;2026-03-01\n")
    assert kept.rows.get().is_hidden
    save(kept, coordinator)
    assert days_of(asa) == [dt.date(2026, 3, 1)]


def test_import_of_completions_keeps_a_course_that_is_valid(unit: Unit, asa: User, coordinator: User) -> None:
    rows.taken(unit, [asa], dt.date(2026, 2, 1))
    kept = read("asa.oberg@jarfalla.se;K;Slutförd;2026-03-01\nasa.oberg@jarfalla.se;K;Slutförd;2025-03-01\n")
    assert verdicts(kept) == [(2, "unchanged"), (3, "unchanged")]


def test_import_of_completions_renews_a_course_that_has_expired(unit: Unit, asa: User, coordinator: User) -> None:
    rows.taken(unit, [asa], clock.today() - dt.timedelta(days=900))
    validity(24)
    day = clock.today() - dt.timedelta(days=10)
    save(read(f"asa.oberg@jarfalla.se;K;Slutförd;{day}\n"), coordinator)
    assert days_of(asa) == [clock.today() - dt.timedelta(days=900), day]


def test_import_of_completions_passes_over_what_was_recorded_meanwhile(
    unit: Unit, asa: User, coordinator: User
) -> None:
    kept = read("asa.oberg@jarfalla.se;K;Slutförd;2026-03-01\n")
    rows.taken(unit, [asa], dt.date(2026, 2, 1))
    assert save(kept, coordinator).saved == {}
    assert days_of(asa) == [dt.date(2026, 2, 1)]


def test_import_of_completions_takes_back_nothing_and_gives_again_what_was_taken_back(
    asa: User, coordinator: User
) -> None:
    text = "asa.oberg@jarfalla.se;K;Slutförd;2026-03-01\n"
    save(read(text), coordinator)
    withdraw_completion(Completion.objects.get(), by=coordinator)
    assert verdicts(read(text)) == [(2, "completed")]


def test_import_of_completions_of_several_days_of_one_person(asa: User, coordinator: User) -> None:
    text = "".join(f"asa.oberg@jarfalla.se;K;Slutförd;{day}\n" for day in ("2026-03-01", "2019-03-01", "2020-03-01"))
    validity(24)
    save(read(text), coordinator)
    assert days_of(asa) == [dt.date(2019, 3, 1), dt.date(2026, 3, 1)]
    assert [verdict for _line, verdict in verdicts(read(text))] == ["unchanged"] * 3


def test_import_of_completions_asks_the_database_as_much_for_one_row_as_for_three(
    unit: Unit, coordinator: User
) -> None:
    people = rows.crew(unit, 3)
    counts = []
    for some in (people[:1], people):
        Completion.objects.all().delete()
        with CaptureQueriesContext(connection) as queries:
            save(read("".join(f"{person.email};K;Slutförd;2026-03-01\n" for person in some)), coordinator)
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- Which days are new -----------------------------------------------------------------------------------

TODAY = dt.date(2026, 11, 22)
days = st.dates(dt.date(2015, 1, 1), TODAY)
months = st.none() | st.integers(1, 60)


@given(listed=st.lists(days, max_size=8), registered=st.lists(days, max_size=4), months=months)
def test_new_days_with_the_same_list_again_are_none(
    listed: list[dt.date], registered: list[dt.date], months: int | None
) -> None:
    new = new_days(listed, registered, today=TODAY, months=months)
    assert new <= set(listed) - set(registered)
    assert new == new_days(listed[::-1], registered[::-1], today=TODAY, months=months)
    assert not new_days(listed, {*registered, *new}, today=TODAY, months=months)


@given(listed=st.lists(days, min_size=1, max_size=8), months=months)
def test_new_days_cover_every_day_that_the_list_covers(listed: list[dt.date], months: int | None) -> None:
    new = new_days(listed, [], today=TODAY, months=months)
    for day in [*listed, TODAY]:
        covered = any(is_valid(taken, day, months) for taken in listed)
        assert any(is_valid(taken, day, months) for taken in new) == covered


@pytest.mark.parametrize("months", [None, 1, 6, 24])
def test_is_valid_as_the_database_sees_it(asa: User, coordinator: User, months: int | None) -> None:
    taken = dt.date(2024, 8, 31)
    Completion.objects.create(user=asa, completed_on=taken, recorded_by=coordinator)
    for day in (taken + dt.timedelta(days=n) for n in (-1, 0, 29, 30, 31, 180, 181, 182, 183, 729, 730, 731)):
        in_database = valid_on(Completion.objects.all(), day, months).exists()
        assert is_valid(taken, day, months) == in_database, day


def test_import_of_completions_of_a_reader_counts_for_nobody_else(unit: Unit, coordinator: User) -> None:
    reader = factories.user(name="Läsaren", role=UserRole.READER)
    save(read(f"{reader.email};K;Slutförd;2026-03-01\n"), coordinator)
    assert days_of(reader) == [dt.date(2026, 3, 1)]
    assert coverage(unit).named == 0
