"""Somebody who writes a routine in a real Chromium."""

import re
from typing import Any

from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from routines.models import RoutineSection, RoutineVersion
from tests.browser import complaints, sign_in
from units.models import User

SAVED = re.compile(r"Sparat kl\. \d\d\.\d\d\.")


class Writer:
    """Somebody with the page for writing open."""

    def __init__(self, browser: Browser, address: str, user: User, version: RoutineVersion, **options: Any) -> None:
        self.context: BrowserContext = browser.new_context(locale="sv-SE", **options)
        sign_in(self.context, address, user)
        self.page: Page = self.context.new_page()
        self.heard = complaints(self.page)
        self.page.goto(address + reverse("routine_write", args=[version.routine.slug]))
        if options.get("java_script_enabled", True):
            self.wait_for_editors()

    def wait_for_editors(self) -> None:
        """Each textarea is an editor: what was pointed out before stays the textarea, which is hidden then."""
        expect(self.page.locator("textarea[data-editor]:visible")).to_have_count(0)

    def reload(self) -> None:
        """Open the page anew."""
        self.page.reload()
        self.wait_for_editors()

    def section(self, heading: str) -> Locator:
        return self.page.locator(".write-row", has=self.page.get_by_role("heading", name=heading, exact=True))

    def editor(self, heading: str) -> Locator:
        return self.section(heading).get_by_role("textbox").first

    def status(self, heading: str) -> Locator:
        return self.section(heading).locator("[data-status]")

    def paste(self, heading: str, html: str, text: str = "x") -> None:
        self.editor(heading).focus()
        self.editor(heading).evaluate(
            """(at, [html, text]) => {
              const data = new DataTransfer();
              data.setData("text/html", html);
              data.setData("text/plain", text);
              at.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
            }""",
            [html, text],
        )


def body(version: RoutineVersion, key: str = "ansvar") -> str:
    return RoutineSection.objects.get(version=version, key=key).body
