"""Writing on a telephone: the way to each section is short, and what saves stays in sight without hiding anything."""

from typing import Any

import pytest
from django.urls import reverse

from routines.models import Template, VersionState
from tests.browser import accessibility_problems, chromium, complaints, sign_in
from tests.routines import stages
from tests.world import seed
from units.models import Unit, User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

# Whether all of what has the focus lies behind the bar that saves.
HIDDEN = """() => {
  const bar = document.querySelector(".write-actions__save").getBoundingClientRect();
  const focused = document.activeElement;
  const box = focused.getBoundingClientRect();
  return !focused.closest(".write-actions__save") && box.top >= bar.top && box.bottom <= bar.bottom;
}"""


def test_a_long_routine_has_contents_and_a_way_to_save(
    unit: Unit, coordinator: User, manager: User, live_server: Any
) -> None:
    seed()
    template = Template.objects.earliest("pk")
    version = stages.walked(unit, VersionState.DRAFT, template=template, by=coordinator, manager=manager)
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 360, "height": 740}, locale="sv-SE", reduced_motion="reduce")
        sign_in(context, live_server.url, manager)
        page = context.new_page()
        heard = complaints(page)
        page.goto(live_server.url + reverse("routine_write", args=[version.routine.slug]))
        page.get_by_text("Innehåll", exact=True).click()
        heading = version.sections.order_by("-position")[0].heading
        page.locator("details").get_by_role("link", name=heading).click()
        page.wait_for_function("() => scrollY > 5000")

        assert page.get_by_role("heading", name=heading).evaluate("h => h.getBoundingClientRect().top") < 300
        assert page.locator(".write-actions__save button").evaluate("b => b.getBoundingClientRect().bottom") <= 740
        page.evaluate("scrollTo(0, 1500)")
        for _ in range(60):
            page.keyboard.press("Tab")
            assert not page.evaluate(HIDDEN), page.evaluate("document.activeElement.outerHTML")
        assert accessibility_problems(page) == []
        page.get_by_role("button", name="Spara", exact=True).click()
        page.get_by_text("Texten är sparad.").wait_for()
    assert heard == []
