"""Routines, their versions, and who did what with them."""

import hashlib
import json
import re

import pghistory
import pgtrigger
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from routines.models.template import SectionKind, Template
from units.models import Membership, Unit, User


class RoutineQuerySet(models.QuerySet["Routine"]):
    """Questions about routines."""

    def readable_by(self, user: User) -> "RoutineQuerySet":
        """What `user` may open: everything for a coordinator; for staff the routines in force of their units, and
        for a manager those being written too; nothing for a reader."""
        if user.is_coordinator:
            return self
        if user.is_reader:
            return self.none()
        here = Membership.objects.present().filter(unit=OuterRef("unit"), user=user)
        in_force = RoutineVersion.objects.in_force().filter(routine=OuterRef("pk"))
        return self.filter(Exists(here.managers()) | (Exists(here) & Exists(in_force)))

    def managed_by(self, user: User) -> "RoutineQuerySet":
        """What `user` may write on."""
        if user.is_coordinator:
            return self
        if user.is_reader:
            return self.none()
        return self.filter(Exists(Membership.objects.present().managers().filter(unit=OuterRef("unit"), user=user)))

    def in_state(self, state: "VersionState") -> "RoutineQuerySet":
        """Routines with a version in that state; those in force may have a newer one being written."""
        return self.filter(Exists(RoutineVersion.objects.in_state(state).filter(routine=OuterRef("pk"))))


@pghistory.track()
class Routine(models.Model):
    """A unit's routine; what it says stands in its versions."""

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="routines", verbose_name=_("enhet"))
    template = models.ForeignKey(Template, models.SET_NULL, null=True, related_name="routines", verbose_name=_("mall"))
    title = models.CharField(_("titel"), max_length=150)
    slug = models.SlugField(_("webbadress"), max_length=180, unique=True, editable=False)
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
        """The version on its way to being in force, if there is one. One query, or none when prefetched."""
        return next((row for row in self.versions.all() if not row.in_force_at), None)

    @property
    def latest(self) -> "RoutineVersion | None":
        """The newest version, whatever its state; the one that is written on. One query, or none when prefetched."""
        return max(self.versions.all(), key=lambda row: row.number, default=None)


class VersionState(models.TextChoices):
    """Where a version is on its way, derived from its approvals and dates."""

    DRAFT = "draft", _("utkast")
    IN_REVIEW = "in_review", _("väntar på granskning")
    RETURNED = "returned", _("återlämnad")
    ENDORSED = "endorsed", _("granskad, väntar på fastställande")
    APPROVED = "approved", _("fastställd, PDF skapas")
    FAILED = "failed", _("fastställd, men PDF:en kunde inte skapas")
    IN_FORCE = "in_force", _("gäller")
    SUPERSEDED = "superseded", _("ersatt")


class RoutineVersionQuerySet(models.QuerySet["RoutineVersion"]):
    """Questions about versions."""

    def in_force(self) -> "RoutineVersionQuerySet":
        """The versions that staff work by."""
        return self.filter(in_force_at__isnull=False, ended_at__isnull=True)

    def waiting_to_be_published(self) -> "RoutineVersionQuerySet":
        """Approved by the manager, no PDF yet."""
        return self.filter(approved_at__isnull=False, in_force_at__isnull=True)

    def in_state(self, state: VersionState) -> "RoutineVersionQuerySet":
        """Versions of which `state` is true: the same answer as the property gives, asked of the database."""
        if state == VersionState.SUPERSEDED:
            return self.filter(ended_at__isnull=False)
        if state == VersionState.IN_FORCE:
            return self.in_force()
        if state in (VersionState.APPROVED, VersionState.FAILED):
            failed = state == VersionState.FAILED
            return self.waiting_to_be_published().filter(publish_failed_at__isnull=not failed)
        last = Approval.objects.filter(version=OuterRef("pk")).order_by("-pk").values("verdict")[:1]
        verdict = next((verdict for verdict, after in _STATE_AFTER.items() if after == state), None)
        unapproved = self.filter(approved_at__isnull=True).annotate(last_verdict=Subquery(last))
        return unapproved.filter(**{"last_verdict": verdict} if verdict else {"last_verdict__isnull": True})


@pghistory.track()
class RoutineVersion(models.Model):
    """One wording of a routine. It is in force from the moment that its PDF is stored until it is replaced."""

    routine = models.ForeignKey(Routine, models.PROTECT, related_name="versions", verbose_name=_("rutin"))
    number = models.PositiveSmallIntegerField(_("version"))
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("skapad av"))
    created_at = models.DateTimeField(_("skapad"), default=clock.now, editable=False)
    approved_at = models.DateTimeField(_("fastställd"), null=True, blank=True)
    approved_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("fastställd av")
    )
    in_force_at = models.DateTimeField(_("gäller från"), null=True, blank=True)
    ended_at = models.DateTimeField(_("slutade gälla"), null=True, blank=True)
    pdf = models.FileField(_("PDF"), upload_to="routines/", blank=True)
    pdf_sha256 = models.CharField(_("PDF:ens kontrollsumma"), max_length=64, blank=True)
    publish_failed_at = models.DateTimeField(_("PDF:en misslyckades"), null=True, blank=True)
    publish_error = models.TextField(_("varför PDF:en misslyckades"), blank=True)

    objects = RoutineVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("version av rutin")
        verbose_name_plural = _("versioner av rutiner")
        ordering = ["routine", "number"]
        constraints = [
            models.UniqueConstraint(fields=["routine", "number"], name="routine_version_number_unique"),
            models.UniqueConstraint(
                fields=["routine"],
                condition=Q(in_force_at__isnull=False, ended_at__isnull=True),
                name="routine_one_version_in_force",
                violation_error_message=_("En annan version av rutinen gäller redan."),
            ),
            models.UniqueConstraint(
                fields=["routine"],
                condition=Q(in_force_at__isnull=True),
                name="routine_one_version_being_written",
                violation_error_message=_("Det finns redan en ny version som skrivs."),
            ),
            models.CheckConstraint(
                name="version_in_force_is_approved_and_has_its_pdf",
                condition=Q(in_force_at__isnull=True)
                | (Q(approved_at__isnull=False, approved_by__isnull=False) & ~Q(pdf="") & ~Q(pdf_sha256="")),
            ),
            models.CheckConstraint(
                name="version_ends_after_it_was_in_force",
                condition=Q(ended_at__isnull=True) | Q(in_force_at__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="approved_version_stays_approved",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__approved_at__isnull=False),
                func="""
                    IF (NEW.approved_at, NEW.approved_by_id, NEW.routine_id, NEW.number)
                        IS DISTINCT FROM (OLD.approved_at, OLD.approved_by_id, OLD.routine_id, OLD.number)
                    THEN
                        RAISE EXCEPTION 'an approval is not taken back' USING ERRCODE = '23514';
                    END IF;
                    IF OLD.in_force_at IS NOT NULL AND (NEW.in_force_at, NEW.pdf, NEW.pdf_sha256)
                        IS DISTINCT FROM (OLD.in_force_at, OLD.pdf, OLD.pdf_sha256)
                    THEN
                        RAISE EXCEPTION 'the document of a version that was in force is kept' USING ERRCODE = '23514';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return _("%(routine)s, version %(number)s") % {"routine": self.routine, "number": self.number}

    @property
    def state(self) -> VersionState:
        """Where the version is: its dates say so once it is approved, its last approval row before that."""
        if self.ended_at:
            return VersionState.SUPERSEDED
        if self.in_force_at:
            return VersionState.IN_FORCE
        if self.approved_at:
            return VersionState.FAILED if self.publish_failed_at else VersionState.APPROVED
        last = self.last_approval
        return _STATE_AFTER[Verdict(last.verdict)] if last else VersionState.DRAFT

    @property
    def is_editable(self) -> bool:
        """Whether the text may be changed: nobody is reviewing it and nobody has approved it."""
        return self.state in (VersionState.DRAFT, VersionState.RETURNED)

    @property
    def last_approval(self) -> "Approval | None":
        """What was last done with the version. One query, or none when approvals are prefetched."""
        return max(self.approvals.all(), key=lambda row: row.pk, default=None)

    def content_sha256(self) -> str:
        """What an approval binds to: the hash of the title and every section, in order."""
        content = [self.routine.title] + [
            [section.position, section.kind, section.heading, section.body] for section in self.sections.all()
        ]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


@pghistory.track()
class RoutineSection(models.Model):
    """One heading of a version and what it says. Frozen by the database once the version is approved."""

    version = models.ForeignKey(RoutineVersion, models.PROTECT, related_name="sections", verbose_name=_("version"))
    position = models.PositiveSmallIntegerField(_("ordning"))
    kind = models.CharField(_("sort"), max_length=20, choices=SectionKind, default=SectionKind.TEXT)
    heading = models.CharField(_("rubrik"), max_length=120)
    guidance = models.TextField(_("vägledning"), blank=True)
    body = models.TextField(_("text"), blank=True)
    is_mandatory = models.BooleanField(_("måste fyllas i"), default=False)

    class Meta:
        verbose_name = _("avsnitt")
        verbose_name_plural = _("avsnitt")
        ordering = ["version", "position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="routine_section_position_unique"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="approved_text_is_frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF EXISTS (
                        SELECT 1 FROM routines_routineversion
                        WHERE id IN (OLD.version_id, NEW.version_id) AND approved_at IS NOT NULL
                    ) THEN
                        RAISE EXCEPTION 'an approved version is not edited' USING ERRCODE = '23514';
                    END IF;
                    RETURN COALESCE(NEW, OLD);
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.heading

    @property
    def paragraphs(self) -> list[str]:
        """The text as paragraphs, a blank line ends one; none in a checklist."""
        if self.kind == SectionKind.CHECKLIST:
            return []
        return [part.strip() for part in re.split(r"\n\s*\n", self.body) if part.strip()]

    @property
    def points(self) -> list[str]:
        """The points of a checklist, one a line; none in other sections."""
        if self.kind != SectionKind.CHECKLIST:
            return []
        return [line.strip() for line in self.body.splitlines() if line.strip()]


class Verdict(models.TextChoices):
    """What somebody did with a version on its way to being in force."""

    SUBMITTED = "submitted", _("skickad till granskning")
    RETURNED = "returned", _("återlämnad")
    ENDORSED = "endorsed", _("granskad")
    APPROVED = "approved", _("fastställd")


_STATE_AFTER = {
    Verdict.SUBMITTED: VersionState.IN_REVIEW,
    Verdict.RETURNED: VersionState.RETURNED,
    Verdict.ENDORSED: VersionState.ENDORSED,
    Verdict.APPROVED: VersionState.APPROVED,
}


@pghistory.track()
class Approval(models.Model):
    """Who did what with exactly which content, and when. Rows are added, never changed."""

    version = models.ForeignKey(RoutineVersion, models.PROTECT, related_name="approvals", verbose_name=_("version"))
    verdict = models.CharField(_("beslut"), max_length=20, choices=Verdict)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("av"))
    at = models.DateTimeField(_("när"), default=clock.now, editable=False)
    comment = models.TextField(_("kommentar"), blank=True)
    content_sha256 = models.CharField(_("innehållets kontrollsumma"), max_length=64)

    class Meta:
        verbose_name = _("beslut om version")
        ordering = ["version", "pk"]
        constraints = [
            models.CheckConstraint(
                name="approval_return_has_a_comment",
                condition=~Q(verdict="returned") | ~Q(comment=""),
                violation_error_message=_("Skriv vad som behöver ändras."),
            ),
        ]
        triggers = [pgtrigger.Protect(name="approval_is_never_changed", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.version}: {self.get_verdict_display()}"
