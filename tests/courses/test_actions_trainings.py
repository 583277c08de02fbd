"""Step 2: booking, holding, cancelling, and the letters about it. And the first material."""

from typing import Any

import pytest

from courses import actions
from courses.models import Material, Training, TrainingState
from jarfalla import clock
from tests import factories
from tests.courses import rows
from tests.courses.rows import DAY, counted, hold
from tests.together import together
from units.actions import complete_step, record_participation, withdraw_step
from units.models import ParticipationState, Refused, Round, Step, StepBlocked, Unit, User

pytestmark = pytest.mark.django_db


def test_booking_twice_is_one_training(unit: Unit, coordinator: User) -> None:
    round_, starts_at = factories.open_round(unit), clock.now() + 9 * DAY
    first, second = (
        actions.book_training(round_, title=title, starts_at=starts_at, by=coordinator) for title in ("Heder", "heder")
    )
    assert first == second
    assert Training.objects.count() == 1


def test_booking_for_a_closed_round_is_refused(unit: Unit, coordinator: User) -> None:
    round_ = factories.open_round(unit)
    round_.closed_on, round_.closed_by = clock.today(), coordinator
    round_.save()
    with pytest.raises(Refused, match="Omgången för Tallbackens förskola är avslutad"):
        rows.training(round_, by=coordinator)


def test_holding_completes_step_2_in_the_same_action(unit: Unit, manager: User, coordinator: User) -> None:
    round_ = rows.past_step_1(unit, manager)
    training = rows.training(round_, by=coordinator, days=-3)
    on = clock.today() - 3 * DAY
    held = actions.hold_training(training, on=on, headcounts={round_.pk: 8}, by=coordinator)
    assert (held.held_on, held.held_by) == (on, coordinator)
    assert counted(held) == [8]
    done = round_.standing()[Step.TRAINING]
    assert (done.completed_on, done.recorded_by) == (on, coordinator)
    again = actions.hold_training(training, on=clock.today(), headcounts={round_.pk: 1}, by=coordinator)
    assert (again.held_on, counted(again)) == (on, [8])
    assert round_.completions.count() == 2


def test_holding_before_step_1_leaves_step_2_to_later(unit: Unit, manager: User, coordinator: User) -> None:
    round_ = rows.covered_round(unit)
    training = rows.training(round_, by=coordinator, days=-20)
    held_on = clock.today() - 20 * DAY
    assert actions.hold_training(training, on=held_on, by=coordinator).held_on == held_on
    assert round_.standing() == {}
    actions.complete_web_course(round_, on=clock.today(), by=manager)
    done = actions.complete_training(round_, on=held_on, by=coordinator)
    assert done.completed_on == held_on


def test_holding_while_the_unit_is_paused_keeps_the_fact(unit: Unit, manager: User, coordinator: User) -> None:
    round_ = rows.past_step_1(unit, manager)
    training = rows.training(round_, by=coordinator, days=-1)
    record_participation(unit, state=ParticipationState.PAUSED, by=coordinator)
    assert actions.hold_training(training, on=clock.today(), by=coordinator).held_on == clock.today()
    assert Step.TRAINING not in round_.standing()


def test_holding_refusals_change_nothing(unit: Unit, manager: User, coordinator: User) -> None:
    round_ = rows.past_step_1(unit, manager)
    training = rows.training(round_, by=coordinator)
    with pytest.raises(Refused, match="Datumet ligger i framtiden"):
        actions.hold_training(training, on=clock.today() + DAY, by=coordinator)
    with pytest.raises(Refused, match=r"Enheten har 10 anställda .* Ange högst 10"):
        actions.hold_training(training, on=clock.today(), headcounts={round_.pk: 11}, by=coordinator)
    actions.cancel_training(training, reason="Sjukdom", by=coordinator)
    with pytest.raises(Refused, match="Utbildningen är inställd"):
        actions.hold_training(training, on=clock.today(), by=coordinator)
    training.refresh_from_db()
    assert training.held_on is None
    assert Step.TRAINING not in round_.standing()


def test_attendance_of_a_unit_without_known_size_has_no_limit(coordinator: User) -> None:
    round_ = factories.open_round(factories.taking_part(factories.unit()))
    training = rows.training(round_, by=coordinator, days=-1)
    assert counted(actions.hold_training(training, on=clock.today(), headcounts={round_.pk: 300}, by=coordinator)) == [
        300
    ]


def test_attendance_may_include_those_who_worked_there_that_day(unit: Unit, coordinator: User) -> None:
    for person in rows.crew(unit, 3)[:2]:
        person.memberships.update(ended_on=clock.today())
    round_ = factories.open_round(unit)
    training = rows.training(round_, by=coordinator, days=-2)
    actions.hold_training(training, on=clock.today() - 2 * DAY, headcounts={round_.pk: 3}, by=coordinator)
    assert counted(training) == [3]


def test_cancelling_twice_keeps_the_first_reason(unit: Unit, coordinator: User) -> None:
    training = rows.training(factories.open_round(unit), by=coordinator)
    first = actions.cancel_training(training, reason=" Sjukdom ", by=coordinator)
    second = actions.cancel_training(training, reason="Något annat", by=coordinator)
    assert (second.cancelled_reason, second.cancelled_at) == ("Sjukdom", first.cancelled_at)
    assert second.sequence == 1


def test_cancelling_refusals(unit: Unit, coordinator: User) -> None:
    training = rows.training(factories.open_round(unit), by=coordinator, days=-1)
    with pytest.raises(Refused, match="Skriv varför utbildningen ställs in"):
        actions.cancel_training(training, reason="  ", by=coordinator)
    actions.hold_training(training, on=clock.today(), by=coordinator)
    with pytest.raises(Refused, match="registrerad som genomförd"):
        actions.cancel_training(training, reason="Ångrar mig", by=coordinator)


def test_step_2_without_a_held_training_is_refused(unit: Unit, manager: User, coordinator: User) -> None:
    round_ = rows.past_step_1(unit, manager)
    rows.training(round_, by=coordinator, days=-1)
    with pytest.raises(StepBlocked, match="Ingen utbildning är registrerad som genomförd"):
        actions.complete_training(round_, on=clock.today(), by=coordinator)
    done = actions.complete_training(
        round_, on=clock.today(), by=coordinator, override_reason="Gick länsstyrelsens utbildning"
    )
    assert done.override_reason == "Gick länsstyrelsens utbildning"


def test_step_2_before_the_training_is_refused(unit: Unit, manager: User, coordinator: User) -> None:
    round_ = rows.covered_round(unit)
    actions.hold_training(rows.training(round_, by=coordinator, days=-5), on=clock.today() - 5 * DAY, by=coordinator)
    complete_step(round_, Step.WEB_COURSE, on=clock.today() - 9 * DAY, by=manager)
    with pytest.raises(StepBlocked, match="så steget kan inte vara klart tidigare"):
        actions.complete_training(round_, on=clock.today() - 6 * DAY, by=coordinator)


def test_step_2_counts_trainings_of_its_own_round_only(unit: Unit, manager: User, coordinator: User) -> None:
    earlier = rows.past_step_1(unit, manager)
    actions.hold_training(rows.training(earlier, by=coordinator, days=-5), on=clock.today(), by=coordinator)
    earlier.closed_on, earlier.closed_by = clock.today(), coordinator
    earlier.save()
    now = unit.rounds.create(number=2)
    actions.complete_web_course(now, on=clock.today(), by=manager)
    with pytest.raises(StepBlocked, match="i den här omgången"):
        actions.complete_training(now, on=clock.today(), by=coordinator)


@pytest.mark.django_db(transaction=True)
def test_holding_and_cancelling_at_once_ends_in_one_of_them(unit: Unit, manager: User, coordinator: User) -> None:
    training = rows.training(rows.past_step_1(unit, manager), by=coordinator, days=-1)

    def answer(number: int) -> bool:
        try:
            if number % 2:
                actions.hold_training(training, on=clock.today(), by=coordinator)
            else:
                actions.cancel_training(training, reason="Sjukdom", by=coordinator)
        except Refused:
            return False
        return True

    assert sum(together(8, answer)) == 4
    training.refresh_from_db()
    assert (training.held_on is None) != (training.cancelled_at is None)


def test_seed_materials_twice_keeps_what_the_municipality_changed() -> None:
    assert actions.seed_materials() == 9
    Material.objects.filter(title="Webbkurs Heder").update(audience="all personal")
    assert actions.seed_materials() == 0
    first: Any = Material.objects.first()
    assert (first.title, first.web, first.audience) == (
        "Webbkurs Heder",
        "https://www.webbkursheder.se",
        "all personal",
    )
    assert Material.objects.count() == 9


# --- Changes -----------------------------------------------------------------------------------------------------


def changed(training: Training, *, by: User, rounds: list[Round], **values: Any) -> Training:
    """The training with another title, for these rounds."""
    return actions.change_training(
        training, rounds=rounds, starts_at=training.starts_at, ends_at=None, title="Ny rubrik", by=by, **values
    )


def test_changing_takes_units_on_and_off(unit: Unit, coordinator: User, outsider: User) -> None:
    own, other = factories.open_round(unit), factories.open_round(outsider.memberships.get().unit)
    training = rows.training(own, by=coordinator)
    assert set(changed(training, rounds=[own, other], by=coordinator).rounds.all()) == {own, other}
    row = changed(training, rounds=[other], by=coordinator)
    assert (list(row.rounds.all()), row.title, row.sequence) == ([other], "Ny rubrik", 2)
    assert changed(training, rounds=[other], by=coordinator).sequence == 2


def test_changing_refusals(unit: Unit, coordinator: User, outsider: User) -> None:
    own, other = factories.open_round(unit), factories.open_round(outsider.memberships.get().unit)
    training = rows.training(own, by=coordinator, days=-1)
    Round.objects.update(closed_on=clock.today(), closed_by=coordinator)
    assert changed(training, rounds=[own], by=coordinator).title == "Ny rubrik"  # it was there before
    with pytest.raises(Refused, match="Omgången för Granbackens skola är avslutad"):
        changed(training, rounds=[own, other], by=coordinator)
    with pytest.raises(Refused, match="Välj minst en enhet"):
        changed(training, rounds=[], by=coordinator)
    hold(training, by=coordinator)
    with pytest.raises(Refused, match="Utbildningen är avslutad och kan inte ändras"):
        changed(training, rounds=[own], by=coordinator)


# --- Recorded as held by mistake ---------------------------------------------------------------------------------


def test_reopening_takes_back_what_was_recorded_and_keeps_the_reason(unit: Unit, coordinator: User) -> None:
    round_ = rows.covered_round(unit)
    training = rows.training(round_, by=coordinator, days=-1)
    actions.hold_training(training, on=clock.today(), headcounts={round_.pk: 5}, by=coordinator)
    row = actions.reopen_training(training, reason=" Fel enhet ", by=coordinator)
    assert (row.state, row.held_by, counted(row)) == (TrainingState.AWAITING_ANSWER, None, [None])
    assert (row.reopened_reason, row.reopened_by) == ("Fel enhet", coordinator)
    assert actions.reopen_training(training, reason="Igen", by=coordinator).reopened_reason == "Fel enhet"
    assert hold(training, by=coordinator).state == TrainingState.HELD


def test_reopening_while_step_2_rests_on_it_is_refused(unit: Unit, manager: User, coordinator: User) -> None:
    round_ = rows.past_step_1(unit, manager)
    training = hold(rows.training(round_, by=coordinator, days=-2), by=coordinator)
    with pytest.raises(Refused, match="Skriv varför"):
        actions.reopen_training(training, reason=" ", by=coordinator)
    with pytest.raises(Refused, match=r"Steg 2 är registrerat för Tallbackens förskola .* Återta steget först"):
        actions.reopen_training(training, reason="Fel", by=coordinator)
    training.refresh_from_db()
    assert training.held_on is not None
    withdraw_step(round_.standing()[Step.TRAINING], reason="Fel utbildning", by=coordinator)
    assert actions.reopen_training(training, reason="Fel", by=coordinator).held_on is None


def test_reopening_is_free_when_step_2_rests_on_something_else(unit: Unit, manager: User, coordinator: User) -> None:
    round_ = rows.past_step_1(unit, manager)
    hold(rows.training(round_, by=coordinator, days=-5, title="Den som räknas"), by=coordinator)
    extra = hold(rows.training(round_, by=coordinator, days=-2, title="En till"), by=coordinator)
    assert actions.reopen_training(extra, reason="Fel", by=coordinator).held_on is None


def test_reopening_is_free_when_step_2_is_an_exception(unit: Unit, manager: User, coordinator: User) -> None:
    round_ = rows.past_step_1(unit, manager)
    actions.complete_training(round_, on=clock.today(), by=coordinator, override_reason="Gick en annan")
    training = hold(rows.training(round_, by=coordinator, days=-2), by=coordinator)
    assert actions.reopen_training(training, reason="Fel", by=coordinator).held_on is None
