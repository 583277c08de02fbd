"""The programme: one row with the names, thresholds and months that a municipality may change."""

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


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
    follow_up_opens_months = models.PositiveSmallIntegerField(
        _("uppföljningen öppnar (månader efter steg 3)"), default=6, validators=[MinValueValidator(1)]
    )
    follow_up_closes_months = models.PositiveSmallIntegerField(
        _("uppföljningen stänger (månader efter steg 3)"), default=12, validators=[MaxValueValidator(60)]
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
                name="programme_follow_up_opens_before_it_closes",
                condition=Q(follow_up_opens_months__gte=1) & Q(follow_up_closes_months__gt=F("follow_up_opens_months")),
                violation_error_message=_("Uppföljningen måste öppna innan den stänger."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def current(cls) -> "Programme":
        """The one row; while nobody has changed anything it is the defaults, not saved: reading writes nothing."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)
