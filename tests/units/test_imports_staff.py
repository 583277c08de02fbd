"""Staff lists: what they would change, what is refused, and that what is chosen is changed once."""

import datetime as dt
from typing import Any

import pghistory.models
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from jarfalla import clock
from jarfalla.tables import open_table
from tests import factories
from tests.together import together
from units import actions
from units.actions.staff import STAFF
from units.imports.lists import guess_columns
from units.models import (
    ImportKind,
    ImportRow,
    ImportState,
    ListImport,
    Membership,
    MembershipRole,
    Message,
    Refused,
    Unit,
    User,
    UserRole,
    Verdict,
)

HEADER = "E-post;Namn;Enhet;Från och med;Slutdatum"
PERSONAL_NUMBER = "850709-9805"  # a test number
LONG_AGO = dt.date(2020, 1, 1)
DAY = dt.timedelta(days=1)


def read(text: str, *, is_complete: bool = True, header: str = HEADER, by: User | None = None) -> ListImport:
    """The list as the worker leaves it, with its columns as the portal guesses them."""
    content = f"{header}\n{text}".encode()
    table = open_table("personal.csv", content)
    kept = actions.upload_list(ImportKind.STAFF, table, file_name="personal.csv", content=content, by=by)
    actions.map_columns(kept, mapping=guess_columns(STAFF, kept.header), is_complete=is_complete)
    assert actions.read_import(kept.pk)
    return ListImport.objects.get(pk=kept.pk)


def save(kept: ListImport, *, without: tuple[Verdict, ...] = (), by: User | None = None) -> ListImport:
    """The same list, saved by the worker."""
    chosen = [verdict for verdict in STAFF.verdicts if verdict not in without]
    actions.choose_rows(kept, verdicts=chosen, by=by)
    assert actions.save_import(kept.pk)
    kept = ListImport.objects.get(pk=kept.pk)
    assert kept.state == ImportState.SAVED, kept.refusal
    return kept


def verdicts(kept: ListImport) -> list[tuple[str, str, str]]:
    """Verdict, e-mail and unit of each row."""
    rows = kept.rows.order_by("verdict", "line", "pk")
    return [(row.verdict, row.data.get("email", ""), row.data.get("unit", "")) for row in rows]


def refusals(kept: ListImport) -> list[tuple[int | None, str, str]]:
    """Line, column and reason of each refused row."""
    return [(row.line, row.column, STAFF.sentence(row)) for row in kept.rows.filter(verdict="refused").order_by("line")]


def works_in(unit: Unit, email: str, *, name: str = "Anna Ek", role: MembershipRole = MembershipRole.MEMBER) -> User:
    return actions.add_person(unit, name=name, email=email, role=role, started_on=LONG_AGO, by=factories.user()).user


def present(unit: Unit) -> set[str]:
    return set(unit.memberships.present().values_list("user__email", flat=True))


@pytest.fixture
def units(db: None) -> tuple[Unit, Unit, Unit]:
    return factories.unit(name="Tallens förskola"), factories.unit(name="Björkens skola"), factories.unit(name="Gården")


@pytest.mark.django_db
def test_list_sorts_people_into_joiners_moves_leavers_and_new_names(units: tuple[Unit, Unit, Unit]) -> None:
    tallen, bjorken, garden = units
    works_in(tallen, "stannar@x.se")
    works_in(tallen, "flyttar@x.se")
    works_in(tallen, "slutar@x.se")
    works_in(tallen, "gift@x.se", name="Gun Nygift")
    works_in(garden, "annanstans@x.se")
    kept = read(
        "stannar@x.se;ANNA EK;Tallens förskola;;\n"
        "Flyttar@X.se;Anna Ek;björkens  skola;;\n"
        "ny@x.se;Ny Person;Björkens skola;2026-02-01;\n"
        "annanstans@x.se;Anna Ek;Björkens skola;;\n"
        "gift@x.se;Gun Ek;Tallens förskola;;9999-12-31\n"
    )
    assert verdicts(kept) == [
        ("joiner", "ny@x.se", "Björkens skola"),
        ("joiner", "annanstans@x.se", "Björkens skola"),
        ("leaver", "slutar@x.se", "Tallens förskola"),
        ("move", "flyttar@x.se", "Björkens skola"),
        ("renamed", "gift@x.se", "Tallens förskola"),
        ("unchanged", "stannar@x.se", "Tallens förskola"),
        ("unchanged", "gift@x.se", "Tallens förskola"),
    ]
    assert not User.objects.filter(email="ny@x.se").exists()
    also = [row.data["also"] for row in kept.rows.filter(verdict="joiner").order_by("line")]
    assert also == [False, True]

    kept = save(kept)
    assert kept.saved == {"joiner": 2, "move": 1, "leaver": 1, "renamed": 1}
    assert present(tallen) == {"stannar@x.se", "gift@x.se"}
    assert present(bjorken) == {"flyttar@x.se", "ny@x.se", "annanstans@x.se"}
    assert present(garden) == {"annanstans@x.se"}
    assert User.objects.get(email="gift@x.se").name == "Gun Ek"
    assert Membership.objects.get(user__email="ny@x.se").started_on == dt.date(2026, 2, 1)
    left, began = Membership.objects.filter(user__email="flyttar@x.se").order_by("started_on")
    assert left.ended_on == began.started_on == clock.today()
    assert not Message.objects.exists()
    assert (kept.content, kept.sample, kept.rows.count()) == (None, [], 0)
    assert kept.mapping == {"email": 0, "name": 1, "unit": 2, "starts": 3, "ends": 4}


@pytest.mark.django_db
def test_list_that_comes_again_changes_nothing(units: tuple[Unit, Unit, Unit]) -> None:
    works_in(units[0], "slutar@x.se")
    works_in(units[1], "flyttar@x.se")
    text = (
        "ny@x.se;Ny;Tallens förskola;;\nflyttar@x.se;Anna Ek;Tallens förskola;2024-05-01;\n"
        "kvar@x.se;Kvar;Björkens skola;;\nborta@x.se;Borta;Björkens skola;2024-01-01;2024-06-01\n"
    )
    save(read(text))
    before = list(Membership.objects.order_by("pk").values()), list(User.objects.order_by("pk").values())
    again = read(text)
    assert set(again.rows.values_list("verdict", flat=True)) == {"unchanged"}
    assert save(again).saved == {}
    assert (list(Membership.objects.order_by("pk").values()), list(User.objects.order_by("pk").values())) == before


@pytest.mark.django_db
def test_save_that_runs_twice_saves_once(units: tuple[Unit, Unit, Unit]) -> None:
    kept = save(read("ny@x.se;Ny;Tallens förskola;;\n"))
    assert actions.save_import(kept.pk) is False
    assert actions.read_import(kept.pk) is False
    assert Membership.objects.filter(user__email="ny@x.se").count() == 1


@pytest.mark.django_db
def test_list_of_some_of_the_staff_lets_nobody_leave(units: tuple[Unit, Unit, Unit]) -> None:
    works_in(units[0], "kvar@x.se")
    kept = read("ny@x.se;Ny;Tallens förskola;;\n", is_complete=False)
    assert verdicts(kept) == [("joiner", "ny@x.se", "Tallens förskola")]


@pytest.mark.django_db
def test_leavers_by_end_date_leave_on_that_day(units: tuple[Unit, Unit, Unit]) -> None:
    works_in(units[0], "slutade@x.se")
    works_in(units[0], "slutar-sen@x.se")
    works_in(units[0], "tidigare@x.se")
    tomorrow = clock.today() + DAY
    kept = read(
        "slutade@x.se;Anna Ek;Tallens förskola;;2026-03-01\n"
        f"slutar-sen@x.se;Anna Ek;Tallens förskola;;{tomorrow}\n"
        "tidigare@x.se;Anna Ek;Tallens förskola;;2015-03-01\n",
        is_complete=False,
    )
    assert verdicts(kept) == [
        ("leaver", "slutade@x.se", "Tallens förskola"),
        ("unchanged", "slutar-sen@x.se", "Tallens förskola"),
        ("unchanged", "tidigare@x.se", "Tallens förskola"),
    ]
    save(kept)
    assert Membership.objects.get(user__email="slutade@x.se").ended_on == dt.date(2026, 3, 1)
    assert present(units[0]) == {"slutar-sen@x.se", "tidigare@x.se"}


@pytest.mark.django_db
def test_nobody_leaves_because_their_row_could_not_be_used(units: tuple[Unit, Unit, Unit]) -> None:
    """The units are named by a good row; a bad date, a lost address and a personnummer are not a goodbye."""
    for number, name in enumerate(["Bo Datum", "Bo Adress", "Bo Nummer", "Bo Borta"]):
        works_in(units[0], f"bo{number}@x.se", name=name)
    kept = read(
        "ny@x.se;Ny;Tallens förskola;;\n"
        "bo0@x.se;Bo Datum;Tallens förskola;i våras;\n"
        ";Bo Adress;Tallens förskola;;\n"
        f"bo2@x.se;Bo Nummer;Tallens förskola;;{PERSONAL_NUMBER}\n"
    )
    assert [row[1] for row in verdicts(kept) if row[0] == "leaver"] == ["bo3@x.se"]


@pytest.mark.django_db
def test_managers_who_move_or_leave_are_marked_and_come_as_members(units: tuple[Unit, Unit, Unit]) -> None:
    works_in(units[0], "chef@x.se", role=MembershipRole.MANAGER)
    works_in(units[0], "chef2@x.se", role=MembershipRole.MANAGER)
    kept = read("chef@x.se;Anna Ek;Gården;;\nny@x.se;Ny;Tallens förskola;;\n")
    for row in kept.rows.filter(verdict__in=["move", "leaver"]):
        assert STAFF.cells(row)[-1] == "chef"
    assert kept.rows.filter(verdict__in=["move", "leaver"]).count() == 2
    save(kept)
    assert units[2].memberships.present().get().role == MembershipRole.MEMBER


@pytest.mark.django_db
def test_protected_persons_are_hidden_and_never_leave_by_silence(units: tuple[Unit, Unit, Unit]) -> None:
    for email in ("flyttar@x.se", "saknas@x.se"):
        user = works_in(units[0], email, name="Hemlig Person")
        user.is_protected = True
        user.save()
    kept = read("flyttar@x.se;Hemlig Person;Gården;;\nny@x.se;Ny;Tallens förskola;;\n")
    assert verdicts(kept) == [
        ("joiner", "ny@x.se", "Tallens förskola"),
        ("move", "flyttar@x.se", "Gården"),
    ]
    assert list(kept.rows.filter(is_hidden=True).values_list("verdict", flat=True)) == ["move"]
    save(kept)
    assert present(units[0]) == {"saknas@x.se", "ny@x.se"}
    assert present(units[2]) == {"flyttar@x.se"}


@pytest.mark.django_db
def test_person_who_becomes_protected_before_the_list_is_saved_stays(units: tuple[Unit, Unit, Unit]) -> None:
    user = works_in(units[0], "saknas@x.se")
    kept = read("ny@x.se;Ny;Tallens förskola;;\n")
    User.objects.filter(pk=user.pk).update(is_protected=True)
    assert save(kept).saved == {"joiner": 1}
    assert present(units[0]) == {"saknas@x.se", "ny@x.se"}


BAD_ROWS = [
    (";Bo;Tallens förskola;;", "E-post", "E-postadressen saknas."),
    ("bo(at)x.se;Bo;Tallens förskola;;", "E-post", "”bo(at)x.se” är ingen e-postadress."),
    ("bo@x.se;;Tallens förskola;;", "Namn", "Här ska det stå något."),
    (f"bo@x.se;{'B' * 101};Tallens förskola;;", "Namn", "Texten är för lång. Den får ha högst 100 tecken."),
    ("bo@x.se;Bo \U0001f600;Tallens förskola;;", "Namn", "PDF:en kan inte visa de här tecknen: \U0001f600."),
    ("bo@x.se;Bo;;;", "Enhet", "Enhetens namn saknas."),
    ("bo@x.se;Bo;Tallens förskolla;;", "Enhet", "som heter ”Tallens förskolla”. Menas ”Tallens förskola”?"),
    ("bo@x.se;Bo;Qwxyz;;", "Enhet", "Portalen har ingen enhet som heter ”Qwxyz”."),
    ("bo@x.se;Bo;Gården;i våras;", "Från och med", "Det här går inte att läsa som ett datum."),
    ("bo@x.se;Bo;Gården;0026-03-01;", "Från och med", "Årtalet ligger för långt bort."),
    ("bo@x.se;Bo;Gården;2098-03-01;", "Från och med", "Personen börjar först 2098-03-01."),
    ("bo@x.se;Bo;Gården;2026-03-01;2026-02-01", "Slutdatum", "Slutdatumet ligger före startdatumet."),
    (f"bo@x.se;Bo {PERSONAL_NUMBER};Gården;;", "Namn", "Texten ser ut att innehålla ett personnummer."),
    ("bo@x.se;Bo;Gården;;;extra", "", "Raden har fler kolumner än rubrikraden."),
    ("laser@x.se;Bo;Gården;;", "E-post", "Det kontot läser siffror och kan inte höra till en enhet."),
    ("GOD@x.se;God;Tallens förskola;;", "Enhet", "Samma person och enhet står redan på rad 2."),
    ("god@x.se;Någon Annan;Gården;;", "E-post", "Samma e-postadress står på rad 2 med ett annat namn."),
    (";Summa;412;;", "", "Ser ut som en summarad."),
    (";;;;412", "", "Ser ut som en summarad."),
]


@pytest.mark.parametrize(("row", "column", "sentence"), BAD_ROWS, ids=range(len(BAD_ROWS)))
@pytest.mark.django_db
def test_bad_row_is_refused_with_line_column_and_reason(
    units: tuple[Unit, Unit, Unit], row: str, column: str, sentence: str
) -> None:
    factories.user(email="laser@x.se", role=UserRole.READER)
    kept = read(f"god@x.se;God;Tallens förskola;;\n{row}\n")
    [(line, at, reason)] = refusals(kept)
    assert (line, at) == (3, column)
    assert sentence in reason
    assert PERSONAL_NUMBER not in str(list(ImportRow.objects.values()))
    assert save(kept).saved == {"joiner": 1}, "the good row can be taken without the bad one"
    assert present(units[0]) == {"god@x.se"}
    assert not User.objects.filter(email="bo@x.se").exists()


@pytest.mark.django_db
def test_refusal_is_read_in_the_language_of_the_reader(units: tuple[Unit, Unit, Unit]) -> None:
    kept = read("bo@x.se;Bo;Qwxyz;;\n")
    row = kept.rows.get()
    assert (row.reason, row.reason_values) == ("unit_unknown", {"text": "Qwxyz"})
    with translation.override("en"):
        assert "Qwxyz" in STAFF.sentence(row)


@pytest.mark.django_db
def test_file_with_a_personnummer_is_not_kept_after_it_was_read(units: tuple[Unit, Unit, Unit]) -> None:
    kept = read(f"bo@x.se;Bo;Gården;;{PERSONAL_NUMBER}\n")
    assert kept.content is None
    assert PERSONAL_NUMBER not in str(ListImport.objects.values())
    with pytest.raises(Refused, match="Filen finns inte kvar"):
        actions.map_columns(kept, mapping=kept.mapping, is_complete=True)


@pytest.mark.django_db
def test_names_in_two_columns_are_put_together(units: tuple[Unit, Unit, Unit]) -> None:
    kept = read("a@x.se;Anna;Ek;Gården\n", header="Mejl;Förnamn;Efternamn;Arbetsplats")
    save(kept)
    assert User.objects.get(email="a@x.se").name == "Anna Ek"


@pytest.mark.django_db
def test_american_dates_are_refused_in_the_whole_column(units: tuple[Unit, Unit, Unit]) -> None:
    kept = read("a@x.se;A;Gården;3/1/2026;\nb@x.se;B;Gården;3/31/2026;\nc@x.se;C;Gården;2026-03-01;\n")
    assert [line for line, _column, _reason in refusals(kept)] == [2, 3]
    assert verdicts(kept)[0][1] == "c@x.se"


@pytest.mark.django_db
def test_somebody_who_comes_back_begins_after_the_last_time_and_gets_the_account_back(
    units: tuple[Unit, Unit, Unit],
) -> None:
    user = works_in(units[0], "ater@x.se")
    left = clock.today() - 30 * DAY
    actions.end_membership(user.memberships.get(), on=left, by=user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    kept = read("ater@x.se;Anna Ek;Tallens förskola;2021-01-01;\n")
    assert STAFF.cells(kept.rows.get())[-1] == "kontot öppnas igen"
    save(kept)
    assert units[0].memberships.present().get().started_on == left
    assert User.objects.get(pk=user.pk).is_active


@pytest.mark.django_db
def test_rows_that_are_left_out_or_not_chosen_are_not_saved(units: tuple[Unit, Unit, Unit]) -> None:
    works_in(units[0], "slutar@x.se")
    kept = read("a@x.se;A;Tallens förskola;;\nb@x.se;B;Tallens förskola;;\n")
    actions.exclude_row(kept.rows.get(data__email="b@x.se"), is_excluded=True)
    kept = save(kept, without=(Verdict.LEAVER,))
    assert kept.saved == {"joiner": 1}
    assert present(units[0]) == {"a@x.se", "slutar@x.se"}


@pytest.mark.django_db
def test_what_was_done_by_hand_meanwhile_is_passed_over(units: tuple[Unit, Unit, Unit]) -> None:
    slutar = works_in(units[0], "slutar@x.se")
    kept = read("ny@x.se;Ny;Tallens förskola;;\nny2@x.se;Ny;Tallens förskola;;\n")
    works_in(units[0], "ny@x.se")
    actions.end_membership(slutar.memberships.get(), on=clock.today() - DAY, by=slutar)
    assert save(kept).saved == {"joiner": 1}
    assert Membership.objects.filter(user__email="ny@x.se").count() == 1
    assert slutar.memberships.get().ended_on == clock.today() - DAY


@pytest.mark.django_db
def test_history_says_who_ordered_the_import(units: tuple[Unit, Unit, Unit], coordinator: User) -> None:
    works_in(units[0], "gift@x.se", name="Gun Nygift")
    save(read("gift@x.se;Gun Ek;Tallens förskola;;\nny@x.se;Ny;Gården;;\n", by=coordinator), by=coordinator)
    events: Any = User.pgh_event_model.objects  # type: ignore[attr-defined]  # pghistory puts it there
    renamed = events.filter(email="gift@x.se", pgh_label="update").get()
    assert renamed.name == "Gun Ek"
    assert renamed.pgh_context.metadata["user"] == coordinator.pk
    assert events.filter(email="ny@x.se", pgh_label="insert").count() == 1
    assert pghistory.models.Context.objects.exists()


@pytest.mark.django_db
def test_many_leavers_are_doubtful(units: tuple[Unit, Unit, Unit]) -> None:
    for number in range(4):
        works_in(units[0], f"p{number}@x.se")
    text = "p0@x.se;Anna Ek;Tallens förskola;;\np1@x.se;Anna Ek;Tallens förskola;;\n"
    kept = read(text)
    doubts = STAFF.doubtful(kept, {"leaver": 2, "unchanged": 2})
    assert list(doubts) == [Verdict.LEAVER]
    assert "2 av de 4 som arbetar i enheterna skulle sluta." in doubts[Verdict.LEAVER]
    assert STAFF.doubtful(kept, {"leaver": 1, "unchanged": 2}) == {}


@pytest.mark.django_db
def test_list_is_read_with_the_same_queries_for_1_and_30_people(units: tuple[Unit, Unit, Unit]) -> None:
    counts = []
    for people in (1, 30):
        text = "".join(f"p{number}@x.se;Anna;Gården;;\n" for number in range(people))
        content = f"{HEADER}\n{text}".encode()
        table = open_table("p.csv", content)
        kept = actions.upload_list(ImportKind.STAFF, table, file_name="p.csv", content=content, by=None)
        actions.map_columns(kept, mapping=guess_columns(STAFF, kept.header), is_complete=True)
        with CaptureQueriesContext(connection) as queries:
            actions.read_import(kept.pk)
            actions.choose_rows(kept, verdicts=STAFF.verdicts, by=None)
            actions.save_import(kept.pk)
        counts.append(len(queries))
        Membership.objects.filter(unit=units[2]).delete()
        User.objects.filter(email__endswith="@x.se").delete()
    assert counts[0] == counts[1]


@pytest.mark.django_db
def test_old_undecided_import_is_forgotten(units: tuple[Unit, Unit, Unit], settings: Any) -> None:
    kept, saved = read("a@x.se;A;Gården;;\n"), save(read("b@x.se;B;Gården;;\n"))
    assert actions.forget_old_imports() == 0
    long_ago = clock.now() - dt.timedelta(days=settings.FORGET_IMPORTS_AFTER_DAYS, hours=1)
    ListImport.objects.update(uploaded_at=long_ago, mapped_at=long_ago)
    assert actions.forget_old_imports() == 1
    kept.refresh_from_db()
    assert (kept.state, kept.content, kept.sample, kept.rows.count()) == (ImportState.CANCELLED, None, [], 0)
    assert ListImport.objects.get(pk=saved.pk).state == ImportState.SAVED


@pytest.mark.django_db
def test_cancelled_or_saved_import_takes_no_more_orders(units: tuple[Unit, Unit, Unit]) -> None:
    kept = read("a@x.se;A;Gården;;\n")
    row = kept.rows.get()
    save(kept)
    with pytest.raises(Refused, match="redan sparad"):
        actions.cancel_import(kept)
    with pytest.raises(Refused, match="Det går inte att välja bort rader nu"):
        actions.exclude_row(row, is_excluded=True)
    cancelled = actions.cancel_import(read("c@x.se;C;Gården;;\n"))
    with pytest.raises(Refused, match="väntar inte på något beslut"):
        actions.choose_rows(cancelled, verdicts=STAFF.verdicts, by=None)
    assert actions.save_import(cancelled.pk) is False
    assert present(Unit.objects.get(name="Gården")) == {"a@x.se"}


@pytest.mark.django_db(transaction=True)
def test_person_added_by_hand_while_the_list_is_saved_waits_and_is_there_once() -> None:
    """Ten hands add the same people that the list adds, in real threads: nobody gets an error, nobody is doubled."""
    garden, by = factories.unit(name="Gården"), factories.user()
    kept = read("".join(f"p{number}@x.se;Anna;Gården;;\n" for number in range(200)))
    actions.choose_rows(kept, verdicts=STAFF.verdicts, by=None)

    def work(number: int) -> object:
        if number == 0:
            return actions.save_import(kept.pk)
        return actions.add_person(garden, name="Anna", email=f"p{number * 20}@x.se", by=by)

    together(8, work)
    assert ListImport.objects.get(pk=kept.pk).state == ImportState.SAVED
    assert garden.memberships.count() == garden.memberships.values("user").distinct().count() == 200


@pytest.mark.django_db(transaction=True)
def test_two_workers_save_the_same_import_once() -> None:
    garden = factories.unit(name="Gården")
    kept = read("".join(f"p{number}@x.se;Anna;Gården;;\n" for number in range(50)))
    actions.choose_rows(kept, verdicts=STAFF.verdicts, by=None)
    assert sorted(together(4, lambda _number: actions.save_import(kept.pk))) == [False, False, False, True]
    assert garden.memberships.count() == 50
