"""Rows of steps 1 and 2 for tests, made through the portal's own actions."""

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.utils import timezone

from courses import actions
from courses.models import GroupSession, Training
from jarfalla import clock
from tests import factories
from units.actions import declare_headcount
from units.models import Membership, Round, Unit, User

DAY = dt.timedelta(days=1)


def crew(unit: Unit, count: int) -> list[User]:
    """So many people who have worked in the unit for a year."""
    people = [factories.staff(unit) for _ in range(count)]
    Membership.objects.filter(unit=unit).update(started_on=clock.today() - 365 * DAY)
    return people


def taken(unit: Unit, people: Collection[User], on: dt.date | None = None) -> None:
    """These people have taken the course."""
    actions.record_completions(unit, users=people, on=on or clock.today(), by=factories.user())


def session(
    unit: Unit, members: Collection[User] = (), headcount: int | None = None, on: dt.date | None = None
) -> GroupSession:
    """A group session, today when not said otherwise."""
    return actions.record_group_session(
        unit, held_on=on or clock.today(), members=members, headcount=headcount, by=factories.user()
    )


def covered_round(unit: Unit) -> Round:
    """The unit's open round, now that its declared staff of ten have taken the course."""
    declare_headcount(unit, headcount=10, on=clock.today() - 365 * DAY, by=None)
    session(unit, headcount=10, on=clock.today() - 30 * DAY)
    return factories.open_round(unit)


def past_step_1(unit: Unit, by: User) -> Round:
    """The unit's open round with step 1 completed ten days ago."""
    round_ = covered_round(unit)
    actions.complete_web_course(round_, on=clock.today() - 10 * DAY, by=by)
    return round_


def training(round_: Round, *, by: User, days: float = 14, title: str = "Heder i förskolan") -> Training:
    """A training that starts so many days from now."""
    return actions.book_training(
        round_, title=title, starts_at=clock.now() + days * DAY, place="Aspnässalen", leader="Eva Ledare", by=by
    )


def begun_training(unit: Unit, *, by: User) -> Training:
    """A training for the unit that began today: an hour ago, or at midnight in the first hour of the day."""
    row = training(factories.open_round(unit), by=by)
    now = timezone.localtime(clock.now())
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    Training.objects.filter(pk=row.pk).update(starts_at=max(now - dt.timedelta(hours=1), midnight))
    row.refresh_from_db()
    return row


def hold(training: Training, *, by: User) -> Training:
    """The training was held on its day."""
    return actions.hold_training(training, on=timezone.localdate(training.starts_at), by=by)


def counted(training: Training) -> list[int | None]:
    """How many of each unit came without a name."""
    return list(training.training_rounds.order_by("pk").values_list("headcount", flat=True))


def booking(unit: Unit, **data: Any) -> dict[str, Any]:
    """What the planning form sends."""
    return {
        "rounds": [factories.open_round(unit).pk],
        "title": "Heder i förskolan",
        "day": str(clock.today() + 14 * DAY),
        "time": "13:15",
        "until": "15:00",
        "place": "Aspnässalen",
        "leader": "Eva Ledare",
        **data,
    }
