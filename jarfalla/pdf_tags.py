"""What WeasyPrint leaves undone in a tagged PDF, put right just before the file is written. Imports no app.

- It marks PDF/A alone; the mark of PDF/UA goes beside it.
- It tags the running heads and feet without putting them in the tree; they become artifacts, which nobody reads aloud.
- What a list item holds is an LBody only when it is bare text, and a list within it comes behind all of it.
- What is bold within a link is a link once more, outside the tree.
- A table that runs over pages becomes one table for each page, with its head each time, and a row that a page break
  cuts is read half by half. Here it becomes one table again: its head once, each cell whole.

The objects are pydyf's, and references are bytes, b"12 0 R".
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pydyf

# PDF/UA's mark, and the schema by which PDF/A allows it. WeasyPrint writes PDF/A's mark alone.
_PDF_UA = b"""<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" pdfuaid:part="1"/>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA Universal Accessibility Schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name>
<pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Indicates, which part of ISO 14289 standard is followed</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>
"""

# Behind every page.
_NOWHERE = (1_000_000, 0)


def finish(document: Any, pdf: "pydyf.PDF") -> None:
    """WeasyPrint's finisher: `document` has been drawn on `pdf`, which is written next."""
    metadata = pdf.objects[_number(pdf.catalog["Metadata"])]
    # A second rdf:RDF would be ignored, so the lines go into WeasyPrint's own. Text in it is escaped, so the end tag
    # stands there once.
    metadata.stream = [part.replace(b"</rdf:RDF>", _PDF_UA + b"</rdf:RDF>") for part in metadata.stream]
    _join_tables(document, pdf)
    root = pdf.objects[_number(pdf.catalog["StructTreeRoot"])]
    read_aloud = _elements_below(pdf, root["K"])
    elements = [pdf.objects[number] for number in sorted(read_aloud)]
    _tidy_lists(pdf, elements)
    for element in elements:
        _drop_link_within_link(pdf, element)
    parents = pdf.objects[_number(root["ParentTree"])]["Nums"]  # page number, its content's elements, page number, …
    for number, page in enumerate(pdf.pages["Kids"][::3]):
        stream = pdf.objects[_number(pdf.objects[page]["Contents"])].stream
        _make_artifacts(stream, parents[2 * number + 1], read_aloud)


# --- Tables over pages -------------------------------------------------------------------------------------


def _join_tables(document: Any, pdf: "pydyf.PDF") -> None:
    """Make each table that runs over pages one again."""
    first: dict[Any, Any] = {}  # each cell of the HTML, and the first that says it in the PDF
    again: dict[int, Any] = {}  # the others that say one of them, by number
    for cell, element in _cells(document):
        if cell in first:
            again[element.number] = first[cell]
        else:
            first[cell] = element
    names = {pdf.objects[number]["ID"].data: kept["ID"] for number, kept in again.items() if "ID" in kept}
    for element in first.values():
        if headers := element["A"].get("Headers"):
            element["A"]["Headers"][:] = [names.get(header.data, header) for header in headers]
    joined = {}
    for number, kept in again.items():
        part, table = (_table_of(pdf, element) for element in (pdf.objects[number], kept))
        if part is not table:
            joined[part.number] = table
    for number, table in joined.items():
        part = pdf.objects[number]
        _move_rows(pdf, part, table, again)
        pdf.objects[_number(part["P"])]["K"].remove(part.reference)


def _cells(document: Any) -> Iterator[tuple[Any, Any]]:
    """Each cell as it stands on a page, in order: the element of the HTML, and its element in the PDF, which
    WeasyPrint keeps on the box."""
    for page in document.pages:
        waiting = [page._page_box]  # the only way to the boxes
        while waiting:
            box = waiting.pop()
            if mark := getattr(box, "mark", None):
                yield box.element, mark
            children = getattr(box, "children", ())
            if not (children and hasattr(children[0], "text")):  # a line of words has no cells in it
                waiting.extend(reversed(children))


def _move_rows(pdf: "pydyf.PDF", part: Any, table: Any, again: dict[int, Any]) -> None:
    """Give `table` the rows of `part`, the same table on a later page; a row that the page break cut is made whole."""
    for group in _kids(pdf, part):
        groups = [kid for kid in _kids(pdf, table) if kid["S"] == group["S"]]
        if not groups:  # WeasyPrint leaves the head out above a row that a page can't hold
            _give_head(pdf, group, table)
            continue
        target = groups[-1]
        for row in _kids(pdf, group):
            cells = [(cell, again.get(cell.number)) for cell in _kids(pdf, row)]
            if not any(kept for _cell, kept in cells):
                _move(pdf, [row.reference], target)
            elif group["S"] != "/THead":  # the head is there already
                for cell, kept in cells:
                    _move(pdf, cell["K"], kept)


def _give_head(pdf: "pydyf.PDF", head: Any, table: Any) -> None:
    """Put `head` first in `table`, whose cells know no headers yet. Where the editor made the table, no cell spans two
    columns."""
    columns = [cell["ID"] for cell in _kids(pdf, _kids(pdf, head)[0])]
    for row in (row for group in _kids(pdf, table) for row in _kids(pdf, group)):
        for cell, name in zip(_kids(pdf, row), columns, strict=False):
            if cell["S"] == "/TD" and not cell["A"]["Headers"]:
                cell["A"]["Headers"].append(name)
    head["P"] = table.reference
    table["K"].insert(0, head.reference)


def _move(pdf: "pydyf.PDF", references: list[bytes], target: Any) -> None:
    for reference in references:
        pdf.objects[_number(reference)]["P"] = target.reference
        target["K"].append(reference)


def _table_of(pdf: "pydyf.PDF", element: Any) -> Any:
    while element["S"] != "/Table":
        element = pdf.objects[_number(element["P"])]
    return element


def _kids(pdf: "pydyf.PDF", element: Any) -> list[Any]:
    return [pdf.objects[_number(kid)] for kid in element["K"]]


# --- Lists and margins -------------------------------------------------------------------------------------


def _tidy_lists(pdf: "pydyf.PDF", elements: list[Any]) -> None:
    """Give each list item one LBody with all that it holds beside its label, lists within it in their place."""
    nested: dict[int, list[Any]] = {}  # the lists within an item, which WeasyPrint puts behind it
    for element in elements:
        item = None
        for kid in _kids(pdf, element) if element.get("S") == "/L" else []:
            if kid["S"] == "/LI":
                item = kid
            elif kid["S"] == "/L" and item is not None:
                nested.setdefault(item.number, []).append(kid)
                element["K"].remove(kid.reference)
    for element in elements:
        if element.get("S") == "/LI":  # links are there too, without one
            _give_body(pdf, element, nested.get(element.number, []))


def _give_body(pdf: "pydyf.PDF", item: Any, nested: list[Any]) -> None:
    import pydyf  # slow, and only the worker needs it

    kids = _kids(pdf, item)
    bodies = [kid for kid in kids if kid["S"] != "/Lbl"]
    if not nested and [kid["S"] for kid in bodies] == ["/LBody"]:
        return
    parts = [part for kid in bodies for part in (_kids(pdf, kid) if kid["S"] == "/LBody" else [kid])] + nested
    body = pydyf.Dictionary({"Type": "/StructElem", "S": "/LBody", "K": pydyf.Array(), "Pg": item["Pg"]})
    body["P"] = item.reference
    pdf.add_object(body)
    pages = {page: number for number, page in enumerate(pdf.page_references)}
    if nested:
        parts.sort(key=lambda part: _place(pdf, part, pages))
    _move(pdf, [part.reference for part in parts], body)
    item["K"] = pydyf.Array([*(kid.reference for kid in kids if kid["S"] == "/Lbl"), body.reference])


def _place(pdf: "pydyf.PDF", element: Any, pages: dict[bytes, int]) -> tuple[int, int]:
    """Where the first words of an element stand: the page, and which piece of its content they are. Labels do not
    count: they are drawn behind everything."""
    for kid in element.get("K", []) if element.get("S") != "/Lbl" else []:
        if not isinstance(kid, bytes):
            return pages[element["Pg"]], kid
        place = _place(pdf, pdf.objects[_number(kid)], pages)
        if place != _NOWHERE:
            return place
    return _NOWHERE


def _drop_link_within_link(pdf: "pydyf.PDF", element: Any) -> None:
    """What is bold within a link is a link of its own to WeasyPrint, and nothing at all to a screen reader: the one
    around it says and reaches everything."""
    if element.get("S") == "/Link":
        return
    for reference in [kid for kid in element.get("K", []) if isinstance(kid, bytes)]:
        kid = pdf.objects[_number(reference)]
        if kid.get("Type") == "/OBJR":
            pdf.objects[_number(kid["Pg"])]["Annots"].remove(kid["Obj"])
            element["K"].remove(reference)


def _make_artifacts(stream: list[Any], elements: list[Any], read_aloud: set[int]) -> None:
    """Mark as artifacts what is tagged on a page but stands nowhere in the tree: its margins, and a repeated head."""
    for place, operator in enumerate(stream):
        if operator != b"BDC":
            continue
        content_id = stream[place - 1].get("MCID")
        if content_id is not None and _number(elements[content_id]) not in read_aloud:
            elements[content_id] = b"null"
            stream[place - 2 : place] = ["/Artifact", b"<</Type /Pagination>>"]


def _elements_below(pdf: "pydyf.PDF", kids: list[Any]) -> set[int]:
    """The object numbers of the structure elements that a screen reader reaches."""
    found: set[int] = set()
    waiting = list(kids)
    while waiting:
        kid = waiting.pop()
        if isinstance(kid, bytes):  # a reference, not the number of a piece of content
            number = _number(kid)
            found.add(number)
            waiting.extend(pdf.objects[number].get("K", []))
    return found


def _number(reference: bytes) -> int:
    """The object's number in "12 0 R"."""
    return int(reference.split()[0])
