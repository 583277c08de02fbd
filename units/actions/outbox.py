"""The outbox: letters become rows, rows become mails."""

import datetime as dt
import logging
from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused

from django.db import transaction
from django.utils.translation import gettext as _

from jarfalla import clock
from jarfalla.celery import enqueue
from units import mail
from units.mail import Letter
from units.models import Message, Programme, Refused, Unit
from units.models.message import MAX_ATTEMPTS, MAX_MINUTES, MessageState

# What the mail server says about one letter; anything else that goes wrong on the way is wrong for all of them.
_ABOUT_THE_LETTER = (SMTPDataError, SMTPRecipientsRefused)

logger = logging.getLogger(__name__)


def post_letter(letter: Letter, *, unit: Unit | None = None, not_before: dt.datetime | None = None) -> Message | None:
    """Put a letter in the outbox; the worker sends it after commit. The same key twice is one message.

    Returns None for a person who gets no mail: the account is closed, or the person is protected.
    """
    if not letter.recipient.gets_mail:
        return None
    with transaction.atomic():
        message, created = Message.objects.get_or_create(
            key=letter.key,
            defaults={
                "recipient": letter.recipient,
                "unit": unit,
                "subject": letter.subject[:200],
                "text": letter.text,
                "html": letter.html,
                "not_before": not_before or clock.now(),
            },
        )
        if created:
            enqueue("units.tasks.send_message", message.pk)
    return message


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
    if not message.recipient.gets_mail:
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
