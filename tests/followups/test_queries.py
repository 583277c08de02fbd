"""Which follow-ups come, are due and are late."""

import datetime as dt
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from followups import queries
from followups.queries import WindowState
from jarfalla import clock
from tests import factories
from tests.followups import stages
from units.actions import complete_step, record_participation
from units.models import MembershipRole, ParticipationState, Programme, Step, StepCompletion, Unit, User

pytestmark = pytest.mark.django_db

DAYS = st.dates(min_value=dt.date(2015, 1, 1), max_value=dt.date(2026, 1, 1))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(day=DAYS, opens=st.integers(1, 30), longer=st.integers(1, 30))
@example(day=dt.date(2023, 8, 31), opens=6, longer=6)  # 29 February
@example(day=dt.date(2024, 8, 31), opens=6, longer=6)  # 28 February
@example(day=dt.date(2024, 2, 29), opens=6, longer=6)
@example(day=dt.date(2024, 3, 31), opens=5, longer=1)
def test_months_are_the_same_in_the_database_and_in_python(unit: Unit, day: dt.date, opens: int, longer: int) -> None:
    round_ = unit.open_round
    assert round_ is not None
    if Step.ROUTINES not in round_.standing():
        stages.routines_done(unit, day)
    StepCompletion.objects.update(completed_on=day)
    programme = Programme(follow_up_opens_months=opens, follow_up_closes_months=opens + longer)
    row = queries.rounds_to_follow_up(programme).get()
    assert (row.opens_on, row.closes_on) == round_.follow_up_window(programme)
    [window] = queries.windows([row], programme, day)
    assert (window.opens_on, window.closes_on) == (row.opens_on, row.closes_on)
    assert window.opens_on <= window.closing_on < window.closes_on


@pytest.mark.parametrize(("year", "february"), [(2023, dt.date(2024, 2, 29)), (2024, dt.date(2025, 2, 28))])
def test_window_after_31_august_opens_on_the_last_of_february(unit: Unit, year: int, february: dt.date) -> None:
    stages.routines_done(unit, dt.date(year, 8, 31))
    row = queries.rounds_to_follow_up(Programme.current()).get()
    assert (row.opens_on, row.closes_on) == (february, dt.date(year + 1, 8, 31))


def test_state_changes_on_the_days_of_the_window(unit: Unit) -> None:
    round_ = stages.routines_done(unit, dt.date(2024, 5, 22))

    def state(*day: int) -> WindowState:
        window = queries.window_of(round_, Programme.current(), dt.date(*day))
        assert window is not None
        return window.state

    assert state(2024, 11, 21) == WindowState.UPCOMING
    assert state(2024, 11, 22) == WindowState.DUE
    assert state(2025, 4, 21) == WindowState.DUE
    assert state(2025, 4, 22) == WindowState.CLOSING
    assert state(2025, 5, 22) == WindowState.CLOSING
    assert state(2025, 5, 23) == WindowState.OVERDUE


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (dt.date(2024, 11, 12), "öppnar om 10 dagar"),
        (dt.date(2024, 11, 21), "öppnar i morgon"),
        (dt.date(2025, 5, 12), "10 dagar kvar"),
        (dt.date(2025, 5, 21), "1 dag kvar"),
        (dt.date(2025, 5, 22), "sista dagen i dag"),
        (dt.date(2025, 5, 23), "stängde i går"),
        (dt.date(2025, 6, 1), "stängde för 10 dagar sedan"),
    ],
)
def test_days_left_in_words(unit: Unit, day: dt.date, words: str) -> None:
    window = queries.window_of(stages.routines_done(unit, dt.date(2024, 5, 22)), Programme.current(), day)
    assert window is not None
    assert window.days == words


def test_window_follows_a_corrected_date(unit: Unit) -> None:
    round_ = stages.routines_done(unit, dt.date(2024, 5, 22))
    stages.redate_routines(round_, dt.date(2024, 6, 3))
    assert queries.rounds_to_follow_up(Programme.current()).get().opens_on == dt.date(2024, 12, 3)


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
    days = [stages.ago(months=2), stages.upcoming(), stages.due(), stages.closing(), stages.overdue()]
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


def test_reminders_make_as_many_queries_for_one_round_as_for_three(unit: Unit, coordinator: User) -> None:
    def count() -> int:
        programme = Programme.current()
        with CaptureQueriesContext(connection) as seen:
            rows = list(queries.rounds_to_follow_up(programme))
            queries.unwritten(queries.reminders(queries.windows(rows, programme, clock.today())))
        return len(seen)

    stages.routines_done(unit, stages.due())
    one = count()
    for _number in range(2):
        stages.routines_done(factories.taking_part(factories.unit()), stages.due())
    assert one == count()
