"""The outbox: letters become rows, rows become mails."""

import datetime as dt
import logging
from collections.abc import Iterable
from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused
from typing import Any

from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from jarfalla import clock
from jarfalla.celery import enqueue
from units import mail
from units.mail import Guest, Letter
from units.models import Message, Programme, Refused, Unit, User
from units.models.message import MAX_ATTEMPTS, MAX_MINUTES, MessageQuerySet, MessageState

# What the mail server says about one letter; anything else that goes wrong on the way is wrong for all of them.
_ABOUT_THE_LETTER = (SMTPDataError, SMTPRecipientsRefused)

logger = logging.getLogger(__name__)


def post_letter(letter: Letter, *, unit: Unit | None = None, not_before: dt.datetime | None = None) -> Message | None:
    """Put a letter in the outbox; the worker sends it after commit. The same key twice is one message.

    Returns None for a person who gets no mail: the account is closed, or the person is protected. Raises
    ValidationError for a guest's address that is not exactly one address.
    """
    to = letter.recipient
    if isinstance(to, User) and not to.gets_mail:
        return None
    with transaction.atomic():
        message, created = Message.objects.get_or_create(
            key=letter.key, defaults={**_columns(letter, unit), "not_before": not_before or clock.now()}
        )
        if created:
            enqueue("units.tasks.send_message", message.pk)
    return message


@transaction.atomic
def post_letters(letters: Iterable[tuple[Letter, Unit | None]]) -> None:
    """Put many letters in the outbox at once, each about its unit, as post_letter does; as many queries for one as
    for a hundred. People who get no mail get none.
    """
    Message.objects.bulk_create(
        [
            Message(key=letter.key, **_columns(letter, unit))
            for letter, unit in letters
            if isinstance(letter.recipient, Guest) or letter.recipient.gets_mail
        ],
        ignore_conflicts=True,
    )
    enqueue("units.tasks.send_waiting_messages")


def _columns(letter: Letter, unit: Unit | None) -> dict[str, Any]:
    """What a letter is in the outbox, besides its key."""
    return {
        **_addressed_to(letter.recipient),
        "unit": unit,
        "subject": letter.subject[:200],
        "text": letter.text,
        "html": letter.html,
        "calendar": letter.calendar,
    }


def _addressed_to(to: User | Guest) -> dict[str, Any]:
    """The columns of a message that say who gets it. What a guest typed can't become a header of its own."""
    if isinstance(to, User):
        return {"recipient": to}
    validate_email(to.email)
    return {"to_name": " ".join(to.name.split())[:100], "to_email": to.email}


@transaction.atomic
def deliver_message(message_id: int) -> bool:
    """Hand one due message to the mail server; return whether it went out now.

    The row stays locked meanwhile, so two workers never send it both; a row that another worker holds is
    left to it. A letter that is refused, or that no mail can be made of, is tried again later, up to MAX_ATTEMPTS
    times; for a mail server that doesn't answer it waits as long as that takes.
    """
    message = (
        Message.objects.due()
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("recipient")
        .filter(pk=message_id)
        .first()
    )
    if message is None:
        return False
    if message.recipient and not message.recipient.gets_mail:
        cancel_message(message, reason=_("Personen får inga mejl längre."))
        return False
    programme = Programme.current()
    message.attempts += 1
    try:
        mail.build_mail(message, programme).send()
    except (SMTPException, OSError) as refusal:
        _note_refusal(message, refusal, final=isinstance(refusal, _ABOUT_THE_LETTER))
    except Exception as fault:  # one letter with something odd in it must not stop those behind it
        logger.exception("no mail could be made of message %s", message.pk)
        _note_refusal(message, fault, final=True)
    else:
        message.sent_at = clock.now()
    message.save()
    return message.sent_at is not None


def _note_refusal(message: Message, refusal: Exception, *, final: bool) -> None:
    """Keep the server's words and try again in 2, 4, 8 … minutes; if `final`, a person decides after MAX_ATTEMPTS."""
    logger.warning("message %s was not accepted: %s", message.pk, refusal)
    message.last_error = str(refusal).replace("\x00", "") or type(refusal).__name__
    if final and message.attempts >= MAX_ATTEMPTS:
        message.failed_at = clock.now()
    else:
        minutes = min(2 ** min(message.attempts, MAX_ATTEMPTS), MAX_MINUTES)
        message.not_before = clock.now() + dt.timedelta(minutes=minutes)


@transaction.atomic
def retry_message(message: Message) -> Message:
    """Try a failed or waiting message again now. Raises Refused when it has gone out or been cancelled."""
    message = Message.objects.select_for_update(of=("self",)).get(pk=message.pk)
    if message.state in (MessageState.SENT, MessageState.CANCELLED):
        raise Refused(_("Det här meddelandet är redan avslutat."))
    message.failed_at, message.attempts, message.not_before = None, 0, clock.now()
    message.save()
    enqueue("units.tasks.send_message", message.pk)
    return message


@transaction.atomic
def cancel_message(message: Message, *, reason: str) -> Message:
    """Keep a waiting message from going out; return it as it is when it already has."""
    message = Message.objects.select_for_update(of=("self",)).get(pk=message.pk)
    if message.state in (MessageState.PLANNED, MessageState.FAILED):
        message.failed_at, message.cancelled_at, message.cancelled_reason = None, clock.now(), reason
        message.save()
    return message


@transaction.atomic
def erase_guest_letters(prefix: str, *, address: str) -> int:
    """Empty the letters whose key begins with `prefix` and put `address` instead of a guest's; return how many.

    What still waits is cancelled: nobody is left to read it.
    """
    letters = Message.objects.filter(key__startswith=prefix)
    letters.filter(sent_at__isnull=True, cancelled_at__isnull=True).update(
        failed_at=None, cancelled_at=clock.now(), cancelled_reason=_("Mottagarens uppgifter är raderade.")
    )
    letters.filter(recipient__isnull=True).update(to_name="", to_email=address)
    return letters.update(text="", html="", calendar="", last_error="")


@transaction.atomic
def cancel_messages(messages: MessageQuerySet, *, reason: str) -> None:
    """Keep those of the messages that still wait, or have failed, from going out; two queries for any number."""
    waiting = messages.filter(sent_at__isnull=True, cancelled_at__isnull=True).select_for_update(of=("self",))
    chosen = list(waiting.order_by("pk").values_list("pk", flat=True))
    Message.objects.filter(pk__in=chosen).update(failed_at=None, cancelled_at=clock.now(), cancelled_reason=reason)
