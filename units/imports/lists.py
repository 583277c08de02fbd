"""What every list of people has in common: its columns, and the checks of a row before anybody looks at its meaning.

A sort of list is an ImportSpec. Its app registers it beside its actions (`register`), so that the pages, the worker
and the commands of this app can carry lists of apps that it doesn't know.
"""

import datetime as dt
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jarfalla.dates import SENTENCES, Order, Trouble, UnreadableDate, column_order, read_date
from jarfalla.pdf import unprintable
from jarfalla.privacy import REFUSAL, find_personal_numbers
from jarfalla.tables import Row
from units.models import ImportKind, ImportRow, ListImport, Verdict

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

T = TypeVar("T")

MAX_EMAIL = 254
# How much of a stranger's text a sentence repeats.
SHOWN_CHARACTERS = 60
# How many earlier imports are asked for their columns.
REMEMBERED_IMPORTS = 20
_TOTAL = re.compile(r"(delsumma|summa|totalt?|total sum|sum|antal|grand total)\b", re.IGNORECASE)
_NUMBER = re.compile(r"[\d\s.,%-]*")
# The usual address. Django's check, which takes ten times as long, says yes to each of these, and to many others.
_PLAIN_EMAIL = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
NOTHING: Mapping[str, object] = {}


# --- Columns -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ListField:
    """Something that the portal reads from a list, and the headings that usually stand over it, in lower case."""

    name: str
    label: "StrOrPromise"
    headings: tuple[str, ...]
    required: bool = False
    is_date: bool = False
    help_text: "StrOrPromise" = ""


@dataclass(frozen=True)
class ImportSpec:
    """One sort of list.

    `judge` reads the rows one after the other and yields a verdict for each, and for whatever is missing in the list;
    it may yield them late, but not keep the cells. `save` changes the portal as the chosen rows say, slice by slice,
    inside the transaction of its caller, and tells how many of each verdict it changed; what was done already it
    passes over.
    """

    kind: ImportKind
    address: str  # the word for it in addresses
    title: "StrOrPromise"  # of the page where it is uploaded
    # How such a list has to look, for the page where it is uploaded.
    about: tuple["StrOrPromise", ...]
    fields: tuple[ListField, ...]
    judge: "Callable[[RowReader, Iterable[Row]], Iterator[JudgedRow]]"
    save: "Callable[[ListImport, Iterable[Slice]], dict[str, int]]"
    # The verdicts that can be saved, in the order of the page.
    verdicts: tuple[Verdict, ...]
    # What the preview shows of a row: headings, and its cells.
    columns: "Callable[[Verdict], list[str]]"
    cells: "Callable[[ImportRow], list[str]]"
    # One of these groups of fields must be chosen, as well as all that are required.
    either: tuple[tuple[str, ...], ...] = ()
    either_refusal: "StrOrPromise" = ""
    asks_if_complete: bool = False
    # The verdicts that are only saved when somebody ticks them, because they are suspiciously many.
    doubtful: "Callable[[ListImport, Mapping[str, int]], dict[Verdict, str]]" = lambda _import, _counts: {}
    reasons: "Mapping[str, StrOrPromise]" = field(default_factory=dict)

    def sentence(self, row: ImportRow) -> str:
        """Why the row was refused, in the reader's language."""
        values: dict[str, object] = row.reason_values
        return str(self.reasons.get(row.reason) or REASONS.get(row.reason, "")) % values


_specs: dict[str, ImportSpec] = {}


def register(spec: ImportSpec) -> ImportSpec:
    """Let the pages and the worker handle this sort of list."""
    _specs[spec.kind] = spec
    return spec


def spec_of(kind: str) -> ImportSpec:
    """The sort of list with this ImportKind."""
    return _specs[kind]


def spec_at(address: str) -> ImportSpec | None:
    """The sort of list with this word in its address."""
    return next((spec for spec in _specs.values() if spec.address == address), None)


def all_specs() -> list[ImportSpec]:
    """Every sort of list that there is."""
    return list(_specs.values())


def headings(text: str) -> tuple[str, ...]:
    """The headings in "namn, enhet"."""
    return tuple(text.split(", "))


# What stands over a column of addresses, in a list of any sort.
EMAIL_HEADINGS = headings(
    "e-post, epost, e-postadress, epostadress, mejl, mejladress, mail, mailadress, e-mail, email, email address, "
    "e-post arbete, e-post arbetet, tjänste-e-post, arbetsmejl, user principal name"
)


def heading_key(heading: str) -> str:
    """Two headings with the same key mean the same column."""
    return " ".join(heading.lower().split()).rstrip(":*")


def guess_columns(spec: ImportSpec, header: Sequence[str]) -> dict[str, int]:
    """Field → place of its column: as in the latest import whose headings this file has, else by known headings."""
    keys = [heading_key(heading) for heading in header]
    earlier = ListImport.objects.filter(kind=spec.kind, mapped_at__isnull=False).order_by("-mapped_at", "-pk")
    for old_header, mapping in earlier.values_list("header", "mapping")[:REMEMBERED_IMPORTS]:
        chosen = {name: heading_key(old_header[place]) for name, place in mapping.items()}
        if chosen and set(chosen.values()) <= set(keys):
            return {name: keys.index(key) for name, key in chosen.items()}
    places: dict[str, int] = {}
    for field_ in spec.fields:
        free = (place for place, key in enumerate(keys) if key in field_.headings and place not in places.values())
        if (place := next(free, None)) is not None:
            places[field_.name] = place
    return places


def personal_number_columns(header: Sequence[str], sample: Sequence[Sequence[str]]) -> list[int]:
    """The places of columns that are there for personnummer: most of what stands in their first rows is one."""
    found = []
    for place in range(len(header)):
        cells = [row[place] for row in sample if place < len(row) and row[place]]
        numbers = sum(1 for cell in cells if find_personal_numbers(cell))
        if numbers > 1 and numbers * 2 > len(cells):
            found.append(place)
    return found


def hide_personal_numbers(cells: Sequence[str]) -> list[str]:
    """The cells as a sample may show them."""
    return ["…" if find_personal_numbers(cell) else cell for cell in cells]


# --- Rows ----------------------------------------------------------------------------------------------------

# A reason is kept as its code here and the values in it, so that everybody reads it in their own language.
REASONS: "dict[str, StrOrPromise | Promise]" = {
    "personal_number": REFUSAL,
    "too_many_cells": _("Raden har fler kolumner än rubrikraden. Se efter om det står ett skiljetecken för mycket."),
    "total": _("Ser ut som en summarad."),
    "missing": _("Här ska det stå något."),
    "too_long": _("Texten är för lång. Den får ha högst %(longest)s tecken."),
    "unprintable": _("PDF:en kan inte visa de här tecknen: %(characters)s. Ta bort dem eller skriv på ett annat sätt."),
    "email": _("”%(text)s” är ingen e-postadress."),
    "email_missing": _("E-postadressen saknas."),
    **{f"date_{trouble}": sentence for trouble, sentence in SENTENCES.items()},
}


class RowRefused(Exception):  # noqa: N818  not an error: the row can't be used, for a reason that is told
    """The row can't be used: the column (its heading in the file) and the reason, as a code and its values."""

    def __init__(self, reason: str, column: str = "", **values: object) -> None:
        super().__init__(reason)
        self.reason, self.column, self.values = reason, column, values


class MonthFirst(Exception):  # noqa: N818  not an error: the list has to be read again
    """A date of the field, such as 3/31/2026, shows that in its whole column the month stands first."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class JudgedRow(NamedTuple):
    """What becomes an ImportRow: no model, because there are tens of thousands of them."""

    line: int | None
    verdict: Verdict
    data: Mapping[str, object] = NOTHING
    column: str = ""
    reason: str = ""
    reason_values: Mapping[str, object] = NOTHING
    is_hidden: bool = False


@dataclass(frozen=True)
class Slice:
    """Those of the chosen rows whose primary keys lie between `first` and `last`, both included."""

    list_import: ListImport
    first: int
    last: int

    @property
    def rows(self) -> QuerySet[ImportRow]:
        """The rows, in their order."""
        return chosen_rows(self.list_import).filter(pk__range=(self.first, self.last)).order_by("pk")


def chosen_rows(list_import: ListImport) -> QuerySet[ImportRow]:
    """The rows that are to be saved."""
    return list_import.rows.filter(verdict__in=list_import.chosen, is_excluded=False)


def refused_row(line: int | None, refused: RowRefused) -> JudgedRow:
    """What the preview shows of a row that can't be used."""
    return JudgedRow(
        line, Verdict.REFUSED, column=refused.column[:200], reason=refused.reason, reason_values=refused.values
    )


class RowReader:
    """Reads one row after the other, by the columns that somebody chose.

    `month_first` names the fields in whose columns the month stands before the day. Which they are shows while the
    list is read: MonthFirst tells of one more, and the list has to be read again from its beginning.
    """

    def __init__(self, spec: ImportSpec, list_import: ListImport, month_first: Collection[str] = ()) -> None:
        self.list_import = list_import
        self.month_first = month_first
        self.header: list[str] = list_import.header
        self.places: dict[str, int] = list_import.mapping
        dates = [field_.name for field_ in spec.fields if field_.is_date and field_.name in self.places]
        self.date_places = [(name, self.places[name]) for name in dates]
        # Each text once in its column, because the same days come again and again.
        self.dates: dict[tuple[str, str], dt.date | Trouble | None] = {}
        self.row = Row(0, [])

    def begin(self, row: Row) -> None:
        """Turn to the next row. Raises RowRefused when its cells may not be read at all, and MonthFirst.

        Asked first, so that no later reason repeats a personnummer.
        """
        self.row = row
        for name, place in self.date_places:
            if (name, row.cells[place]) not in self.dates:
                self._read_date(name, row.cells[place])
        # One look at the whole row, because it is quicker: the guard doesn't read across a semicolon.
        if find_personal_numbers(" ".join(";".join(row.cells).split())):
            place = next((n for n, cell in enumerate(row.cells) if find_personal_numbers(" ".join(cell.split()))), 0)
            raise RowRefused("personal_number", "".join(self.header[place : place + 1]))
        if len(row.cells) > len(self.header):
            raise RowRefused("too_many_cells")

    def refuse_total(self, email: str) -> None:
        """Raise RowRefused when the field `email` holds no address and the row looks like a sum of those above it."""
        if "@" in self.cell(email):
            return
        words = [cell for cell in self.row.cells if cell and not _NUMBER.fullmatch(cell)]
        if any(_TOTAL.match(word) for word in words) or not words:
            raise RowRefused("total")

    def column(self, name: str) -> str:
        """The heading of the field's column in the file."""
        return self.header[self.places[name]] if name in self.places else ""

    def cell(self, name: str) -> str:
        """What stands in the field's column, on one line; empty when the file has no such column."""
        place = self.places.get(name, len(self.row.cells))
        return " ".join(self.row.cells[place].split()) if place < len(self.row.cells) else ""

    def text(self, name: str, *, longest: int) -> str:
        """A cell that must hold something, not longer than `longest`, that a PDF can show."""
        return self.check_text(name, self.cell(name), longest=longest)

    def check_text(self, name: str, text: str, *, longest: int) -> str:
        """The text, which stands in the field's column, when it can be used as a name."""
        if not text:
            raise RowRefused("missing", self.column(name))
        if len(text) > longest:
            raise RowRefused("too_long", self.column(name), longest=longest)
        if strange := unprintable(text):
            raise RowRefused("unprintable", self.column(name), characters=" ".join(strange[:10]))
        return text

    def email(self, name: str) -> str:
        """The e-mail address in the cell, in lower case."""
        text = self.cell(name).lower()
        if not text:
            raise RowRefused("email_missing", self.column(name))
        if len(text) > MAX_EMAIL or not _PLAIN_EMAIL.fullmatch(text):
            try:
                validate_email(text)
            except ValidationError:
                raise RowRefused("email", self.column(name), text=short(text)) from None
        if len(text) > MAX_EMAIL:
            raise RowRefused("too_long", self.column(name), longest=MAX_EMAIL)
        return text

    def date(self, name: str) -> dt.date | None:
        """The day in the cell; None when it is empty."""
        day = self.dates[name, self.row.cells[self.places[name]]] if name in self.places else None
        if isinstance(day, Trouble):
            raise RowRefused(f"date_{day}", self.column(name))
        return day

    def _read_date(self, name: str, text: str) -> None:
        """Read a text that stands in the field's column for the first time. Raises MonthFirst."""
        plain = " ".join(text.split())
        order = Order.MONTH_FIRST if name in self.month_first else Order.DAY_FIRST
        if order == Order.DAY_FIRST and column_order([plain]) == Order.MONTH_FIRST:
            raise MonthFirst(name)
        try:
            self.dates[name, text] = read_date(plain, order=order) if plain else None
        except UnreadableDate as unreadable:
            self.dates[name, text] = unreadable.trouble


def batches(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """The rows in lists of `size`."""
    rest = iter(rows)
    while batch := list(islice(rest, size)):
        yield batch


def short(text: str) -> str:
    """At most SHOWN_CHARACTERS of a text that the portal repeats in a sentence."""
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 1]}…"
