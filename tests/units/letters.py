"""Letters for the tests of the outbox."""

import datetime as dt
from typing import Any

from jarfalla import clock
from units import actions
from units.mail import Letter
from units.models import Message, User


def letter(to: User, key: str = "test:1", **more: Any) -> Letter:
    return Letter(key=key, recipient=to, subject="Hej å ä ö", text="Text å ä ö\n", html="<p>Text å ä ö</p>", **more)


def post(to: User, key: str = "test:1", **more: Any) -> Message:
    message = actions.post_letter(letter(to, key, **more))
    assert message is not None
    return message


def make_due() -> None:
    """Let every wait between two attempts be over."""
    Message.objects.update(not_before=clock.now() - dt.timedelta(minutes=1))


def lapse() -> None:
    """Let every claim be older than it holds, as when a worker was killed a while ago."""
    Message.objects.filter(claim__isnull=False).update(claimed_until=clock.now() - dt.timedelta(minutes=1))
