"""Writing a routine in a real Chromium: the editor, what Word pastes, autosave, two writers, and what goes wrong."""

import re
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Browser, Route, expect

from routines import actions
from routines.models import RoutineVersion, VersionState
from tests.browser import accessibility_problems, sign_in
from tests.journeys.writers import SAVED, Writer, body
from units.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

WORD = """<html><body><!--StartFragment--><h1 style='mso-x:1'><span lang=SV>Så gör vi<o:p></o:p></span></h1>
<p class=MsoNormal><b style='mso-bidi-font-weight:normal'>Viktigt</b>&nbsp;att <i>alla</i> vet.<o:p></o:p></p>
<p class=MsoListParagraphCxSpFirst style='mso-list:l0 level1 lfo1'><![if !supportLists]><span style='mso-list:Ignore'>·
<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp;</span></span><![endif]>Ring rektor</p>
<p class=MsoListParagraphCxSpMiddle style='mso-list:l0 level2 lfo1'><span style='mso-list:Ignore'>o </span>eller den
som vikarierar</p><p class=MsoListParagraphCxSpLast style='mso-list:l0 level1 lfo1'><span
style='mso-list:Ignore'>· </span>Stanna</p>
<table class=MsoTableGrid border=1><tr><td width=100><p class=MsoNormal>Vem</p></td><td><p class=MsoNormal>Telefon</p>
</td></tr><tr><td><p class=MsoNormal>Rektor</p></td><td><p class=MsoNormal>08-580 285 00</p></td></tr></table>
<p><img src="file:///C:/hemligt.png"><a href="https://www.bris.se">Bris</a><script>alert(1)</script></p>
<!--EndFragment--></body></html>"""
PASTED = (
    "<h3>Så gör vi</h3><p><strong>Viktigt</strong>&nbsp;att <em>alla</em> vet.</p>"
    "<ul><li>Ring rektor<ul><li>eller den som vikarierar</li></ul></li><li>Stanna</li></ul>"
    '<table><thead><tr><th scope="col">Vem</th><th scope="col">Telefon</th></tr></thead>'
    "<tbody><tr><td>Rektor</td><td>08-580 285 00</td></tr></tbody></table>"
    '<p><a href="https://www.bris.se">Bris</a></p>'
)


# --- The editor --------------------------------------------------------------------------------------------------


def test_typing_and_the_toolbar_are_saved_as_they_look(
    browser: Browser, live_server: Any, draft: RoutineVersion, manager: User
) -> None:
    writer = Writer(browser, live_server.url, manager, draft)
    place, keys = writer.section("Ansvar"), writer.page.keyboard
    writer.editor("Ansvar").click()
    place.get_by_role("button", name="Rubrik").click()
    keys.type("Vem")
    keys.press("Enter")
    keys.type("Rektor ")
    place.get_by_role("button", name="Fet").click()
    keys.type("ringer")
    place.get_by_role("button", name="Fet").click()
    keys.press("Enter")
    place.get_by_role("button", name="Punktlista").click()
    keys.type("ett")
    keys.press("Enter")
    place.get_by_role("button", name="Flytta in").click()
    keys.type("inne")
    keys.press("Enter")
    keys.press("Enter")
    keys.press("Enter")
    place.get_by_role("button", name="Länk").click()
    dialog = writer.page.get_by_role("dialog", name="Länk")
    dialog.get_by_label("Webbadress, e-postadress eller telefonnummer").fill("inget här")
    dialog.get_by_role("button", name="Spara länken").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Skriv en adress")
    dialog.get_by_label("Webbadress, e-postadress eller telefonnummer").fill("www.bris.se")
    dialog.get_by_label("Text som visas").fill("Bris")
    dialog.get_by_role("button", name="Spara länken").click()
    keys.type(" hjälper")
    expect(writer.status("Ansvar")).to_have_text(SAVED)
    assert body(draft) == (
        "<h3>Vem</h3><p>Rektor <strong>ringer</strong></p><ul><li>ett<ul><li>inne</li></ul></li></ul>"
        '<p><a href="https://www.bris.se">Bris</a> hjälper</p>'
    )
    assert writer.heard == []


def test_who_begins_to_write_before_the_editor_is_there_goes_on_in_it(
    browser: Browser, live_server: Any, draft: RoutineVersion, manager: User
) -> None:
    writer = Writer(browser, live_server.url, manager, draft)
    held: list[Route] = []
    writer.page.route("**/js/editor*.js", lambda route: held.append(route))  # noqa: PLW0108 - Playwright cannot mark a built-in
    writer.page.reload(wait_until="commit")
    writer.editor("Ansvar").focus()
    writer.page.keyboard.type("Rektor")
    held[0].continue_()
    writer.wait_for_editors()
    writer.page.keyboard.type(" ringer")
    expect(writer.status("Ansvar")).to_have_text(SAVED)
    assert body(draft) == "<p>Rektor ringer</p>"


def test_what_word_pastes_becomes_what_the_portal_can_print(
    browser: Browser, live_server: Any, draft: RoutineVersion, manager: User
) -> None:
    writer = Writer(browser, live_server.url, manager, draft)
    writer.paste("Ansvar", WORD)
    expect(writer.status("Ansvar")).to_have_text(SAVED)
    assert body(draft) == PASTED
    writer.reload()
    writer.editor("Ansvar").press("End")
    writer.page.keyboard.type("!")
    expect(writer.status("Ansvar")).to_have_text(SAVED)
    assert body(draft).replace("!", "", 1) == PASTED, "the editor gives back what it was given"
    # The browser itself warns that it will not fetch the image of the clipboard.
    assert [text for text in writer.heard if "hemligt" not in text] == []


def test_a_paste_that_is_too_much_is_refused_in_a_sentence_and_the_text_stays(
    browser: Browser, live_server: Any, draft: RoutineVersion, manager: User
) -> None:
    writer = Writer(browser, live_server.url, manager, draft)
    writer.editor("Ansvar").click()
    writer.page.keyboard.type("Rektor")
    writer.paste("Ansvar", f"<p>{'å' * 5_000_000}</p>", "å" * 5_000_000)
    expect(writer.status("Ansvar")).to_contain_text("Det som klistrades in är för mycket")
    expect(writer.editor("Ansvar")).to_have_text("Rektor")
    writer.paste("Ansvar", f"<p>{'å' * 30_000}</p>", "å" * 30_000)
    expect(writer.status("Ansvar")).to_contain_text("högst 20000 får plats. Korta den.")
    assert len(writer.editor("Ansvar").inner_text()) > 30_000
    assert writer.heard == [] or all("422" in text for text in writer.heard)


def test_the_page_is_accessible_also_on_a_telephone(
    browser: Browser, live_server: Any, draft: RoutineVersion, manager: User
) -> None:
    writer = Writer(browser, live_server.url, manager, draft, viewport={"width": 360, "height": 740})
    writer.paste("Ansvar", WORD)
    expect(writer.status("Ansvar")).to_have_text(SAVED)
    assert accessibility_problems(writer.page) == []
    writer.section("Ansvar").get_by_role("button", name="Länk").click()
    assert accessibility_problems(writer.page) == []


def test_without_javascript_the_textarea_has_the_text_and_saves_what_is_typed_plainly(
    browser: Browser, live_server: Any, draft: RoutineVersion, manager: User
) -> None:
    actions.write_sections(draft, {"ansvar": "<p>Rektor <strong>ringer</strong></p><p>Sist</p>"}, by=manager)
    writer = Writer(browser, live_server.url, manager, draft, java_script_enabled=False)
    field = writer.page.get_by_role("textbox", name="Ansvar", exact=True)
    assert field.input_value() == "<p>Rektor <strong>ringer</strong></p>\n<p>Sist</p>"
    field.fill("Första stycket\npå två rader\n\nAndra, se <strong>här</strong>")
    writer.page.get_by_label("Under 18 år och utsatt för brott").fill("Ring 112\nStanna")
    writer.section("Kontakter").get_by_role("checkbox").first.check()
    writer.page.get_by_role("button", name="Spara", exact=True).click()
    expect(writer.page.get_by_text("Texten är sparad.")).to_be_visible()
    assert body(draft) == "<p>Första stycket<br>på två rader</p><p>Andra, se <strong>här</strong></p>"
    assert draft.sections.get(key="beslut").cells == {"minor_crime": "Ring 112\nStanna"}
    assert draft.sections.get(key="kontakter").placed_contacts.count() == 1


# --- Two writers -----------------------------------------------------------------------------------------------------


def test_two_writers_see_each_other_and_both_s_changes_stand(
    browser: Browser, live_server: Any, draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    actions.write_sections(draft, {"ansvar": "<p>Ett</p><p>Två</p><p>Tre</p>"}, by=coordinator)
    cia = Writer(browser, live_server.url, manager, draft)
    sam = Writer(browser, live_server.url, coordinator, draft)
    cia.editor("Ansvar").locator("p").first.click()
    expect(cia.status("Ansvar")).to_have_text("")
    sam.editor("Ansvar").locator("p").last.click()
    expect(sam.section("Ansvar").locator("[data-others]")).to_contain_text("Cia Chef skriver också här.")
    cia.page.keyboard.press("End")
    cia.page.keyboard.type(" ändrat av Cia")
    expect(cia.status("Ansvar")).to_have_text(SAVED)
    expect(cia.section("Ansvar").locator("[data-others]")).to_contain_text("Sam Samordnare skriver också här.")
    sam.page.keyboard.press("End")
    sam.page.keyboard.type(" ändrat av Sam")
    expect(sam.status("Ansvar")).to_contain_text("Cia Chef har ändrat avsnittet medan du skrev.")
    expect(sam.editor("Ansvar").locator("p")).to_have_text(["Ett ändrat av Cia", "Två", "Tre ändrat av Sam"])
    sam.page.keyboard.type("!")  # the cursor is where it was
    expect(sam.status("Ansvar")).to_have_text(SAVED)
    assert body(draft) == "<p>Ett ändrat av Cia</p><p>Två</p><p>Tre ändrat av Sam!</p>"
    assert [text for text in cia.heard + sam.heard if "409" not in text] == []


def test_two_writers_of_the_same_words_keep_both_and_are_told(
    browser: Browser, live_server: Any, draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    actions.write_sections(draft, {"ansvar": "<p>Rektor ringer.</p>"}, by=coordinator)
    cia = Writer(browser, live_server.url, manager, draft)
    sam = Writer(browser, live_server.url, coordinator, draft)
    for writer, words in ((cia, "Vi ringer. "), (sam, "Ni ringer. ")):
        writer.editor("Ansvar").click()
        writer.page.keyboard.press("Home")
        writer.page.keyboard.type(words)
        expect(writer.status("Ansvar")).not_to_have_text("")
    expect(sam.status("Ansvar")).to_contain_text("på samma ställe som du. Här står nu bådas text.")
    expect(sam.section("Ansvar").locator(".clash")).to_contain_text("Den andra skrev: Vi ringer. Rektor ringer.")
    expect(sam.editor("Ansvar").locator("p")).to_have_text(["Vi ringer. Rektor ringer.", "Ni ringer. Rektor ringer."])
    assert accessibility_problems(sam.page) == []
    assert body(draft) == "<p>Vi ringer. Rektor ringer.</p>", "nothing is saved until Sam has read it"
    sam.page.get_by_role("button", name="Spara", exact=True).click()
    expect(sam.page.get_by_text("Texten är sparad.")).to_be_visible()
    assert body(draft) == "<p>Vi ringer. Rektor ringer.</p><p>Ni ringer. Rektor ringer.</p>"


def test_places_for_news_are_there_before_there_are_any(
    browser: Browser, live_server: Any, draft: RoutineVersion, manager: User
) -> None:
    """A screen reader listens to what it knows of: not to what stands nowhere until it has words."""
    writer = Writer(browser, live_server.url, manager, draft)
    news = writer.section("Ansvar").get_by_role("status")
    expect(news).to_have_count(2)
    assert [news.nth(number).evaluate("place => place.offsetHeight") for number in range(2)] == [0, 0]


# --- What goes wrong ----------------------------------------------------------------------------------------------


def test_signed_out_in_the_middle_says_so_and_saves_after_signing_in_again(
    browser: Browser, live_server: Any, draft: RoutineVersion, manager: User
) -> None:
    writer = Writer(browser, live_server.url, manager, draft)
    Session.objects.all().delete()
    writer.editor("Ansvar").click()
    writer.page.keyboard.type("Rektor ringer.")
    expect(writer.status("Ansvar")).to_contain_text("Inte sparat: du är utloggad. Din text är kvar här.")
    assert writer.status("Ansvar").get_by_role("link", name="Logga in i en ny flik").get_attribute("target") == "_blank"
    writer.page.get_by_role("button", name="Spara", exact=True).click()
    expect(writer.editor("Ansvar")).to_have_text("Rektor ringer.")
    assert body(draft) == ""
    sign_in(writer.context, live_server.url, manager)
    writer.page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(writer.status("Ansvar")).to_have_text(SAVED)
    assert body(draft) == "<p>Rektor ringer.</p>"


def test_a_portal_that_can_t_be_reached_is_tried_again(
    browser: Browser, live_server: Any, draft: RoutineVersion, manager: User
) -> None:
    writer = Writer(browser, live_server.url, manager, draft)
    writer.editor("Ansvar").click()
    writer.context.set_offline(offline=True)
    writer.page.keyboard.type("Rektor ringer.")
    expect(writer.status("Ansvar")).to_contain_text("Inte sparat: portalen går inte att nå. Din text är kvar här")
    writer.page.get_by_role("button", name="Spara", exact=True).click()
    expect(writer.editor("Ansvar")).to_have_text("Rektor ringer.")
    writer.context.set_offline(offline=False)
    expect(writer.status("Ansvar")).to_have_text(SAVED, timeout=20_000)
    assert body(draft) == "<p>Rektor ringer.</p>"


def test_a_refused_personnummer_is_told_and_the_rest_of_the_page_is_saved(
    browser: Browser, live_server: Any, draft: RoutineVersion, manager: User
) -> None:
    writer = Writer(browser, live_server.url, manager, draft)
    writer.paste("Ansvar", "<p>Ring om 8507<b>09</b>-9805</p>")
    expect(writer.status("Ansvar")).to_contain_text("ser ut att innehålla ett personnummer")
    writer.page.get_by_role("textbox", name="Vad du gör akut").fill("Ring 112")
    expect(writer.status("Vad du gör akut")).to_have_text(SAVED)
    assert (body(draft), body(draft, "akut")) == ("", "Ring 112")
    writer.page.get_by_role("button", name="Spara", exact=True).click()
    expect(writer.page.get_by_role("alert").first).to_contain_text("ser ut att innehålla ett personnummer")
    expect(writer.editor("Ansvar")).to_have_text("Ring om 850709-9805")
    writer.page.get_by_role("link", name=re.compile("^Ansvar:")).click()
    expect(writer.editor("Ansvar")).to_be_focused()


def test_a_version_that_is_sent_meanwhile_is_not_taken_back_by_autosave(
    browser: Browser, live_server: Any, draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    writer = Writer(browser, live_server.url, manager, draft)
    actions.submit_version(draft, by=coordinator)
    writer.editor("Ansvar").click()
    writer.page.keyboard.type("Rektor ringer.")
    expect(writer.status("Ansvar")).to_contain_text("Rutinen har skickats till granskning medan du skrev.")
    assert RoutineVersion.objects.get(pk=draft.pk).state == VersionState.IN_REVIEW
    writer.page.get_by_role("button", name="Spara", exact=True).click()
    expect(writer.page.get_by_role("alert").first).to_contain_text("måste den skickas och granskas igen")
    expect(writer.editor("Ansvar")).to_have_text("Rektor ringer.")
    writer.page.get_by_role("button", name="Spara", exact=True).click()
    expect(writer.page.get_by_text("Texten är sparad.")).to_be_visible()
    assert RoutineVersion.objects.get(pk=draft.pk).state == VersionState.DRAFT
    assert body(draft) == "<p>Rektor ringer.</p>"
