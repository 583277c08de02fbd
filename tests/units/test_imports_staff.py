"""Staff lists: what they would change, and what is refused."""

import datetime as dt

import pytest
from django.core.validators import validate_email
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from jarfalla import clock
from tests import factories
from tests.units.staff_lists import PERSONAL_NUMBER, present, read, refusals, save, verdicts, works_in
from units import actions
from units.actions.staff import STAFF
from units.imports.lists import _PLAIN_EMAIL, MAX_EMAIL
from units.models import (
    ImportRow,
    Membership,
    MembershipRole,
    Message,
    Unit,
    User,
    UserRole,
    Verdict,
)

DAY = dt.timedelta(days=1)


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
def test_american_date_in_a_row_that_is_refused_anyway_counts_for_its_column(units: tuple[Unit, Unit, Unit]) -> None:
    kept = read("a@x.se;A;Gården;3/1/2026;4/1/2026\nb@x.se;B;Nowhere;;4/30/2026\nc@x.se;C;Gården;3/1/2026;\n")
    assert [(line, column) for line, column, _reason in refusals(kept)] == [(2, "Slutdatum"), (3, "Enhet")]
    assert verdicts(kept)[0] == ("joiner", "c@x.se", "Gården")
    assert (kept.rows_read, kept.rows_total, kept.rows.count()) == (3, 3, 3)


@given(st.from_regex(_PLAIN_EMAIL, fullmatch=True).filter(lambda email: len(email) <= MAX_EMAIL))
def test_address_that_is_let_through_quickly_is_one_that_django_lets_through(email: str) -> None:
    validate_email(email)


@pytest.mark.django_db
def test_new_account_is_one_that_the_model_would_make(units: tuple[Unit, Unit, Unit]) -> None:
    save(read("ny@x.se;Ny;Gården;;\n"))
    made, wanted = User.objects.get(email="ny@x.se"), User.objects.create_user("annan@x.se", "Ny")
    for field in ("name", "role", "language", "is_active", "is_protected", "last_login"):
        assert getattr(made, field) == getattr(wanted, field), field
    assert not made.has_usable_password()
    assert clock.now() - made.created_at < DAY


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
def test_many_leavers_are_doubtful(units: tuple[Unit, Unit, Unit]) -> None:
    for number in range(4):
        works_in(units[0], f"p{number}@x.se")
    text = "p0@x.se;Anna Ek;Tallens förskola;;\np1@x.se;Anna Ek;Tallens förskola;;\n"
    kept = read(text)
    doubts = STAFF.doubtful(kept, {"leaver": 2, "unchanged": 2})
    assert list(doubts) == [Verdict.LEAVER]
    assert "2 av de 4 som arbetar i enheterna skulle sluta." in doubts[Verdict.LEAVER]
    assert STAFF.doubtful(kept, {"leaver": 1, "unchanged": 2}) == {}
