"""What mails say and how they leave. One function for each mail; nothing here writes a row."""

import datetime as dt
from dataclasses import dataclass
from email.headerregistry import Address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from jarfalla import calendars
from units.models import Message, Programme, StepCompletion, User


@dataclass(frozen=True)
class Guest:
    """Somebody without an account whom the portal writes to, such as who signed up to an open occasion."""

    name: str
    email: str
    language: str = "sv"


@dataclass(frozen=True)
class Letter:
    """What one person is to read, before it is a row in the outbox. `key` says why it exists."""

    key: str
    recipient: User | Guest
    subject: str
    text: str
    html: str
    # An iCalendar object (jarfalla.calendars.invitation); empty for a letter without an appointment.
    calendar: str = ""
    # For mails that come again and again: which of them this is (a-z, 0-9, -), and where one click pauses them. That
    # address answers a POST without a session and asks nothing more (RFC 8058).
    list_name: str = ""
    pause_url: str = ""
    # After this moment it is not sent: it would be of no use.
    not_after: dt.datetime | None = None


def write_letter(
    template: str,
    *,
    key: str,
    to: User | Guest,
    subject: Any,
    context: dict[str, Any],
    calendar: str = "",
    list_name: str = "",
    pause_url: str = "",
    not_after: dt.datetime | None = None,
) -> Letter:
    """Render templates/email/<template>.txt and .html in the recipient's language.

    `subject` may be lazy, so that it too is in that language; `context` gets `recipient`, `programme`
    and `base_url`; whoever writes many letters brings the programme along. The rest goes along as it is.
    """
    with translation.override(to.language):
        programme = context.get("programme") or Programme.current()
        full = {"recipient": to, "base_url": settings.BASE_URL, **context, "programme": programme}
        full["subject"] = str(subject)
        return Letter(
            key=key,
            recipient=to,
            subject=str(subject),
            text=render_to_string(f"email/{template}.txt", full).strip() + "\n",
            html=render_to_string(f"email/{template}.html", full),
            calendar=calendar,
            list_name=list_name,
            pause_url=pause_url,
            not_after=not_after,
        )


def step_completed(completion: StepCompletion, to: User) -> Letter:
    """Tell `to` that a unit has completed a step."""
    with translation.override(to.language):
        subject = _("%(unit)s har klarat steg %(step)s: %(name)s") % {
            "unit": completion.round.unit.name,
            "step": completion.step,
            "name": completion.get_step_display().lower(),
        }
    return write_letter(
        "step_completed",
        key=f"step_completed:{completion.pk}:{to.pk}",
        to=to,
        subject=subject,
        context={"completion": completion, "unit": completion.round.unit},
    )


def message_id_of(message: Message, programme: Programme) -> str:
    """The Message-ID of an outbox row that has none yet; it follows from the row."""
    domain = programme.sender_email.rpartition("@")[2] or "localhost"
    return f"<portalen.{message.pk}.{message.created_at:%Y%m%d%H%M%S}@{domain}>"


def build_mail(message: Message, programme: Programme) -> EmailMultiAlternatives:
    """The mail of an outbox row; the same Message-ID every time, so that a repeated send shows as one."""
    sender = Address(programme.sender_name, addr_spec=programme.sender_email)
    mail = EmailMultiAlternatives(
        subject=" ".join(message.subject.split()),  # a line break in a header is an attack or a mistake
        body=message.text,
        from_email=str(sender),
        to=[str(Address(message.recipient_name, addr_spec=message.recipient_email))],
        headers={
            "Message-ID": message.message_id or message_id_of(message, programme),
            "Auto-Submitted": "auto-generated",
            **_list_headers(message),
        },
    )
    mail.attach_alternative(message.html, "text/html")
    if message.calendar:
        _add_calendar(mail, message.calendar)
    return mail


def _list_headers(message: Message) -> dict[str, str]:
    """What lets mail programs sort mails that come again and again (RFC 2919), and pause them (RFC 2369, RFC 8058)."""
    headers = {}
    if message.list_name:
        headers["List-Id"] = f"<{message.list_name}.{urlsplit(settings.BASE_URL).hostname or 'localhost'}>"
        headers["Precedence"] = "bulk"
    if message.pause_url:
        headers["List-Unsubscribe"] = f"<{message.pause_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def _add_calendar(mail: EmailMultiAlternatives, calendar: str) -> None:
    """Twice, as the large calendars themselves do: another way to read the mail (RFC 6047), which Outlook and Gmail
    show as an invitation, and a file for programs that only look among the attachments.

    The file is application/ics: as text/calendar it would be a second invitation in the same mail.
    """
    mail.attach_alternative(calendar, f"text/calendar; method={calendars.method_of(calendar)}")
    mail.attach(calendars.file_name(calendar), calendar.encode(), "application/ics")
