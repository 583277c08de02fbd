"""Coverage held to a model in plain Python, day by day, over random histories recorded in random order.

A history is written as rows, past every limit that the portal's own forms and actions set: whatever the rows hold, by
an import or by two people at once, the figures must be right.
"""

import datetime as dt
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from courses import queries
from courses.models import Completion, GroupSession
from courses.queries import Coverage
from jarfalla import clock
from tests import factories
from units.models import DeclaredHeadcount, Membership, Programme, Unit, User

pytestmark = pytest.mark.django_db

PEOPLE, UNITS = 4, 2
# A hundred days over the ends of a January, a leap February and a March, where calendar months differ most.
FIRST_DAY = dt.date(2024, 1, 20)
DAYS = [FIRST_DAY + dt.timedelta(days=number) for number in range(100)]

few = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
many = settings(few, max_examples=120)


# --- Histories ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spell:
    """A person works in a unit from one day up to, not including, another."""

    person: int
    unit: int
    start: dt.date
    end: dt.date | None = None


@dataclass(frozen=True)
class Session:
    unit: int
    on: dt.date
    headcount: int | None
    withdrawn: bool = False


@dataclass(frozen=True)
class Taken:
    person: int
    on: dt.date
    session: int | None = None
    counted_in: int | None = None
    withdrawn: bool = False


@dataclass(frozen=True)
class Declared:
    unit: int
    on: dt.date
    headcount: int | None


@dataclass(frozen=True)
class History:
    months: int | None = None
    spells: list[Spell] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    declared: list[Declared] = field(default_factory=list)


days = st.sampled_from(DAYS)
people = st.integers(0, PEOPLE - 1)
units = st.integers(0, UNITS - 1)


@st.composite
def spells(draw: st.DrawFn) -> list[Spell]:
    """For each person and unit up to two spells, which may be empty, touch, or not have ended."""
    found = []
    for person in range(PEOPLE):
        for unit in range(UNITS):
            ends: list[dt.date | None] = [*sorted(draw(st.lists(days, max_size=4))), None]
            found += [Spell(person, unit, a, b) for a, b in zip(ends[::2], ends[1::2], strict=False) if a]
    return found


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Anything that rows can hold."""
    headcounts = st.none() | st.integers(1, PEOPLE + 2)
    sessions = draw(st.lists(st.builds(Session, units, days, headcounts, st.booleans()), max_size=4))
    of_a_session = st.sampled_from(range(len(sessions))) if sessions else st.none()
    named = st.builds(Taken, people, days, session=st.none() | of_a_session, withdrawn=st.booleans())
    later = st.builds(Taken, people, days, counted_in=of_a_session, withdrawn=st.booleans())
    return History(
        months=draw(st.sampled_from([None, 1, 2, 3])),
        spells=draw(spells()),
        sessions=sessions,
        # One standing completion for each person and day; of one day's declarations only one, so that order is free.
        taken=draw(st.lists(named | later, max_size=8, unique_by=lambda row: (row.person, row.on))),
        declared=draw(
            st.lists(st.builds(Declared, units, days, headcounts), max_size=3, unique_by=lambda row: (row.unit, row.on))
        ),
    )


# --- What a plain reading of a history says ------------------------------------------------------------------------


def plain(history: History, unit: int, day: dt.date) -> Coverage:
    """The coverage of the unit on the day, counted on the fingers."""

    def counts(since: dt.date) -> bool:
        return since <= day and (history.months is None or day < since + relativedelta(months=history.months))

    staff = {s.person for s in history.spells if s.unit == unit and s.start <= day and (s.end is None or day < s.end)}
    standing = [row for row in history.taken if not row.withdrawn]
    named = {row.person for row in standing if counts(row.on)} & staff
    nameless = 0
    for number, session in enumerate(history.sessions):
        if session.unit == unit and not session.withdrawn and counts(session.on):
            nameless += max(0, (session.headcount or 0) - len({r.person for r in standing if r.counted_in == number}))
    said = [row for row in history.declared if row.unit == unit and row.on <= day]
    latest = max(said, key=lambda row: row.on, default=None)
    if latest is None or latest.headcount is None:
        return Coverage(len(staff), len(named), nameless, day)
    return Coverage(latest.headcount, len(named), nameless, day, latest.on)


# --- The same history as rows --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """The rows that every history needs."""

    units: list[Unit]
    people: list[User]


@pytest.fixture
def place() -> Place:
    return Place([factories.unit() for _ in range(UNITS)], [factories.user() for _ in range(PEOPLE)])


class Book:
    """Writes a history's rows one by one, in any order: a row that another one needs is written before it."""

    def __init__(self, place: Place, history: History) -> None:
        self.place, self.history, self.by = place, history, place.people[0]
        self.sessions: dict[int, GroupSession] = {}
        self.completions: dict[int, Completion] = {}

    def session(self, number: int) -> GroupSession:
        """The session of that number; the same one however often it is asked for."""
        if number not in self.sessions:
            row = self.history.sessions[number]
            self.sessions[number] = GroupSession.objects.create(
                unit=self.place.units[row.unit], held_on=row.on, headcount=row.headcount, recorded_by=self.by
            )
        return self.sessions[number]

    def completion(self, number: int) -> Completion:
        """The completion of that number, likewise."""
        if number not in self.completions:
            row = self.history.taken[number]
            self.completions[number] = Completion.objects.create(
                user=self.place.people[row.person],
                completed_on=row.on,
                session=None if row.session is None else self.session(row.session),
                counted_in=None if row.counted_in is None else self.session(row.counted_in),
                recorded_by=self.by,
            )
        return self.completions[number]

    def withdraw(self, row: Any) -> None:
        row.withdrawn_at, row.withdrawn_by = clock.now(), self.by
        row.save()

    def work(self, row: Spell) -> None:
        user, unit = self.place.people[row.person], self.place.units[row.unit]
        Membership.objects.create(user=user, unit=unit, started_on=row.start, ended_on=row.end)

    def declare(self, row: Declared) -> None:
        unit = self.place.units[row.unit]
        DeclaredHeadcount.objects.create(unit=unit, headcount=row.headcount, declared_on=row.on)

    def writes(self) -> list[Callable[[], object]]:
        """Everything that there is to write."""
        story = self.history
        months = {"course_validity_months": story.months}
        return [
            *(lambda row=row: self.work(row) for row in story.spells),
            *(lambda row=row: self.declare(row) for row in story.declared),
            *(lambda n=n: self.session(n) for n in range(len(story.sessions))),
            *(lambda n=n: self.completion(n) for n in range(len(story.taken))),
            *(lambda n=n: self.withdraw(self.session(n)) for n, row in enumerate(story.sessions) if row.withdrawn),
            *(lambda n=n: self.withdraw(self.completion(n)) for n, row in enumerate(story.taken) if row.withdrawn),
            lambda: Programme.objects.update_or_create(pk=1, defaults=months),
        ]


@contextmanager
def recorded(place: Place, history: History, order: int = 0) -> Iterator[dict[int, GroupSession]]:
    """Every row of the history, written in an order that follows from `order`; gone again afterwards.

    Gives the sessions by their number.
    """
    book = Book(place, history)
    writes = book.writes()
    random.Random(order).shuffle(writes)  # seeded, so that a failing example repeats itself
    with transaction.atomic():
        for write in writes:
            write()
        yield book.sessions
        transaction.set_rollback(True)


def figures(place: Place, unit: int = 0) -> list[Coverage]:
    """The coverage of the unit on every day."""
    return queries.coverage_trend(place.units[unit], DAYS)


# --- What must hold ------------------------------------------------------------------------------------------------


@many
@given(histories(), st.integers(0, 10**6))
def test_coverage_is_what_a_plain_reading_says_on_every_day_whatever_the_order(
    place: Place, history: History, order: int
) -> None:
    with recorded(place, history, order):
        for unit in range(UNITS):
            assert figures(place, unit) == [plain(history, unit, day) for day in DAYS]


@few
@given(histories())
def test_coverage_is_never_above_everybody_and_never_counts_anybody_twice(place: Place, history: History) -> None:
    with recorded(place, history):
        for unit in range(UNITS):
            for day in figures(place, unit):
                assert 0 <= day.percent <= 100
                assert day.named + day.headcount == day.covered <= day.size
                there = {row.person for row in history.spells if row.unit == unit}
                took = {row.person for row in history.taken if not row.withdrawn}
                assert day.registered <= len(there & took)
                assert day.registered <= day.size or day.declared_on


@few
@given(histories(), st.lists(days, min_size=1, max_size=5))
def test_trend_is_the_coverage_of_each_of_its_days(place: Place, history: History, asked: list[dt.date]) -> None:
    with recorded(place, history):
        unit, other = place.units
        for day, reached in zip(asked, queries.coverage_trend(unit, asked), strict=True):
            assert queries.coverage(unit, day) == reached
            assert queries.coverages([other, unit], day)[unit.pk] == reached


@few
@given(histories(), days)
def test_joiner_without_the_course_never_raises_the_share_and_changes_no_earlier_day(
    place: Place, history: History, start: dt.date
) -> None:
    with recorded(place, history):
        before = figures(place)
        Membership.objects.create(user=factories.user(), unit=place.units[0], started_on=start)
        after = figures(place)
    assert [day for day in after if day.on < start] == [day for day in before if day.on < start]
    for was, now in zip(before, after, strict=True):
        assert now.percent <= was.percent or was.size == 0
        if now.on >= start:  # at once
            assert now.size == was.size + (0 if was.declared_on else 1)
            assert (now.registered, now.reported) == (was.registered, was.reported)


@few
@given(histories(), people, days)
def test_completion_never_lowers_the_share_and_changes_no_earlier_day(
    place: Place, history: History, person: int, on: dt.date
) -> None:
    history = replace(history, taken=[row for row in history.taken if (row.person, row.on) != (person, on)])
    with recorded(place, history):
        before = figures(place)
        Completion.objects.create(user=place.people[person], completed_on=on, recorded_by=place.people[0])
        after = figures(place)
    for was, now in zip(before, after, strict=True):
        assert now.covered >= was.covered
        assert now == was or now.on >= on


@few
@given(histories(), people, days)
def test_leaver_leaves_both_sides(place: Place, history: History, person: int, end: dt.date) -> None:
    there = [row for row in history.spells if row.person != person or row.unit != 0]
    with recorded(place, replace(history, spells=[*there, Spell(person, 0, FIRST_DAY)])):
        stays = figures(place)
        Membership.objects.filter(user=place.people[person], unit=place.units[0]).update(ended_on=end)
        leaves = figures(place)
    for was, now in zip(stays, leaves, strict=True):
        if now.on < end:
            assert now == was
            continue
        had_it = was.registered - now.registered
        assert had_it in {0, 1}
        assert was.size - now.size == (0 if was.declared_on else 1)
        assert now.reported == was.reported
        if not was.declared_on and had_it:
            assert now.percent <= was.percent or not now.size
        elif not was.declared_on:
            assert now.percent >= was.percent or not now.size


@few
@given(histories(), st.builds(Session, st.just(0), days, st.integers(1, 3)), people)
@example(History(spells=[Spell(0, 0, FIRST_DAY), Spell(1, 0, FIRST_DAY)]), Session(0, FIRST_DAY, 1), 0)
def test_giving_a_name_to_somebody_who_was_counted_adds_nobody(
    place: Place, history: History, session: Session, person: int
) -> None:
    """Of those without a name one gets a name: the sum stays, or sinks by one when they don't work here that day."""
    others = [row for row in history.taken if row.person != person]
    history = replace(history, taken=others, sessions=[*history.sessions, session])
    with recorded(place, history) as sessions:
        before = figures(place)
        Completion.objects.create(
            user=place.people[person],
            completed_on=session.on,
            counted_in=sessions[len(history.sessions) - 1],
            recorded_by=place.people[0],
        )
        after = figures(place)
    for was, now in zip(before, after, strict=True):
        assert now.size == was.size
        assert was.counted - now.counted in {0, 1}
        if was.reported > now.reported:
            works_here = now.registered > was.registered
            assert now.counted == was.counted - (not works_here)
        else:
            assert now == was


@few
@given(histories())
def test_withdrawn_rows_count_for_no_day(place: Place, history: History) -> None:
    with recorded(place, history):
        with_withdrawn = figures(place)
    keep = [number for number, row in enumerate(history.sessions) if not row.withdrawn]
    moved = {old: new for new, old in enumerate(keep)}
    never_there = replace(
        history,
        sessions=[history.sessions[number] for number in keep],
        taken=[
            replace(
                row,
                session=None if row.session is None else moved.get(row.session),
                counted_in=None if row.counted_in is None else moved.get(row.counted_in),
            )
            for row in history.taken
            if not row.withdrawn
        ],
    )
    with recorded(place, never_there):
        assert figures(place) == with_withdrawn
