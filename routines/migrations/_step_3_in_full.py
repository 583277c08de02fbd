"""Carries the templates, routines and versions of the portal's first step 3 over to what the present one keeps.

Texts of approved versions stay as they were written (markup "plain"). A version that was under review has to be
reviewed again: what an approval binds to now includes more than it did.
"""

import re
from typing import Any

from django.db import connection
from django.utils.html import escape, urlize
from django.utils.text import slugify

from routines.models.template import GUARDIANS, TemplateSection
from routines.models.version import new_check_code

_WITH_HTML = ("text", "contacts")
_ACUTE = "vad du gör akut"
# The section about guardians had no key of its own in the first version, but these words in every heading.
_GUARDIANS = "kontakta dem inte"


def carry_over(apps: Any, _schema_editor: Any) -> None:
    """Give every old row what is new in its table."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    _templates(apps)
    for version in apps.get_model("routines", "RoutineVersion").objects.select_related("routine__template"):
        _version(apps, version)


def _templates(apps: Any) -> None:
    contacts = list(apps.get_model("routines", "Contact").objects.all())
    for template in apps.get_model("routines", "Template").objects.all():
        taken: set[str] = set()
        for section in template.sections.order_by("position"):
            _name(section, taken)
            if section.kind in _WITH_HTML:
                section.body = _as_html(section.body)
            section.save()
            if section.kind == "contacts":
                section.contacts.set(contacts)
        if GUARDIANS not in taken:
            _add_guardians(template)


def _add_guardians(template: Any) -> None:
    """What every template must say, for one that a person made without it."""
    last = max(template.sections.values_list("position", flat=True), default=0)
    template.sections.create(
        key=GUARDIANS,
        position=last + 1,
        kind="text",
        heading="Vårdnadshavare: kontakta dem inte på egen hand",
        body="<p>Tala först med socialtjänsten. De bedömer risken och bestämmer om, när och hur familjen får veta.</p>",
        is_mandatory=True,
        is_locked=True,
    )


def _note_template(section: Any, template: Any) -> None:
    """Nobody could change a template before: a section says what its template says, or what its unit wanted instead.
    Of the section about guardians only the template's own words count; others are offered to be replaced."""
    origin = template.sections.filter(key=section.key).first()
    if origin and (section.key != GUARDIANS or origin.body in (section.body, _as_html(section.body))):
        section.template_sha256 = TemplateSection.content_sha256(origin)
        section.template_body = origin.body


def _version(apps: Any, version: Any) -> None:
    contacts = list(apps.get_model("routines", "Contact").objects.all())
    placed = apps.get_model("routines", "PlacedContact").objects
    taken: set[str] = set()
    words = [version.routine.title]
    for section in version.sections.order_by("position"):
        words += [section.heading, section.body]
        _name(section, taken)
        section.markup = "plain"
        if version.approved_at is None:
            section.markup = "html"
            if section.kind in _WITH_HTML:
                section.body = _as_html(section.body)
        if version.routine.template:
            _note_template(section, version.routine.template)
        section.save()
        if section.kind == "contacts":
            printed = 1 if version.in_force_at else None
            placed.bulk_create(
                [placed.model(section=section, contact=contact, printed_revision=printed) for contact in contacts]
            )
    version.check_code = new_check_code()
    version.applies_to = "Alla som arbetar på enheten"
    if version.in_force_at:
        version.words = "\n".join(words)
    version.save()


def _name(section: Any, taken: set[str]) -> None:
    """A key that the section shares with the one that it was copied from: both have the same heading."""
    is_about_guardians = _GUARDIANS in section.heading.lower() and GUARDIANS not in taken
    base = GUARDIANS if is_about_guardians else slugify(section.heading)[:50] or "avsnitt"
    key = base if base not in taken else f"{base}-{section.position}"
    taken.add(key)
    section.key, section.is_acute = key, section.heading.lower() == _ACUTE
    if is_about_guardians:
        section.is_mandatory = section.is_locked = True


def _as_html(text: str) -> str:
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n")) if part.strip()]
    return "".join(f"<p>{urlize(escape(part)).replace(chr(10), '<br>')}</p>" for part in paragraphs)
