"""When a contact is to be held, and what is written down while it is."""

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from units.models import Round, User


@pghistory.track()
class Booking(models.Model):
    """The time of a round's contact `number`. Booked again it is the same row with another time and a higher
    `sequence`, so that calendars replace what they had; called off it stays, with why."""

    round = models.ForeignKey(Round, models.PROTECT, related_name="bookings", verbose_name=_("omgång"))
    number = models.PositiveSmallIntegerField(_("samtal"))
    starts_at = models.DateTimeField(_("tid"))
    minutes = models.PositiveSmallIntegerField(
        _("längd (minuter)"), default=30, validators=[MinValueValidator(5), MaxValueValidator(480)]
    )
    place = models.CharField(_("plats, telefon eller länk"), max_length=200, blank=True)
    sequence = models.PositiveIntegerField(_("ändringar"), default=0, editable=False)
    booked_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("bokat av"))
    booked_at = models.DateTimeField(_("bokat"), default=clock.now, editable=False)
    cancelled_at = models.DateTimeField(_("avbokat"), null=True, blank=True)
    cancelled_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("avbokat av")
    )
    cancelled_reason = models.CharField(_("varför det avbokades"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("bokat samtal")
        verbose_name_plural = _("bokade samtal")
        ordering = ["starts_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["round", "number"],
                condition=Q(cancelled_at__isnull=True),
                name="booking_one_for_each_contact",
                violation_error_message=_("Samtalet är redan bokat. Boka om det."),
            ),
            models.CheckConstraint(
                name="booking_lasts_at_most_a_day",
                condition=Q(minutes__range=(5, 480)),
                violation_error_message=_("Ett samtal tar mellan 5 minuter och 8 timmar."),
            ),
            models.CheckConstraint(
                name="booking_cancelled_with_name_and_reason",
                condition=Q(cancelled_at__isnull=True, cancelled_by__isnull=True, cancelled_reason="")
                | (Q(cancelled_at__isnull=False, cancelled_by__isnull=False) & ~Q(cancelled_reason="")),
                violation_error_message=_("Skriv varför samtalet avbokas."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.round}: {self.starts_at:%Y-%m-%d %H:%M}"


class ProtocolDraft(models.Model):
    """What has been typed into a protocol that is not recorded yet; thrown away when it is."""

    round = models.ForeignKey(Round, models.PROTECT, related_name="protocol_drafts", verbose_name=_("omgång"))
    number = models.PositiveSmallIntegerField(_("samtal"))
    answers = models.JSONField(_("svar"), default=dict)
    saved_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("sparat av"))
    saved_at = models.DateTimeField(_("sparat"), default=clock.now)

    class Meta:
        verbose_name = _("påbörjat protokoll")
        verbose_name_plural = _("påbörjade protokoll")
        constraints = [
            models.UniqueConstraint(fields=["round", "number"], name="protocol_draft_one_for_each_contact"),
        ]

    def __str__(self) -> str:
        return f"{self.round}: {self.number}"
