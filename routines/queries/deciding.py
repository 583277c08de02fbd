"""Who has decided what about a version, and who may."""

from collections import defaultdict

from django.utils.translation import gettext as _

from routines.models import Approval, RoutineVersion, Verdict, VersionState
from units.models import Membership, User


def endorsed_by(version: RoutineVersion) -> User | None:
    """Who has reviewed the present text; None before that."""
    last = version.approvals.select_related("by").filter(verdict=Verdict.ENDORSED).order_by("-pk").first()
    return last.by if last else None


def decisions(version: RoutineVersion) -> list[tuple[Approval, str]]:
    """What was done with a version, oldest first, each with the name of the one who did it."""
    return [(row, row.by.shown_name) for row in version.approvals.select_related("by").order_by("pk")]


def may_approve(user: User, version: RoutineVersion) -> str:
    """Why `user` may not approve an endorsed version, in a sentence; empty when they may."""
    if not version.routine.unit.managers().filter(pk=user.pk).exists():
        return _("Det är enhetens chef som fastställer rutinen.")
    if endorsed_by(version) == user:
        return _("Du har granskat den här versionen. Någon annan måste fastställa den.")
    return ""


def in_the_way(version: RoutineVersion) -> str:
    """Why a version can't be approved although everybody agrees on it, in a sentence; empty when nothing is in its way:
    one PDF at a time, and an older number never replaces a newer one."""
    others = [row for row in version.routine.versions.all() if row.pk != version.pk]
    waiting = next((row for row in others if row.state in (VersionState.APPROVED, VersionState.FAILED)), None)
    if waiting and waiting.publish_failed_at:
        return _(
            "Version %(number)s är fastställd, men dess PDF kunde inte skapas. Försök igen med den, eller kasta den, "
            "och fastställ sedan den här."
        ) % {"number": waiting.number}
    if waiting:
        return _("Version %(number)s väntar på sin PDF. Vänta tills den gäller och fastställ sedan den här.") % {
            "number": waiting.number
        }
    if newer := next((row for row in others if row.state == VersionState.IN_FORCE and newer_than(row, version)), None):
        return _("Version %(number)s gäller redan och är nyare än den här.") % {"number": newer.number}
    return ""


def newer_than(one: RoutineVersion, other: RoutineVersion) -> bool:
    """Whether `one` has a higher number than `other`."""
    return (one.major, one.minor) > (other.major, other.minor)


def missing(version: RoutineVersion) -> list[str]:
    """The headings of what must be filled in and is not."""
    sections = version.sections.prefetch_related("placed_contacts__contact", "placed_references__reference")
    return [section.heading for section in sections if section.is_mandatory and section.is_empty]


def waiting_for_managers() -> list[tuple[Approval, User]]:
    """What each version waits on a manager after (reviewed and not approved, or given back), with each of the unit's
    present managers but the one who decided it; as many queries for one as for a hundred."""
    endorsed, returned = (
        RoutineVersion.objects.in_state(state) for state in (VersionState.ENDORSED, VersionState.RETURNED)
    )
    versions = (endorsed | returned).select_related("routine__unit").prefetch_related("approvals__by")
    managers: dict[int, list[User]] = defaultdict(list)
    units = {version.routine.unit_id for version in versions}
    for row in Membership.objects.present().managers().filter(unit__in=units).select_related("user"):
        managers[row.unit_id].append(row.user)
    waiting = []
    for version in versions:
        approval = version.last_approval
        assert approval is not None  # the state says so
        approval.version = version
        waiting += [(approval, person) for person in managers[version.routine.unit_id] if person != approval.by]
    return waiting


def approver(version: RoutineVersion) -> str:
    """Who approved the version, as the routine says it; a protected person stands there by office only."""
    person = version.approved_by
    if person is None:
        return ""
    return _("enhetens chef") if person.is_protected else person.name
