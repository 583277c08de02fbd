"""Two people's changes of one text, put together. Imports no app.

A text is a row of blocks: paragraphs, headings, the items of a list, whole tables; or lines. A block that one of the
two has changed, added or taken away is taken from that one. Where both have changed the same block differently, both
wordings are kept, one after the other, and listed as a clash: whoever reads it next decides. Nothing that anybody
wrote is ever left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import NamedTuple, TypeVar

from jarfalla import rich_text

T = TypeVar("T")

# Looking for what two texts have in common takes time by the product of their lengths: beyond this, what differs
# between them is one change.
_MOST_COMPARED = 400_000


class Clash(NamedTuple):
    """The same block in two wordings, as HTML or lines; "" where one of the two took it away."""

    mine: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Merged:
    """The text with both's changes, and where they changed the same."""

    text: str
    clashes: list[Clash] = field(default_factory=list)


class _Edit(NamedTuple):
    """The blocks from `start` to `end` of the base become `new`."""

    start: int
    end: int
    new: list[str]


def merge_html(base: str, *, mine: str, theirs: str) -> Merged:
    """Three cleaned HTML texts (jarfalla/rich_text): what both started from, and what each made of it."""
    blocks, clashes = _merge(*(_pieces(html) for html in (base, mine, theirs)))
    return Merged(_whole(blocks), [Clash(_whole(mine), _whole(theirs)) for mine, theirs in clashes])


def merge_lines(base: str, *, mine: str, theirs: str) -> Merged:
    """Three texts of lines."""
    lines, clashes = _merge(*(text.split("\n") if text else [] for text in (base, mine, theirs)))
    return Merged("\n".join(lines), [Clash("\n".join(mine), "\n".join(theirs)) for mine, theirs in clashes])


def merge_sets(base: Iterable[T], *, mine: Iterable[T], theirs: Iterable[T]) -> set[T]:
    """What both have, what one of them has added, and nothing that one of them has taken away."""
    had, mine, theirs = set(base), set(mine), set(theirs)
    return (mine & theirs) | ((mine | theirs) - had)


def _pieces(html: str) -> list[str]:
    """The blocks of the text; each item of a list is one, and says whether it goes on with the list before it."""
    pieces: list[str] = []
    for block in rich_text.blocks(html):
        if isinstance(block, str):
            pieces.append(block)
        else:
            tag, items = block
            pieces += [f"{'+' if number else ''}<{tag}>{item}</{tag}>" for number, item in enumerate(items)]
    return pieces


def _whole(pieces: Sequence[str]) -> str:
    """The text that the blocks make, lists put together again."""
    html = ""
    for piece in pieces:
        tag = piece[2:4]
        if piece.startswith("+") and html.endswith(f"</{tag}>"):
            html = html.removesuffix(f"</{tag}>") + piece.removeprefix(f"+<{tag}>")
        else:
            html += piece.removeprefix("+")
    return rich_text.clean(html)


def _merge(base: list[str], mine: list[str], theirs: list[str]) -> tuple[list[str], list[tuple[list[str], list[str]]]]:
    """The merged blocks, and the pairs that clash."""
    if theirs in (mine, base):
        return mine, []
    if mine == base:
        return theirs, []
    merged: list[str] = []
    clashes = []
    at = 0
    for start, end, my_new, their_new in _groups(_edits(base, mine), _edits(base, theirs)):
        merged += base[at:start]
        if my_new is None or their_new is None:
            merged += (my_new or []) + (their_new or [])
        else:
            merged += _both(my_new, their_new)
            if start < end and my_new != their_new:
                clashes.append((my_new, their_new))
        at = end
    return merged + base[at:], clashes


def _edits(base: list[str], new: list[str]) -> list[_Edit]:
    """What was changed, in order. Blocks that were replaced by as many are taken one by one."""
    edits: list[_Edit] = []
    for start, end, new_start, new_end in _differences(base, new):
        if end - start == new_end - new_start:
            pairs = zip(range(start, end), range(new_start, new_end), strict=True)
            edits += [_Edit(old, old + 1, [new[place]]) for old, place in pairs]
        else:
            edits.append(_Edit(start, end, new[new_start:new_end]))
    return edits


def _differences(old: list[str], new: list[str]) -> list[tuple[int, int, int, int]]:
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    old_end, new_end = len(old) - tail, len(new) - tail
    if (old_end - head) * (new_end - head) > _MOST_COMPARED:
        return [(head, old_end, head, new_end)]
    matcher = SequenceMatcher(None, old[head:old_end], new[head:new_end], autojunk=False)
    return [
        (head + i1, head + i2, head + j1, head + j2) for tag, i1, i2, j1, j2 in matcher.get_opcodes() if tag != "equal"
    ]


def _groups(mine: list[_Edit], theirs: list[_Edit]) -> list[tuple[int, int, list[str] | None, list[str] | None]]:
    """The edits in order, those that touch the same blocks put together: from, to, what each made of it (None: did
    not touch it)."""
    groups: list[tuple[int, int, list[str] | None, list[str] | None]] = []
    edits = sorted(
        [(edit, True) for edit in mine] + [(edit, False) for edit in theirs],
        key=lambda pair: (pair[0].start, pair[0].end),
    )
    for edit, is_mine in edits:
        parts = (list(edit.new), None) if is_mine else (None, list(edit.new))
        if groups and _touch(groups[-1][0], groups[-1][1], edit):
            start, end, *before = groups[-1]
            my_new, their_new = (_sum(was, part) for was, part in zip(before, parts, strict=True))
            groups[-1] = (start, max(end, edit.end), my_new, their_new)
        else:
            groups.append((edit.start, edit.end, *parts))
    return groups


def _touch(start: int, end: int, edit: _Edit) -> bool:
    """Whether an edit and a group share a block, or both only add something in the same place."""
    return edit.start < end or start == end == edit.start == edit.end


def _sum(before: list[str] | None, part: list[str] | None) -> list[str] | None:
    return part if before is None else before + (part or [])


def _both(mine: list[str], theirs: list[str]) -> list[str]:
    """Everything that the two wrote, what is the same once; theirs, which was there first, before mine."""
    both: list[str] = []
    matcher = SequenceMatcher(None, theirs, mine, autojunk=False)
    if len(theirs) * len(mine) > _MOST_COMPARED:
        return theirs + mine
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        both += theirs[i1:i2]
        if tag != "equal":
            both += mine[j1:j2]
    return both
