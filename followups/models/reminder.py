"""Who is reminded of what and when: the rules, what was written, and the daily sweep."""

import pghistory
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from units.models import Message, Unit, User


class RuleKind(models.TextChoices):
    """What a reminder is about. The order is that of a digest, most urgent first."""

    OVERDUE = "overdue", _("Uppföljningen är försenad")
    ESCALATED = "escalated", _("Uppföljningen är fortfarande försenad (chefens chef)")
    ONE_MONTH_LEFT = "one_month_left", _("En månad kvar till sista dagen för uppföljningen")
    TWO_MONTHS_LEFT = "two_months_left", _("Två månader kvar till sista dagen för uppföljningen")
    OPENS = "opens", _("Dags att boka uppföljningen")
    MEETING = "meeting", _("Ett bokat samtal närmar sig")
    SUPPORT_ACTION = "support_action", _("En utlovad stödinsats är sen")
    NEW_MANAGER = "new_manager", _("En ny chef tar över")
    ROUTINE_REVIEW = "routine_review", _("En rutin ska ses över")
    STALLED = "stalled", _("Ett steg har stått stilla")
    COVERAGE_FELL = "coverage_fell", _("Täckningen har sjunkit")


class Recipient(models.TextChoices):
    """Who a rule writes to."""

    COORDINATOR = "coordinator", _("samordnaren")
    MANAGER = "manager", _("enhetens chef")
    BOTH = "both", _("samordnaren och enhetens chef")
    SUPERIOR = "superior", _("chefens chef")


@pghistory.track()
class ReminderRule(models.Model):
    """One rule, as the coordinator has it; a kind without a row has the defaults (followups/queries/rules.py)."""

    kind = models.CharField(_("regel"), max_length=20, choices=RuleKind, unique=True)
    is_on = models.BooleanField(_("används"), default=True)
    to = models.CharField(_("går till"), max_length=15, choices=Recipient)
    # Days ahead of, or after, what the rule is about; the rules of the window count in months and have none.
    days = models.PositiveSmallIntegerField(_("dagar"), null=True, blank=True)
    # For what repeats each month: how often at most. Then OVERDUE becomes ESCALATED.
    times = models.PositiveSmallIntegerField(_("högst så många gånger"), null=True, blank=True)
    changed_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("ändrad av"))
    changed_at = models.DateTimeField(_("ändrad"), default=clock.now)

    class Meta:
        verbose_name = _("påminnelseregel")
        verbose_name_plural = _("påminnelseregler")
        constraints = [
            models.CheckConstraint(
                name="rule_counts_at_most_a_year",
                condition=(Q(days__isnull=True) | Q(days__range=(1, 366)))
                & (Q(times__isnull=True) | Q(times__range=(1, 12))),
                violation_error_message=_("Välj 1–366 dagar och 1–12 gånger."),
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class Reminder(models.Model):
    """One person is reminded of one thing, once for each occasion. `key` holds rule, subject, occasion and person, so
    that the same is never written twice; `message` is the letter that says it, alone or with others in a digest, and
    is empty from when the sweep found it until the letter is written."""

    key = models.CharField(_("nyckel"), max_length=150, unique=True)
    kind = models.CharField(_("regel"), max_length=20, choices=RuleKind)
    recipient = models.ForeignKey(User, models.PROTECT, related_name="reminders", verbose_name=_("mottagare"))
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="reminders", verbose_name=_("enhet"))
    occasion_on = models.DateField(_("tillfälle"))
    swept_on = models.DateField(_("genomgång"))
    # What the letter says: the dates and words that held when the sweep found it.
    details = models.JSONField(_("uppgifter"), default=dict)
    message = models.ForeignKey(
        Message, models.PROTECT, null=True, blank=True, related_name="reminders", verbose_name=_("meddelande")
    )
    # Whom it is about, as that person is called today; queries.named() fills it in, and no row keeps it.
    person = ""

    class Meta:
        verbose_name = _("påminnelse")
        verbose_name_plural = _("påminnelser")
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["recipient"], name="reminder_without_letter", condition=Q(message__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.key


@pghistory.track()
class DigestPause(models.Model):
    """Somebody wants no digests for a time: until `ends_on`, or until they say so."""

    user = models.ForeignKey(User, models.PROTECT, related_name="digest_pauses", verbose_name=_("mottagare"))
    started_at = models.DateTimeField(_("började"), default=clock.now, editable=False)
    ends_on = models.DateField(_("till och med"), null=True, blank=True)
    ended_at = models.DateTimeField(_("avslutad"), null=True, blank=True)

    class Meta:
        verbose_name = _("paus i påminnelser")
        verbose_name_plural = _("pauser i påminnelser")
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(ended_at__isnull=True), name="digest_pause_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return str(self.user)


class SweepRun(models.Model):
    """The daily sweep ran for a date. A missing or unfinished row means: sweep again."""

    on = models.DateField(_("datum"), unique=True)
    started_at = models.DateTimeField(_("började"), default=clock.now)
    finished_at = models.DateTimeField(_("slutförd"), null=True, blank=True)
    written = models.PositiveIntegerField(_("nya meddelanden"), default=0)

    class Meta:
        verbose_name = _("genomgång")

    def __str__(self) -> str:
        return str(self.on)
