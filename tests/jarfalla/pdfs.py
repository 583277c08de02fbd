"""A routine and a binder to render, and ways to look into the PDF that comes of it."""

import datetime as dt
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pikepdf
from django.utils.safestring import SafeString
from PIL import Image
from pypdf import PdfReader
from pytest_django import Settings

from jarfalla import pdf
from jarfalla.qr import qr_code

ROOT = Path(__file__).resolve().parent.parent.parent
APPROVED_AT = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
TITLES = ["Bortförd under lovet", "När du är orolig för ett barn", "Trygga rutiner i vardagen"]
CHECK_URL = "https://portalen.example.org/v/7KX4M2QPRT/"
LONG_WORD = "Hedersrelateratvåldochförtryckshandläggningsrutinbeskrivningsarbete" * 3


def section(heading: str, kind: str = "text", *, html: str = "", **fields: Any) -> Any:
    """A section as routines.documents hands it over; `html` is what jarfalla.rich_text has cleaned."""
    empty: dict[str, Any] = {"points": [], "decisions": [], "contacts": [], "references": [], "is_acute": False}
    return SimpleNamespace(heading=heading, kind=kind, html=SafeString(html), **empty | fields)


def contact(name: str, **fields: Any) -> Any:
    empty = {"phone": "", "tel": "", "hours": "", "audience": "", "web": "", "checked_on": dt.date(2026, 2, 3)}
    return SimpleNamespace(name=name, **empty | fields)


def reference(law: str, **fields: Any) -> Any:
    return SimpleNamespace(law=law, **{"place": "", "about": "", "checked_on": dt.date(2026, 2, 3)} | fields)


def every_kind() -> list[Any]:
    """A section of each kind."""
    return [
        section("Gör så här", "checklist", points=["Ring 112 vid akut fara.", "Berätta för chefen."], is_acute=True),
        section(
            "Syfte",
            html="<p>Rutinen gäller <strong>alla</strong>.<br>Också vikarier.</p>"
            '<p>Läs mer på <a href="https://www.bris.se">BRIS</a>.</p>',
        ),
        section(
            "Tecken",
            html="<p>Var uppmärksam.</p><h3>Hos barnet</h3><ul><li><p>Barnet är rädd.</p><ul><li><p>Särskilt på "
            "fredagar.</p></li></ul></li><li><p>Barnet får inte bada.</p></li></ul><h3>Hemma</h3><ol><li>"
            "<p>Någon vaktar.</p></li></ol><table><thead><tr><th>Ålder</th><th>Tecken</th></tr></thead><tbody><tr>"
            "<td><p>0–5 år</p></td><td><p>Oro</p></td></tr><tr><td>6–12 år</td><td>Frånvaro</td></tr></tbody></table>",
        ),
        section(
            "Fyra sätt att handla",
            "decisions",
            html="<p>Börja med vem det gäller.</p>",
            decisions=[[["Ring polisen.", "Anmäl."], ["Anmäl oro."]], [["Fråga först."], []]],
        ),
        section(
            "Lagar",
            "legal",
            references=[
                reference("Socialtjänstlag (2025:400)", place="19 kap. 1 §", about="anmälan", checked_on=None),
                reference("Brottsbalken", place="4 kap. 4 e §", about="hedersförtryck"),
            ],
        ),
        section("Kontakter", "contacts", html="<p>Ring hellre en gång för mycket.</p>", contacts=contacts()),
    ]


def contacts() -> list[Any]:
    return [
        contact("Akut fara", phone="112", tel="112", hours="dygnet runt", audience="alla"),
        contact("BRIS", phone="116 111", tel="116111", web="https://www.bris.se", checked_on=None),
    ]


def programme(**changes: Any) -> Any:
    return SimpleNamespace(**{"municipality": "Järfälla kommun", "name": "Järfällamodellen", "logo": None} | changes)


def printed(sections: list[Any] | None = None, **changes: Any) -> Any:
    """A version as routines.documents hands it over; `changes` are of the version, and of its routine."""
    unit = SimpleNamespace(name=changes.pop("unit", "Tallbackens förskola"))
    routine = SimpleNamespace(
        title=changes.pop("title", "När du är orolig för ett barn"), unit=unit, origin=changes.pop("origin", None)
    )
    given = {
        "pk": 1,
        "routine": routine,
        "number": "3.0",
        "get_document_type_display": "Rutin",
        "applies_to": "Alla som arbetar på enheten",
        "owner_title": "Rektor",
        "diary_number": "Dnr BUN 2026/118",
        "change_note": "Nya telefonnummer.",
        "approved_at": APPROVED_AT,
        "review_on": dt.date(2027, 3, 2),
    }
    approved_by = changes.pop("approved_by", "Åsa Öberg")
    return SimpleNamespace(
        version=SimpleNamespace(**given | changes),
        approved_by=approved_by,
        url="https://portalen.example.org/rutiner/nar-du-ar-orolig/",
        check_url=CHECK_URL,
        check_address=CHECK_URL.removeprefix("https://"),
        qr=qr_code(CHECK_URL),
        sections=every_kind() if sections is None else sections,
    )


def routine(sections: list[Any] | None = None, **changes: Any) -> dict[str, Any]:
    """The context of pdf/routine.html, with every kind of section."""
    return {
        "programme": changes.pop("programme", programme()),
        "printed": printed(sections, **changes),
        "document_date": APPROVED_AT,
    }


def binder(**changes: Any) -> dict[str, Any]:
    """The context of pdf/binder.html, with three routines."""
    return {
        "programme": programme(),
        "unit": SimpleNamespace(name="Tallbackens förskola"),
        "routines": [printed(pk=number, title=title) for number, title in enumerate(TITLES, start=1)],
        "contacts": contacts(),
        "document_date": APPROVED_AT,
    } | changes


def picture(size: tuple[int, int] = (400, 120), kind: str = "PNG") -> BytesIO:
    """A half transparent picture, such as a municipality's mark."""
    drawn = BytesIO()
    mark = Image.new("RGBA", size)
    mark.paste("#12413f", (10, 10, size[0] // 2, size[1] - 10))
    (mark if kind == "PNG" else mark.convert("RGB")).save(drawn, kind)
    drawn.seek(0)
    return drawn


def render(context: dict[str, Any]) -> pdf.Rendered:
    return pdf.render_with_html("pdf/binder.html" if "routines" in context else "pdf/routine.html", context)


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
