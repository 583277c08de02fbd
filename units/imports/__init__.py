"""Turns files that somebody uploads into checked rows. Writes nothing (docs/decisions/0006)."""

from units.imports.units import (
    HEADINGS,
    MAX_HEADCOUNT,
    Problem,
    UnitList,
    UnitRow,
    fields_of,
    known_names,
    label_rows,
    name_key,
    read_units,
    split_known,
)

__all__ = [
    "HEADINGS",
    "MAX_HEADCOUNT",
    "Problem",
    "UnitList",
    "UnitRow",
    "fields_of",
    "known_names",
    "label_rows",
    "name_key",
    "read_units",
    "split_known",
]
