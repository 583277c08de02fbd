"""A teacher without a network, in a real Chromium: what she can read, and what is on the phone afterwards."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.test import Client
from django.urls import reverse
from django.utils.module_loading import import_string
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

from jarfalla import clock
from jarfalla.views import offline
from routines.models import Routine, RoutineVersion
from tests import factories, world
from tests.browser import accessibility_problems, chromium, complaints, sign_in
from tests.real_servers import free_port, wait_for, web
from units.models import MembershipRole, Unit, User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

TITLE = "När vi blir oroliga för ett barn"
OTHERS_TITLE = "Granbackens egen rutin"
DRAFT_TITLE = "Hemligt utkast"
NOT_HOME = "Vårdnadshavare: kontakta dem inte på egen hand"

KEPT = """async () => {
  const found = [];
  for (const name of await caches.keys())
    for (const request of await (await caches.open(name)).keys()) found.push(new URL(request.url).pathname);
  return found.sort();
}"""
# Everything in which a page can leave something behind.
LEFT_BEHIND = """async () => ({
  caches: await caches.keys(),
  workers: (await navigator.serviceWorker.getRegistrations()).length,
  local: localStorage.length,
  session: sessionStorage.length,
  databases: (await indexedDB.databases()).length,
})"""
NOTHING = {"caches": [], "workers": 0, "local": 0, "session": 0, "databases": 0}
CONTROLLED = "() => navigator.serviceWorker.ready.then(() => navigator.serviceWorker.controller !== null)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    """A telephone that nobody has used before."""
    context = browser.new_context(viewport={"width": 390, "height": 780}, locale="sv-SE")
    yield context
    context.close()


@pytest.fixture
def routine(unit: Unit, manager: User, coordinator: User) -> Routine:
    """A routine in force of the unit, and a draft beside it."""
    world.seed()
    world.walk(unit, DRAFT_TITLE, coordinator=coordinator, manager=manager, as_far_as="draft")
    return world.walk(unit, TITLE, coordinator=coordinator, manager=manager, as_far_as="in_force")


@pytest.fixture
def other_member(routine: Routine, coordinator: User) -> User:
    """Works in another unit, which has a routine in force of its own."""
    elsewhere = factories.taking_part(factories.unit(name="Granbackens skola"))
    manager = factories.staff(elsewhere, name="Greta Gran", role=MembershipRole.MANAGER)
    world.walk(elsewhere, OTHERS_TITLE, coordinator=coordinator, manager=manager, as_far_as="in_force")
    return factories.staff(elsewhere, name="Gun Gran")


def kept(page: Page) -> list[str]:
    """The addresses of everything that lies in any cache."""
    return list(page.evaluate(KEPT))


def pages_kept(page: Page) -> list[str]:
    return [address for address in kept(page) if not address.startswith("/static/")]


def wait_until_kept(page: Page, *addresses: str) -> None:
    """Return once exactly these pages, and every file, are kept and a worker watches over the page."""
    wait_for(lambda: page.evaluate(CONTROLLED), 20, "the worker")
    wanted = sorted([*addresses, "/offline/"])
    files = len(offline.FILES)
    wait_for(
        lambda: pages_kept(page) == wanted and len(kept(page)) == len(wanted) + files,
        20,
        f"{wanted} and {files} files",
    )


def opened(phone: BrowserContext, address: str, user: User, path: str = "/") -> Page:
    """A page of the portal, signed in as `user`."""
    sign_in(phone, address, user)
    page = phone.new_page()
    page.goto(address + path)
    return page


@contextlib.contextmanager
def answering_503(port: int) -> Iterator[None]:
    """What stands in front of a portal that is down."""

    class Unavailable(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(HTTPStatus.SERVICE_UNAVAILABLE)

    server = ThreadingHTTPServer(("127.0.0.1", port), Unavailable)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield
    server.shutdown()
    server.server_close()


@contextlib.contextmanager
def answering_nothing(port: int) -> Iterator[None]:
    """A network that is there, and says nothing."""
    with socket.create_server(("127.0.0.1", port)):
        yield


def no_way_to(page: Page, address: str) -> bool:
    """Whether the browser says that there is no network."""
    try:
        page.goto(address)
    except Error as failure:
        return "net::ERR_" in str(failure)
    return False


def test_own_routine_is_read_offline_without_having_been_opened(
    phone: BrowserContext, routine: Routine, member: User, live_server: Any
) -> None:
    address = routine.get_absolute_url()
    page = opened(phone, live_server.url, member)
    heard = complaints(page)
    wait_until_kept(page, address)
    phone.set_offline(True)
    page.goto(live_server.url + address)
    expect(page.get_by_text("Du är offline", exact=True)).to_be_visible()
    expect(page.locator(".offline")).to_contain_text("Så här såg rutinen ut")
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()
    expect(page.locator("main")).to_contain_text(NOT_HOME)
    expect(page.locator("main a[href='tel:112']").first).to_be_visible()
    # It looks like a page: the stylesheets and the typeface came from what is kept.
    assert page.locator(".offline").evaluate("row => getComputedStyle(row).borderBottomStyle") == "solid"
    assert page.evaluate("document.fonts.ready.then(() => document.fonts.check('16px \"Portal Sans\"'))")
    problems = accessibility_problems(page)
    # From anywhere: what is kept, and the way to it.
    page.goto(live_server.url + "/")
    problems += accessibility_problems(page)
    page.get_by_role("link", name=TITLE).click()
    expect(page.locator("main")).to_contain_text(NOT_HOME)
    assert problems == []
    assert heard == []
    phone.set_offline(False)
    page.get_by_role("link", name="Försök igen när du har nät").click()
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()
    expect(page.locator(".offline")).to_have_count(0)


def test_drafts_and_other_pages_are_never_kept(
    phone: BrowserContext, routine: Routine, manager: User, live_server: Any
) -> None:
    """The manager may open the draft; her phone keeps it no more than anybody's."""
    draft = Routine.objects.get(title=DRAFT_TITLE)
    page = opened(phone, live_server.url, manager)
    wait_until_kept(page, routine.get_absolute_url())
    for path in [
        draft.get_absolute_url(),
        f"{draft.get_absolute_url()}skriv/",
        reverse("routines"),
        reverse("contacts"),
        routine.unit.get_absolute_url(),
        routine.get_absolute_url(),
    ]:
        answer = page.goto(live_server.url + path)
        assert answer
        assert answer.status == 200, path
    page.goto(live_server.url + "/")
    wait_until_kept(page, routine.get_absolute_url())
    phone.set_offline(True)
    for path in (draft.get_absolute_url(), f"{draft.get_absolute_url()}skriv/", reverse("routines")):
        page.goto(live_server.url + path)
        expect(page.get_by_role("heading", name="Det här kan du läsa utan nät")).to_be_visible()
        assert DRAFT_TITLE not in page.content()


def test_routine_is_read_while_the_server_is_down_and_afresh_when_it_is_back(
    phone: BrowserContext, routine: Routine, member: User, tmp_path: Path
) -> None:
    port = free_port()
    address = routine.get_absolute_url()
    with web(tmp_path / "web.log", PORT=str(port)) as portal:
        page = opened(phone, portal, member)
        wait_until_kept(page, address)
    for down in (contextlib.nullcontext, answering_503, answering_nothing):
        with down(port):
            page.goto(portal + address)
            expect(page.locator(".offline")).to_contain_text("Så här såg rutinen ut")
            expect(page.locator("main")).to_contain_text(NOT_HOME)
    Routine.objects.filter(pk=routine.pk).update(title="Nytt namn på rutinen")
    with web(tmp_path / "web.log", PORT=str(port)) as portal:
        page.goto(portal + address)
        expect(page.get_by_role("heading", name="Nytt namn på rutinen")).to_be_visible()
        expect(page.locator(".offline")).to_have_count(0)


def test_signing_out_leaves_nothing_on_the_phone(
    phone: BrowserContext, routine: Routine, member: User, live_server: Any
) -> None:
    page = opened(phone, live_server.url, member)
    heard = complaints(page)
    wait_until_kept(page, routine.get_absolute_url())
    page.evaluate("() => { localStorage.setItem('x', '1'); sessionStorage.setItem('x', '1'); }")
    page.locator(".user-menu summary").click()
    page.locator(".user-menu").get_by_role("button", name="Logga ut").click()
    expect(page.get_by_label("E-postadress")).to_be_visible()
    wait_for(lambda: page.evaluate(LEFT_BEHIND) == NOTHING, 10, f"an empty phone, not {page.evaluate(LEFT_BEHIND)},")
    assert heard == []
    phone.set_offline(True)
    assert no_way_to(page, live_server.url + routine.get_absolute_url())


def test_signing_out_without_a_network_empties_the_phone_too(
    phone: BrowserContext, routine: Routine, member: User, live_server: Any
) -> None:
    page, watcher = opened(phone, live_server.url, member), phone.new_page()
    wait_until_kept(page, routine.get_absolute_url())
    watcher.goto(live_server.url + "/healthz")
    page.locator(".user-menu summary").click()
    phone.set_offline(True)
    page.locator(".user-menu").get_by_role("button", name="Logga ut").click()
    wait_for(lambda: watcher.evaluate("() => caches.keys()") == [], 10, "an empty phone")


def test_next_person_on_the_same_phone_sees_nothing_of_the_first(
    phone: BrowserContext, routine: Routine, member: User, other_member: User, live_server: Any
) -> None:
    """Without a sign-out in between: the first one's session has ended, and another signs in."""
    page = opened(phone, live_server.url, member)
    wait_until_kept(page, routine.get_absolute_url())
    sign_in(phone, live_server.url, other_member)
    page.goto(live_server.url + "/")
    own = Routine.objects.get(title=OTHERS_TITLE).get_absolute_url()
    wait_until_kept(page, own)
    assert len(page.evaluate("() => caches.keys()")) == 1
    phone.set_offline(True)
    page.goto(live_server.url + routine.get_absolute_url())
    expect(page.get_by_role("link", name=OTHERS_TITLE)).to_be_visible()
    assert TITLE not in page.content()
    assert routine.unit.name not in page.content()


def test_session_that_has_ended_empties_the_phone_at_the_next_contact(
    phone: BrowserContext, routine: Routine, member: User, live_server: Any
) -> None:
    page = opened(phone, live_server.url, member)
    wait_until_kept(page, routine.get_absolute_url())
    end_session(phone)
    page.goto(live_server.url + "/")
    wait_for(lambda: page.evaluate(LEFT_BEHIND) == NOTHING, 10, "an empty phone")


def end_session(phone: BrowserContext) -> None:
    """What time, or a manager's click, does to a session in the database."""
    [key] = [row["value"] for row in phone.cookies() if row["name"] == settings.SESSION_COOKIE_NAME]
    store: SessionBase = import_string(f"{settings.SESSION_ENGINE}.SessionStore")(key)
    store.delete()


def test_copy_older_than_a_session_may_be_is_not_shown(
    phone: BrowserContext, routine: Routine, member: User, live_server: Any, settings: Any
) -> None:
    sign_in(phone, live_server.url, member)
    settings.SESSION_COOKIE_AGE = 1
    page = phone.new_page()
    page.goto(live_server.url + "/")
    wait_until_kept(page, routine.get_absolute_url())
    page.wait_for_timeout(2500)
    phone.set_offline(True)
    assert no_way_to(page, live_server.url + routine.get_absolute_url())


def test_withdrawn_routine_is_gone_at_the_next_contact(
    phone: BrowserContext, routine: Routine, member: User, coordinator: User, live_server: Any
) -> None:
    page = opened(phone, live_server.url, member)
    wait_until_kept(page, routine.get_absolute_url())
    RoutineVersion.objects.filter(routine=routine).update(
        ended_at=clock.now(), withdrawn_by=coordinator, withdrawal_reason="Gäller inte längre"
    )
    page.goto(live_server.url + "/")
    wait_until_kept(page)
    phone.set_offline(True)
    page.goto(live_server.url + routine.get_absolute_url())
    expect(page.get_by_role("heading", name="Det här kan du läsa utan nät")).to_be_visible()
    assert TITLE not in page.content()


def test_another_release_of_the_worker_replaces_what_the_old_one_kept(
    phone: BrowserContext,
    routine: Routine,
    member: User,
    live_server: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = opened(phone, live_server.url, member)
    wait_until_kept(page, routine.get_absolute_url())
    [old] = page.evaluate("() => caches.keys()")
    newer = tmp_path / "worker.js"
    newer.write_text(offline.WORKER.read_text() + "\n// another release\n")
    monkeypatch.setattr(offline, "WORKER", newer)
    page.goto(live_server.url + "/")
    page.evaluate("() => navigator.serviceWorker.ready.then((registration) => registration.update())")
    wait_for(lambda: old not in page.evaluate("() => caches.keys()"), 20, "the new worker")
    wait_until_kept(page, routine.get_absolute_url())
    assert len(page.evaluate("() => caches.keys()")) == 1
    phone.set_offline(True)
    page.goto(live_server.url + routine.get_absolute_url())
    expect(page.locator("main")).to_contain_text(NOT_HOME)


def test_worker_lets_forms_downloads_and_fresh_pages_through(
    phone: BrowserContext, routine: Routine, member: User, live_server: Any
) -> None:
    page = opened(phone, live_server.url, member)
    heard = complaints(page)
    wait_until_kept(page, routine.get_absolute_url())
    page.goto(live_server.url + routine.get_absolute_url())
    with page.expect_download() as download:
        page.get_by_role("link", name="Ladda ner som PDF").click()
    pdf = Path(download.value.path()).read_bytes()
    assert pdf == stored_file(member, routine)
    # A page is never older than the network's.
    Routine.objects.filter(pk=routine.pk).update(title="Rättat namn")
    page.goto(live_server.url + routine.get_absolute_url())
    expect(page.get_by_role("heading", name="Rättat namn")).to_be_visible()
    page.locator(".user-menu summary").click()
    page.locator(".user-menu").get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    member.refresh_from_db()
    assert member.language == "en"
    assert heard == []


def stored_file(user: User, routine: Routine) -> bytes:
    """The same file, without a browser."""
    client = Client()
    client.force_login(user)
    answer = client.get(reverse("routine_pdf", args=[routine.slug]), {"ladda-ner": "1"})
    return b"".join(answer)
