"""The outbox: letters become rows, and what people do with the rows. How they leave: delivery.py."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from jarfalla import clock
from jarfalla.celery import enqueue
from units.mail import Guest, Letter
from units.models import Message, Refused, Unit, User
from units.models.message import MessageQuerySet, MessageState

# A reminder that is older has been overtaken by what happened since.
STALE = dt.timedelta(days=7)


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
def post_letters(letters: Iterable[tuple[Letter, Unit | None]], *, not_before: dt.datetime | None = None) -> None:
    """Put many letters in the outbox at once, each about its unit, as post_letter does; as many queries for one as
    for a hundred. People who get no mail get none.
    """
    leaves_at = not_before or clock.now()
    Message.objects.bulk_create(
        [
            Message(key=letter.key, not_before=leaves_at, **_columns(letter, unit))
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
        "list_name": letter.list_name,
        "pause_url": letter.pause_url,
        "not_after": letter.not_after,
    }


def _addressed_to(to: User | Guest) -> dict[str, Any]:
    """The columns of a message that say who gets it. What a guest typed can't become a header of its own."""
    if isinstance(to, User):
        return {"recipient": to}
    validate_email(to.email)
    return {"to_name": " ".join(to.name.split())[:100], "to_email": to.email}


@transaction.atomic
def retry_message(message: Message) -> Message:
    """Try a failed or waiting message again now.

    Raises Refused when it has gone out or been cancelled, is being sent, or is of no use any more.
    """
    message = Message.objects.select_for_update(of=("self",)).get(pk=message.pk)
    if message.state in (MessageState.SENT, MessageState.CANCELLED):
        raise Refused(_("Det här meddelandet är redan avslutat."))
    if message.state == MessageState.SENDING:
        raise Refused(_("Det här meddelandet skickas just nu."))
    if message.is_too_late:
        raise Refused(_("Tiden för det här meddelandet har gått ut. Det är inte till nytta längre."))
    if message.list_name and clock.now() - message.created_at > STALE:
        raise Refused(_("Påminnelsen är mer än en vecka gammal och kan ha blivit fel. Se i portalen vad som gäller."))
    message.failed_at, message.attempts, message.refusals, message.not_before = None, 0, 0, clock.now()
    message.save()
    enqueue("units.tasks.send_message", message.pk)
    return message


@transaction.atomic
def cancel_message(message: Message, *, reason: str) -> Message:
    """Keep a waiting message from going out; return it as it is when it already has.

    One that is being sent at this moment stays so: it is cancelled if it turns out not to have left.
    """
    cancel_messages(Message.objects.filter(pk=message.pk), reason=reason)
    return Message.objects.get(pk=message.pk)


@transaction.atomic
def cancel_messages(messages: MessageQuerySet, *, reason: str) -> None:
    """Keep those of the messages that still wait, or have failed, from going out, as cancel_message does; as many
    queries for one as for a hundred.
    """
    open_ones = messages.filter(sent_at__isnull=True, cancelled_at__isnull=True).select_for_update(of=("self",))
    chosen = dict(open_ones.order_by("pk").values_list("pk", "claim"))
    being_sent = [pk for pk, claim in chosen.items() if claim]
    Message.objects.filter(pk__in=being_sent).update(cancelled_reason=reason)
    Message.objects.filter(pk__in=chosen.keys() - being_sent).update(
        failed_at=None, cancelled_at=clock.now(), cancelled_reason=reason
    )


@transaction.atomic
def erase_guest_letters(prefix: str, *, address: str) -> int:
    """Empty the letters whose key begins with `prefix` and put `address` instead of a guest's; return how many.

    What still waits is cancelled: nobody is left to read it.
    """
    letters = Message.objects.filter(key__startswith=prefix)
    cancel_messages(letters, reason=_("Mottagarens uppgifter är raderade."))
    letters.filter(recipient__isnull=True).update(to_name="", to_email=address)
    return letters.update(text="", html="", calendar="", pause_url="", last_error="")
