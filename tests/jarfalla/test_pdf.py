"""PDFs that everybody can read, that last, and that nobody can trick."""

import datetime as dt
import logging
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pikepdf
import pytest
from django.utils import translation
from pypdf import PdfReader
from pytest_django import Settings

from jarfalla import pdf
from tests.verapdf import failures

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


def test_routine_is_pdf_ua_1_and_pdf_a_2a(tmp_path: Path) -> None:
    many = [
        contact(f"Mottagning {n}, {LONG_WORD[: n * 4]}", phone="08-580 000 00", hours="dygnet runt") for n in range(60)
    ]
    long = routine(
        sections=[
            section(
                f"Avsnitt {n} {LONG_WORD}",
                kind,
                paragraphs=("Åäö, éü, ”citat” – streck & <tecken>. " * 30, LONG_WORD, "Klistrat\x0bfrån Word\x0c\x01"),
                points=(LONG_WORD, *(f"Punkt {m}. {'Gör så här. ' * (m * 3)}" for m in range(20))),
            )
            for n, kind in enumerate(["text", "checklist", "contacts"])
        ],
        contacts=many,
        routine={"title": f'Rutin & <b>"citat"</b> {LONG_WORD}\x0b\x01'},
    )
    contexts = {
        "every_kind": routine(),
        "long": long,
        "bare": routine(sections=[], contacts=[]),
        "empty_parts": routine(sections=[section("Tomt"), section("Kontakter", "contacts")], contacts=[]),
    }
    paths = []
    for name, context in contexts.items():
        paths.append(tmp_path / f"{name}.pdf")
        paths[-1].write_bytes(render(context).pdf)

    assert failures(paths) == []


def test_verapdf_finds_what_is_missing(tmp_path: Path) -> None:
    """The check itself is checked: without our mark the same file is no PDF/UA."""
    path = tmp_path / "unmarked.pdf"
    with pikepdf.open(BytesIO(render(routine(sections=[])).pdf)) as document:
        document.Root.Metadata.write(document.Root.Metadata.read_bytes().replace(b'pdfuaid:part="1"', b""))
        document.save(path)

    (failure,) = failures([path])

    assert failure.startswith("unmarked.pdf ua1: 1 x 5-1 The PDF/UA version")


RENDER_ELSEWHERE = """
import sys, django
django.setup()
from jarfalla import pdf
from tests.jarfalla.test_pdf import routine
sys.stdout.buffer.write(pdf.render("pdf/routine.html", routine()))
"""


def test_bytes_are_the_same_on_a_machine_without_fonts(tmp_path: Path) -> None:
    nothing = tmp_path / "fonts.conf"
    nothing.write_text("<fontconfig/>")
    elsewhere = os.environ | {
        "DJANGO_SETTINGS_MODULE": "jarfalla.settings",
        "FONTCONFIG_FILE": str(nothing),
        "HOME": str(tmp_path),
        "PYTHONHASHSEED": "4711",
        "TZ": "Asia/Tokyo",
        "LC_ALL": "C",
    }

    there = subprocess.run(
        [sys.executable, "-c", RENDER_ELSEWHERE], cwd=ROOT, env=elsewhere, capture_output=True, timeout=60, check=True
    ).stdout

    assert there == render(routine()).pdf


def test_content_that_differs_gives_other_bytes_and_another_identifier() -> None:
    one, other = render(routine()).pdf, render(routine(unit={"name": "Granbackens skola"})).pdf

    assert pikepdf.open(BytesIO(one)).trailer.ID[0] != pikepdf.open(BytesIO(other)).trailer.ID[0]


def test_title_language_and_dates_are_the_documents_own() -> None:
    with pikepdf.open(BytesIO(render(routine()).pdf)) as document:
        assert str(document.Root.Lang) == "sv"
        assert bool(document.Root.ViewerPreferences.DisplayDocTitle)
        assert str(document.docinfo.Title) == "När du är orolig för ett barn – Tallbackens förskola"
        assert str(document.docinfo.Author) == "Järfälla kommun"
        assert str(document.docinfo.CreationDate) == "D:20260302"
        with document.open_metadata() as xmp:
            assert xmp["dc:title"] == "När du är orolig för ett barn – Tallbackens förskola"
            assert (xmp["pdfaid:part"], xmp["pdfaid:conformance"], xmp["pdfuaid:part"]) == ("2", "A", "1")


def test_language_is_swedish_whoever_asks() -> None:
    with translation.override("en"):
        asked_in_english = render(routine())

    assert asked_in_english.pdf == render(routine()).pdf
    assert '<html lang="sv">' in asked_in_english.html


def test_language_can_be_another() -> None:
    data = pdf.render("pdf/routine.html", routine(), language="en")

    assert str(pikepdf.open(BytesIO(data)).Root.Lang) == "en"


def test_text_is_text_with_swedish_letters() -> None:
    text = text_of(render(routine()).pdf)

    for words in (
        "När du är orolig för ett barn",
        "Fastställd av Åsa Öberg",
        "2 mars 2026",
        "Ring 112 vid akut fara.",
        "Utskriven kopia: kontrollera i portalen att versionen gäller.",
        "Sida 1 av",
    ):
        assert words in text


def test_headings_in_the_structure_are_those_of_the_html() -> None:
    rendered = render(routine())
    in_html = re.findall(r"<(h\d)>([^<]+)</h\d>", rendered.html)

    with pikepdf.open(BytesIO(rendered.pdf)) as document:
        tags = [tag for tag in structure(document.Root.StructTreeRoot.K) if re.fullmatch(r"/H\d", tag)]
        with document.open_outline() as outline:
            titles = [item.title for item in flat(outline.root)]

    assert in_html[0] == ("h1", "När du är orolig för ett barn")
    assert [f"/{tag.upper()}" for tag, _title in in_html] == tags
    assert [title for _tag, title in in_html] == titles


def test_structure_tells_lists_tables_and_the_picture_apart() -> None:
    with pikepdf.open(BytesIO(render(routine()).pdf)) as document:
        tags = structure(document.Root.StructTreeRoot.K)
        (figure,) = (element for element in elements(document.Root.StructTreeRoot.K) if element.S == "/Figure")

    assert tags.count("/L") == 2
    assert tags.count("/LI") == tags.count("/LBody") == 4
    assert tags.count("/Table") == 3
    assert str(figure.Alt) == (
        "Järfällamodellen i fyra steg: 1 webbkurs, 2 riktad utbildning, 3 rutiner, 4 uppföljning. "
        "Det här dokumentet hör till steg 3."
    )


def test_everything_on_the_page_is_read_aloud_or_an_artifact() -> None:
    with pikepdf.open(BytesIO(render(routine(contacts=[contact(f"Kontakt {n}") for n in range(60)])).pdf)) as document:
        read_aloud = {element.objgen for element in elements(document.Root.StructTreeRoot.K)}
        parents = list(document.Root.StructTreeRoot.ParentTree.Nums)[1::2]
        for page, parents_here in zip(document.pages, parents, strict=False):
            marks = [step.operands for step in pikepdf.parse_content_stream(page) if str(step.operator) == "BDC"]
            running = [mark for mark in marks if mark[0] == "/Artifact" and mark[1].get("/Type") == "/Pagination"]
            tagged = [mark for mark in marks if "/MCID" in mark[1]]
            assert len(running) >= 5  # municipality, programme, two lines at the foot, page x of y
            assert all(parents_here[int(mark[1].MCID)].objgen in read_aloud for mark in tagged)
        assert len(document.pages) == 4


def test_contacts_that_run_over_pages_repeat_their_header() -> None:
    data = render(
        routine(sections=[section("Kontakter", "contacts")], contacts=[contact(f"K {n}") for n in range(60)])
    ).pdf
    pages = [page.extract_text() for page in PdfReader(BytesIO(data)).pages]

    assert len(pages) == 3
    assert all("Telefon" in page and "För vem" in page for page in pages)
    assert [n for n in range(60) if f"K {n}" not in "\n".join(pages)] == []


def test_fonts_are_ours_and_embedded() -> None:
    with pikepdf.open(BytesIO(render(routine()).pdf)) as document:
        fonts = [
            o for o in document.objects if isinstance(o, pikepdf.Dictionary) and o.get("/Type") == "/FontDescriptor"
        ]

        assert {re.sub(r"^/[A-Z]{6}\+|-(Semi-)?Bold$|,$", "", str(font.FontName)) for font in fonts} == {
            "Source-Sans-3",
            "Source-Serif-4",
        }
        assert all("/FontFile2" in font for font in fonts)


def test_links_lead_where_they_say() -> None:
    pages = PdfReader(BytesIO(render(routine()).pdf)).pages
    links = [annotation.get_object()["/A"]["/URI"] for page in pages for annotation in page.get("/Annots", [])]

    assert set(links) == {"https://portalen.example.org/rutiner/nar-du-ar-orolig/", "https://www.bris.se"}


def test_empty_parts_are_left_out() -> None:
    sections = [section("Tomt avsnitt"), section("Tom lista", "checklist"), section("Kontakter", "contacts")]
    html = render(routine(sections=sections, contacts=[])).html

    assert "Tomt avsnitt" not in html
    assert "Tom lista" not in html
    assert "Inga kontakter finns inlagda i portalen." in html


# --- What nobody may do -----------------------------------------------------------------------------------


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server that nobody may call."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def was_called(listener: socket.socket) -> bool:
    try:
        connection, _address = listener.accept()
    except BlockingIOError:
        return False
    connection.close()
    return True


def test_listener_notices_a_call(listener: socket.socket) -> None:
    """Otherwise the tests below would prove nothing."""
    socket.create_connection(listener.getsockname()).close()

    assert was_called(listener)


def test_hostile_text_is_only_text(listener: socket.socket, tmp_path: Path) -> None:
    there = f"http://127.0.0.1:{listener.getsockname()[1]}"
    hostile = (
        f"<script src={there}/a.js>alert(1)</script>",
        f'"><img src="{there}/a.png"><style>@import url({there}/a.css); p {{ color: red }}</style>',
        f'" style="background: url({there}/c.png)" x="url(file:///etc/passwd)',
        f"<link rel=attachment href=file:///etc/passwd><base href={there}/><svg><image href='{there}/b.png'/></svg>",
        "{% include 'base.html' %} {{ settings.SECRET_KEY }}",
    )
    every = " ".join(hostile)
    rendered = render(
        routine(
            unit={"name": every},
            routine={"title": every},
            programme={"municipality": every, "name": every},
            version={"number": 1, "approved_at": APPROVED_AT, "approved_by": every},
            sections=[
                section(every, kind, paragraphs=hostile, points=hostile) for kind in ("text", "checklist", "contacts")
            ],
            contacts=[contact(every, phone=every, hours=every, audience=every)],
        )
    )
    path = tmp_path / "hostile.pdf"
    path.write_bytes(rendered.pdf)

    assert not was_called(listener)
    assert not re.search(r"<(script|img|style|base|image|link rel=attachment)", rendered.html)
    assert "alert(1)</script>" in text_of(rendered.pdf)
    assert b"root:" not in rendered.pdf
    assert "/EmbeddedFiles" not in pikepdf.open(path).Root.get("/Names", {})
    assert failures([path]) == []


@pytest.mark.parametrize(
    "markup",
    [
        '<img src="{there}/a.png" alt="a">',
        '<link rel="stylesheet" href="{there}/a.css">',
        '<link rel="attachment" href="{there}/a.txt">',
        "<style>@import url({there}/a.css);</style>",
        "<style>p {{ background-image: url({there}/a.png) }}</style>",
        "<style>@font-face {{ font-family: x; src: url({there}/a.woff) }}</style>",
        "<style>@font-face {{ font-family: x; src: local('DejaVu Sans') }}</style>",
        '<svg width="9" height="9"><title>a</title><image href="{there}/a.png" width="9" height="9"/></svg>',
        '<object data="{there}/a.svg">a</object>',
        '<embed src="{there}/a.svg">',
    ],
)
@pytest.mark.parametrize("where", ["net", "file:///etc", "static:../../../etc", "media:../../etc", "data:text/css,a"])
def test_template_that_asks_for_what_is_not_ours_is_refused(
    markup: str, where: str, listener: socket.socket, settings: Settings
) -> None:
    there = f"http://127.0.0.1:{listener.getsockname()[1]}" if where == "net" else where
    give_template(settings, f'<html lang="sv"><title>a</title>{markup.format(there=there)}<p>a</p></html>')

    with pytest.raises(pdf.PdfProblem, match=r"^PDF:en blev inte rätt: "):
        pdf.render("given.html", {})

    assert not was_called(listener)


@pytest.mark.parametrize(
    ("markup", "problem"),
    [
        ('<link rel="stylesheet" href="static:css/missing.css">', "missing.css"),
        (
            '<style>@font-face { font-family: x; src: url("static:fonts/missing.woff") }</style>',
            "Font-face 'x' cannot be loaded",
        ),
        ("<style>p { colour: red }</style>", "colour"),
        ('<img src="static:img/missing.png" alt="a">', "missing.png"),
        ('<img src="media:missing.png" alt="a">', "missing.png"),
    ],
)
def test_what_is_missing_or_misspelt_raises_whatever_is_logged(markup: str, problem: str, settings: Settings) -> None:
    give_template(settings, f'<html lang="sv"><title>a</title>{markup}<p>a</p></html>')
    logger = logging.getLogger("weasyprint")
    logger.setLevel(logging.CRITICAL)
    try:
        with pytest.raises(pdf.PdfProblem, match=re.escape(problem)):
            pdf.render("given.html", {})
        assert logger.level == logging.CRITICAL
    finally:
        logger.setLevel(logging.NOTSET)


def test_font_that_is_not_installed_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "FONT_FAMILIES", ("Source Sans 3", "Comic Neue"))

    with pytest.raises(pdf.PdfProblem, match=r"^Ett typsnitt saknas: .*comic-neue"):
        render(routine())


def test_uploaded_and_static_images_are_shown(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    square = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1"/></svg>'
    (tmp_path / "vapen å.svg").write_text(square)
    give_template(
        settings,
        f'<html lang="sv"><title>a</title><img src="media:{quote("vapen å.svg")}" alt="Vapen">'
        '<img src="static:img/mark.svg" alt="Märke"></html>',
    )

    with pikepdf.open(BytesIO(pdf.render("given.html", {}))) as document:
        figures = [e for e in elements(document.Root.StructTreeRoot.K) if e.S == "/Figure"]

        assert [str(figure.Alt) for figure in figures] == ["Vapen", "Märke"]


def test_letters_that_no_font_has_are_named() -> None:
    assert pdf.unprintable("Ring 📞 nu! ☐ → å, a\u030a, \u00ad\u200d\ufe0f\n\t 📞 سلام") == ["📞", "س", "ل", "ا", "م"]

    with pytest.raises(pdf.PdfProblem) as problem:
        render(routine(sections=[section("Ring 📞 nu", paragraphs=("Bra ✅",))]))

    assert str(problem.value) == (
        "PDF:en kan inte visa de här tecknen: 📞 ✅. Ta bort dem eller skriv på ett annat sätt."
    )


def test_problem_in_one_thread_is_not_anothers(settings: Settings) -> None:
    good = '<html lang="sv"><title>a</title><p>a</p></html>'
    give_template(settings, good.replace("<p>", '<p style="colour: red">'), good=good)
    outcomes: dict[str, list[str]] = {"given.html": [], "good.html": []}

    def work(name: str) -> None:
        for _time in range(4):
            try:
                outcomes[name].append("PDF" if pdf.render(name, {}) else "")
            except pdf.PdfProblem:
                outcomes[name].append("problem")

    threads = [threading.Thread(target=work, args=[name]) for name in outcomes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes == {"given.html": ["problem"] * 4, "good.html": ["PDF"] * 4}


def test_environment_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "12")
    monkeypatch.delenv("FONTCONFIG_FILE", raising=False)
    before = dict(os.environ)

    data = render(routine()).pdf

    assert dict(os.environ) == before
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    assert render(routine()).pdf == data


def test_slow_libraries_are_not_imported_with_the_module() -> None:
    script = "import sys, jarfalla.pdf; print([m for m in ('weasyprint', 'pikepdf', 'fontTools') if m in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )

    assert run.stdout == "[]\n"


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
