"""Reads a list that somebody uploads: CSV or a spreadsheet, in whatever way their program saved it. Imports no app.

How it was chosen what libraries do and what is done here: docs/decisions/0014.
"""

import csv
import io
import json
import re
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple
from unicodedata import is_normalized, normalize

from django.conf import settings
from django.utils.translation import gettext as _

from jarfalla import spreadsheet

# A list that is read at once, and one that is read row by row.
MAX_ROWS = 20_000
MAX_STREAMED_ROWS = 100_000
MAX_COLUMNS = 100
# The rows that are shown when somebody chooses columns, and those among which the headings are looked for.
SAMPLE_ROWS = 5
_HEAD_ROWS = 20
# What a spreadsheet, which is a zip file, may grow to.
MAX_UNPACKED_BYTES = 200 * 1024 * 1024
MAX_SECONDS = 60
# The name of the part that holds the content of a spreadsheet with a password.
_LOCKED = "EncryptedPackage".encode("utf-16-le")
TEXT_ENDINGS = (".csv", ".tsv", ".txt")
SHEET_ENDINGS = (".xlsx", ".xlsm", ".xls", ".ods")
_UNICODE = ("utf_8", "utf_16", "utf_16_le", "utf_16_be")
# What Excel writes as "CSV": Windows, Macintosh, MS-DOS. Any bytes are text in each of them.
_OLD_ENCODINGS = ("cp1252", "mac_roman", "cp850")
# As much as settles the encoding, and the delimiter: the time to find the latter grows with the square.
_ENCODING_BYTES = 64 * 1024
_DELIMITER_CHARACTERS = 4_000
_DELIMITERS = ";,\t|"
# No row that anybody writes is longer, and a longer one could take all memory.
_LONGEST_ROW = 500_000
# A list has no more lines than this for each row that it may have, with empty ones and line breaks in cells.
_LINES_PER_ROW = 10
# Of the signs, those that stand at the edge of a word: inside one they are a letter in another encoding.
_SWEDISH = re.compile(r"[åäöéÅÄÖÉ]|(?<!\w)[–’”]|[–’”](?!\w)")
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
# å, ä and ö that were saved in one encoding and read in another.
_DAMAGED = re.compile("[\ufffd\x80-\x9f]|Ã[¥¤¶…„–]")
# Characters that can't be seen: a name that has one looks like another name.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
# Spaces where no line may be broken; people can't tell them from others.
_SPACES = str.maketrans(dict.fromkeys("\u00a0\u2007\u202f", " "))
# Composing the letters of a longer cell could take very long, and no cell that anybody reads is longer.
_LONGEST_COMPOSED = 1000
_TOTAL = re.compile(
    r"(?:(?:del|slut|total)?summa|totalt?|grand total|sum|antal(?: (?:rader|personer|anställda|poster))?)"
    r"\s*:?\s*[\d\s.,]*",
    re.IGNORECASE,
)


class UnreadableFile(Exception):  # noqa: N818  not an error of ours: the file is refused, in a sentence
    """The file can't be used; `str()` is the sentence for the person who chose it."""


class Row(NamedTuple):
    """One row of a table. `line` is the line of the file where it begins, or its row in the sheet, from 1."""

    line: int
    cells: list[str]

    @property
    def is_total(self) -> bool:
        """Whether this is no row of the list but the sum under it: "Summa", "Totalt: 45"."""
        filled = [cell for cell in self.cells if cell]
        words = [cell for cell in filled if not re.fullmatch(r"[\d\s.,%]+", cell)]
        return len(words) == 1 and words[0] == filled[0] and bool(_TOTAL.fullmatch(words[0]))


# The same while it is being read.
Line = tuple[int, list[str]]


@dataclass(frozen=True)
class Table:
    """The header and the rows under it. Every row has as many cells as the header, or more."""

    header: list[str]
    rows: list[Row]


@dataclass(frozen=True)
class TableReader:
    """A list that is read row by row, as often as one likes but once at a time; it is never in memory as a whole.

    `header` holds the headings as they stand, also empty and doubled ones; it stands on `header_line`. `sample` is
    the first rows, `last_line` about the last line of the file (to show how far one has read). Every row has as many
    cells as the header, or more. Reading raises UnreadableFile where the file can't be read any further.
    """

    header: list[str]
    header_line: int
    sample: list[Row]
    last_line: int
    _rows: Callable[[], Iterator[Row]]

    def __iter__(self) -> Iterator[Row]:
        return self._rows()

    @property
    def labels(self) -> list[str]:
        """The headings, so that each can be told from the others: "Kolumn 3" for an empty one, "Namn (kolumn 4)"."""
        return [self._label(place, name) for place, name in enumerate(self.header)]

    def _label(self, place: int, name: str) -> str:
        if not name:
            return _("Kolumn %(number)s") % {"number": place + 1}
        if self.header.count(name) > 1:
            return _("%(name)s (kolumn %(number)s)") % {"name": name, "number": place + 1}
        return name


def open_table(file_name: str, data: bytes, *, max_rows: int = MAX_STREAMED_ROWS) -> TableReader:
    """The table in `data`; CSV with semicolon, comma, tab or bar, or the first sheet with something in it.

    Titles above the headings, empty rows, and empty columns at the end are left out. Raises UnreadableFile, and
    nothing else.
    """
    ending = Path(file_name).suffix.lower()
    if ending not in TEXT_ENDINGS + SHEET_ENDINGS:
        raise UnreadableFile(_("Portalen läser CSV och Excel (.xlsx). Spara listan så och välj filen igen."))
    if len(data) > settings.IMPORT_MAX_BYTES:
        raise UnreadableFile(too_big())
    is_sheet = _is_sheet(data) or ending in SHEET_ENDINGS
    lines, last_line = _sheet_lines(data, max_rows=max_rows) if is_sheet else _text_lines(data)
    first = [Row(*line) for line in islice(_full_lines(lines(), max_rows), _HEAD_ROWS)]
    if not first:
        raise UnreadableFile(_("Filen är tom."))
    header = first[_header_place(first)]
    width = len(header.cells)

    def rows() -> Iterator[Row]:
        for line, cells in _full_lines(lines(), max_rows):
            if line > header.line:
                yield Row(line, cells + [""] * (width - len(cells)))

    return TableReader(header.cells, header.line, list(islice(rows(), SAMPLE_ROWS)), last_line, rows)


def read_table(file_name: str, data: bytes) -> Table:
    """The whole table in `data`, as open_table finds it, when it has at most MAX_ROWS. Raises UnreadableFile."""
    reader = open_table(file_name, data, max_rows=MAX_ROWS)
    return Table(reader.header, list(reader))


def too_big() -> str:
    """The sentence for a file above settings.IMPORT_MAX_BYTES."""
    megabytes = settings.IMPORT_MAX_BYTES // 1024**2
    return _("Filen är för stor. Den får vara högst %(megabytes)s MB.") % {"megabytes": megabytes}


def _header_place(first: list[Row]) -> int:
    """Which of the first rows holds the headings: the first that fills more than half of the usual columns."""
    filled = [sum(map(bool, row.cells)) for row in first]
    usual = statistics.median_high([count for count in filled if count > 1] or [1])
    return next(place for place, count in enumerate(filled) if count * 2 > usual)


def _full_lines(lines: Iterator[Line], max_rows: int) -> Iterator[Line]:
    """The lines that hold something, cleaned. Raises UnreadableFile as soon as there are too many or too long ones."""
    count = 0
    for number, raw in lines:
        cells = _clean(raw) if any(raw) else []
        count += bool(cells)
        if count > max_rows + 1 or number > max_rows * _LINES_PER_ROW:
            raise UnreadableFile(_("Listan har fler än %(rows)s rader. Dela upp den.") % {"rows": max_rows})
        if len(cells) > MAX_COLUMNS:
            raise UnreadableFile(_("Listan har fler än %(columns)s kolumner.") % {"columns": MAX_COLUMNS})
        if cells:
            yield number, cells


def _clean(cells: list[str]) -> list[str]:
    """The cells without what can't be seen, å as one character (a Mac writes two), no empty ones at the end."""
    row = " ".join(cells)  # one look at the whole row is quicker than one at each cell
    if not row.isprintable() and _UNSEEN.search(row):
        cells = [_UNSEEN.sub("", cell) for cell in cells]
    if not row.isascii():
        if _DAMAGED.search(row):
            raise UnreadableFile(
                _("Bokstäverna å, ä och ö är skadade i filen. Spara om listan som CSV (UTF-8) eller Excel (.xlsx).")
            )
        cells = [_composed(cell.translate(_SPACES)) for cell in cells]
    clean = [cell.strip() for cell in cells]
    while clean and not clean[-1]:
        clean.pop()
    return clean


def _composed(cell: str) -> str:
    return cell if len(cell) > _LONGEST_COMPOSED or is_normalized("NFC", cell) else normalize("NFC", cell)


# --- CSV -------------------------------------------------------------------------------------------------


def _text_lines(data: bytes) -> tuple[Callable[[], Iterator[Line]], int]:
    """What reads the lines, and how many there are. Raises UnreadableFile when `data` is no text."""
    encoding = _encoding(data)
    head = _text(data, encoding).read(_DELIMITER_CHARACTERS)
    marker = re.match(r'"?sep=(.)"?\r?\n', head)  # Excel's own way of saying what stands between the cells
    delimiter = marker[1] if marker else _delimiter(head)
    last_line = max(data.count(b"\n"), data.count(b"\r")) + 1
    return lambda: _csv_lines(_text(data, encoding), delimiter, skip_first=bool(marker)), last_line


def _text(data: bytes, encoding: str, errors: str = "replace") -> io.TextIOWrapper:
    """The text in `data`, decoded while it is read."""
    return io.TextIOWrapper(io.BytesIO(data), encoding, errors, newline="")


def _csv_lines(text: IO[str], delimiter: str, *, skip_first: bool) -> Iterator[Line]:
    line, characters = 1, 0

    def physical_lines() -> Iterator[str]:
        nonlocal characters
        while part := text.readline(_LONGEST_ROW + 1):
            characters += len(part)
            if characters > _LONGEST_ROW:
                raise UnreadableFile(_unreadable_line(line))
            yield part

    # strict: a quotation mark that is never closed would swallow the rest of the file without a word.
    reader = csv.reader(physical_lines(), delimiter=delimiter, strict=True)
    try:
        for count, cells in enumerate(reader):
            if not (skip_first and count == 0):
                yield line, cells
            line, characters = reader.line_num + 1, 0
    except csv.Error:
        raise UnreadableFile(_unreadable_line(line)) from None


def _unreadable_line(line: int) -> str:
    return _("Rad %(line)s går inte att läsa. Se efter om det finns ett citattecken för mycket.") % {"line": line}


def _delimiter(head: str) -> str:
    """What divides the cells: as clevercsv sees it, else what the first line that holds something has most of."""
    import clevercsv  # a quarter of a second that only an import has to wait for

    found = clevercsv.Detector().detect(head, delimiters=list(_DELIMITERS))
    if found and found.delimiter:
        return str(found.delimiter)
    first = re.search(r"\S.*", head)
    line = re.sub(r'"[^"]*"', "", first[0]) if first else ""
    return max(_DELIMITERS, key=line.count)


def _encoding(data: bytes) -> str:
    """The encoding of `data`: Unicode when it is flawless, else the old one that gives most Swedish.

    Raises UnreadableFile when it is no text.
    """
    sample = _beyond_ascii(data)
    encoding = _unicode_encoding(sample) if sample else "utf_8_sig"
    if encoding is None or not _is_text(data, encoding):
        encoding = max(_OLD_ENCODINGS, key=lambda name: len(_SWEDISH.findall(sample.decode(name, "replace"))))
    if not _is_text(data, encoding, "replace"):
        raise UnreadableFile(
            _("Det här är inte en lista som portalen kan läsa. Spara den som CSV (UTF-8) eller Excel (.xlsx).")
        )
    return encoding


def _beyond_ascii(data: bytes) -> bytes:
    """As much of `data` as settles its encoding: about the first letter beyond a to z; empty when there is none."""
    first = re.search(rb"[\x00\x80-\xff]", data)
    if not first:
        return b""
    start = max(first.start() - _ENCODING_BYTES // 2, 0) & ~1
    sample = data[start : start + _ENCODING_BYTES]
    if len(data) <= start + _ENCODING_BYTES:
        return sample
    # No letter may be cut in two, whether letters have one byte, two, or several.
    sample = sample.rstrip(bytes(range(128, 256)))
    return sample[: len(sample) & ~1]


def _unicode_encoding(sample: bytes) -> str | None:
    """The form of Unicode that charset-normalizer sees, with or without a mark at the beginning; None for others."""
    import charset_normalizer  # only an import has to wait for it

    best = charset_normalizer.from_bytes(sample, cp_isolation=[*_UNICODE, *_OLD_ENCODINGS]).best()
    if best is None or best.encoding not in _UNICODE:
        return None
    if best.encoding == "utf_8":
        return "utf_8_sig"
    if best.bom:
        return "utf_16"
    # Without a mark, any bytes are UTF-16 to somebody; in a list that we can read, every other one is 0.
    return str(best.encoding) if sample.count(0) * 3 > len(sample) else None


def _is_text(data: bytes, encoding: str, errors: str = "strict") -> bool:
    """Whether `data` is text in this encoding from the first byte to the last."""
    text = _text(data, encoding, errors)
    try:
        return not any(map(_NOT_TEXT.search, iter(lambda: text.read(1024**2), "")))
    except UnicodeError:
        return False


# --- Spreadsheets ----------------------------------------------------------------------------------------


def _is_sheet(data: bytes) -> bool:
    """Whether `data` begins as zip files (.xlsx, .ods) or as Microsoft's older files (.xls) do."""
    return data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0"))


def _sheet_lines(data: bytes, *, max_rows: int) -> tuple[Callable[[], Iterator[Line]], int]:
    """What reads the rows of the sheet, and the number of the last. Raises UnreadableFile when it can't be read."""
    if data.startswith(b"PK") and _unpacked_size(data) > MAX_UNPACKED_BYTES:
        raise UnreadableFile(_("Kalkylbladet är för stort. Spara det som CSV, eller dela upp det."))
    if _LOCKED in data:
        raise UnreadableFile(_("Filen är låst med ett lösenord. Spara den utan lösenord och välj den igen."))
    # A file without a name: it is gone with the reader, whatever happens.
    answer = tempfile.TemporaryFile()  # noqa: SIM115  it lives as long as the reader
    try:
        subprocess.run(  # noqa: S603  our own program and our own argument
            [sys.executable, "-I", spreadsheet.__file__, str(max_rows)],
            input=data,
            stdout=answer,
            stderr=subprocess.DEVNULL,
            timeout=MAX_SECONDS,
            check=True,
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        raise UnreadableFile(_broken_sheet()) from None
    return lambda: _json_lines(answer), _last_row(answer)


def _json_lines(answer: IO[bytes]) -> Iterator[Line]:
    answer.seek(0)
    for line in answer:
        number, cells = json.loads(line)
        yield number, cells


def _last_row(answer: IO[bytes]) -> int:
    """The number of the last row."""
    last = b"[0]"
    answer.seek(0)
    for line in answer:
        last = line
    return int(json.loads(last)[0])


def _unpacked_size(data: bytes) -> int:
    """How many bytes a zip file says that it holds. Raises UnreadableFile when it isn't whole."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError):
        raise UnreadableFile(_broken_sheet()) from None


def _broken_sheet() -> str:
    return _("Filen går inte att öppna som kalkylblad. Spara den på nytt som Excel (.xlsx) eller CSV.")
