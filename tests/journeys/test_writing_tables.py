"""Tables in the editor, in a real Chromium: with the keyboard alone, and pasted where none can stand."""

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from routines import actions
from routines.models import RoutineVersion
from tests.journeys.writers import SAVED, Writer, body
from units.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

TABLE = '<table><thead><tr><th scope="col">Vem</th></tr></thead><tbody><tr><td>Rektor</td></tr></tbody></table>'
# What an editor shows: its blocks, without what stands in no text, such as the empty line after a table.
OUTLINE = """at => [...at.querySelectorAll("ul, ol, li, table, tr, th, td, p, h3")]
    .filter(one => one.textContent.trim()).map(one => `${one.tagName} ${one.textContent.trim()}`)"""


@pytest.mark.parametrize(
    ("before", "pasted", "after"),
    [
        # The cursor is in the first item: the table stands after the list.
        ("<ol><li>ett</li><li>två</li></ol>", TABLE, f"<ol><li>ett</li><li>två</li></ol>{TABLE}"),
        (
            "<ul><li>ett<ul><li>inne</li></ul></li></ul><p>sist</p>",
            f"<p>om</p>{TABLE}",
            f"<ul><li>ett<ul><li>inne</li></ul></li></ul><p>om</p>{TABLE}<p>sist</p>",
        ),
        # What is pasted has a table in a list.
        (
            "",
            f"<ol><li>ett<ul><li>inne {TABLE}</li><li>kvar</li></ul></li><li><h2>två</h2></li></ol>",
            f"<ol><li>ett<ul><li>inne</li></ul></li></ol>{TABLE}<ol><li>kvar</li><li>två</li></ol>",
        ),
        ("", f"<ul><li>{TABLE}</li></ul><p>sist</p>", f"{TABLE}<p>sist</p>"),
        # And a table in a table, and one of a single row.
        (
            "",
            "<table><tr><td>Vem</td></tr><tr><td><table><tr><td>Rektor</td></tr></table></td></tr></table>",
            TABLE,
        ),
        ("", "<table><caption>Om</caption><tr><td>ett</td><td>två</td></tr></table>", "<p>Om</p><p>ett</p><p>två</p>"),
    ],
)
def test_a_table_pasted_in_a_list_is_shown_as_it_is_saved(
    before: str, pasted: str, after: str, browser: Browser, live_server: Any, draft: RoutineVersion, manager: User
) -> None:
    if before:
        actions.write_sections(draft, {"ansvar": before}, by=manager)
    writer = Writer(browser, live_server.url, manager, draft)
    editor = writer.editor("Ansvar")
    if before:
        editor.locator("li").first.click(position={"x": 30, "y": 8})
        expect(writer.section("Ansvar").get_by_role("button", name="Flytta in")).to_be_visible()
    writer.paste("Ansvar", pasted)
    expect(writer.status("Ansvar")).to_have_text(SAVED)
    assert body(draft) == after
    shown = editor.evaluate(OUTLINE)
    writer.reload()
    expect(editor).to_have_attribute("role", "textbox")
    assert editor.evaluate(OUTLINE) == shown
    assert writer.heard == []


def test_a_table_made_in_a_list_stands_after_it(
    browser: Browser, live_server: Any, draft: RoutineVersion, manager: User
) -> None:
    actions.write_sections(draft, {"ansvar": "<ul><li>ett</li><li>två</li></ul>"}, by=manager)
    writer = Writer(browser, live_server.url, manager, draft)
    writer.editor("Ansvar").locator("li").first.click(position={"x": 30, "y": 8})
    expect(writer.section("Ansvar").get_by_role("button", name="Flytta in")).to_be_visible()
    writer.section("Ansvar").get_by_role("button", name="Tabell").click()
    writer.page.keyboard.type("Vem")
    expect(writer.status("Ansvar")).to_have_text(SAVED)
    assert body(draft).startswith('<ul><li>ett</li><li>två</li></ul><table><thead><tr><th scope="col">Vem</th>')


def test_the_keyboard_alone_reaches_everything_and_is_never_caught(
    browser: Browser, live_server: Any, draft: RoutineVersion, manager: User
) -> None:
    writer = Writer(browser, live_server.url, manager, draft)
    keys, page = writer.page.keyboard, writer.page
    writer.section("Ansvar").get_by_role("button", name="Fet").focus()
    names = []
    for _ in range(7):
        names.append(page.evaluate("document.activeElement.textContent.trim()"))
        keys.press("ArrowRight")
    assert names == ["F", "K", "Rubrik", "Punktlista", "Numrerad lista", "Länk", "Tabell"]
    keys.press("ArrowLeft")
    keys.press("Enter")  # makes a table, and the cursor is in it
    keys.type("Vem")
    expect(writer.editor("Ansvar").locator("th").first).to_have_text("Vem")
    keys.press("Alt+F10")
    assert page.evaluate("document.activeElement.closest('[role=toolbar]') !== null")
    keys.press("Escape")
    expect(writer.editor("Ansvar")).to_be_focused()
    for words in ("Telefon", "När"):
        keys.press("Tab")  # to the next cell
        keys.type(words)
    keys.press("Shift+Tab")  # back, and the words there are marked
    keys.type("Nummer")
    for _ in range(7):
        keys.press("Tab")
    keys.type("sist")
    expect(writer.editor("Ansvar").locator("td").last).to_have_text("sist")
    keys.press("Tab")  # out of the table, the editor and the section
    expect(writer.editor("Ansvar")).not_to_be_focused()
    assert page.evaluate("document.activeElement !== document.body")
    expect(writer.status("Ansvar")).to_have_text(SAVED)
    empty = "<tr><td></td><td></td><td></td></tr><tr><td></td><td></td><td>sist</td></tr>"
    assert body(draft) == (
        '<table><thead><tr><th scope="col">Vem</th><th scope="col">Nummer</th><th scope="col">När</th></tr></thead>'
        f"<tbody>{empty}</tbody></table>"
    )


def test_shift_tab_in_the_first_cell_and_tab_in_a_list_leave_the_editor(
    browser: Browser, live_server: Any, draft: RoutineVersion, manager: User
) -> None:
    actions.write_sections(draft, {"ansvar": f"<ul><li>Ring rektor</li></ul>{TABLE}"}, by=manager)
    writer = Writer(browser, live_server.url, manager, draft)
    writer.editor("Ansvar").locator("th").first.click()
    expect(writer.section("Ansvar").get_by_role("button", name="Ta bort tabellen")).to_be_visible()
    writer.page.keyboard.press("Shift+Tab")
    expect(writer.editor("Ansvar")).not_to_be_focused()
    for key in ("Tab", "Shift+Tab"):
        writer.editor("Ansvar").locator("li").click()
        expect(writer.section("Ansvar").get_by_role("button", name="Flytta in")).to_be_visible()  # it knows where it is
        writer.page.keyboard.press(key)
        expect(writer.editor("Ansvar")).not_to_be_focused()
    assert body(draft) == f"<ul><li>Ring rektor</li></ul>{TABLE}"
