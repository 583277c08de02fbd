"""Routines walked through the portal's own actions as far as a test needs."""

from django.db import transaction
from django.utils.text import slugify

from jarfalla import clock
from routines import actions
from routines.models import GUARDIANS, Routine, RoutineVersion, SectionKind, Template, VersionState
from tests import factories
from units.models import Unit, User

WORDS = "Rektor ansvarar, och biträdande rektor när rektor är borta."
WAY = [VersionState.DRAFT, VersionState.IN_REVIEW, VersionState.ENDORSED, VersionState.APPROVED, VersionState.IN_FORCE]


def routine(unit: Unit, *, title: str, template: Template, by: User) -> Routine:
    """A routine whose first version is a draft."""
    return actions.create_routine(unit, template=template, title=title, by=by)


def walked(
    unit: Unit, state: VersionState, *, template: Template, by: User, manager: User, title: str = "Vår rutin"
) -> RoutineVersion:
    """The first version of a new routine, in `state`; `by` is the coordinator."""
    version = newest(routine(unit, title=title, template=template, by=by))
    return walk_on(version, state, by=by, manager=manager)


def walk_on(version: RoutineVersion, state: VersionState, *, by: User, manager: User) -> RoutineVersion:
    """The same version, walked from draft to `state`."""
    if state == VersionState.RETURNED:
        walk_on(version, VersionState.IN_REVIEW, by=by, manager=manager)
        return actions.return_version(version, comment="Skriv vem som ringer.", by=by)
    if state == VersionState.FAILED:
        walk_on(version, VersionState.APPROVED, by=by, manager=manager)
        return actions.note_publish_failure(version, error="Disken är full.")
    if state == VersionState.DISCARDED:
        return actions.discard_version(version, by=manager)
    if state == VersionState.WITHDRAWN:
        walk_on(version, VersionState.IN_FORCE, by=by, manager=manager)
        return actions.withdraw_version(version, reason="Enheten läggs ner.", by=manager)
    reached = WAY.index(state)
    if reached >= WAY.index(VersionState.IN_REVIEW):
        factories.write_what_is_missing(version, by=manager)
        actions.submit_version(version, by=manager)
    if reached >= WAY.index(VersionState.ENDORSED):
        actions.endorse_version(version, by=by)
    if reached >= WAY.index(VersionState.APPROVED):
        actions.approve_version(version, by=manager)
    if state == VersionState.IN_FORCE:
        actions.publish(version)
    return RoutineVersion.objects.get(pk=version.pk)


def in_force_without_pdf(unit: Unit, *, title: str, by: User) -> Routine:
    """A routine in force whose file is not a PDF: for lists, where rendering three would only take time."""
    made = Routine.objects.create(unit=unit, title=title, slug=slugify(f"{title} {unit.slug}"), created_by=by)
    version = made.versions.create(major=1, created_by=by)
    version.sections.create(key="syfte", position=1, kind=SectionKind.TEXT, heading="Syfte", body="Text")
    version.approved_at, version.approved_by = version.created_at, by
    version.in_force_at = version.created_at
    version.pdf.name, version.pdf_sha256 = "routines/borta.pdf", "0" * 64
    version.save()
    return made


def newest(routine: Routine) -> RoutineVersion:
    """The newest version."""
    version = routine.latest
    assert version is not None
    return version


def small_template() -> Template:
    """Three texts, one of which the unit must fill in: for tests to which the words do not matter."""
    with transaction.atomic():
        template = Template.objects.create(name="Liten mall")
        template.sections.create(key="syfte", position=1, heading="Syfte", body="<p>Vi vet vad vi gör.</p>")
        template.sections.create(key="ansvar", position=2, heading="Ansvar", is_mandatory=True)
        template.sections.create(
            key=GUARDIANS, position=3, heading="Vårdnadshavare", body="<p>Vänta.</p>", is_mandatory=True, is_locked=True
        )
    return template


def small_draft(unit: Unit, *, template: Template, by: User, title: str = "Vår rutin") -> RoutineVersion:
    """A draft from the small template with nothing left to fill in."""
    version = newest(routine(unit, title=title, template=template, by=by))
    version.sections.filter(key="ansvar").update(body="<p>Rektor.</p>")
    return version


def walk_without_pdf(version: RoutineVersion, state: VersionState, *, by: User, manager: User) -> RoutineVersion:
    """As walk_on, also to a version that was replaced; the file of one in force is not a PDF."""
    was_in_force = state in (VersionState.IN_FORCE, VersionState.SUPERSEDED, VersionState.WITHDRAWN)
    version = walk_on(version, VersionState.APPROVED if was_in_force else state, by=by, manager=manager)
    if was_in_force:
        version.in_force_at, version.pdf.name, version.pdf_sha256 = clock.now(), "routines/borta.pdf", "0" * 64
        version.save()
    if state == VersionState.SUPERSEDED:
        version.ended_at = clock.now()
        version.save()
    if state == VersionState.WITHDRAWN:
        actions.withdraw_version(version, reason="Enheten läggs ner.", by=manager)
    return RoutineVersion.objects.get(pk=version.pk)
