"""What the editor's text becomes: only what pages and PDFs can show, in one form, in linear time, whatever it was."""

import contextlib
import re
from html.parser import HTMLParser

import nh3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jarfalla import rich_text
from tests.timing import processor_seconds

VOID = {"br"}
TABLE = '<table><thead><tr><th scope="col">Vem</th></tr></thead><tbody><tr><td>Rektor</td></tr></tbody></table>'
A_ROW_IN_A_LIST = "<ol><li><p>a</p><p>ensam</p><p>rad</p></li><li>b</li></ol>"
A_TABLE_IN_A_TABLE = (
    '<table><thead><tr><th scope="col">A</th></tr></thead><tbody><tr><td><ul><li><p>x</p><p>Vem</p><p>Rektor</p></li>'
    "</ul></td></tr></tbody></table>"
)
# What hostile and ordinary texts are put together from.
PIECES = [
    *(
        "<p>",
        "</p>",
        "<b>",
        "</b>",
        "<i>",
        "</i>",
        "<strong>",
        "</em>",
        "<h1>",
        "</h1>",
        "<h3>",
        "<h6>",
        "</h6>",
        "<br>",
    ),
    *("<ul>", "</ul>", "<ol>", "</ol>", "<li>", "</li>", "<div>", "</div>", "<span style='x:y'>", "</span>", "<o:p>"),
    *("<table>", "</table>", "<tr>", "</tr>", "<td>", "<td colspan=3>", "<td rowspan='2'>", "</td>", "<th>", "<thead>"),
    *("<tbody>", "<caption>", "</caption>", "<blockquote>", "<hr>", "<pre>", "</pre>", "<dl><dt>", "<dd>"),
    *("<a href='https://a.se/?q=1&b=ö\"'>", "<a href=javascript:alert(1)>", "<a href='mailto:a@b.se'>", "</a>"),
    *(
        "<a name=x>",
        "<a href='http://['>",
        "<a href=www.bris.se>",
        "<a href=' java\tscript:x'>",
        '<a href="tel:070 1">',
    ),
    *("<script>alert(1)</script>", "<script>", "<style>p{}</style>", "<svg onload=x>", "<math><mtext><table><mglyph>"),
    *(
        "<img src=x onerror=alert(1)>",
        "<!--",
        "-->",
        "<!doctype html>",
        "<![CDATA[",
        "]]>",
        "<?xml?>",
        "<iframe src=x>",
    ),
    *("&amp;", "&lt;", "&lt;script&gt;", "&#0;", "&#99999999999;", "&#xD800;", "&nbsp;", "&", "<", ">", '"', "'", "\\"),
    *("ord", "Å ä ö", " ", "\n", "\n\n", "\t", "\x0b", "\x00", "\xa0", "\ud800", "\u2028", "é", "a < b", "1 > 0", "🙂"),
]
soup = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=40).map("".join)


class Outline(HTMLParser):
    """The tags of a text, checked as they come."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.depth = 0
        self.rows: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in rich_text.TAGS
        for name, value in attrs:
            assert (tag, name) in {("a", "href"), ("th", "scope")}
            assert name != "scope" or value == "col"
            assert name != "href" or (value or "").split(":")[0].lower() in rich_text.SCHEMES
        parent = self.open[-1] if self.open else ""
        allowed = {
            "li": {"ul", "ol"},
            "thead": {"table"},
            "tbody": {"table"},
            "tr": {"thead", "tbody"},
            "th": {"tr"},
            "td": {"tr"},
            "h3": {""},
            "table": {""},
            "p": {"", "li", "td"},
            "ul": {"", "li", "td"},
            "ol": {"", "li", "td"},
        }
        assert tag not in allowed or parent in allowed[tag], (tag, parent)
        if tag == "tr":
            self.rows.append(0)
        if tag in ("td", "th"):
            self.rows[-1] += 1
            assert ("thead" in self.open) == (tag == "th")
        if tag == "table":
            self.rows = []
        if tag not in VOID:
            self.open.append(tag)
            lists = [name for name in self.open if name in ("ul", "ol")]
            assert len(lists) <= rich_text.DEEPEST_LIST
            assert self.open.count(tag) == 1 or tag in ("ul", "ol", "li")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag == "table":
            assert len(set(self.rows)) == 1
            assert len(self.rows) > 1
            assert self.rows[0] <= rich_text.MOST_COLUMNS


def assert_normal(html: str) -> None:
    """Allowed tags and attributes only, properly nested, nothing empty but cells, and browsers read it so."""
    outline = Outline()
    outline.feed(html)
    outline.close()
    assert not outline.open
    assert not re.search(r"<(p|h3|ul|ol|li|table|a|strong|em|tbody|thead|tr)(?: [^>]*)?>(\s|&nbsp;|<br>)*</\1>", html)
    assert nh3.clean(html, tags=rich_text.TAGS, attributes={"a": {"href"}, "th": {"scope"}}, link_rel=None) == html


@settings(max_examples=400)
@given(soup)
def test_whatever_comes_in_only_what_is_allowed_comes_out_and_cleaning_twice_changes_nothing(html: str) -> None:
    cleaned = rich_text.clean(html)
    assert_normal(cleaned)
    assert rich_text.clean(cleaned) == cleaned
    assert rich_text.safe(cleaned) == cleaned
    assert rich_text.clean(rich_text.with_line_breaks(cleaned)) == cleaned


@settings(max_examples=200)
@given(soup)
def test_the_blocks_are_the_text(html: str) -> None:
    cleaned = rich_text.clean(html)
    blocks = [
        block if isinstance(block, str) else f"<{block[0]}>{''.join(block[1])}</{block[0]}>"
        for block in rich_text.blocks(cleaned)
    ]
    assert "".join(blocks) == cleaned


# The words of a text without markup of its own.
words = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"], exclude_characters="<>&"), min_size=1)


@settings(max_examples=200)
@given(st.lists(words, min_size=1, max_size=12), st.data())
def test_no_word_is_lost(texts: list[str], data: st.DataObject) -> None:
    tags = [
        piece
        for piece in PIECES
        if re.fullmatch(r"</?(p|b|i|h\d|ul|ol|li|div|table|tr|td|th|span.*|blockquote)>", piece)
    ]
    html = "".join(text + "".join(data.draw(st.lists(st.sampled_from(tags), max_size=4))) for text in texts)
    kept = re.sub(r"\s", "", rich_text.to_plain(rich_text.clean(html)))
    assert kept == re.sub(r"\s", "", "".join(texts))


@settings(max_examples=200)
@given(st.text(max_size=300))
def test_plain_text_comes_back_as_it_was(text: str) -> None:
    html = rich_text.from_plain(text)
    assert_normal(html)
    assert rich_text.clean(html) == html


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("", ""),
        ("<p></p><p> &nbsp;<br></p>", ""),
        ("hej\npå rad\n\nnytt stycke", "<p>hej<br>på rad</p><p>nytt stycke</p>"),
        ("<div>a</div><div>b</div>", "<p>a</p><p>b</p>"),
        ("<h1>Rubrik</h1>\n<h5>Under</h5>", "<h3>Rubrik</h3><h3>Under</h3>"),
        ("<p>a<br><br>b<br></p>", "<p>a</p><p>b</p>"),
        ("<b>fet <i>båda</b> kursiv</i>", "<p><strong>fet <em>båda</em></strong><em> kursiv</em></p>"),
        ("<p><strong>a</strong><b> b</b></p>", "<p><strong>a b</strong></p>"),
        (
            "<ul><li><p>ett</p></li><li>två<ul><li>inne</ul></ul>",
            "<ul><li>ett</li><li>två<ul><li>inne</li></ul></li></ul>",
        ),
        ("<li>lös</li>", "<ul><li>lös</li></ul>"),
        ("<ul><li>a</ul><ul><li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("<ol><li>a</ol><ol><li>b</ol>", "<ol><li>a</li></ol><ol><li>b</li></ol>"),
        ("<ul>" * 9 + "<li>djup" + "</ul>" * 9 + "<p>ut</p>", "<ul><li>djup</li></ul><p>ut</p>"),
        ("<a href='www.bris.se'>Bris</a>", '<p><a href="https://www.bris.se">Bris</a></p>'),
        ("<a href='namn@kommun.se'>skriv</a>", '<p><a href="mailto:namn@kommun.se">skriv</a></p>'),
        ("<a href='javascript:alert(1)'>x</a><a href='/rutiner/'>y</a>", "<p>xy</p>"),
        ("<a href='data:text/html,x'>x</a><a href='//evil.se'>y</a>", "<p>xy</p>"),
        ("<a href='https://'>tom</a>", "<p>tom</p>"),
        ("<table><tr><td>ensam<td>rad</table>", "<p>ensam</p><p>rad</p>"),
        (
            "<table><caption>Om</caption><tr><td>A<td>B<tr><td colspan=2>ab<tr><td>a</table>",
            '<p>Om</p><table><thead><tr><th scope="col">A</th><th scope="col">B</th></tr></thead><tbody><tr><td>ab</td>'
            "<td></td></tr><tr><td>a</td><td></td></tr></tbody></table>",
        ),
        (
            "<table><tr><th>A<th>B<tr><td rowspan=2>över<td>b<tr><td>c</table>",
            '<table><thead><tr><th scope="col">A</th><th scope="col">B</th></tr></thead><tbody><tr><td>över</td>'
            "<td>b</td></tr><tr><td></td><td>c</td></tr></tbody></table>",
        ),
        (
            "<table><tr><td>A<tr><td><table><tr><td>i<td>j</table></table>",
            '<table><thead><tr><th scope="col">A</th></tr></thead><tbody><tr><td><p>i</p><p>j</p></td></tr>'
            "</tbody></table>",
        ),
        (
            f"<ol><li>före{TABLE}efter</li><li>sist</li></ol>",
            f"<ol><li>före</li></ol>{TABLE}<ol><li>efter</li><li>sist</li></ol>",
        ),
        (f"<ul><li>{TABLE}</li></ul>", TABLE),
        (f"<ul>{TABLE}<li>a</li></ul>", f"{TABLE}<ul><li>a</li></ul>"),
        (
            f"<ul><li>A<ul><li>a</li><li>b{TABLE}</li><li>c</li></ul></li><li>B</li></ul>",
            f"<ul><li>A<ul><li>a</li><li>b</li></ul></li></ul>{TABLE}<ul><li>c</li><li>B</li></ul>",
        ),
        ("<ol><li>a<table><tr><td>ensam<td>rad</table></li><li>b</ol>", A_ROW_IN_A_LIST),
        (f"<table><tr><td>A<tr><td><ul><li>x{TABLE}</ul></table>", A_TABLE_IN_A_TABLE),
        ("a<script>alert('<p>x</p>')</script>b<style>p{}</style>", "<p>ab</p>"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("5 < 6 && 7 > 6", "<p>5 &lt; 6 &amp;&amp; 7 &gt; 6</p>"),
        ("<img src=x onerror=alert(1)><p onclick=x style='color:red' class=y>text</p>", "<p>text</p>"),
    ],
)
def test_normal_form(given_: str, expected: str) -> None:
    assert rich_text.clean(given_) == expected


def test_words_that_tags_split_are_whole_to_a_reader() -> None:
    assert (
        rich_text.to_plain("<p>8507<strong>09</strong>-9805</p><ul><li>a<ul><li>b</li></ul></li></ul>")
        == "850709-9805\na\nb"
    )


def test_more_than_anybody_writes_is_refused_before_it_is_read() -> None:
    with pytest.raises(rich_text.TooMuch):
        rich_text.clean("a" * (rich_text.LONGEST + 1))
    with pytest.raises(rich_text.TooMuch):  # and what would grow beyond it
        rich_text.clean("<table>" + "<tr><td>" * 24_000 + "<td>" * 12 + "x</table>")


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "<div>",
            "<b>",
            "<b><p>x",
            "<ul><li>",
            "<li>x",
            "<table><tr><td>",
            "<td>a",
            "<tr><td>",
            "&amp;",
            "<",
            "<a",
            "<!--",
        ),
        *(
            '<a "',
            "<a ''",
            "<a href=\"<a '",
            "<script>",
            "</ul>",
            "&#9",
            "\xa0",
            " ",
            "<br>",
            "<ol><ul>",
            "<p>a",
            "<i><b>",
        ),
        *(
            "<a href=http://a.se>x",
            "<h1><table>",
            "<caption>x",
            "<td colspan=9>x",
            "<td rowspan=999>x",
            "</p>",
            "<p/x=",
            "\n",
        ),
    ],
)
def test_takes_linear_time(piece: str) -> None:
    def seconds(length: int) -> float:
        prefix = "<table>" if piece.startswith(("<td", "<tr", "<cap")) else ""
        html = (prefix + piece * length)[:length]

        def clean() -> None:
            with contextlib.suppress(rich_text.TooMuch):
                rich_text.clean(html)

        return processor_seconds(clean, times=3)

    small, large = seconds(20_000), seconds(200_000)
    # Ten times the text, and far below the hundred times of quadratic time. Small ones are lost in the clock's grain.
    assert large < 30 * max(small, 0.01), f"{small:.3f} s, then {large:.3f} s"
