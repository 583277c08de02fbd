"""Step 1: who has taken the web course, group sessions, and units that need a refill."""

import uuid

import pghistory
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import TruncDate
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from units.models import StepCompletion, Unit, User


class GroupSessionQuerySet(models.QuerySet["GroupSession"]):
    """Questions about group sessions."""

    def standing(self) -> "GroupSessionQuerySet":
        """Those that have not been withdrawn."""
        return self.filter(withdrawn_at__isnull=True)


@pghistory.track()
class GroupSession(models.Model):
    """Gruppträff: the web course taken together. Named participants are completions that point here;
    `headcount` is how many more took part without being named."""

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="group_sessions", verbose_name=_("enhet"))
    held_on = models.DateField(_("datum"))
    headcount = models.PositiveIntegerField(
        _("antal deltagare utan namn"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    # Each rendered form carries its own: a form that is sent twice is one session.
    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("registrerat av"))
    recorded_at = models.DateTimeField(_("registrerat"), default=clock.now, editable=False)
    withdrawn_at = models.DateTimeField(_("återtaget"), null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("återtaget av")
    )

    objects = GroupSessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("gruppträff")
        verbose_name_plural = _("gruppträffar")
        constraints = [
            models.CheckConstraint(
                name="group_session_headcount_is_positive",
                condition=Q(headcount__isnull=True) | Q(headcount__gte=1),
                violation_error_message=_("Antalet deltagare måste vara minst 1."),
            ),
            models.CheckConstraint(
                name="group_session_not_in_the_future",
                condition=Q(held_on__lte=TruncDate("recorded_at")),
                violation_error_message=_("Datumet ligger i framtiden. Välj dagens datum eller ett tidigare."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit}, {self.held_on}"


class CompletionQuerySet(models.QuerySet["Completion"]):
    """Questions about who has taken the web course."""

    def standing(self) -> "CompletionQuerySet":
        """Those that have not been withdrawn."""
        return self.filter(withdrawn_at__isnull=True)


@pghistory.track(level=pghistory.Statement)
class Completion(models.Model):
    """A person has taken the web course. It belongs to the person and follows them to the next unit.

    Whoever takes it again when it has expired gets another row. `recorded_by` is the person when they said so
    themselves.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="course_completions", verbose_name=_("person"))
    completed_on = models.DateField(_("genomförde kursen"))
    session = models.ForeignKey(
        GroupSession,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="completions",
        verbose_name=_("gruppträff"),
    )
    # The session that counted this person without a name, before anybody knew it: one less of its headcount counts.
    counted_in = models.ForeignKey(
        GroupSession,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="named_later",
        verbose_name=_("räknades utan namn på"),
    )
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("registrerat av"))
    recorded_at = models.DateTimeField(_("registrerat"), default=clock.now, editable=False)
    withdrawn_at = models.DateTimeField(_("återtaget"), null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("återtaget av")
    )

    objects = CompletionQuerySet.as_manager()

    class Meta:
        verbose_name = _("genomförd webbkurs")
        verbose_name_plural = _("genomförda webbkurser")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "completed_on"],
                condition=Q(withdrawn_at__isnull=True),
                name="completion_counts_once_per_person_and_day",
                violation_error_message=_("Personen är redan registrerad."),
            ),
            models.CheckConstraint(
                name="completion_named_or_counted_not_both",
                condition=Q(session__isnull=True) | Q(counted_in__isnull=True),
                violation_error_message=_("Personen kan inte både stå med namn och räknas utan namn på en gruppträff."),
            ),
            models.CheckConstraint(
                name="completion_not_in_the_future",
                condition=Q(completed_on__lte=TruncDate("recorded_at")),
                violation_error_message=_("Datumet ligger i framtiden. Välj dagens datum eller ett tidigare."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.completed_on}"


@pghistory.track()
class Refill(models.Model):
    """Påfyllning behövs: coverage was seen below the threshold after step 1 was completed.

    A row for each time that it fell, so that the managers are told once each time; it ends when coverage is back.
    """

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="refills", verbose_name=_("enhet"))
    completion = models.ForeignKey(
        StepCompletion, models.PROTECT, related_name="refills", verbose_name=_("genomfört steg 1")
    )
    began_on = models.DateField(_("upptäcktes"), default=clock.today)
    ended_on = models.DateField(_("fylldes på"), null=True, blank=True)

    class Meta:
        verbose_name = _("påfyllning")
        verbose_name_plural = _("påfyllningar")
        constraints = [
            models.UniqueConstraint(
                fields=["unit"],
                condition=Q(ended_on__isnull=True),
                name="refill_one_open_per_unit",
                violation_error_message=_("Enheten behöver redan påfyllning."),
            ),
            models.CheckConstraint(
                name="refill_ends_after_it_begins",
                condition=Q(ended_on__isnull=True) | Q(ended_on__gte=models.F("began_on")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit}, {self.began_on}"


class RefillLook(models.Model):
    """Every unit was looked at on this day for whether it needs a refill. A missing row means: look."""

    on = models.DateField(_("datum"), unique=True)

    class Meta:
        verbose_name = _("genomgång av påfyllning")

    def __str__(self) -> str:
        return str(self.on)
