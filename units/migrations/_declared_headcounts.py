"""Carries the headcounts that stood in units_unit over to rows of their own."""

from typing import Any

from django.utils import timezone


def carry_over(apps: Any, schema_editor: Any) -> None:
    """One declaration for each unit that had a headcount."""
    unit = apps.get_model("units", "Unit")
    declaration = apps.get_model("units", "DeclaredHeadcount")
    declared = unit.objects.filter(declared_headcount__isnull=False, declared_on__isnull=False)
    declaration.objects.bulk_create(
        declaration(unit=row, headcount=row.declared_headcount, declared_on=row.declared_on, recorded_at=timezone.now())
        for row in declared
    )
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no ALTER TABLE while checks are pending
