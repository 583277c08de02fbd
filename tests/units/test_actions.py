"""Steps, rounds, people and participation: the writes of the units app."""

import contextlib
import datetime as dt
import threading
import time
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from jarfalla import clock
from tests import factories
from tests.together import together
from units import actions
from units.models import (
    Membership,
    MembershipRole,
    Message,
    ParticipationState,
    Refused,
    Round,
    Step,
    StepBlocked,
    StepCompletion,
    Unit,
    User,
    UserRole,
)

pytestmark = pytest.mark.django_db

YESTERDAY = dt.timedelta(days=1)


def complete(round_: Round, *steps: Step, by: User) -> None:
    for step in steps:
        actions.complete_step(round_, step, on=clock.today(), by=by)


def test_complete_step_twice_returns_the_first(unit: Unit, manager: User, coordinator: User) -> None:
    round_ = factories.open_round(unit)
    first = actions.complete_step(round_, Step.WEB_COURSE, on=clock.today(), by=manager)
    second = actions.complete_step(round_, Step.WEB_COURSE, on=clock.today() - YESTERDAY, by=coordinator)
    assert first == second
    assert second.completed_on == clock.today()
    assert [message.recipient for message in Message.objects.all()] == [coordinator]


def test_complete_step_out_of_order_is_refused(unit: Unit, manager: User) -> None:
    with pytest.raises(StepBlocked, match="Steg 1, webbkurs, måste vara klart först"):
        actions.complete_step(factories.open_round(unit), Step.TRAINING, on=clock.today(), by=manager)
    assert not StepCompletion.objects.exists()


def test_complete_step_in_the_future_is_refused(unit: Unit, manager: User) -> None:
    with pytest.raises(StepBlocked, match="Datumet ligger i framtiden"):
        actions.complete_step(factories.open_round(unit), Step.WEB_COURSE, on=clock.today() + YESTERDAY, by=manager)


def test_complete_step_with_a_managers_override_is_refused(unit: Unit, manager: User) -> None:
    with pytest.raises(StepBlocked, match="Bara samordnaren"):
        actions.complete_step(
            factories.open_round(unit), Step.WEB_COURSE, on=clock.today(), by=manager, override_reason="Vi hinner inte"
        )


def test_complete_step_of_a_paused_unit_is_refused(unit: Unit, coordinator: User) -> None:
    actions.record_participation(unit, state=ParticipationState.PAUSED, by=coordinator)
    with pytest.raises(StepBlocked, match="Enheten deltar inte just nu"):
        actions.complete_step(factories.open_round(unit), Step.WEB_COURSE, on=clock.today(), by=coordinator)


def test_withdraw_step_latest_first(unit: Unit, coordinator: User) -> None:
    round_ = factories.open_round(unit)
    complete(round_, Step.WEB_COURSE, Step.TRAINING, by=coordinator)
    first, second = round_.completions.order_by("step")
    with pytest.raises(StepBlocked, match="Steg 2 bygger på det här"):
        actions.withdraw_step(first, reason="Fel datum", by=coordinator)
    actions.withdraw_step(second, reason="Fel datum", by=coordinator)
    actions.withdraw_step(first, reason="Fel datum", by=coordinator)
    assert factories.open_round(unit).next_step == Step.WEB_COURSE
    assert StepCompletion.objects.count() == 2


def test_withdraw_step_without_a_reason_is_refused(unit: Unit, coordinator: User) -> None:
    round_ = factories.open_round(unit)
    complete(round_, Step.WEB_COURSE, by=coordinator)
    with pytest.raises(StepBlocked, match="Skriv varför"):
        actions.withdraw_step(round_.completions.get(), reason="  ", by=coordinator)


def test_withdraw_step_that_only_the_coordinator_can_record_again_is_refused_for_a_manager(
    unit: Unit, coordinator: User, manager: User
) -> None:
    round_ = factories.open_round(unit)
    actions.complete_step(round_, Step.WEB_COURSE, on=clock.today(), by=coordinator, override_reason="Liten grupp")
    overridden = round_.completions.get()
    with pytest.raises(StepBlocked, match="samordnaren återtar det"):
        actions.withdraw_step(overridden, reason="Fel", by=manager)
    assert factories.open_round(unit).next_step == Step.TRAINING


def test_start_round_of_a_unit_that_does_not_take_part_is_refused(coordinator: User) -> None:
    unit = factories.unit()
    with pytest.raises(Refused, match="Enheten deltar inte just nu"):
        actions.start_round(unit, by=coordinator)
    assert not unit.rounds.exists()


def test_close_round_before_step_4_is_refused(unit: Unit, coordinator: User) -> None:
    with pytest.raises(StepBlocked, match="när steg 4 är klart"):
        actions.close_round(factories.open_round(unit), by=coordinator)


def test_start_round_after_a_closed_one_gets_the_next_number(unit: Unit, coordinator: User) -> None:
    round_ = factories.open_round(unit)
    complete(round_, *Step, by=coordinator)
    actions.close_round(round_, by=coordinator)
    assert actions.start_round(unit, by=coordinator).number == 2
    assert actions.start_round(unit, by=coordinator).number == 2


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"step": 5}, "step_is_one_to_four"),
        ({"completed_on": dt.date(2999, 1, 1)}, "step_not_in_the_future"),
        ({"step": 1}, "step_completed_once_per_round"),
        ({"step": 3}, "step 3 comes before"),
    ],
)
def test_step_completion_written_past_the_actions_is_refused_by_the_database(
    unit: Unit, coordinator: User, change: dict[str, object], constraint: str
) -> None:
    round_ = factories.open_round(unit)
    complete(round_, Step.WEB_COURSE, by=coordinator)
    if change.get("step") == 5:
        complete(round_, Step.TRAINING, Step.ROUTINES, Step.FOLLOW_UP, by=coordinator)
    row: dict[str, object] = {"step": 2, "completed_on": clock.today(), "recorded_by": coordinator, **change}
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        StepCompletion.objects.create(round=round_, **row)


@pytest.mark.parametrize(("hour", "accepted"), [(21, False), (22, True)])  # 22 UTC is midnight in Stockholm in June
def test_step_completion_is_dated_by_the_clock_of_stockholm_in_the_database_too(
    unit: Unit, coordinator: User, hour: int, accepted: bool
) -> None:
    recorded_at = dt.datetime(2026, 6, 30, hour, 30, tzinfo=dt.UTC)
    row = StepCompletion(
        round=factories.open_round(unit),
        step=Step.WEB_COURSE,
        completed_on=dt.date(2026, 7, 1),
        recorded_at=recorded_at,
        recorded_by=coordinator,
    )
    refused = pytest.raises(IntegrityError, match="step_not_in_the_future")
    with contextlib.nullcontext() if accepted else refused, transaction.atomic():
        row.save()
    assert StepCompletion.objects.exists() == accepted


def test_step_completion_is_never_deleted(unit: Unit, coordinator: User) -> None:
    complete(factories.open_round(unit), Step.WEB_COURSE, by=coordinator)
    with pytest.raises(Exception, match="Cannot delete rows"), transaction.atomic():
        StepCompletion.objects.all().delete()
    assert StepCompletion.objects.count() == 1


def test_step_completions_withdrawn_in_bulk_out_of_order_are_refused(unit: Unit, coordinator: User) -> None:
    round_ = factories.open_round(unit)
    complete(round_, Step.WEB_COURSE, Step.TRAINING, by=coordinator)
    with pytest.raises(IntegrityError, match="a step above 1 still stands"), transaction.atomic():
        StepCompletion.objects.filter(step=1).update(
            withdrawn_at=clock.now(), withdrawn_by=coordinator, withdrawn_reason="I klump"
        )


@pytest.mark.django_db(transaction=True)
def test_complete_step_by_twenty_people_at_once_gives_one_row_and_one_mail_each(
    unit: Unit, manager: User, coordinator: User
) -> None:
    round_ = factories.open_round(unit)
    rows = together(20, lambda _: actions.complete_step(round_, Step.WEB_COURSE, on=clock.today(), by=manager).pk)
    assert len(set(rows)) == 1
    assert StepCompletion.objects.count() == 1
    assert [message.recipient for message in Message.objects.all()] == [coordinator]


def test_add_person_twice_gives_one_membership(unit: Unit, coordinator: User) -> None:
    first = actions.add_person(unit, name="Bo Ek", email="Bo@example.org", by=coordinator)
    second = actions.add_person(unit, name="Bo E.", email="bo@EXAMPLE.org", by=coordinator)
    assert first == second
    assert second.user.name == "Bo Ek"


def test_add_person_in_another_role_ends_the_first(unit: Unit, coordinator: User) -> None:
    actions.add_person(unit, name="Bo Ek", email="bo@example.org", by=coordinator)
    actions.add_person(unit, name="Bo Ek", email="bo@example.org", role=MembershipRole.MANAGER, by=coordinator)
    assert [m.role for m in unit.memberships.present()] == [MembershipRole.MANAGER]
    assert unit.size() == 1


def test_add_person_in_another_role_starts_it_today_whatever_the_form_says(unit: Unit, coordinator: User) -> None:
    before = clock.today() - 30 * YESTERDAY
    person: dict[str, Any] = {"name": "Bo Ek", "email": "bo@example.org", "started_on": before, "by": coordinator}
    first = actions.add_person(unit, **person)
    second = actions.add_person(unit, role=MembershipRole.MANAGER, **person)
    first.refresh_from_db()
    assert (first.ended_on, second.started_on) == (clock.today(), clock.today())


def test_add_person_who_comes_back_continues_where_the_last_time_ended(unit: Unit, coordinator: User) -> None:
    """The usual case: somebody was taken off the list by mistake, and is put back with the first day again."""
    before = clock.today() - 30 * YESTERDAY
    person: dict[str, Any] = {"name": "Bo Ek", "email": "bo@example.org", "started_on": before, "by": coordinator}
    first = actions.add_person(unit, **person)
    actions.end_membership(first, on=clock.today() - 2 * YESTERDAY, by=coordinator)
    again = actions.add_person(unit, **person)
    assert again.started_on == clock.today() - 2 * YESTERDAY
    assert [unit.size(before + n * YESTERDAY) for n in range(31)] == [1] * 31


@pytest.mark.django_db(transaction=True)
def test_add_person_to_six_units_at_once_makes_one_account(coordinator: User) -> None:
    units = [factories.unit() for _ in range(6)]
    together(6, lambda n: actions.add_person(units[n], name="Bo Ek", email="bo@example.org", by=coordinator))
    assert User.objects.get(email="bo@example.org").memberships.count() == 6


def test_add_person_who_is_a_reader_is_refused(unit: Unit, coordinator: User, reader: User) -> None:
    with pytest.raises(Refused, match="läser siffror"):
        actions.add_person(unit, name=reader.name, email=reader.email, by=coordinator)


@pytest.mark.django_db(transaction=True)
def test_add_person_by_ten_people_at_once_gives_one_membership(unit: Unit, coordinator: User) -> None:
    together(10, lambda _: actions.add_person(unit, name="Bo Ek", email="bo@example.org", by=coordinator).pk)
    assert Membership.objects.filter(user__email="bo@example.org").count() == 1


def test_end_membership_takes_the_person_off_the_list_that_day(unit: Unit, coordinator: User) -> None:
    membership = actions.add_person(
        unit, name="Bo Ek", email="bo@example.org", started_on=clock.today() - 2 * YESTERDAY, by=coordinator
    )
    actions.end_membership(membership, on=clock.today(), by=coordinator)
    assert unit.size() == 0
    assert unit.size(clock.today() - YESTERDAY) == 1


@pytest.mark.django_db(transaction=True)
def test_end_membership_waits_for_whoever_reckons_with_the_unit(unit: Unit, coordinator: User) -> None:
    membership = actions.add_person(unit, name="Bo Ek", email="bo@example.org", by=coordinator)
    begun = threading.Event()

    def end() -> None:
        begun.set()
        actions.end_membership(membership, on=clock.today(), by=coordinator)
        connection.close()

    ending = threading.Thread(target=end)
    with transaction.atomic():
        Unit.objects.select_for_update(no_key=True).get(pk=unit.pk)
        ending.start()
        assert begun.wait(timeout=20)
        time.sleep(0.3)
        assert unit.size() == 1
    ending.join(timeout=20)
    assert unit.size() == 0


def test_record_participation_twice_gives_one_row_and_one_round(coordinator: User) -> None:
    unit = factories.unit()
    assert unit.participation_state == ParticipationState.NOT_INVITED
    for _ in range(2):
        actions.record_participation(unit, state=ParticipationState.TAKING_PART, by=coordinator)
    assert unit.participations.count() == 1
    assert unit.rounds.count() == 1


def test_record_participation_again_after_a_pause_keeps_the_round(unit: Unit, coordinator: User) -> None:
    round_ = factories.open_round(unit)
    actions.record_participation(unit, state=ParticipationState.PAUSED, by=coordinator)
    actions.record_participation(unit, state=ParticipationState.TAKING_PART, by=coordinator)
    assert factories.open_round(unit) == round_


def test_create_unit_with_a_taken_name_returns_the_first_whatever_its_case() -> None:
    first = factories.unit(name="Åsens förskola")
    assert first.slug == "asens-forskola"
    assert factories.unit(name="ÅSENS FÖRSKOLA") == first
    with pytest.raises(IntegrityError, match="unit_name_unique"), transaction.atomic():
        Unit.objects.create(name="åsens Förskola", slug="annan", kind="preschool")


@pytest.mark.django_db(transaction=True)
def test_update_unit_to_one_name_by_two_people_at_once_is_refused_for_the_second(coordinator: User) -> None:
    units = [factories.unit(), factories.unit()]

    def rename(number: int) -> str:
        try:
            return actions.update_unit(units[number], by=coordinator, name="Solens förskola").name
        except Refused as refused:
            return str(refused)

    assert sorted(together(2, rename)) == ["Det finns redan en enhet med det namnet.", "Solens förskola"]


def test_reader_who_once_was_a_manager_manages_nothing(unit: Unit, manager: User) -> None:
    manager.role = UserRole.READER
    manager.save()
    assert not Unit.objects.managed_by(manager).exists()


def test_update_unit_dates_a_new_headcount(unit: Unit, coordinator: User) -> None:
    unit = actions.update_unit(unit, by=coordinator, declared_headcount=12)
    declared = unit.declared_headcount()
    assert declared is not None
    assert (unit.size(), declared.declared_on, declared.recorded_by) == (12, clock.today(), coordinator)
    unit = actions.update_unit(unit, by=coordinator, declared_headcount=None)
    assert unit.declared_headcount() is None
