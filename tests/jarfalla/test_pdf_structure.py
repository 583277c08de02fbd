"""What a screen reader reads in a PDF is what stands in its HTML: headings, lists, tables, paragraphs, in order."""

from io import BytesIO

import pikepdf

from tests.jarfalla.pdf_reading import joined, spoken, squeezed, written
from tests.jarfalla.pdfs import (
    binder,
    contact,
    elements,
    every_kind,
    reference,
    render,
    routine,
    section,
)

PARAGRAPH = "Vi lyssnar lugnt och skriver ner vad barnet säger med barnets egna ord. "


def test_the_reader_hears_what_is_wrong() -> None:
    """Otherwise the tests below would prove nothing."""
    one = render(routine([section("Syfte", html="<p>Ett</p><p>Två</p>")]))
    other = render(routine([section("Syfte", html="<p>Två</p><p>Ett</p>")]))

    assert spoken(one.pdf) == written(one.html)
    assert spoken(one.pdf) != written(other.html)
    assert [row for row in spoken(one.pdf) if row[0] == "H2"] == [("H2", "syfte")]


def test_every_kind_of_section_is_read_in_the_order_of_its_html() -> None:
    rendered = render(routine())
    heard = spoken(rendered.pdf)

    assert heard == written(rendered.html)
    assert [words for tag, words in heard if tag == "H2"] == [squeezed(row.heading) for row in every_kind()]
    assert heard.index(("LI", "ring112vidakutfara.")) < heard.index(("H2", "syfte"))


def test_a_text_over_many_pages_is_read_in_the_order_of_its_html() -> None:
    rows = "".join(f"<tr><td><p>{n} år</p></td><td><p>{PARAGRAPH * (n % 3 + 1)}</p></td></tr>" for n in range(40))
    items = "".join(f"<li><p>{n}. {PARAGRAPH}</p><ul><li><p>Under {n}</p></li></ul></li>" for n in range(30))
    rendered = render(
        routine(
            [
                section("Stycken", html=f"<p>{PARAGRAPH * 40}</p>" * 3),
                section("Tabell", html=f"<table><thead><tr><th>Ålder</th><th>Tecken</th></tr></thead>{rows}</table>"),
                section("Lista", html=f"<ul>{items}</ul>"),
                section("Beslut", "decisions", decisions=[[[PARAGRAPH] * 20] * 2, [[PARAGRAPH] * 30, []]]),
                section("Kontakter", "contacts", contacts=[contact(f"K {n}", phone="112") for n in range(60)]),
                section("Lagar", "legal", references=[reference(f"Lag {n}", about=PARAGRAPH) for n in range(40)]),
            ]
        )
    )
    html = written(rendered.html)

    with pikepdf.open(BytesIO(rendered.pdf)) as document:
        assert len(document.pages) > 8
    assert joined(spoken(rendered.pdf), html) == html


def test_a_table_over_pages_is_one_table_with_one_head() -> None:
    many = [contact(f"K {n}", phone="112", tel="112") for n in range(60)]
    with pikepdf.open(BytesIO(render(routine([section("Kontakter", "contacts", contacts=many)])).pdf)) as document:
        found = list(elements(document.Root.StructTreeRoot.K))
        pages = {row.Pg.objgen for row in found if row.S == "/TR"}
        (table,) = (row for row in found if row.S == "/Table" and any(kid.S == "/THead" for kid in row.K))

        assert len(pages) > 2
        assert [str(kid.S) for kid in table.K] == ["/THead", "/TBody"]
        assert len(table.K[0].K) == 1
        assert len(table.K[1].K) == 60


def test_a_binder_is_read_in_the_order_of_its_html() -> None:
    rendered = render(binder())
    heard = [(tag, words.rstrip("0123456789") if tag == "LI" else words) for tag, words in spoken(rendered.pdf)]

    assert joined(heard, written(rendered.html)) == written(rendered.html)


def test_lists_are_lists_and_cells_know_their_headers() -> None:
    with pikepdf.open(BytesIO(render(routine()).pdf)) as document:
        found = list(elements(document.Root.StructTreeRoot.K))
    by_tag = {tag: [row for row in found if tag == row.S] for tag in ("/L", "/LI", "/TD", "/TH", "/Table", "/Figure")}

    assert len(by_tag["/L"]) == 7
    assert all([str(kid.S) for kid in row.K] == ["/Lbl", "/LBody"] for row in by_tag["/LI"])
    assert len(by_tag["/Table"]) == 7
    headers = {bytes(row.ID) for row in by_tag["/TH"]}
    assert all({bytes(name) for name in row.A.Headers} <= headers for row in by_tag["/TD"])
    assert all(row.A.Headers for row in by_tag["/TD"])
    assert [str(row.Alt) for row in by_tag["/Figure"]] == [
        "Järfällamodellen i fyra steg: 1 webbkurs, 2 riktad utbildning, 3 rutiner, 4 uppföljning. "
        "Det här dokumentet hör till steg 3.",
        "QR-kod till sidan som svarar på om den här versionen gäller.",
    ]
