"""Knowledge pulses and evaluations: anonymous by construction.

An answer is a row without a person, an address or a time of day, and what was answered is not tied to it: ratings
are kept as sums. Nothing here is tracked by pghistory, which would note the moment and the address.
"""

import datetime as dt
import secrets
import uuid

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from courses.models.training import Training
from jarfalla import clock
from units.models import Round, User

# Without 0, o, 1, i and l, which look like each other.
CODE_CHARACTERS, CODE_LENGTH = "abcdefghjkmnpqrstuvwxyz23456789", 14


# Figures of fewer answers than this are shown to nobody, and neither is a change of fewer (docs/decisions/0015).
FEWEST_ANSWERS = 5


def new_code() -> str:
    """The part of a survey's address that nobody guesses (69 bits), to type off a poster when no camera is at hand."""
    return "".join(secrets.choice(CODE_CHARACTERS) for place in range(CODE_LENGTH))


class Purpose(models.TextChoices):
    """When and why people are asked."""

    BEFORE = "before", _("Före steg 1")
    AFTER = "after", _("Efter steg 2")
    FOLLOW_UP = "follow_up", _("Vid uppföljningen")
    EVALUATION = "evaluation", _("Utvärdering av en utbildning")


class Scale(models.IntegerChoices):
    """The five-point scale."""

    NOT_AT_ALL = 1, _("Stämmer inte alls")
    HARDLY = 2, _("Stämmer ganska dåligt")
    PARTLY = 3, _("Stämmer delvis")
    MOSTLY = 4, _("Stämmer ganska bra")
    FULLY = 5, _("Stämmer helt")


class Statement(models.Model):
    """A statement to agree or disagree with; retired rather than changed, so that before and after say the same."""

    text = models.CharField(_("påstående"), max_length=300)
    is_evaluation = models.BooleanField(_("till utvärderingar, inte till kunskapspulsen"), default=False)
    position = models.PositiveSmallIntegerField(_("ordning"), default=0)
    retired_at = models.DateTimeField(_("används inte längre"), null=True, blank=True)
    written_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("skrivet av")
    )

    class Meta:
        verbose_name = _("påstående")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["text", "is_evaluation"],
                condition=Q(retired_at__isnull=True),
                name="statement_stands_once",
                violation_error_message=_("Det påståendet finns redan."),
            ),
        ]

    def __str__(self) -> str:
        return self.text


class Survey(models.Model):
    """One time that a unit, or those who came to a training, are asked; it answers at a secret address until closed."""

    purpose = models.CharField(_("när"), max_length=20, choices=Purpose)
    round = models.ForeignKey(
        Round, models.PROTECT, null=True, blank=True, related_name="surveys", verbose_name=_("omgång")
    )
    training = models.ForeignKey(
        Training, models.PROTECT, null=True, blank=True, related_name="surveys", verbose_name=_("utbildning")
    )
    code = models.CharField(_("kod"), max_length=20, unique=True, default=new_code, editable=False)
    # As they were when the survey was opened.
    statements = models.ManyToManyField(Statement, related_name="surveys", verbose_name=_("påståenden"))
    opened_on = models.DateField(_("öppnad"), default=clock.today)
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("öppnad av"))
    closed_on = models.DateField(_("stängd"), null=True, blank=True)
    # How many answers had come when the figures that are shown were brought up; 0 while none are.
    shown_count = models.PositiveIntegerField(_("antal svar i det som visas"), default=0)

    class Meta:
        verbose_name = _("enkät")
        ordering = ["opened_on", "pk"]
        constraints = [
            models.CheckConstraint(
                name="survey_is_about_a_round_or_a_training",
                condition=Q(purpose=Purpose.EVALUATION, training__isnull=False, round__isnull=True)
                | (~Q(purpose=Purpose.EVALUATION) & Q(training__isnull=True, round__isnull=False)),
            ),
            models.UniqueConstraint(
                fields=["round", "purpose"],
                condition=Q(closed_on__isnull=True),
                name="survey_one_open_per_round_and_purpose",
                violation_error_message=_("Enkäten är redan öppen."),
            ),
            models.UniqueConstraint(
                fields=["training"],
                name="survey_one_evaluation_per_training",
                violation_error_message=_("Utbildningen har redan en utvärdering."),
            ),
            models.CheckConstraint(
                name="survey_shows_nothing_or_enough",
                condition=Q(shown_count=0) | Q(shown_count__gte=FEWEST_ANSWERS),
                violation_error_message=_("Resultatet kan visas när minst fem har svarat."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}, {self.round or self.training}"

    def is_open(self, on: dt.date) -> bool:
        """Whether answers are taken on the day `on`."""
        return self.closed_on is None and self.opened_on <= on


class SurveyAnswer(models.Model):
    """Somebody has answered, on a day. The key is random, from the form, so that no order is kept and a form that
    is sent twice is one answer; what was answered stands in Tally, tied to no answer.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    survey = models.ForeignKey(Survey, models.PROTECT, related_name="answers", verbose_name=_("enkät"))
    answered_on = models.DateField(_("svarade"), default=clock.today)

    class Meta:
        verbose_name = _("svar")

    def __str__(self) -> str:
        return f"{self.survey}, {self.answered_on}"


class Tally(models.Model):
    """How many chose `value` for a statement; `shown` is what `count` was when the figures were last brought up."""

    survey = models.ForeignKey(Survey, models.PROTECT, related_name="tallies", verbose_name=_("enkät"))
    statement = models.ForeignKey(Statement, models.PROTECT, related_name="tallies", verbose_name=_("påstående"))
    value = models.PositiveSmallIntegerField(
        _("svar"), choices=Scale, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    count = models.PositiveIntegerField(_("antal"), default=0)
    shown = models.PositiveIntegerField(_("antal som visas"), default=0)

    class Meta:
        verbose_name = _("antal svar")
        constraints = [
            models.UniqueConstraint(fields=["survey", "statement", "value"], name="tally_once_per_value"),
            models.CheckConstraint(
                name="tally_value_is_one_to_five",
                condition=Q(value__range=(1, 5)),
                violation_error_message=_("Svaret ska vara 1 till 5."),
            ),
            models.CheckConstraint(
                name="tally_shows_no_more_than_there_are",
                condition=Q(shown__lte=F("count")),
                violation_error_message=_("Fler svar kan inte visas än de som har kommit."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.statement}: {self.value} × {self.count}"


class Comment(models.Model):
    """A sentence that somebody left in an evaluation. Without a date, in no order, tied to no answer."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    survey = models.ForeignKey(Survey, models.PROTECT, related_name="comments", verbose_name=_("enkät"))
    text = models.CharField(_("kommentar"), max_length=500)

    class Meta:
        verbose_name = _("kommentar")

    def __str__(self) -> str:
        return self.text
