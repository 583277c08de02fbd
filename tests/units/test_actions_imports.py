"""Lists of people: read, decided about and saved, all chosen rows or none, once."""

import datetime as dt
from typing import Any

import pghistory.models
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jarfalla import clock
from jarfalla.tables import open_table
from tests import factories
from tests.together import together
from tests.units.staff_lists import HEADER, PERSONAL_NUMBER, present, read, save, works_in
from units import actions
from units.actions.staff import STAFF
from units.imports.lists import guess_columns
from units.models import (
    ImportKind,
    ImportState,
    ListImport,
    Membership,
    Refused,
    Unit,
    User,
    UserRole,
    Verdict,
)

DAY = dt.timedelta(days=1)
MembershipEvents: Any = Membership.pgh_event_model.objects  # type: ignore[attr-defined]  # pghistory puts it there


@pytest.mark.django_db
def test_save_that_runs_twice_saves_once(units: tuple[Unit, Unit, Unit]) -> None:
    kept = save(read("ny@x.se;Ny;Tallens förskola;;\n"))
    assert actions.save_import(kept.pk) is False
    assert actions.read_import(kept.pk) is False
    assert Membership.objects.filter(user__email="ny@x.se").count() == 1


@pytest.mark.django_db
def test_person_who_becomes_protected_before_the_list_is_saved_stays(units: tuple[Unit, Unit, Unit]) -> None:
    user = works_in(units[0], "saknas@x.se")
    kept = read("ny@x.se;Ny;Tallens förskola;;\n")
    User.objects.filter(pk=user.pk).update(is_protected=True)
    assert save(kept).saved == {"joiner": 1}
    assert present(units[0]) == {"saknas@x.se", "ny@x.se"}


@pytest.mark.django_db
def test_file_with_a_personnummer_is_not_kept_after_it_was_read(units: tuple[Unit, Unit, Unit]) -> None:
    kept = read(f"bo@x.se;Bo;Gården;;{PERSONAL_NUMBER}\n")
    assert kept.content is None
    assert PERSONAL_NUMBER not in str(ListImport.objects.values())
    with pytest.raises(Refused, match="Filen finns inte kvar"):
        actions.map_columns(kept, mapping=kept.mapping, is_complete=True)


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
def test_history_has_every_place_that_began_or_ended_and_no_other(
    units: tuple[Unit, Unit, Unit], coordinator: User
) -> None:
    for number in range(3):
        works_in(units[0], f"p{number}@x.se")
    before = set(MembershipEvents.values_list("pk", flat=True))
    text = "p0@x.se;Anna Ek;Tallens förskola;;\np1@x.se;Anna Ek;Gården;;\nny@x.se;Ny;Gården;;\n"
    save(read(text, by=coordinator), by=coordinator)
    events = MembershipEvents.exclude(pk__in=before)
    told = events.values_list("user__email", "unit__name", "pgh_label", "ended_on")
    today = clock.today()
    assert sorted(told) == [
        ("ny@x.se", "Gården", "insert", None),
        ("p1@x.se", "Gården", "insert", None),
        ("p1@x.se", "Tallens förskola", "update", today),
        ("p2@x.se", "Tallens förskola", "update", today),
    ]
    assert {event.pgh_context.metadata["user"] for event in events} == {coordinator.pk}


@pytest.mark.django_db
def test_reader_and_closed_account_by_the_time_the_list_is_saved(units: tuple[Unit, Unit, Unit]) -> None:
    kept = read("laser@x.se;Läser;Gården;;\nstangd@x.se;Stängd;Gården;;\nannan@x.se;Annan;Gården;;\n")
    factories.user(email="laser@x.se", role=UserRole.READER)
    User.objects.create(email="Stangd@x.se", name="Stängd", is_active=False)
    factories.user(email="utanfor@x.se", is_active=False)
    assert save(kept).saved == {"joiner": 2}
    assert present(units[2]) == {"Stangd@x.se", "annan@x.se"}
    assert set(User.objects.filter(is_active=False).values_list("email", flat=True)) == {"utanfor@x.se"}


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
