"""A protocol is being written while somebody is signed out, goes away or writes in it elsewhere: the words stay."""

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import Browser, Dialog, Page, expect

from followups.models import FollowUp, ProtocolDraft
from jarfalla import clock
from tests import factories
from tests.browser import complaints, sign_in
from tests.real_servers import wait_for
from tests.world import World
from units.models import User, UserRole

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

EFFECT = "Vad har blivit annorlunda?"
SAVED = "Utkastet sparat kl. "


@pytest.fixture
def page(browser: Browser, live_server: Any, settings: Any, rows: World, coordinator: User) -> Page:
    """The protocol on the screen of the coordinator, who has one of the demo's doors to sign in by."""
    settings.DEMO = True
    User.objects.filter(pk=coordinator.pk).update(email="samordnare@demo.example")
    context = browser.new_context(locale="sv-SE")
    sign_in(context, live_server.url, coordinator)
    page = context.new_page()
    page.goto(live_server.url + reverse("protocol", args=[rows.unit.slug]))
    return page


def status(page: Page) -> Any:
    return page.locator("[data-status]")


def somebody_else_saves(words: str) -> None:
    """Another coordinator writes in the draft."""
    siv = factories.user(name="Siv Samordnare", role=UserRole.COORDINATOR)
    assert ProtocolDraft.objects.update(answers={"effect": words}, saved_by=siv, saved_at=clock.now()) == 1


def kept() -> dict[str, str]:
    """The answers in the only draft."""
    draft = ProtocolDraft.objects.first()
    return draft.answers if draft else {}


def enter(tab: Page) -> None:
    """Sign in on a page that asks for it, which renews the token of every form."""
    before = token(tab)
    tab.locator("button[name=konto][value=samordnare]").click()
    expect(tab.get_by_role("navigation").first).to_be_visible()
    assert token(tab) != before
    tab.close()


def token(page: Page) -> str:
    return next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "csrftoken")


def test_signed_out_in_the_middle_says_so_and_saves_after_signing_in_again(page: Page) -> None:
    heard = complaints(page)
    Session.objects.all().delete()
    page.get_by_label(EFFECT).fill("Fler vågar fråga.")
    expect(status(page)).to_contain_text("Inte sparat: du är utloggad. Din text är kvar här.")
    page.get_by_role("button", name="Spara uppföljningen").click()
    expect(page.get_by_label(EFFECT)).to_have_value("Fler vågar fråga.")
    assert not ProtocolDraft.objects.exists()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Logga in i en ny flik").click()
    enter(opened.value)
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(status(page)).to_contain_text(SAVED)
    assert ProtocolDraft.objects.get().answers["effect"] == "Fler vågar fråga."
    page.get_by_label(EFFECT).fill("Fler vågar fråga, och gör det.")
    page.get_by_text("Tillbaka till steg 3").check()
    page.get_by_role("button", name="Spara uppföljningen").click()
    expect(page.get_by_text("Enheten är tillbaka på steg 3.")).to_be_visible()
    assert FollowUp.objects.latest("pk").effect == "Fler vågar fråga, och gör det."
    assert heard == []


def test_form_goes_with_the_token_of_a_sign_in_in_another_tab(page: Page, live_server: Any) -> None:
    """All is kept, so the form goes by itself: what it was signed with is no longer good."""
    page.get_by_label(EFFECT).fill("Fler vågar fråga.")
    page.get_by_text("Tillbaka till steg 3").check()
    expect(status(page)).to_contain_text(SAVED)
    Session.objects.all().delete()
    tab = page.context.new_page()
    tab.goto(live_server.url + reverse("account_login"))
    enter(tab)
    page.get_by_role("button", name="Spara uppföljningen").click()
    expect(page.get_by_text("Enheten är tillbaka på steg 3.")).to_be_visible()
    assert FollowUp.objects.latest("pk").effect == "Fler vågar fråga."


def test_what_somebody_else_saved_is_loaded_and_the_form_not_sent_again(page: Page) -> None:
    """The page may be the answer to a form that was refused."""
    page.get_by_label(EFFECT).fill("Mina ord.")
    page.get_by_role("button", name="Spara uppföljningen").click()
    expect(page.locator(".error-summary")).to_be_visible()
    somebody_else_saves("En annans ord.")
    page.get_by_label(EFFECT).fill("Mina ord, och fler.")
    expect(status(page)).to_contain_text("Siv Samordnare har sparat något annat i protokollet")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method) if request.is_navigation_request() else None)
    page.get_by_role("button", name="Läs in det som är sparat").click()
    expect(page.get_by_label(EFFECT)).to_have_value("En annans ord.")
    assert asked == ["GET"]
    assert page.locator(".error-summary").count() == 0


def test_two_presses_are_one_follow_up_and_one_success(page: Page) -> None:
    page.get_by_label(EFFECT).fill("Alla är nya.")
    page.get_by_text("Tillbaka till steg 3").check()
    page.get_by_role("button", name="Spara uppföljningen").dblclick()
    expect(page.get_by_text("Enheten är tillbaka på steg 3.")).to_be_visible()
    expect(page.locator(".message")).to_have_count(1)
    assert FollowUp.objects.filter(effect="Alla är nya.").count() == 1


def test_place_for_news_is_there_before_there_are_any(page: Page) -> None:
    """A screen reader listens to what it knows of: not to what stands nowhere until it has words."""
    news = page.get_by_role("status").and_(status(page))
    expect(news).to_have_count(1)
    assert news.evaluate("place => place.offsetHeight") == 0
    page.get_by_label(EFFECT).fill("Fler vågar fråga.")
    expect(news).to_contain_text(SAVED)
    assert news.evaluate("place => place.offsetHeight") > 20


@pytest.mark.parametrize("width", [320, 351, 352, 360, 412])
def test_answers_have_room_on_a_narrow_screen(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    overflowing = page.locator(".quick__answer").evaluate_all(
        """labels => labels.filter(label => {
            const words = label.querySelector("span").getBoundingClientRect();
            return words.right > label.getBoundingClientRect().right - 4;
        }).map(label => label.textContent)"""
    )
    assert overflowing == []


def test_back_shows_the_draft_and_writing_goes_on(page: Page, rows: World) -> None:
    page.reload()  # the first answer came with a cookie, and a browser's copy holds for the cookies it was asked with
    page.get_by_label(EFFECT).fill("Fler vågar fråga.")
    expect(status(page)).to_contain_text(SAVED)
    page.locator(".eyebrow a").click()
    page.wait_for_url("**" + reverse("step_4", args=[rows.unit.slug]))
    page.go_back()
    expect(page.get_by_label(EFFECT)).to_have_value("Fler vågar fråga.")
    page.get_by_label("Vad behöver enheten framöver?").fill("Mer tid.")
    expect(status(page)).to_contain_text(SAVED)
    assert (kept()["effect"], kept()["needs"]) == ("Fler vågar fråga.", "Mer tid.")


def test_what_is_typed_at_the_last_moment_is_kept(page: Page, rows: World) -> None:
    """The portal is asked to keep it before the page goes, and the page does not live to hear the answer."""
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    page.get_by_label(EFFECT).press_sequentially("Fler vågar")
    page.locator(".eyebrow a").click()
    page.wait_for_url("**" + reverse("step_4", args=[rows.unit.slug]))
    assert asked == ["beforeunload"]
    wait_for(lambda: kept().get("effect") == "Fler vågar", 20, "the words")
    page.get_by_role("link", name="Fortsätt protokollet").or_(page.get_by_role("link", name="Håll samtalet")).click()
    expect(page.get_by_label(EFFECT)).to_have_value("Fler vågar")


def test_page_that_is_left_asks_the_browser_to_finish(page: Page) -> None:
    """Only then: what may outlive its page has little room, and a long text goes as any other."""
    page.evaluate(
        """() => {
            const send = window.fetch;
            window.outliving = [];
            window.fetch = (to, options) => { window.outliving.push(options.keepalive); return send(to, options); };
            window.hide = () => {
                Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
                document.dispatchEvent(new Event("visibilitychange"));
            };
        }"""
    )
    for words, is_hidden in (("Vi", False), ("Vi vågar", True), ("å" * 4000, True)):
        page.get_by_label(EFFECT).fill(words)
        if words.startswith("å"):
            page.get_by_label("Vad behöver enheten framöver?").fill("ö" * 4000)
            page.get_by_label("Mer om rutinerna").fill("ä" * 4000)
        if is_hidden:
            page.evaluate("window.hide()")
        wait_for(lambda: kept().get("effect") == words, 20, words[:10])  # noqa: B023  # called before the next words
        expect(status(page)).to_contain_text(SAVED)
        page.wait_for_timeout(300)  # ms, until the page has heard the answer
    assert page.evaluate("window.outliving") == [False, True, False]


def test_two_choices_stand_apart_on_a_narrow_screen(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.get_by_label(EFFECT).fill("Mina ord.")
    expect(status(page)).to_contain_text(SAVED)
    somebody_else_saves("En annans ord.")
    page.get_by_label(EFFECT).fill("Mina ord, och fler.")
    mine = page.get_by_role("button", name="Spara min text ändå").bounding_box()
    theirs = page.get_by_role("button", name="Läs in det som är sparat").bounding_box()
    assert mine is not None
    assert theirs is not None
    text_begins = status(page).evaluate(
        "place => place.getBoundingClientRect().x + parseFloat(getComputedStyle(place).paddingLeft)"
        " + parseFloat(getComputedStyle(place).borderLeftWidth)"
    )
    assert mine["x"] == pytest.approx(text_begins, abs=1)
    if theirs["y"] < mine["y"] + mine["height"]:  # they have room beside each other
        assert theirs["x"] - (mine["x"] + mine["width"]) >= 8
    else:
        assert theirs["x"] == pytest.approx(mine["x"], abs=1)
        assert theirs["y"] - (mine["y"] + mine["height"]) >= 8


def test_what_the_portal_knows_has_a_marker_that_turns(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.reload()
    summary = page.locator("[data-known] summary")
    marker = "summary => [getComputedStyle(summary).display, getComputedStyle(summary).listStyleType]"
    assert summary.evaluate(marker) == ["list-item", "disclosure-closed"]
    box = summary.bounding_box()
    assert box is not None
    assert 44 <= box["height"] < 60  # the marker stands on the line of its heading
    summary.click()
    assert summary.evaluate(marker) == ["list-item", "disclosure-open"]


def test_what_a_promise_needs_is_not_called_optional(page: Page) -> None:
    page.get_by_role("group", name="Beslut").get_by_label("Mer stöd").check()
    promise = page.get_by_role("group", name="Insats 1")
    expect(promise.get_by_label("Vem som gör det")).to_be_visible()
    assert "frivilligt" not in promise.inner_text()
    expect(page.get_by_role("group", name="Fungerar arbetssättet? (frivilligt)")).to_be_visible()
