"""What sort of file somebody sends, by its name and by its content. Imports no app.

A name alone says nothing: a file is taken only when it begins like the sort that its name claims, and when an Office
file has the parts that make it one. Nothing is unpacked.
"""

import re
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO

from django.utils.translation import gettext as _

LONGEST_NAME = 120
# More parts than any document has: reading the list alone would take long.
MOST_PARTS = 20_000
_OFFICE = "application/vnd.openxmlformats-officedocument"


class UnacceptableFile(Exception):  # noqa: N818  not an error of ours: the file is refused, in a sentence
    """A file is not taken, with the sentence that its sender reads."""


@dataclass(frozen=True)
class Sort:
    """A sort of file that is taken."""

    label: str
    content_type: str
    recognises: Callable[[IO[bytes]], bool]


def sort_of(name: str, file: IO[bytes]) -> Sort:
    """The sort that both the name and the content say; the file is left at its beginning.

    Raises UnacceptableFile for any other sort, and for a content that is not what the name says.
    """
    sort = SORTS.get(ending(name))
    if sort is None:
        raise UnacceptableFile(
            _("Filen måste vara en PDF, en bild (PNG eller JPG), ett Word- eller PowerPoint-dokument.")
        )
    file.seek(0)
    recognised = sort.recognises(file)
    file.seek(0)
    if not recognised:
        raise UnacceptableFile(
            _("Filen heter %(ending)s men är något annat, eller är trasig. Spara den på nytt och välj den igen.")
            % {"ending": ending(name)}
        )
    return sort


def ending(name: str) -> str:
    """The name's ending in lower case, with its dot; empty when it has none."""
    return PurePosixPath(name.replace("\\", "/")).suffix.lower()


def clean_name(name: str) -> str:
    """The name as it may stand in a folder, on any machine: without path, control characters and what Windows forbids.

    What is left keeps its Swedish letters and its ending; a name of nothing but that becomes "fil".
    """
    last = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", maxsplit=1)[-1])
    # Not printable: control characters, and marks that turn the reading direction, which could hide the ending.
    printable = "".join(" " if not c.isprintable() else c for c in last)
    words = " ".join(re.sub(r'[<>:"|?*]', " ", printable).split())
    end = ending(words)
    stem = words.removesuffix(words[len(words) - len(end) :] if end else "").strip(" .")
    return (stem[: LONGEST_NAME - len(end)].strip(" .") or "fil") + end


def _begins(*beginnings: bytes) -> Callable[[IO[bytes]], bool]:
    def recognises(file: IO[bytes]) -> bool:
        return file.read(16).startswith(beginnings)

    return recognises


def _is_pdf(file: IO[bytes]) -> bool:
    """Begins as a PDF and ends as one: half a file is refused."""
    if not file.read(8).startswith(b"%PDF-"):
        return False
    size = file.seek(0, 2)
    file.seek(max(size - 2048, 0))
    return b"%%EOF" in file.read()


def _has_part(part: str) -> Callable[[IO[bytes]], bool]:
    """A zip archive with the parts of an Office document, and without macros."""

    def recognises(file: IO[bytes]) -> bool:
        try:
            with zipfile.ZipFile(file) as archive:
                names = {info.filename.lower() for info in archive.infolist()[: MOST_PARTS + 1]}
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError):
            return False
        has_macros = any(name.endswith("vbaproject.bin") for name in names)
        return len(names) <= MOST_PARTS and {"[content_types].xml", part} <= names and not has_macros

    return recognises


SORTS = {
    ".pdf": Sort("PDF", "application/pdf", _is_pdf),
    ".png": Sort("PNG", "image/png", _begins(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"[:16])),
    ".jpg": Sort("JPG", "image/jpeg", _begins(b"\xff\xd8\xff")),
    ".jpeg": Sort("JPG", "image/jpeg", _begins(b"\xff\xd8\xff")),
    ".docx": Sort("Word", f"{_OFFICE}.wordprocessingml.document", _has_part("word/document.xml")),
    ".pptx": Sort("PowerPoint", f"{_OFFICE}.presentationml.presentation", _has_part("ppt/presentation.xml")),
}
