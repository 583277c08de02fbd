"""One lock for each routine: whoever changes a version takes the routine's row first."""

from django.utils.translation import gettext as _

from routines.models import Routine, RoutineVersion
from units.models import Refused


def lock_routine(routine: Routine) -> Routine:
    """The routine as it is now, locked until the transaction ends."""
    return Routine.objects.select_for_update(of=("self",)).select_related("unit").get(pk=routine.pk)


def lock_version(version: RoutineVersion) -> RoutineVersion:
    """The version as it is now, its routine locked until the transaction ends."""
    routine = lock_routine(version.routine)
    version = routine.versions.select_related("approved_by").get(pk=version.pk)
    version.routine = routine
    return version


def require_seen(version: RoutineVersion, seen: str) -> None:
    """Raise Refused when the text is not the one that the person saw; "" when they have just read the row."""
    if seen and seen != version.content_sha256():
        raise Refused(_("Texten har ändrats sedan du öppnade sidan. Läs den igen innan du går vidare."))
