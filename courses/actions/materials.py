"""The first material, from the file that comes with the portal."""

import csv
from pathlib import Path

from django.db import transaction

from courses.models import Material

FIRST_MATERIAL = Path(__file__).resolve().parent.parent / "seed" / "vagledning.csv"


@transaction.atomic
def seed_materials() -> int:
    """Put the material of courses/seed/vagledning.csv in the portal; return how many rows were new.

    A title that is there already stays as the municipality has made it.
    """
    with FIRST_MATERIAL.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    made = [
        Material.objects.get_or_create(
            title=row["titel"],
            defaults={
                "publisher": row["utgivare"],
                "web": row["webb"],
                "audience": row["malgrupp"],
                "kind": row["typ"],
                "position": position,
            },
        )[1]
        for position, row in enumerate(rows, start=1)
    ]
    return sum(made)
