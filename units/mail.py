"""What mails say and how they leave. One function for each mail; nothing here writes a row."""

from dataclasses import dataclass
from email.headerregistry import Address
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from units.models import Message, Programme, StepCompletion, User


@dataclass(frozen=True)
class Letter:
    """What one person is to read, before it is a row in the outbox. `key` says why it exists."""

    key: str
    recipient: User
    subject: str
    text: str
    html: str


def write_letter(template: str, *, key: str, to: User, subject: Any, context: dict[str, Any]) -> Letter:
    """Render templates/email/<template>.txt and .html in the recipient's language.

    `subject` may be lazy, so that it too is in that language; `context` gets `recipient`, `programme`
    and `base_url`.
    """
    with translation.override(to.language):
        full = {"recipient": to, "programme": Programme.current(), "base_url": settings.BASE_URL, **context}
        full["subject"] = str(subject)
        return Letter(
            key=key,
            recipient=to,
            subject=str(subject),
            text=render_to_string(f"email/{template}.txt", full).strip() + "\n",
            html=render_to_string(f"email/{template}.html", full),
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
        to=[str(Address(message.recipient.name, addr_spec=message.recipient.email))],
        headers={
            "Message-ID": f"<portalen.{message.pk}.{message.created_at:%Y%m%d%H%M%S}@{sender.domain}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    mail.attach_alternative(message.html, "text/html")
    return mail
