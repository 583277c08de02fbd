"""Påfyllning behövs: units whose coverage has fallen below the threshold since step 1. Nothing of it is stored."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, Subquery, When

from courses.models import Completion, GroupSession
from courses.queries.coverage import Coverage, reckon, valid_on
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

    Three queries for any number of units, two when all are above the threshold, and one for the programme.
    """
    day, programme = on or clock.today(), programme or Programme.current()
    threshold = programme.coverage_threshold_percent
    past_step_1 = _standing_step_1(units, programme, day)
    changes = {pk: _days_of_change(row) for pk, row in past_step_1.items()}
    reached = reckon([(pk, then) for pk, days in changes.items() for then in {day, *days}], programme)
    low = {
        pk: row for pk, row in past_step_1.items() if reached[pk, day].size and not reached[pk, day].meets(threshold)
    }
    newcomers = _newcomers(low.values(), day, programme) if low else {}

    def has_fallen(pk: int) -> bool:
        let_past = past_step_1[pk].override_reason and not newcomers.get(pk)
        return not let_past or any(reached[pk, then].meets(threshold) for then in changes[pk])

    return {
        pk: RefillNeed(row.round.unit, row, reached[pk, day], threshold, newcomers.get(pk, 0))
        for pk, row in low.items()
        if has_fallen(pk)
    }


def _standing_step_1(units: Iterable[Unit], programme: Programme, day: dt.date) -> dict[int, StepCompletion]:
    """The standing step 1 of the latest round of each of `units` that takes part, by the unit's primary key.

    Each that was completed below the threshold comes with the days since, up to `day`, on which the unit's coverage
    may have risen.
    """
    chosen = units if isinstance(units, QuerySet) else Unit.objects.filter(pk__in=[unit.pk for unit in units])
    taking_part = units_with_progress(chosen.order_by(), programme, day).filter(
        participation=ParticipationState.TAKING_PART
    )
    rows = StepCompletion.objects.standing().filter(
        step=Step.WEB_COURSE, completed_on__lte=day, round__in=taking_part.values("round_pk")
    )
    members = Membership.objects.all()
    taken = members.filter(user__course_completions__withdrawn_at__isnull=True)
    changes = {
        "joined": _days_since(members, "started_on", day),
        "left": _days_since(members, "ended_on", day),
        "taken": _days_since(taken, "user__course_completions__completed_on", day),
        "met": _days_since(GroupSession.objects.standing(), "held_on", day),
        "declared": _days_since(DeclaredHeadcount.objects.all(), "declared_on", day),
    }
    let_past = ~Q(override_reason="")
    dated = rows.annotate(**{f"{name}_on_": Case(When(let_past, then=days)) for name, days in changes.items()})
    return {row.round.unit_id: row for row in dated.select_related("round__unit").order_by("round__unit")}


def _days_since(rows: "QuerySet[Any, Any]", column: str, day: dt.date) -> ArraySubquery:
    """The days in `column` of the unit's rows, after its step 1 and up to `day`."""
    within = {f"{column}__gt": OuterRef("completed_on"), f"{column}__lte": day}
    return ArraySubquery(rows.filter(unit=OuterRef("round__unit"), **within).order_by().values(column).distinct())


def _days_of_change(row: StepCompletion) -> set[dt.date]:
    """What `_standing_step_1` found; nothing for a step that was completed at the threshold."""
    names = ("joined", "left", "taken", "met", "declared")
    return {then for name in names for then in getattr(row, f"{name}_on_") or ()}


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
