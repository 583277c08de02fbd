"""The end of a version that is not replaced: thrown away before it was in force, or withdrawn after."""

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from jarfalla import clock
from routines import mail
from routines.actions.locking import lock_version
from routines.actions.republishing import discard_corrections
from routines.models import RoutineVersion, VersionState
from units.actions import post_letters
from units.models import Programme, Refused, User, UserRole
from units.queries import steps_on_page


@transaction.atomic
def discard_version(version: RoutineVersion, *, by: User) -> RoutineVersion:
    """Throw away a version that nobody has worked by: one that is being written or reviewed, or whose PDF failed.

    Its text and what was decided stay as history. Return it as it is when that is done already. Raises Refused while
    its PDF is being made, and once it has been in force.
    """
    version = lock_version(version)
    if version.discarded_at:
        return version
    if version.state == VersionState.APPROVED:
        raise Refused(_("Portalen skapar PDF:en just nu. Vänta tills det är klart."))
    if version.in_force_at:
        raise Refused(_("En version som gäller eller har gällt kan inte kastas. Upphäv den om den inte ska gälla."))
    version.discarded_at, version.discarded_by = clock.now(), by
    version.save()
    return version


@transaction.atomic
def withdraw_version(version: RoutineVersion, *, reason: str, by: User) -> RoutineVersion:
    """The version in force stops being so, and none takes its place; it stays as history.

    Return it as it is when that is done already. Raises Refused without a reason, and when it is not in force.
    """
    version = lock_version(version)
    if version.state == VersionState.WITHDRAWN:
        return version
    if version.state != VersionState.IN_FORCE:
        raise Refused(_("Bara en version som gäller kan upphävas."))
    if not reason.strip():
        raise Refused(_("Skriv varför rutinen inte längre ska gälla."))
    version.ended_at, version.withdrawn_by, version.withdrawal_reason = clock.now(), by, reason.strip()
    version.save()
    discard_corrections(version, by=by)
    unit = version.routine.unit
    told = User.objects.filter(Q(role=UserRole.COORDINATOR) | Q(pk__in=unit.managers())).exclude(pk=by.pk)
    programme, steps = Programme.current(), steps_on_page(unit)
    post_letters((mail.routine_withdrawn(version, person, programme=programme, steps=steps), unit) for person in told)
    return version
