"""Template and context in, PDF out. Imports no app.

What comes out is at once PDF/UA-1 (accessible) and PDF/A-2a (kept for ever); tests/verapdf proves it. The same
input gives the same bytes, on every machine: the fonts come from installed packages, never from the system, and
dates stand in the template, never in the clock. Anything that WeasyPrint would only have logged raises PdfProblem,
so a PDF that exists is right.
"""

import gc
import hashlib
import logging
import mimetypes
import os
import re
import tempfile
import threading
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, default_storage
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jarfalla import pdf_tags, print_fonts

# The packages that the fonts come from, each a folder with upright and italic in every weight.
FONT_FAMILIES = tuple(print_fonts.FAMILIES.values())
_FONTCONFIG = '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd"><fontconfig>%s</fontconfig>'

_CANNOT_SHOW = gettext_lazy(
    "PDF:en kan inte visa de här tecknen: %(characters)s. Ta bort dem eller skriv på ett annat sätt."
)
# What a document may name, as it stands in the tags of its HTML: people may write the same in their text.
_OWN_URL = re.compile(r"<(?:link|img)\s[^<>]*?(?<=\s)(?:href|src)=\"((?:static|media):[^\"]+)\"")

# One at a time in a process: fontconfig and fontTools read their settings from the environment, and the
# problems that are collected must be this document's own. WeasyPrint holds the GIL anyway.
_lock = threading.Lock()


class PdfProblem(Exception):  # noqa: N818  it names what happened, as Refused does
    """No PDF could be made that is whole and right; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A PDF and the HTML that it was made of, which tests can read."""

    html: str
    pdf: bytes


def render(
    template_name: str,
    context: Mapping[str, Any],
    *,
    language: str | None = None,
    on_page: Callable[[int], object] | None = None,
) -> bytes:
    """The PDF of a template; see `render_with_html`, and `from_html` for `on_page`."""
    return render_with_html(template_name, context, language=language, on_page=on_page).pdf


def render_with_html(
    template_name: str,
    context: Mapping[str, Any],
    *,
    language: str | None = None,
    on_page: Callable[[int], object] | None = None,
) -> Rendered:
    """The HTML and the PDF of a template, in `language` (the source language when None), whoever asks.

    Templates extend pdf/base.html and may refer to `static:css/x.css` (a static file) and `media:x.png` (an uploaded
    file), and use our fonts (print_fonts); every other address is refused. Raises PdfProblem.
    """
    with translation.override(language or settings.LANGUAGE_CODE):
        html = to_html(template_name, context, language=language)
        if missing := unprintable(html):
            raise PdfProblem(_CANNOT_SHOW % {"characters": " ".join(missing)})
        return Rendered(html=html, pdf=from_html(html, on_page=on_page))


def to_html(template_name: str, context: Mapping[str, Any], *, language: str | None = None) -> str:
    """What the PDF of a template is made of."""
    with translation.override(language or settings.LANGUAGE_CODE):
        return _without_control_characters(render_to_string(template_name, dict(context)))


def source_sha256(template_name: str, context: Mapping[str, Any]) -> str:
    """A hash of all that the PDF of a template is made of, files of ours too: while it stays, the PDF does."""
    html = to_html(template_name, context)
    digest = hashlib.sha256(html.encode())
    for url in sorted(set(_OWN_URL.findall(html))):
        digest.update(_own_file(unescape(url))[0])
    return digest.hexdigest()


def keep(storage: Storage, stem: str, content: bytes) -> tuple[str, str]:
    """Keep `content` under `stem` and what it is; return the file's name and the SHA-256.

    A whole copy that is there already is used again; half a file, left by a full disk, is replaced.
    """
    digest = hashlib.sha256(content).hexdigest()
    name = f"{stem}-{digest[:12]}.pdf"
    if storage.exists(name):
        with storage.open(name) as kept:
            if hashlib.sha256(kept.read()).hexdigest() == digest:
                return name, digest
        storage.delete(name)
    try:
        return storage.save(name, ContentFile(content)), digest
    except OSError:
        with suppress(OSError):  # what is left of it is in the way of the next try
            storage.delete(name)
        raise


def unprintable(text: str) -> list[str]:
    """The characters in `text` that no font of ours has (emoji, Arabic, …), once each, in order.

    Forms ask this, so that nobody approves a text that cannot become a PDF.
    """
    known = _known_characters()
    return list(dict.fromkeys(c for c in text if ord(c) not in known and not _is_invisible(c)))


def refuse_unprintable(value: str) -> None:
    """Raise ValidationError when no PDF could show some of `value`: better in the form than after the approval."""
    if strange := unprintable(value):
        raise ValidationError(_CANNOT_SHOW % {"characters": " ".join(strange[:10])})


def _is_invisible(character: str) -> bool:
    # Spaces and joiners need no glyph; variation selectors follow the character that matters.
    return character.isspace() or unicodedata.category(character) in {"Cc", "Cf"} or "\ufe00" <= character <= "\ufe0f"


@cache
def _known_characters() -> frozenset[int]:
    from fontTools.ttLib import TTFont  # inside, for it is slow

    files = _font_files(FONT_FAMILIES)
    return frozenset(point for path in files for point in TTFont(path, lazy=True).getBestCmap())


def _font_files(families: tuple[str, ...]) -> list[Path]:
    import fontpkg  # reads the metadata of packages: only when a PDF or its text is at hand

    try:
        return [fontpkg.path(family, style=style) for family in families for style in ("normal", "italic")]
    except fontpkg.FontpkgError as error:
        raise PdfProblem(_("Ett typsnitt saknas: %(problem)s") % {"problem": error}) from error


def _without_control_characters(html: str) -> str:
    """The same text for XML's sake: Word pastes vertical tabs, and none may stand in the metadata."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", " ", html)


def from_html(html: str, *, on_page: Callable[[int], object] | None = None) -> bytes:
    """The PDF of whole HTML; `on_page` is told each page as it is laid out (some of them twice).

    Raises PdfProblem on anything that WeasyPrint warns about. What `on_page` raises ends the work and comes through.
    """
    # SOURCE_DATE_EPOCH: fontTools writes the time into each font that it makes.
    pages = _Pages(on_page) if on_page else None
    with (
        _lock,
        _collected_problems() as problems,
        _listening(pages),
        _environment(SOURCE_DATE_EPOCH="0"),
        _without_collecting(),
    ):
        import weasyprint  # half a second, and only the worker needs it

        document = weasyprint.HTML(string=html, url_fetcher=fetcher())
        identifier = hashlib.sha256(html.encode()).hexdigest()[:32].encode()
        try:
            pdf = document.write_pdf(
                font_config=fonts(FONT_FAMILIES),
                pdf_variant="pdf/a-2a",
                pdf_identifier=identifier,
                finisher=pdf_tags.finish,
            )
        except Exception as error:  # a layout that WeasyPrint cannot do ends in any kind of exception
            if isinstance(error, PdfProblem) or (pages and error is pages.raised):
                raise
            problems.append(f"{type(error).__name__}: {error}")
            raise PdfProblem(_not_right(problems)) from error
    if problems:
        raise PdfProblem(_not_right(problems))
    return bytes(pdf)


@cache
def fonts(families: tuple[str, ...]) -> Any:
    """WeasyPrint's view of our fonts, and of no others: read once in a process. A document asks for the names in
    print_fonts, whose files are quick, and gets the rarest letters from the packages."""
    from weasyprint.text.fonts import FontConfiguration  # slow, see from_html

    with tempfile.NamedTemporaryFile("w", suffix=".conf") as config:
        folders = [str(print_fonts.print_fonts(Path(settings.VAR_DIR)))]
        folders += sorted({str(path.parent) for path in _font_files(families)})
        config.write(_FONTCONFIG % "".join(f"<dir>{escape(folder)}</dir>" for folder in folders))
        config.flush()
        with _environment(FONTCONFIG_FILE=config.name):
            return FontConfiguration()


def _not_right(problems: list[str]) -> str:
    return _("PDF:en blev inte rätt: %(problems)s") % {"problems": "; ".join(problems)}


@contextmanager
def _collected_problems() -> Iterator[list[str]]:
    """What WeasyPrint logs at WARNING or above meanwhile, whatever level the settings ask for."""
    problems: list[str] = []

    class Collector(logging.Handler):
        """Keeps the sentences."""

        def emit(self, record: logging.LogRecord) -> None:
            """Keep one."""
            problems.append(record.getMessage())

    logger = logging.getLogger("weasyprint")
    collector, level = Collector(logging.WARNING), logger.level
    logger.addHandler(collector)
    logger.setLevel(logging.WARNING)
    try:
        yield problems
    finally:
        logger.setLevel(level)
        logger.removeHandler(collector)


class _Pages(logging.Handler):
    """Hears WeasyPrint say which page it has laid out (it has no other way of telling), and passes the number on."""

    def __init__(self, on_page: Callable[[int], object]) -> None:
        super().__init__()
        self.on_page = on_page
        self.raised: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Pass the page's number on, if the sentence has one; keep what that raises."""
        if not (isinstance(record.args, tuple) and record.args and "Page" in str(record.msg)):
            return
        try:
            self.on_page(int(str(record.args[0])))
        except BaseException as error:
            self.raised = error
            raise


@contextmanager
def _listening(pages: _Pages | None) -> Iterator[None]:
    """Let `pages` hear of WeasyPrint's progress meanwhile, and nobody else."""
    logger = logging.getLogger("weasyprint.progress")
    before = logger.level, logger.propagate
    logger.propagate = False
    logger.setLevel(logging.INFO if pages else logging.WARNING)
    if pages:
        logger.addHandler(pages)
    try:
        yield
    finally:
        level, logger.propagate = before
        logger.setLevel(level)
        if pages:
            logger.removeHandler(pages)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Leave the garbage where it is, for a moment: a layout is a million objects that are all in use, and looking
    through them again and again is a tenth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    """The environment variables, for a moment; C libraries read them too."""
    with ExitStack() as stack:
        for name, value in values.items():
            before = os.environ.get(name)
            stack.callback(os.environ.pop, name) if before is None else stack.callback(
                os.environ.__setitem__, name, before
            )
            os.environ[name] = value
        yield


def fetcher() -> Any:
    """Our own files, by name; nothing else, and never the network."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse  # slow, see _write

    class OwnFiles(URLFetcher):  # type: ignore[misc]  # WeasyPrint has no types
        """What WeasyPrint asks for a stylesheet or an image."""

        def fetch(self, url: str, headers: object = None) -> Any:
            """The file that `url` names. Raises ValueError, which WeasyPrint logs and we raise."""
            body, kind = _own_file(url)
            return URLFetcherResponse(url, body, headers={"Content-Type": kind})

    return OwnFiles(allowed_protocols=())


def _own_file(url: str) -> tuple[bytes, str]:
    """The bytes and the media type of a static or an uploaded file. Raises ValueError for the rest."""
    scheme, _colon, name = unquote(url).partition(":")
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if scheme == "static" and (path := finders.find(name)):
        return Path(path).read_bytes(), kind
    if scheme == "media":
        with default_storage.open(name) as file:
            return file.read(), kind
    raise ValueError(f"not a file of ours: {url}")
