"""The wordings of a routine, from draft to history."""

import hashlib
import json
import secrets
from typing import TYPE_CHECKING, Any

import pghistory
import pgtrigger
from dateutil.relativedelta import relativedelta
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, OuterRef, Q, Subquery
from django.db.models.functions import Cast, TruncDate
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from routines.models.approval import Approval, Verdict
from units.models import User

if TYPE_CHECKING:
    import datetime as dt

# No 0, 1, I, L, O: the code is read from paper.
_CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_CODE_LENGTH = 10


def new_check_code() -> str:
    """What stands in a version's short link: nobody can guess it, and anybody can type it."""
    return "".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_LENGTH))


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
    WITHDRAWN = "withdrawn", _("upphävd")
    DISCARDED = "discarded", _("kastad")


class DocumentType(models.TextChoices):
    """What a municipality calls the document."""

    ROUTINE = "routine", _("Rutin")
    GUIDELINE = "guideline", _("Riktlinje")
    PLAN = "plan", _("Handlingsplan")
    CHECKLIST = "checklist", _("Checklista")


class RoutineVersionQuerySet(models.QuerySet["RoutineVersion"]):
    """Questions about versions."""

    def in_force(self) -> "RoutineVersionQuerySet":
        """The versions that staff work by."""
        return self.filter(in_force_at__isnull=False, ended_at__isnull=True)

    def waiting_to_be_published(self) -> "RoutineVersionQuerySet":
        """Approved by the manager, no PDF yet."""
        return self.filter(approved_at__isnull=False, in_force_at__isnull=True, discarded_at__isnull=True)

    def being_written(self) -> "RoutineVersionQuerySet":
        """Not approved yet: drafts, and those under review."""
        return self.filter(approved_at__isnull=True, discarded_at__isnull=True)

    def in_state(self, state: VersionState) -> "RoutineVersionQuerySet":
        """Versions of which `state` is true: the same answer as the property gives, asked of the database."""
        if state == VersionState.DISCARDED:
            return self.filter(discarded_at__isnull=False)
        if state in (VersionState.SUPERSEDED, VersionState.WITHDRAWN):
            return self.filter(ended_at__isnull=False, withdrawn_by__isnull=state == VersionState.SUPERSEDED)
        if state == VersionState.IN_FORCE:
            return self.in_force()
        if state in (VersionState.APPROVED, VersionState.FAILED):
            failed = state == VersionState.FAILED
            return self.waiting_to_be_published().filter(publish_failed_at__isnull=not failed)
        last = Approval.objects.filter(version=OuterRef("pk")).order_by("-pk").values("verdict")[:1]
        verdicts = [verdict for verdict, after in STATE_AFTER.items() if after == state]
        said = Q(last_verdict__in=verdicts)
        if state == VersionState.DRAFT:
            said |= Q(last_verdict__isnull=True)
        return self.being_written().alias(last_verdict=Subquery(last)).filter(said)

    def to_review_before(self, day: "dt.date") -> "RoutineVersionQuerySet":
        """Versions in force whose review date lies before `day`, each with that date as `due_on`: the approval's day
        plus its months, as RoutineVersion.review_on."""
        months = Func(
            F("review_months"), template="make_interval(months => %(expressions)s)", output_field=models.DurationField()
        )
        due_on = Cast(TruncDate("approved_at") + months, models.DateField())
        return self.in_force().annotate(due_on=due_on).filter(due_on__lt=day)


# What may still change once a version is approved: what the publication and the end of it write.
_AFTER_APPROVAL = (
    "'{in_force_at,ended_at,pdf,pdf_sha256,publish_failed_at,publish_error,publish_attempts,words,search,"
    "discarded_at,discarded_by_id,withdrawn_by_id,withdrawal_reason}'::text[]"
)
# And once it has been in force: only its end, and that once.
_AFTER_PUBLICATION = "'{ended_at,withdrawn_by_id,withdrawal_reason,search}'::text[]"


@pghistory.track(exclude=["words", "search"])
class RoutineVersion(models.Model):
    """One wording of a routine. It is in force from the moment that its PDF is stored until it is replaced or
    withdrawn.

    A major version changes the substance and asks everybody to read again; a minor one corrects. What a municipality
    prints about a document stands here too, since it is approved together with the text.
    """

    routine = models.ForeignKey("routines.Routine", models.PROTECT, related_name="versions", verbose_name=_("rutin"))
    major = models.PositiveSmallIntegerField(_("huvudversion"))
    minor = models.PositiveSmallIntegerField(_("rättelse"), default=0)
    based_on = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("bygger på"), editable=False
    )
    change_note = models.CharField(_("vad är nytt"), max_length=300, blank=True)
    document_type = models.CharField(
        _("dokumenttyp"), max_length=20, choices=DocumentType, default=DocumentType.ROUTINE
    )
    owner_title = models.CharField(_("dokumentägare"), max_length=120, blank=True)
    applies_to = models.CharField(_("gäller för"), max_length=200, blank=True)
    diary_number = models.CharField(_("diarienummer"), max_length=40, blank=True)
    review_months = models.PositiveSmallIntegerField(
        _("ses över efter (månader)"), default=12, validators=[MinValueValidator(1), MaxValueValidator(24)]
    )
    check_code = models.CharField(
        _("kod på utskriften"), max_length=20, unique=True, default=new_check_code, editable=False
    )
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("skapad av"))
    created_at = models.DateTimeField(_("skapad"), default=clock.now, editable=False)
    approved_at = models.DateTimeField(_("fastställd"), null=True, blank=True)
    approved_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("fastställd av")
    )
    in_force_at = models.DateTimeField(_("gäller från"), null=True, blank=True)
    ended_at = models.DateTimeField(_("slutade gälla"), null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("upphävd av")
    )
    withdrawal_reason = models.CharField(_("skäl till att den upphävdes"), max_length=300, blank=True)
    discarded_at = models.DateTimeField(_("kastad"), null=True, blank=True)
    discarded_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("kastad av")
    )
    pdf = models.FileField(_("PDF"), upload_to="routines/", blank=True)
    pdf_sha256 = models.CharField(_("PDF:ens kontrollsumma"), max_length=64, blank=True)
    # Counted and committed before each try, so that a version that kills its worker is not tried for ever.
    publish_attempts = models.PositiveSmallIntegerField(_("försök att skapa PDF:en"), default=0, editable=False)
    publish_failed_at = models.DateTimeField(_("PDF:en misslyckades"), null=True, blank=True)
    publish_error = models.TextField(_("varför PDF:en misslyckades"), blank=True)
    # The plain words of the whole text, written when it comes into force, and what PostgreSQL searches in them.
    words = models.TextField(_("orden att söka i"), blank=True, editable=False)
    search = models.GeneratedField(
        expression=SearchVector("words", config="swedish"), output_field=SearchVectorField(), db_persist=True
    )

    objects = RoutineVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("version av rutin")
        verbose_name_plural = _("versioner av rutiner")
        ordering = ["routine", "major", "minor"]
        indexes = [GinIndex(fields=["search"], name="version_search")]
        constraints = [
            models.UniqueConstraint(
                fields=["routine", "major", "minor"],
                condition=Q(discarded_at__isnull=True),
                name="routine_version_number_unique",
            ),
            models.UniqueConstraint(
                fields=["routine"],
                condition=Q(in_force_at__isnull=False, ended_at__isnull=True),
                name="routine_one_version_in_force",
                violation_error_message=_("En annan version av rutinen gäller redan."),
            ),
            models.UniqueConstraint(
                fields=["routine"],
                condition=Q(approved_at__isnull=True, discarded_at__isnull=True),
                name="routine_one_version_being_written",
                violation_error_message=_("Det finns redan en ny version som skrivs."),
            ),
            models.UniqueConstraint(
                fields=["routine"],
                condition=Q(approved_at__isnull=False, in_force_at__isnull=True, discarded_at__isnull=True),
                name="routine_one_version_being_published",
                violation_error_message=_("En annan version väntar på sin PDF."),
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
            models.CheckConstraint(
                name="version_withdrawn_with_a_reason",
                condition=Q(withdrawn_by__isnull=True, withdrawal_reason="")
                | (Q(withdrawn_by__isnull=False, ended_at__isnull=False) & ~Q(withdrawal_reason="")),
                violation_error_message=_("Skriv varför rutinen inte längre ska gälla."),
            ),
            models.CheckConstraint(
                name="version_discarded_before_it_was_in_force",
                condition=Q(discarded_at__isnull=True, discarded_by__isnull=True)
                | Q(discarded_at__isnull=False, discarded_by__isnull=False, in_force_at__isnull=True),
            ),
            models.CheckConstraint(
                name="version_review_within_24_months",
                condition=Q(review_months__range=(1, 24)),
                violation_error_message=_("Rutinen ska ses över inom 1 till 24 månader."),
            ),
            models.CheckConstraint(
                name="version_major_from_one",
                condition=Q(major__gte=1),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="approved_version_stays_approved",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__approved_at__isnull=False),
                func=f"""
                    IF to_jsonb(NEW) - {_AFTER_APPROVAL} IS DISTINCT FROM to_jsonb(OLD) - {_AFTER_APPROVAL} THEN
                        RAISE EXCEPTION 'an approved version is not changed' USING ERRCODE = '23514';
                    END IF;
                    IF OLD.in_force_at IS NOT NULL AND (
                        to_jsonb(NEW) - {_AFTER_PUBLICATION} IS DISTINCT FROM to_jsonb(OLD) - {_AFTER_PUBLICATION}
                        OR (OLD.ended_at IS NOT NULL AND to_jsonb(NEW) - 'search' IS DISTINCT FROM
                            to_jsonb(OLD) - 'search')
                    ) THEN
                        RAISE EXCEPTION 'a version that was in force is kept' USING ERRCODE = '23514';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Protect(
                name="approved_version_is_never_deleted",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__approved_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return _("%(routine)s, version %(number)s") % {"routine": self.routine, "number": self.number}

    @property
    def number(self) -> str:
        """The version as it is printed: "2.1"."""
        return f"{self.major}.{self.minor}"

    @property
    def state(self) -> VersionState:
        """Where the version is: its dates say so once it is approved, its last approval row before that."""
        if self.discarded_at:
            return VersionState.DISCARDED
        if self.ended_at:
            return VersionState.WITHDRAWN if self.withdrawn_by_id else VersionState.SUPERSEDED
        if self.in_force_at:
            return VersionState.IN_FORCE
        if self.approved_at:
            return VersionState.FAILED if self.publish_failed_at else VersionState.APPROVED
        last = self.last_approval
        return STATE_AFTER[Verdict(last.verdict)] if last else VersionState.DRAFT

    @property
    def is_editable(self) -> bool:
        """Whether the text may be changed: an edit of a version under review takes it back (Verdict.REOPENED)."""
        return self.approved_at is None and self.discarded_at is None

    @property
    def last_approval(self) -> "Approval | None":
        """What was last done with the version. One query, or none when approvals are prefetched."""
        return max(self.approvals.all(), key=lambda row: row.pk, default=None)

    @property
    def review_on(self) -> "dt.date | None":
        """The last day to look the routine over: calendar months after the approval; None before that."""
        if self.approved_at is None:
            return None
        return timezone.localdate(self.approved_at) + relativedelta(months=self.review_months)

    def is_review_overdue(self, on: "dt.date") -> bool:
        """Whether the version is in force although its review date lies before `on`."""
        review_on = self.review_on
        return self.state == VersionState.IN_FORCE and review_on is not None and review_on < on

    @property
    def check_path(self) -> str:
        """The short public address that says whether this very version is in force."""
        return reverse("check", args=[self.check_code])

    def content_sha256(self) -> str:
        """What an approval binds to: the hash of everything that is printed and written, sections in order.

        Registry entries count by reference, not by their present wording.
        """
        content: list[Any] = [self.routine.title, self.major, self.minor, self.document_type, self.owner_title]
        content += [self.applies_to, self.diary_number, self.review_months, self.change_note]
        sections = self.sections.prefetch_related("placed_contacts", "placed_references")
        for section in sections.order_by("position"):
            placed = [
                sorted(row.contact_id for row in section.placed_contacts.all()),
                sorted(row.reference_id for row in section.placed_references.all()),
            ]
            flags = [section.is_mandatory, section.is_locked, section.is_acute]
            content.append([section.key, section.kind, section.heading, section.body, section.cells, *flags, *placed])
        return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


STATE_AFTER = {
    Verdict.SUBMITTED: VersionState.IN_REVIEW,
    Verdict.RETURNED: VersionState.RETURNED,
    Verdict.ENDORSED: VersionState.ENDORSED,
    Verdict.APPROVED: VersionState.APPROVED,
    Verdict.REOPENED: VersionState.DRAFT,
    Verdict.CARRIED: VersionState.APPROVED,
}
