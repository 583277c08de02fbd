"""A follow-up is held on a telephone, 360 px wide, while somebody talks: how many presses and keys, and how long.

Two thumbs write three letters a second; to find and press something takes a second and a half.
"""

import datetime as dt
import os
import time
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect

from followups.models import Decision, FollowUp, ProtocolDraft
from jarfalla import clock
from tests.browser import accessibility_problems, chromium, complaints, sign_in
from tests.real_servers import wait_for
from tests.world import World
from units.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

PHONE = ViewportSize(width=360, height=740)
SECONDS_A_LETTER, SECONDS_A_PRESS = 0.35, 1.5
NOTES = {
    "Mer om rutinerna": "Nya får dem första veckan, vikarier inte än.",
    "Vad har blivit annorlunda?": "Fler vågar fråga, och vi tar upp det på APT.",
    "Vad behöver enheten framöver?": "En genomgång för vikarierna i höst.",
}


class Thumbs:
    """Presses and writes on a telephone, and counts both."""

    def __init__(self, page: Page) -> None:
        self.page, self.presses, self.letters = page, 0, 0

    def press(self, selector: str, words: str) -> None:
        """Press what has those words; it must be there for a thumb: at least 44 pixels high."""
        target = self.page.locator(selector).filter(has_text=words).first
        box = target.bounding_box()
        assert box is not None, words
        assert box["height"] >= 44, (words, box)
        assert box["x"] + box["width"] <= PHONE["width"], (words, box)
        target.tap()
        self.presses += 1

    def answer(self, question: str, answer: str) -> None:
        """Press an answer to a question."""
        group = self.page.get_by_role("group", name=question)
        target = group.locator("label").filter(has_text=answer).first
        assert (target.bounding_box() or {"height": 0})["height"] >= 44
        target.tap()
        self.presses += 1

    def write(self, label: str, text: str) -> None:
        """Press a field and write in it."""
        field = self.page.get_by_label(label).first
        field.tap()
        field.press_sequentially(text)
        self.presses += 1
        self.letters += len(text)

    @property
    def seconds(self) -> float:
        """How long a person needs for all of it."""
        return self.presses * SECONDS_A_PRESS + self.letters * SECONDS_A_LETTER


def shot(page: Page, name: str) -> None:
    """Keep a picture where SHOTS says, for somebody to look at."""
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def phone(browser: Any, address: str, user: User, **options: Any) -> BrowserContext:
    context: BrowserContext = browser.new_context(viewport=PHONE, locale="sv-SE", has_touch=True, **options)
    sign_in(context, address, user)
    return context


def talk(thumbs: Thumbs) -> None:
    """What is written while the two talk: three answers, three notes, a decision and a promise."""
    thumbs.answer("Fungerar arbetssättet?", "Ja")
    thumbs.answer("Används rutinerna?", "Delvis")
    thumbs.answer("Finns de i verksamhetsplanen?", "Ja")
    for label, note in NOTES.items():
        thumbs.write(label, note)
    expect(thumbs.page.locator("[data-status]")).to_contain_text("Utkastet sparat kl. ")
    thumbs.answer("Beslut", "Mer stöd")
    thumbs.write("Vad som ska göras", "Genomgång för vikarier")
    thumbs.write("Vem som gör det", "Cia Chef")
    in_a_month = clock.today() + dt.timedelta(days=30)
    thumbs.page.get_by_label("Senast").first.fill(in_a_month.isoformat())
    thumbs.presses += 4  # the telephone's own wheel of days


def test_follow_up_is_held_on_a_phone_in_under_three_minutes(rows: World, coordinator: User, live_server: Any) -> None:
    with chromium() as browser:
        page = phone(browser, live_server.url, coordinator).new_page()
        heard = complaints(page)
        began = time.monotonic()
        page.goto(live_server.url + reverse("step_4", args=[rows.unit.slug]))
        thumbs = Thumbs(page)
        shot(page, "step-4-phone")
        assert accessibility_problems(page) == []
        thumbs.press("main a", "Håll samtalet")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Uppföljning, samtal 2")
        loading = time.monotonic() - began
        shot(page, "protocol-phone")
        assert accessibility_problems(page) == []
        talk(thumbs)
        shot(page, "protocol-phone-filled")
        began = time.monotonic()
        with page.expect_navigation():
            thumbs.press("main button", "Spara uppföljningen")
        loading += time.monotonic() - began
        assert "Omgången fortsätter med insatserna" in page.locator("main").inner_text()
        shot(page, "step-4-phone-after")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert heard == []
    seconds = thumbs.seconds + loading
    assert seconds < 180, f"{thumbs.presses} presses, {thumbs.letters} letters, {seconds:.0f} s, loading {loading:.1f}"
    held = FollowUp.objects.latest("pk")
    assert (held.decision, held.routines_used, held.effect) == (
        Decision.MORE_SUPPORT,
        "partly",
        NOTES["Vad har blivit annorlunda?"],
    )
    assert held.support_actions.get().owner == "Cia Chef"
    assert not ProtocolDraft.objects.exists()


def test_call_that_breaks_off_goes_on_where_it_was(rows: World, coordinator: User, live_server: Any) -> None:
    """The telephone is put away in the middle of a word; half an hour later the computer has it."""
    address = live_server.url + reverse("protocol", args=[rows.unit.slug])
    with chromium() as browser:
        page = phone(browser, live_server.url, coordinator).new_page()
        page.goto(address)
        thumbs = Thumbs(page)
        thumbs.answer("Fungerar arbetssättet?", "Nej")
        thumbs.write("Vad behöver enheten framöver?", "Mer tid för samt")
        wait_for(ProtocolDraft.objects.exists, 20, "the draft")
        wait_for(lambda: ProtocolDraft.objects.get().answers.get("needs") == "Mer tid för samt", 20, "the words")
        page.close()
        desk = browser.new_context(viewport=ViewportSize(width=1280, height=900), locale="sv-SE")
        sign_in(desk, live_server.url, coordinator)
        page = desk.new_page()
        page.goto(address)
        shot(page, "protocol-desk")
        assert page.get_by_label("Vad behöver enheten framöver?").input_value() == "Mer tid för samt"
        assert page.get_by_role("group", name="Fungerar arbetssättet?").get_by_label("Nej").is_checked()
        assert accessibility_problems(page) == []
        # Meanwhile they save on another screen of theirs: nothing is written over, and the writer chooses.
        draft = ProtocolDraft.objects.get()
        ProtocolDraft.objects.update(answers={"needs": "Mina andra ord"}, saved_at=clock.now())
        page.get_by_label("Vad behöver enheten framöver?").fill("Mina ord")
        expect(page.locator("[data-status]")).to_contain_text("Du har själv sparat något annat i protokollet")
        assert ProtocolDraft.objects.get(pk=draft.pk).answers == {"needs": "Mina andra ord"}
        page.get_by_role("button", name="Spara min text ändå").click()
        expect(page.locator("[data-status]")).to_contain_text("Utkastet sparat kl. ")
        assert ProtocolDraft.objects.get(pk=draft.pk).answers["needs"] == "Mina ord"


def test_without_scripts_the_draft_has_a_button(rows: World, coordinator: User, live_server: Any) -> None:
    with chromium() as browser:
        page = phone(browser, live_server.url, coordinator, java_script_enabled=False).new_page()
        page.goto(live_server.url + reverse("protocol", args=[rows.unit.slug]))
        page.get_by_label("Vad behöver enheten framöver?").fill("Mer tid")
        page.get_by_role("button", name="Spara utkast").click()
        assert "Utkastet är sparat." in page.locator("main").inner_text()
        assert page.get_by_label("Vad behöver enheten framöver?").input_value() == "Mer tid"
