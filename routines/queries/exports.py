"""What there is to export, and how far the exports have come."""

from dataclasses import dataclass

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet

from routines.models import Export, ExportKind, RoutineVersion, RoutineVersionQuerySet
from units.models import Unit
from units.queries import swedish_order


def versions_to_export(kind: ExportKind) -> list[RoutineVersion]:
    """The versions in such a file, in its order: those in force, or for the archive all that ever were. One query;
    the words to search in are as long as the routines themselves, and stay in the database."""
    versions = _of_kind(kind).select_related("routine__unit", "approved_by").defer("words", "search")
    return list(
        versions.order_by(
            swedish_order("routine__unit__name"), swedish_order("routine__title"), "routine", "major", "minor"
        )
    )


def is_anything_to_export(kind: ExportKind) -> bool:
    """Whether such a file would hold anything."""
    return _of_kind(kind).exists()


def _of_kind(kind: ExportKind) -> RoutineVersionQuerySet:
    ever = RoutineVersion.objects.filter(in_force_at__isnull=False)
    return ever if kind == ExportKind.ARCHIVE else ever.in_force()


def units_with_routines() -> QuerySet[Unit]:
    """The units that have something to put in a binder."""
    in_force = RoutineVersion.objects.in_force().filter(routine__unit=OuterRef("pk"))
    return Unit.objects.filter(Exists(in_force)).order_by("pk")


def newest_file(kind: ExportKind, unit: Unit | None = None) -> Export | None:
    """The newest file of that sort that can be fetched."""
    kept = Export.objects.filter(kind=kind, unit=unit).kept()
    return kept.select_related("unit", "requested_by").order_by("-finished_at", "-pk").first()


def waiting_exports() -> list[int]:
    """Exports that somebody asked for and that are not made yet, by number, those of people before the night's."""
    is_of_the_night = ExpressionWrapper(Q(requested_by__isnull=True), output_field=BooleanField())
    waiting = Export.objects.under_way().annotate(is_of_the_night=is_of_the_night)
    return list(waiting.order_by("is_of_the_night", "requested_at", "pk").values_list("pk", flat=True))


@dataclass(frozen=True)
class Shelf:
    """What a page shows of one sort of file: the one being made, why the last one failed, and the one to fetch."""

    kind: ExportKind
    under_way: Export | None
    failed: Export | None
    file: Export | None


def shelf(kind: ExportKind, unit: Unit | None = None) -> Shelf:
    """Where one sort of file stands, in three queries."""
    exports = Export.objects.filter(kind=kind, unit=unit).select_related("unit", "requested_by")
    latest = exports.order_by("-requested_at", "-pk").first()
    return Shelf(
        kind=kind,
        under_way=exports.under_way().first(),
        failed=latest if latest and latest.failed_at else None,
        file=newest_file(kind, unit),
    )


def exports_to_list() -> QuerySet[Export]:
    """What the coordinator has a list of: all but the binders that the night has made without trouble."""
    quiet = Q(kind=ExportKind.BINDER, requested_by__isnull=True, failed_at__isnull=True)
    return Export.objects.exclude(quiet).select_related("unit", "requested_by").order_by("-requested_at", "-pk")
