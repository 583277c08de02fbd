"""Units on their way to step 4, dated in the past so that the clock stays where it is."""

import datetime as dt

from dateutil.relativedelta import relativedelta

from jarfalla import clock
from tests import factories
from units.actions import complete_step, withdraw_step
from units.models import Message, Round, Step, Unit, User, UserRole

# Programme's defaults: the window opens 6 and closes 12 months after step 3.


def someone() -> User:
    """A coordinator with a closed account: records things, gets no mail."""
    return User.objects.filter(role=UserRole.COORDINATOR, is_active=False).first() or factories.user(
        role=UserRole.COORDINATOR, is_active=False
    )


def routines_done(unit: Unit, on: dt.date) -> Round:
    """The unit's open round with steps 1, 2 and 3 done on the day `on`, and an empty outbox."""
    round_ = factories.open_round(unit)
    for step in (Step.WEB_COURSE, Step.TRAINING, Step.ROUTINES):
        complete_step(round_, step, on=on, by=someone())
    Message.objects.all().delete()
    return round_


def redate_routines(round_: Round, on: dt.date) -> None:
    """Step 3 turned out to have been done on another day."""
    withdraw_step(round_.standing()[Step.ROUTINES], reason="Fel datum.", by=someone())
    complete_step(round_, Step.ROUTINES, on=on, by=someone())
    Message.objects.exclude(key__startswith="follow_up_").delete()


def ago(*, months: int, days: int = 0) -> dt.date:
    """Calendar months, then days, before today."""
    return clock.today() - relativedelta(months=months, days=days)


# A day of step 3 for each state of the window today.
def upcoming() -> dt.date:
    """The window opens within a month."""
    return ago(months=5, days=10)


def due() -> dt.date:
    """The window has been open for a while."""
    return ago(months=8)


def closing() -> dt.date:
    """Less than a month is left."""
    return ago(months=11, days=10)


def overdue() -> dt.date:
    """The window has closed."""
    return ago(months=13)


def keys() -> list[str]:
    """What the outbox holds about follow-ups: rule and recipient's name, sorted."""
    return sorted(
        f"{message.key.split(':')[0].removeprefix('follow_up_')} {message.recipient_name}"
        for message in Message.objects.filter(key__startswith="follow_up_").select_related("recipient")
    )
