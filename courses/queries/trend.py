"""The days for which a unit's coverage over time is shown."""

import datetime as dt

from django.db.models import Min
from django.db.models.functions import Greatest

from courses.models import Completion
from jarfalla import clock
from units.models import Membership, Unit

# Three years by the month fit in a chart of 320 px.
MOST_DAYS = 36


def trend_days(unit: Unit) -> list[dt.date]:
    """The last day of each month since anybody here had taken the course, one month before that, and today.

    Earliest first, the latest MOST_DAYS of them; none when nobody has taken the course.
    """
    first = first_taken_on(unit)
    days = [clock.today()]
    while first and days[-1] >= first and len(days) < MOST_DAYS:
        days.append(days[-1].replace(day=1) - dt.timedelta(days=1))
    return days[::-1] if first else []


def first_taken_on(unit: Unit) -> dt.date | None:
    """The first day on which somebody who worked here had taken the course; None when nobody has."""
    taken = Completion.objects.standing()
    staff = Membership.objects.filter(unit=unit, user__course_completions__in=taken)
    worked_here = staff.aggregate(day=Min(Greatest("started_on", "user__course_completions__completed_on")))["day"]
    together = unit.group_sessions.standing().aggregate(day=Min("held_on"))["day"]
    return min((day for day in (worked_here, together) if day), default=None)
