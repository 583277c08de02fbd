"""What a screen reader reads in a PDF, through its structure tree; and what stands in the HTML that it was made of."""

import re
from collections import defaultdict
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import lxml.html
import pikepdf

# Elements whose words belong together; what is nested in one is read for itself.
BLOCKS = {"H1", "H2", "H3", "P", "LI", "TH", "TD", "Figure"}
# An element, and its words without spaces and hyphens, which change where a line breaks, and without capitals, which
# are the stylesheet's.
Spoken = tuple[str, str]


def spoken(data: bytes) -> list[Spoken]:
    """Every block that is read aloud, in order, with its own words."""
    with pikepdf.open(BytesIO(data)) as document:
        texts = {page.objgen: _texts(page) for page in document.pages}
        found: list[tuple[str, list[str]]] = [("", [])]
        for kid in document.Root.StructTreeRoot.K:
            _listen(kid, texts, found, found[0])
    return [(tag, squeezed("".join(words))) for tag, words in found if tag and squeezed("".join(words))]


def written(html: str) -> list[Spoken]:
    """The same of the HTML."""
    found: list[tuple[str, list[str]]] = [("", [])]
    _read(lxml.html.document_fromstring(html).body, found, found[0])
    return [(tag, squeezed("".join(words))) for tag, words in found if tag and squeezed("".join(words))]


def joined(pieces: list[Spoken], whole: list[Spoken]) -> list[Spoken]:
    """`pieces` with what a page break cut put together again, as far as `whole` says that it was one."""
    result: list[Spoken] = []
    waiting = list(pieces)
    for tag, words in whole:
        said = ""
        while waiting and waiting[0][0] == tag and said != words and words.startswith(said + waiting[0][1]):
            said += waiting.pop(0)[1]
        result.append((tag, said))
    return result + waiting


def squeezed(text: str) -> str:
    """Without spaces, line breaks, hyphens and capitals."""
    return re.sub(r"[\s\u00ad\u2010-]", "", text).lower()


def _listen(kid: Any, texts: dict[Any, dict[int, str]], found: list[Any], block: Any) -> None:
    tag = str(kid.S)[1:]
    if tag == "Lbl":  # the bullet or the number
        return
    if tag in BLOCKS:
        block = (tag, [str(kid.Alt)] if tag == "Figure" else [])
        found.append(block)
    for child in kid.get("/K", []):
        if isinstance(child, pikepdf.Dictionary):
            if "/S" in child:
                _listen(child, texts, found, block)
        elif tag != "Figure":
            block[1].append(texts[kid.Pg.objgen][int(child)])


def _read(element: Any, found: list[Any], block: Any) -> None:
    tag = element.tag.upper() if isinstance(element.tag, str) else ""
    if element.get("class") == "sender" or not tag:
        return
    if tag == "SVG":
        found.append(("Figure", [element.findtext("title")]))
        return
    if tag in BLOCKS:
        block = (tag, [])
        found.append(block)
    block[1].append(element.text or "")
    for child in element:
        _read(child, found, block)
        block[1].append(child.tail or "")


def _texts(page: Any) -> dict[int, str]:
    """The text of each marked piece of a page's content."""
    letters = {name: _letters(font) for name, font in page.Resources.Font.items()}
    texts: dict[int, list[str]] = defaultdict(list)
    marks: list[int | None] = []
    font: dict[int, str] = {}
    for step in pikepdf.parse_content_stream(page):
        operator, operands = str(step.operator), step.operands
        if operator in ("BDC", "BMC"):
            marks.append(int(operands[1].MCID) if operator == "BDC" and "/MCID" in operands[1] else None)
        elif operator == "EMC":
            marks.pop()
        elif operator == "Tf":
            font = letters[str(operands[0])]
        elif operator in ("TJ", "Tj") and marks and marks[-1] is not None:
            parts = operands[0] if operator == "TJ" else operands
            for codes in (bytes(part) for part in parts if isinstance(part, pikepdf.String)):
                pairs = (int.from_bytes(codes[at : at + 2], "big") for at in range(0, len(codes), 2))
                texts[marks[-1]].append("".join(font.get(code, "\ufffd") for code in pairs))
    return defaultdict(str, {mark: "".join(words) for mark, words in texts.items()})


def _letters(font: Any) -> dict[int, str]:
    """What each code of a font means."""
    pairs: Iterator[Any] = re.finditer(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", font.ToUnicode.read_bytes())
    return {int(pair[1], 16): bytes.fromhex(pair[2].decode()).decode("utf-16-be") for pair in pairs}
