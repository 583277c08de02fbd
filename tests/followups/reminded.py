"""Who has been reminded of what: the outbox as the tests of the sweep read it."""

import datetime as dt
from typing import Any

from followups.models import Booking, Reminder
from followups.queries import is_working_day
from jarfalla import clock
from tests.followups import stages
from units.models import Message, Round
from units.models.message import MessageState

DAY = dt.timedelta(days=1)

# The first contact of a unit whose step 3 was done on STEP_3, with the programme's defaults.
STEP_3 = dt.date(2024, 5, 22)
OPENS, TWO_LEFT, CLOSES = dt.date(2024, 10, 22), dt.date(2024, 11, 22), dt.date(2025, 1, 22)
ONE_LEFT = dt.date(2024, 12, 23)  # the 22nd is a Sunday
LATE = [dt.date(2025, 1, 23), dt.date(2025, 2, 24), dt.date(2025, 3, 24)]  # two of them on Sundays, too
ESCALATES = dt.date(2025, 4, 23)

SAM, CIA = "Sam Samordnare", "Cia Chef"
OPENING = [f"opens {CIA}", f"opens {SAM}"]


def said(*states: MessageState) -> list[str]:
    """Kind and recipient of what the letters say (those that wait or have gone out), sorted."""
    chosen = states or (MessageState.PLANNED, MessageState.SENT)
    rows: Any = Reminder.objects.select_related("recipient", "message")
    return sorted(f"{row.kind} {row.recipient.name}" for row in rows if row.message and row.message.state in chosen)


def letters() -> "list[Message]":
    """The letters with reminders, oldest first."""
    return list(Message.objects.filter(key__startswith="reminders:").select_related("recipient").order_by("pk"))


def all_sent() -> None:
    """What waits in the outbox goes out."""
    Message.objects.in_state(MessageState.PLANNED).update(sent_at=clock.now())


def booked(round_: Round, on: dt.date, *, number: int = 1, hour: int = 10, place: str = "") -> Booking:
    """A time for a contact."""
    starts_at = dt.datetime.combine(on, dt.time(hour - 1), tzinfo=dt.UTC)
    return Booking.objects.create(
        round=round_, number=number, starts_at=starts_at, place=place, booked_by=stages.someone()
    )


def to_working_day() -> dt.date:
    """Move the clock on to the next working day, or leave it."""
    while not is_working_day(clock.today(), []):
        clock.move(clock.days_ahead() + 1)
    return clock.today()
