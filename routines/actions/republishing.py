"""Corrections from the registries: every routine whose PDF shows an older wording gets a new minor version."""

import datetime as dt
from dataclasses import dataclass, field
from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from jarfalla import clock
from jarfalla.celery import enqueue, run_all
from routines import queries
from routines.actions.deciding import reopen
from routines.actions.locking import lock_routine
from routines.actions.writing import METADATA, SECTION_FIELDS
from routines.models import PlacedContact, PlacedReference, RoutineSection, RoutineVersion, Verdict, VersionState
from units.models import Refused, User

# Everything that a section says; a correction changes nothing of it, not even how it is written down.
_CARRIED = (*SECTION_FIELDS, "markup", "template_sha256", "template_body")
_LONGEST_NOTE = 300
# So many corrections are made while the one who pressed the button waits: a second or two.
AT_ONCE = 50


@dataclass
class Republished:
    """What came of publishing everything affected again."""

    versions: list[RoutineVersion] = field(default_factory=list)  # corrections on their way, also from a click before
    passed_over: list[RoutineVersion] = field(default_factory=list)  # still in force, with another version in the way
    left: int = 0  # for the worker


def republish_affected(*, by: User, at_once: int | None = AT_ONCE) -> Republished:
    """Publish every routine again whose PDF shows an older wording than the registries.

    A transaction for each routine: what is done stays done, and once more only does the rest. The caller waits for
    `at_once` of them, and the worker goes on with the others; if that gets lost, they still stand on the page. One that
    goes wrong stops none behind it.
    """
    at, result = clock.now(), Republished()
    ready = list(queries.stale_without_new_pdf().select_related("routine").order_by("routine"))
    ready, rest = (ready, []) if at_once is None else (ready[:at_once], ready[at_once:])
    # What waits for its PDF already is only told about: its routine is locked as long as a worker is at it.
    for version in queries.affected(queries.stale_versions().exclude(pk__in=[row.pk for row in (*ready, *rest)])):
        waiting = queries.waiting_for_pdf(version.routine)
        if waiting and waiting.state == VersionState.APPROVED and queries.is_carried(waiting):
            result.versions.append(waiting)
        elif waiting:
            result.passed_over.append(version)
    if rest:
        result.left = len(rest)
        enqueue("routines.tasks.republish_affected", by.pk)
    run_all(partial(_republish_into, result, version, by=by, at=at) for version in ready)
    return result


def _republish_into(result: Republished, version: RoutineVersion, *, by: User, at: dt.datetime) -> None:
    """Publish one of many again, and keep what came of it."""
    try:
        correction = republish(version, by=by, at=at)
    except Refused:
        result.passed_over.append(version)
    else:
        result.versions += [correction] if correction else []


@transaction.atomic
def republish(version: RoutineVersion, *, by: User, at: dt.datetime | None = None) -> RoutineVersion | None:
    """Make a correction of the version in force: the same text with the registries' present wording, approved as it
    is. The worker then makes its PDF, and the old one applies until that is done.

    Return the correction that already waits for its PDF, and None when `version` has ended or its PDF is up to date.
    Raises Refused when `by` is no coordinator, and while another version waits for its PDF.
    """
    if not by.is_coordinator:
        raise Refused(_("Det är samordnaren som ger ut rutiner igen när registret har ändrats."))
    routine = lock_routine(version.routine)
    if waiting := routine.versions.waiting_to_be_published().first():
        if waiting.state == VersionState.APPROVED and queries.is_carried(waiting):
            return waiting
        raise Refused(_("Version %(number)s väntar på sin PDF.") % {"number": waiting.number})
    in_force = routine.in_force
    if in_force is None or in_force.pk != version.pk or not queries.is_stale(in_force):
        return None
    in_force.routine = routine
    _make_room(in_force, by=by)
    correction = _assemble(in_force, by=by)
    correction.approvals.create(
        verdict=Verdict.CARRIED, by=by, at=at or clock.now(), content_sha256=correction.content_sha256()
    )
    enqueue("routines.tasks.publish_version", correction.pk)
    return correction


def discard_corrections(version: RoutineVersion, *, by: User) -> None:
    """Throw away what waits to correct a version that no longer applies: it must not bring the routine back. The
    caller holds the routine's lock."""
    for waiting in queries.carried_versions().filter(based_on=version):
        waiting.discarded_at, waiting.discarded_by = clock.now(), by
        waiting.save()


def _make_room(in_force: RoutineVersion, *, by: User) -> None:
    """Give a version that is being written the next number when the correction takes its own. What was decided about
    it was about that number too, so it has to be decided again; its text stays as it is."""
    draft = queries.clashing_draft(in_force)
    if draft is None:
        return
    numbers = {"old": draft.number, "new": f"{draft.major}.{draft.minor + 1}"}
    note = _("Versionen heter nu %(new)s. Nummer %(old)s behövdes till nya uppgifter ur registret. Texten är orörd.")
    reopen(draft, by=by, comment=note % numbers)
    draft.minor += 1
    draft.save(update_fields=["minor"])


def _assemble(in_force: RoutineVersion, *, by: User) -> RoutineVersion:
    """The correction with everything in it, approved by who approved the one before, and when: it is the same text.

    It is put together as a discarded version: there may be only one that is being written, and that is the
    manager's; and a text can't be put into a version that is approved. Nobody sees it until the transaction ends.
    """
    correction = RoutineVersion.objects.create(
        routine=in_force.routine,
        major=in_force.major,
        minor=in_force.minor + 1,
        based_on=in_force,
        change_note=_change_note(in_force),
        created_by=by,
        discarded_at=clock.now(),
        discarded_by=by,
        **{name: getattr(in_force, name) for name in METADATA},
    )
    _carry_sections(in_force, correction)
    correction.approved_at, correction.approved_by = in_force.approved_at, in_force.approved_by
    correction.discarded_at = correction.discarded_by = None
    correction.save()
    return correction


def _carry_sections(from_version: RoutineVersion, to_version: RoutineVersion) -> None:
    """Copy every section, and what is placed in it and still in the registries; a few queries for any number."""
    sections = list(queries.load_entries(from_version).sections.all())
    copies = RoutineSection.objects.bulk_create(
        RoutineSection(version=to_version, **{name: getattr(section, name) for name in _CARRIED})
        for section in sections
    )
    pairs = list(zip(sections, copies, strict=True))
    PlacedContact.objects.bulk_create(
        PlacedContact(section=copy, contact=contact) for section, copy in pairs for contact in section.contacts
    )
    PlacedReference.objects.bulk_create(
        PlacedReference(section=copy, reference=law) for section, copy in pairs for law in section.references
    )


def _change_note(in_force: RoutineVersion) -> str:
    """What is new, in the language of the document."""
    names = queries.changed_since_printed([in_force]).get(in_force.pk, [])
    with translation.override(settings.LANGUAGE_CODE):
        note = _("Aktuella uppgifter ur registret: %(names)s.") % {"names": ", ".join(names)}
        return note if len(note) <= _LONGEST_NOTE else _("Aktuella uppgifter ur registret.")
