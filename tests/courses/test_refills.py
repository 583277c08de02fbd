"""Påfyllning behövs: which units have fallen, and what is noted. Who is told: tests/jarfalla/test_reminding.py."""

from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from courses import actions, queries
from courses.actions import note_refills, note_refills_if_due
from courses.models import Completion, Refill, RefillLook
from jarfalla import clock
from tests import factories
from tests.courses import rows
from tests.courses.rows import DAY
from tests.together import locked, together
from units.actions import (
    add_person,
    change_programme,
    declare_headcount,
    end_membership,
    record_participation,
    withdraw_step,
)
from units.models import Message, ParticipationState, StepCompletion, Unit, User

pytestmark = pytest.mark.django_db


def covered(unit: Unit, by: User) -> None:
    """Ten people and the manager work in the unit, nine of them have the course, and step 1 was done 30 days ago."""
    rows.taken(unit, rows.crew(unit, 10)[:9], on=clock.today() - 40 * DAY)
    actions.complete_web_course(factories.open_round(unit), on=clock.today() - 30 * DAY, by=by)
    Message.objects.all().delete()


def join(unit: Unit, count: int, by: User) -> list[User]:
    """So many new people since five days."""
    started_on = clock.today() - 5 * DAY
    names = [f"Nykomling {number}" for number in range(count)]
    return [
        add_person(
            unit, name=name, email=f"{name}.{unit.pk}@example.org".replace(" ", ""), started_on=started_on, by=by
        ).user
        for name in names
    ]


def noted() -> list[str]:
    """The units that need a refill."""
    return sorted(row.unit.name for row in Refill.objects.filter(ended_on__isnull=True).select_related("unit"))


@pytest.fixture
def fallen(unit: Unit, coordinator: User, manager: User) -> Unit:
    """The unit, below the threshold since three newcomers came: 9 of 14."""
    covered(unit, coordinator)
    join(unit, 3, coordinator)
    return unit


# --- Which units ---------------------------------------------------------------------------------------------------


def test_unit_that_falls_after_step_1_needs_a_refill_and_keeps_the_step(fallen: Unit) -> None:
    need = queries.refills_needed([fallen])[fallen.pk]
    assert (need.coverage.covered, need.coverage.size, need.missing, need.newcomers) == (9, 14, 3, 3)
    assert factories.open_round(fallen).standing()
    # Before they came nothing was missing, and before step 1 nothing could fall.
    assert queries.refills_needed([fallen], clock.today() - 31 * DAY) == {}
    assert queries.refills_needed([fallen], clock.today() - 6 * DAY) == {}


def test_unit_that_has_not_done_step_1_or_does_not_take_part_needs_none(
    fallen: Unit, coordinator: User, outsider: User
) -> None:
    other = outsider.memberships.get().unit
    assert list(queries.refills_needed(Unit.objects.all())) == [fallen.pk]
    assert queries.refills_needed([other]) == {}
    record_participation(fallen, state=ParticipationState.PAUSED, by=coordinator)
    assert queries.refills_needed([fallen]) == {}


def test_unit_whose_step_1_is_withdrawn_needs_none(fallen: Unit, coordinator: User) -> None:
    withdraw_step(StepCompletion.objects.get(), reason="Fel", by=coordinator)
    assert queries.refills_needed([fallen]) == {}


def test_unit_where_nobody_works_needs_none(unit: Unit, coordinator: User, manager: User) -> None:
    covered(unit, coordinator)
    for membership in unit.memberships.all():
        end_membership(membership, on=clock.today(), by=coordinator)
    assert queries.coverage(unit).size == 0
    assert queries.refills_needed([unit]) == {}


def test_unit_with_a_declared_headcount_falls_when_it_grows(unit: Unit, coordinator: User) -> None:
    rows.past_step_1(unit, coordinator)
    assert queries.refills_needed([unit]) == {}
    declare_headcount(unit, headcount=13, on=clock.today(), by=coordinator)
    need = queries.refills_needed([unit])[unit.pk]
    assert (need.coverage.covered, need.coverage.size, need.newcomers) == (10, 13, 0)


def test_unit_whose_courses_expire_needs_a_refill(unit: Unit, coordinator: User, manager: User) -> None:
    covered(unit, coordinator)
    assert queries.refills_needed([unit]) == {}
    change_programme(course_validity_months=1, by=coordinator)
    assert queries.refills_needed([unit])[unit.pk].coverage.covered == 0


@pytest.fixture
def let_past(unit: Unit, coordinator: User, manager: User) -> Unit:
    """The coordinator let the unit pass step 1 with 5 of 11, 30 days ago."""
    rows.taken(unit, rows.crew(unit, 10)[:5], on=clock.today() - 40 * DAY)
    round_ = factories.open_round(unit)
    actions.complete_web_course(round_, on=clock.today() - 30 * DAY, by=coordinator, override_reason="Ny enhet")
    return unit


def test_unit_that_was_let_past_below_the_threshold_has_not_fallen(let_past: Unit) -> None:
    assert queries.coverage(let_past).percent == 45
    assert queries.refills_needed([let_past]) == {}


def test_unit_that_was_let_past_needs_a_refill_once_somebody_comes(let_past: Unit, coordinator: User) -> None:
    [ann] = join(let_past, 1, coordinator)
    assert queries.refills_needed([let_past])[let_past.pk].newcomers == 1
    rows.taken(let_past, [ann])
    assert queries.refills_needed([let_past]) == {}


def test_unit_that_was_let_past_needs_a_refill_once_it_has_been_at_the_threshold(
    let_past: Unit, coordinator: User
) -> None:
    lacking = queries.staff_without_course(let_past)
    rows.taken(let_past, lacking[:4], on=clock.today() - 20 * DAY)
    assert queries.coverage(let_past).percent == 81
    assert queries.refills_needed([let_past]) == {}
    leaver = Completion.objects.filter(completed_on=clock.today() - 40 * DAY).earliest("pk").user
    end_membership(leaver.memberships.get(), on=clock.today() - DAY, by=coordinator)
    assert queries.coverage(let_past).percent == 80
    second = Completion.objects.filter(completed_on=clock.today() - 40 * DAY).latest("pk").user
    end_membership(second.memberships.get(), on=clock.today() - DAY, by=coordinator)
    need = queries.refills_needed([let_past])[let_past.pk]
    assert (need.coverage.covered, need.coverage.size, need.newcomers) == (7, 9, 0)


# --- What is noted ---------------------------------------------------------------------------------------------------


def test_fall_is_noted_once(fallen: Unit) -> None:
    assert note_refills() == 1
    refill = Refill.objects.get()
    assert (refill.unit, refill.began_on, refill.ended_on) == (fallen, clock.today(), None)
    assert refill.completion == StepCompletion.objects.get()
    for _again in range(2):
        assert note_refills() == 0
    assert Refill.objects.get() == refill
    assert not Message.objects.exists()  # the sweep writes


def test_refill_ends_when_coverage_is_back_and_a_second_fall_is_another(fallen: Unit, coordinator: User) -> None:
    note_refills()
    rows.taken(fallen, list(queries.staff_without_course(fallen).filter(name__startswith="Nykomling")))
    assert note_refills() == 1
    assert Refill.objects.get().ended_on == clock.today()
    assert note_refills() == 0
    add_person(fallen, name="En till", email="entill@example.org", by=coordinator)
    for number in range(2):
        add_person(fallen, name="Fler", email=f"fler{number}@example.org", by=coordinator)
    note_refills()
    assert [row.ended_on for row in Refill.objects.order_by("pk")] == [clock.today(), None]


def test_refill_ends_with_the_step_it_belongs_to(fallen: Unit, coordinator: User) -> None:
    note_refills()
    withdraw_step(StepCompletion.objects.get(), reason="Fel", by=coordinator)
    assert note_refills() == 1
    assert Refill.objects.get().ended_on == clock.today()


def test_look_waits_for_its_hour_and_is_done_once_a_day(fallen: Unit, settings: Any, tmp_path: Path) -> None:
    settings.SWEEP_HOUR = 24
    note_refills_if_due()
    assert not RefillLook.objects.exists()
    assert noted() == []
    settings.SWEEP_HOUR = 0
    note_refills_if_due()
    assert noted() == [fallen.name]
    assert RefillLook.objects.get().on == clock.today()
    # What happens later in the day waits for tomorrow's look.
    rows.taken(fallen, list(queries.staff_without_course(fallen)))
    note_refills_if_due()
    assert noted() == [fallen.name]
    settings.DEMO, settings.VAR_DIR = True, tmp_path
    clock.move(1)
    note_refills_if_due()
    assert Refill.objects.get().ended_on == clock.today()


def test_look_asks_the_same_number_of_queries_for_any_number_of_units(
    fallen: Unit, coordinator: User, django_assert_max_num_queries: Any
) -> None:
    note_refills()
    with django_assert_max_num_queries(6) as one:
        note_refills()
    for _number in range(4):
        other = factories.taking_part(factories.unit())
        rows.taken(other, rows.crew(other, 4), on=clock.today() - 40 * DAY)
        actions.complete_web_course(factories.open_round(other), on=clock.today() - 30 * DAY, by=coordinator)
        join(other, 3, coordinator)
    assert note_refills() == 4
    with django_assert_max_num_queries(6) as five:
        note_refills()
    assert len(one) == len(five)


@pytest.mark.django_db(transaction=True)
def test_looks_at_once_note_a_fall_once(unit: Unit, coordinator: User, manager: User) -> None:
    covered(unit, coordinator)
    join(unit, 3, coordinator)
    together(4, lambda _number: note_refills())
    assert Refill.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_look_at_a_unit_that_goes_wrong_stops_nobody_behind_it_and_is_done_again(
    unit: Unit, coordinator: User, manager: User, outsider: User, settings: Any
) -> None:
    settings.SWEEP_HOUR = 0
    other = outsider.memberships.get().unit
    for place in (unit, other):
        covered(place, coordinator)
        join(place, 3, coordinator)
    with locked(unit), pytest.raises(OperationalError):
        note_refills_if_due()
    assert noted() == [other.name]
    assert not RefillLook.objects.exists()
    note_refills_if_due()
    assert noted() == [other.name, unit.name]
    assert RefillLook.objects.exists()


# --- Where it shows --------------------------------------------------------------------------------------------------


def page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_dashboard_and_week_mark_the_unit(fallen: Unit, coordinator: User, sign_in: Any) -> None:
    found = page(sign_in(coordinator), "/oversikt/")
    assert "Påfyllning behövs" in found.split('id="tabell"')[1]
    assert "64 %: 9 av 14" in found
    assert "Täckningen har sjunkit: 3 personer till behöver gå webbkursen." in found
    assert "1 enhet behöver påfyllning" in found
    assert "Nykomling" not in found
    assert "1 enhet behöver påfyllning" in page(sign_in(coordinator), "/")
    rows.taken(fallen, list(queries.staff_without_course(fallen)))
    assert "Påfyllning behövs" not in page(sign_in(coordinator), "/oversikt/")


def test_unit_page_names_the_new_staff_for_those_who_manage_only(
    fallen: Unit, coordinator: User, manager: User, member: User, sign_in: Any
) -> None:
    User.objects.filter(name="Nykomling 1").update(is_protected=True)
    for reader in (manager, coordinator):
        found = page(sign_in(reader), f"/enheter/{fallen.slug}/")
        assert "Påfyllning behövs" in found
        assert "Nykomling 0" in found
        assert "Nykomling 1" not in found
    seen_by_colleague = page(sign_in(member), f"/enheter/{fallen.slug}/")
    assert "Nykomling" not in seen_by_colleague
    assert "Påfyllning" not in seen_by_colleague


def test_start_page_marks_the_unit_for_its_manager_only(
    fallen: Unit, manager: User, member: User, sign_in: Any
) -> None:
    found = page(sign_in(manager), "/")
    assert "Påfyllning behövs" in found
    # With the member it is 9 of 15.
    assert "3 personer till behöver gå webbkursen. Steg 1 står kvar som klart." in found
    assert "Nykomling" not in found
    assert "Påfyllning" not in page(sign_in(member), "/")
