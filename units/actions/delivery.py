"""How the rows of the outbox leave: claimed, sent outside any transaction, recorded (docs/decisions/0027)."""

import datetime as dt
import logging
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPResponseException

from django.conf import settings
from django.core.mail import get_connection
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models.functions import Now
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from jarfalla import clock
from jarfalla.smtp import UnansweredError
from units import mail
from units.models import Message, Programme
from units.models.message import MAX_REFUSALS, MAX_UNCONFIRMED, MAX_WAIT, MessageQuerySet

# The claim holds longer than any conversation with the mail server: half as long again is left for writing it down.
_LEASE = 1.5
# So long a worker tries to write down how a mail went while the database is away.
_RECORD_SECONDS = 600
# Enhanced status codes (RFC 3463) that say that nobody can be reached at the address, today or another day.
_NO_SUCH_ADDRESS = re.compile(r"\b5\.1\.(?:1|2|3|6|10)\b")
_CLOSING, _FOR_GOOD, _TOO_LARGE = 421, 500, 552

logger = logging.getLogger(__name__)


class Answer(Enum):
    """How an attempt ended."""

    ACCEPTED = auto()
    LATER = auto()  # the server does not take this letter now
    REFUSED = auto()  # nor another day, it says; or no mail can be made of it
    NO_SUCH_ADDRESS = auto()
    UNREACHABLE = auto()  # what is wrong is wrong for every letter
    UNANSWERED = auto()  # the server may have taken it
    NOT_SENT = auto()  # it was not to go out


@dataclass(frozen=True)
class _Attempt:
    answer: Answer
    words: str = ""


class _Server:
    """What this process knows of the mail server."""

    away_until = 0.0  # by time.monotonic()


def is_mail_server_away() -> bool:
    """Whether this process could not reach the mail server a moment ago: then the next tick is to try."""
    return time.monotonic() < _Server.away_until


def deliver_message(message_id: int) -> bool:
    """Hand one due message to the mail server, if nobody else does; return whether it went out now."""
    return _deliver(Message.objects.filter(pk=message_id)) is Answer.ACCEPTED


def deliver_waiting(seconds: float) -> None:
    """Send every message that is due, the one that has waited longest first.

    After `seconds` the rest is left to the next tick, and so it is when the mail server can't be reached: one letter
    has found that out for all of them, and another one does at the next tick.
    """
    until = time.monotonic() + seconds
    while (answer := _deliver(Message.objects.all())) is not None:
        if answer in (Answer.UNREACHABLE, Answer.UNANSWERED) or time.monotonic() > until:
            return


def _deliver(messages: MessageQuerySet) -> Answer | None:
    """Send the first of the messages that is due; None when there is none that nobody else has."""
    # The conversation ends MAIL_SECONDS from here, and the claim, which is made after this, holds longer.
    until = time.monotonic() + settings.MAIL_SECONDS
    message = _claim(messages)
    if message is None:
        return None
    if message.claim is None:
        return Answer.NOT_SENT
    attempt = _send(message, until)
    if attempt.answer is Answer.UNREACHABLE:
        _Server.away_until = time.monotonic() + settings.TICK_SECONDS
    _insist(lambda: _record(message, attempt))
    return attempt.answer


@transaction.atomic(durable=True)
def _claim(messages: MessageQuerySet) -> Message | None:
    """Take the first of the messages that is due; another worker's are passed over. Without a claim when it turns out
    that it is not to be sent.

    Durable: nothing holds a transaction open while the mail server is talked to.
    """
    due = messages.due().select_for_update(of=("self",), skip_locked=True).select_related("recipient")
    message = due.order_by("not_before", "pk").first()
    if message is None:
        return None
    if message.claim:  # whoever had it was killed, or is lost somewhere
        message.unconfirmed += 1
        message.last_error = _("Försöket avbröts innan portalen hade hört e-postserverns svar.")
    was_lost = message.claim is not None
    message.claim = message.claimed_until = None
    if why := _why_not(message):
        message.cancelled_at, message.cancelled_reason = clock.now(), why
    elif was_lost and message.unconfirmed >= MAX_UNCONFIRMED:
        message.failed_at = clock.now()
    else:
        message.claim, message.claimed_until = (
            uuid.uuid4(),
            Now() + dt.timedelta(seconds=_LEASE * settings.MAIL_SECONDS),
        )
        message.attempts += 1
        message.not_before = clock.now()  # if this goes wrong, behind all that have waited
        message.message_id = message.message_id or mail.message_id_of(message, Programme.current())
    message.save()
    return message


def _why_not(message: Message) -> str:
    """Why the message is not to be sent after all; empty when it is."""
    if message.cancelled_reason:  # somebody wanted that while it was being sent, and nobody knows that it was
        return message.cancelled_reason
    if message.recipient and not message.recipient.gets_mail:
        return _("Personen får inga mejl längre.")
    if message.not_after and message.is_too_late:
        last = localtime(message.not_after)
        return _("Tiden har gått ut: mejlet var till nytta till %(day)s kl. %(time)s.") % {
            "day": date_format(last, "j F Y"),
            "time": f"{last:%H:%M}",
        }
    return ""


def _send(message: Message, until: float) -> _Attempt:
    """Talk to the mail server, until `until` at the longest."""
    try:
        letter = mail.build_mail(message, Programme.current())
        letter.connection = get_connection(until=until)
        letter.send()
    except OSError as refusal:  # every SMTPException is one
        attempt = _understood(refusal)
        logger.warning("message %s was not accepted: %s", message.pk, attempt.words)
        return attempt
    except (OperationalError, InterfaceError) as away:  # the database's fault, and no letter's; nothing was sent
        return _Attempt(Answer.UNREACHABLE, _printable(away))
    except Exception as fault:  # one letter with something odd in it must not stop those behind it
        logger.exception("no mail could be made of message %s", message.pk)
        return _Attempt(Answer.REFUSED, _printable(fault))
    return _Attempt(Answer.ACCEPTED)


def _understood(refusal: OSError) -> _Attempt:
    """What the server said, if that was about this letter; what else goes wrong on the way is wrong for all of them."""
    if isinstance(refusal, UnansweredError):
        return _Attempt(Answer.UNANSWERED, _printable(refusal))
    code: int
    said: bytes | str
    if isinstance(refusal, SMTPRecipientsRefused):
        code, said = next(iter(refusal.recipients.values()))
    elif isinstance(refusal, SMTPResponseException):
        code, said = refusal.smtp_code, refusal.smtp_error
    else:
        return _Attempt(Answer.UNREACHABLE, _printable(refusal))
    words = f"{code} {said.decode(errors='replace') if isinstance(said, bytes) else said}".replace("\x00", "")
    is_about_letter = isinstance(refusal, SMTPRecipientsRefused | SMTPDataError) or code == _TOO_LARGE
    if code == _CLOSING or not is_about_letter:
        return _Attempt(Answer.UNREACHABLE, words)
    if code < _FOR_GOOD:
        return _Attempt(Answer.LATER, words)
    return _Attempt(Answer.NO_SUCH_ADDRESS if _NO_SUCH_ADDRESS.search(words) else Answer.REFUSED, words)


def _printable(fault: Exception) -> str:
    return str(fault).replace("\x00", "") or type(fault).__name__


@transaction.atomic(durable=True)
def _record(message: Message, attempt: _Attempt) -> None:
    """Write down how the attempt ended: that it went out whatever else has happened, the rest while the claim holds."""
    row = Message.objects.select_for_update(of=("self",)).select_related("recipient").get(pk=message.pk)
    if attempt.answer is Answer.ACCEPTED:
        row.sent_at, row.failed_at, row.cancelled_at = row.sent_at or clock.now(), None, None
    elif row.claim != message.claim:
        return
    else:
        # Of somebody who was erased meanwhile nothing comes back.
        row.last_error = attempt.words if row.recipient_email == message.recipient_email else ""
        _note(row, attempt.answer)
    row.claim = row.claimed_until = None
    row.save()


def _note(row: Message, answer: Answer) -> None:
    """What becomes of a letter that was not accepted."""
    row.refusals += answer is Answer.REFUSED
    row.unconfirmed += answer is Answer.UNANSWERED
    if row.cancelled_reason:
        row.cancelled_at = clock.now()
    elif (
        answer is Answer.NO_SUCH_ADDRESS
        or (answer is Answer.REFUSED and row.refusals >= MAX_REFUSALS)
        or (answer is Answer.UNANSWERED and row.unconfirmed >= MAX_UNCONFIRMED)
    ):
        row.failed_at = clock.now()
    else:
        row.not_before = clock.now() + wait_after(row.attempts)


def wait_after(attempts: int) -> dt.timedelta:
    """How long a letter waits after so many attempts: 1, 2, 4 … minutes, an hour at most."""
    seconds = settings.MAIL_RETRY_SECONDS * 2.0 ** min(attempts - 1, 30)
    return min(dt.timedelta(seconds=seconds), MAX_WAIT)


def _insist(write: Callable[[], None]) -> None:
    """Write, and wait for the database if it is away: what the mail server said is known nowhere else."""
    until = time.monotonic() + _RECORD_SECONDS
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError):
            if connection.in_atomic_block or time.monotonic() > until:
                raise
            logger.warning("how a mail went could not be written down yet", exc_info=True)
            connection.close()
            time.sleep(0.5)
