"""A template that the coordinator edits while routines exist, for tests of what is offered to them."""

from typing import Any

from routines import actions, queries
from routines.models import Routine, RoutineSection, RoutineVersion, Template, TemplateSection
from routines.queries import OfferKind
from units.models import User


def plain(template: Template) -> TemplateSection:
    """A section of running text that is neither locked nor mandatory."""
    return queries.template_sections(template).filter(kind="text", is_locked=False, is_mandatory=False).earliest("pk")


def edit(section: TemplateSection, *, by: User, **changed: Any) -> TemplateSection:
    """Let the coordinator change something in the template."""
    names = ("heading", "guidance", "body", "cells", "is_mandatory", "is_locked", "is_acute")
    placed = {"contacts": list(section.contacts.all()), "references": list(section.legal_references.all())}
    values = {name: getattr(section, name) for name in names} | placed | changed
    return actions.write_section(section, by=by, **values)


def texts(version: RoutineVersion) -> list[tuple[Any, ...]]:
    """Everything that the version's sections say."""
    rows = version.sections.order_by("position").values_list("key", "position", "heading", "body", "template_sha256")
    return list(rows)


def ours(version: RoutineVersion, key: str) -> RoutineSection:
    return version.sections.get(key=key)


def open_keys(routine: Routine) -> dict[str, OfferKind]:
    return {offer.key: offer.kind for offer in queries.open_offers(Routine.objects.get(pk=routine.pk))}


def plain_after(template: Template, section: TemplateSection) -> TemplateSection:
    found = queries.template_sections(template).filter(kind="text", is_locked=False, is_mandatory=False)
    return found.exclude(pk=section.pk).latest("pk")
