"""Half past four: somebody opens the unit's routine on a telephone, in a real Chromium, also without JavaScript."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, ViewportSize

from routines import actions
from routines.models import Routine, Template, VersionState
from tests.browser import accessibility_problems, chromium, complaints, sign_in
from tests.routines import stages
from units.models import Unit, User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

PHONE, DESKTOP = ViewportSize(width=360, height=740), ViewportSize(width=1280, height=900)


@pytest.fixture
def routine(settings: Any, tmp_path: Path, unit: Unit, coordinator: User, manager: User) -> Routine:
    """The preschool's template, approved as it stands."""
    settings.MEDIA_ROOT = tmp_path / "media"
    actions.seed_contacts()
    actions.seed_legal_references()
    actions.seed_templates()
    template = Template.objects.get(name="Förskola och pedagogisk omsorg")
    title = "Rutin vid hedersrelaterat våld och förtryck"
    version = stages.walked(
        unit, VersionState.IN_FORCE, template=template, by=coordinator, manager=manager, title=title
    )
    return version.routine


def shot(page: Page, name: str, *, full: bool = False) -> None:
    """Keep a picture where SHOTS says, for somebody to look at."""
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=full)


def box(page: Page, selector: str) -> Any:
    """Where something stands on the screen."""
    found = page.locator(selector).first.bounding_box()
    assert found, selector
    return found


@pytest.mark.parametrize("scripts", [True, False])
def test_what_to_do_now_is_on_the_first_screen(scripts: bool, routine: Routine, member: User, live_server: Any) -> None:
    with chromium() as browser:
        context = browser.new_context(viewport=PHONE, locale="sv-SE", java_script_enabled=scripts, has_touch=True)
        sign_in(context, live_server.url, member)
        page = context.new_page()
        heard = complaints(page)
        page.goto(live_server.url + reverse("routines"))
        shot(page, f"list-phone-{scripts}")
        page.get_by_label("Sök i rutinerna").fill("orosanmalan socialtjänst")
        page.get_by_role("button", name="Sök").click()
        shot(page, f"search-phone-{scripts}", full=True)
        page.goto(live_server.url + reverse("routines"))
        page.get_by_role("link", name=routine.title, exact=True).click()
        shot(page, f"routine-phone-{scripts}")
        shot(page, f"routine-phone-full-{scripts}", full=True)
        first = box(page, ".checklist li")
        assert first["y"] + first["height"] < PHONE["height"]
        call = box(page, 'main a[href="tel:112"]')
        assert call["y"] < first["y"]
        assert call["height"] >= 44
        for number in page.locator('main a[href^="tel:"]').all():
            assert (number.bounding_box() or {"height": 0})["height"] >= 44
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"] if scripts else True
        page.get_by_role("button", name="Jag har läst och förstått").click()
        page.get_by_text("Tack! Det är noterat").wait_for()
        assert heard == []


def test_pages_are_accessible_on_both_screens(
    routine: Routine, member: User, manager: User, coordinator: User, outsider: User, live_server: Any
) -> None:
    actions.share_routine(routine, by=manager)
    slug = [routine.slug]
    pages = [
        ("routine", slug, member),
        ("routines", [], member),
        ("receipts", slug, manager),
        ("routine", slug, manager),
        ("routines", [], coordinator),
        ("shared_routines", [], coordinator),
        ("routine_adopt", slug, outsider),
        ("routine", slug, outsider),
    ]
    problems = []
    with chromium() as browser:
        for name, arguments, user in pages:
            context = browser.new_context(viewport=DESKTOP, locale="sv-SE")
            sign_in(context, live_server.url, user)
            page = context.new_page()
            page.goto(live_server.url + reverse(name, args=arguments))
            shot(page, f"{name}-{user.name.split()[0]}-desktop", full=name != "routine")
            problems += accessibility_problems(page)
            if name == "routines":
                page.goto(live_server.url + reverse(name) + "?q=polisen")
                shot(page, f"search-{user.name.split()[0]}-desktop", full=True)
                problems += accessibility_problems(page)
            context.close()
    assert problems == []
