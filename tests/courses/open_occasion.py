"""An open occasion for tests: who signs up, who has a place, and what they have been written."""

import uuid
from typing import Any

from courses import actions
from courses.models import SignUp, Training
from jarfalla import clock
from tests.courses.rows import DAY
from units.models import Message, User


def open_occasion(by: User) -> Training:
    """An open lecture in two weeks, with three places."""
    return Training.objects.create(
        title="Tidiga tecken",
        starts_at=clock.now() + 14 * DAY,
        place="Aspnässalen",
        meeting_url="https://moten.example/hemlig",
        takes_sign_ups=True,
        capacity=3,
        booked_by=by,
    )


def sign_up(training: Training, name: str, *, seats: int = 1, token: uuid.UUID | None = None, **fields: Any) -> SignUp:
    data = {"email": f"{name.lower()}@solna.example", "organisation": "Solna stad", "language": "sv"} | fields
    return actions.sign_up(training, name=name, seats=seats, token=token or uuid.uuid4(), **data)


def in_line(training: Training) -> tuple[list[str], list[str]]:
    """The names of those who have a place and of those who wait."""
    return (
        [row.name for row in training.sign_ups.placed()],
        [row.name for row in training.sign_ups.waiting()],
    )


def letters(sign_up: SignUp) -> list[str]:
    """The subjects of what the person has been written, in order."""
    found = Message.objects.filter(key__startswith=f"sign_up:{sign_up.pk}:").order_by("pk")
    return [message.subject for message in found]
