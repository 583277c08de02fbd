"""Routines in force with words of the test's own, without a PDF: what is found and read, where rendering takes time."""

from collections.abc import Iterable
from typing import Any

from django.utils.text import slugify

from jarfalla import clock
from routines import actions, documents
from routines.models import Routine, RoutineVersion
from units.models import Unit, User


def put(unit: Unit, title: str, *texts: str | dict[str, Any], by: User, **fields: Any) -> Routine:
    """A routine in force whose sections say `texts`: paragraphs, or the fields of a section."""
    routine = Routine.objects.create(unit=unit, title=title, slug=slugify(f"{title} {unit.slug}"), created_by=by)
    publish(routine, texts, by=by, **fields)
    return routine


def publish(routine: Routine, texts: Iterable[str | dict[str, Any]], *, by: User, **fields: Any) -> RoutineVersion:
    """A new version of the routine, in force in the place of the one before."""
    return approve(draft(routine, *texts, by=by, **{"major": 1, **fields}), by=by)


def approve(version: RoutineVersion, *, by: User) -> RoutineVersion:
    """The same version, in force in the place of the one before."""
    version.approved_at, version.approved_by, version.in_force_at = clock.now(), by, clock.now()
    version.pdf.name, version.pdf_sha256 = "routines/borta.pdf", "0" * 64
    version.words = documents.words(version)
    version.routine.versions.in_force().update(ended_at=clock.now())
    version.save()
    actions.note_words(version)
    return version


def draft(routine: Routine, *texts: str | dict[str, Any], by: User, major: int = 2, **fields: Any) -> RoutineVersion:
    """The next version, being written."""
    version = routine.versions.create(major=major, created_by=by, **fields)
    for position, text in enumerate(texts, start=1):
        said = {"body": f"<p>{text}</p>"} if isinstance(text, str) else text
        place = {"key": f"avsnitt-{position}", "position": position, "heading": f"Rubrik {position}"}
        version.sections.create(**{**place, **said})
    return version


def in_force(routine: Routine) -> RoutineVersion:
    """The version in force."""
    return routine.versions.in_force().get()
