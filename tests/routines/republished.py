"""A contact whose number changes, and what is marked and corrected then."""

from routines import actions, queries
from routines.models import (
    Contact,
    RoutineVersion,
)
from units.models import User, UserRole

OLD, NEW = "08-111 11 11", "08-222 22 22"


def call_another(contact: Contact, number: str = NEW) -> None:
    """The coordinator writes another number, and has checked it."""
    by = User.objects.filter(role=UserRole.COORDINATOR).earliest("pk")
    fields = {name: getattr(contact, name) for name in contact.EDITED}
    actions.change_entry(contact, {**fields, "phone": number}, by=by, is_checked=True)


def stale() -> list[RoutineVersion]:
    return list(queries.stale_versions().order_by("pk"))


def corrections(version: RoutineVersion) -> list[str]:
    """The numbers of all versions of a routine that were made from another, in order."""
    rows = version.routine.versions.filter(based_on__isnull=False).order_by("major", "minor")
    return [row.number for row in rows]
