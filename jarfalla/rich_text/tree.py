"""What a formatted text consists of, and how it is written: one way for each text."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

DEEPEST_LIST = 3
MOST_COLUMNS = 12


class Run(NamedTuple):
    """Some characters that look alike; a line feed is a line break."""

    text: str
    href: str = ""
    strong: bool = False
    em: bool = False


@dataclass(slots=True)
class Paragraph:
    """A paragraph, or a heading."""

    runs: list[Run]
    tag: str = "p"


@dataclass(slots=True)
class ListBlock:
    """A list; each of its items holds paragraphs and lists. A table that is read in one ends it (_list_parts)."""

    tag: str
    items: list[list["Block"]] = field(default_factory=list)


@dataclass(slots=True)
class Cell:
    """What stands in a cell, and over how many columns and rows it goes."""

    blocks: list["Block"] = field(default_factory=list)
    columns: int = 1
    rows: int = 1


@dataclass(slots=True)
class Table:
    """A table; as it is read its rows may have any length. The caption becomes paragraphs above it."""

    rows: list[list[Cell]] = field(default_factory=list)
    caption: list["Block"] = field(default_factory=list)


Block = Paragraph | ListBlock | Table

_BLANK = " \xa0"
_ESCAPES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", 0xA0: "&nbsp;"}


def paragraphs_of(runs: Sequence[Run], tag: str) -> list[Block]:
    """The paragraphs that the runs make: two line breaks end one, and one that shows nothing is left out.

    A heading is one line.
    """
    if tag != "p":
        runs = [run._replace(text=run.text.replace("\n", " ")) for run in runs]
    paragraphs: list[list[Run]] = [[]]
    breaks = 0
    for run in _tidied(_joined(_unmarked(_joined(runs)))):
        for piece in re.split(r"(\n)", run.text):
            if piece == "\n":
                breaks += 1
            elif piece:
                if breaks > 1:
                    paragraphs.append([])
                elif breaks and paragraphs[-1]:
                    paragraphs[-1].append(Run("\n"))
                breaks = 0
                paragraphs[-1].append(run._replace(text=piece))
    return [Paragraph(_joined(some), tag) for some in paragraphs if some]


def _joined(runs: Sequence[Run]) -> list[Run]:
    """Neighbours that look alike as one."""
    groups = groupby((run for run in runs if run.text), key=lambda run: run[1:])
    return [Run("".join(run.text for run in some), *look) for look, some in groups]


def _unmarked(runs: Sequence[Run]) -> list[Run]:
    """The runs; those of spaces and breaks alone are neither bold nor links, which nobody could see."""
    return [run if run.text.strip(_BLANK + "\n") else Run(run.text) for run in runs]


def _tidied(runs: Sequence[Run]) -> Iterator[Run]:
    """The runs with one space where there are several, and none at a line break or at the ends."""
    forwards: list[Run] = []
    before = "\n"
    for run in runs:
        lines = re.sub(" +", " ", run.text).split("\n")
        text = "\n".join(
            line.strip(_BLANK) if 0 < at < len(lines) - 1 else line.lstrip(_BLANK) if at else line
            for at, line in enumerate(lines)
        )
        text = text.lstrip(_BLANK if before == "\n" else " " if before == " " else "")
        if text:
            before = text[-1]
            forwards.append(run._replace(text=text))
    backwards: list[Run] = []
    after = "\n"
    for run in reversed(forwards):
        first, mark, rest = run.text.partition("\n")
        text = first.rstrip(_BLANK) + mark + rest if mark else first
        text = text.rstrip(_BLANK) if after == "\n" else text
        if text:
            after = text[0]
            backwards.append(run._replace(text=text))
    return reversed(backwards)


def blocks_html(blocks: Sequence[Block]) -> str:
    """The blocks as HTML, without those that show nothing."""
    return "".join(_block_html(block) for block in whole(blocks))


def whole(blocks: Sequence[Block]) -> list[Block]:
    """The blocks that show something, in their normal form. Bulleted lists that follow upon each other are one."""
    kept: list[Block] = []
    for block in blocks:
        for part in _parts(block):
            last = kept[-1] if kept else None
            if isinstance(part, ListBlock) and isinstance(last, ListBlock) and part.tag == last.tag == "ul":
                last.items += part.items
            else:
                kept.append(part)
    return kept


def _parts(block: Block) -> list[Block]:
    if isinstance(block, ListBlock):
        return _list_parts(block)
    return _table_parts(block) if isinstance(block, Table) else [block]


def _list_parts(block: ListBlock) -> list[Block]:
    """The list; where a table stands in it, a list before the table and one after: no table can be printed in an item,
    and whoever pasted it there wants it as a table."""
    parts: list[Block] = []
    items: list[list[Block]] = []
    for raw in block.items:
        item: list[Block] = []
        for part in whole(raw):
            if isinstance(part, Table):
                parts += [*_listed(block.tag, items + _items(item)), part]
                items, item = [], []
            else:
                item.append(part)
        items += _items(item)
    return parts + _listed(block.tag, items)


def _listed(tag: str, items: list[list[Block]]) -> list[Block]:
    return [ListBlock(tag, items)] if items else []


def _items(blocks: list[Block]) -> list[list[Block]]:
    """An item; a list that stands before its words gives its own items the place."""
    items: list[list[Block]] = []
    for at, block in enumerate(blocks):
        if not isinstance(block, ListBlock):
            return [*items, blocks[at:]]
        items += block.items
    return items


def _table_parts(table: Table) -> list[Block]:
    """The table with rows of one length; one of a single row, or without words, is what stands in its cells."""
    above = whole(table.caption)
    rows = [[Cell(whole(cell)) for cell in row] for row in _grid(table.rows)]
    if len(rows) > 1 and any(cell.blocks for row in rows for cell in row):
        return [*above, Table(rows)]
    return above + [block for row in rows for cell in row for block in cell.blocks]


def _grid(rows: Sequence[Sequence[Cell]]) -> list[list[list[Block]]]:
    """What stands in each cell, all rows equally long: a cell over several columns or rows leaves empty ones."""
    grid: list[list[list[Block]]] = []
    below = [0] * MOST_COLUMNS  # in how many more rows a cell from above takes the column
    for cells in rows:
        row: list[list[Block]] = []
        for cell in cells:
            while len(row) < MOST_COLUMNS and below[len(row)]:
                below[len(row)] -= 1
                row.append([])
            if len(row) == MOST_COLUMNS:
                row[-1].extend(cell.blocks)
            for number in range(min(cell.columns, MOST_COLUMNS - len(row))):
                below[len(row)] = cell.rows - 1
                row.append([] if number else list(cell.blocks))
        for column in range(len(row), MOST_COLUMNS):
            below[column] = max(below[column] - 1, 0)
        grid.append(row)
    columns = max((len(row) for row in grid), default=0)
    return [row + [[] for _ in range(columns - len(row))] for row in grid]


def _block_html(block: Block) -> str:
    if isinstance(block, Paragraph):
        return f"<{block.tag}>{_runs_html(block.runs)}</{block.tag}>"
    if isinstance(block, ListBlock):
        return f"<{block.tag}>{''.join(item_html(item) for item in block.items)}</{block.tag}>"
    head = "".join(f'<th scope="col">{_runs_html(_one_text(cell.blocks))}</th>' for cell in block.rows[0])
    rows = ("".join(f"<td>{_content_html(cell.blocks)}</td>" for cell in row) for row in block.rows[1:])
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def item_html(blocks: Sequence[Block]) -> str:
    """An item of a list."""
    return f"<li>{_content_html(blocks)}</li>"


def _content_html(blocks: Sequence[Block]) -> str:
    """What stands in an item or a cell: a first paragraph that no other follows needs no tags."""
    first = blocks[0] if blocks else None
    if isinstance(first, Paragraph) and not any(isinstance(block, Paragraph) for block in blocks[1:]):
        return _runs_html(first.runs) + "".join(_block_html(block) for block in blocks[1:])
    return "".join(_block_html(block) for block in blocks)


def _one_text(blocks: Sequence[Block]) -> list[Run]:
    """All words of a header cell as one text, a line for each paragraph."""
    runs: list[Run] = []
    for block in blocks:
        parts = [block.runs] if isinstance(block, Paragraph) else []
        if isinstance(block, ListBlock):
            parts = [_one_text(item) for item in block.items]
        for part in parts:
            runs += [Run("\n"), *part] if runs else part
    return _joined(runs)


def _runs_html(runs: Sequence[Run]) -> str:
    html = ""
    for href, linked in groupby(runs, key=lambda run: run.href):
        inner = ""
        for strong, thick in groupby(linked, key=lambda run: run.strong):
            texts = (_wrapped("em", run.text.translate(_ESCAPES)) if run.em else _text_html(run.text) for run in thick)
            inner += _wrapped("strong", "".join(texts)) if strong else "".join(texts)
        html += f'<a href="{href.translate(_ESCAPES)}">{inner}</a>' if href else inner
    return html


def _text_html(text: str) -> str:
    return text.translate(_ESCAPES).replace("\n", "<br>")


def _wrapped(tag: str, html: str) -> str:
    return f"<{tag}>{html}</{tag}>"
