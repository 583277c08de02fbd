"""What a routine can start from, and what the coordinator keeps."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from routines.models import GUARDIANS, Routine, Template, TemplateSection
from units.models import Kind, Unit
from units.queries import swedish_key, swedish_order


def templates_for(unit: Unit) -> list[Template]:
    """Every template in use, those made for the unit's kind first."""
    return sorted(Template.objects.current(), key=lambda row: (unit.kind not in row.kinds, swedish_key(row.name)))


@dataclass(frozen=True)
class ListedTemplate:
    """A template in the coordinator's list, with what it is used for."""

    template: Template
    section_count: int
    routine_count: int

    @property
    def kinds(self) -> list[str]:
        """The kinds of unit that it is made for, as they are read."""
        return kind_labels(self.template)


def kind_labels(template: Template) -> list[str]:
    """The kinds of unit that a template is made for, as they are read."""
    return sorted((str(Kind(kind).label) for kind in template.kinds if kind in Kind.values), key=swedish_key)


def listed_templates(*, retired: bool = False) -> list[ListedTemplate]:
    """The templates in use, or those that no longer are, as Swedish sorts them. Three queries for any number."""
    rows = Template.objects.filter(retired_at__isnull=not retired).order_by(swedish_order("name"), "pk")
    sections = Counter(TemplateSection.objects.values_list("template_id", flat=True))
    routines = Counter(Routine.objects.values_list("template_id", flat=True))
    return [ListedTemplate(row, sections[row.pk], routines[row.pk]) for row in rows]


def template_sections(template: Template) -> QuerySet[TemplateSection]:
    """The sections in order, with what is placed in them."""
    return template.sections.order_by("position").prefetch_related("contacts", "legal_references")


def template_seen(template: Template) -> str:
    """What the coordinator began from when they changed a template's name and kinds, as a hash."""
    return _sha256([template.name, sorted(template.kinds)])


def section_seen(section: TemplateSection) -> str:
    """What the coordinator began from when they wrote a section, as a hash: also the guidance, which no routine has."""
    return _sha256([section.content_sha256(), section.guidance])


def must_stay(section: TemplateSection) -> bool:
    """Whether the section stands in every template, mandatory and locked."""
    return section.key == GUARDIANS


def rules(section: TemplateSection) -> list[Promise]:
    """What holds for a section, in words."""
    said = [
        (section.is_mandatory, _("måste fyllas i")),
        (section.is_locked, _("låst text")),
        (section.is_acute, _("visas överst")),
    ]
    return [words for holds, words in said if holds]


def _sha256(content: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()
