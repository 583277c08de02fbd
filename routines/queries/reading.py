"""What the page of a routine shows, and who may read where it comes from."""

from dataclasses import dataclass

from routines.models import Routine, RoutineSection, RoutineVersion, Sharing
from units.models import Unit, User
from units.queries import swedish_order


@dataclass(frozen=True)
class Origin:
    """The version of another unit's routine that a routine began as."""

    version: RoutineVersion
    may_be_read: bool


def reading_order(version: RoutineVersion) -> list[RoutineSection]:
    """The sections that say something, the acute ones first, with the registries' entries: five queries."""
    sections = version.sections.prefetch_related("placed_contacts__contact", "placed_references__reference")
    rows = sections.order_by("-is_acute", "position")
    return [row for row in rows if not row.is_empty]


def origin(routine: Routine, user: User) -> Origin | None:
    """Where a routine was taken over from; None for one of the unit's own.

    That stays visible for ever, but the other routine's title only as long as `user` may read it.
    """
    if routine.origin_id is None:
        return None
    version = RoutineVersion.objects.select_related("routine__unit").defer("words", "search").get(pk=routine.origin_id)
    return Origin(version, Routine.objects.readable_by(user).filter(pk=version.routine_id).exists())


def is_shared(routine: Routine) -> bool:
    """Whether the unit offers the routine to the others now."""
    return Sharing.objects.standing().filter(routine=routine).exists()


def units_that_may_adopt(user: User, routine: Routine) -> list[Unit]:
    """The units that `user` writes routines for and that could take this one over."""
    units = Unit.objects.managed_by(user).exclude(pk=routine.unit_id)
    return list(units.order_by(swedish_order("name"), "pk"))


def adopted(routine: Routine, unit: Unit) -> Routine | None:
    """What the unit has made of the routine already: the latest of it."""
    return unit.routines.filter(origin__routine=routine).order_by("-pk").first()


def works_in_unit_of(routine: Routine, user: User) -> bool:
    """Whether `user` works in the routine's unit now: the routine applies to them."""
    return routine.unit.memberships.present().filter(user=user).exists()
