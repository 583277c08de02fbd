"""Where units stand, in SQL: the same answers as the models give one row at a time."""

import datetime as dt
import random

import pytest
from dateutil.relativedelta import relativedelta
from django.db.models import F, QuerySet
from django.db.models.functions import Collate
from hypothesis import given, settings
from hypothesis import strategies as st

from jarfalla import clock
from tests import factories
from tests.jarfalla.scenes import standing_at
from units import actions
from units.models import Kind, Participation, ParticipationState, Programme, Step, StepCompletion, Unit, User
from units.queries import (
    ProgressStatus,
    UnitWithProgress,
    add_months,
    by_label,
    count_progress,
    places,
    steps_of,
    swedish_key,
    swedish_order,
    units_with_progress,
)

pytestmark = pytest.mark.django_db

TODAY = dt.date(2026, 11, 22)


def progress(today: dt.date | None = None) -> "QuerySet[UnitWithProgress, UnitWithProgress]":
    return units_with_progress(Unit.objects.all(), Programme.current(), today or clock.today())


def test_status_of_a_unit_that_does_not_take_part(coordinator: User) -> None:
    factories.unit(name="Ny")
    for state in (ParticipationState.INVITED, ParticipationState.DECLINED, ParticipationState.PAUSED):
        actions.record_participation(factories.unit(name=state.value), state=state, by=coordinator)
    assert dict(progress().values_list("name", "status")) == {
        "Ny": ProgressStatus.NOT_INVITED,
        "invited": ProgressStatus.INVITED,
        "declined": ProgressStatus.DECLINED,
        "paused": ProgressStatus.PAUSED,
    }


def test_status_follows_the_latest_answer(coordinator: User) -> None:
    unit = standing_at(1, by=coordinator)
    actions.record_participation(unit, state=ParticipationState.PAUSED, by=coordinator)
    row = progress().get()
    assert (row.status, row.steps_done, row.participating_since) == (ProgressStatus.PAUSED, 1, clock.today())


@pytest.mark.parametrize(
    ("steps", "days_ago", "status"),
    [
        (0, 10, ProgressStatus.STEP_1),
        (1, 10, ProgressStatus.STEP_2),
        (2, 10, ProgressStatus.STEP_3),
        (3, 10, ProgressStatus.WAITING_FOR_FOLLOW_UP),
        (3, 200, ProgressStatus.FOLLOW_UP_DUE),
        (3, 400, ProgressStatus.FOLLOW_UP_OVERDUE),
        (4, 10, ProgressStatus.DONE),
    ],
)
def test_status_of_a_unit_that_takes_part(coordinator: User, steps: int, days_ago: int, status: str) -> None:
    standing_at(steps, days_ago=days_ago, by=coordinator)
    assert [row.status for row in progress()] == [status]
    assert progress().filter(status=status).count() == 1


def test_status_on_the_first_and_last_day_of_the_window(coordinator: User) -> None:
    unit = standing_at(2, by=coordinator)
    actions.complete_step(factories.open_round(unit), Step.ROUTINES, on=dt.date(2025, 8, 31), by=coordinator)
    expected = {
        dt.date(2026, 1, 30): ProgressStatus.WAITING_FOR_FOLLOW_UP,
        dt.date(2026, 1, 31): ProgressStatus.FOLLOW_UP_DUE,
        dt.date(2026, 4, 30): ProgressStatus.FOLLOW_UP_DUE,
        dt.date(2026, 5, 1): ProgressStatus.FOLLOW_UP_OVERDUE,
    }
    assert {day: progress(day).get().status for day in expected} == expected


def test_progress_withdrawn_step_does_not_count(coordinator: User) -> None:
    unit = standing_at(2, by=coordinator)
    last = StepCompletion.objects.get(round__unit=unit, step=Step.TRAINING)
    actions.withdraw_step(last, reason="Fel datum", by=coordinator)
    row = progress().get()
    assert (row.steps_done, row.step_1_on is None, row.step_2_on) == (1, False, None)


def test_progress_after_a_closed_round_is_done_until_the_next_begins(coordinator: User) -> None:
    unit = standing_at(4, by=coordinator)
    actions.close_round(factories.open_round(unit), by=coordinator)
    closed = progress().get()
    assert (closed.status, closed.round_number, closed.round_closed_on) == (ProgressStatus.DONE, 1, clock.today())
    actions.start_round(unit, by=coordinator)
    again = progress().get()
    assert (again.status, again.round_number, again.steps_done, again.step_1_on) == (ProgressStatus.STEP_1, 2, 0, None)


def test_progress_is_one_query_for_any_number(django_assert_num_queries, coordinator: User) -> None:  # type: ignore[no-untyped-def]  # pytest-django's fixture
    programme = Programme.current()
    for steps in range(4):
        standing_at(steps, by=coordinator)
        with django_assert_num_queries(1):
            assert len(units_with_progress(Unit.objects.all(), programme, TODAY)) == steps + 1


def test_count_progress_by_kind(coordinator: User) -> None:
    standing_at(1, by=coordinator, kind=Kind.PRESCHOOL)
    standing_at(1, by=coordinator, kind=Kind.PRESCHOOL)
    standing_at(3, by=coordinator, kind=Kind.COMPULSORY_SCHOOL)
    factories.unit(kind=Kind.PRESCHOOL)
    counts = {(row["kind"], row["status"], row["steps_done"]): row["units"] for row in count_progress(progress())}
    assert counts == {
        ("preschool", "step_2", 1): 2,
        ("preschool", "not_invited", 0): 1,
        ("compulsory_school", "waiting_for_follow_up", 3): 1,
    }


@settings(max_examples=200)
@given(
    date=st.dates(min_value=dt.date(1990, 1, 1), max_value=dt.date(2090, 12, 31)),
    months=st.integers(min_value=1, max_value=60),
)
def test_add_months_agrees_with_the_models(date: dt.date, months: int) -> None:
    unit = Unit.objects.first() or factories.unit()
    Participation.objects.filter(unit=unit).delete()
    unit.participations.create(state="invited", since=date, recorded_by=factories.user())
    in_sql = unit.participations.values_list(add_months("since", months), flat=True).get()
    assert in_sql == date + relativedelta(months=months)


def test_follow_up_window_counts_the_months_at_once(coordinator: User) -> None:
    for day in (dt.date(2024, 8, 31), dt.date(2025, 8, 29), dt.date(2023, 11, 30), dt.date(2024, 2, 29)):
        unit = standing_at(2, by=coordinator, days_ago=1500)
        actions.complete_step(factories.open_round(unit), Step.ROUTINES, on=day, by=coordinator)
        row = progress().get(pk=unit.pk)
        assert row.window_opens_on == day + relativedelta(months=5)
        assert row.window_closes_on == day + relativedelta(months=8)


NAMES = ["Aspen", "bergets skola", "Björken", "Zinken", "Åsen", "åsnan", "Älgen", "Ödlan", "École", "Eken", "Östra"]
IN_SWEDISH = [
    "Aspen",
    "bergets skola",
    "Björken",
    "École",
    "Eken",
    "Zinken",
    "Åsen",
    "åsnan",
    "Älgen",
    "Ödlan",
    "Östra",
]


def test_swedish_order_puts_the_swedish_letters_last_whatever_the_case(db: None) -> None:
    for name in random.Random(1).sample(NAMES, len(NAMES)):
        factories.unit(name=name)
    assert list(Unit.objects.order_by(swedish_order("name")).values_list("name", flat=True)) == IN_SWEDISH
    assert sorted(NAMES, key=swedish_key) == IN_SWEDISH


def test_swedish_order_holds_where_the_database_knows_no_swedish_capitals(db: None) -> None:
    """As on a server with the C locale, where lower('Å') is 'Å'."""
    for name in NAMES:
        factories.unit(name=name)
    in_c = Unit.objects.annotate(in_c=Collate(F("name"), "C"))
    assert list(in_c.order_by(swedish_order("in_c")).values_list("name", flat=True)) == IN_SWEDISH


def test_by_label_sorts_by_what_users_read(db: None) -> None:
    for kind in (Kind.SAFETY, Kind.OPEN_PRESCHOOL, Kind.ASSOCIATION, Kind.PRESCHOOL):
        factories.unit(kind=kind)
    order = Unit.objects.order_by(by_label("kind", Kind.choices)).values_list("kind", flat=True)
    assert [str(Kind(kind).label) for kind in order] == ["Förening", "Förskola", "Trygghet", "Öppen förskola"]


def test_steps_of_a_unit_on_its_way(coordinator: User) -> None:
    standing_at(2, by=coordinator, name="Almen")
    steps = steps_of(progress().get())
    assert [(step.number, step.state) for step in steps] == [(1, "done"), (2, "done"), (3, "next"), (4, "waiting")]
    assert [step.on is None for step in steps] == [False, False, True, True]
    assert steps[0].url == "/enheter/almen/steg-1/"


@pytest.mark.parametrize(("days_ago", "state"), [(10, "waiting"), (200, "next"), (400, "overdue")])
def test_steps_of_a_unit_before_its_follow_up(coordinator: User, days_ago: int, state: str) -> None:
    standing_at(3, by=coordinator, days_ago=days_ago)
    assert steps_of(progress().get())[3].state == state


def test_steps_of_a_unit_that_does_not_take_part_have_no_next(coordinator: User) -> None:
    unit = standing_at(1, by=coordinator)
    actions.record_participation(unit, state=ParticipationState.PAUSED, by=coordinator)
    assert [step.state for step in steps_of(progress().get())] == ["done", "waiting", "waiting", "waiting"]


def test_places_are_the_pairs_that_there_are(db: None) -> None:
    for department, district in (("A", "X"), ("A", "X"), ("A", "Y"), ("", "")):
        factories.unit(department=department, district=district)
    assert sorted(places()) == [("", ""), ("A", "X"), ("A", "Y")]
