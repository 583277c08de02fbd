"""The material library, and what it starts with: the file that comes with the portal."""

import csv
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from courses import documents, queries
from courses.models import Material
from jarfalla import clock, uploads
from units.models import Kind, Refused, User

FIRST_MATERIAL = Path(__file__).resolve().parent.parent / "seed" / "vagledning.csv"
SCHOOLS = [Kind.COMPULSORY_SCHOOL, Kind.ADAPTED_SCHOOL, Kind.UPPER_SECONDARY, Kind.ADULT_EDUCATION]
# The seed's words for an audience, and the verksamhetstyper that they mean. The police is none of the portal's.
AUDIENCES = {
    "förskola": [Kind.PRESCHOOL, Kind.PEDAGOGICAL_CARE, Kind.OPEN_PRESCHOOL],
    "skola": SCHOOLS,
    "socialtjänst": [Kind.SOCIAL_SERVICES],
    "hälso- och sjukvård": [Kind.HEALTH_CARE],
    "bostadsbolag": [Kind.HOUSING_COMPANY],
}


@transaction.atomic
def seed_materials() -> int:
    """Put the material of courses/seed/vagledning.csv in the portal; return how many rows were new.

    A title that is there already stays as the municipality has made it. One whose audience still is the seed's words
    gets its verksamhetstyper, which the first version of the portal did not have.
    """
    with FIRST_MATERIAL.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    new = 0
    for position, row in enumerate(rows, start=1):
        kinds = kinds_of(row["malgrupp"])
        first = {
            "publisher": row["utgivare"],
            "web": row["webb"],
            "audience": row["malgrupp"],
            "kinds": kinds,
            "kind": row["typ"],
            "position": position,
        }
        new += Material.objects.get_or_create(title=row["titel"], defaults=first)[1]
        Material.objects.filter(title=row["titel"], audience=row["malgrupp"], kinds=[]).update(kinds=kinds)
    return new


def kinds_of(audience: str) -> list[str]:
    """The verksamhetstyper that the seed's words mean; none when it is for everybody."""
    return [kind.value for words in audience.split(", ") for kind in AUDIENCES.get(words, [])]


def add_material(*, by: User, file: "UploadedFile[bytes] | None" = None, **values: Any) -> Material:
    """Put something in the library, last in the order; the same material sent twice is one.

    `values` are the fields of Material that a form fills. Raises Refused when another material has the title, and when
    the disk does not take the file.
    """
    file_name = uploads.clean_name(file.name or "") if file else ""
    if twin := _twin(file_name=file_name, **values):
        return twin
    last = Material.objects.order_by("-position").values_list("position", flat=True).first() or 0
    try:
        return _save(Material(added_by=by, position=min(last + 1, 32_000), **values), file)
    except Refused:
        if twin := _twin(file_name=file_name, **values):  # the same form, sent twice in the same moment
            return twin
        raise


def _twin(*, file_name: str, **values: Any) -> Material | None:
    """The material of the library that already is what the values say."""
    material = Material.objects.in_library().filter(title=values["title"]).first()
    return material if material and queries.says_the_same(material, file_name=file_name, **values) else None


@transaction.atomic
def update_material(
    material: Material, *, file: "UploadedFile[bytes] | None" = None, remove_file: bool = False, **values: Any
) -> Material:
    """Change what is known about a material; a new file takes the old one's place. Refusals as for add_material.

    When the verksamhetstyper change, the seed's words about the audience no longer hold and go away.
    """
    material = Material.objects.select_for_update(of=("self",)).get(pk=material.pk)
    if set(values.get("kinds", material.kinds)) != set(material.kinds):
        material.audience = ""
    for name, value in values.items():
        setattr(material, name, value)
    return _save(material, file, remove_file=remove_file)


@transaction.atomic
def retire_material(material: Material) -> Material:
    """Take a material out of the library; trainings go on naming it. Doing it again changes nothing."""
    material = Material.objects.select_for_update(of=("self",)).get(pk=material.pk)
    if material.retired_at is None:
        material.retired_at = clock.now()
        material.save(update_fields=["retired_at"])
    return material


def _save(material: Material, file: "UploadedFile[bytes] | None", *, remove_file: bool = False) -> Material:
    """The file first, then the row, then away with the file that was replaced: a row never names half a file."""
    before = material.file.name or ""
    stored = ""
    if file:
        stored = documents.store_material_file(file.name or "", file)
        material.file, material.file_name = stored, uploads.clean_name(file.name or "")
    elif remove_file:
        material.file, material.file_name = "", ""
    try:
        with transaction.atomic():
            material.save()
            if before and before != (material.file.name or ""):
                transaction.on_commit(lambda: documents.remove_material_file(before))
    except IntegrityError as clash:
        if stored:
            documents.remove_material_file(stored)
        raise Refused(_("Det finns redan ett material med den titeln.")) from clash
    return material
