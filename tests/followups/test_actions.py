"""Follow-ups and what each decision does."""

import datetime as dt
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta

from followups.actions import (
    Said,
    complete_follow_up,
    complete_support_action,
    record_follow_up,
    record_not_held,
)
from followups.models import Decision, FollowUp, Promise, SupportAction
from followups.queries import Window, window_of
from jarfalla import clock
from tests import factories
from tests.followups import stages
from tests.together import together
from units.actions import complete_step, record_participation
from units.models import Message, Outcome, ParticipationState, Programme, Refused, Round, Step, StepBlocked, Unit, User

pytestmark = pytest.mark.django_db

PROMISE = Promise("Handledning i arbetslaget", "Sam Samordnare", dt.date(2030, 1, 31))


def record(round_: Round, by: User, decision: Decision = Decision.DONE, **more: Any) -> FollowUp:
    """A follow-up held today."""
    more.setdefault("held_on", clock.today())
    said = Said(**{name: more.pop(name) for name in ("effect", "needs") if name in more})
    return record_follow_up(round_, decision=decision, by=by, said=said, **more)


@pytest.fixture
def round_(unit: Unit) -> Round:
    """The unit's round, with its follow-up due."""
    return stages.routines_done(unit, stages.due())


def next_window(round_: Round) -> Window:
    """The window of the round's next contact, today."""
    window = window_of(Round.objects.get(pk=round_.pk), Programme.current(), clock.today())
    assert window is not None
    return window


def steps_of(round_: Round) -> list[Step]:
    return list(Round.objects.get(pk=round_.pk).standing())


def test_done_completes_step_4_and_closes_the_round(round_: Round, coordinator: User) -> None:
    held_on = clock.today() - dt.timedelta(days=3)
    follow_up = record(round_, coordinator, held_on=held_on, effect="Vi vågar fråga.")
    round_.refresh_from_db()
    assert (follow_up.decision, follow_up.effect, follow_up.recorded_by) == ("done", "Vi vågar fråga.", coordinator)
    assert (round_.closed_on, round_.closed_by) == (clock.today(), coordinator)
    assert round_.standing()[Step.FOLLOW_UP].completed_on == held_on
    assert round_.unit.open_round is None


def test_new_round_closes_this_one_and_starts_the_next(round_: Round, coordinator: User) -> None:
    record(round_, coordinator, Decision.NEW_ROUND)
    round_.refresh_from_db()
    assert round_.closed_on == clock.today()
    new = factories.open_round(round_.unit)
    assert (new.number, new.next_step) == (2, Step.WEB_COURSE)


def test_more_support_keeps_the_round_open_with_its_actions(round_: Round, coordinator: User) -> None:
    follow_up = record(round_, coordinator, Decision.MORE_SUPPORT, support_actions=[PROMISE])
    round_.refresh_from_db()
    assert round_.closed_on is None
    assert steps_of(round_) == [Step.WEB_COURSE, Step.TRAINING, Step.ROUTINES]
    assert [(row.what, row.owner, row.due_on, row.done_on) for row in follow_up.support_actions.all()] == [
        ("Handledning i arbetslaget", "Sam Samordnare", dt.date(2030, 1, 31), None)
    ]


def test_more_support_without_actions_is_refused(round_: Round, coordinator: User) -> None:
    with pytest.raises(StepBlocked, match="Skriv minst en stödinsats"):
        record(round_, coordinator, Decision.MORE_SUPPORT)
    assert not FollowUp.objects.exists()


@pytest.mark.parametrize(
    ("decision", "left", "words"),
    [
        (Decision.BACK_TO_ROUTINES, [Step.WEB_COURSE, Step.TRAINING], "tillbaka till steg 3, rutiner"),
        (Decision.BACK_TO_TRAINING, [Step.WEB_COURSE], "tillbaka till steg 2, riktad utbildning"),
    ],
)
def test_back_takes_steps_back_with_a_reason_that_names_the_follow_up(
    round_: Round, coordinator: User, decision: Decision, left: list[Step], words: str
) -> None:
    held_on = stages.ago(months=1)
    follow_up = record(round_, coordinator, decision, held_on=held_on)
    round_.refresh_from_db()
    assert steps_of(round_) == left
    assert round_.closed_on is None
    withdrawn = round_.completions.filter(withdrawn_at__isnull=False)
    assert {(row.withdrawn_by, row.withdrawn_reason) for row in withdrawn} == {
        (coordinator, f"Uppföljningen den {held_on.day} {_month(held_on)} {held_on.year}: {words}.")
    }
    assert follow_up.round == round_


def _month(day: dt.date) -> str:
    names = "januari februari mars april maj juni juli augusti september oktober november december"
    return names.split()[day.month - 1]


def test_follow_up_before_step_3_is_refused(unit: Unit, coordinator: User) -> None:
    round_ = factories.open_round(unit)
    complete_step(round_, Step.WEB_COURSE, on=clock.today(), by=coordinator)
    with pytest.raises(StepBlocked, match="Steg 2, riktad utbildning, måste vara klart först"):
        record(round_, coordinator)
    assert not FollowUp.objects.exists()


def test_follow_up_in_the_future_is_refused(round_: Round, coordinator: User) -> None:
    with pytest.raises(StepBlocked, match="Datumet ligger i framtiden"):
        record(round_, coordinator, held_on=clock.today() + dt.timedelta(days=1))


def test_follow_up_dated_before_step_3_is_refused(unit: Unit, coordinator: User) -> None:
    round_ = stages.routines_done(unit, dt.date(2024, 5, 22))
    with pytest.raises(StepBlocked, match="före steg 3, som blev klart den 22 maj 2024"):
        record(round_, coordinator, held_on=dt.date(2024, 5, 21))


def test_early_follow_up_needs_a_reason_that_stays_on_the_record(unit: Unit, coordinator: User) -> None:
    round_ = stages.routines_done(unit, stages.upcoming())
    with pytest.raises(StepBlocked, match="Skriv varför det görs tidigare"):
        record(round_, coordinator)
    assert not FollowUp.objects.exists()
    record(round_, coordinator, override_reason="Enheten läggs ned.")
    assert round_.standing()[Step.FOLLOW_UP].override_reason == "Enheten läggs ned."


def test_reason_is_not_kept_when_none_was_needed(round_: Round, coordinator: User) -> None:
    record(round_, coordinator, override_reason="För säkerhets skull.")
    assert round_.standing()[Step.FOLLOW_UP].override_reason == ""


def test_early_follow_up_with_more_support_needs_no_reason(unit: Unit, coordinator: User) -> None:
    round_ = stages.routines_done(unit, stages.upcoming())
    follow_up = record(round_, coordinator, Decision.MORE_SUPPORT, support_actions=[PROMISE])
    assert follow_up.support_actions.count() == 1


def test_manager_does_not_record_a_follow_up(round_: Round, manager: User) -> None:
    with pytest.raises(Refused, match="Det här gör samordnaren"):
        record(round_, manager)


def test_paused_unit_is_not_followed_up(round_: Round, coordinator: User) -> None:
    record_participation(round_.unit, state=ParticipationState.PAUSED, by=coordinator)
    with pytest.raises(StepBlocked, match="Enheten deltar inte just nu"):
        record(round_, coordinator)


@pytest.mark.parametrize("decision", Decision)
def test_same_follow_up_again_is_the_first(round_: Round, coordinator: User, decision: Decision) -> None:
    promises = [PROMISE] if decision == Decision.MORE_SUPPORT else []
    first = record(round_, coordinator, decision, support_actions=promises)
    assert record(round_, coordinator, decision, support_actions=promises, number=1) == first
    assert FollowUp.objects.count() == 1
    assert SupportAction.objects.count() == len(promises)
    assert Round.objects.count() == (2 if decision == Decision.NEW_ROUND else 1)


# --- Several contacts ---------------------------------------------------------------------------------------------


def test_go_on_settles_the_contact_and_leaves_the_round_open(round_: Round, coordinator: User) -> None:
    follow_up = record(round_, coordinator, Decision.GO_ON)
    assert follow_up.contact is not None
    assert (follow_up.contact.number, follow_up.contact.outcome) == (1, Outcome.HELD)
    assert steps_of(round_) == [Step.WEB_COURSE, Step.TRAINING, Step.ROUTINES]
    window = next_window(round_)
    assert (window.number, window.target_on) == (2, stages.due() + relativedelta(months=12))


def test_last_contact_does_not_go_on(round_: Round, coordinator: User) -> None:
    record(round_, coordinator, Decision.GO_ON)
    with pytest.raises(StepBlocked, match="Det här är det sista samtalet"):
        record(round_, coordinator, Decision.GO_ON, effect="Mer.")


def test_more_support_at_the_last_contact_gives_one_more_after_it(round_: Round, coordinator: User) -> None:
    record(round_, coordinator, Decision.GO_ON)
    record(round_, coordinator, Decision.MORE_SUPPORT, support_actions=[PROMISE])
    window = next_window(round_)
    assert (window.number, window.is_planned) == (3, False)
    assert window.target_on == clock.today() + relativedelta(months=3)


def test_protocol_of_a_contact_that_is_over_is_never_the_next_ones(round_: Round, coordinator: User) -> None:
    record(round_, coordinator, Decision.GO_ON, number=1)
    with pytest.raises(StepBlocked, match="Samtal 1 är redan registrerat"):
        record(round_, coordinator, Decision.GO_ON, number=1, effect="Andra ord.")
    assert FollowUp.objects.count() == 1


def test_step_4_before_the_first_contacts_day_needs_a_reason_also_at_the_second(unit: Unit, coordinator: User) -> None:
    round_ = stages.routines_done(unit, stages.ago(months=5, days=10))
    record(round_, coordinator, Decision.GO_ON)
    with pytest.raises(StepBlocked, match="Skriv varför det görs tidigare"):
        record(round_, coordinator, effect="Nu.")


def test_contact_that_could_not_be_held_is_settled_with_its_reason_once(round_: Round, coordinator: User) -> None:
    said: dict[str, Any] = {"on": clock.today(), "reason": "Chefen slutade.", "by": coordinator, "number": 1}
    contact = record_not_held(round_, **said)
    assert (contact.number, contact.outcome, contact.reason) == (1, Outcome.NOT_HELD, "Chefen slutade.")
    assert record_not_held(round_, **said) == contact
    assert [row.number for row in round_.contacts.standing()] == [1]
    assert not FollowUp.objects.exists()


def test_contact_that_could_not_be_held_needs_a_reason_and_an_open_window(unit: Unit, coordinator: User) -> None:
    round_ = stages.routines_done(unit, stages.due())
    with pytest.raises(StepBlocked, match="Skriv varför samtalet inte kunde hållas"):
        record_not_held(round_, on=clock.today(), reason=" ", by=coordinator)
    with pytest.raises(StepBlocked, match="Samtalet ska hållas tidigast"):
        record_not_held(round_, on=stages.ago(months=4), reason="Sjuk.", by=coordinator)
    assert not round_.contacts.exists()


def test_going_back_lets_the_contacts_begin_anew_and_a_corrected_date_does_not(
    round_: Round, coordinator: User
) -> None:
    record(round_, coordinator, Decision.GO_ON)
    stages.redate_routines(round_, stages.ago(months=7))
    assert [row.number for row in round_.contacts.standing()] == [1]
    record(round_, coordinator, Decision.BACK_TO_ROUTINES)
    assert not round_.contacts.standing().exists()
    complete_step(round_, Step.ROUTINES, on=clock.today(), by=coordinator)
    assert next_window(round_).number == 1


def test_follow_up_after_step_3_was_done_again_is_another_one(round_: Round, coordinator: User) -> None:
    first = record(round_, coordinator, Decision.BACK_TO_ROUTINES)
    complete_step(round_, Step.ROUTINES, on=clock.today(), by=coordinator)
    assert record(round_, coordinator, Decision.BACK_TO_ROUTINES) != first


def test_complete_follow_up_returns_the_one_that_stands(round_: Round, coordinator: User) -> None:
    first = complete_follow_up(round_, on=clock.today(), by=coordinator)
    assert complete_follow_up(round_, on=stages.ago(months=1), by=coordinator) == first


def test_support_action_is_done_once(round_: Round, coordinator: User, manager: User) -> None:
    follow_up = record(round_, coordinator, Decision.MORE_SUPPORT, support_actions=[PROMISE])
    row = follow_up.support_actions.get()
    complete_support_action(row, by=manager)
    again = complete_support_action(row, by=coordinator)
    assert (again.done_on, again.done_by) == (clock.today(), manager)


@pytest.mark.django_db(transaction=True)
def test_ten_at_once_make_one_follow_up(unit: Unit, coordinator: User, manager: User) -> None:
    round_ = stages.routines_done(unit, stages.due())
    made = together(10, lambda _number: record(round_, coordinator, Decision.NEW_ROUND))
    assert len({follow_up.pk for follow_up in made}) == 1
    assert [row.number for row in Round.objects.order_by("number")] == [1, 2]
    assert Message.objects.filter(recipient=manager, key__startswith="step_completed").count() == 1
