"""The first templates, from the files that come with the portal."""

import tomllib
from pathlib import Path
from typing import Any

from django.db import transaction

from routines.models import Template

FIRST_TEMPLATES = Path(__file__).resolve().parent.parent / "seed" / "templates"
# What most templates share: a section of a template names one of these, and changes what is different.
COMMON = "gemensamt.toml"


@transaction.atomic
def seed_templates() -> int:
    """Put the templates of routines/seed/templates/ in the portal; return how many were new.

    A template whose name is there already stays as the municipality has made it.
    """
    common = _read(FIRST_TEMPLATES / COMMON)
    made = 0
    for path in sorted(FIRST_TEMPLATES.glob("*.toml")):
        if path.name == COMMON:
            continue
        first = _read(path)
        template, is_new = Template.objects.get_or_create(name=first["name"], defaults={"kinds": first["kinds"]})
        if is_new:
            made += 1
            for position, section in enumerate(first["sections"], start=1):
                template.sections.create(position=position, **_whole(section, common))
    return made


def _whole(section: dict[str, Any], common: dict[str, Any]) -> dict[str, Any]:
    """A section with everything that it takes from the shared one."""
    fields = {**common[section["key"]], **section}
    return {name: value.strip() if isinstance(value, str) else value for name, value in fields.items() if name != "key"}


def _read(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return tomllib.load(file)
