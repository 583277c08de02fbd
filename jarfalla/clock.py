"""What day it is. Imports no app.

Every rule of the portal asks here, so that a demonstration can move the clock: in demo mode the file
var/clock holds a number of days to add (`manage.py move_clock`). In production the file is never read.
"""

import datetime as dt
from pathlib import Path

from django.conf import settings
from django.utils import timezone


def now() -> dt.datetime:
    """The present moment, aware, in UTC; in a demonstration the same time of day so many days ahead.

    Days are those of the calendar, over which clocks may be put forward or back: to add them in UTC would be a day too
    many late in the evening.
    """
    return (timezone.localtime() + dt.timedelta(days=days_ahead())).astimezone(dt.UTC)


def today() -> dt.date:
    """The present date in Europe/Stockholm."""
    return timezone.localdate(now())


def days_ahead() -> int:
    """How many days the demonstration clock runs ahead; 0 outside demo mode."""
    if not settings.DEMO:
        return 0
    try:
        return int(clock_file().read_text())
    except (FileNotFoundError, ValueError):
        return 0


def move(days: int) -> None:
    """Let the demonstration clock run `days` ahead of the real one, in every process at once."""
    clock_file().write_text(str(days))


def clock_file() -> Path:
    """Where the demonstration clock is kept."""
    return Path(settings.VAR_DIR) / "clock"
