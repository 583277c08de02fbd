"""Units on their way to step 4, dated in the past so that the clock stays where it is."""

import datetime as dt

from dateutil.relativedelta import relativedelta
from django.utils import timezone

from jarfalla import clock
from tests import factories
from units.actions import complete_step, withdraw_step
from units.models import Message, Participation, Round, Step, StepCompletion, Unit, User, UserRole

# Programme's defaults: the first contact's window opens 5, aims for 6 and closes 8 months after step 3.


def someone() -> User:
    """A coordinator with a closed account: records things, gets no mail."""
    return User.objects.filter(role=UserRole.COORDINATOR, is_active=False).first() or factories.user(
        role=UserRole.COORDINATOR, is_active=False
    )


def routines_done(unit: Unit, on: dt.date) -> Round:
    """The unit's open round with steps 1, 2 and 3 done on the day `on`, and no letters about them."""
    round_ = factories.open_round(unit)
    for step in (Step.WEB_COURSE, Step.TRAINING, Step.ROUTINES):
        complete_step(round_, step, on=on, by=someone())
    # Registered on the day they were done, by a unit that had said before that it takes part.
    StepCompletion.objects.filter(round=round_).update(recorded_at=noon(on))
    Participation.objects.filter(unit=unit, recorded_at__gt=noon(on)).update(recorded_at=noon(on))
    Message.objects.filter(key__startswith="step_completed").delete()
    return round_


def noon(day: dt.date) -> dt.datetime:
    """The middle of that day."""
    return timezone.make_aware(dt.datetime.combine(day, dt.time(12)))


def redate_routines(round_: Round, on: dt.date) -> None:
    """Step 3 turned out to have been done on another day."""
    withdraw_step(round_.standing()[Step.ROUTINES], reason="Fel datum.", by=someone())
    complete_step(round_, Step.ROUTINES, on=on, by=someone())
    Message.objects.filter(key__startswith="step_completed").delete()


def ago(*, months: int, days: int = 0) -> dt.date:
    """Calendar months, then days, before today."""
    return clock.today() - relativedelta(months=months, days=days)


# A day of step 3 for each state of the window today.
def upcoming() -> dt.date:
    """The window opens within a month."""
    return ago(months=4, days=10)


def due() -> dt.date:
    """The window has been open for a while, and the day to aim for has passed."""
    return ago(months=6, days=5)


def closing() -> dt.date:
    """Less than a month is left."""
    return ago(months=7, days=10)


def overdue() -> dt.date:
    """The window has closed."""
    return ago(months=9)
