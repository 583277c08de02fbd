"""What sort of file somebody sends: by its name and by its content, on real files and on files that pretend."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook  # type: ignore[import-untyped]  # it has no types

from jarfalla.uploads import SORTS, UnacceptableFile, clean_name, ending, sort_of

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\nIDATx\x9cc\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4\x00\x00\x00\x00IEND\xaeB`\x82"
)
JPG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\x00" * 20 + b"\xff\xd9"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PAGE = b"<!DOCTYPE html><script>alert(1)</script>"


def archive(*parts: str) -> bytes:
    """A zip archive with these parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        for part in parts:
            zipped.writestr(part, "<xml/>")
    return file.getvalue()


DOCX = archive("[Content_Types].xml", "word/document.xml")
PPTX = archive("[Content_Types].xml", "ppt/presentation.xml")


def label(name: str, content: bytes) -> str:
    file = io.BytesIO(content)
    found = sort_of(name, file)
    assert file.tell() == 0
    return found.label


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("affisch.pdf", PDF, "PDF"),
        ("AFFISCH.PDF", PDF, "PDF"),
        ("bild.png", PNG, "PNG"),
        ("bild.jpg", JPG, "JPG"),
        ("bild.jpeg", JPG, "JPG"),
        ("text.docx", DOCX, "Word"),
        ("bilder.pptx", PPTX, "PowerPoint"),
    ],
)
def test_sort_of_a_file_that_is_what_it_says(name: str, content: bytes, expected: str) -> None:
    assert label(name, content) == expected


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("sida.pdf", PAGE),
        ("halv.pdf", PDF[:30]),
        ("bild.pdf", PNG),
        ("bild.png", JPG),
        ("bild.jpg", PAGE),
        ("text.docx", PPTX),
        ("bilder.pptx", DOCX),
        ("text.docx", archive("en annan fil")),
        ("text.docx", DOCX[: len(DOCX) // 2]),
        ("text.docx", PAGE),
        ("makron.docx", archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin")),
        ("många.docx", archive("[Content_Types].xml", "word/document.xml", *(f"word/{n}" for n in range(20_001)))),
        ("tom.png", b""),
    ],
)
def test_sort_of_a_file_that_pretends_is_refused(name: str, content: bytes) -> None:
    with pytest.raises(UnacceptableFile, match=f"heter {ending(name)} men är något annat"):
        label(name, content)


@pytest.mark.parametrize(
    "name", ["sida.html", "bild.svg", "program.exe", "text.docm", "affisch.pdf.js", "pdf", "", ".pdf"]
)
def test_sort_of_another_ending_is_refused(name: str) -> None:
    with pytest.raises(UnacceptableFile, match="måste vara en PDF"):
        label(name, PDF)


def test_sort_of_a_workbook_that_calls_itself_a_document_is_refused() -> None:
    file = io.BytesIO()
    Workbook().save(file)
    with pytest.raises(UnacceptableFile):
        label("tabell.docx", file.getvalue())


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("Affisch åäö.pdf", "Affisch åäö.pdf"),
        ("C:\\Users\\eva\\Affisch.PDF", "Affisch.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("a\r\nb\x00c.pdf", "a b c.pdf"),
        ('"x"<y>|z?*.pdf', "x y z.pdf"),
        ("  .pdf", "pdf"),
        ("?.pdf", "pdf"),
        ("", "fil"),
        ("exe\u202efdp.pdf", "exe fdp.pdf"),
        ("A\u030angest.pdf", "Ångest.pdf"),
        ("lång" * 100 + ".docx", ("lång" * 100)[:115] + ".docx"),
    ],
)
def test_clean_name(name: str, clean: str) -> None:
    assert clean_name(name) == clean


@given(st.text(), st.sampled_from(["", *SORTS]))
def test_clean_name_is_safe_whatever_is_sent(name: str, end: str) -> None:
    clean = clean_name(name + end)
    assert clean
    assert len(clean) <= 120
    assert clean.isprintable()
    assert not set(clean) & set('/\\<>:"|?*')
    assert clean_name(clean) == clean
