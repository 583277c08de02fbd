"""Files that the worker makes of many routines."""

import datetime as dt

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from units.models import Membership, Unit, User

# How long a finished file can be fetched.
KEPT_DAYS = 7


class ExportKind(models.TextChoices):
    """What is made."""

    BINDER = "binder", _("Enhetens pärm")
    ALL = "all", _("Alla rutiner som gäller")
    ARCHIVE = "archive", _("Arkivpaket")


class ExportState(models.TextChoices):
    """Where an export is, derived from its dates."""

    WAITING = "waiting", _("Väntar")
    RUNNING = "running", _("Skapas")
    FAILED = "failed", _("Gick inte att skapa")
    READY = "ready", _("Klar")
    CANCELLED = "cancelled", _("Avbruten")
    EXPIRED = "expired", _("Borttagen")


class ExportQuerySet(models.QuerySet["Export"]):
    """Questions about exports."""

    def visible_to(self, user: User) -> "ExportQuerySet":
        """All for a coordinator; for staff the binders of the units where they work; nothing for a reader."""
        if user.is_coordinator:
            return self
        if user.is_reader:
            return self.none()
        here = Membership.objects.present().filter(unit=OuterRef("unit"), user=user)
        return self.filter(Exists(here), kind=ExportKind.BINDER)

    def under_way(self) -> "ExportQuerySet":
        """Asked for, and not ended in any way."""
        return self.filter(finished_at__isnull=True, failed_at__isnull=True, cancelled_at__isnull=True)

    def kept(self) -> "ExportQuerySet":
        """Those with a file that can be fetched."""
        since = clock.now() - dt.timedelta(days=KEPT_DAYS)
        return self.filter(finished_at__gt=since, deleted_at__isnull=True)

    def expired(self) -> "ExportQuerySet":
        """Those whose file is to go."""
        since = clock.now() - dt.timedelta(days=KEPT_DAYS)
        return self.filter(finished_at__lte=since, deleted_at__isnull=True)


class Export(models.Model):
    """A file that somebody asked for, or that the night makes: how far it has come, and where it lies."""

    kind = models.CharField(_("sort"), max_length=20, choices=ExportKind)
    # The binder's unit; the others are of the whole municipality.
    unit = models.ForeignKey(
        Unit, models.PROTECT, null=True, blank=True, related_name="exports", verbose_name=_("enhet")
    )
    # Nobody, when the night makes it.
    requested_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("beställd av")
    )
    requested_at = models.DateTimeField(_("beställd"), default=clock.now, editable=False)
    # Of how many documents so many are done.
    done = models.PositiveIntegerField(_("klara"), default=0)
    total = models.PositiveIntegerField(_("av"), null=True, blank=True)
    # Counted and committed before each try, so that an export that kills its worker is not tried for ever.
    attempts = models.PositiveSmallIntegerField(_("försök"), default=0)
    started_at = models.DateTimeField(_("påbörjad"), null=True, blank=True)
    finished_at = models.DateTimeField(_("klar"), null=True, blank=True)
    failed_at = models.DateTimeField(_("misslyckades"), null=True, blank=True)
    error = models.TextField(_("varför det misslyckades"), blank=True)
    cancelled_at = models.DateTimeField(_("avbruten"), null=True, blank=True)
    cancelled_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("avbruten av")
    )
    file = models.FileField(_("fil"), upload_to="exports/", blank=True)
    size = models.PositiveBigIntegerField(_("storlek (byte)"), default=0)
    sha256 = models.CharField(_("kontrollsumma"), max_length=64, blank=True)
    # What it was made of, as a hash: the night makes a binder anew when this would be another.
    input_sha256 = models.CharField(_("underlagets kontrollsumma"), max_length=64, blank=True)
    deleted_at = models.DateTimeField(_("borttagen"), null=True, blank=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exporter")
        ordering = ["-requested_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="export_binder_is_of_a_unit",
                condition=(Q(kind="binder") & Q(unit__isnull=False)) | (~Q(kind="binder") & Q(unit__isnull=True)),
            ),
            models.CheckConstraint(
                name="export_finished_has_its_file",
                condition=Q(finished_at__isnull=True) | (~Q(file="") & ~Q(sha256="")),
            ),
            models.CheckConstraint(
                name="export_ends_in_one_way",
                condition=(
                    Q(finished_at__isnull=True, failed_at__isnull=True)
                    | Q(finished_at__isnull=True, cancelled_at__isnull=True)
                    | Q(failed_at__isnull=True, cancelled_at__isnull=True)
                ),
            ),
            models.UniqueConstraint(
                fields=["kind", "unit"],
                condition=Q(finished_at__isnull=True, failed_at__isnull=True, cancelled_at__isnull=True),
                nulls_distinct=False,
                name="export_one_under_way",
                violation_error_message=_("Filen skapas redan."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.requested_at:%Y-%m-%d}"

    @property
    def state(self) -> ExportState:
        """Where the export is. A file whose days are over counts as gone before it is."""
        if self.kept_until:
            gone = self.deleted_at or self.kept_until <= clock.now()
            return ExportState.EXPIRED if gone else ExportState.READY
        if self.cancelled_at:
            return ExportState.CANCELLED
        if self.failed_at:
            return ExportState.FAILED
        return ExportState.RUNNING if self.started_at else ExportState.WAITING

    @property
    def kept_until(self) -> dt.datetime | None:
        """When the file goes away; None before there is one."""
        return self.finished_at + dt.timedelta(days=KEPT_DAYS) if self.finished_at else None

    @property
    def is_under_way(self) -> bool:
        """Whether the file waits to be made, or is being made."""
        return self.state in (ExportState.WAITING, ExportState.RUNNING)

    def may_be_cancelled_by(self, user: User) -> bool:
        """Whether `user`, who may see the export, may also stop it: who asked for it, and who manages."""
        if user.is_coordinator or self.requested_by_id == user.pk:
            return True
        return self.unit is not None and self.unit.managers().filter(pk=user.pk).exists()


class ExportNight(models.Model):
    """What a night makes by itself has been asked for. A missing or unfinished row means: look again."""

    on = models.DateField(_("datum"), unique=True)
    finished_at = models.DateTimeField(_("slutförd"), null=True, blank=True)

    class Meta:
        verbose_name = _("natt med exporter")

    def __str__(self) -> str:
        return str(self.on)
