"""The outbox: every e-mail is a row before it is a mail."""

import datetime as dt

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from units.models.people import User
from units.models.unit import Unit

# After this many refusals by the mail server a person must look at it.
MAX_ATTEMPTS = 6
# The longest wait between two attempts.
MAX_MINUTES = 60


class MessageState(models.TextChoices):
    """Where a message is, derived from its dates."""

    PLANNED = "planned", _("väntar")
    SENT = "sent", _("skickat")
    FAILED = "failed", _("misslyckat")
    CANCELLED = "cancelled", _("inställt")


class MessageQuerySet(models.QuerySet["Message"]):
    """Questions about the outbox."""

    def in_state(self, state: MessageState) -> "MessageQuerySet":
        """Messages in one state."""
        return self.filter(
            **{
                MessageState.PLANNED: {
                    "sent_at__isnull": True,
                    "failed_at__isnull": True,
                    "cancelled_at__isnull": True,
                },
                MessageState.SENT: {"sent_at__isnull": False},
                MessageState.FAILED: {"failed_at__isnull": False},
                MessageState.CANCELLED: {"cancelled_at__isnull": False},
            }[state]
        )

    def due(self, at: dt.datetime | None = None) -> "MessageQuerySet":
        """Messages that should go out now."""
        return self.in_state(MessageState.PLANNED).filter(not_before__lte=at or clock.now())


class Message(models.Model):
    """One mail to one person. `key` says why it exists, so the same reason never makes two."""

    key = models.CharField(_("nyckel"), max_length=200, unique=True)
    recipient = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="messages", verbose_name=_("mottagare")
    )
    # Somebody without an account, who signed up to an open occasion.
    to_name = models.CharField(_("mottagarens namn"), max_length=100, blank=True)
    to_email = models.EmailField(_("mottagarens e-postadress"), blank=True)
    unit = models.ForeignKey(
        Unit, models.PROTECT, null=True, blank=True, related_name="messages", verbose_name=_("enhet")
    )
    subject = models.CharField(_("ämne"), max_length=200)
    text = models.TextField(_("text"))
    html = models.TextField("HTML")
    # An iCalendar object with its METHOD; empty for a mail without an appointment.
    calendar = models.TextField(_("kalenderfil"), blank=True)
    created_at = models.DateTimeField(_("skapat"), default=clock.now, editable=False)
    not_before = models.DateTimeField(_("skickas tidigast"), default=clock.now)
    attempts = models.PositiveSmallIntegerField(_("försök"), default=0)
    last_error = models.TextField(_("e-postserverns svar"), blank=True)
    sent_at = models.DateTimeField(_("skickat"), null=True, blank=True)
    failed_at = models.DateTimeField(_("misslyckades"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("inställt"), null=True, blank=True)
    cancelled_reason = models.CharField(_("varför det ställdes in"), max_length=200, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("meddelande")
        verbose_name_plural = _("meddelanden")
        indexes = [
            models.Index(
                fields=["not_before"],
                name="message_waiting",
                condition=Q(sent_at__isnull=True, failed_at__isnull=True, cancelled_at__isnull=True),
            )
        ]
        constraints = [
            models.CheckConstraint(
                name="message_has_one_recipient",
                condition=Q(recipient__isnull=False, to_email="") | (Q(recipient__isnull=True) & ~Q(to_email="")),
            ),
            models.CheckConstraint(
                name="message_has_one_end",
                condition=Q(sent_at__isnull=True, failed_at__isnull=True)
                | Q(sent_at__isnull=True, cancelled_at__isnull=True)
                | Q(failed_at__isnull=True, cancelled_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def recipient_name(self) -> str:
        """Who gets the mail, with an account or without."""
        return self.recipient.name if self.recipient else self.to_name

    @property
    def recipient_email(self) -> str:
        """Where the mail goes."""
        return self.recipient.email if self.recipient else self.to_email

    @property
    def is_to_protected(self) -> bool:
        """Whether nothing that tells who gets it may be shown."""
        return self.recipient is not None and self.recipient.is_protected

    @property
    def state(self) -> MessageState:
        """Where the message is."""
        if self.sent_at:
            return MessageState.SENT
        if self.failed_at:
            return MessageState.FAILED
        return MessageState.CANCELLED if self.cancelled_at else MessageState.PLANNED
