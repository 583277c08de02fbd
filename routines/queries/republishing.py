"""Routines whose PDFs show an older wording, and how far their new PDFs have come."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Max, Min, Prefetch, Q, QuerySet

from routines.models import Approval, Routine, RoutineVersion, RoutineVersionQuerySet, Verdict, VersionState
from routines.queries.registry import changed_since_printed, stale_versions
from units.queries import swedish_order

_UNDER_REVIEW = (VersionState.IN_REVIEW, VersionState.ENDORSED)


@dataclass(frozen=True)
class AffectedRoutine:
    """A routine in a list: its version in force, what its PDF shows in an older wording, and the version on its way."""

    routine: Routine
    in_force: RoutineVersion
    changed: list[str]
    waiting: RoutineVersion | None  # approved, without a PDF yet

    @property
    def state(self) -> VersionState | None:
        """APPROVED or FAILED for one that waits for a PDF, None for one that has not been published again."""
        return self.waiting.state if self.waiting else None


def affected(versions: RoutineVersionQuerySet) -> RoutineVersionQuerySet:
    """These versions with what a list shows of each, by unit and title: three queries for any number of them. Texts
    stay in the database."""
    of_routine = RoutineVersion.objects.defer("words", "search")
    return (
        versions.select_related("routine__unit")
        .defer("words", "search")
        .prefetch_related(Prefetch("routine__versions", of_routine), "routine__versions__approvals")
        .order_by(swedish_order("routine__unit__name"), swedish_order("routine__title"), "pk")
    )


def affected_on_page(versions: list[RoutineVersion]) -> list[AffectedRoutine]:
    """The versions of one page of that list."""
    changed = changed_since_printed(versions)
    return [
        AffectedRoutine(row.routine, row, changed.get(row.pk, []), waiting_for_pdf(row.routine)) for row in versions
    ]


def waiting_for_pdf(routine: Routine) -> RoutineVersion | None:
    """The approved version of a routine that has no PDF yet. One query, or none when versions are prefetched."""
    waiting = (VersionState.APPROVED, VersionState.FAILED)
    return next((row for row in routine.versions.all() if row.state in waiting), None)


def stale_without_new_pdf() -> RoutineVersionQuerySet:
    """The stale versions that can be published again now: nothing of their routine waits for a PDF."""
    waiting = RoutineVersion.objects.waiting_to_be_published().values("routine")
    return stale_versions().exclude(routine__in=waiting)


def clashing_draft(in_force: RoutineVersion) -> RoutineVersion | None:
    """The version being written that has the number which a correction of the one in force gets."""
    written = in_force.routine.versions.being_written()
    return written.filter(major=in_force.major, minor=in_force.minor + 1).first()


def reviews_to_start_over() -> list[RoutineVersion]:
    """Versions under review whose number a correction takes: what was decided about them binds to the number too."""
    numbers = {row.routine_id: (row.major, row.minor + 1) for row in stale_without_new_pdf()}
    if not numbers:
        return []
    found = RoutineVersion.objects.none()
    for state in _UNDER_REVIEW:
        found = found | RoutineVersion.objects.in_state(state)
    rows = found.filter(routine__in=numbers).select_related("routine__unit")
    return [row for row in rows if numbers[row.routine_id] == (row.major, row.minor)]


@dataclass(frozen=True)
class RepublishingProgress:
    """How far the routines that were published again have come."""

    started_at: dt.datetime
    total: int
    done: int
    failed: int

    @property
    def remaining(self) -> int:
        """How many the worker has left."""
        return self.total - self.done - self.failed


def republishing_progress() -> RepublishingProgress | None:
    """The latest time that routines were published again, back to the oldest version that still waits; None when that
    never happened."""
    carried = Approval.objects.filter(verdict=Verdict.CARRIED, version__discarded_at__isnull=True)
    waits = Q(version__in_force_at__isnull=True, version__publish_failed_at__isnull=True)
    since = carried.aggregate(waiting=Min("at", filter=waits), last=Max("at"))
    started_at = since["waiting"] or since["last"]
    if started_at is None:
        return None
    counted = carried.filter(at__gte=started_at).aggregate(
        total=Count("pk"),
        done=Count("pk", filter=Q(version__in_force_at__isnull=False)),
        failed=Count("pk", filter=Q(version__in_force_at__isnull=True, version__publish_failed_at__isnull=False)),
    )
    return RepublishingProgress(started_at, **counted)


def is_carried(version: RoutineVersion) -> bool:
    """Whether the version is a correction from the registries, approved because the one before was."""
    last = version.last_approval
    return last is not None and last.verdict == Verdict.CARRIED


def carried_versions() -> QuerySet[RoutineVersion]:
    """Corrections from the registries that wait for their PDF, or whose PDF failed."""
    carried = Approval.objects.filter(verdict=Verdict.CARRIED).values("version")
    return RoutineVersion.objects.waiting_to_be_published().filter(pk__in=carried)
