"""Reads a list that somebody uploads: CSV or a spreadsheet, in whatever way their program saved it. Imports no app."""

import csv
import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

from django.conf import settings
from django.utils.translation import gettext as _

from jarfalla import spreadsheet

MAX_ROWS = 20_000
MAX_COLUMNS = 100
# What a spreadsheet, which is a zip file, may grow to.
MAX_UNPACKED_BYTES = 100 * 1024 * 1024
MAX_SECONDS = 20
# The name of the part that holds the content of a spreadsheet with a password.
_LOCKED = "EncryptedPackage".encode("utf-16-le")
TEXT_ENDINGS = (".csv", ".tsv", ".txt")
SHEET_ENDINGS = (".xlsx", ".xlsm", ".xls", ".ods")
# What Excel writes as "CSV": Windows, Macintosh, MS-DOS. Any bytes are text in each of them.
_OLD_ENCODINGS = ("cp1252", "mac_roman", "cp850")
_SWEDISH = re.compile("[åäöéÅÄÖÉ–’”]")
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
# å, ä and ö that were saved in one encoding and read in another.
_DAMAGED = re.compile("[\ufffd\x80-\x9f]|Ã[¥¤¶…„–]")
# Characters that can't be seen: a name that has one looks like another name.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
# Composing the letters of a longer cell could take very long, and no cell that anybody reads is longer.
_LONGEST_COMPOSED = 1000


class UnreadableFile(Exception):  # noqa: N818  not an error of ours: the file is refused, in a sentence
    """The file can't be used; `str()` is the sentence for the person who chose it."""


@dataclass(frozen=True)
class Row:
    """One row of a table. `line` is its line in the file or its row in the sheet, from 1."""

    line: int
    cells: list[str]


# The same while it is being read.
Line = tuple[int, list[str]]


@dataclass(frozen=True)
class Table:
    """The header and the rows under it. Every row has as many cells as the header, or more."""

    header: list[str]
    rows: list[Row]


def read_table(file_name: str, data: bytes) -> Table:
    """The table in `data`; CSV with semicolon, comma or tab, or the first sheet with something in it.

    Empty rows and empty columns at the end are left out. Raises UnreadableFile, and nothing else.
    """
    ending = Path(file_name).suffix.lower()
    if ending not in TEXT_ENDINGS + SHEET_ENDINGS:
        raise UnreadableFile(_("Portalen läser CSV och Excel (.xlsx). Spara listan så och välj filen igen."))
    if len(data) > settings.IMPORT_MAX_BYTES:
        raise UnreadableFile(too_big())
    lines = _sheet_lines(data) if _is_sheet(data) or ending in SHEET_ENDINGS else _text_lines(data)
    return _table([Row(line, cells) for line, cells in _full_lines(lines)])


def too_big() -> str:
    """The sentence for a file above settings.IMPORT_MAX_BYTES."""
    megabytes = settings.IMPORT_MAX_BYTES // 1024**2
    return _("Filen är för stor. Den får vara högst %(megabytes)s MB.") % {"megabytes": megabytes}


def _table(rows: list[Row]) -> Table:
    if not rows:
        raise UnreadableFile(_("Filen är tom."))
    header, body = rows[0].cells, rows[1:]
    return Table(header, [Row(row.line, row.cells + [""] * (len(header) - len(row.cells))) for row in body])


def _full_lines(lines: Iterator[Line]) -> Iterator[Line]:
    """The lines that hold something, cleaned. Raises UnreadableFile as soon as there are too many or too long ones."""
    count = 0
    for number, raw in lines:
        cells = _clean(raw) if any(raw) else []
        if not cells:
            continue
        count += 1
        if count > MAX_ROWS + 1:
            raise UnreadableFile(_("Listan har fler än %(rows)s rader. Dela upp den.") % {"rows": MAX_ROWS})
        if len(cells) > MAX_COLUMNS:
            raise UnreadableFile(_("Listan har fler än %(columns)s kolumner.") % {"columns": MAX_COLUMNS})
        yield number, cells


def _clean(cells: list[str]) -> list[str]:
    """The cells without what can't be seen, å as one character (a Mac writes two), no empty ones at the end."""
    if any(_DAMAGED.search(cell) for cell in cells):
        raise UnreadableFile(
            _("Bokstäverna å, ä och ö är skadade i filen. Spara om listan som CSV (UTF-8) eller Excel (.xlsx).")
        )
    clean = [_UNSEEN.sub("", cell).strip() for cell in cells]
    last = max((place for place, cell in enumerate(clean, start=1) if cell), default=0)
    return [normalize("NFC", cell) if len(cell) <= _LONGEST_COMPOSED else cell for cell in clean[:last]]


# --- CSV -------------------------------------------------------------------------------------------------


def _text_lines(data: bytes) -> Iterator[Line]:
    text = _decode(data)
    marker = re.match(r'"?sep=(.)"?\r?\n', text)  # Excel's own way of saying what stands between the cells
    delimiter = marker[1] if marker else _delimiter(text)
    # strict: a quotation mark that is never closed would swallow the rest of the file without a word.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for count, cells in enumerate(reader):
            if not (marker and count == 0):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error:
        raise UnreadableFile(
            _("Rad %(line)s går inte att läsa. Se efter om det finns ett citattecken för mycket.") % {"line": line}
        ) from None


def _delimiter(text: str) -> str:
    """What divides the cells of the first line that holds something."""
    first = re.search(r"\S.*", text)
    line = re.sub(r'"[^"]*"', "", first[0]) if first else ""
    return max(";,\t", key=line.count)


def _decode(data: bytes) -> str:
    """The text in `data`: UTF-8 or UTF-16 where the bytes say so, or the old encoding that gives most Swedish."""
    try:
        text = data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode(_old_encoding(data), "replace")
    if _NOT_TEXT.search(text):
        raise UnreadableFile(
            _("Det här är inte en lista som portalen kan läsa. Spara den som CSV (UTF-8) eller Excel (.xlsx).")
        )
    return text


def _old_encoding(data: bytes) -> str:
    """The encoding in which the letters beyond a to z are most often Swedish ones."""
    letters = data.translate(None, bytes(range(128)))[:10_000]
    return max(_OLD_ENCODINGS, key=lambda name: len(_SWEDISH.findall(letters.decode(name, "replace"))))


# --- Spreadsheets ----------------------------------------------------------------------------------------


def _is_sheet(data: bytes) -> bool:
    """Whether `data` begins as zip files (.xlsx, .ods) or as Microsoft's older files (.xls) do."""
    return data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0"))


def _sheet_lines(data: bytes) -> Iterator[Line]:
    if data.startswith(b"PK") and _unpacked_size(data) > MAX_UNPACKED_BYTES:
        raise UnreadableFile(_("Kalkylbladet är för stort. Spara det som CSV, eller dela upp det."))
    if _LOCKED in data:
        raise UnreadableFile(_("Filen är låst med ett lösenord. Spara den utan lösenord och välj den igen."))
    try:
        answer = subprocess.run(  # noqa: S603  our own program and our own argument
            [sys.executable, "-I", spreadsheet.__file__, str(MAX_ROWS)],
            input=data,
            capture_output=True,
            timeout=MAX_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UnreadableFile(_broken_sheet()) from None
    if answer.returncode:
        raise UnreadableFile(_broken_sheet())
    yield from json.loads(answer.stdout)


def _unpacked_size(data: bytes) -> int:
    """How many bytes a zip file says that it holds. Raises UnreadableFile when it isn't whole."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError):
        raise UnreadableFile(_broken_sheet()) from None


def _broken_sheet() -> str:
    return _("Filen går inte att öppna som kalkylblad. Spara den på nytt som Excel (.xlsx) eller CSV.")
