"""Booked contacts, and what they are in the calendars of those who are invited."""

import datetime as dt
from typing import Any

from followups.actions import book_contact
from followups.models import Booking
from jarfalla import clock
from tests.calendars import Agenda
from units.models import Message, Round, User


def moment(days: float = 9) -> dt.datetime:
    """Noon on a day ahead: the same however long a test takes."""
    return (clock.now() + dt.timedelta(days=days)).replace(hour=12, minute=0, second=0, microsecond=0)


def book(round_: Round, by: User, days: float = 9, **more: Any) -> Booking:
    return book_contact(round_, starts_at=moment(days), by=by, **more)


def deliver() -> None:
    """Everything in the outbox goes out."""
    Message.objects.unfinished().update(sent_at=clock.now())


def agenda(user: User) -> Agenda:
    """The person's calendar after all that has gone out."""
    kept = Agenda()
    sent = Message.objects.filter(recipient=user, sent_at__isnull=False).exclude(calendar="")
    for message in sent.order_by("pk"):
        kept.receive(message.calendar)
    return kept


def subjects(user: User) -> list[str]:
    letters = Message.objects.filter(recipient=user).exclude(cancelled_at__isnull=False)
    return [row.subject.split(":")[0] for row in letters.order_by("pk")]
