"""What a PDF must never do: fetch from elsewhere, run text as markup, or come out wrong in silence."""

import logging
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import pikepdf
import pytest
from pytest_django import Settings

from jarfalla import pdf
from tests.jarfalla.pdfs import (
    contact,
    elements,
    give_template,
    programme,
    reference,
    render,
    routine,
    section,
    text_of,
)
from tests.verapdf import failures

ROOT = Path(__file__).resolve().parent.parent.parent


# --- What nobody may do -----------------------------------------------------------------------------------


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server that nobody may call."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def was_called(listener: socket.socket) -> bool:
    try:
        connection, _address = listener.accept()
    except BlockingIOError:
        return False
    connection.close()
    return True


def test_listener_notices_a_call(listener: socket.socket) -> None:
    """Otherwise the tests below would prove nothing."""
    socket.create_connection(listener.getsockname()).close()

    assert was_called(listener)


def test_hostile_text_is_only_text(listener: socket.socket, tmp_path: Path) -> None:
    there = f"http://127.0.0.1:{listener.getsockname()[1]}"
    hostile = (
        f"<script src={there}/a.js>alert(1)</script>",
        f'"><img src="{there}/a.png"><style>@import url({there}/a.css); p {{ color: red }}</style>',
        f'" style="background: url({there}/c.png)" x="url(file:///etc/passwd)',
        f"<link rel=attachment href=file:///etc/passwd><base href={there}/><svg><image href='{there}/b.png'/></svg>",
        "{% include 'base.html' %} {{ settings.SECRET_KEY }}",
    )
    every = " ".join(hostile)
    rendered = render(
        routine(
            [
                section(every, "checklist", points=list(hostile)),
                section(every, "decisions", decisions=[[[every], [every]], [[every], [every]]]),
                section(every, "contacts", contacts=[contact(every, phone=every, hours=every, audience=every)]),
                section(every, "legal", references=[reference(every, place=every, about=every)]),
            ],
            unit=every,
            title=every,
            approved_by=every,
            programme=programme(municipality=every, name=every),
            applies_to=every,
            owner_title=every,
            diary_number=every,
            change_note=every,
        )
    )
    path = tmp_path / "hostile.pdf"
    path.write_bytes(rendered.pdf)

    assert not was_called(listener)
    assert not re.search(r"<(script|img|style|base|image|link rel=attachment)\b", rendered.html)
    assert "alert(1)</script>" in text_of(rendered.pdf)
    assert b"root:" not in rendered.pdf
    assert "/EmbeddedFiles" not in pikepdf.open(path).Root.get("/Names", {})
    assert failures([path]) == []


@pytest.mark.parametrize(
    "markup",
    [
        '<img src="{there}/a.png" alt="a">',
        '<link rel="stylesheet" href="{there}/a.css">',
        '<link rel="attachment" href="{there}/a.txt">',
        "<style>@import url({there}/a.css);</style>",
        "<style>p {{ background-image: url({there}/a.png) }}</style>",
        "<style>@font-face {{ font-family: x; src: url({there}/a.woff) }}</style>",
        "<style>@font-face {{ font-family: x; src: local('DejaVu Sans') }}</style>",
        '<svg width="9" height="9"><title>a</title><image href="{there}/a.png" width="9" height="9"/></svg>',
        '<object data="{there}/a.svg">a</object>',
        '<embed src="{there}/a.svg">',
    ],
)
@pytest.mark.parametrize("where", ["net", "file:///etc", "static:../../../etc", "media:../../etc", "data:text/css,a"])
def test_template_that_asks_for_what_is_not_ours_is_refused(
    markup: str, where: str, listener: socket.socket, settings: Settings
) -> None:
    there = f"http://127.0.0.1:{listener.getsockname()[1]}" if where == "net" else where
    give_template(settings, f'<html lang="sv"><title>a</title>{markup.format(there=there)}<p>a</p></html>')

    with pytest.raises(pdf.PdfProblem, match=r"^PDF:en blev inte rätt: "):
        pdf.render("given.html", {})

    assert not was_called(listener)


@pytest.mark.parametrize(
    ("markup", "problem"),
    [
        ('<link rel="stylesheet" href="static:css/missing.css">', "missing.css"),
        (
            '<style>@font-face { font-family: x; src: url("static:fonts/missing.woff") }</style>',
            "Font-face 'x' cannot be loaded",
        ),
        ("<style>p { colour: red }</style>", "colour"),
        ('<img src="static:img/missing.png" alt="a">', "missing.png"),
        ('<img src="media:missing.png" alt="a">', "missing.png"),
    ],
)
def test_what_is_missing_or_misspelt_raises_whatever_is_logged(markup: str, problem: str, settings: Settings) -> None:
    give_template(settings, f'<html lang="sv"><title>a</title>{markup}<p>a</p></html>')
    logger = logging.getLogger("weasyprint")
    logger.setLevel(logging.CRITICAL)
    try:
        with pytest.raises(pdf.PdfProblem, match=re.escape(problem)):
            pdf.render("given.html", {})
        assert logger.level == logging.CRITICAL
    finally:
        logger.setLevel(logging.NOTSET)


def test_font_that_is_not_installed_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "FONT_FAMILIES", ("Source Sans 3", "Comic Neue"))

    with pytest.raises(pdf.PdfProblem, match=r"^Ett typsnitt saknas: .*comic-neue"):
        render(routine())


def test_uploaded_and_static_images_are_shown(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    square = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1"/></svg>'
    (tmp_path / "vapen å.svg").write_text(square)
    give_template(
        settings,
        f'<html lang="sv"><title>a</title><img src="media:{quote("vapen å.svg")}" alt="Vapen">'
        '<img src="static:img/mark.svg" alt="Märke"></html>',
    )

    with pikepdf.open(BytesIO(pdf.render("given.html", {}))) as document:
        figures = [e for e in elements(document.Root.StructTreeRoot.K) if e.S == "/Figure"]

        assert [str(figure.Alt) for figure in figures] == ["Vapen", "Märke"]


def test_letters_that_no_font_has_are_named() -> None:
    assert pdf.unprintable("Ring 📞 nu! ☐ → å, a\u030a, \u00ad\u200d\ufe0f\n\t 📞 سلام") == ["📞", "س", "ل", "ا", "م"]

    with pytest.raises(pdf.PdfProblem) as problem:
        render(routine([section("Ring 📞 nu", html="<p>Bra ✅</p>")]))

    assert str(problem.value) == (
        "PDF:en kan inte visa de här tecknen: 📞 ✅. Ta bort dem eller skriv på ett annat sätt."
    )


def test_problem_in_one_thread_is_not_anothers(settings: Settings) -> None:
    good = '<html lang="sv"><title>a</title><p>a</p></html>'
    give_template(settings, good.replace("<p>", '<p style="colour: red">'), good=good)
    outcomes: dict[str, list[str]] = {"given.html": [], "good.html": []}

    def work(name: str) -> None:
        for _time in range(4):
            try:
                outcomes[name].append("PDF" if pdf.render(name, {}) else "")
            except pdf.PdfProblem:
                outcomes[name].append("problem")

    threads = [threading.Thread(target=work, args=[name]) for name in outcomes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes == {"given.html": ["problem"] * 4, "good.html": ["PDF"] * 4}


def test_environment_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "12")
    monkeypatch.delenv("FONTCONFIG_FILE", raising=False)
    before = dict(os.environ)

    data = render(routine()).pdf

    assert dict(os.environ) == before
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    assert render(routine()).pdf == data


def test_slow_libraries_are_not_imported_with_the_module() -> None:
    script = "import sys, jarfalla.pdf; print([m for m in ('weasyprint', 'pikepdf', 'fontTools') if m in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )

    assert run.stdout == "[]\n"
