"""What mails say and how they leave. One function for each mail; nothing here writes a row."""

from dataclasses import dataclass
from email.headerregistry import Address
from typing import Any

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


def write_letter(
    template: str, *, key: str, to: User | Guest, subject: Any, context: dict[str, Any], calendar: str = ""
) -> Letter:
    """Render templates/email/<template>.txt and .html in the recipient's language.

    `subject` may be lazy, so that it too is in that language; `context` gets `recipient`, `programme`
    and `base_url`; whoever writes many letters brings the programme along. `calendar` goes along as it is.
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


def build_mail(message: Message, programme: Programme) -> EmailMultiAlternatives:
    """The mail of an outbox row. Its Message-ID follows from the row, so that a repeated send shows as one."""
    sender = Address(programme.sender_name, addr_spec=programme.sender_email)
    mail = EmailMultiAlternatives(
        subject=" ".join(message.subject.split()),  # a line break in a header is an attack or a mistake
        body=message.text,
        from_email=str(sender),
        to=[str(Address(message.recipient_name, addr_spec=message.recipient_email))],
        headers={
            "Message-ID": f"<portalen.{message.pk}.{message.created_at:%Y%m%d%H%M%S}@{sender.domain}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    mail.attach_alternative(message.html, "text/html")
    if message.calendar:
        _add_calendar(mail, message.calendar)
    return mail


def _add_calendar(mail: EmailMultiAlternatives, calendar: str) -> None:
    """Twice, as the large calendars themselves do: another way to read the mail (RFC 6047), which Outlook and Gmail
    show as an invitation, and a file for programs that only look among the attachments.

    The file is application/ics: as text/calendar it would be a second invitation in the same mail.
    """
    mail.attach_alternative(calendar, f"text/calendar; method={calendars.method_of(calendar)}")
    mail.attach("utbildning.ics", calendar.encode(), "application/ics")
