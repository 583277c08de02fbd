"""A real Chromium for tests."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from units.models import User

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        # Playwright keeps an event loop in this thread, and Django takes that for asynchronous code. It isn't.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()
        connections.close_all()  # for Django, those of that loop are others than this thread's, and stay open for ever


def sign_in(context: BrowserContext, address: str, user: User) -> None:
    """Give the browser a session; the sign-in itself is tests/jarfalla/test_accounts.py."""
    client = Client()
    client.force_login(user)
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": address}])


def complaints(page: Page) -> list[str]:
    """A list that fills with whatever the browser complains about: script errors, what the CSP stopped, 404s."""
    heard: list[str] = []

    def on_console(message: Any) -> None:
        # The page itself may be a 404 or 403 that the test asks for; its parts may not.
        if message.type in {"error", "warning"} and page.url not in str(message.location.get("url", "")):
            heard.append(message.text)

    page.on("console", on_console)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


def accessibility_problems(page: Page) -> list[str]:
    """What axe-core finds on the page as it stands, and sideways scrolling at 320 px."""
    found = [
        f"{page.url}: {violation['id']}: {violation['help']}: {node['html'][:160]}"
        for violation in Axe().run(page).response["violations"]
        for node in violation["nodes"]
    ]
    before = page.viewport_size
    page.set_viewport_size({"width": 320, "height": 640})
    width = page.evaluate("document.documentElement.scrollWidth")
    if width > 320:
        found.append(f"{page.url}: is {width} px wide at 320 px")
    if before:
        page.set_viewport_size(before)
    return found
