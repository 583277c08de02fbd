"""Every source of reminders: the follow-ups' own, and those of the apps that followups may not import."""

import datetime as dt
from collections.abc import Iterator

from dateutil.relativedelta import relativedelta
from django.db.models import OuterRef, Q, Subquery

from courses.models import Refill
from courses.queries import RefillNeed, refills_needed
from followups import queries
from followups.models import RuleKind
from followups.queries import Occasion, Period, Rules, Source, Subject, Units, chunks
from routines.models import RoutineVersion
from routines.queries import present_owners, versions_to_review
from units.models import Participation, ParticipationState, Programme, User

_DAY = dt.timedelta(days=1)
# A unit that has said so is not reminded of anything.
_AWAY = (ParticipationState.PAUSED, ParticipationState.DECLINED)


def routine_reviews(programme: Programme, rules: Rules, period: Period, units: Units = None) -> Iterator[list[Subject]]:
    """Routines in force that are to be looked over within the days of the rule, or should have been."""
    rule = rules[RuleKind.ROUTINE_REVIEW]
    ahead, times = dt.timedelta(days=rule.days or 1), rule.times or 1
    answer = Participation.objects.filter(unit=OuterRef("routine__unit")).order_by("-pk").values("state")[:1]
    rows = versions_to_review(before=period.until + ahead + _DAY).alias(answer=Subquery(answer))
    rows = rows.filter(Q(answer__isnull=True) | ~Q(answer__in=_AWAY))
    for chunk in chunks(rows, units, unit="routine__unit"):
        owners = present_owners(chunk)
        yield [_review(row, owners.get(row.pk), ahead, times) for row in chunk]


def _review(version: RoutineVersion, owner: User | None, ahead: dt.timedelta, times: int) -> Subject:
    routine, due_on = version.routine, version.review_on
    assert due_on is not None  # it is in force
    late = [due_on + relativedelta(months=month) + _DAY for month in range(times)]
    return Subject(
        # A correction is another version with the same day: nobody is reminded of it anew.
        key=f"routine:{routine.pk}:{due_on}",
        unit=routine.unit,
        occasions=[Occasion(RuleKind.ROUTINE_REVIEW, day) for day in (due_on - ahead, *late)],
        details={"title": routine.title, "slug": routine.slug, "due_on": f"{due_on}"},
        instead_of_managers=None if owner is None else [owner],
    )


def coverage_fell(programme: Programme, rules: Rules, period: Period, units: Units = None) -> Iterator[list[Subject]]:
    """Units whose coverage has fallen below the threshold since step 1, and is there still.

    A fall that will come when courses expire is not foreseen: it has no row until it has been noted.
    """
    for chunk in chunks(Refill.objects.filter(ended_on__isnull=True).select_related("unit"), units):
        needs = refills_needed([row.unit for row in chunk], period.on, programme=programme)
        yield [_fell(row, needs[row.unit_id]) for row in chunk if row.unit_id in needs]


def _fell(refill: Refill, need: RefillNeed) -> Subject:
    coverage = need.coverage
    figures = {
        "covered": coverage.covered,
        "size": coverage.size,
        "percent": coverage.percent,
        "threshold": need.threshold,
        "missing": need.missing,
        "newcomers": need.newcomers,
    }
    return Subject(
        key=f"coverage:{refill.pk}",
        unit=refill.unit,
        occasions=[Occasion(RuleKind.COVERAGE_FELL, refill.began_on)],
        details={name: str(figure) for name, figure in figures.items()},
    )


SOURCES: tuple[Source, ...] = (*queries.SOURCES, routine_reviews, coverage_fell)
