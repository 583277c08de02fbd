"""A routine to render, and ways to look into the PDF that comes of it."""

import datetime as dt
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
from pypdf import PdfReader
from pytest_django import Settings

from jarfalla import pdf

ROOT = Path(__file__).resolve().parent.parent.parent
APPROVED_AT = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
LONG_WORD = "Hedersrelateratvåldochförtryckshandläggningsrutinbeskrivningsarbete" * 3


def section(heading: str, kind: str = "text", *, paragraphs: tuple[str, ...] = (), points: tuple[str, ...] = ()) -> Any:
    return {"heading": heading, "kind": kind, "paragraphs": list(paragraphs), "points": list(points)}


def contact(name: str, **fields: str) -> dict[str, str]:
    return {"name": name, "phone": "", "hours": "", "audience": "", "web": ""} | fields


def routine(**changes: Any) -> dict[str, Any]:
    """What routines/documents.py hands over, with every kind of section."""
    return {
        "programme": {"municipality": "Järfälla kommun", "name": "Järfällamodellen"},
        "unit": {"name": "Tallbackens förskola"},
        "routine": {"title": "När du är orolig för ett barn"},
        "version": {"number": 3, "approved_at": APPROVED_AT, "approved_by": "Åsa Öberg"},
        "document_date": APPROVED_AT,
        "url": "https://portalen.example.org/rutiner/nar-du-ar-orolig/",
        "sections": [
            section("Syfte", paragraphs=("Rutinen gäller alla.\nOckså vikarier.", "Läs mer på https://www.bris.se.")),
            section("Tecken", paragraphs=("Var uppmärksam.",), points=("Barnet är rädd.", "Barnet får inte bada.")),
            section("Gör så här", "checklist", points=("Ring 112 vid akut fara.", "Berätta för chefen.")),
            section("Kontakter", "contacts", paragraphs=("Ring hellre en gång för mycket.",)),
        ],
        "contacts": [
            contact("Akut fara", phone="112", hours="dygnet runt", audience="alla"),
            contact("BRIS", phone="116 111", web="https://www.bris.se"),
        ],
    } | changes


def render(context: dict[str, Any]) -> pdf.Rendered:
    return pdf.render_with_html("pdf/routine.html", context)


def text_of(data: bytes) -> str:
    """All that a reader reads, with the white space of one line."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(data)).pages).split())


def give_template(settings: Settings, markup: str, good: str = "") -> None:
    """Let "given.html" (and "good.html") be these, without a file."""
    loader = ("django.template.loaders.locmem.Loader", {"given.html": markup, "good.html": good})
    settings.TEMPLATES = [
        {"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": {"loaders": [loader]}}
    ]


def elements(kids: Any) -> Iterator[Any]:
    """The structure elements, in the order in which they are read."""
    for kid in kids:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield kid
            yield from elements(kid.get("/K", []))


def structure(kids: Any) -> list[str]:
    return [str(element.S) for element in elements(kids)]


def flat(items: Any) -> Iterator[Any]:
    for item in items:
        yield item
        yield from flat(item.children)
