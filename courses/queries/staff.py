"""Who of a unit's staff has taken the web course, and who lacks it. Names are for those who log the unit's steps."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from dateutil.relativedelta import relativedelta
from django.db.models import Count, DateField, Exists, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast

from courses.models import Completion, GroupSession
from courses.queries.coverage import valid_on
from jarfalla import clock
from units.models import Membership, Programme, Unit, User
from units.queries import swedish_order, units_with_progress


def listed_staff(unit: Unit, on: dt.date | None = None) -> QuerySet[User]:
    """Those who work in the unit on the day and may stand in a list: everybody but persons with protected data.

    Whether somebody can sign in makes no difference: they work there.
    """
    present = Membership.objects.present(on).filter(unit=unit, user=OuterRef("pk"))
    return User.objects.filter(Exists(present), is_protected=False).order_by(swedish_order("name"), "pk")


def staff_without_course(unit: Unit, on: dt.date | None = None) -> QuerySet[User]:
    """Those of the listed staff who have no course that is valid on the day (today when not given)."""
    day, months = on or clock.today(), Programme.current().course_validity_months
    taken = valid_on(Completion.objects.standing(), day, months).filter(user=OuterRef("pk"))
    return listed_staff(unit, day).exclude(Exists(taken))


@dataclass(frozen=True)
class Lacking:
    """Somebody of the listed staff who has no valid course, and why."""

    user: User
    joined_on: dt.date
    is_new: bool  # came after step 1 was completed
    taken_on: dt.date | None  # the last time; None: never
    expired_on: dt.date | None  # from that day on it did not count any more


def refill(unit: Unit, on: dt.date | None = None) -> list[Lacking]:
    """Who of the listed staff lacks a valid course, those who came after step 1 first; four queries.

    Somebody is new who did not work here on the day of the latest round's step 1; nobody is while step 1 is open.
    """
    day, programme = on or clock.today(), Programme.current()
    step_1_on = units_with_progress(Unit.objects.filter(pk=unit.pk), programme, day).get().step_1_on
    here = Membership.objects.filter(unit=unit, user=OuterRef("pk"), started_on__lte=day).order_by().values("user")
    if step_1_on:  # somebody who left before step 1 and came back after it is new
        here = here.filter(Q(ended_on__isnull=True) | Q(ended_on__gt=step_1_on))
    taken = Completion.objects.standing().filter(user=OuterRef("pk"), completed_on__lte=day).order_by().values("user")
    people: Any = staff_without_course(unit, day).annotate(
        joined_on=Subquery(here.annotate(day=Min("started_on")).values("day")),
        taken_on=Cast(Subquery(taken.annotate(day=Max("completed_on")).values("day")), DateField()),
    )
    lacking = [
        Lacking(
            user=person,
            joined_on=person.joined_on,
            is_new=step_1_on is not None and person.joined_on > step_1_on,
            taken_on=person.taken_on,
            expired_on=expires_on(person.taken_on, programme) if person.taken_on else None,
        )
        for person in people
    ]
    return sorted(lacking, key=lambda person: not person.is_new)


def expires_on(completed_on: dt.date, programme: Programme) -> dt.date | None:
    """The first day on which a course taken on `completed_on` does not count any more; None when it always counts."""
    months = programme.course_validity_months
    return completed_on + relativedelta(months=months) if months else None


def registered_completions(unit: Unit) -> QuerySet[Completion]:
    """The standing completions of the listed staff, latest first, each with `is_valid`: whether it counts today."""
    valid = valid_on(Completion.objects.all(), clock.today(), Programme.current().course_validity_months)
    return (
        Completion.objects.standing()
        .filter(user__in=listed_staff(unit).order_by())
        .annotate(is_valid=Exists(valid.filter(pk=OuterRef("pk"))))
        .select_related("user")
        .order_by("-completed_on", swedish_order("user__name"), "pk")
    )


def recorded_sessions(unit: Unit) -> QuerySet[GroupSession]:
    """The unit's standing group sessions, latest first.

    Each with `names`: how many completions still point at it, and `names_later`: how many of those whom it counted
    without a name have been given one since.
    """
    names = Count("completions", filter=Q(completions__withdrawn_at__isnull=True), distinct=True)
    later = Count("named_later__user", filter=Q(named_later__withdrawn_at__isnull=True), distinct=True)
    sessions = unit.group_sessions.standing().annotate(names=names, names_later=later)
    return sessions.order_by("-held_on", "-pk")


def own_completion(user: User) -> Completion | None:
    """When the person last took the course, if that is registered; `expires_on` says whether it still counts."""
    return user.course_completions.standing().order_by("-completed_on", "-pk").first()
