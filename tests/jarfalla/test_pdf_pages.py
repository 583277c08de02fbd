"""Where the pages of a PDF break: what belongs together stays together, and no sheet is left empty."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from tests import verapdf
from tests.jarfalla.pdf_reading import joined, spoken, written
from tests.jarfalla.pdfs import render, routine, section

SENTENCE = "Kontakta socialtjänsten samma dag och berätta vad barnet har sagt, med barnets egna ord. "


def pages(*sections: Any) -> list[str]:
    """The words of each page."""
    reader = PdfReader(BytesIO(render(routine(list(sections))).pdf))
    return [" ".join(page.extract_text().split()) for page in reader.pages]


def text(paragraphs: int, heading: str = "Syfte") -> Any:
    return section(heading, html=f"<p>{SENTENCE * 4}</p>" * paragraphs)


def decisions(minors: int, adults: int) -> Any:
    """A decision table with so many steps; each names its row and its place in it."""
    rows = [
        [[f"{who}-{n}. {SENTENCE}" for n in range(count)], ["Fråga."]] for who, count in (("B", minors), ("V", adults))
    ]
    return section("Så väljer du väg", "decisions", html="<p>Börja med vem det gäller.</p>", decisions=rows)


@pytest.mark.parametrize("before", range(1, 12, 2))
def test_a_row_of_the_decision_table_that_a_page_holds_is_never_cut(before: int) -> None:
    found = pages(text(before), decisions(6, 8), text(1))

    for label, first, last in (("Under 18 år", "B-0.", "B-5."), ("Vuxen", "V-0.", "V-7.")):
        (page,) = (words for words in found if first in words)
        assert last in page
        assert label in page


def test_a_row_of_the_decision_table_longer_than_a_page_says_again_whom_it_is_for() -> None:
    found = pages(text(1), decisions(40, 3))

    with_steps = [words for words in found if "B-" in words]
    assert len(with_steps) > 2
    assert all("Under 18 år" in words and "Utsatt för brott" in words for words in with_steps)
    assert "B-0." in next(words for words in found if "Så väljer du väg" in words)


def test_a_table_with_a_row_longer_than_a_page_becomes_a_pdf(tmp_path: Path) -> None:
    """WeasyPrint leaves the head out on the first of its pages; the cells have it all the same."""
    cell = f"<p>{SENTENCE}</p>" * 60
    table = f"<table><thead><tr><th>Ålder</th><th>Gör</th></tr></thead><tr><td>0–5 år</td><td>{cell}</td></tr></table>"
    rendered = render(routine([section("Tabell", html=table)]))
    html = written(rendered.html)
    (tmp_path / "tabell.pdf").write_bytes(rendered.pdf)

    assert joined(spoken(rendered.pdf), html) == html
    assert verapdf.failures([tmp_path / "tabell.pdf"]) == []


def test_a_long_acute_list_begins_on_the_first_page() -> None:
    points = [f"Punkt {n}. {SENTENCE}" for n in range(12)]
    first, second = pages(section("Vad du gör akut", "checklist", points=points, is_acute=True))

    assert "Punkt 0." in first
    assert "Punkt 2." in first
    assert "Punkt 11." in second


@pytest.mark.parametrize("before", range(8, 14))
def test_the_last_section_does_not_stand_alone_on_a_page(before: int) -> None:
    last = pages(text(before), text(1, "Uppföljning"))[-1]

    assert last.count("Kontakta") + last.count("kontakta") >= 4
    assert "Uppföljning" in last
    assert last.index("Kontakta") < last.index("Uppföljning")


def test_a_long_last_section_begins_on_the_page_before() -> None:
    found = pages(text(4), text(12, "Sist av allt"))

    assert ["Sist av allt" in words for words in found] == [False, True, False]
    assert found[1].index("Sist av allt") < 1500
