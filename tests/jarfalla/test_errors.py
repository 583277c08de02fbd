"""The pages for what is missing, forbidden or broken."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from jarfalla.urls import handler400, handler403, handler404, handler500  # noqa: F401  this module is a URLconf too
from jarfalla.urls import urlpatterns as real_patterns
from units.models import User

HOST = "http://testserver"


def forbidden_page(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied("Det här gör samordnaren.")


def hidden_page(request: HttpRequest) -> HttpResponse:
    raise Http404("Granbackens skola")


def broken_page(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError("hemlig rad i koden")


def suspicious_page(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation("konstig begäran")


urlpatterns = [
    path("prov/forbjuden/", forbidden_page),
    path("prov/dold/", hidden_page),
    path("prov/trasig/", broken_page),
    path("prov/konstig/", suspicious_page),
    *real_patterns,
]


@pytest.fixture
def visitor(member: User) -> Any:
    """A member's client that shows the error page instead of raising."""
    client = Client(raise_request_exception=False)
    client.force_login(member)
    with override_settings(ROOT_URLCONF=__name__):
        yield client


@pytest.mark.parametrize("demo", [True, False])
def test_unknown_address_gets_our_own_page(visitor: Client, settings: Any, demo: bool) -> None:
    settings.DEMO = settings.DEBUG = demo
    answer = visitor.get("/finns-inte/")
    assert answer.status_code == 404
    assert "<h1>Sidan finns inte</h1>" in answer.content.decode()


@pytest.mark.parametrize("demo", [True, False])
def test_hidden_page_says_nothing_about_what_it_hides(visitor: Client, settings: Any, demo: bool) -> None:
    settings.DEMO = settings.DEBUG = demo
    answer = visitor.get("/prov/dold/")
    assert answer.status_code == 404
    assert "<h1>Sidan finns inte</h1>" in answer.content.decode()
    assert "Granbackens" not in answer.content.decode()


@pytest.mark.parametrize("demo", [True, False])
def test_forbidden_page_shows_the_sentence_of_the_refusal(visitor: Client, settings: Any, demo: bool) -> None:
    settings.DEMO = settings.DEBUG = demo
    answer = visitor.get("/prov/forbjuden/")
    assert answer.status_code == 403
    assert "Det här gör samordnaren." in answer.content.decode()


def test_form_without_a_fresh_token_is_explained(member: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    answer = client.post("/sprak/", {"språk": "en"})
    assert answer.status_code == 403
    assert "Sidan hade varit öppen för länge" in answer.content.decode()


def test_broken_page_is_friendly_and_tells_no_details(visitor: Client) -> None:
    answer = visitor.get("/prov/trasig/")
    assert answer.status_code == 500
    assert "<h1>Något gick fel hos oss</h1>" in answer.content.decode()
    assert "hemlig" not in answer.content.decode()


def test_broken_page_asks_no_database(rf: Any) -> None:
    """This test has no database: a query would fail it."""
    assert "Något gick fel hos oss" in handler500(rf.get("/")).content.decode()


def test_request_that_can_not_be_understood_is_explained(visitor: Client) -> None:
    answer = visitor.get("/prov/konstig/")
    assert answer.status_code == 400
    assert "Det gick inte att läsa det som skickades" in answer.content.decode()
