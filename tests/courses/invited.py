"""What a training's letters need in tests: a worker, a mail server that takes everything, and calendars."""

from typing import Any

from courses import actions
from courses.models import Training
from jarfalla import clock
from tests.calendars import Agenda
from units.models import Message, User
from units.models.message import MessageState


def tell(training: Training) -> None:
    """What the worker does."""
    actions.send_invitations(training.pk)


def deliver() -> None:
    """Everything in the outbox leaves."""
    Message.objects.in_state(MessageState.PLANNED).update(sent_at=clock.now())


def tell_and_deliver(training: Training) -> None:
    tell(training)
    deliver()


def change(training: Training, *, by: User, **values: Any) -> Training:
    """The training, with what the form would send for it and these values instead."""
    training.refresh_from_db()
    kept = ("title", "themes", "need", "aim", "place", "meeting_url", "leader", "invites_staff")
    plan = {name: getattr(training, name) for name in (*kept, "starts_at", "ends_at")}
    plan["rounds"] = list(training.rounds.all())
    return actions.change_training(training, by=by, **{**plan, **values})


def letters(to: User) -> list[Message]:
    """What stands in the outbox for the person and has not been stopped, the first first."""
    return list(Message.objects.filter(recipient=to, cancelled_at__isnull=True).order_by("pk"))


def agenda(person: User) -> Agenda:
    """The person's calendar when everything that left has arrived."""
    found = Agenda()
    for message in Message.objects.filter(recipient=person, sent_at__isnull=False).order_by("pk"):
        found.receive(message.calendar)
    return found
