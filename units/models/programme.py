"""The programme: one row with the names, thresholds and months that a municipality may change."""

import datetime as dt

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.text import get_text_list
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

# More contacts than this in one round are a sign that the round should have ended.
MOST_CONTACTS = 4
# No contact lies further from the day that it counts from.
MOST_MONTHS = 60


class Month(models.IntegerChoices):
    """The months of the year."""

    JANUARY = 1, _("januari")
    FEBRUARY = 2, _("februari")
    MARCH = 3, _("mars")
    APRIL = 4, _("april")
    MAY = 5, _("maj")
    JUNE = 6, _("juni")
    JULY = 7, _("juli")
    AUGUST = 8, _("augusti")
    SEPTEMBER = 9, _("september")
    OCTOBER = 10, _("oktober")
    NOVEMBER = 11, _("november")
    DECEMBER = 12, _("december")


class Anchor(models.IntegerChoices):
    """The step whose day the months of a follow-up are counted from."""

    TRAINING = 2, _("steg 2, riktad utbildning")
    ROUTINES = 3, _("steg 3, rutiner")


def _two_contacts() -> list[int]:
    return [6, 12]


def _contacts_in_order() -> Q:
    in_order = Q(follow_up_months__len__range=(1, MOST_CONTACTS), follow_up_months__0__gte=1)
    for place in range(1, MOST_CONTACTS):
        later = Q(**{f"follow_up_months__{place}__gt": F(f"follow_up_months__{place - 1}")})
        in_order &= Q(follow_up_months__len__lte=place) | later
    return in_order


@pghistory.track()
class Programme(models.Model):
    """The municipality's own settings. There is one row, and `Programme.current()` is it."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    municipality = models.CharField(_("kommun"), max_length=100, default="Järfälla kommun")
    name = models.CharField(_("programmets namn"), max_length=100, default="Järfällamodellen")
    # PNG or JPEG, for the head of printed documents; the portal's own mark stands there while it is empty.
    logo = models.FileField(_("logotyp"), upload_to="programme/", blank=True)
    web_course_url = models.URLField(_("länk till webbkursen"), default="https://www.webbkursheder.se")
    coverage_threshold_percent = models.PositiveSmallIntegerField(
        _("täckning som krävs för steg 1 (procent)"),
        default=80,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    course_validity_months = models.PositiveSmallIntegerField(
        _("webbkursen gäller i (månader)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(120)],
        help_text=_("Lämna tomt om den som har gått kursen räknas för alltid."),
    )
    # How many contacts there are, and the day to aim for with each: so many months after the anchor.
    follow_up_months = ArrayField(
        models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(MOST_MONTHS)]),
        verbose_name=_("samtal (månader)"),
        default=_two_contacts,
        size=MOST_CONTACTS,
    )
    follow_up_anchor = models.PositiveSmallIntegerField(_("räknas från"), choices=Anchor, default=Anchor.ROUTINES)
    # A contact's window opens and closes so many months before and after the day to aim for.
    follow_up_opens_before_months = models.PositiveSmallIntegerField(
        _("öppnar (månader före)"), default=1, validators=[MaxValueValidator(6)]
    )
    follow_up_closes_after_months = models.PositiveSmallIntegerField(
        _("stänger (månader efter)"), default=2, validators=[MinValueValidator(1), MaxValueValidator(12)]
    )
    # While more support is under way when the contacts above are over, there is one more, so many months later.
    follow_up_extra_months = models.PositiveSmallIntegerField(
        _("extra samtal (månader efter det förra)"),
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(24)],
    )
    sender_name = models.CharField(_("avsändarens namn i mejl"), max_length=100, default="Järfällamodellen")
    sender_email = models.EmailField(_("avsändarens e-postadress"), default="jarfallamodellen@example.org")

    class Meta:
        verbose_name = _("program")
        constraints = [
            models.CheckConstraint(name="programme_is_one_row", condition=Q(id=1)),
            models.CheckConstraint(
                name="programme_threshold_is_a_share",
                condition=Q(coverage_threshold_percent__range=(1, 100)),
                violation_error_message=_("Täckningen ska vara mellan 1 och 100 procent."),
            ),
            models.CheckConstraint(
                name="programme_course_validity_is_positive",
                condition=Q(course_validity_months__isnull=True) | Q(course_validity_months__gte=1),
                violation_error_message=_("Kursen måste gälla i minst en månad."),
            ),
            models.CheckConstraint(
                name="programme_has_contacts_in_order",
                condition=_contacts_in_order(),
                violation_error_message=_("Skriv ett till fyra samtal, vart och ett senare än det förra."),
            ),
            models.CheckConstraint(
                name="programme_window_opens_after_the_anchor",
                condition=Q(follow_up_months__0__gt=F("follow_up_opens_before_months")),
                violation_error_message=_("Det första samtalet öppnar innan steget det räknas från är klart."),
            ),
            models.CheckConstraint(
                name="programme_window_closes_after_it_opens",
                condition=Q(follow_up_closes_after_months__gte=1, follow_up_extra_months__gte=1),
                violation_error_message=_("Uppföljningen måste öppna innan den stänger."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def contacts_in_words(self) -> str:
        """How long after the anchor the contacts are: 6 och 12 månader."""
        listed = get_text_list([str(months) for months in self.follow_up_months], gettext("och"))
        words = ngettext("%(listed)s månad", "%(listed)s månader", self.follow_up_months[-1])
        return words % {"listed": listed}

    @classmethod
    def current(cls) -> "Programme":
        """The one row; while nobody has changed anything it is the defaults, not saved: reading writes nothing."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)


@pghistory.track()
class QuietPeriod(models.Model):
    """Days of each year on which the portal reminds nobody: what falls in them comes on the first working day after.

    A period may pass over New Year: from 23 December to 6 January.
    """

    name = models.CharField(_("namn"), max_length=60, unique=True)
    first_month = models.PositiveSmallIntegerField(_("från månad"), choices=Month)
    first_day = models.PositiveSmallIntegerField(_("från dag"))
    last_month = models.PositiveSmallIntegerField(_("till och med månad"), choices=Month)
    last_day = models.PositiveSmallIntegerField(_("till och med dag"))

    class Meta:
        verbose_name = _("lugn period")
        verbose_name_plural = _("lugna perioder")
        ordering = ["first_month", "first_day"]
        constraints = [
            models.CheckConstraint(
                name="quiet_period_has_days_of_the_year",
                condition=Q(
                    first_month__range=(1, 12),
                    first_day__range=(1, 31),
                    last_month__range=(1, 12),
                    last_day__range=(1, 31),
                ),
                violation_error_message=_("Välj dagar som finns i kalendern."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def covers(self, day: dt.date) -> bool:
        """Whether the period has that day, in any year."""
        first, last = (self.first_month, self.first_day), (self.last_month, self.last_day)
        today = (day.month, day.day)
        return first <= today <= last if first <= last else today >= first or today <= last
