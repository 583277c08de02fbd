"""Steps 1 and 2: who has taken the web course, group sessions, trainings, and material to learn from."""

import datetime as dt
import uuid

import pghistory
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from units.models import Round, Unit, User


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


@pghistory.track()
class Completion(models.Model):
    """A person has taken the web course. It belongs to the person and follows them to the next unit."""

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
                fields=["user"],
                condition=Q(withdrawn_at__isnull=True),
                name="completion_counts_once_per_person",
                violation_error_message=_("Personen är redan registrerad."),
            ),
            models.CheckConstraint(
                name="completion_not_in_the_future",
                condition=Q(completed_on__lte=TruncDate("recorded_at")),
                violation_error_message=_("Datumet ligger i framtiden. Välj dagens datum eller ett tidigare."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.completed_on}"


class TrainingState(models.TextChoices):
    """Where a training is, derived from its dates and the time of day."""

    AWAITING_ANSWER = "awaiting_answer", _("Hölls den?")
    BOOKED = "booked", _("Bokad")
    HELD = "held", _("Genomförd")
    CANCELLED = "cancelled", _("Inställd")


class TrainingQuerySet(models.QuerySet["Training"]):
    """Questions about trainings."""

    def visible_to(self, user: User) -> "TrainingQuerySet":
        """All for a coordinator, those of the own units for staff, none for a reader."""
        return self if user.is_coordinator else self.filter(round__unit__in=Unit.objects.visible_to(user))

    def in_state(self, state: TrainingState, at: dt.datetime) -> "TrainingQuerySet":
        """Trainings in one state at the moment `at`."""
        return self.filter(training_conditions(at)[state])


def training_conditions(at: dt.datetime) -> dict[TrainingState, Q]:
    """What each state means at the moment `at`, the state that somebody must act on first."""
    unanswered = Q(held_on__isnull=True, cancelled_at__isnull=True)
    return {
        TrainingState.AWAITING_ANSWER: unanswered & Q(starts_at__lte=at),
        TrainingState.BOOKED: unanswered & Q(starts_at__gt=at),
        TrainingState.HELD: Q(held_on__isnull=False),
        TrainingState.CANCELLED: Q(cancelled_at__isnull=False),
    }


@pghistory.track()
class Training(models.Model):
    """Riktad utbildning: booked by the coordinator for a unit's round, then held or cancelled."""

    round = models.ForeignKey(Round, models.PROTECT, related_name="trainings", verbose_name=_("omgång"))
    title = models.CharField(_("vad utbildningen handlar om"), max_length=200)
    starts_at = models.DateTimeField(_("börjar"))
    place = models.CharField(_("plats eller möteslänk"), max_length=200, blank=True)
    leader = models.CharField(_("ledare"), max_length=100, blank=True)
    booked_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("bokad av"))
    booked_at = models.DateTimeField(_("bokad"), default=clock.now, editable=False)
    held_on = models.DateField(_("hölls den"), null=True, blank=True)
    attended = models.PositiveIntegerField(
        _("antal deltagare"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    held_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("registrerad av")
    )
    held_recorded_at = models.DateTimeField(_("registrerad som hållen"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("inställd"), null=True, blank=True)
    cancelled_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("inställd av")
    )
    cancelled_reason = models.CharField(_("varför den ställdes in"), max_length=300, blank=True)

    objects = TrainingQuerySet.as_manager()

    class Meta:
        verbose_name = _("utbildning")
        verbose_name_plural = _("utbildningar")
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(
                name="training_held_or_cancelled_not_both",
                condition=Q(held_on__isnull=True) | Q(cancelled_at__isnull=True),
                violation_error_message=_("En inställd utbildning kan inte också ha hållits."),
            ),
            models.CheckConstraint(
                name="training_held_with_name_and_time",
                condition=Q(held_on__isnull=True, held_by__isnull=True, held_recorded_at__isnull=True)
                | Q(held_on__isnull=False, held_by__isnull=False, held_recorded_at__isnull=False),
            ),
            models.CheckConstraint(
                name="training_not_held_in_the_future",
                condition=Q(held_on__isnull=True) | Q(held_on__lte=TruncDate(F("held_recorded_at"))),
                violation_error_message=_("Datumet ligger i framtiden. Välj dagens datum eller ett tidigare."),
            ),
            models.CheckConstraint(
                name="training_attendance_is_positive",
                condition=Q(attended__isnull=True) | Q(attended__gte=1),
                violation_error_message=_("Antalet deltagare måste vara minst 1."),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """The training's own page."""
        return reverse("training", args=[self.pk])

    @property
    def state(self) -> TrainingState:
        """Where the training is now. One whose time has passed is not held until somebody says so."""
        if self.held_on:
            return TrainingState.HELD
        if self.cancelled_at:
            return TrainingState.CANCELLED
        return TrainingState.BOOKED if self.starts_at > clock.now() else TrainingState.AWAITING_ANSWER

    @property
    def is_open(self) -> bool:
        """Neither held nor cancelled yet."""
        return self.state in (TrainingState.BOOKED, TrainingState.AWAITING_ANSWER)


class Material(models.Model):
    """A course, guidance or poster to learn from; the first ones come from courses/seed/vagledning.csv."""

    title = models.CharField(_("titel"), max_length=200, unique=True)
    publisher = models.CharField(_("utgivare"), max_length=200, blank=True)
    web = models.URLField(_("webbplats"), blank=True)
    audience = models.CharField(_("målgrupp"), max_length=200, blank=True)
    kind = models.CharField(_("typ"), max_length=100, blank=True)
    position = models.PositiveSmallIntegerField(_("ordning"), default=0)

    class Meta:
        verbose_name = _("material")
        ordering = ["position", "title"]

    def __str__(self) -> str:
        return self.title
