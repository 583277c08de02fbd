"""Step 2: trainings, who they are for, who was invited and who came."""

import datetime as dt

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from units.models import Round, Unit, User


class Theme(models.TextChoices):
    """What a training may be about."""

    BASICS = "basics", _("Hedersnormer och hedersförtryck: grunderna")
    EARLY_SIGNS = "early_signs", _("Tidiga tecken")
    TALKING_TO_CHILDREN = "talking_to_children", _("Samtal med barn och unga")
    TALKING_TO_PARENTS = "talking_to_parents", _("Samtal med föräldrar")
    REPORTING = "reporting", _("Orosanmälan och skydd")
    MARRIAGE_AND_TRAVEL = "marriage_and_travel", _("Barnäktenskap, tvångsäktenskap och uppfostringsresor")
    FGM = "fgm", _("Könsstympning")
    DIGITAL = "digital", _("Kontroll på nätet och i mobilen")
    EQUALITY = "equality", _("Jämställdhet, sexualitet och normer")
    DISABILITY = "disability", _("Heder och funktionsnedsättning")
    COOPERATION = "cooperation", _("Samverkan och ansvar")
    HOUSING = "housing", _("Tecken i bostad och trapphus")


class TrainingSeries(models.Model):
    """Occasions that belong together, such as the two lectures that every preschool gets."""

    title = models.CharField(_("serie"), max_length=200)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("planerad av"))
    created_at = models.DateTimeField(_("planerad"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("utbildningsserie")

    def __str__(self) -> str:
        return self.title


class TrainingState(models.TextChoices):
    """Where a training is, derived from its dates and the time of day."""

    AWAITING_ANSWER = "awaiting_answer", _("Hölls den?")
    BOOKED = "booked", _("Planerad")
    HELD = "held", _("Genomförd")
    NOT_HELD = "not_held", _("Blev inte av")
    CANCELLED = "cancelled", _("Inställd")


class TrainingQuerySet(models.QuerySet["Training"]):
    """Questions about trainings."""

    def visible_to(self, user: User) -> "TrainingQuerySet":
        """All for a coordinator, those of the own units for staff, none for a reader."""
        return self if user.is_coordinator else self.filter(rounds__unit__in=Unit.objects.visible_to(user)).distinct()

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
        TrainingState.NOT_HELD: Q(cancelled_at__gte=F("starts_at")),
        TrainingState.CANCELLED: Q(cancelled_at__lt=F("starts_at")),
    }


@pghistory.track()
class Training(models.Model):
    """Riktad utbildning: an occasion planned by the coordinator for the rounds of one or more units, then held or
    cancelled. An open one takes sign-ups from anybody, up to its capacity.
    """

    series = models.ForeignKey(
        TrainingSeries, models.PROTECT, null=True, blank=True, related_name="trainings", verbose_name=_("serie")
    )
    part = models.PositiveSmallIntegerField(_("del"), null=True, blank=True)
    rounds = models.ManyToManyField(
        Round, through="TrainingRound", related_name="trainings", blank=True, verbose_name=_("omgångar")
    )
    title = models.CharField(_("vad utbildningen handlar om"), max_length=200)
    themes = ArrayField(models.CharField(max_length=40, choices=Theme), default=list, blank=True)
    need = models.TextField(_("enhetens behov"), blank=True)
    aim = models.TextField(_("syfte"), blank=True)
    starts_at = models.DateTimeField(_("börjar"))
    ends_at = models.DateTimeField(_("slutar"), null=True, blank=True)
    place = models.CharField(_("plats"), max_length=200, blank=True)
    meeting_url = models.URLField(_("möteslänk"), max_length=500, blank=True)
    leader = models.CharField(_("ledare"), max_length=100, blank=True)
    materials = models.ManyToManyField(
        "courses.Material", related_name="trainings", blank=True, verbose_name=_("material")
    )
    invites_staff = models.BooleanField(_("bjud in all personal, inte bara cheferna"), default=False)
    # Raised with each change that calendars must hear of (RFC 5545, SEQUENCE); `told_sequence` is what everybody
    # concerned has been written to about. The worker writes the letters until the two are equal.
    sequence = models.PositiveIntegerField(_("ändring"), default=0, editable=False)
    told_sequence = models.PositiveIntegerField(_("meddelad ändring"), null=True, blank=True, editable=False)
    takes_sign_ups = models.BooleanField(_("öppen för anmälan"), default=False)
    capacity = models.PositiveIntegerField(_("antal platser"), null=True, blank=True, validators=[MinValueValidator(1)])
    booked_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("bokad av"))
    booked_at = models.DateTimeField(_("bokad"), default=clock.now, editable=False)
    held_on = models.DateField(_("hölls den"), null=True, blank=True)
    # Participants of an open occasion who belong to none of the invited units; the units' own stand in TrainingRound.
    headcount = models.PositiveIntegerField(
        _("antal deltagare från andra"), null=True, blank=True, validators=[MinValueValidator(1)]
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
    # The last time that it was recorded as held by mistake, and by whom and why that was taken back.
    reopened_at = models.DateTimeField(_("öppnad igen"), null=True, blank=True)
    reopened_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("öppnad igen av")
    )
    reopened_reason = models.CharField(_("varför den öppnades igen"), max_length=300, blank=True)

    objects = TrainingQuerySet.as_manager()

    class Meta:
        verbose_name = _("utbildning")
        verbose_name_plural = _("utbildningar")
        ordering = ["starts_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["series", "part"],
                name="training_part_once_in_series",
                violation_error_message=_("Serien har redan den delen."),
            ),
            models.CheckConstraint(
                name="training_series_and_part_together",
                condition=Q(series__isnull=True, part__isnull=True) | Q(series__isnull=False, part__gte=1),
            ),
            models.CheckConstraint(
                name="training_ends_after_it_starts",
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                violation_error_message=_("Utbildningen måste sluta efter att den har börjat."),
            ),
            models.CheckConstraint(
                name="training_capacity_is_positive",
                condition=Q(capacity__isnull=True) | Q(capacity__gte=1),
                violation_error_message=_("Antalet platser måste vara minst 1."),
            ),
            models.CheckConstraint(
                name="training_told_no_more_than_happened",
                condition=Q(told_sequence__isnull=True) | Q(told_sequence__lte=F("sequence")),
            ),
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
                name="training_reopened_with_name_and_reason",
                condition=Q(reopened_at__isnull=True, reopened_by__isnull=True, reopened_reason="")
                | (Q(reopened_at__isnull=False, reopened_by__isnull=False) & ~Q(reopened_reason="")),
                violation_error_message=_("Skriv varför utbildningen öppnas igen."),
            ),
            models.CheckConstraint(
                name="training_headcount_is_positive",
                condition=Q(headcount__isnull=True) | Q(headcount__gte=1),
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
            return TrainingState.NOT_HELD if self.cancelled_at >= self.starts_at else TrainingState.CANCELLED
        return TrainingState.BOOKED if self.starts_at > clock.now() else TrainingState.AWAITING_ANSWER

    @property
    def is_open(self) -> bool:
        """Neither held nor cancelled yet."""
        return self.state in (TrainingState.BOOKED, TrainingState.AWAITING_ANSWER)

    @property
    def has_come(self) -> bool:
        """Whether its day is here or past; before that nobody can have held it."""
        return timezone.localdate(self.starts_at) <= clock.today()

    @property
    def is_for_others(self) -> bool:
        """Whether others than the invited units may come: anybody can sign up, or somebody did before that closed."""
        return self.takes_sign_ups or self.has_sign_ups

    @property
    def has_sign_ups(self) -> bool:
        """Whether anybody is signed up now."""
        return self.sign_ups.filter(withdrawn_at__isnull=True).exists()


@pghistory.track()
class TrainingRound(models.Model):
    """A training is for this round of a unit; `headcount` is how many of the unit came without being named."""

    training = models.ForeignKey(Training, models.PROTECT, related_name="training_rounds")
    round = models.ForeignKey(Round, models.PROTECT, related_name="training_rounds")
    headcount = models.PositiveIntegerField(
        _("antal deltagare utan namn"), null=True, blank=True, validators=[MinValueValidator(1)]
    )

    class Meta:
        verbose_name = _("enhet på en utbildning")
        constraints = [
            models.UniqueConstraint(
                fields=["training", "round"],
                name="training_once_per_round",
                violation_error_message=_("Enheten är redan med på utbildningen."),
            ),
            models.CheckConstraint(
                name="training_round_headcount_is_positive",
                condition=Q(headcount__isnull=True) | Q(headcount__gte=1),
                violation_error_message=_("Antalet deltagare måste vara minst 1."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.training}: {self.round}"


class Invitation(models.Model):
    """A person has been invited to a training and has been written to about it up to `sequence`.

    Somebody who leaves and comes back while the training stands as it was must get higher numbers all the same:
    `shift` counts the letters that are theirs alone, and is added to the sequence in their calendar.
    """

    training = models.ForeignKey(Training, models.PROTECT, related_name="invitations", verbose_name=_("utbildning"))
    user = models.ForeignKey(User, models.PROTECT, related_name="invitations", verbose_name=_("person"))
    sequence = models.PositiveIntegerField(_("meddelad ändring"), default=0)
    shift = models.PositiveIntegerField(_("personens egna ändringar"), default=0)
    cancelled_at = models.DateTimeField(_("återkallad"), null=True, blank=True)

    class Meta:
        verbose_name = _("inbjudan")
        verbose_name_plural = _("inbjudningar")
        constraints = [
            models.UniqueConstraint(
                fields=["training", "user"],
                name="invitation_once_per_person",
                violation_error_message=_("Personen är redan inbjuden."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.training}: {self.user}"


class AttendanceSource(models.TextChoices):
    """How it is known that somebody came."""

    LIST = "list", _("avprickad i listan")
    QR = "qr", _("med QR-kod på plats")


@pghistory.track()
class Attendance(models.Model):
    """A person came to a training."""

    training = models.ForeignKey(Training, models.PROTECT, related_name="attendances", verbose_name=_("utbildning"))
    user = models.ForeignKey(User, models.PROTECT, related_name="attendances", verbose_name=_("person"))
    source = models.CharField(_("hur"), max_length=10, choices=AttendanceSource, default=AttendanceSource.LIST)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("registrerat av"))
    recorded_at = models.DateTimeField(_("registrerat"), default=clock.now, editable=False)
    withdrawn_at = models.DateTimeField(_("återtaget"), null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("återtaget av")
    )

    class Meta:
        verbose_name = _("deltagande i en utbildning")
        constraints = [
            models.UniqueConstraint(
                fields=["training", "user"],
                condition=Q(withdrawn_at__isnull=True),
                name="attendance_counts_once_per_person",
                violation_error_message=_("Personen är redan avprickad."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.training}: {self.user}"
