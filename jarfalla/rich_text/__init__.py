"""Formatted text: what people write in the editor, cleaned to what pages and PDFs can show. Imports no app.

Headings, lists, links, tables, bold and italic; everything else is taken away, its words kept. What comes out is in
one normal form, so that equal texts are equal strings (jarfalla/merging.py compares them) and every PDF can be PDF/UA
(ISO 14289-1, 7.4 and 7.5): one level of headings (h3, below a section's own h2), tables whose first row is a header
and whose rows are equally long, lists at most DEEPEST_LIST deep, nothing empty.

What is written is read by our own small reader (reading.py), which takes linear time whatever it is given, and written
anew from what it found (tree.py). The last word has nh3, which knows how browsers are fooled.
"""

import re
from html import unescape

import nh3
from django.utils.html import escape, urlize

from jarfalla.rich_text.plain import plain, tidy_plain, tidy_points
from jarfalla.rich_text.reading import SCHEMES, read
from jarfalla.rich_text.tree import DEEPEST_LIST, MOST_COLUMNS, ListBlock, blocks_html, item_html, whole

__all__ = [
    "DEEPEST_LIST",
    "LONGEST",
    "MOST_COLUMNS",
    "SCHEMES",
    "TAGS",
    "TooMuch",
    "blocks",
    "clean",
    "from_plain",
    "links",
    "safe",
    "tidy_plain",
    "tidy_points",
    "to_plain",
    "with_line_breaks",
]

TAGS = {"p", "br", "h3", "ul", "ol", "li", "a", "strong", "em", "table", "thead", "tbody", "tr", "th", "td"}
# Ten times what a section may say: more is refused before it is read.
LONGEST = 200_000
_CLEANER = nh3.Cleaner(
    tags=TAGS,
    attributes={"a": {"href"}},
    tag_attribute_values={"th": {"scope": {"col"}}},
    url_schemes=SCHEMES,
    link_rel=None,
)
_BLOCK_END = re.compile(r"(</(?:p|h3|li|tr|thead|tbody|table|ul|ol)>|<(?:ul|ol|table|thead|tbody|tr)>)(?!$)")


class TooMuch(ValueError):  # noqa: N818  it names what is wrong, as Refused does
    """The text is longer than LONGEST with its tags; nobody writes that, it comes with a paste."""


def clean(html: str) -> str:
    """The same text in its normal form; cleaning twice changes nothing. Takes linear time. Raises TooMuch.

    Lines of text outside any tag become paragraphs, for those who write without the editor.
    """
    if len(html) > LONGEST:
        raise TooMuch
    normal = _normal(html)
    if len(normal) > LONGEST:
        raise TooMuch
    return normal


def safe(html: str) -> str:
    """HTML that was cleaned when it was written, made safe to show once more: fast, and it never refuses."""
    return _CLEANER.clean(html)


def blocks(html: str) -> list[str | tuple[str, list[str]]]:
    """Each block of the cleaned text; a list as its tag and its items."""
    return [
        (block.tag, [item_html(item) for item in block.items]) if isinstance(block, ListBlock) else blocks_html([block])
        for block in whole(read(html))
    ]


def from_plain(text: str) -> str:
    """Plain text as HTML: an empty line ends a paragraph, a line break stays, web addresses become links."""
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n")) if part.strip()]
    return _normal("".join(f"<p>{urlize(escape(part)).replace(chr(10), '<br>')}</p>" for part in paragraphs))


def to_plain(html: str) -> str:
    """The words alone, each block on a line of its own; a tag inside a word does not split it."""
    spaced = re.sub(r"(?i)<(br|/p|/h3|/li|/tr)[^>]*>", "\n", re.sub(r"(?i)</t[hd]>", "\t", html))
    spaced = re.sub(r"(?i)<(?:ul|ol|table)>", "\n", spaced)
    lines = (" ".join(line.split()) for line in unescape(re.sub(r"<[^>]*>", "", spaced)).split("\n"))
    return "\n".join(line for line in lines if line)


def links(html: str) -> list[str]:
    """Where the links of cleaned HTML lead."""
    return [unescape(href) for href in re.findall(r'<a href="([^"]*)"', html)]


def with_line_breaks(html: str) -> str:
    """Cleaned HTML with each block on a line of its own: the same text, easier to read in a textarea."""
    return _BLOCK_END.sub(r"\1\n", html)


def _normal(html: str) -> str:
    normal = _CLEANER.clean(blocks_html(read(plain(html))))
    # nh3 takes away an address that no browser could follow; then the link is none.
    return _CLEANER.clean(blocks_html(read(normal))) if "<a>" in normal else normal
