"""The demo's four doors and the choice of language."""

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests import factories
from units.models import User

pytestmark = pytest.mark.django_db

DOORS = ["samordnare", "chef", "medarbetare", "lasare"]


@pytest.fixture
def demo(settings: Any) -> None:
    """Demo mode, with its four people."""
    settings.DEMO = True
    for door in DOORS:
        factories.user(email=f"{door}@demo.example")


def knock(client: Client, konto: str, **extra: str) -> HttpResponse:
    return client.post(reverse("demo_login"), {"konto": konto, **extra})  # type: ignore[return-value]  # the stubs have a type of their own for it


@pytest.mark.parametrize("door", DOORS)
def test_demo_login_signs_in_the_person_of_each_door(client: Client, demo: None, door: str) -> None:
    answer = knock(client, door)
    assert answer["Location"] == "/"
    assert client.session["_auth_user_id"] == str(User.objects.get(email=f"{door}@demo.example").pk)


def test_demo_login_does_not_exist_outside_demo_mode(client: Client, demo: None, settings: Any) -> None:
    settings.DEMO = False
    assert knock(client, "samordnare").status_code == 404
    assert "_auth_user_id" not in client.session


def test_demo_login_refuses_an_account_that_is_no_door(client: Client, demo: None) -> None:
    factories.user(email="annan@demo.example")
    answer = client.post(reverse("demo_login"), {"konto": "annan"}, follow=True)
    assert "Välj ett av de fyra kontona." in answer.content.decode()
    assert "_auth_user_id" not in client.session


def test_demo_login_without_demo_data_says_what_is_missing(client: Client, settings: Any) -> None:
    settings.DEMO = True
    answer = client.post(reverse("demo_login"), {"konto": "chef"}, follow=True)
    assert "Demonstrationens personer saknas." in answer.content.decode()


def test_set_language_with_a_next_page_that_is_no_address_leads_to_the_start_page(client: Client) -> None:
    answer = client.post(reverse("set_language"), {"språk": "en", "next": "unit"})
    assert answer["Location"] == "/"


def test_demo_login_never_leads_to_another_site(client: Client, demo: None) -> None:
    assert knock(client, "chef", next="//ond.example/")["Location"] == "/"
    assert knock(client, "chef", next="/kontakter/")["Location"] == "/kontakter/"


def test_sign_in_page_shows_the_doors_and_the_banner_only_in_demo_mode(client: Client, settings: Any) -> None:
    settings.DEMO = True
    page = client.get(reverse("account_login")).content.decode()
    assert [door for door in DOORS if f'name="konto" value="{door}"' in page] == DOORS
    assert "Enheter och personer är påhittade." in page
    settings.DEMO = False
    page = client.get(reverse("account_login")).content.decode()
    assert 'name="konto"' not in page
    assert "påhittade" not in page


def test_language_is_kept_on_the_user(member: User, sign_in: Any) -> None:
    answer = sign_in(member).post(reverse("set_language"), {"språk": "en", "next": "/kontakter/"})
    member.refresh_from_db()
    assert (member.language, answer["Location"]) == ("en", "/kontakter/")


def test_language_of_somebody_who_has_not_signed_in_is_kept_in_a_cookie(client: Client) -> None:
    assert '<html lang="sv">' in client.get(reverse("account_login")).content.decode()
    client.post(reverse("set_language"), {"språk": "en"})
    assert '<html lang="en">' in client.get(reverse("account_login")).content.decode()


def test_language_that_does_not_exist_changes_nothing(member: User, sign_in: Any) -> None:
    sign_in(member).post(reverse("set_language"), {"språk": "xx"})
    member.refresh_from_db()
    assert member.language == "sv"


def test_language_never_leads_to_another_site(client: Client) -> None:
    answer = client.post(reverse("set_language"), {"språk": "en", "next": "https://ond.example/"})
    assert answer["Location"] == "/"


@pytest.mark.django_db
def test_forged_session_cookie_is_nobody() -> None:
    cookie = 'sessionid="aaaaaaaa\\000"'  # in a quoted cookie \\000 is a NUL byte
    assert Client().get("/", headers={"cookie": cookie})["Location"].startswith("/logga-in/")
