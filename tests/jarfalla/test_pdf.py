"""PDFs that everybody can read, that last, and that nobody can trick."""

import datetime as dt
import os
import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pikepdf
from django.utils import translation
from pypdf import PdfReader

from jarfalla import pdf
from tests.jarfalla.pdfs import contact, elements, flat, render, routine, section, structure, text_of
from tests.verapdf import failures

ROOT = Path(__file__).resolve().parent.parent.parent
APPROVED_AT = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
LONG_WORD = "Hedersrelateratvåldochförtryckshandläggningsrutinbeskrivningsarbete" * 3


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
