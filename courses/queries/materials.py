"""The material library: what there is for whom."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from courses.models import Material, MaterialQuerySet
from units.models import Kind, Unit, User


@dataclass(frozen=True)
class MaterialGroup:
    """Material for one audience, under its heading."""

    heading: str
    materials: list[Material]


def find_materials(*, search: str = "", kind: str = "", audience: str = "") -> MaterialQuerySet:
    """What the library holds of one sort, for one verksamhetstyp (what is for everybody included), with the words."""
    found = Material.objects.in_library()
    if kind:
        found = found.filter(kind__istartswith=kind)
    if audience:
        found = found.filter(Q(kinds=[]) | Q(kinds__contains=[audience]))
    for word in search.split():
        in_text = Q(title__icontains=word) | Q(description__icontains=word) | Q(publisher__icontains=word)
        found = found.filter(in_text | Q(audience__icontains=word) | Q(kind__icontains=word))
    return found


def says_the_same(material: Material, *, file_name: str, **values: Any) -> bool:
    """Whether a form that is sent now would make what `material` is already: the same form sent twice."""
    same = all(getattr(material, name) == value for name, value in values.items())
    return same and material.file_name == file_name


def own_kinds(user: User) -> list[str]:
    """The verksamhetstyper of the units where the user works; none for the coordinator, who works with all."""
    if user.is_coordinator:
        return []
    return sorted(set(Unit.objects.visible_to(user).values_list("kind", flat=True)))


def grouped_by_audience(materials: MaterialQuerySet, kinds: Collection[str]) -> list[MaterialGroup]:
    """First what is made for `kinds`, then what is for everybody, then the rest; groups that hold nothing are left out.

    One query, however much there is.
    """
    made_for: list[Material] = []
    everybody: list[Material] = []
    others: list[Material] = []
    for material in materials:
        fitting = set(material.kinds) & set(kinds)
        (made_for if fitting else others if material.kinds else everybody).append(material)
    labels = ", ".join(str(Kind(kind).label).lower() for kind in kinds)
    groups = [
        MaterialGroup(_("För %(kinds)s") % {"kinds": labels}, made_for),
        MaterialGroup(_("För alla verksamheter"), everybody),
        MaterialGroup(_("För andra verksamheter") if kinds else _("För vissa verksamheter"), others),
    ]
    return [group for group in groups if group.materials]
