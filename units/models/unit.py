"""The unit that goes through the steps, and whether it takes part."""

import datetime as dt
from typing import TYPE_CHECKING

import pghistory
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower, TruncDate
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from units.models.people import Membership, User

if TYPE_CHECKING:
    from units.models.round import Round


class Kind(models.TextChoices):
    """Verksamhetstyp: what sort of work the unit does."""

    PRESCHOOL = "preschool", _("Förskola")
    PEDAGOGICAL_CARE = "pedagogical_care", _("Pedagogisk omsorg")
    OPEN_PRESCHOOL = "open_preschool", _("Öppen förskola")
    COMPULSORY_SCHOOL = "compulsory_school", _("Grundskola")
    ADAPTED_SCHOOL = "adapted_school", _("Anpassad grundskola")
    UPPER_SECONDARY = "upper_secondary", _("Gymnasieskola")
    ADULT_EDUCATION = "adult_education", _("Vuxenutbildning")
    YOUTH_CENTRE = "youth_centre", _("Fritidsverksamhet")
    SOCIAL_SERVICES = "social_services", _("Socialtjänst")
    LABOUR_MARKET = "labour_market", _("Arbetsmarknad och integration")
    SAFETY = "safety", _("Trygghet")
    HEALTH_CARE = "health_care", _("Hälso- och sjukvård")
    HOUSING_COMPANY = "housing_company", _("Bostadsbolag")
    ASSOCIATION = "association", _("Förening")
    OTHER = "other", _("Annan verksamhet")


class Ownership(models.TextChoices):
    """Huvudman: who runs the unit."""

    MUNICIPAL = "municipal", _("Kommunal")
    MUNICIPAL_COMPANY = "municipal_company", _("Kommunalt bolag")
    PRIVATE = "private", _("Fristående")
    ASSOCIATION = "association", _("Ideell")


class UnitQuerySet(models.QuerySet["Unit"]):
    """Questions about units."""

    def visible_to(self, user: User) -> "UnitQuerySet":
        """The units whose pages `user` may open: all for a coordinator, the own ones for staff, none for a reader."""
        if user.is_coordinator:
            return self
        if user.is_reader:
            return self.none()
        return self.filter(Exists(Membership.objects.present().filter(unit=OuterRef("pk"), user=user)))

    def managed_by(self, user: User) -> "UnitQuerySet":
        """The units that `user` may log steps for."""
        if user.is_coordinator:
            return self
        if user.is_reader:
            return self.none()
        return self.filter(Exists(Membership.objects.present().managers().filter(unit=OuterRef("pk"), user=user)))


@pghistory.track()
class Unit(models.Model):
    """A preschool, school, team, centre, company or association that goes through the four steps."""

    name = models.CharField(_("namn"), max_length=120)
    slug = models.SlugField(_("webbadress"), max_length=140, unique=True, editable=False)
    kind = models.CharField(_("verksamhetstyp"), max_length=30, choices=Kind)
    ownership = models.CharField(_("huvudman"), max_length=30, choices=Ownership, default=Ownership.MUNICIPAL)
    department = models.CharField(_("förvaltning"), max_length=100, blank=True)
    district = models.CharField(_("kommundel"), max_length=100, blank=True)
    # Who hears of it when a follow-up is late again and again; needs an account, and none of the unit's rights.
    superior = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="superior_of", verbose_name=_("chefens chef")
    )
    created_at = models.DateTimeField(_("skapad"), default=clock.now, editable=False)

    objects = UnitQuerySet.as_manager()

    class Meta:
        verbose_name = _("enhet")
        verbose_name_plural = _("enheter")
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                name="unit_name_unique_whatever_its_case",
                violation_error_message=_("Det finns redan en enhet med det namnet."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The unit's own page."""
        return reverse("unit", args=[self.slug])

    def size(self, on: dt.date | None = None) -> int:
        """How many people work here that day: what was declared by then, or else the people on the staff list."""
        declared = self.declared_headcount(on)
        if declared is not None:
            return declared.headcount or 0
        return self.memberships.present(on).values("user").distinct().count()

    def declared_headcount(self, on: dt.date | None = None) -> "DeclaredHeadcount | None":
        """The declaration that holds on the day `on` (today when not given); None when the staff list counts."""
        latest = self.declared_headcounts.by(on or clock.today()).first()
        return latest if latest and latest.headcount is not None else None

    def managers(self) -> models.QuerySet[User]:
        """The unit's present managers with an active account."""
        return User.objects.filter(memberships__in=self.memberships.present().managers(), is_active=True).distinct()

    @property
    def open_round(self) -> "Round | None":
        """The round that is under way, if there is one."""
        return self.rounds.filter(closed_on__isnull=True).first()

    @property
    def participation_state(self) -> "ParticipationState":
        """Whether the unit takes part, by its latest row; not invited when there is none."""
        latest = self.participations.order_by("-pk").first()
        return ParticipationState(latest.state) if latest else ParticipationState.NOT_INVITED


class DeclaredHeadcountQuerySet(models.QuerySet["DeclaredHeadcount"]):
    """Questions about declared headcounts."""

    def by(self, on: dt.date) -> "DeclaredHeadcountQuerySet":
        """What had been declared for the day `on`, the one that holds first; of one day's the last recorded holds."""
        return self.filter(declared_on__lte=on).order_by("-declared_on", "-pk")


@pghistory.track()
class DeclaredHeadcount(models.Model):
    """How many work in a unit whose staff have no accounts, from `declared_on` on; rows are added, never changed.

    An empty `headcount` means that the staff list counts again from that day.
    """

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="declared_headcounts", verbose_name=_("enhet"))
    headcount = models.PositiveIntegerField(
        _("antal anställda"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    declared_on = models.DateField(_("gäller från och med"), default=clock.today)
    # Nobody, when the unit came from a list on the command line.
    recorded_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("registrerat av")
    )
    recorded_at = models.DateTimeField(_("registrerat"), default=clock.now, editable=False)

    objects = DeclaredHeadcountQuerySet.as_manager()

    class Meta:
        verbose_name = _("angivet antal anställda")
        constraints = [
            models.CheckConstraint(
                name="declared_headcount_is_positive",
                condition=Q(headcount__isnull=True) | Q(headcount__gte=1),
                violation_error_message=_("Antalet anställda måste vara minst 1."),
            ),
            models.CheckConstraint(
                name="declared_headcount_not_in_the_future",
                condition=Q(declared_on__lte=TruncDate("recorded_at")),
                violation_error_message=_("Datumet ligger i framtiden. Välj dagens datum eller ett tidigare."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit}: {self.headcount}, {self.declared_on}"


class ParticipationState(models.TextChoices):
    """Participation is an offer."""

    NOT_INVITED = "not_invited", _("Inte inbjuden")
    INVITED = "invited", _("Inbjuden")
    DECLINED = "declined", _("Tackat nej")
    PAUSED = "paused", _("Pausad")
    TAKING_PART = "taking_part", _("Deltar")


@pghistory.track()
class Participation(models.Model):
    """From `since`, the unit's answer to the offer. The latest row holds; rows are added, never changed."""

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="participations", verbose_name=_("enhet"))
    state = models.CharField(_("deltagande"), max_length=20, choices=ParticipationState)
    since = models.DateField(_("från och med"), default=clock.today)
    note = models.CharField(_("anteckning"), max_length=300, blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("registrerat av"))
    recorded_at = models.DateTimeField(_("registrerat"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("deltagande")
        constraints = [
            models.CheckConstraint(
                name="participation_state_is_known", condition=Q(state__in=ParticipationState.values)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit}: {self.get_state_display()}"
