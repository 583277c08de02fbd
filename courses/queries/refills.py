"""Påfyllning behövs: units whose coverage has fallen below the threshold since step 1. Nothing of it is stored."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, DateField, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast

from courses.models import Completion, GroupSession
from courses.queries.coverage import Coverage, coverages, reckon, valid_on
from jarfalla import clock
from units.models import (
    DeclaredHeadcount,
    Membership,
    ParticipationState,
    Programme,
    Step,
    StepCompletion,
    Unit,
)
from units.queries import units_with_progress


@dataclass(frozen=True)
class RefillNeed:
    """A unit that needs a refill: how far it has fallen, since which step 1."""

    unit: Unit
    completion: StepCompletion
    coverage: Coverage
    threshold: int
    newcomers: int  # how many came after step 1 and lack the course; protected persons are counted too

    @property
    def required(self) -> int:
        """How many must have taken the course."""
        return self.coverage.required(self.threshold)

    @property
    def missing(self) -> int:
        """How many more have to take it."""
        return self.coverage.missing(self.threshold)


def refills_needed(
    units: Iterable[Unit], on: dt.date | None = None, *, programme: Programme | None = None
) -> dict[int, RefillNeed]:
    """Which of `units` need a refill on the day (today when not given), by primary key.

    Those that take part, whose step 1 stands in their latest round, and whose coverage is below the threshold. The
    step stays completed. A unit where nobody works needs none.

    A coordinator may have let a unit pass step 1 below the threshold. It has not fallen by standing where it stood:
    such a unit needs a refill once somebody has come who lacks the course, or once it had reached the threshold on
    some day after step 1 and is below it again.

    At most six queries for any number of units, and two when all are above the threshold.
    """
    day, programme = on or clock.today(), programme or Programme.current()
    threshold = programme.coverage_threshold_percent
    past_step_1 = _standing_step_1(units, programme, day)
    reached = coverages([row.round.unit for row in past_step_1.values()], day, programme=programme)
    low = {pk: row for pk, row in past_step_1.items() if reached[pk].size and not reached[pk].meets(threshold)}
    if not low:
        return {}
    newcomers = _newcomers(low.values(), day, programme)
    let_past = {pk: row for pk, row in low.items() if row.override_reason and not newcomers.get(pk)}
    untouched = let_past.keys() - _have_reached(let_past, day, programme)
    return {
        pk: RefillNeed(row.round.unit, row, reached[pk], threshold, newcomers.get(pk, 0))
        for pk, row in low.items()
        if pk not in untouched
    }


def _standing_step_1(units: Iterable[Unit], programme: Programme, day: dt.date) -> dict[int, StepCompletion]:
    """The standing step 1 of the latest round of each of `units` that takes part."""
    chosen = units if isinstance(units, QuerySet) else Unit.objects.filter(pk__in=[unit.pk for unit in units])
    taking_part = units_with_progress(chosen.order_by(), programme, day).filter(
        participation=ParticipationState.TAKING_PART
    )
    rows = StepCompletion.objects.standing().filter(step=Step.WEB_COURSE, round__in=taking_part.values("round_pk"))
    return {row.round.unit_id: row for row in rows.select_related("round__unit").order_by("round__unit")}


def _newcomers(rows: Collection[StepCompletion], day: dt.date, programme: Programme) -> dict[int, int]:
    """How many of each unit's staff did not work there on the day of its step 1 and lack a valid course."""
    step_1 = StepCompletion.objects.filter(pk__in=[row.pk for row in rows], round__unit=OuterRef("unit"))
    there = Membership.objects.filter(user=OuterRef("user"), unit=OuterRef("unit"), started_on__lte=OuterRef("since"))
    there = there.filter(Q(ended_on__isnull=True) | Q(ended_on__gt=OuterRef("since")))
    taken = valid_on(Completion.objects.standing(), day, programme.course_validity_months)
    new: Any = (
        Membership.objects.present(day)
        .filter(unit__in=[row.round.unit_id for row in rows])
        .annotate(since=Subquery(step_1.values("completed_on")[:1]))
        .exclude(Exists(taken.filter(user=OuterRef("user"))))
        .exclude(Exists(there))
    )
    return dict(new.order_by().values_list("unit").annotate(Count("user", distinct=True)))


def _have_reached(step_1: dict[int, StepCompletion], day: dt.date, programme: Programme) -> set[int]:
    """Which of the units stood at the threshold on some day after their step 1."""
    days = _days_of_change(step_1, day)
    units = [step_1[pk].round.unit for pk in days]
    found = reckon(units, {change for changes in days.values() for change in changes}, programme)
    threshold = programme.coverage_threshold_percent
    return {pk for pk, changes in days.items() if any(found[pk, change].meets(threshold) for change in changes)}


def _days_of_change(step_1: dict[int, StepCompletion], day: dt.date) -> dict[int, set[dt.date]]:
    """The days after each unit's step 1 on which its coverage may have risen; one query."""
    if not step_1:
        return {}
    members = Membership.objects.filter(unit__in=step_1)
    taken = members.filter(user__course_completions__withdrawn_at__isnull=True)
    changes = (
        _unit_and_day(members, "started_on"),
        _unit_and_day(members, "ended_on"),
        _unit_and_day(taken, "user__course_completions__completed_on"),
        _unit_and_day(GroupSession.objects.standing().filter(unit__in=step_1), "held_on"),
        _unit_and_day(DeclaredHeadcount.objects.filter(unit__in=step_1), "declared_on"),
    )
    found: dict[int, set[dt.date]] = {}
    for unit, change in changes[0].union(*changes[1:]):
        if change and step_1[unit].completed_on < change <= day:
            found.setdefault(unit, set()).add(change)
    return found


def _unit_and_day(rows: "QuerySet[Any, Any]", column: str) -> "QuerySet[Any, Any]":
    """The two columns of one sort of change."""
    asked: QuerySet[Any, Any] = rows.order_by().annotate(day_=Cast(F(column), DateField())).values_list("unit", "day_")
    return asked
