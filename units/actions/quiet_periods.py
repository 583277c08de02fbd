"""Days of each year on which nobody is reminded."""

import datetime as dt

from django.db import connection, transaction
from django.utils.translation import gettext as _

from units.models import QuietPeriod, Refused, User

# More than these are a slip.
MOST_QUIET_PERIODS = 12
FIRST_QUIET_PERIODS = (("Sommar", (7, 1), (7, 31)), ("Jul och nyår", (12, 23), (1, 6)))


@transaction.atomic
def add_quiet_period(*, name: str, first: tuple[int, int], last: tuple[int, int], by: User) -> QuietPeriod:
    """Keep quiet from `first` to `last` (month and day) of each year. The same once more is the first one.

    Raises Refused when another period has the name, when there are too many, or when no day would be left.
    """
    _lock()
    period = _period(name, first, last)
    same = QuietPeriod.objects.filter(name__iexact=name).first()
    if same and _days(same) == _days(period):
        return same
    if same:
        raise Refused(_("Det finns redan en lugn period med det namnet."))
    others = list(QuietPeriod.objects.all())
    if len(others) >= MOST_QUIET_PERIODS:
        raise Refused(_("Det finns redan tolv lugna perioder. Ta bort någon av dem först."))
    if all(any(row.covers(day) for row in (*others, period)) for day in _leap_year()):
        raise Refused(_("Då blir det ingen dag kvar att påminna på. Välj färre dagar."))
    period.save()
    return period


@transaction.atomic
def remove_quiet_period(pk: int, *, by: User) -> str:
    """Take a quiet period away; return its name, or nothing when it was gone already."""
    period = QuietPeriod.objects.select_for_update().filter(pk=pk).first()
    if period is None:
        return ""
    period.delete()
    return period.name


@transaction.atomic
def seed_quiet_periods() -> int:
    """July, and Christmas to Twelfth Night, unless the portal has or has had quiet periods; return how many were new.

    What the coordinator has taken away stays away: the history remembers that it was there.
    """
    _lock()
    history = QuietPeriod.pgh_event_model.objects  # type: ignore[attr-defined]  # pghistory.track() puts it there
    if history.exists() or QuietPeriod.objects.exists():
        return 0
    return len(QuietPeriod.objects.bulk_create([_period(*row) for row in FIRST_QUIET_PERIODS]))


def _lock() -> None:
    """One process at a time; those who read are not held up."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"LOCK TABLE {connection.ops.quote_name(QuietPeriod._meta.db_table)} IN SHARE ROW EXCLUSIVE MODE"
        )


def _period(name: str, first: tuple[int, int], last: tuple[int, int]) -> QuietPeriod:
    first_month, first_day = first
    last_month, last_day = last
    return QuietPeriod(
        name=name, first_month=first_month, first_day=first_day, last_month=last_month, last_day=last_day
    )


def _leap_year() -> list[dt.date]:
    return [dt.date(2024, 1, 1) + dt.timedelta(days=days) for days in range(366)]


def _days(period: QuietPeriod) -> tuple[int, int, int, int]:
    return period.first_month, period.first_day, period.last_month, period.last_day
