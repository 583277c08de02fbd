"""Step 2: booking, holding, cancelling, and the letters about it. And the first material."""

from typing import Any

import pytest

from courses import actions
from courses.models import Material, Training
from jarfalla import clock
from tests import factories
from tests.courses import rows
from tests.courses.rows import DAY
from tests.together import together
from units.actions import complete_step, record_participation
from units.models import MembershipRole, Message, ParticipationState, Refused, Step, StepBlocked, Unit, User

pytestmark = pytest.mark.django_db


def letters(training: Training, sort: str) -> list[User]:
    """Who has a letter of this sort about the training in the outbox."""
    found = Message.objects.filter(key__startswith=f"training_{sort}:{training.pk}:").select_related("recipient")
    return [message.recipient for message in found.order_by("pk")]


def test_booking_twice_is_one_training_and_one_letter_to_each_manager(
    unit: Unit, manager: User, member: User, coordinator: User
) -> None:
    second_manager = factories.staff(unit, role=MembershipRole.MANAGER)
    round_, starts_at = factories.open_round(unit), clock.now() + 9 * DAY
    first, second = (
        actions.book_training(round_, title=title, starts_at=starts_at, by=coordinator) for title in ("Heder", "heder")
    )
    assert first == second
    assert set(letters(first, "booked")) == {manager, second_manager}
    assert Message.objects.count() == 2


def test_booking_after_the_fact_writes_to_nobody(unit: Unit, manager: User, coordinator: User) -> None:
    rows.training(factories.open_round(unit), by=coordinator, days=-2)
    assert not Message.objects.exists()


def test_booking_for_a_protected_manager_writes_to_nobody(unit: Unit, manager: User, coordinator: User) -> None:
    User.objects.filter(pk=manager.pk).update(is_protected=True)
    rows.training(factories.open_round(unit), by=coordinator)
    assert not Message.objects.exists()


def test_booking_for_a_closed_round_is_refused(unit: Unit, coordinator: User) -> None:
    round_ = factories.open_round(unit)
    round_.closed_on, round_.closed_by = clock.today(), coordinator
    round_.save()
    with pytest.raises(Refused, match="Omgången är avslutad"):
        rows.training(round_, by=coordinator)


def test_holding_completes_step_2_in_the_same_action(unit: Unit, manager: User, coordinator: User) -> None:
    round_ = rows.past_step_1(unit, manager)
    training = rows.training(round_, by=coordinator, days=-3)
    on = clock.today() - 3 * DAY
    held = actions.hold_training(training, on=on, attended=8, by=coordinator)
    assert (held.held_on, held.attended, held.held_by) == (on, 8, coordinator)
    done = round_.standing()[Step.TRAINING]
    assert (done.completed_on, done.recorded_by) == (on, coordinator)
    again = actions.hold_training(training, on=clock.today(), attended=1, by=coordinator)
    assert (again.held_on, again.attended) == (on, 8)
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
    with pytest.raises(Refused, match=r"Enheten har 10 anställda\. Ange högst så många deltagare"):
        actions.hold_training(training, on=clock.today(), attended=11, by=coordinator)
    actions.cancel_training(training, reason="Sjukdom", by=coordinator)
    with pytest.raises(Refused, match="Utbildningen är inställd"):
        actions.hold_training(training, on=clock.today(), by=coordinator)
    training.refresh_from_db()
    assert training.held_on is None
    assert Step.TRAINING not in round_.standing()


def test_attendance_of_a_unit_without_known_size_has_no_limit(coordinator: User) -> None:
    round_ = factories.open_round(factories.taking_part(factories.unit()))
    training = rows.training(round_, by=coordinator, days=-1)
    assert actions.hold_training(training, on=clock.today(), attended=300, by=coordinator).attended == 300


def test_attendance_may_include_those_who_worked_there_that_day(unit: Unit, coordinator: User) -> None:
    for person in rows.crew(unit, 3)[:2]:
        person.memberships.update(ended_on=clock.today())
    training = rows.training(factories.open_round(unit), by=coordinator, days=-2)
    assert actions.hold_training(training, on=clock.today() - 2 * DAY, attended=3, by=coordinator).attended == 3


def test_cancelling_writes_to_the_managers_once(unit: Unit, manager: User, coordinator: User) -> None:
    training = rows.training(factories.open_round(unit), by=coordinator)
    first = actions.cancel_training(training, reason=" Sjukdom ", by=coordinator)
    second = actions.cancel_training(training, reason="Något annat", by=coordinator)
    assert (second.cancelled_reason, second.cancelled_at) == ("Sjukdom", first.cancelled_at)
    assert letters(training, "cancelled") == [manager]


def test_cancelling_what_should_have_been_writes_to_nobody(unit: Unit, manager: User, coordinator: User) -> None:
    training = rows.training(factories.open_round(unit), by=coordinator, days=-1)
    actions.cancel_training(training, reason="Ledaren blev sjuk", by=coordinator)
    assert not Message.objects.exists()


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
