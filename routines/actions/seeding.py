"""The first templates, from the files that come with the portal (routines/seed/templates/)."""

import re
import tomllib
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.html import escape

from jarfalla import rich_text
from routines.models import GUARDIANS, Contact, LegalReference, SectionKind, Template

FIRST_TEMPLATES = Path(__file__).resolve().parent.parent / "seed" / "templates"
# What most templates share: a section of a template names one of these, and changes what is different.
COMMON = "gemensamt.toml"


@transaction.atomic
def seed_templates() -> int:
    """Put the templates of routines/seed/templates/ in the portal; return how many were new.

    A template whose name is there already stays as the municipality has made it.
    """
    common = read_sections(FIRST_TEMPLATES / COMMON)
    made = 0
    for path in sorted(FIRST_TEMPLATES.glob("*.toml")):
        if path.name == COMMON:
            continue
        first = _read(path)
        template, is_new = Template.objects.get_or_create(name=first["name"], defaults={"kinds": first["kinds"]})
        if is_new:
            made += 1
            for position, section in enumerate(first["sections"], start=1):
                _add_section(template, position, _whole(section, common))
    return made


def add_guardians_section(template: Template) -> None:
    """What every template must say, for one that a person makes from nothing."""
    _add_section(template, 1, _whole({"key": GUARDIANS}, _read(FIRST_TEMPLATES / COMMON)))


def _add_section(template: Template, position: int, fields: dict[str, Any]) -> None:
    """A section as the file has it: text with light markup, contacts and laws by their names in the registries."""
    contacts, laws = fields.pop("contacts", []), fields.pop("laws", [])
    if fields["kind"] != SectionKind.CHECKLIST:
        fields["body"] = rich_text.clean(html(fields.get("body", "")))
    section = template.sections.create(position=position, **fields)
    every = Contact.objects.current()
    section.contacts.set(every if contacts == "all" else every.filter(name__in=contacts))
    section.legal_references.set(LegalReference.objects.current().filter(label__in=laws))


def html(text: str) -> str:
    """The files' light markup as HTML: an empty line ends a paragraph, "### " begins a heading, lines with "- " are a
    list, and two asterisks on each side make a word bold."""
    return "".join(_block(part.strip()) for part in re.split(r"\n\s*\n", text) if part.strip())


def _block(text: str) -> str:
    safe = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", escape(text))
    lines = safe.splitlines()
    if safe.startswith("### "):
        return f"<h3>{safe[4:]}</h3>"
    if all(line.startswith("- ") for line in lines):
        return "<ul>{}</ul>".format("".join(f"<li>{line[2:]}</li>" for line in lines))
    return "<p>{}</p>".format("<br>".join(lines))


def _whole(section: dict[str, Any], common: dict[str, Any]) -> dict[str, Any]:
    """A section with everything that it takes from the shared one."""
    fields = {**common[section["key"]], **section}
    return {name: _stripped(value) for name, value in fields.items()}


def _stripped(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _stripped(part) for name, part in value.items()}
    return value.strip() if isinstance(value, str) else value


def read_sections(path: Path) -> dict[str, dict[str, Any]]:
    """The sections of one file by their keys, as it has them: whatever is shared is not filled in."""
    read = _read(path)
    return {section["key"]: section for section in read["sections"]} if "sections" in read else read


def _read(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return tomllib.load(file)
