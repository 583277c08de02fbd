"""Turns a table that somebody uploads into checked rows for units. Writes nothing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jarfalla.pdf import refuse_unprintable
from jarfalla.privacy import REFUSAL, find_personal_numbers
from jarfalla.tables import Row, Table, UnreadableFile
from units.models import Kind, Ownership, Unit

# Field, and the headings that mean it; the first is the one that the portal uses itself.
HEADINGS = {
    "name": ("namn", "enhet", "enhetens namn", "enhetsnamn"),
    "kind": ("verksamhetstyp", "typ av verksamhet"),
    "ownership": ("huvudman",),
    "district": ("kommundel",),
    "department": ("förvaltning",),
    "declared_headcount": ("antal anställda", "anställda", "antal medarbetare"),
}
REQUIRED = ("name", "kind")
MAX_LENGTHS = {field.name: field.max_length or 0 for field in Unit._meta.fields}
MAX_HEADCOUNT = 100_000
# How much of a stranger's text a sentence repeats.
_SHOWN_CHARACTERS = 60
_SHOWN_COLUMNS = 10


class UnitRow(TypedDict):
    """The checked cells of one new unit, and the line where they stand."""

    line: int
    name: str
    kind: str
    ownership: str
    department: str
    district: str
    declared_headcount: int | None


class Problem(TypedDict):
    """Why a line can't be imported. `column` is empty when the whole line is meant."""

    line: int
    column: str
    reason: str


@dataclass(frozen=True)
class UnitList:
    """What a file held: the good rows, what is wrong with the others, and the columns that mean nothing here."""

    rows: list[UnitRow]
    problems: list[Problem]
    ignored_columns: list[str]


def read_units(table: Table) -> UnitList:
    """Check every row of `table`. A row with a problem is not among the rows.

    Raises UnreadableFile when a required column is missing or the table has no rows.
    """
    columns = _columns(table.header)
    if not table.rows:
        raise UnreadableFile(_("Listan har rubriker men inga enheter."))
    reader = _RowReader(columns, table.header)
    rows = [row for row in map(reader.read, table.rows) if row]
    ignored = [name for place, name in enumerate(table.header) if name and place not in columns.values()]
    return UnitList(rows, reader.problems, [_short(name) for name in ignored])


def split_known(rows: Sequence[UnitRow]) -> tuple[list[UnitRow], list[UnitRow]]:
    """The rows whose unit is new, and those whose unit exists already, whatever the case of its name."""
    known = known_names()
    new = [row for row in rows if name_key(row["name"]) not in known]
    return new, [row for row in rows if name_key(row["name"]) in known]


def known_names() -> set[str]:
    """The names of all units, as `name_key` writes them."""
    return {name_key(name) for name in Unit.objects.values_list("name", flat=True)}


def fields_of(row: UnitRow) -> dict[str, Any]:
    """The row as a unit's fields: without its line."""
    return {field: value for field, value in row.items() if field in HEADINGS}


def label_rows(rows: Sequence[UnitRow]) -> list[dict[str, object]]:
    """The rows as a page shows them: labels instead of stored values."""
    return [{**row, "kind": Kind(row["kind"]).label, "ownership": Ownership(row["ownership"]).label} for row in rows]


def name_key(name: str) -> str:
    """Two names with the same key are the same unit."""
    return name.lower()


def _columns(header: list[str]) -> dict[str, int]:
    """Field → place in the row. Raises UnreadableFile for a missing or doubled column."""
    if any(map(find_personal_numbers, header)):
        raise UnreadableFile(_("Filens första rad ser ut att innehålla ett personnummer. Där ska rubrikerna stå."))
    names = [" ".join(name.lower().split()).rstrip(":*") for name in header]
    columns: dict[str, int] = {}
    for field, headings in HEADINGS.items():
        places = [place for place, name in enumerate(names) if name in headings]
        if len(places) > 1:
            raise UnreadableFile(_("Kolumnen ”%(column)s” finns mer än en gång.") % {"column": headings[0]})
        columns |= dict.fromkeys([field], places[0]) if places else {}
    missing = [f"”{HEADINGS[field][0]}”" for field in REQUIRED if field not in columns]
    if missing:
        sentence = ngettext(
            "Kolumnen %(missing)s saknas. Filens första rad har rubrikerna: %(found)s.",
            "Kolumnerna %(missing)s saknas. Filens första rad har rubrikerna: %(found)s.",
            len(missing),
        )
        found = ", ".join(map(_short, header[:_SHOWN_COLUMNS]))
        raise UnreadableFile(sentence % {"missing": ", ".join(missing), "found": found})
    return columns


class _RowReader:
    """Reads row after row; remembers the names that it has seen and the problems that it has met."""

    def __init__(self, columns: dict[str, int], header: list[str]) -> None:
        self.columns = columns
        self.header = header
        self.row = Row(0, [])
        self.problems: list[Problem] = []
        self.lines_by_name: dict[str, int] = {}
        self.kinds = _by_label(Kind)
        self.ownerships = _by_label(Ownership)

    def read(self, row: Row) -> UnitRow | None:
        """The checked cells, or None when the row has a problem."""
        self.row = row
        problems_before = len(self.problems)
        if self.whole_row_is_fit():
            checked = UnitRow(
                line=row.line,
                name=self.name(),
                kind=self.choice("kind", self.kinds, default=None),
                ownership=self.choice("ownership", self.ownerships, default=Ownership.MUNICIPAL),
                department=self.text("department"),
                district=self.text("district"),
                declared_headcount=self.headcount(),
            )
            if len(self.problems) == problems_before:
                return checked
        return None

    def refuse(self, column: str, reason: str) -> None:
        """Note a problem with the present row."""
        self.problems.append(Problem(line=self.row.line, column=column, reason=reason))

    def whole_row_is_fit(self) -> bool:
        """Whether the cells may be read at all; asked first, so that no later reason repeats a personnummer."""
        cells = [" ".join(cell.split()) for cell in self.row.cells]
        # One look at the whole row, because it is quicker: the guard never reads across a line break.
        if find_personal_numbers("\n".join(cells)):
            place = next(place for place, cell in enumerate(cells) if find_personal_numbers(cell))
            self.refuse("".join(map(_short, self.header[place : place + 1])), str(REFUSAL))
            return False
        if len(self.row.cells) > len(self.header):
            self.refuse(
                "", _("Raden har fler kolumner än rubrikraden. Se efter om det står ett skiljetecken för mycket.")
            )
            return False
        return True

    def cell(self, field: str) -> str:
        """What stands in the field's column, on one line; empty when the file has no such column."""
        return " ".join(self.row.cells[self.columns[field]].split()) if field in self.columns else ""

    def text(self, field: str) -> str:
        """A cell that may not be longer than the model's field, and that a PDF can show."""
        text = self.cell(field)
        longest = MAX_LENGTHS[field]
        if len(text) > longest:
            self.refuse(
                HEADINGS[field][0], _("Texten är för lång. Den får ha högst %(longest)s tecken.") % {"longest": longest}
            )
        try:
            refuse_unprintable(text)
        except ValidationError as unprintable:
            self.refuse(HEADINGS[field][0], str(unprintable.message))
        return text

    def name(self) -> str:
        """The unit's name, once in the file."""
        name = self.text("name")
        first = self.lines_by_name.setdefault(name_key(name), self.row.line)
        if not name:
            self.refuse(HEADINGS["name"][0], _("Namnet saknas."))
        elif first != self.row.line:
            self.refuse(
                HEADINGS["name"][0],
                _("”%(name)s” står redan på rad %(line)s.") % {"name": _short(name), "line": first},
            )
        return name

    def choice(self, field: str, by_label: dict[str, str], *, default: str | None) -> str:
        """The stored value for what the cell says, whatever its case."""
        text = self.cell(field)
        if not text and default is not None:
            return default
        value = by_label.get(text.lower())
        if value is None:
            allowed = ", ".join(str(label) for label in (Kind if field == "kind" else Ownership).labels)
            sentence = (
                _("”%(text)s” är inget som portalen känner till. Välj en av: %(allowed)s.")
                if text
                else _("Här ska det stå något. Välj en av: %(allowed)s.")
            )
            self.refuse(HEADINGS[field][0], sentence % {"text": _short(text), "allowed": allowed})
        return value or ""

    def headcount(self) -> int | None:
        """How many work there; None when the cell is empty."""
        text = self.cell("declared_headcount").replace(" ", "")
        if not text:
            return None
        if not re.fullmatch("[0-9]{1,6}", text) or not 1 <= int(text) <= MAX_HEADCOUNT:
            sentence = _("Antalet ska vara ett heltal från 1 till %(most)s, utan annan text.") % {
                "most": f"{MAX_HEADCOUNT:,}".replace(",", "\u00a0")
            }
            self.refuse(HEADINGS["declared_headcount"][0], sentence)
            return None
        return int(text)


def _by_label(choices: type[TextChoices]) -> dict[str, str]:
    """Label in lower case, in every language of the portal → stored value."""
    values: dict[str, str] = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            values |= {str(label).lower(): value for value, label in choices.choices}
    return values


def _short(text: str) -> str:
    """At most _SHOWN_CHARACTERS of a text that the portal repeats in a sentence."""
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"
