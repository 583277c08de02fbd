"""Who has paused reminders, and what a person has been reminded of."""

import datetime as dt

from django.db.models import Q, QuerySet

from followups.models import DigestPause, Reminder
from units.models import User

# So many days back a person sees the own reminders.
LATELY = dt.timedelta(days=90)


def standing_pauses(today: dt.date) -> "QuerySet[DigestPause]":
    """The pauses that hold today, the one that ends last first."""
    rows = DigestPause.objects.filter(ended_at__isnull=True).filter(Q(ends_on__isnull=True) | Q(ends_on__gte=today))
    return rows.order_by("-ends_on", "pk").select_related("user")


def pause_of(user: User, today: dt.date) -> DigestPause | None:
    """The person's pause, if one holds today."""
    return standing_pauses(today).filter(user=user).first()


def reminded_lately(user: User, today: dt.date) -> "QuerySet[Reminder]":
    """What the person has been reminded of lately, in letters that have left or will, the newest day first."""
    rows = Reminder.objects.filter(recipient=user, message__isnull=False, swept_on__gte=today - LATELY)
    return rows.select_related("unit", "message").order_by("-swept_on", "pk")
