"""axe-core, 320 px and the browser's own complaints, on every page for every role, in a real Chromium."""

from typing import Any

import pytest
from django.urls import reverse

from tests.browser import accessibility_problems, chromium, complaints, sign_in
from tests.test_roles import CAST, EXPECTED
from tests.world import World
from units.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1200)]

# Files and text.
NO_PAGE = {
    "healthz",
    "readyz",
    "service_worker",
    "offline_list",
    "routine_pdf",
    "routine_version_pdf",
    "calendar_feed",
    "export_file",
    "training_calendar",
    "booking_calendar",
    "material_file",
}
REFUSED = {"403", "404", "405"}
# Pages with a form that can't be sent empty.
OF_UNITS = ("unit_new", "unit_import", "unit_staff", "step_withdraw", "import_new")
OF_COURSES = ("training_new", "material_new", "statements", "sign_up", "survey")


def addresses(rows: World, who: str) -> list[str]:
    """Every page that answers `who` with a page, and one of each refusal."""
    found, refusals = [], {}
    for name, (arguments, get, _) in EXPECTED.items():
        answer = get.split()[CAST.index(who)]
        if name in NO_PAGE:
            continue
        if answer in {"200", "ok"}:
            found.append(reverse(name, args=arguments(rows)))
        elif answer in REFUSED:
            refusals[answer] = reverse(name, args=arguments(rows))
    return [*found, *refusals.values()]


@pytest.mark.parametrize("who", CAST)
def test_pages_have_no_accessibility_problem(
    who: str, request: pytest.FixtureRequest, rows: World, live_server: Any
) -> None:
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="sv-SE")
        if who != "anonymous":
            sign_in(context, live_server.url, request.getfixturevalue(who))
        page = context.new_page()
        heard = complaints(page)
        problems = []
        for address in addresses(rows, who):
            page.goto(live_server.url + address)
            problems += accessibility_problems(page)
    assert problems == []
    assert heard == []


def test_forms_with_errors_have_no_accessibility_problem(rows: World, coordinator: User, live_server: Any) -> None:
    """An empty form that is sent comes back with a summary that links to the fields, and says so in the title."""
    with chromium() as browser:
        context = browser.new_context(locale="sv-SE")
        sign_in(context, live_server.url, coordinator)
        page = context.new_page()
        problems = []
        for name in (*OF_UNITS, *OF_COURSES):
            page.goto(live_server.url + reverse(name, args=EXPECTED[name][0](rows)))
            with page.expect_navigation():
                page.locator("main form[method=post] button.btn-primary").last.click()
            assert page.title().startswith("Fel: "), page.url
            link = page.locator(".error-summary a").first
            assert link.count(), f"{page.url}: {page.locator('.error-summary').inner_text()}"
            target = link.get_attribute("href")
            assert target, page.url
            assert page.locator(target).count() == 1, f"{page.url}: {target}"
            problems += accessibility_problems(page)
    assert problems == []
