"""Routines, who shares them, and where they stand in the plan."""

import pghistory
import pgtrigger
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from routines.models.template import Template
from routines.models.version import RoutineVersion, VersionState
from units.models import Membership, Unit, User


class RoutineQuerySet(models.QuerySet["Routine"]):
    """Questions about routines."""

    def readable_by(self, user: User) -> "RoutineQuerySet":
        """What `user` may open: everything for a coordinator; for staff the routines in force of their units and those
        that other units share, and for a manager those being written too; nothing for a reader."""
        if user.is_coordinator:
            return self
        if user.is_reader:
            return self.none()
        here = Membership.objects.present().filter(unit=OuterRef("unit"), user=user)
        in_force = RoutineVersion.objects.in_force().filter(routine=OuterRef("pk"))
        shared = Sharing.objects.standing().filter(routine=OuterRef("pk"))
        return self.filter(Exists(here.managers()) | (Exists(in_force) & (Exists(here) | Exists(shared))))

    def managed_by(self, user: User) -> "RoutineQuerySet":
        """What `user` may write on."""
        if user.is_coordinator:
            return self
        if user.is_reader:
            return self.none()
        return self.filter(Exists(Membership.objects.present().managers().filter(unit=OuterRef("unit"), user=user)))

    def of_workplaces(self, user: User) -> "RoutineQuerySet":
        """The routines of the units where `user` works now, in force or not; nothing for a reader."""
        if user.is_reader:
            return self.none()
        return self.filter(Exists(Membership.objects.present().filter(unit=OuterRef("unit"), user=user)))

    def applying_to(self, user: User) -> "RoutineQuerySet":
        """The routines in force of the units where `user` works now; nothing for a reader."""
        return self.of_workplaces(user).in_state(VersionState.IN_FORCE)

    def shared(self) -> "RoutineQuerySet":
        """Those in force that a unit offers to the others."""
        offered = Sharing.objects.standing().filter(routine=OuterRef("pk"))
        return self.filter(Exists(offered)).in_state(VersionState.IN_FORCE)

    def in_state(self, state: VersionState) -> "RoutineQuerySet":
        """Routines with a version in that state; those in force may have a newer one being written."""
        return self.filter(Exists(RoutineVersion.objects.in_state(state).filter(routine=OuterRef("pk"))))


@pghistory.track()
class Routine(models.Model):
    """A unit's routine; what it says stands in its versions."""

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="routines", verbose_name=_("enhet"))
    template = models.ForeignKey(Template, models.SET_NULL, null=True, related_name="routines", verbose_name=_("mall"))
    # The version of another unit's routine that this one began as; it stays visible for ever.
    origin = models.ForeignKey(
        RoutineVersion, models.PROTECT, null=True, blank=True, related_name="adopted_as", verbose_name=_("ursprung")
    )
    title = models.CharField(_("titel"), max_length=150)
    slug = models.SlugField(_("webbadress"), max_length=180, unique=True, editable=False)
    # Who is reminded of the review; when they have left, the unit's managers are.
    owner = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="owned_routines", verbose_name=_("ägare")
    )
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("skapad av"))
    created_at = models.DateTimeField(_("skapad"), default=clock.now, editable=False)

    objects = RoutineQuerySet.as_manager()

    class Meta:
        verbose_name = _("rutin")
        verbose_name_plural = _("rutiner")
        ordering = ["title"]
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "title"],
                name="routine_title_unique_in_unit",
                violation_error_message=_("Enheten har redan en rutin med den titeln."),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Where staff read the version in force."""
        return reverse("routine", args=[self.slug])

    @property
    def in_force(self) -> "RoutineVersion | None":
        """The version that staff work by now. One query, or none when versions are prefetched."""
        return next((row for row in self.versions.all() if row.in_force_at and not row.ended_at), None)

    @property
    def being_written(self) -> "RoutineVersion | None":
        """The version on its way to being in force: the one that is not approved yet, else the one that waits for its
        PDF, else None. One query, or none when prefetched."""
        under_way = [row for row in self.versions.all() if not row.in_force_at and not row.discarded_at]
        return min(under_way, key=lambda row: row.approved_at is not None, default=None)

    @property
    def withdrawn(self) -> "RoutineVersion | None":
        """The version that was withdrawn when none has come into force since. One query, or none when prefetched."""
        published = [row for row in self.versions.all() if row.in_force_at]
        last = max(published, key=lambda row: (row.major, row.minor), default=None)
        return last if last and last.state == VersionState.WITHDRAWN else None

    @property
    def latest(self) -> "RoutineVersion | None":
        """The newest version that was not discarded, whatever its state. One query, or none when prefetched."""
        kept = [row for row in self.versions.all() if not row.discarded_at]
        return max(kept, key=lambda row: (row.major, row.minor), default=None)


class SharingQuerySet(models.QuerySet["Sharing"]):
    """Questions about what is shared."""

    def standing(self) -> "SharingQuerySet":
        """What is offered now."""
        return self.filter(ended_at__isnull=True)


@pghistory.track()
class Sharing(models.Model):
    """A unit offers a routine to the others, from one day to another: lessons for others are a purpose of the model."""

    routine = models.ForeignKey(Routine, models.PROTECT, related_name="sharings", verbose_name=_("rutin"))
    shared_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("delad av"))
    shared_at = models.DateTimeField(_("delad"), default=clock.now, editable=False)
    ended_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("delningen avslutad av")
    )
    ended_at = models.DateTimeField(_("delningen avslutad"), null=True, blank=True)

    objects = SharingQuerySet.as_manager()

    class Meta:
        verbose_name = _("delning")
        verbose_name_plural = _("delningar")
        ordering = ["routine", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["routine"],
                condition=Q(ended_at__isnull=True),
                name="routine_shared_once",
                violation_error_message=_("Rutinen är redan delad."),
            ),
            models.CheckConstraint(
                name="sharing_ended_by_somebody",
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.routine)


class PlanEntryQuerySet(models.QuerySet["PlanEntry"]):
    """Questions about what stands in the units' plans."""

    def standing(self) -> "PlanEntryQuerySet":
        """Those that have not been withdrawn."""
        return self.filter(withdrawn_at__isnull=True)


@pghistory.track()
class PlanEntry(models.Model):
    """The manager's word that the routine is written into the unit's plan (verksamhetsplan): when, and where in it."""

    routine = models.ForeignKey(Routine, models.PROTECT, related_name="plan_entries", verbose_name=_("rutin"))
    written_on = models.DateField(_("inskriven den"))
    reference = models.CharField(_("var i planen"), max_length=200)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("registrerat av"))
    recorded_at = models.DateTimeField(_("registrerat"), default=clock.now, editable=False)
    withdrawn_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("återtaget av")
    )
    withdrawn_at = models.DateTimeField(_("återtaget"), null=True, blank=True)

    objects = PlanEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("rutin i verksamhetsplan")
        ordering = ["routine", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["routine"],
                condition=Q(withdrawn_at__isnull=True),
                name="routine_in_plan_once",
                violation_error_message=_("Det är redan registrerat att rutinen finns i verksamhetsplanen."),
            ),
            models.CheckConstraint(
                name="plan_entry_not_in_the_future",
                condition=Q(written_on__lte=TruncDate("recorded_at")),
                violation_error_message=_("Datumet ligger i framtiden. Välj dagens datum eller ett tidigare."),
            ),
            models.CheckConstraint(
                name="plan_entry_says_where",
                condition=~Q(reference=""),
                violation_error_message=_("Skriv var i verksamhetsplanen rutinen står."),
            ),
            models.CheckConstraint(
                name="plan_entry_withdrawn_by_somebody",
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.routine}: {self.reference}"


@pghistory.track()
class ReadReceipt(models.Model):
    """A person has read a version and understood it. Downloading is not reading, and opening the page is not either."""

    user = models.ForeignKey(User, models.PROTECT, related_name="read_receipts", verbose_name=_("läst av"))
    version = models.ForeignKey(RoutineVersion, models.PROTECT, related_name="receipts", verbose_name=_("version"))
    at = models.DateTimeField(_("när"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("läst och förstått")
        ordering = ["version", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "version"], name="version_read_once_by_a_person"),
        ]
        triggers = [pgtrigger.Protect(name="read_receipt_is_never_changed", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return f"{self.version}: {self.user}"


class SearchWord(models.Model):
    """A word that stands, or stood, in a routine in force, without its ending, as PostgreSQL searches for it: what a
    mistyped word is likened to. Never shown."""

    word = models.CharField(_("ord"), max_length=60, unique=True)

    class Meta:
        verbose_name = _("sökord")
        indexes = [GinIndex(fields=["word"], opclasses=["gin_trgm_ops"], name="search_word_trigrams")]

    def __str__(self) -> str:
        return self.word
