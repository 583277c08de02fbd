"""PDFs that everybody can read, that last, and that nobody can trick."""

import os
import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pikepdf
import pytest
from django.utils import translation
from pypdf import PdfReader
from pytest_django import Settings

from jarfalla import pdf, print_fonts
from jarfalla.images import to_png
from jarfalla.qr import qr_code
from tests.jarfalla.pdfs import (
    CHECK_URL,
    LONG_WORD,
    TITLES,
    binder,
    contact,
    elements,
    every_kind,
    flat,
    picture,
    printed,
    programme,
    reference,
    render,
    routine,
    section,
    text_of,
)
from tests.verapdf import failures

ROOT = Path(__file__).resolve().parent.parent.parent
LATER = ["Fyra sätt att handla", "Lagar", "Kontakter"]


def test_every_routine_is_pdf_ua_1_and_pdf_a_2a(tmp_path: Path) -> None:
    many = [
        contact(f"Mottagning {n}, {LONG_WORD[: n * 4]}", phone="08-580 000 00", hours="dygnet runt") for n in range(60)
    ]
    words = f"<p>Åäö, éü, ”citat” – streck & <strong>fet</strong>.</p><p>{LONG_WORD}</p><p>Från\x0bWord\x0c\x01</p>" * 9
    row = f"<tr><td><p>{LONG_WORD}</p></td><td><ul><li><p>Punkt</p></li></ul></td></tr>"
    steps = [LONG_WORD, *(f"Steg {n}. {'Gör så här. ' * (n * 3)}" for n in range(20))]
    long = routine(
        [
            section(f"Text {LONG_WORD}", html=f"{words}<table><thead>{row}</thead><tbody>{row * 40}</tbody></table>"),
            section("Lista", "checklist", points=steps, is_acute=True),
            section("Beslut", "decisions", decisions=[[steps, steps], [steps, []]]),
            section("Kontakter", "contacts", contacts=many),
            section("Lagar", "legal", references=[reference(LONG_WORD, about=LONG_WORD) for _n in range(40)]),
        ],
        title=f'Rutin & <b>"citat"</b> {LONG_WORD}\x0b\x01',
    )
    documents = {
        "every_kind": routine(),
        "long": long,
        "bare": routine([], owner_title="", diary_number="", change_note="", applies_to=""),
        "adopted": routine(origin=printed(title="Heder", unit="Granbackens skola").version),
    }

    assert failures(written(documents, tmp_path)) == []


def test_every_binder_is_pdf_ua_1_and_pdf_a_2a(tmp_path: Path) -> None:
    thick = [printed([section("Syfte", html="<p>a</p>")], pk=n, title=f"Rutin {n} {LONG_WORD}") for n in range(40)]
    documents = {
        "binder": binder(),
        "empty_binder": binder(routines=[], contacts=[]),
        "thick_binder": binder(routines=thick),
    }

    assert failures(written(documents, tmp_path)) == []


def written(documents: dict[str, dict[str, Any]], folder: Path) -> list[Path]:
    """The documents as files."""
    paths = []
    for name, context in documents.items():
        paths.append(folder / f"{name}.pdf")
        paths[-1].write_bytes(render(context).pdf)
    return paths


def test_logo_is_in_the_head_of_every_page(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / "vapen å.png").write_bytes(to_png(picture()))
    path = tmp_path / "logo.pdf"
    path.write_bytes(render(routine(programme=programme(logo=SimpleNamespace(name="vapen å.png")))).pdf)

    pages = PdfReader(path).pages

    assert len(pages) > 1
    assert all(len(page.images) == 1 for page in pages)
    assert failures([path]) == []


def test_verapdf_finds_what_is_missing(tmp_path: Path) -> None:
    """The check itself is checked: without our mark the same file is no PDF/UA."""
    path = tmp_path / "unmarked.pdf"
    with pikepdf.open(BytesIO(render(routine([])).pdf)) as document:
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
    one, other = render(routine()).pdf, render(routine(unit="Granbackens skola")).pdf

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
        "Utskriven kopia. Kontrollera att versionen gäller: portalen.example.org/v/",
        "Sida 1 av",
    ):
        assert words in text


def test_bookmarks_are_the_headings() -> None:
    rendered = render(routine())
    headings = re.findall(r"<h[123]>([^<]+)</h[123]>", rendered.html)

    with pikepdf.open(BytesIO(rendered.pdf)) as document, document.open_outline() as outline:
        assert [item.title for item in flat(outline.root)] == headings
        assert headings[:3] == ["När du är orolig för ett barn", "Gör så här", "Syfte"]


def test_bookmarks_of_a_binder_are_its_contents_and_lead_to_their_pages() -> None:
    data = render(binder()).pdf
    pages = [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(data)).pages]

    with pikepdf.open(BytesIO(data)) as document, document.open_outline() as outline:
        titles = [item.title for item in outline.root]
        below = [[item.title for item in top.children] for top in outline.root]

    assert titles == ["Innehåll", "Kontakter", *TITLES]
    assert below == [[], [], *([["Gör så här", "Syfte", "Tecken", *LATER]] * 3)]
    for title in titles[1:]:
        (number,) = re.findall(rf"{title} (\d+)", pages[0])
        assert title in pages[int(number) - 1]
        assert title not in pages[int(number) - 2] or number == "2"


def test_everything_on_the_page_is_read_aloud_or_an_artifact() -> None:
    sections = [*every_kind(), section("Många", contacts=[contact(f"Kontakt {n}") for n in range(60)])]
    with pikepdf.open(BytesIO(render(routine(sections)).pdf)) as document:
        read_aloud = {element.objgen for element in elements(document.Root.StructTreeRoot.K)}
        parents = list(document.Root.StructTreeRoot.ParentTree.Nums)[1::2]
        for page, parents_here in zip(document.pages, parents, strict=False):
            marks = [step.operands for step in pikepdf.parse_content_stream(page) if str(step.operator) == "BDC"]
            running = [mark for mark in marks if mark[0] == "/Artifact" and mark[1].get("/Type") == "/Pagination"]
            tagged = [mark for mark in marks if "/MCID" in mark[1]]
            assert len(running) >= 5  # municipality, programme, two lines at the foot, page x of y
            assert all(parents_here[int(mark[1].MCID)].objgen in read_aloud for mark in tagged)
        assert len(document.pages) == 5


def test_contacts_that_run_over_pages_repeat_their_header() -> None:
    data = render(routine([section("Kontakter", "contacts", contacts=[contact(f"K {n}") for n in range(60)])])).pdf
    pages = [page.extract_text() for page in PdfReader(BytesIO(data)).pages]

    assert len(pages) == 3
    assert all("Telefon" in page and "För vem" in page for page in pages)
    assert [n for n in range(60) if f"K {n}" not in "\n".join(pages)] == []


def test_fonts_are_ours_and_embedded() -> None:
    with pikepdf.open(BytesIO(render(routine()).pdf)) as document:
        fonts = [
            o for o in document.objects if isinstance(o, pikepdf.Dictionary) and o.get("/Type") == "/FontDescriptor"
        ]

        names = {str(font.FontName).partition("+")[2] for font in fonts}
        assert {re.sub(r"-(Semi-)?Bold|-Italic", "", name) for name in names} == {
            "Portal-Print-Sans",
            "Portal-Print-Serif",
        }
        assert all("/FontFile2" in font for font in fonts)


def test_rare_letters_come_from_the_packages_own_font() -> None:
    with pikepdf.open(BytesIO(render(routine(unit="Школа Ελλάδα")).pdf)) as document:
        fonts = [o for o in document.objects if isinstance(o, pikepdf.Dictionary) and "/FontName" in o]

        assert any("Source-Sans-3" in str(font.FontName) for font in fonts)


def test_faces_are_cut_once_and_the_same_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(print_fonts, "FACES", [print_fonts.Face("Portal Print Sans", 600, "italic")])

    folders = [print_fonts.print_fonts(tmp_path / name) for name in ("here", "there", "here")]

    assert folders[0] == folders[2]
    here, there = ([path.read_bytes() for path in folder.iterdir()] for folder in folders[:2])
    assert here == there
    assert [path.name for path in (tmp_path / "here" / "fonts").iterdir()] == [folders[0].name]


def test_links_lead_where_they_say() -> None:
    pages = PdfReader(BytesIO(render(routine()).pdf)).pages
    links = [annotation.get_object()["/A"]["/URI"] for page in pages for annotation in page.get("/Annots", [])]

    assert set(links) == {
        "https://portalen.example.org/rutiner/nar-du-ar-orolig/",
        CHECK_URL,
        "https://www.bris.se",
        "tel:112",
        "tel:116111",
    }


def test_the_acute_comes_first_and_what_is_unchecked_says_so() -> None:
    text = text_of(render(routine()).pdf)

    assert text.index("Ring 112 vid akut fara.") < text.index("Rutinen gäller alla")
    assert text.count("inte kontrollerad") == 2
    assert "BRIS https://www.bris.se inte kontrollerad" in text


def test_code_and_short_link_are_this_versions() -> None:
    rendered = render(routine())
    address = CHECK_URL.removeprefix("https://")

    assert qr_code(CHECK_URL).path in rendered.html
    assert text_of(rendered.pdf).count(f"Kontrollera att versionen gäller: {address}") == 2  # one for each page
