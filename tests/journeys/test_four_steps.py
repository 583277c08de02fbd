"""One unit through all four steps, by clicking, in the portal that `make demo` starts with worker and beat."""

import datetime as dt
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pypdf import PdfReader

from followups.queries import is_working_day
from jarfalla import clock
from tests.browser import accessibility_problems, chromium, complaints
from tests.demo import Demo, running_demo
from tests.real_servers import wait_for

pytestmark = pytest.mark.timeout(900)

UNIT = "Resans förskola"
SLUG = "resans-forskola"
FILE = f"namn;verksamhetstyp;huvudman;kommundel;förvaltning\n{UNIT};Förskola;Kommunal;Centrum;Barn och utbildning\n"


class Person:
    """One member of the cast, in a browser window of their own."""

    def __init__(self, context: BrowserContext, demo: Demo, konto: str) -> None:
        self.page: Page = context.new_page()
        self.heard = complaints(self.page)
        self.demo = demo
        self.go("/")
        self.page.locator(f"button[name=konto][value={konto}]").click()
        expect(self.page.locator(".user-menu")).to_be_visible()

    def go(self, path: str) -> None:
        """Open a page of the portal."""
        self.page.goto(self.demo.base_url + path)

    def press(self, name: str) -> None:
        """Press the button with that name."""
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def reads(self, text: str) -> None:
        """Fail unless the page says `text`."""
        expect(self.page.locator("main")).to_contain_text(text)

    def fill(self, label: str, value: str) -> None:
        """Write in the first field with that label."""
        self.page.get_by_label(label).first.fill(value)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> "object":
    """What `make demo` starts, with a small municipality, in a folder of its own."""
    with running_demo(tmp_path_factory.mktemp("demo"), "--units=4", "--staff=16", seconds=150) as demo:
        yield demo


def import_and_invite(coordinator: Person) -> None:
    """A new unit comes in from a file, takes part and gets its people."""
    coordinator.go("/enheter/importera/")
    coordinator.page.locator("input[type=file]").set_input_files(
        {"name": "enheter.csv", "mimeType": "text/csv", "buffer": FILE.encode("utf-8-sig")}
    )
    coordinator.press("Granska listan")
    coordinator.press("Importera 1 enhet")
    coordinator.go(f"/enheter/{SLUG}/deltagande/")
    coordinator.page.get_by_label("Deltar", exact=True).check()
    coordinator.press("Spara")
    for name, mail, role in [
        ("Charlie Chef", "chef@demo.example", "manager"),
        ("Maja Medarbetare", "medarbetare@demo.example", "member"),
        ("Tove Resander", "tove@demo.example", "member"),
    ]:
        coordinator.go(f"/enheter/{SLUG}/personal/")
        coordinator.fill("Namn", name)
        coordinator.fill("E-postadress i arbetet", mail)
        coordinator.page.get_by_label("Roll").select_option(role)
        coordinator.press("Lägg till")
        coordinator.reads(f"{name} finns nu i personallistan.")


def take_the_web_course(manager: Person) -> None:
    """Step 1: a group session with names, then the step. Too few at first: the two demo users took it elsewhere."""
    manager.go(f"/enheter/{SLUG}/steg-1/")
    manager.press("Registrera steg 1")
    manager.reads("2 av 3")
    manager.go(f"/enheter/{SLUG}/steg-1/")
    boxes = manager.page.locator("#grupptraff input[type=checkbox][name=members]")
    for number in range(boxes.count()):
        boxes.nth(number).check()
    manager.press("Registrera gruppträffen")
    manager.reads("3 av 3")
    manager.press("Registrera steg 1")
    expect(manager.page.locator("main")).to_contain_text("Steg 1")


def hold_a_training(coordinator: Person) -> None:
    """Step 2: booked, then held; the step follows with the same click."""
    coordinator.go(f"/enheter/{SLUG}/steg-2/")
    coordinator.page.get_by_role("link", name="Planera en utbildning").click()
    coordinator.fill("Vad handlar utbildningen om?", "Tidiga tecken")
    coordinator.fill("Datum", coordinator.page.evaluate("new Date().toISOString().slice(0, 10)"))
    coordinator.press("Planera utbildningen")
    coordinator.reads("Utbildningen är planerad.")
    coordinator.press("Registrera som genomförd")


def put_a_routine_in_force(coordinator: Person, manager: Person) -> str:
    """Step 3: made from a template, written, reviewed, approved; the worker makes the PDF. Returns its address."""
    coordinator.go(f"/enheter/{SLUG}/steg-3/")
    coordinator.press("Skapa rutinen")
    slug = re.search(r"/rutiner/([\w-]+)/", coordinator.page.url)
    assert slug, coordinator.page.url
    address = slug[0]
    manager.go(f"{address}skriv/")
    manager.page.locator("main textarea").first.fill("Vi samlas i personalrummet och talar med Tove.")
    manager.page.locator("section[data-save*='/avsnitt/ansvar/'] [contenteditable=true]").click()
    manager.page.keyboard.type("Rektor, eller den som vikarierar för rektor.")
    manager.press("Spara och skicka till granskning")
    manager.reads("skickad till samordnaren för granskning")
    coordinator.go(f"{address}granska/")
    coordinator.press("Godkänn texten")
    manager.go(f"{address}faststall/")
    manager.press("Fastställ rutinen")

    def is_in_force() -> bool:
        manager.go(address)
        return manager.page.get_by_role("link", name=re.compile("PDF")).count() > 0

    wait_for(is_in_force, 60, "the routine in force")
    manager.go(f"/enheter/{SLUG}/steg-3/")
    manager.fill("Var i verksamhetsplanen står det?", "Verksamhetsplan 2026, avsnitt 4.2")
    manager.press("Registrera steg 3")
    return address


def download_the_routine(member: Person, address: str) -> None:
    """A colleague finds the routine from the menu and gets the PDF with the manager's words in it."""
    member.go("/")
    member.page.get_by_role("link", name="Rutiner", exact=True).first.click()
    member.page.locator(f"main a[href='{address}']").first.click()
    member.reads("Vi samlas i personalrummet")
    answer = member.page.request.get(f"{member.demo.base_url}{address}pdf/")
    assert answer.headers["content-type"] == "application/pdf"
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.body())).pages)
    assert "personalrummet" in text
    assert UNIT in text


def be_reminded(coordinator: Person, demo: Demo) -> None:
    """Half a year later, on a working day, the sweep writes a reminder and the worker sends it."""
    days = (clock.today() + dt.timedelta(days=number) for number in range(190, 200))
    moved_to = next(day for day in days if is_working_day(day, []))
    demo.manage("move_clock", str((moved_to - clock.today()).days))

    def mail_has_come() -> bool:
        reminders = [mail for mail in demo.mails() if "paminnelser" in mail.get("List-Id", "")]
        texts = [part.get_content() for mail in reminders if (part := mail.get_body(("plain",)))]
        return any(UNIT in text for text in texts)

    wait_for(mail_has_come, 90, "the reminder")
    coordinator.go("/utkorg/")
    coordinator.reads(UNIT)
    coordinator.go("/")
    coordinator.reads(UNIT)


def close_the_round(coordinator: Person) -> None:
    """Step 4: the coordinator records the follow-up and the round closes."""
    coordinator.go(f"/enheter/{SLUG}/steg-4/")
    coordinator.page.get_by_role("link", name="Håll samtalet").click()
    coordinator.page.locator("input[name=routines_used][value=yes]").check()
    coordinator.fill("Mer om rutinerna", "Ja, och de står i verksamhetsplanen.")
    coordinator.page.locator("input[name=decision][value=done]").check()
    coordinator.press("Spara uppföljningen")
    coordinator.reads("Uppföljningen är registrerad")
    coordinator.go(f"/enheter/{SLUG}/")
    coordinator.reads("Klar")


def test_unit_goes_through_all_four_steps(demo: Demo, tmp_path: Path) -> None:
    with chromium() as browser:
        cast = {
            konto: Person(browser.new_context(locale="sv-SE"), demo, konto)
            for konto in ("samordnare", "chef", "medarbetare")
        }
        coordinator, manager, member = cast.values()
        import_and_invite(coordinator)
        take_the_web_course(manager)
        hold_a_training(coordinator)
        address = put_a_routine_in_force(coordinator, manager)
        download_the_routine(member, address)
        be_reminded(coordinator, demo)
        close_the_round(coordinator)
        for person in cast.values():
            person.go(f"/enheter/{SLUG}/")
            assert accessibility_problems(person.page) == []
            assert person.heard == []
