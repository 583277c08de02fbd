"""From HTML of any sort to a tree (tree.py), in linear time, whatever it is: nothing here looks twice at a character
more than a fixed number of times, and nothing nests deeper than the tree does.

It reads what browsers, Word and people write, not all that a browser would forgive: what it takes for words comes out
as words. Nothing that it misunderstands can be dangerous, because the tree can hold nothing dangerous.
"""

import re
from dataclasses import dataclass, field
from html import unescape
from typing import Literal

from django.utils.encoding import iri_to_uri

from jarfalla.rich_text.tree import DEEPEST_LIST, MOST_COLUMNS, Block, Cell, ListBlock, Run, Table, paragraphs_of

SCHEMES = {"http", "https", "mailto", "tel"}
_LONGEST_LINK = 2_000
# A tag longer than this is not looked through for quotes.
_LONGEST_TAG = 4_000
_MOST_ROWS = 1_000
_MOST_DIGITS = 4

_NAME = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,30})(?![a-zA-Z0-9])")
# What follows the name; a ">" in quotes does not end it.
_REST = re.compile(r"""(?:[^>"']++|"[^"]*+"|'[^']*+')*+>""")
_ATTRIBUTE = re.compile(r"""(?<![\w-])(href|colspan|rowspan)\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.I)
_HUGE_NUMBER = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{7,});?")
_MAIL = re.compile(r"[^@\s/:?#]+@[^@\s/:?#]+\.[^@\s/:?#]+")

_BOLD, _ITALIC = {"b", "strong"}, {"i", "em"}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_BLOCKS = {
    *("p", "div", "section", "article", "blockquote", "pre", "address", "header", "footer", "main", "aside", "nav"),
    *("figure", "figcaption", "dl", "dt", "dd", "form", "fieldset", "legend", "hr", "details", "summary", "center"),
}
_LISTS = {"ul": "ul", "ol": "ol", "menu": "ul", "dir": "ul"}
_CELLS = {"td", "th"}
# What stands between these is not for reading.
_DROPPED = {
    *("script", "style", "title", "template", "svg", "math", "iframe", "object", "noscript", "textarea", "select"),
    "xml",
}
_Kind = Literal["document", "item", "cell", "caption", "list", "row", "table"]
_CONTENT: tuple[_Kind, ...] = ("document", "item", "cell", "caption")


@dataclass(slots=True)
class _Frame:
    """Something that is open: what holds words has blocks and the runs of the paragraph that it is in."""

    kind: _Kind
    blocks: list[Block] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    listed: ListBlock | None = None
    table: Table | None = None
    row: list[Cell] = field(default_factory=list)
    cell: Cell | None = None
    # Lists inside this one that were too deep to open.
    ignored: int = 0


def read(html: str) -> list[Block]:
    """The blocks of the text."""
    reader = _Reader()
    at, end = 0, len(html)
    unclosed: set[str] = set()
    while at < end:
        start = html.find("<", at)
        if start < 0:
            start = end
        if start > at:
            reader.text(html[at:start])
        if start == end:
            break
        at = _tag(html, start, reader, unclosed)
    return reader.finish()


def _tag(html: str, start: int, reader: "_Reader", unclosed: set[str]) -> int:
    """Read what begins with "<"; return where it ends."""
    if html.startswith("<!--", start):
        return _past(html, "-->", start, unclosed) or _past(html, ">", start, unclosed) or len(html)
    if html.startswith(("<!", "<?"), start):
        return _past(html, ">", start, unclosed) or len(html)
    name = _NAME.match(html, start)
    closed = _past(html, ">", start, unclosed) if name else 0
    if not name or not closed:
        reader.text("<", is_entity=True)
        return start + 1
    rest = _REST.match(html, name.end(), min(len(html), name.end() + _LONGEST_TAG))
    at = rest.end() if rest else closed
    tag = name[2].lower()
    if name[1]:
        reader.end(tag)
    elif tag in _DROPPED:
        return _past(html, f"</{tag}", at, unclosed) or at
    else:
        reader.start(tag, html[name.end() : at])
    return at


def _past(html: str, end: str, start: int, unclosed: set[str]) -> int:
    """Where the next `end` ends; 0 when there is none, which is remembered, so that it is searched for once."""
    if end in unclosed:
        return 0
    if end.startswith("</"):
        found = re.compile(f"{end}[^>]*>", re.IGNORECASE).search(html, start)
        at = found.end() if found else -1
    else:
        at = html.find(end, start) + len(end)
        at = at if at >= len(end) else -1
    if at < 0:
        unclosed.add(end)
        return 0
    return at


class _Reader:
    """Takes tags and text in order and keeps what is open."""

    def __init__(self) -> None:
        self.open = [_Frame("document")]
        self.bold = self.italic = 0
        self.href = ""
        self.heading = "p"
        self.divisions = 0  # blocks of the document that are open: outside them a line feed is a line break
        self.flattened = 0  # tables in tables, whose cells become paragraphs

    # Words

    def text(self, text: str, *, is_entity: bool = False) -> None:
        """Some words."""
        if not is_entity:
            text = unescape(_HUGE_NUMBER.sub("\ufffd", text))
        frame = self.content(text)
        if frame is None:
            return
        is_loose = len(self.open) == 1 and not self.divisions
        if is_loose and frame.runs and frame.runs[-1].text == "\n":
            text = text.removeprefix("\n")
        spaced = re.sub(r"[\t\n\f\r]", " ", text) if not is_loose else re.sub(r"[\t\f\r]", " ", text)
        # Numbers can name what plain() took out.
        spaced = re.sub("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", " ", spaced)
        frame.runs.append(Run(spaced, self.href, bool(self.bold), bool(self.italic)))

    def content(self, text: str) -> _Frame | None:
        """What holds words now; between items and cells a new one is opened for them, but not for spaces."""
        if self.top.kind in _CONTENT:
            return self.top
        if not text.strip():
            return None
        if self.top.kind == "list":
            self.open.append(_Frame("item"))
        else:
            self.open_cell("")
        return self.top

    @property
    def top(self) -> _Frame:
        """What was opened last."""
        return self.open[-1]

    def flush(self) -> None:
        """End the paragraph."""
        frame = self.top
        if frame.runs:
            tag = self.heading if frame.kind == "document" else "p"
            frame.blocks += paragraphs_of(frame.runs, tag)
            frame.runs = []

    # Tags

    def start(self, tag: str, attributes: str) -> None:
        """A tag begins."""
        if tag in _BOLD:
            self.bold += 1
        elif tag in _ITALIC:
            self.italic += 1
        elif tag == "a":
            self.href = _link(_attribute(attributes, "href"))
        elif tag == "br":
            if self.top.kind in _CONTENT:
                self.top.runs.append(Run("\n"))
        elif tag in _HEADINGS or tag in _BLOCKS:
            self.flush()
            self.heading = "h3" if tag in _HEADINGS else "p"
            self.divisions += len(self.open) == 1 and tag != "hr"
        elif tag in _LISTS:
            self.open_list(_LISTS[tag])
        elif tag == "li":
            self.open_item()
        elif tag == "table":
            self.open_table()
        elif tag in ("tr", "caption", *_CELLS):
            self.open_in_table(tag, attributes)

    def end(self, tag: str) -> None:
        """A tag ends."""
        if tag in _BOLD:
            self.bold = max(self.bold - 1, 0)
        elif tag in _ITALIC:
            self.italic = max(self.italic - 1, 0)
        elif tag == "a":
            self.href = ""
        elif tag in _HEADINGS or tag in _BLOCKS:
            self.flush()
            self.heading = "p"
            self.divisions -= bool(self.divisions and len(self.open) == 1)
        elif tag in _LISTS:
            self.end_list()
        elif tag == "li":
            self.close("item", within=("cell", "caption"))
        elif tag == "table" and self.flattened:
            self.flush()
            self.flattened -= 1
        elif tag in ("tr", "table", "caption", *_CELLS):
            if self.flattened:
                self.flush()
            else:
                self.close("cell" if tag in _CELLS else tag)

    # Lists

    def lists(self) -> list[_Frame]:
        """The lists that are open in the present cell, the outermost first."""
        found: list[_Frame] = []
        for frame in reversed(self.open):
            if frame.kind in ("cell", "caption"):
                break
            if frame.kind == "list":
                found.insert(0, frame)
        return found

    def open_list(self, tag: str) -> None:
        lists = self.lists()
        if len(lists) >= DEEPEST_LIST:
            if self.top.kind in _CONTENT:
                self.flush()
            lists[-1].ignored += 1
            return
        if self.top.kind == "list":  # a list straight in a list belongs to the item before it
            items = self.top.listed.items if self.top.listed else []
            self.open.append(_Frame("item", blocks=items.pop() if items else []))
        elif self.top.kind in ("row", "table"):
            self.open_cell("")
        self.flush()
        self.open.append(_Frame("list", listed=ListBlock(tag)))

    def open_item(self) -> None:
        if not self.lists():
            self.open_list("ul")
        while self.top.kind != "list":
            self.pop()
        self.open.append(_Frame("item"))

    def end_list(self) -> None:
        lists = self.lists()
        if lists and lists[-1].ignored:
            lists[-1].ignored -= 1
            if self.top.kind in _CONTENT:
                self.flush()
        else:
            self.close("list", within=("cell", "caption"))

    # Tables

    def open_table(self) -> None:
        if any(frame.kind == "table" for frame in self.open):
            self.flattened += 1
            if self.top.kind in _CONTENT:
                self.flush()
            return
        if self.top.kind == "list":
            self.open.append(_Frame("item"))
        self.flush()
        self.open.append(_Frame("table", table=Table()))

    def open_in_table(self, tag: str, attributes: str) -> None:
        if self.flattened or not any(frame.kind == "table" for frame in self.open):
            if self.top.kind in _CONTENT:
                self.flush()
            return
        if tag in _CELLS:
            self.open_cell(attributes)
            return
        while self.top.kind != "table":
            self.pop()
        self.open.append(_Frame("row" if tag == "tr" else "caption"))

    def open_cell(self, attributes: str) -> None:
        while self.top.kind not in ("row", "table"):
            self.pop()
        if self.top.kind == "table":
            self.open.append(_Frame("row"))
        columns, rows = (_attribute(attributes, name) for name in ("colspan", "rowspan"))
        cell = Cell(columns=_number(columns, MOST_COLUMNS), rows=_number(rows, _MOST_ROWS))
        self.open.append(_Frame("cell", cell=cell))

    # Ends

    def close(self, kind: str, *, within: tuple[_Kind, ...] = ()) -> None:
        """End the innermost of that kind with all that is open in it; nothing when none is open `within` these."""
        for frame in reversed(self.open):
            if frame.kind == {"tr": "row"}.get(kind, kind):
                while self.top is not frame:
                    self.pop()
                self.pop()
                return
            if frame.kind in within:
                return

    def pop(self) -> None:
        """End what was opened last, and put it where it belongs."""
        self.flush()
        frame = self.open.pop()
        below = self.top
        if frame.kind == "item" and below.listed:
            below.listed.items.append(frame.blocks)
        elif frame.kind == "cell" and frame.cell:
            frame.cell.blocks = frame.blocks
            below.row.append(frame.cell)
        elif frame.kind == "row" and below.table:
            below.table.rows.append(frame.row)
        elif frame.kind == "caption" and below.table:
            below.table.caption += frame.blocks
        elif frame.listed:
            below.blocks.append(frame.listed)
        elif frame.table:
            below.blocks.append(frame.table)

    def finish(self) -> list[Block]:
        """The blocks, everything that was left open ended."""
        while len(self.open) > 1:
            self.pop()
        self.flush()
        return self.top.blocks


def _attribute(attributes: str, name: str) -> str:
    for found in _ATTRIBUTE.finditer(attributes[:_LONGEST_TAG]):
        if found[1].lower() == name:
            return unescape(_HUGE_NUMBER.sub("", found[2] or found[3] or found[4] or ""))
    return ""


def _number(text: str, most: int) -> int:
    return min(max(int(text), 1), most) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else 1


def _link(href: str) -> str:
    """The address to keep; "" for none, and for one that leads anywhere but to a page, a mailbox or a telephone."""
    href = re.sub("[\x00-\x1f\x7f-\xa0\u2028\u2029\ud800-\udfff]", "", href).strip()
    if href.lower().startswith("www."):
        href = f"https://{href}"
    elif _MAIL.fullmatch(href):
        href = f"mailto:{href}"
    scheme, _colon, rest = href.partition(":")
    if scheme.lower() not in SCHEMES or not rest.strip("/ "):
        return ""
    if scheme.lower() == "tel":
        href = href.replace(" ", "")
    address = str(iri_to_uri(href))
    return address if len(address) <= _LONGEST_LINK else ""
