"""Signing in with a code by e-mail: the whole way, through a real mail server."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.real_servers import MailBox, free_port
from units.models import Message, User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_earlier_attempts() -> None:
    """The limits at sign-in count from zero in each test."""
    cache.clear()


def ask_for_code(client: Client, email: str, **extra: str) -> HttpResponse:
    return client.post(reverse("account_login"), {"email": email, **extra}, follow=True)  # type: ignore[return-value]  # the stubs have a type of their own for it


def send_code(client: Client, code: str) -> HttpResponse:
    return client.post(reverse("account_confirm_login_code"), {"code": code})  # type: ignore[return-value]  # the stubs have a type of their own for it


def code_in(box: MailBox) -> str:
    body = box.mails[-1].get_body(("plain",))
    assert body is not None
    found = re.search(r"^ {4}(\S+)\s*$", body.get_content(), re.MULTILINE)
    assert found
    return found.group(1)


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def without_secrets(response: HttpResponse, email: str) -> str:
    """The page without what differs from one visit to the next."""
    page = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", response.content.decode())
    return page.replace(email, "ADRESSEN")


def test_sign_in_with_the_code_from_the_mail(client: Client, member: User, mail_box: MailBox) -> None:
    page = ask_for_code(client, member.email)

    assert "Skriv koden från mejlet" in page.content.decode()
    assert [mail["To"] for mail in mail_box.mails] == [member.email]
    assert mail_box.mails[0]["Subject"] == "Din kod till Järfällamodellen"
    assert mail_box.mails[0]["From"] == "Järfällamodellen <jarfallamodellen@example.org>"
    answer = send_code(client, code_in(mail_box))
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.session["_auth_user_id"] == str(member.pk)


def test_code_mail_is_in_no_outbox(client: Client, member: User, mail_box: MailBox) -> None:
    """Coordinators read the outbox; a code there would let them sign in as anybody."""
    ask_for_code(client, member.email)
    assert len(mail_box.mails) == 1
    assert not Message.objects.exists()


def test_code_mail_says_the_same_as_text_and_html(client: Client, member: User, mail_box: MailBox) -> None:
    ask_for_code(client, member.email)
    html = mail_box.mails[0].get_body(("html",))
    assert html is not None
    assert code_in(mail_box) in html.get_content()
    assert "Koden gäller i tio minuter" in html.get_content()


def test_code_without_its_dash_and_in_small_letters_is_accepted(
    client: Client, member: User, mail_box: MailBox
) -> None:
    ask_for_code(client, member.email)
    send_code(client, f" {code_in(mail_box).replace('-', ' ').lower()} ")
    assert signed_in(client)


@pytest.mark.parametrize("typed", ["Asa.OBERG@example.org", "  asa.oberg@EXAMPLE.ORG "])
def test_email_is_known_whatever_its_case(client: Client, mail_box: MailBox, typed: str) -> None:
    user = factories.user(email="asa.oberg@example.org")
    User.objects.filter(pk=user.pk).update(email="Asa.Oberg@example.org")  # as an old import may have left it
    ask_for_code(client, typed)
    send_code(client, code_in(mail_box))
    assert client.session["_auth_user_id"] == str(user.pk)


def test_sign_in_leads_on_to_the_page_that_was_asked_for(client: Client, member: User, mail_box: MailBox) -> None:
    login = client.get("/logga-ut/?x=1")  # any page that needs no unit; what counts is `next`
    assert login.status_code == 302
    client.post("/logga-in/?next=/kontakter/", {"email": member.email, "next": "/kontakter/"})
    answer = client.post("/logga-in/kod/?next=/kontakter/", {"code": code_in(mail_box), "next": "/kontakter/"})
    assert answer["Location"] == "/kontakter/"


def test_sign_in_never_leads_to_another_site(client: Client, member: User, mail_box: MailBox) -> None:
    ask_for_code(client, member.email, next="https://ond.example/")
    answer = client.post("/logga-in/kod/", {"code": code_in(mail_box), "next": "https://ond.example/"})
    assert answer["Location"] == "/"


def test_unknown_email_looks_like_a_known_one_and_gets_no_mail(client: Client, member: User, mail_box: MailBox) -> None:
    known = ask_for_code(client, member.email)
    unknown = ask_for_code(Client(), "ingen@example.org")
    assert len(mail_box.mails) == 1  # the known one's
    assert known.status_code == unknown.status_code == 200
    assert without_secrets(known, member.email) == without_secrets(unknown, "ingen@example.org")


def test_closed_account_looks_like_a_known_one_and_gets_no_mail(
    client: Client, member: User, mail_box: MailBox
) -> None:
    closed = factories.user(email="slutat@example.org", is_active=False)
    known, answer = ask_for_code(client, member.email), ask_for_code(Client(), closed.email)
    assert [mail["To"] for mail in mail_box.mails] == [member.email]
    assert without_secrets(known, member.email) == without_secrets(answer, closed.email)


def test_account_that_is_closed_after_the_code_left_stays_outside(
    client: Client, member: User, mail_box: MailBox
) -> None:
    ask_for_code(client, member.email)
    User.objects.filter(pk=member.pk).update(is_active=False)
    answer = client.post(reverse("account_confirm_login_code"), {"code": code_in(mail_box)}, follow=True)
    assert "Kontot är stängt." in answer.content.decode()
    assert not signed_in(client)


def test_code_of_an_unknown_email_can_not_be_guessed(client: Client, mail_box: MailBox) -> None:
    ask_for_code(client, "ingen@example.org")
    page = send_code(client, "")
    assert "Skriv koden som står i mejlet." in page.content.decode()
    assert "Koden stämmer inte." in send_code(client, "BBBB-BBBB").content.decode()
    assert not signed_in(client)


def test_wrong_code_is_said_at_the_field_and_in_the_title(client: Client, member: User, mail_box: MailBox) -> None:
    ask_for_code(client, member.email)
    page = send_code(client, "0000-0000").content.decode()
    assert "Koden stämmer inte. Läs den i mejlet en gång till." in page
    assert "<title>Fel: Skriv koden – Järfällamodellen</title>" in page
    assert '<a href="#id_code">' in page
    assert not signed_in(client)
    send_code(client, code_in(mail_box))
    assert signed_in(client)


def test_three_wrong_codes_end_the_attempt(client: Client, member: User, mail_box: MailBox) -> None:
    ask_for_code(client, member.email)
    for _attempt in range(2):
        send_code(client, "0000-0000")
    last = client.post(reverse("account_confirm_login_code"), {"code": "0000-0000"}, follow=True)
    assert last.redirect_chain == [(reverse("account_login"), 302)]
    assert "Det blev för många försök." in last.content.decode()
    send_code(client, code_in(mail_box))
    assert not signed_in(client)


def test_code_that_is_too_old_is_refused(client: Client, member: User, mail_box: MailBox, settings: Any) -> None:
    ask_for_code(client, member.email)
    settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT = -1  # seconds: every code is too old
    answer = client.post(reverse("account_confirm_login_code"), {"code": code_in(mail_box)}, follow=True)
    assert "Koden gäller inte längre. Be om en ny." in answer.content.decode()
    assert not signed_in(client)


def test_whoever_mistyped_the_address_can_go_back(client: Client, member: User, mail_box: MailBox) -> None:
    ask_for_code(client, "fel@example.org")
    assert "Logga in" in client.get(reverse("account_login")).content.decode()
    ask_for_code(client, member.email)
    send_code(client, code_in(mail_box))
    assert signed_in(client)


def test_asking_too_often_is_refused_with_a_sentence(client: Client, member: User, mail_box: MailBox) -> None:
    for _attempt in range(3):
        ask_for_code(client, member.email)
    page = ask_for_code(client, member.email).content.decode()
    assert "Det blev för många försök. Vänta någon minut" in page
    assert len(mail_box.mails) == 3


@pytest.mark.parametrize(
    ("typed", "sentence"), [("", "Skriv din e-postadress."), ("lisa", "Det ser inte ut som en e-postadress.")]
)
def test_bad_address_is_said_at_its_field(client: Client, typed: str, sentence: str) -> None:
    page = ask_for_code(client, typed).content.decode()
    assert f'<a href="#id_email">E-postadress: {sentence}' in page
    assert 'aria-describedby="id_email_helptext id_email_error"' in page
    assert 'id="id_email_error"' in page
    assert 'id="id_email_helptext"' in page


@pytest.mark.parametrize("known", [True, False])
def test_mail_server_that_is_down_is_said_to_known_and_unknown_alike(
    client: Client, member: User, settings: Any, known: bool
) -> None:
    settings.EMAIL_BACKEND = "jarfalla.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    answer = ask_for_code(client, member.email if known else "ingen@example.org")
    assert answer.status_code == 200
    assert "Det går inte att skicka mejl just nu, så du får ingen kod." in answer.content.decode()
    assert not signed_in(client)


def test_mail_server_that_refuses_is_said_at_the_form(client: Client, member: User, mail_box: MailBox) -> None:
    mail_box.refuse = "451 Requested action aborted"
    assert "Det går inte att skicka mejl just nu" in ask_for_code(client, member.email).content.decode()
    mail_box.refuse = ""
    ask_for_code(client, member.email)
    send_code(client, code_in(mail_box))
    assert signed_in(client)


def test_signing_in_leaves_no_second_copy_of_the_address(client: Client, member: User, mail_box: MailBox) -> None:
    """allauth's own table of addresses stays empty: an address that was changed must not open the account."""
    ask_for_code(client, member.email)
    send_code(client, code_in(mail_box))
    assert signed_in(client)
    assert not EmailAddress.objects.exists()


def test_sign_out_takes_a_press(member: User, sign_in: Any) -> None:
    client = sign_in(member)
    assert "Vill du logga ut?" in client.get(reverse("account_logout")).content.decode()
    assert signed_in(client)
    answer = client.post(reverse("account_logout"), follow=True)
    assert "Du är utloggad." in answer.content.decode()
    assert not signed_in(client)


def test_there_is_no_password_anywhere(client: Client) -> None:
    assert 'type="password"' not in client.get(reverse("account_login")).content.decode()
    assert client.get("/accounts/login/").status_code == 404
