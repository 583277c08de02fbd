"""Trainings for several units and in several parts: how they are planned, and when step 2 is done."""

import datetime as dt
import threading
import time
from collections.abc import Iterable

import pytest
from django.db import connection, transaction

from courses import actions
from courses.actions import trainings
from courses.models import Material, Theme, Training, TrainingSeries, TrainingState
from jarfalla import clock
from tests import factories
from tests.courses import rows
from tests.courses.invited import change
from tests.courses.rows import DAY, counted, hold
from tests.together import together
from units.actions.steps import lock_round
from units.models import Refused, Round, Step, StepBlocked, Unit, User

pytestmark = pytest.mark.django_db


def series(round_: Round, *, by: User, days: tuple[int, ...] = (-9, -2)) -> list[Training]:
    """A series with a part so many days from now each."""
    times = [(clock.now() + day * DAY, None) for day in days]
    return actions.plan_trainings([round_], times=times, title="Två föreläsningar", by=by)


def test_planning_keeps_everything_that_was_decided(unit: Unit, coordinator: User) -> None:
    actions.seed_materials()
    material = Material.objects.all()[:2]
    [training] = actions.plan_trainings(
        [factories.open_round(unit)],
        times=[(clock.now() + DAY, clock.now() + DAY + dt.timedelta(hours=2))],
        materials=material,
        title="Heder",
        themes=[Theme.EARLY_SIGNS, Theme.FGM],
        need="Många nya",
        aim="Alla vet vad de gör",
        meeting_url="https://meet.example/1",
        invites_staff=True,
        takes_sign_ups=True,
        capacity=30,
        by=coordinator,
    )
    training.refresh_from_db()
    assert (training.themes, training.need, training.aim) == (
        ["early_signs", "fgm"],
        "Många nya",
        "Alla vet vad de gör",
    )
    assert (training.invites_staff, training.takes_sign_ups, training.capacity) == (True, True, 30)
    assert (training.series, training.told_sequence, training.booked_by) == (None, None, coordinator)
    assert set(training.materials.all()) == set(material)
    assert [round_.unit for round_ in training.rounds.all()] == [unit]


def test_planning_several_times_makes_a_series_in_order_once(unit: Unit, coordinator: User) -> None:
    round_ = factories.open_round(unit)
    first = series(round_, by=coordinator, days=(20, 6))
    assert [(part.part, (part.starts_at - clock.now()).days) for part in first] == [(1, 5), (2, 19)]
    times = [(part.starts_at, None) for part in first]
    again = actions.plan_trainings([round_], times=times, title="två föreläsningar", by=coordinator)
    assert again == first
    assert TrainingSeries.objects.count() == 1


def test_planning_refusals(unit: Unit, coordinator: User) -> None:
    moment = clock.now() + DAY
    with pytest.raises(Refused, match="Två tillfällen börjar på samma tid"):
        actions.plan_trainings(
            [factories.open_round(unit)], times=[(moment, None), (moment, None)], title="Heder", by=coordinator
        )
    with pytest.raises(Refused, match="Välj minst en enhet, eller öppna utbildningen för anmälan"):
        actions.plan_trainings([], times=[(moment, None)], title="Heder", by=coordinator)
    assert not Training.objects.exists()


def test_open_occasion_needs_no_unit(coordinator: User) -> None:
    times = [(clock.now() + DAY, None)]
    first, second = (
        actions.plan_trainings([], times=times, title="Öppen", takes_sign_ups=True, by=coordinator) for _ in range(2)
    )
    assert first == second
    assert first[0].rounds.count() == 0


@pytest.mark.django_db(transaction=True)
def test_planning_with_two_clicks_at_once_is_one_plan(unit: Unit, coordinator: User) -> None:
    times = [(clock.now() + DAY, None), (clock.now() + 2 * DAY, None)]

    def plan(number: int) -> list[Training]:
        rounds = [factories.open_round(unit)] if number % 2 else []
        return actions.plan_trainings(rounds, times=times, title="Heder", takes_sign_ups=True, by=coordinator)

    plans = together(6, plan)
    assert len({plan[0].pk for plan in plans}) == Training.objects.count() / 2 == 2


@pytest.mark.django_db(transaction=True)
def test_changes_that_swap_units_at_once_wait_for_each_other_in_one_order(
    unit: Unit, coordinator: User, outsider: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = factories.open_round(unit), factories.open_round(outsider.memberships.get().unit)
    planned = [rows.training(round_, by=coordinator) for round_ in (ours, theirs)]
    lock = trainings._lock_rounds

    def slowly(chosen: Iterable[Round]) -> list[Round]:
        locked = lock(chosen)
        time.sleep(0.3)  # so that the other one certainly holds what it locks first
        return locked

    monkeypatch.setattr(trainings, "_lock_rounds", slowly)
    together(2, lambda number: change(planned[number], by=coordinator, rounds=[ours, theirs]))
    assert [set(training.rounds.all()) for training in planned] == [{ours, theirs}] * 2


@pytest.mark.django_db(transaction=True)
def test_planning_waits_for_a_round_without_holding_the_coordinator(unit: Unit, coordinator: User) -> None:
    """Whoever has the round may wait for the unit, and whoever has the unit for the coordinator, who works there."""
    round_, waits = factories.open_round(unit), threading.Event()

    def plan() -> None:
        waits.set()
        actions.plan_trainings([round_], times=[(clock.now() + DAY, None)], title="Heder", by=coordinator)
        connection.close()

    planning = threading.Thread(target=plan)
    with transaction.atomic():
        lock_round(round_)
        planning.start()
        assert waits.wait(timeout=20)
        time.sleep(0.3)
        User.objects.select_for_update(nowait=True, no_key=True).get(pk=coordinator.pk)
    planning.join(timeout=20)
    assert Training.objects.get().title == "Heder"


def test_holding_for_two_units_completes_step_2_of_those_that_wait(
    unit: Unit, manager: User, coordinator: User, outsider: User
) -> None:
    ready, early = rows.past_step_1(unit, manager), factories.open_round(outsider.memberships.get().unit)
    times = [(clock.now() - 2 * DAY, None)]
    [training] = actions.plan_trainings([ready, early], times=times, title="Tillsammans", by=coordinator)
    with pytest.raises(Refused, match=r"Enheten har 10 anställda .* Ange högst 10"):
        actions.hold_training(training, on=clock.today(), headcounts={ready.pk: 11, early.pk: 1}, by=coordinator)
    actions.hold_training(training, on=clock.today(), headcounts={ready.pk: 9, early.pk: 1}, by=coordinator)
    assert counted(training) == [9, 1]
    assert Step.TRAINING in ready.standing()
    assert Step.TRAINING not in early.standing()


def test_step_2_waits_for_every_part_of_a_series(unit: Unit, manager: User, coordinator: User) -> None:
    round_ = rows.past_step_1(unit, manager)
    first, second = series(round_, by=coordinator)
    hold(first, by=coordinator)
    assert Step.TRAINING not in round_.standing()
    with pytest.raises(StepBlocked, match=r"Del 2 av 2, ”Två föreläsningar” den .* är inte genomförd än"):
        actions.complete_training(round_, on=clock.today(), by=coordinator)
    hold(second, by=coordinator)
    assert round_.standing()[Step.TRAINING].completed_on == clock.today() - 2 * DAY


def test_step_2_is_dated_by_the_last_part_whichever_is_recorded_first(
    unit: Unit, manager: User, coordinator: User
) -> None:
    round_ = rows.past_step_1(unit, manager)
    for part in reversed(series(round_, by=coordinator)):
        hold(part, by=coordinator)
    assert round_.standing()[Step.TRAINING].completed_on == clock.today() - 2 * DAY


def test_step_2_does_not_wait_for_a_part_that_was_cancelled(unit: Unit, manager: User, coordinator: User) -> None:
    round_ = rows.past_step_1(unit, manager)
    first, second = series(round_, by=coordinator)
    hold(first, by=coordinator)
    actions.cancel_training(second, reason="Föreläsaren kom inte", by=coordinator)
    second.refresh_from_db()
    assert second.state == TrainingState.NOT_HELD
    assert Step.TRAINING not in round_.standing()  # nobody has said that the step is done
    assert actions.complete_training(round_, on=clock.today() - 9 * DAY, by=coordinator).override_reason == ""


def test_step_2_does_not_wait_for_a_series_when_another_training_was_held(
    unit: Unit, manager: User, coordinator: User
) -> None:
    round_ = rows.past_step_1(unit, manager)
    hold(series(round_, by=coordinator)[0], by=coordinator)
    hold(rows.training(round_, by=coordinator, days=-1), by=coordinator)
    assert round_.standing()[Step.TRAINING].completed_on == clock.today() - DAY


@pytest.mark.django_db(transaction=True)
def test_both_parts_recorded_at_once_complete_step_2(unit: Unit, manager: User, coordinator: User) -> None:
    round_ = rows.past_step_1(unit, manager)
    parts = series(round_, by=coordinator)
    together(2, lambda number: hold(parts[number], by=coordinator))
    assert Step.TRAINING in round_.standing()


def test_state_after_the_time_tells_not_held_from_not_recorded(unit: Unit, coordinator: User) -> None:
    round_ = factories.open_round(unit)
    silent, never, called_off = (
        rows.training(round_, by=coordinator, days=days, title=str(days)) for days in (-3, -2, 4)
    )
    for training in (never, called_off):
        actions.cancel_training(training, reason="Sjukdom", by=coordinator)
        training.refresh_from_db()
    assert [training.state for training in (silent, never, called_off)] == [
        TrainingState.AWAITING_ANSWER,
        TrainingState.NOT_HELD,
        TrainingState.CANCELLED,
    ]
