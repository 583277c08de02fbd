"""The outbox: every e-mail is a row before it is a mail."""

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from units.models.people import User
from units.models.unit import Unit

# After the mail server has refused a letter for good this many times a person must look at it; and so when it has
# left this many attempts unanswered, each of which the recipient may have got.
MAX_REFUSALS = 5
MAX_UNCONFIRMED = 5
# The longest wait between two attempts.
MAX_WAIT = dt.timedelta(hours=1)
# A message that could have gone out so many of the worker's rounds ago is late.
LATE_AFTER_TICKS = 5


def late_since() -> dt.datetime:
    """What could have gone out before this moment is late now."""
    return clock.now() - LATE_AFTER_TICKS * dt.timedelta(seconds=settings.TICK_SECONDS)


def held_up() -> Q:
    """What holds of an unfinished message that the mail server has not taken, or that nobody has tried in time."""
    return ~Q(last_error="") | Q(not_before__lte=late_since())


class MessageState(models.TextChoices):
    """Where a message is, derived from its dates."""

    PLANNED = "planned", _("väntar")
    SENDING = "sending", _("skickas")
    SENT = "sent", _("skickat")
    FAILED = "failed", _("misslyckat")
    CANCELLED = "cancelled", _("inställt")


class MessageQuerySet(models.QuerySet["Message"]):
    """Questions about the outbox."""

    def in_state(self, state: MessageState) -> "MessageQuerySet":
        """Messages in one state."""
        return {
            MessageState.PLANNED: self.unfinished().filter(claim__isnull=True),
            MessageState.SENDING: self.filter(claim__isnull=False),
            MessageState.SENT: self.filter(sent_at__isnull=False),
            MessageState.FAILED: self.filter(failed_at__isnull=False),
            MessageState.CANCELLED: self.filter(cancelled_at__isnull=False),
        }[state]

    def unfinished(self) -> "MessageQuerySet":
        """Messages that wait, or are being sent."""
        return self.filter(sent_at__isnull=True, failed_at__isnull=True, cancelled_at__isnull=True)

    def held_up(self) -> "MessageQuerySet":
        """Unfinished messages that should have gone out by now."""
        return self.unfinished().filter(held_up())

    def maybe_out(self) -> "MessageQuerySet":
        """Messages that have gone out, or may have: being sent now, or handed over without an answer."""
        return self.filter(Q(sent_at__isnull=False) | Q(claim__isnull=False) | Q(unconfirmed__gt=0))

    def surely_waiting(self) -> "MessageQuerySet":
        """Messages that wait and have not gone out: unfinished, and none of `maybe_out()`."""
        return self.unfinished().filter(claim__isnull=True, unconfirmed=0)

    def due(self) -> "MessageQuerySet":
        """Messages that should go out now and that nobody sends, or whose sender has not been heard of in time."""
        unclaimed = Q(claim__isnull=True) | Q(claimed_until__lte=Now())
        return self.unfinished().filter(unclaimed, not_before__lte=clock.now())


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
    # Which of the mails that come again and again it is one of, for the header List-Id; empty for any other.
    list_name = models.CharField(_("lista"), max_length=50, blank=True)
    # Where mail programs pause them with one click (RFC 8058).
    pause_url = models.URLField(_("adress som pausar"), max_length=500, blank=True)
    # Follows from the row at the first attempt, and is kept: a mail that leaves twice is the same mail.
    message_id = models.CharField("Message-ID", max_length=400, blank=True, editable=False)
    created_at = models.DateTimeField(_("skapat"), default=clock.now, editable=False)
    not_before = models.DateTimeField(_("skickas tidigast"), default=clock.now)
    # After this it is of no use, such as an invitation when the meeting is over.
    not_after = models.DateTimeField(_("skickas senast"), null=True, blank=True)
    # Whoever sends it holds the claim; it lapses by the database's clock, which is one for all workers.
    claim = models.UUIDField(_("den som skickar"), null=True, blank=True, editable=False)
    claimed_until = models.DateTimeField(_("skickas till och med"), null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("försök"), default=0)
    refusals = models.PositiveSmallIntegerField(_("avvisat för gott"), default=0)
    # Attempts after which nobody knows whether the server took the mail. The recipient may have got so many more.
    unconfirmed = models.PositiveSmallIntegerField(_("försök utan svar"), default=0)
    last_error = models.TextField(_("e-postserverns svar"), blank=True)
    sent_at = models.DateTimeField(_("skickat"), null=True, blank=True)
    failed_at = models.DateTimeField(_("misslyckades"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("inställt"), null=True, blank=True)
    # While the mail is being sent this is a wish: it holds if the mail turns out not to have left.
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
            models.CheckConstraint(
                name="message_claim_is_whole",
                condition=Q(claim__isnull=True, claimed_until__isnull=True)
                | Q(
                    claim__isnull=False,
                    claimed_until__isnull=False,
                    sent_at__isnull=True,
                    failed_at__isnull=True,
                    cancelled_at__isnull=True,
                ),
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
        if self.cancelled_at:
            return MessageState.CANCELLED
        return MessageState.SENDING if self.claim else MessageState.PLANNED

    @property
    def is_too_late(self) -> bool:
        """Whether it is of no use any more."""
        return self.not_after is not None and self.not_after <= clock.now()
