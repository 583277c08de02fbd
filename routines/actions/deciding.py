"""The way of a version: submitted, returned, endorsed, approved. Each is a row that binds to the text's hash."""

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from jarfalla import clock
from jarfalla.celery import enqueue
from routines import mail, queries
from routines.actions.locking import lock_version, require_seen
from routines.models import Approval, RoutineVersion, Verdict, VersionState
from units.actions import post_letter
from units.models import Refused, User, UserRole

BEING_WRITTEN = (VersionState.DRAFT, VersionState.RETURNED)


@transaction.atomic
def submit_version(version: RoutineVersion, *, by: User) -> RoutineVersion:
    """Send a version to the coordinators; return it as it is when that is done already.

    Raises Refused when something that must stand in it is empty, and when it has been reviewed.
    """
    version = lock_version(version)
    if version.state == VersionState.IN_REVIEW:
        return version
    if version.state not in BEING_WRITTEN:
        raise Refused(_("Versionen är redan granskad och kan inte skickas igen."))
    if missing := [row.heading for row in version.sections.filter(is_mandatory=True) if not row.body.strip()]:
        raise Refused(
            _("Det här måste fyllas i innan rutinen skickas: %(headings)s.") % {"headings": ", ".join(missing)}
        )
    _decide(version, Verdict.SUBMITTED, by=by, tell=User.objects.filter(role=UserRole.COORDINATOR))
    return version


@transaction.atomic
def return_version(version: RoutineVersion, *, comment: str, by: User) -> RoutineVersion:
    """Give a submitted or endorsed version back to its writers; return it as it is when that is done already.

    Raises Refused without a comment, and when the version is not under way.
    """
    version = lock_version(version)
    if version.state == VersionState.RETURNED:
        return version
    if version.state not in (VersionState.IN_REVIEW, VersionState.ENDORSED):
        raise Refused(_("Bara en version som granskas eller väntar på fastställande kan lämnas tillbaka."))
    if not comment.strip():
        raise Refused(_("Skriv vad som behöver ändras."))
    _decide(version, Verdict.RETURNED, by=by, comment=comment.strip(), tell=version.routine.unit.managers())
    return version


@transaction.atomic
def endorse_version(version: RoutineVersion, *, by: User, seen: str = "") -> RoutineVersion:
    """The coordinator has read the version and finds it good; return it as it is when that is done already.

    Raises Refused when it was not submitted, when `by` is no coordinator, and when the text is not the one seen.
    """
    version = lock_version(version)
    if version.state in BEING_WRITTEN:
        raise Refused(_("Versionen är inte skickad till granskning."))
    if version.state != VersionState.IN_REVIEW:
        return version
    if not by.is_coordinator:
        raise Refused(_("Det är samordnaren som granskar rutinen."))
    require_seen(version, seen)
    _decide(version, Verdict.ENDORSED, by=by, tell=version.routine.unit.managers())
    return version


@transaction.atomic
def approve_version(version: RoutineVersion, *, by: User, seen: str = "") -> RoutineVersion:
    """The unit's manager decides that the version applies; the worker then makes its PDF and puts it in force.

    Return it as it is when it is approved already. Raises Refused when it was not reviewed, when `by` is not a
    manager of the unit or reviewed it themselves, and when the text is not the one that was reviewed.
    """
    version = lock_version(version)
    if version.approved_at:
        return version
    if version.state != VersionState.ENDORSED:
        raise Refused(_("Samordnaren måste granska versionen först."))
    if refusal := queries.may_approve(by, version):
        raise Refused(refusal)
    require_seen(version, seen)
    endorsed = version.last_approval
    assert endorsed is not None  # the state says so
    if endorsed.content_sha256 != version.content_sha256():
        raise Refused(_("Texten är inte den som granskades. Lämna tillbaka versionen, så att den granskas igen."))
    approval = _decide(version, Verdict.APPROVED, by=by)
    version.approved_at, version.approved_by = approval.at, by
    version.save()
    enqueue("routines.tasks.publish_version", version.pk)
    return version


def _decide(
    version: RoutineVersion, verdict: Verdict, *, by: User, comment: str = "", tell: Iterable[User] = ()
) -> Approval:
    """Write who did what with exactly which text, and a letter to each of `tell` but the one who did it."""
    approval = version.approvals.create(
        verdict=verdict, by=by, at=clock.now(), comment=comment, content_sha256=version.content_sha256()
    )
    for person in tell:
        if person != by:
            post_letter(mail.routine_verdict(approval, person), unit=version.routine.unit)
    return approval
