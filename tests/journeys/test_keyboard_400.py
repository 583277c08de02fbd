"""A manager of 400 logs a group session with the keyboard alone: how many keys it takes, and how long.

Nothing here points or fills in: only keys, in a real Chromium, and what has the focus.
"""

import itertools
import time
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from courses import queries
from courses.models import Completion, GroupSession
from jarfalla import clock
from tests.browser import accessibility_problems, chromium, complaints, sign_in
from units.models import Membership, Unit, User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

STAFF = 400
ABSENT = 20
SECONDS_A_KEY = 0.15  # somebody who types forty words a minute
FIRST = (
    "Adam Birgit Cecilia Diana Erik Farah Gustav Hala Ivar Jasmin Karin Lars Mona Nadja Olle Petra Rana Sven Tove Åsa"
)
LAST = "Ahlin Berg Ceder Dahl Ek Fors Gran Holm Idris Jansson Karimi Lind Mattsson Nyman Olsson Palm Rask Sand Tall Öst"

# What has the focus, as somebody who looks at the page would call it.
FOCUSED = """() => {
  const at = document.activeElement;
  const label = at.labels && at.labels[0];
  return (label || at).textContent.trim().replace(/\\s+/g, ' ') + '|' + (at.type || '');
}"""


class Keyboard:
    """Presses keys on a page, counts them, and looks at what has the focus."""

    def __init__(self, page: Page) -> None:
        self.page, self.pressed = page, 0

    def press(self, *keys: str) -> None:
        """One key after the other."""
        for key in keys:
            self.page.keyboard.press(key)
            self.pressed += 1

    def write(self, text: str) -> None:
        """One key for each letter; å, ä and ö, which no key of Playwright's keyboard has, come in as text."""
        for letter in text:
            self.page.keyboard.type(letter)
            self.pressed += 1

    def focused(self) -> str:
        """The words on what has the focus."""
        return str(self.page.evaluate(FOCUSED)).split("|")[0]

    def tab_to(self, words: str) -> None:
        """Press Tab until something that begins with these words has the focus."""
        passed = []
        for _ in range(40):
            self.press("Tab")
            if self.focused().startswith(words):
                return
            passed.append(self.focused())
        raise AssertionError(f"{words} is not within 40 tabs: {passed}")


def large_staff(unit: Unit) -> list[str]:
    """The names of so many people that the staff list holds STAFF, in order."""
    names = [f"{first} {last}" for first, last in itertools.product(FIRST.split(), LAST.split())]
    names = names[: STAFF - unit.memberships.count()]
    people = User.objects.bulk_create(
        User(email=f"p{number}@example.org", name=name) for number, name in enumerate(names)
    )
    Membership.objects.bulk_create(
        Membership(unit=unit, user=person, started_on=clock.today().replace(year=clock.today().year - 1, day=1))
        for person in people
    )
    return names


def mark_all_but(absent: list[str], keys: Keyboard) -> None:
    """From the top of the page to a list where everybody is ticked but these."""
    keys.press("Tab")
    assert keys.focused() == "Hoppa till innehållet"
    keys.press("Enter")
    keys.tab_to("Registrera en gruppträff")
    keys.press("Enter")
    keys.tab_to("Markera alla")
    keys.press("Space")
    keys.tab_to("Sök namn i listan")
    for name in absent:
        first, last = name.lower().split()
        keys.write(f"{first} {last[:3]}")
        keys.press("Enter")
        assert keys.focused() == name
        keys.press("Space", "Escape")


def test_380_of_400_are_logged_with_the_keyboard_in_under_a_minute(unit: Unit, manager: User, live_server: Any) -> None:
    names = large_staff(unit)
    absent = names[7 : 7 + 19 * ABSENT : 19]
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="sv-SE")
        sign_in(context, live_server.url, manager)
        page = context.new_page()
        heard = complaints(page)
        began = time.monotonic()
        page.goto(live_server.url + reverse("step_1", args=[unit.slug]))
        loading = time.monotonic() - began
        keys = Keyboard(page)
        mark_all_but(absent, keys)
        expect(page.locator(".checklist__count").first).to_contain_text("Valda: 380 av 400")
        keys.tab_to("Hoppa förbi namnen")
        keys.press("Enter")
        keys.tab_to("Registrera gruppträffen")
        began = time.monotonic()
        with page.expect_navigation():
            keys.press("Enter")
        loading += time.monotonic() - began
        expect(page.locator("main")).to_contain_text("Gruppträffen är registrerad. Tack!")
        assert heard == []
    seconds = keys.pressed * SECONDS_A_KEY + loading
    assert seconds < 60, f"{keys.pressed} keys, {seconds:.1f} s of which the portal took {loading:.1f} s"
    session = GroupSession.objects.get()
    assert (session.unit, session.held_on, session.headcount) == (unit, clock.today(), None)
    present = Completion.objects.standing().filter(session=session).values_list("user__name", flat=True)
    assert sorted(present) == sorted({*names, manager.name} - set(absent))
    assert queries.coverage(unit).covered == STAFF - ABSENT


def test_arrows_and_letters_move_in_the_list_and_nothing_there_sends_the_form(
    unit: Unit, manager: User, live_server: Any
) -> None:
    large_staff(unit)
    with chromium() as browser:
        context = browser.new_context(locale="sv-SE")
        sign_in(context, live_server.url, manager)
        page = context.new_page()
        page.goto(live_server.url + reverse("step_1", args=[unit.slug]))
        keys = Keyboard(page)
        count = page.locator(".checklist__count").first
        keys.tab_to("Sök namn i listan")
        keys.press("ArrowDown")
        assert keys.focused() == "Adam Ahlin"
        keys.press("ArrowDown", "ArrowDown", "ArrowUp")
        assert keys.focused() == "Adam Berg"
        keys.write("tove")
        assert keys.focused() == "Tove Ahlin"
        keys.press("End", "Enter", "Home")
        assert keys.focused() == "Adam Ahlin"
        assert not GroupSession.objects.exists()
        keys.press("Escape")
        assert keys.focused() == "Sök namn i listan"
        keys.write("etra gra")  # begins no name: stands anywhere
        expect(count).to_contain_text("Visas: 1")
        keys.press("Escape")
        keys.write("öst tov")
        expect(count).to_contain_text("Visas: 1")
        assert page.locator(".checklist__items").first.locator("label:visible").all_inner_texts() == ["Tove Öst"]
        keys.press("Shift+Tab", "Space")  # avmarkera alla: of those that show
        keys.press("Shift+Tab", "Space", "Tab", "Tab", "Escape")
        expect(count).to_contain_text("Valda: 1 av 400")
        assert accessibility_problems(page) == []


def test_all_names_are_there_without_javascript_and_the_form_works(unit: Unit, manager: User, live_server: Any) -> None:
    names = large_staff(unit)
    with chromium() as browser:
        context = browser.new_context(locale="sv-SE", java_script_enabled=False)
        sign_in(context, live_server.url, manager)
        page = context.new_page()
        page.goto(live_server.url + reverse("step_1", args=[unit.slug]))
        form = page.locator("#grupptraff form")
        assert form.get_by_role("checkbox").count() == STAFF
        assert form.get_by_role("button").all_inner_texts() == ["Registrera gruppträffen"]  # no tool that does nothing
        assert not form.get_by_role("searchbox").is_visible()
        form.get_by_label(names[3], exact=True).check()
        form.get_by_label("Hur många fler var med, utan namn?").fill("5")
        form.get_by_role("button").click()
        expect(page.locator("main")).to_contain_text("Gruppträffen är registrerad. Tack!")
    assert Completion.objects.get().user.name == names[3]
    assert GroupSession.objects.get().headcount == 5
