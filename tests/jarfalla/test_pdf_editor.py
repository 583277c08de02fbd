"""What people write in the editor, all the way to paper: hostile or only odd, it is harmless and keeps both rules."""

import random
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pytest

from jarfalla import rich_text
from tests.jarfalla.pdf_reading import joined, spoken, written
from tests.jarfalla.pdfs import render, routine, section, text_of
from tests.timing import processor_seconds
from tests.verapdf import failures

# What a normal text is made of, and what Word, web pages and enemies paste.
OPEN = ["<p>", "<h1>", "<h2>", "<h3>", "<ul>", "<ol>", "<li>", "<table>", "<thead>", "<tbody>", "<tr>", "<th>", "<td>"]
OPEN += ["<strong>", "<em>", "<a href='https://a.se/ö?b=c&d'>", "<a href='tel:112'>", "<div>", "<span>", "<blockquote>"]
OPEN += ["<td colspan='3'>", "<th rowspan=9>", "<li><p>", "<li><table>", "<td><ul><li>", "<caption>", "<o:p>", "<br>"]
CLOSE = [
    "</p>",
    "</h3>",
    "</ul>",
    "</ol>",
    "</li>",
    "</table>",
    "</tr>",
    "</td>",
    "</th>",
    "</strong>",
    "</em>",
    "</a>",
]
WORDS = [
    "Ring 112.",
    "Åäö",
    "hedersrelaterat våld",
    " ",
    "&nbsp;",
    "&lt;b&gt;",
    "\n",
    "\x0b",
    "&#11;",
    "x" * 90,
    "☐",
    "→",
]
TEXTS = 30


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server that nobody may call."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def test_odd_texts_are_pdf_ua_1_and_pdf_a_2a_and_read_in_order(tmp_path: Path) -> None:
    """Tag soup, normalised, in a PDF each time; a failure names its seed."""
    paths, misread = [], []
    for seed in range(TEXTS):
        chance = random.Random(seed)
        soup = "".join(chance.choice(chance.choice((OPEN, CLOSE, WORDS))) for _piece in range(chance.randrange(5, 160)))
        rendered = render(routine([section(f"Frö {seed}", html=rich_text.clean(soup))]))
        paths.append(tmp_path / f"{seed}.pdf")
        paths[-1].write_bytes(rendered.pdf)
        html = written(rendered.html)
        misread += [seed] if joined(spoken(rendered.pdf), html) != html else []

    assert misread == []
    assert failures(paths) == []


def test_hostile_paste_fetches_nothing_and_is_harmless(listener: socket.socket, tmp_path: Path) -> None:
    there = f"http://127.0.0.1:{listener.getsockname()[1]}"
    hostile = (
        f"<p>Före</p><script src='{there}/a.js'>alert(1)</script><img src='{there}/a.png' onerror=alert(2)>"
        f"<img src='file:///etc/passwd'><link rel=stylesheet href='{there}/a.css'>"
        "<link rel=attachment href=/etc/passwd>"
        f"<style>@import url({there}/b.css); p {{ background: url({there}/c.png) }}</style>"
        f"<p style=\"background:url('{there}/d.png')\">Mitt</p><svg><image href='{there}/e.png'/></svg>"
        f"<object data='{there}/f'></object><embed src='{there}/g'><iframe src='{there}/h'></iframe>"
        f"<base href='{there}/'><a href='javascript:alert(3)'>länk</a><a href='file:///etc/passwd'>fil</a>"
        f"<table background='{there}/i.png'><tr><td>Cell</td></tr></table><meta http-equiv=refresh content='0;{there}'>"
        "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(4)&gt;'>"
        "<p>Efter</p>"
    )
    rendered = render(routine([section("Fientligt", html=rich_text.clean(hostile))]))
    path = tmp_path / "hostile.pdf"
    path.write_bytes(rendered.pdf)

    with pytest.raises(BlockingIOError):
        listener.accept()
    assert not re.search(
        r"<(script|img|style|image|object|embed|iframe|base|math|link rel=attachment)\b", rendered.html
    )
    assert there not in rendered.html
    assert "passwd" not in rendered.html
    assert all(word in text_of(rendered.pdf) for word in ("Före", "Mitt", "Cell"))
    assert "/EmbeddedFiles" not in pikepdf.open(path).Root.get("/Names", {})
    assert failures([path]) == []


def test_five_megabytes_are_refused_at_once() -> None:
    def refused() -> None:
        for paste in ("<p>a</p>" * 650_000, "<div>" * 1_000_000, "x" * 5_000_000, "<" * 5_000_000):
            with pytest.raises(rich_text.TooMuch):
                rich_text.clean(paste)

    assert processor_seconds(refused) < 1


@pytest.mark.parametrize("tag", ["ul><li", "ol><li", "table><tr><td", "blockquote", "div", "strong"])
def test_deep_nesting_becomes_a_pdf(tag: str, tmp_path: Path) -> None:
    deep = "".join(f"<{tag}>" for _level in range(5_000)) + "Längst in"
    path = tmp_path / "deep.pdf"
    rendered = render(routine([section("Djupt", html=rich_text.clean(deep))]))
    path.write_bytes(rendered.pdf)

    assert "Längst in" in text_of(rendered.pdf)
    assert failures([path]) == []
