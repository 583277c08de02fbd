"""Nobody is left at an address that only takes what a button sends: not by typing it, and not by signing in again."""

import html
import re
from typing import Any
from urllib.parse import unquote

import pytest
from django.test import Client
from django.urls import reverse

from jarfalla.addresses import readable_page
from tests.conftest import SignIn
from tests.test_roles import EXPECTED, NO_GET
from tests.world import World
from units.models import Unit, User

pytestmark = pytest.mark.django_db

LOST = "Du var utloggad, så det du skickade sparades inte. Logga in och gör det igen."
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SCRIPT = {"accept": "*/*"}


def buttons(rows: World) -> list[str]:
    """Every address that only takes what a button sends."""
    return [
        reverse(name, args=arguments(rows))
        for name, (arguments, get, _post) in EXPECTED.items()
        if get in (NO_GET, "405 405 405 405 405 405")
    ]


def words(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html.unescape(answer.content.decode())).split())


# --- Opening one -----------------------------------------------------------------------------------------------------


def test_address_of_every_button_opens_a_page_that_leads_on(rows: World, sign_in: SignIn, coordinator: User) -> None:
    client = sign_in(coordinator)
    found = buttons(rows)
    assert len(found) > 40
    for address in found:
        answer = client.get(address)
        assert (answer.status_code, answer["Allow"]) == (405, "POST"), address
        assert "Här finns ingen sida Adressen hör till en knapp" in words(answer), address
        main = answer.content.decode().split('<div class="actions">')[1]
        for link in re.findall(r'href="([^"]*)"', main.split("</div>")[0]):
            assert client.get(link).status_code != 405, (address, link)


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("/rutiner/var-rutin/ny-version/", "/rutiner/var-rutin/"),
        ("/rutiner/var-rutin/verksamhetsplan/ta-bort/", "/rutiner/var-rutin/"),
        ("/rutiner/var-rutin/avsnitt/akut/spara/", "/rutiner/var-rutin/"),
        ("/enheter/tallbacken/steg-3/ny-rutin/", "/enheter/tallbacken/steg-3/"),
        ("/kontakter/7/ta-bort/", "/kontakter/"),
        ("/kontakter/7/andra/", "/kontakter/7/andra/"),
        ("/sprak/", "/"),
        ("/finns/inte/", "/"),
        ("//ond.example/", "/"),
        ("ond", "/"),
        ("", "/"),
        ("/%00/", "/"),
        ("/x" * 4000, "/"),
    ],
)
def test_page_above_is_one_that_can_be_opened(address: str, page: str) -> None:
    assert readable_page(address) == page


def test_page_says_the_same_of_a_routine_that_does_not_exist(rows: World, sign_in: SignIn, outsider: User) -> None:
    """The address says it all: nothing is looked up."""
    told = []
    for slug in (rows.draft.slug, "finns-inte"):
        page = sign_in(outsider).get(reverse("routine_submit", args=[slug])).content.decode()
        told.append(re.sub(r'(nonce|"csrfmiddlewaretoken" value)="[^"]*"', "", page).replace(slug, ""))
    assert told[0] == told[1]


def test_script_gets_no_page(rows: World, sign_in: SignIn, manager: User) -> None:
    answer = sign_in(manager).get(reverse("routine_submit", args=[rows.draft.slug]), headers=SCRIPT)
    assert (answer.status_code, answer.content) == (405, b"")


# --- Signing in again ------------------------------------------------------------------------------------------------


def sent_away(client: Client, address: str, referer: str | None = None) -> str:
    """Where somebody who has been signed out comes to when they press a button and sign in again."""
    headers = BROWSER | ({"referer": referer} if referer is not None else {})
    answer = client.post(address, {"text": "Ring 112"}, headers=headers)
    assert answer.status_code == 302
    sign_in, _, page = answer["Location"].partition("?next=")
    assert sign_in == "/logga-in/"
    assert LOST in words(client.get(answer["Location"]))
    assert LOST not in words(client.get("/logga-in/"))  # once
    return unquote(page)


@pytest.mark.parametrize(
    ("referer", "page"),
    [
        ("http://testserver/rutiner/var-rutin/", "/rutiner/var-rutin/"),
        ("http://testserver/rutiner/?q=oro&page=2", "/rutiner/?q=oro&page=2"),
        ("http://testserver/rutiner/var-rutin/skicka/?x=1", "/rutiner/var-rutin/"),  # after a form that was refused
        ("http://testserver/finns/inte/", "/"),
        ("http://testserver//ond.example/", "/"),
        ("http://ond.example/rutiner/", "/"),
        ("https://testserver@ond.example/rutiner/", "/"),
        ("javascript:alert(1)", "/"),
        ("http://[", "/"),
        ("", "/"),
        (None, "/"),
    ],
)
def test_sign_in_after_a_button_leads_to_the_page_that_had_it(client: Client, referer: str | None, page: str) -> None:
    assert sent_away(client, "/rutiner/var-rutin/ny-version/", referer) == page


def test_no_button_leads_to_its_own_address_after_signing_in(rows: World, client: Client, sign_in: SignIn) -> None:
    """Neither when it is pressed on the page that it stood on after a refusal, nor when its address is opened."""
    for address in buttons(rows):
        for answer in (
            client.post(address, headers={"referer": f"http://testserver{address}"}),
            client.get(address),
        ):
            if answer.status_code == 302 and answer["Location"].startswith("/logga-in/"):
                assert readable_page(unquote(answer["Location"].partition("?next=")[2])) != address


def test_page_that_was_only_opened_is_come_back_to_as_it_was(client: Client, unit: Unit) -> None:
    answer = client.get(f"/enheter/{unit.slug}/?visa=allt", headers=BROWSER)
    assert unquote(answer["Location"]) == f"/logga-in/?next=/enheter/{unit.slug}/?visa=allt"
    assert LOST not in words(client.get(answer["Location"]))


def test_text_that_saves_itself_leaves_no_message_behind(rows: World, client: Client) -> None:
    """The script tells by the redirect that somebody is signed out, tries again, and says itself what was saved."""
    address = reverse("section_save", args=[rows.draft.slug, "akut"])
    answer = client.post(address, headers=SCRIPT | {"referer": "http://testserver/rutiner/"})
    assert answer["Location"] == f"/logga-in/?next={address}"
    assert LOST not in words(client.get("/logga-in/"))
