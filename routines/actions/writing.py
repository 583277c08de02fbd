"""Routines, their versions and what stands in them."""

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from jarfalla import rich_text
from routines.actions.locking import lock_routine
from routines.models import (
    Markup,
    PlacedContact,
    PlacedReference,
    Routine,
    RoutineSection,
    RoutineVersion,
    SectionKind,
    Template,
    TemplateSection,
)
from units.models import Refused, Unit, User

_LONGEST_SLUG = 170
# What stands beside the routines' own addresses under /rutiner/; the unit's name follows upon every title, but a unit
# may be called anything.
RESERVED = {"delade", "att-ge-ut-igen"}
# What a new version takes over from the one before, besides its sections.
METADATA = ("document_type", "owner_title", "applies_to", "diary_number", "review_months")
SECTION_FIELDS = (
    "key",
    "position",
    "kind",
    "heading",
    "guidance",
    "body",
    "cells",
    "is_mandatory",
    "is_locked",
    "is_acute",
)


@transaction.atomic
def create_routine(unit: Unit, *, template: Template, title: str, by: User) -> Routine:
    """Make a routine for a unit, its first version a copy of the template.

    Return the one that the same click has made already: same title and template, nothing decided about it yet.
    Raises Refused when the unit has another routine with that title.
    """
    unit = Unit.objects.select_for_update().get(pk=unit.pk)
    title = " ".join(title.split())
    if existing := unit.routines.filter(title__iexact=title).first():
        untouched = existing.template_id == template.pk and existing.created_by_id == by.pk
        if untouched and not existing.versions.filter(approvals__isnull=False).exists():
            return existing
        raise Refused(_("Enheten har redan en rutin med den titeln."))
    routine = unit.routines.create(template=template, title=title, slug=free_slug(title, unit), created_by=by)
    version = routine.versions.create(major=1, minor=0, created_by=by, applies_to=_("Alla som arbetar på enheten"))
    for section in template.sections.prefetch_related("contacts", "legal_references"):
        take_from_template(section, version)
    return routine


def free_slug(title: str, unit: Unit) -> str:
    """A web address that no routine has yet: the title, then the unit."""
    base = f"{slugify(title) or 'rutin'}-{unit.slug}"[:_LONGEST_SLUG].strip("-")
    slug, number = base, 2
    while slug in RESERVED or Routine.objects.filter(slug=slug).exists():
        slug, number = f"{base}-{number}", number + 1
    return slug


@transaction.atomic
def start_version(routine: Routine, *, by: User, is_minor: bool = False) -> RoutineVersion:
    """Begin a new version from the newest one; return the one that is being written, if there is one.

    A minor one corrects; a major one, which is what it is unless said, asks everybody to read again.
    """
    routine = lock_routine(routine)
    if routine.being_written:
        return routine.being_written
    latest = routine.latest
    if latest:
        major, minor = (latest.major, latest.minor + 1) if is_minor else (latest.major + 1, 0)
    else:  # every version was thrown away: once more from the last of them
        latest, major, minor = routine.versions.order_by("pk").reverse()[0], 1, 0
    version = routine.versions.create(
        major=major, minor=minor, based_on=latest, created_by=by, **{name: getattr(latest, name) for name in METADATA}
    )
    copy_sections(latest, version)
    return version


def take_from_template(section: TemplateSection, version: RoutineVersion) -> RoutineSection:
    """Put a copy of a template's section in a version, with what is placed in it."""
    taken = version.sections.create(
        **{name: getattr(section, name) for name in SECTION_FIELDS},
        template_sha256=section.content_sha256(),
        template_body=section.body,
    )
    # What was taken out of the registries stays in the template's section, but no new text carries it.
    contacts = [row for row in section.contacts.all() if row.retired_at is None]
    references = [row for row in section.legal_references.all() if row.retired_at is None]
    taken.placed_contacts.bulk_create([PlacedContact(section=taken, contact=row) for row in contacts])
    taken.placed_references.bulk_create([PlacedReference(section=taken, reference=row) for row in references])
    return taken


def copy_sections(from_version: RoutineVersion, to_version: RoutineVersion) -> None:
    """Put a copy of each section of one version in another; texts in the old markup become HTML on the way."""
    names = (*SECTION_FIELDS, "template_sha256", "template_body")
    placed = ("placed_contacts__contact", "placed_references__reference")
    for section in from_version.sections.prefetch_related(*placed):
        fields = {name: getattr(section, name) for name in names}
        if section.markup == Markup.PLAIN and section.kind != SectionKind.CHECKLIST:
            fields["body"] = rich_text.from_plain(section.body)
        copy = to_version.sections.create(**fields)
        copy.placed_contacts.bulk_create([PlacedContact(section=copy, contact=row) for row in section.contacts])
        copy.placed_references.bulk_create([PlacedReference(section=copy, reference=row) for row in section.references])
