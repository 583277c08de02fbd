"""The day and the month of a quiet period, in a browser of the size of a phone."""

from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser import sign_in
from units.models import User

pytestmark = pytest.mark.django_db(transaction=True)

# Where the controls of each pair begin and end, from the top of the page.
LINES = """() => [...document.querySelectorAll('.day-and-month')].map(pair =>
    [...pair.querySelectorAll('input, select')].map(field => {
        const box = field.getBoundingClientRect();
        return [Math.round(box.top), Math.round(box.bottom)].join('-');
    }))"""


@pytest.mark.parametrize("width", [360, 1280])
def test_day_and_month_stand_on_one_line_also_with_an_error(
    browser: Browser, live_server: Any, coordinator: User, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900})
    sign_in(context, live_server.url, coordinator)
    page = context.new_page()
    page.goto(f"{live_server.url}/paminnelser/lugna-perioder/")
    for is_sent in (False, True):
        if is_sent:
            page.locator("#id_last_month").select_option("7")
            page.get_by_role("button", name="Lägg till").click()
            page.locator(".day-and-month .invalid-feedback").first.wait_for()
        pairs = page.evaluate(LINES)
        assert [len(pair) for pair in pairs] == [2, 2]
        assert [day for day, month in pairs] == [month for day, month in pairs]
