"""The way of a version: submitted, returned, endorsed, approved, taken back by an edit. Each is a row that
binds to the text's hash.
"""

from collections.abc import Collection, Iterable
from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _

from jarfalla import clock
from jarfalla.celery import enqueue, run_all
from routines import mail, queries
from routines.actions.locking import lock_version, require_seen
from routines.models import Approval, RoutineVersion, Verdict, VersionState
from units.actions import post_letter
from units.models import Message, Refused, User, UserRole

BEING_WRITTEN = (VersionState.DRAFT, VersionState.RETURNED)
UNDER_WAY = (VersionState.IN_REVIEW, VersionState.ENDORSED)
STANDING = (VersionState.APPROVED, VersionState.FAILED, VersionState.IN_FORCE)


@transaction.atomic
def submit_version(version: RoutineVersion, *, by: User) -> RoutineVersion:
    """Send a version to the coordinators; return it as it is when that is done already.

    Raises Refused when something that must stand in it is empty, and when it is not being written.
    """
    version = lock_version(version)
    if version.state == VersionState.IN_REVIEW:
        return version
    if version.state in (VersionState.ENDORSED, *STANDING):
        raise Refused(_("Versionen är redan granskad och kan inte skickas igen."))
    _refuse_unless(version, BEING_WRITTEN)
    if missing := queries.missing(version):
        raise Refused(
            _("Det här måste fyllas i innan rutinen skickas: %(headings)s.") % {"headings": ", ".join(missing)}
        )
    if behind := queries.locked_behind(version):
        raise Refused(
            _("Mallen har ändrats, och det här måste tas över därifrån innan rutinen skickas: %(headings)s.")
            % {"headings": ", ".join(behind)}
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
    if version.state not in UNDER_WAY:
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
    if version.state in (VersionState.ENDORSED, *STANDING):
        return version
    _refuse_unless(version, [VersionState.IN_REVIEW])
    if not by.is_coordinator:
        raise Refused(_("Det är samordnaren som granskar rutinen."))
    require_seen(version, seen)
    _decide(version, Verdict.ENDORSED, by=by, tell=version.routine.unit.managers())
    return version


@transaction.atomic
def approve_version(version: RoutineVersion, *, by: User, seen: str = "") -> RoutineVersion:
    """The unit's manager decides that the version applies; the worker then makes its PDF and puts it in force.

    Return it as it is when it is approved already. Raises Refused when it was not reviewed, when `by` is not a
    manager of the unit or reviewed it themselves, when the text is not the one that was reviewed, and while another
    version is in the way.
    """
    version = lock_version(version)
    if version.state in STANDING:
        return version
    if version.state in (*BEING_WRITTEN, VersionState.IN_REVIEW):
        raise Refused(_("Samordnaren måste granska versionen först."))
    _refuse_unless(version, [VersionState.ENDORSED])
    if refusal := queries.may_approve(by, version) or queries.in_the_way(version):
        raise Refused(refusal)
    require_seen(version, seen)
    endorsed = version.last_approval
    assert endorsed is not None  # the state says so
    if endorsed.content_sha256 != version.content_sha256():
        raise Refused(_("Texten är inte den som granskades. Lämna tillbaka versionen, så att den granskas igen."))
    approval = _decide(version, Verdict.APPROVED, by=by)
    version.approved_at, version.approved_by = approval.at, by
    version.save()
    version.routine.owner = by  # who answers for it from now on, and is reminded when it is to be looked over
    version.routine.save(update_fields=["owner"])
    enqueue("routines.tasks.publish_version", version.pk)
    return version


@transaction.atomic
def reopen(version: RoutineVersion, *, by: User, comment: str = "") -> RoutineVersion:
    """The text of a version under way is about to be edited: what was decided about it no longer counts.

    A draft stays as it is. Raises Refused when the text can't be edited any more.
    """
    version = lock_version(version)
    if version.state in BEING_WRITTEN:
        return version
    _refuse_unless(version, UNDER_WAY)
    _decide(version, Verdict.REOPENED, by=by, comment=comment)
    return version


def tell_successors() -> None:
    """Letters about what waits for a unit's manager, to those who became managers after it was decided.

    A letter has the decision and the person in its key, so nobody gets the same one twice.
    """
    letters = [(approval, person) for approval, person in queries.waiting_for_managers() if person.gets_mail]
    keys = [mail.verdict_key(approval, person) for approval, person in letters]
    written = set(Message.objects.filter(key__in=keys).values_list("key", flat=True))
    left = [letter for letter, key in zip(letters, keys, strict=True) if key not in written]
    run_all(partial(_tell, approval, person) for approval, person in left)


def _tell(approval: Approval, person: User) -> None:
    post_letter(mail.routine_verdict(approval, person), unit=approval.version.routine.unit)


def _refuse_unless(version: RoutineVersion, states: Collection[VersionState]) -> None:
    """Raise Refused, with where the version is, when that is none of `states`."""
    if version.state not in states:
        raise Refused(
            _("Det går inte. Version %(number)s är i läget: %(state)s.")
            % {"number": version.number, "state": version.state.label}
        )


def _decide(
    version: RoutineVersion, verdict: Verdict, *, by: User, comment: str = "", tell: Iterable[User] = ()
) -> Approval:
    """Write who did what with exactly which text, and a letter to each of `tell` but the one who did it."""
    approval = version.approvals.create(
        verdict=verdict, by=by, at=clock.now(), comment=comment, content_sha256=version.content_sha256()
    )
    for person in tell:
        if person != by:
            _tell(approval, person)
    return approval
