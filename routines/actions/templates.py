"""Templates, owned by the coordinator. Nothing here changes a routine: what is new in a template is offered to the
routines that were made from it (queries/offers.py)."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from jarfalla import clock, rich_text
from routines import queries
from routines.actions import seeding
from routines.models import GUARDIANS, Contact, LegalReference, SectionKind, Template, TemplateSection
from units.models import Refused, User

_COPIED = ("key", "position", "kind", "heading", "guidance", "body", "cells", "is_mandatory", "is_locked", "is_acute")
_LONGEST_KEY = 50
# The address of the page where a section is made ends with this word, where the others have their key.
_NO_KEYS = ("nytt",)


@transaction.atomic
def make_template(*, name: str, kinds: Iterable[str], copy_of: Template | None, by: User) -> Template:
    """Make a template: a copy of another one, or one with nothing but what must stand in all of them.

    Return the one that the same click has made already. Raises Refused when another template has the name.
    """
    name, kinds = " ".join(name.split()), sorted(kinds)
    _lock_names()
    if existing := Template.objects.filter(name__iexact=name).first():
        if not existing.retired_at and existing.kinds == kinds and _is_made_of(existing, copy_of):
            return existing
        raise Refused(_("Det finns redan en mall med det namnet."))
    template = Template.objects.create(name=name, kinds=kinds)
    if copy_of is None:
        seeding.add_guardians_section(template)
    else:
        for section in queries.template_sections(copy_of):
            copy = template.sections.create(**{field: getattr(section, field) for field in _COPIED})
            copy.contacts.set(section.contacts.all())
            copy.legal_references.set(section.legal_references.all())
    return template


@transaction.atomic
def update_template(template: Template, *, name: str, kinds: Iterable[str], by: User, seen: str = "") -> Template:
    """Change a template's name and the kinds of unit that it is made for; `seen` is what the person began from.

    Raises Refused when another template has the name, when it is retired, and when somebody else was quicker.
    """
    _lock_names()
    template = _lock(template)
    name, kinds = " ".join(name.split()), sorted(kinds)
    if (template.name, sorted(template.kinds)) == (name, kinds):
        return template
    if seen and seen != queries.template_seen(template):
        raise Refused(
            _(
                "Någon annan har ändrat mallens namn eller verksamhetstyper. Det du har valt står kvar här. Spara igen "
                "om det ska gälla."
            )
        )
    if Template.objects.filter(name__iexact=name).exclude(pk=template.pk).exists():
        raise Refused(_("Det finns redan en mall med det namnet."))
    template.name, template.kinds = name, kinds
    template.save()
    return template


@transaction.atomic
def retire_template(template: Template, *, by: User) -> Template:
    """Let no new routine start from a template, and offer its changes no more; return it as it is when that is done."""
    template = Template.objects.select_for_update(no_key=True, of=("self",)).get(pk=template.pk)
    if template.retired_at is None:
        template.retired_at, template.retired_by = clock.now(), by
        template.save()
    return template


@transaction.atomic
def add_section(template: Template, *, kind: str, heading: str, after: str, by: User, **values: Any) -> TemplateSection:
    """Put a new section in a template, after the one with that key ("": first); see `_write` for the values.

    Return the one that the same click has made already. Raises Refused when another section has the heading.
    """
    template = _lock(template)
    heading = " ".join(heading.split())
    if existing := template.sections.filter(heading__iexact=heading).first():
        if existing.kind == kind and _is_written(existing, heading=heading, **values):
            return existing
        raise Refused(_("Mallen har redan ett avsnitt med den rubriken."))
    order = list(template.sections.order_by("position"))
    place = next((number for number, row in enumerate(order, start=1) if row.key == after), 0)
    section = TemplateSection(template=template, kind=kind, key=_free_key(template, heading), position=len(order) + 1)
    _write(section, heading=heading, **values)
    _renumber([*order[:place], section, *order[place:]])
    return section


@transaction.atomic
def write_section(
    section: TemplateSection, *, heading: str, by: User, seen: str = "", **values: Any
) -> TemplateSection:
    """Save what a section of a template says; the same again changes nothing. See `_write` for the values.

    `seen` is the hash of what the writer began from. Raises Refused when somebody else has changed the section since,
    when it is gone, and when another section has the heading.
    """
    _lock(section.template)
    heading = " ".join(heading.split())
    now = TemplateSection.objects.filter(pk=section.pk).first()
    if now is None:
        raise Refused(_("Någon annan har tagit bort avsnittet. Kopiera din text om du vill lägga in den på nytt."))
    if now.key == GUARDIANS:
        values |= {"is_mandatory": True, "is_locked": True}
    if _is_written(now, heading=heading, **values):
        return now
    if seen and seen != queries.section_seen(now):
        raise Refused(
            _(
                "Någon annan har ändrat avsnittet medan du skrev. Din text står kvar här, och det som är sparat står "
                "under. För ihop dem och spara igen."
            )
        )
    if now.template.sections.filter(heading__iexact=heading).exclude(pk=now.pk).exists():
        raise Refused(_("Mallen har redan ett avsnitt med den rubriken."))
    return _write(now, heading=heading, **values)


@transaction.atomic
def move_section(template: Template, key: str, *, up: bool, position: int, by: User) -> bool:
    """Let a section change places with the one before it, or after it; the first and the last stay.

    `position` is where the person saw it. Return whether it moved: not when somebody has moved it since.
    """
    template = _lock(template)
    order = list(template.sections.order_by("position"))
    here = next((place for place, row in enumerate(order) if row.key == key and row.position == position), None)
    if here is None or not 0 <= (there := here - 1 if up else here + 1) < len(order):
        return False
    order[here], order[there] = order[there], order[here]
    _renumber(order)
    return True


@transaction.atomic
def remove_section(template: Template, key: str, *, by: User) -> bool:
    """Take a section out of a template; routines keep theirs until they answer. Return whether it was there.

    Raises Refused for the section about guardians, which every template must have.
    """
    template = _lock(template)
    if key == GUARDIANS:
        raise Refused(_("Avsnittet om vårdnadshavare måste finnas i alla mallar och kan inte tas bort."))
    gone, _by_model = template.sections.filter(key=key).delete()
    _renumber(list(template.sections.order_by("position")))
    return bool(gone)


def _lock(template: Template) -> Template:
    """The template as it is now, locked until the transaction ends. Raises Refused when it is no longer used."""
    template = Template.objects.select_for_update(no_key=True, of=("self",)).get(pk=template.pk)
    if template.retired_at:
        raise Refused(_("Mallen används inte längre. Gör en ny mall av den om du vill ändra något."))
    return template


def _lock_names() -> None:
    """Only one at a time gives a template a name; every template is locked, in the same order as by everybody."""
    list(Template.objects.select_for_update(no_key=True, of=("self",)).order_by("pk").values_list("pk"))


def _write(
    section: TemplateSection,
    *,
    heading: str,
    guidance: str = "",
    body: str = "",
    cells: dict[str, str] | None = None,
    contacts: Iterable[Contact] = (),
    references: Iterable[LegalReference] = (),
    is_mandatory: bool = False,
    is_locked: bool = False,
    is_acute: bool = False,
) -> TemplateSection:
    """Save a section, with what is placed in it."""
    section.heading, section.guidance = heading, guidance
    section.body, section.cells = _tidy(body, section.kind), cells or {}
    section.is_mandatory, section.is_locked, section.is_acute = is_mandatory, is_locked, is_acute
    section.save()
    section.contacts.set(contacts)
    section.legal_references.set(references)
    return section


def _is_written(section: TemplateSection, **values: Any) -> bool:
    """Whether the section says exactly that already."""
    placed = {
        "contacts": {row.pk for row in section.contacts.all()},
        "references": {row.pk for row in section.legal_references.all()},
    }
    wanted = {"guidance": "", "cells": {}, "is_mandatory": False, "is_locked": False, "is_acute": False, **values}
    wanted["body"] = _tidy(values.get("body", ""), section.kind)
    wanted |= {name: {row.pk for row in values.get(name, ())} for name in placed}
    return all(placed.get(name, getattr(section, name, None)) == value for name, value in wanted.items())


def _tidy(body: str, kind: str) -> str:
    return rich_text.tidy_points(body) if kind == SectionKind.CHECKLIST else rich_text.clean(body)


def _free_key(template: Template, heading: str) -> str:
    """A key that no section of the template has: the heading as an address writes it."""
    base = slugify(heading)[:_LONGEST_KEY].strip("-") or "avsnitt"
    taken = {*template.sections.values_list("key", flat=True), *_NO_KEYS}
    key, number = base, 2
    while key in taken:
        key, number = f"{base}-{number}", number + 1
    return key


def _renumber(order: list[TemplateSection]) -> None:
    """Let the sections stand in this order, from 1."""
    moved = []
    for position, section in enumerate(order, start=1):
        if section.position != position:
            section.position = position
            moved.append(section)
    TemplateSection.objects.bulk_update(moved, ["position"])


def _is_made_of(template: Template, origin: Template | None) -> bool:
    """Whether the template says what a copy of `origin` would, or one made from nothing."""
    if origin is None:
        return list(template.sections.values_list("key", flat=True)) == [GUARDIANS]
    says, copied = (
        [(row.key, row.content_sha256()) for row in queries.template_sections(one)] for one in (template, origin)
    )
    return says == copied
