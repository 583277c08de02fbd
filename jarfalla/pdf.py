"""Template and context in, PDF out. Imports no app.

What comes out is at once PDF/UA-1 (accessible) and PDF/A-2a (kept for ever); tests/verapdf proves it. The same
input gives the same bytes, on every machine: the fonts come from installed packages, never from the system, and
dates stand in the template, never in the clock. Anything that WeasyPrint would only have logged raises PdfProblem,
so a PDF that exists is right.
"""

import hashlib
import logging
import mimetypes
import os
import tempfile
import threading
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.html import escape
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    import pikepdf

# The only fonts that there are, each a folder with upright and italic in every weight.
FONT_FAMILIES = ("Source Sans 3", "Source Serif 4")
_FONTCONFIG = '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd"><fontconfig>%s</fontconfig>'

# PDF/UA's mark, and the schema by which PDF/A allows it. WeasyPrint writes PDF/A's mark alone.
_PDF_UA = b"""<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" pdfuaid:part="1"/>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA Universal Accessibility Schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name>
<pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Indicates, which part of ISO 14289 standard is followed</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>
"""

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


def render(template_name: str, context: Mapping[str, Any], *, language: str | None = None) -> bytes:
    """The PDF of a template; see `render_with_html`."""
    return render_with_html(template_name, context, language=language).pdf


def render_with_html(template_name: str, context: Mapping[str, Any], *, language: str | None = None) -> Rendered:
    """The HTML and the PDF of a template, in `language` (the source language when None), whoever asks.

    Templates extend pdf/base.html and may refer to `static:css/x.css` (a static file) and `media:x.png` (an uploaded
    file), and use FONT_FAMILIES; every other address is refused. Raises PdfProblem.
    """
    with translation.override(language or settings.LANGUAGE_CODE):
        html = _without_control_characters(render_to_string(template_name, dict(context)))
        if missing := unprintable(html):
            raise PdfProblem(
                _("PDF:en kan inte visa de här tecknen: %(characters)s. Ta bort dem eller skriv på ett annat sätt.")
                % {"characters": " ".join(missing)}
            )
        return Rendered(html=html, pdf=_finish(_write(html)))


def unprintable(text: str) -> list[str]:
    """The characters in `text` that no font of ours has (emoji, Arabic, …), once each, in order.

    Forms ask this, so that nobody approves a text that cannot become a PDF.
    """
    known = _known_characters()
    return list(dict.fromkeys(c for c in text if ord(c) not in known and not _is_invisible(c)))


def refuse_unprintable(value: str) -> None:
    """Raise ValidationError when no PDF could show some of `value`: better in the form than after the approval."""
    if strange := unprintable(value):
        raise ValidationError(
            _("PDF:en kan inte visa de här tecknen: %(characters)s. Ta bort dem eller skriv på ett annat sätt.")
            % {"characters": " ".join(strange[:10])}
        )


def _is_invisible(character: str) -> bool:
    # Spaces and joiners need no glyph; variation selectors follow the character that matters.
    return character.isspace() or unicodedata.category(character) in {"Cc", "Cf"} or "\ufe00" <= character <= "\ufe0f"


@cache
def _known_characters() -> frozenset[int]:
    from fontTools.ttLib import TTFont  # inside, for it is slow

    return frozenset(point for path in _font_files() for point in TTFont(path, lazy=True).getBestCmap())


def _font_files() -> list[Path]:
    import fontpkg  # reads the metadata of packages: only when a PDF or its text is at hand

    try:
        return [fontpkg.path(family, style=style) for family in FONT_FAMILIES for style in ("normal", "italic")]
    except fontpkg.FontpkgError as error:
        raise PdfProblem(_("Ett typsnitt saknas: %(problem)s") % {"problem": error}) from error


def _without_control_characters(html: str) -> str:
    """The same text for XML's sake: Word pastes vertical tabs, and none may stand in the metadata."""
    return "".join(c if c in "\t\n\r" or unicodedata.category(c) != "Cc" else " " for c in html)


def _write(html: str) -> bytes:
    """WeasyPrint's PDF/A-2a of `html`. Raises PdfProblem on anything that it warns about."""
    # SOURCE_DATE_EPOCH: fontTools writes the time into each font that it makes.
    with _lock, _collected_problems() as problems, _environment(SOURCE_DATE_EPOCH="0"):
        import weasyprint  # half a second, and only the worker needs it
        from weasyprint.text.fonts import FontConfiguration  # the same

        with tempfile.NamedTemporaryFile("w", suffix=".conf") as config:
            folders = sorted({str(path.parent) for path in _font_files()})
            config.write(_FONTCONFIG % "".join(f"<dir>{escape(folder)}</dir>" for folder in folders))
            config.flush()
            with _environment(FONTCONFIG_FILE=config.name):
                fonts = FontConfiguration()
        try:
            document = weasyprint.HTML(string=html, url_fetcher=_fetcher())
            identifier = hashlib.sha256(html.encode()).hexdigest()[:32].encode()
            pdf = document.write_pdf(font_config=fonts, pdf_variant="pdf/a-2a", pdf_identifier=identifier)
        except Exception as error:  # a layout that WeasyPrint cannot do ends in any kind of exception
            problems.append(f"{type(error).__name__}: {error}")
            raise PdfProblem(_not_right(problems)) from error
    if problems:
        raise PdfProblem(_not_right(problems))
    return bytes(pdf)


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


def _fetcher() -> Any:
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


def _finish(pdf: bytes) -> bytes:
    """The same PDF, marked as PDF/UA-1 too, with its running heads kept out of what a screen reader reads."""
    import pikepdf  # slow import, and only the worker needs it

    with pikepdf.open(BytesIO(pdf)) as document, BytesIO() as finished:
        xmp = document.Root.Metadata.read_bytes()
        # A second rdf:RDF would be ignored, so the lines go into WeasyPrint's own. Text in it is escaped, so the
        # end tag stands there once.
        document.Root.Metadata.write(xmp.replace(b"</rdf:RDF>", _PDF_UA + b"</rdf:RDF>"))
        _make_artifacts_of_margins(document)
        document.save(finished, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
        return finished.getvalue()


def _make_artifacts_of_margins(document: "pikepdf.Pdf") -> None:
    """Mark as artifacts what WeasyPrint tags but leaves out of the structure tree: the margins of each page."""
    import pikepdf  # see _finish

    tree = document.Root.StructTreeRoot
    read_aloud = _elements_below(tree)
    parents = tree.ParentTree.Nums  # page number, the elements of its marked content, page number, …
    for number, page in enumerate(document.pages):
        parents_here = parents[2 * number + 1]
        instructions: list[Any] = []
        for instruction in pikepdf.parse_content_stream(page):
            operands, operator = instruction.operands, instruction.operator
            content_id = int(operands[1].MCID) if str(operator) == "BDC" and "/MCID" in operands[1] else None
            if content_id is not None and parents_here[content_id].objgen not in read_aloud:
                parents_here[content_id] = None
                artifact = [pikepdf.Name.Artifact, pikepdf.Dictionary(Type=pikepdf.Name.Pagination)]
                instructions.append((artifact, operator))
            else:
                instructions.append((operands, operator))
        page.Contents = document.make_stream(pikepdf.unparse_content_stream(instructions))


def _elements_below(root: Any) -> set[tuple[int, int]]:
    """The object numbers of the structure elements that a screen reader reaches from `root`."""
    import pikepdf  # see _finish

    found: set[tuple[int, int]] = set()
    waiting = list(root.K)
    while waiting:
        item = waiting.pop()
        if isinstance(item, pikepdf.Dictionary) and "/S" in item:
            found.add(item.objgen)
            waiting.extend(item.get("/K", []))
    return found
