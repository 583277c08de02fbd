"""Five phones without JavaScript answer a pulse; the manager closes it and sees what they think."""

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, expect

from courses import actions
from courses.models import Survey
from tests.browser import accessibility_problems, chromium, sign_in
from units.models import Unit, User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "java_script_enabled": False}


def answer(browser: Browser, address: str, choice: str) -> None:
    """Scan the code, choose the same for two statements, send; the phone is not asked again."""
    phone = browser.new_context(**PHONE)
    page = phone.new_page()
    page.goto(address)
    page.get_by_role("button", name="Skicka svaret").tap()
    expect(page.get_by_role("alert")).to_contain_text("Svara på minst ett påstående.")
    for statement in ("Jag vågar fråga när jag är orolig för någon.", "Jag vet när och hur en orosanmälan görs."):
        page.get_by_role("group", name=statement).get_by_label(choice).check()
    page.get_by_role("button", name="Skicka svaret").tap()
    page.wait_for_url("**/tack/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Tack för ditt svar")
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text("Tack för ditt svar")
    assert {cookie["name"] for cookie in phone.cookies()} == {"besvarad", "csrftoken"}
    phone.close()


def test_pulse_from_the_poster_to_the_picture(unit: Unit, manager: User, live_server: Any, settings: Any) -> None:
    actions.seed_statements()
    settings.BASE_URL = live_server.url
    with chromium() as browser:
        desk = browser.new_context(viewport={"width": 1280, "height": 900}, locale="sv-SE")
        sign_in(desk, live_server.url, manager)
        page = desk.new_page()
        page.goto(live_server.url + reverse("unit", args=[unit.slug]))
        page.get_by_role("link", name="Kunskapspuls").click()
        page.get_by_role("button", name="Öppna pulsen före steg 1").click()
        page.get_by_role("link", name="Affisch att skriva ut eller visa").click()
        expect(page.get_by_role("img", name="QR-kod som leder till enkäten")).to_be_visible()
        address = page.locator(".poster__link").inner_text()
        for choice in ("Stämmer inte alls", "Stämmer delvis", "Stämmer ganska bra", "Stämmer helt", "Stämmer helt"):
            answer(browser, address, choice)
        page.get_by_role("link", name="Tillbaka till kunskapspulsen").click()
        expect(page.locator("main")).to_contain_text("5 svar hittills.")
        expect(page.locator("main")).not_to_contain_text("av 5")
        page.get_by_role("button", name="Visa resultatet hittills").click()
        expect(page.locator("main")).to_contain_text("Resultatet är av de första 5 svaren.")
        expect(page.get_by_role("columnheader", name="Före steg 1")).to_contain_text("Hittills, 5 svar")
        assert accessibility_problems(page) == []
        page.get_by_role("button", name="Stäng och ta inte emot fler svar").click()
        expect(page.locator("main")).to_contain_text("Kunskapspulsen är stängd.")
        row = page.get_by_role("row", name="Jag vågar fråga när jag är orolig för någon.").inner_text()
        assert "3,6" in row
        assert "60 % svarade 4–5" in row
        expect(page.get_by_role("row", name="Jag vet vad som menas")).to_contain_text("Färre än 5 svarade")
        assert accessibility_problems(page) == []
    assert Survey.objects.get().answers.count() == 5
