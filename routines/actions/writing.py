"""Routines, their versions and what stands in them."""

import unicodedata
from collections.abc import Iterable, Mapping

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from routines.actions.locking import lock_routine, lock_version
from routines.models import Routine, RoutineSection, RoutineVersion, SectionKind, Template, TemplateSection
from units.models import Refused, Unit, User

_LONGEST_SLUG = 170


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
    _copy_sections(template.sections.all(), routine.versions.create(number=1, created_by=by))
    return routine


def free_slug(title: str, unit: Unit) -> str:
    """A web address that no routine has yet: the title, then the unit."""
    base = f"{slugify(title) or 'rutin'}-{unit.slug}"[:_LONGEST_SLUG].strip("-")
    slug, number = base, 2
    while Routine.objects.filter(slug=slug).exists():
        slug, number = f"{base}-{number}", number + 1
    return slug


@transaction.atomic
def start_version(routine: Routine, *, by: User) -> RoutineVersion:
    """Begin a new version from the newest one; return the one that is being written, if there is one."""
    routine = lock_routine(routine)
    if routine.being_written:
        return routine.being_written
    latest = routine.latest
    assert latest is not None  # create_routine makes the first
    version = routine.versions.create(number=latest.number + 1, created_by=by)
    _copy_sections(latest.sections.all(), version)
    return version


def _copy_sections(sections: Iterable[TemplateSection | RoutineSection], version: RoutineVersion) -> None:
    names = ("position", "kind", "heading", "guidance", "body", "is_mandatory")
    for section in sections:
        version.sections.create(**{name: getattr(section, name) for name in names})


@transaction.atomic
def write_sections(version: RoutineVersion, bodies: Mapping[int, str], *, by: User, seen: str = "") -> RoutineVersion:
    """Save what the sections say, by position. The same text again changes nothing.

    `seen` is the hash of the text that the writer began from. Raises Refused when the version is not being
    written, or when somebody else has changed it since.
    """
    version = lock_version(version)
    if not version.is_editable:
        raise Refused(
            _("Texten kan inte ändras nu. Läge: %(state)s. Samordnaren kan lämna tillbaka den.")
            % {"state": version.state.label}
        )
    new = {
        section: tidy(bodies.get(section.position, section.body), section.kind) for section in version.sections.all()
    }
    changed = [section for section, body in new.items() if section.body != body]
    if changed and seen and seen != version.content_sha256():
        raise Refused(
            _("Någon annan har ändrat texten medan du skrev. Din text står kvar här. Spara igen om den ska gälla.")
        )
    for section in changed:
        section.body = new[section]
        section.save()
    return version


def tidy(body: str, kind: str) -> str:
    """The text without control characters and trailing spaces; a checklist without empty lines and typed bullets."""
    lines = [_printable(line).rstrip() for line in body.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    if kind == SectionKind.CHECKLIST:
        lines = [line for line in (line.strip().lstrip("-*•–☐□").strip() for line in lines) if line]
    return "\n".join(lines).strip()


def _printable(line: str) -> str:
    # Word pastes vertical tabs where a line breaks; no PDF can hold them.
    return "".join(" " if unicodedata.category(c) == "Cc" else c for c in line)
