"""Which follow-ups come, are due and are late."""

import datetime as dt
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from followups import queries
from followups.queries import WindowState
from jarfalla import clock
from tests import factories
from tests.followups import stages
from units.actions import complete_step, record_participation, settle_contact
from units.models import (
    MembershipRole,
    Outcome,
    ParticipationState,
    Programme,
    Round,
    Step,
    StepCompletion,
    Unit,
    User,
)

pytestmark = pytest.mark.django_db

DAYS = st.dates(min_value=dt.date(2015, 1, 1), max_value=dt.date(2026, 1, 1))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(day=DAYS, months=st.integers(1, 30), before=st.integers(0, 6), after=st.integers(1, 12))
@example(day=dt.date(2023, 8, 31), months=7, before=1, after=6)  # 29 February
@example(day=dt.date(2024, 8, 31), months=7, before=1, after=6)  # 28 February
@example(day=dt.date(2024, 2, 29), months=6, before=0, after=6)
@example(day=dt.date(2024, 3, 31), months=6, before=1, after=1)
def test_months_are_the_same_in_the_database_and_in_python(
    unit: Unit, day: dt.date, months: int, before: int, after: int
) -> None:
    round_ = unit.open_round
    assert round_ is not None
    if Step.ROUTINES not in round_.standing():
        stages.routines_done(unit, day)
    StepCompletion.objects.update(completed_on=day, recorded_at=clock.now())
    programme = Programme(
        follow_up_months=[months, months + 1],
        follow_up_opens_before_months=before,
        follow_up_closes_after_months=after,
    )
    row = queries.rounds_to_follow_up(programme).get()
    days = [day + relativedelta(months=count) for count in (max(months - before, 0), months, months + after)]
    assert [row.window_opens_on, row.window_target_on, row.window_closes_on] == days
    [window] = queries.windows([row], programme, day)
    assert [window.opens_on, window.target_on, window.closes_on] == days
    assert window == queries.window_of(Round.objects.get(pk=round_.pk), programme, day)


def settled(round_: Round, *days: dt.date) -> None:
    """The round's first contacts were held on these days."""
    for number, day in enumerate(days, start=1):
        settle_contact(round_, number, on=day, outcome=Outcome.HELD, by=stages.someone())


@pytest.mark.parametrize(
    ("held", "anchor", "title", "target_on", "is_last"),
    [
        ([], 3, "Samtal 1 av 2", dt.date(2024, 11, 30), False),
        ([dt.date(2025, 1, 9)], 3, "Samtal 2 av 2", dt.date(2025, 5, 31), True),
        ([dt.date(2025, 1, 9), dt.date(2025, 5, 31)], 3, "Extra samtal 3", dt.date(2025, 8, 31), True),
        ([], 2, "Samtal 1 av 2", dt.date(2024, 8, 29), False),
        ([dt.date(2024, 11, 9)], 2, "Samtal 2 av 2", dt.date(2025, 2, 28), True),
        # Held so late that the next one would come on its heels.
        ([dt.date(2025, 1, 9)], 2, "Samtal 2 av 2", dt.date(2025, 4, 9), True),
    ],
)
def test_planned_contacts_count_from_the_anchor_and_the_others_from_the_one_before(
    unit: Unit, held: list[dt.date], anchor: int, title: str, target_on: dt.date, is_last: bool
) -> None:
    round_ = stages.routines_done(unit, dt.date(2024, 5, 31))
    StepCompletion.objects.filter(step=Step.TRAINING).update(completed_on=dt.date(2024, 2, 29))
    settled(round_, *held)
    programme = Programme(follow_up_anchor=anchor)
    [window] = queries.windows(list(queries.rounds_to_follow_up(programme)), programme, dt.date(2024, 6, 1))
    assert (window.title, window.target_on, window.is_last) == (title, target_on, is_last)
    assert window == queries.window_of(Round.objects.get(pk=round_.pk), programme, dt.date(2024, 6, 1))


def test_contact_that_could_not_be_held_leaves_the_next_one_where_it_was(unit: Unit) -> None:
    round_ = stages.routines_done(unit, dt.date(2024, 5, 31))
    settle_contact(
        round_, 1, on=dt.date(2025, 5, 1), outcome=Outcome.NOT_HELD, reason="Chefen var sjuk.", by=stages.someone()
    )
    window = queries.window_of(Round.objects.get(pk=round_.pk), Programme.current(), dt.date(2025, 5, 2))
    assert window is not None
    assert window.target_on == dt.date(2025, 5, 31)
    assert queries.rounds_to_follow_up(Programme.current()).get().window_target_on == window.target_on


@pytest.mark.parametrize(("year", "february"), [(2023, dt.date(2024, 2, 29)), (2024, dt.date(2025, 2, 28))])
def test_contact_after_31_august_aims_for_the_last_of_february(unit: Unit, year: int, february: dt.date) -> None:
    stages.routines_done(unit, dt.date(year, 8, 31))
    row = queries.rounds_to_follow_up(Programme.current()).get()
    found = (row.window_opens_on, row.window_target_on, row.window_closes_on)
    assert found == (dt.date(year + 1, 1, 31), february, dt.date(year + 1, 4, 30))


def test_state_changes_on_the_days_of_the_window(unit: Unit) -> None:
    round_ = stages.routines_done(unit, dt.date(2024, 5, 22))

    def state(*day: int) -> WindowState:
        window = queries.window_of(round_, Programme.current(), dt.date(*day))
        assert window is not None
        return window.state

    assert state(2024, 10, 21) == WindowState.UPCOMING
    assert state(2024, 10, 22) == WindowState.DUE
    assert state(2024, 12, 21) == WindowState.DUE
    assert state(2024, 12, 22) == WindowState.CLOSING
    assert state(2025, 1, 22) == WindowState.CLOSING
    assert state(2025, 1, 23) == WindowState.OVERDUE


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (dt.date(2024, 10, 12), "öppnar om 10 dagar"),
        (dt.date(2024, 10, 21), "öppnar i morgon"),
        (dt.date(2025, 1, 12), "10 dagar kvar"),
        (dt.date(2025, 1, 21), "1 dag kvar"),
        (dt.date(2025, 1, 22), "sista dagen i dag"),
        (dt.date(2025, 1, 23), "stängde i går"),
        (dt.date(2025, 2, 1), "stängde för 10 dagar sedan"),
    ],
)
def test_days_left_in_words(unit: Unit, day: dt.date, words: str) -> None:
    window = queries.window_of(stages.routines_done(unit, dt.date(2024, 5, 22)), Programme.current(), day)
    assert window is not None
    assert window.days == words


def test_window_follows_a_corrected_date(unit: Unit) -> None:
    round_ = stages.routines_done(unit, dt.date(2024, 5, 22))
    stages.redate_routines(round_, dt.date(2024, 6, 3))
    assert queries.rounds_to_follow_up(Programme.current()).get().window_opens_on == dt.date(2024, 11, 3)


@pytest.mark.parametrize("state", [ParticipationState.PAUSED, ParticipationState.DECLINED])
def test_unit_that_does_not_take_part_has_no_follow_up(unit: Unit, state: ParticipationState) -> None:
    stages.routines_done(unit, stages.overdue())
    record_participation(unit, state=state, by=stages.someone())
    assert not queries.rounds_to_follow_up(Programme.current()).exists()
    record_participation(unit, state=ParticipationState.TAKING_PART, by=stages.someone())
    assert [row.unit for row in queries.rounds_to_follow_up(Programme.current())] == [unit]


def test_unit_without_step_3_or_with_step_4_has_no_follow_up(unit: Unit) -> None:
    assert not queries.rounds_to_follow_up(Programme.current()).exists()
    round_ = stages.routines_done(unit, stages.due())
    complete_step(round_, Step.FOLLOW_UP, on=clock.today(), by=stages.someone())
    assert not queries.rounds_to_follow_up(Programme.current()).exists()


def test_list_puts_the_most_urgent_first_and_leaves_out_what_is_far_off() -> None:
    days = [stages.ago(months=1), stages.upcoming(), stages.due(), stages.closing(), stages.overdue()]
    for day in days:
        stages.routines_done(factories.taking_part(factories.unit()), day)
    programme = Programme.current()
    rows = queries.follow_up_list(Unit.objects.all(), programme, clock.today())
    states = [window.state for window in queries.windows(list(rows), programme, clock.today())]
    assert states == [WindowState.OVERDUE, WindowState.CLOSING, WindowState.DUE, WindowState.UPCOMING]


def test_list_has_managers_without_protected_and_former_ones(unit: Unit, manager: User) -> None:
    stages.routines_done(unit, stages.due())
    protected = factories.staff(unit, name="Hemlig Chef", role=MembershipRole.MANAGER)
    User.objects.filter(pk=protected.pk).update(is_protected=True)
    closed = factories.staff(unit, name="Stängd Chef", role=MembershipRole.MANAGER)
    User.objects.filter(pk=closed.pk).update(is_active=False)
    former = factories.staff(unit, name="Förra Chefen", role=MembershipRole.MANAGER)
    former.memberships.update(started_on=clock.today() - relativedelta(years=1), ended_on=clock.today())
    [row] = queries.follow_up_list(Unit.objects.all(), Programme.current(), clock.today())
    present: Any = row.unit
    assert [membership.user for membership in present.present_managers] == [manager]
