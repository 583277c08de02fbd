"""Two texts side by side, with what is only in one of them marked: `<del>` to the left, `<ins>` to the right.

Each side keeps its own headings, lists and tables exactly: only pieces of text are wrapped. The marks say in words too
what they are, for those who do not see them. Imports no app.

Why not lxml.html.diff: it writes one text with both in it, and invents structure where two structures meet.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import lxml.html
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from lxml.html import HtmlElement

from jarfalla import rich_text

_BLOCKS = {"p", "h3", "li", "th", "td"}
_PIECES = re.compile(r"\s+|[^\s]+")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
# So many comparisons of words are made; what would take more is marked as a whole, and the page comes in time.
_MOST_COMPARISONS = 4_000_000
# A few words that happen to be the same between two changes only make the marks hard to read.
_FEW_WORDS = 2


def side_by_side(old_html: str, new_html: str) -> tuple[SafeString, SafeString]:
    """Both texts, sanitised: the old one with what is gone marked, the new one with what has come marked."""
    old, new = _Side(old_html), _Side(new_html)
    for old_words, new_words in _changed_parts(old.blocks, new.blocks):
        _mark_changed(old_words, new_words)
    return (
        old.marked("del", _("borttaget:"), _("slut på borttaget")),
        new.marked("ins", _("tillagt:"), _("slut på tillagt")),
    )


def lines_side_by_side(old: Iterable[str], new: Iterable[str]) -> tuple[SafeString, SafeString]:
    """Plain lines, such as the points of a checklist, as two lists."""
    return side_by_side(as_list(old), as_list(new))


def text_side_by_side(old: str, new: str) -> tuple[SafeString, SafeString]:
    """Plain text, such as a title or a number, as paragraphs."""
    return side_by_side(rich_text.from_plain(old), rich_text.from_plain(new))


def as_list(lines: Iterable[str]) -> str:
    """Plain lines as an HTML list; "" for none."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""


@dataclass(eq=False)
class _Word:
    """A word, what it means besides its letters (its block, link and weight), and whether it differs."""

    means: tuple[str, ...]
    is_changed: bool = False


@dataclass
class _Piece:
    """A text of the tree: `element`'s own, or the tail that follows it; cut in words and the spaces between."""

    element: HtmlElement
    is_tail: bool
    parts: list[tuple[str, _Word | None]]


class _Side:
    """One of the two texts, as a tree, its words in order, and its blocks of words."""

    def __init__(self, html: str) -> None:
        cleaned = _UNPRINTABLE.sub("", rich_text.clean(html))
        self.tree: HtmlElement = lxml.html.fragment_fromstring(cleaned, create_parent="div")
        self.pieces: list[_Piece] = []
        self.blocks: list[list[_Word]] = [[]]
        for element, is_tail, text, around in _texts(self.tree):
            if not is_tail and element.tag in _BLOCKS:
                self.blocks.append([])
            if text:
                self._cut(element, is_tail, text, around)

    def _cut(self, element: HtmlElement, is_tail: bool, text: str, around: tuple[str, ...]) -> None:
        parts: list[tuple[str, _Word | None]] = []
        for piece in _PIECES.findall(text):
            word = None if piece.isspace() else _Word((piece, *around))
            parts.append((piece, word))
            if word:
                self.blocks[-1].append(word)
        self.pieces.append(_Piece(element, is_tail, parts))

    def marked(self, tag: str, before: str, after: str) -> SafeString:
        """The text as HTML, each run of changed words in `tag`."""
        for piece in reversed(self.pieces):
            plain, marks = _runs(piece.parts)
            if marks:
                _put(piece, plain, [_mark(tag, text, before, after, tail) for text, tail in marks])
        inside = escape(self.tree.text or "") + "".join(
            lxml.html.tostring(child, encoding="unicode") for child in self.tree
        )
        return mark_safe(inside)  # noqa: S308  cleaned on the way in, and written by lxml, which escapes


def _texts(tree: HtmlElement) -> Iterator[tuple[HtmlElement, bool, str, tuple[str, ...]]]:
    """Each text in reading order, with what stands around it: its block, its link, bold, italic."""
    stack: list[tuple[HtmlElement, bool, dict[str, str]]] = [(tree, False, {})]
    while stack:
        element, is_tail, around = stack.pop()
        if is_tail:
            yield element, True, element.tail or "", tuple(sorted(around.values()))
            continue
        inside = {**around, **_adds(element)}
        yield element, False, element.text or "", tuple(sorted(inside.values()))
        for child in reversed(list(element)):
            stack += [(child, True, inside), (child, False, inside)]


def _adds(element: HtmlElement) -> dict[str, str]:
    """What an element says about the words in it."""
    if element.tag == "a":
        return {"link": f"a {element.get('href', '')}"}
    if element.tag in ("strong", "em"):
        return {element.tag: element.tag}
    return {"block": str(element.tag)} if element.tag in _BLOCKS else {}


def _changed_parts(old: Sequence[list[_Word]], new: Sequence[list[_Word]]) -> Iterator[tuple[list[_Word], list[_Word]]]:
    """The words of the blocks that are not the same in both, part by part."""
    for tag, i1, i2, j1, j2 in _compared([_means(block) for block in old], [_means(block) for block in new]):
        if tag != "equal":
            yield [word for block in old[i1:i2] for word in block], [word for block in new[j1:j2] for word in block]


def _means(words: Iterable[_Word]) -> tuple[tuple[str, ...], ...]:
    return tuple(word.means for word in words)


def _compared(old: Sequence[object], new: Sequence[object]) -> list[tuple[str, int, int, int, int]]:
    """difflib's opcodes; the middle as one change where comparing it would take too long."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    old_end, new_end = len(old) - end, len(new) - end
    middle = [("replace", start, old_end, start, new_end)]
    if (old_end - start) * (new_end - start) <= _MOST_COMPARISONS:
        matcher = SequenceMatcher(None, old[start:old_end], new[start:new_end], autojunk=False)
        middle = [
            (tag, start + i1, start + i2, start + j1, start + j2) for tag, i1, i2, j1, j2 in matcher.get_opcodes()
        ]
    return [("equal", 0, start, 0, start), *middle, ("equal", old_end, len(old), new_end, len(new))]


def _mark_changed(old: Sequence[_Word], new: Sequence[_Word]) -> None:
    """Note on each word whether it is only here."""
    codes = _compared(_means(old), _means(new))
    sizes = [0 if tag == "equal" else max(i2 - i1, j2 - j1) for tag, i1, i2, j1, j2 in codes]
    for place, (tag, i1, i2, j1, j2) in enumerate(codes):
        around = min(sizes[place - 1 : place] + sizes[place + 1 : place + 2]) if 0 < place < len(codes) - 1 else 0
        if tag == "equal" and not (i2 - i1 <= _FEW_WORDS <= around):
            continue
        for word in (*old[i1:i2], *new[j1:j2]):
            word.is_changed = True


def _runs(parts: Sequence[tuple[str, _Word | None]]) -> tuple[str, list[tuple[str, str]]]:
    """The text before the first mark, then each marked text with the unmarked one that follows it."""
    plain, marks = "", list[tuple[str, str]]()
    for text, word in parts:
        if word is not None and word.is_changed:
            if marks and (not marks[-1][1] or marks[-1][1].isspace()):
                marks[-1] = (marks[-1][0] + marks[-1][1] + text, "")
            else:
                marks.append((text, ""))
        elif marks:
            marks[-1] = (marks[-1][0], marks[-1][1] + text)
        else:
            plain += text
    return plain, marks


def _mark(tag: str, text: str, before: str, after: str, tail: str) -> HtmlElement:
    """A marked text, with the words for those who do not see the mark."""
    mark: HtmlElement = lxml.html.Element(tag)
    start, end = (lxml.html.Element("span", {"class": "visually-hidden"}) for _side in range(2))
    start.text, start.tail, end.text = f"[{before} ", text, f" {after}]"
    mark.append(start)
    mark.append(end)
    mark.tail = tail
    return mark


def _put(piece: _Piece, plain: str, marks: Sequence[HtmlElement]) -> None:
    """Put the marks where the text was."""
    if piece.is_tail:
        parent = piece.element.getparent()
        place = parent.index(piece.element) + 1
        piece.element.tail = plain
    else:
        parent, place = piece.element, 0
        piece.element.text = plain
    for number, mark in enumerate(marks):
        parent.insert(place + number, mark)
