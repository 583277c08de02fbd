"""Routines walked through the portal's own actions as far as a test needs."""

from django.utils.text import slugify

from routines import actions
from routines.models import Routine, RoutineVersion, SectionKind, Template, VersionState
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
    version = made.versions.create(number=1, created_by=by)
    version.sections.create(position=1, kind=SectionKind.TEXT, heading="Syfte", body="Text")
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
