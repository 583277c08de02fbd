"""The outbox: letters become rows, rows become mails that a real SMTP server takes."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from jarfalla import clock
from tests import factories
from tests.conftest import SignIn
from tests.real_servers import MailBox
from tests.together import together
from tests.units.letters import letter, post
from units import actions, tasks
from units.mail import Guest, Letter
from units.models import Message, Programme, Step, Unit, User
from units.models.message import MessageState


@pytest.mark.django_db
def test_post_letter_with_the_same_key_twice_is_one_message(manager: User) -> None:
    assert post(manager) == post(manager)
    assert Message.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("why", ["is_protected", "is_active"])
def test_post_letter_to_a_person_who_gets_no_mail_writes_nothing(manager: User, why: str) -> None:
    setattr(manager, why, why == "is_protected")
    assert actions.post_letter(letter(manager)) is None
    assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_deliver_message_reaches_the_mail_server_once(manager: User, mail_box: MailBox) -> None:
    message = post(manager)
    sent = together(4, lambda _: actions.deliver_message(message.pk))
    assert sorted(sent) == [False, False, False, True]
    [mail] = mail_box.mails
    assert (mail["Subject"], mail["To"]) == ("Hej å ä ö", f"{manager.name} <{manager.email}>")
    assert mail["Message-ID"].startswith(f"<portalen.{message.pk}.")
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert Message.objects.get().state == MessageState.SENT


@pytest.mark.django_db
def test_send_waiting_messages_passes_over_one_that_no_mail_can_be_made_of(
    manager: User, member: User, mail_box: MailBox
) -> None:
    odd, good = post(manager, "test:1"), post(member, "test:2")
    User.objects.filter(pk=manager.pk).update(name="Cia\r\nBcc: alla@example.org")
    tasks.send_waiting_messages()
    assert [mail["To"] for mail in mail_box.mails] == [f"{member.name} <{member.email}>"]
    odd.refresh_from_db()
    good.refresh_from_db()
    assert (odd.state, good.state) == (MessageState.PLANNED, MessageState.SENT)
    assert "CR or LF" in odd.last_error
    assert odd.not_before > clock.now()


@pytest.mark.django_db
def test_send_waiting_messages_leaves_the_rest_to_the_next_tick_when_time_is_up(
    manager: User, member: User, mail_box: MailBox, settings: Any
) -> None:
    post(manager, "test:1")
    post(member, "test:2")
    settings.TICK_SECONDS = 0
    tasks.send_waiting_messages()
    assert len(mail_box.mails) == 1
    tasks.send_waiting_messages()
    assert len(mail_box.mails) == 2


@pytest.mark.django_db
def test_cancelled_message_is_not_sent(manager: User, mail_box: MailBox) -> None:
    message = actions.cancel_message(post(manager), reason="Steget är klart")
    assert actions.deliver_message(message.pk) is False
    assert message.state == MessageState.CANCELLED
    assert mail_box.mails == []


@pytest.mark.django_db
def test_step_completed_letter_does_not_name_a_protected_person(unit: Unit, manager: User, coordinator: User) -> None:
    User.objects.filter(pk=manager.pk).update(is_protected=True)
    manager.refresh_from_db()
    actions.complete_step(factories.open_round(unit), Step.WEB_COURSE, on=clock.today(), by=manager)
    message = Message.objects.get(recipient=coordinator)
    assert "registrerades av skyddad person" in message.text
    assert manager.name not in message.text + message.html


@pytest.mark.django_db
def test_step_completed_letter_is_in_the_recipients_language(unit: Unit, manager: User, coordinator: User) -> None:
    actions.complete_step(factories.open_round(unit), Step.WEB_COURSE, on=clock.today(), by=manager)
    message = Message.objects.get(recipient=coordinator)
    assert message.subject == "Tallbackens förskola har klarat steg 1: webbkurs"
    assert unit.get_absolute_url() in message.text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (1, "Nästa steg är riktad utbildning. Samordnaren bokar den."),
        (2, "Nästa steg är rutinerna. Samordnaren lägger upp en mall och chefen skriver."),
        (3, "Nästa steg är uppföljningen: samtal efter 5 och 9 månader. Samordnaren hör av sig."),
        (4, "Alla fyra steg är klara. Tack för det arbete ni har lagt ner!"),
    ],
)
def test_step_completed_letter_tells_what_is_next(
    unit: Unit, manager: User, coordinator: User, step: int, sentence: str
) -> None:
    programme = Programme.current()
    programme.follow_up_months = [5, 9]
    programme.save()
    for number in range(1, step + 1):
        actions.complete_step(factories.open_round(unit), Step(number), on=clock.today(), by=coordinator)
    message = Message.objects.filter(recipient=manager).latest("pk")
    for body in (message.text, message.html):
        assert sentence in body
        assert body.count("Nästa steg") == (step < 4)
    assert "\n\n\n" not in message.text


@pytest.mark.django_db
def test_message_to_a_person_who_has_become_protected_is_cancelled(manager: User, mail_box: MailBox) -> None:
    message = post(manager)
    User.objects.filter(pk=manager.pk).update(is_protected=True)
    assert actions.deliver_message(message.pk) is False
    message.refresh_from_db()
    assert (message.state, mail_box.mails) == (MessageState.CANCELLED, [])


def letter_to_guest(name: str = "Gun Gäst", email: str = "gun@solna.example") -> Letter:
    to = Guest(name=name, email=email)
    return Letter(key="guest:1", recipient=to, subject="Hej", text="Text\n", html="<p>Text</p>")


@pytest.mark.django_db
def test_letter_to_a_guest_reaches_the_typed_address(mail_box: MailBox) -> None:
    message = actions.post_letter(letter_to_guest())
    assert message is not None
    assert (message.recipient, message.recipient_name, message.recipient_email) == (
        None,
        "Gun Gäst",
        "gun@solna.example",
    )
    assert actions.deliver_message(message.pk) is True
    [mail] = mail_box.mails
    assert mail["To"] == "Gun Gäst <gun@solna.example>"


@pytest.mark.django_db
def test_guests_name_with_a_line_break_makes_no_header(mail_box: MailBox) -> None:
    message = actions.post_letter(letter_to_guest(name="Gun\r\nBcc: alla@example.org\u2028X"))
    assert message is not None
    actions.deliver_message(message.pk)
    [mail] = mail_box.mails
    assert mail["Bcc"] is None
    assert mail["To"].addresses[0].addr_spec == "gun@solna.example"
    assert len(mail["To"].addresses) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "email",
    [
        "gun@solna.example\r\nBcc: alla@example.org",
        "gun@solna.example, alla@example.org",
        "Gun <gun@solna.example>",
        "",
    ],
)
def test_guests_address_that_is_not_one_address_is_no_letter(email: str) -> None:
    with pytest.raises(ValidationError):
        actions.post_letter(letter_to_guest(email=email))
    assert not Message.objects.exists()


@pytest.mark.django_db
def test_outbox_shows_guests(sign_in: SignIn, coordinator: User) -> None:
    message = actions.post_letter(letter_to_guest())
    assert message is not None
    client = sign_in(coordinator)
    assert "Gun Gäst" in client.get(reverse("outbox")).content.decode()
    assert "Gun Gäst (gun@solna.example)" in client.get(reverse("message", args=[message.pk])).content.decode()


@pytest.mark.django_db
def test_erase_guest_letters_leaves_neither_name_nor_words(manager: User, mail_box: MailBox) -> None:
    sent, other = actions.post_letter(letter_to_guest()), post(manager, "test:1")
    assert sent is not None
    actions.deliver_message(sent.pk)
    waiting = actions.post_letter(
        Letter(key="guest:2", recipient=Guest("Gun Gäst", "gun@solna.example"), subject="Hej", text="Gun", html="Gun")
    )
    assert waiting is not None
    assert actions.erase_guest_letters("guest:", address="1@raderad.invalid") == 2
    for row, state in ((sent, MessageState.SENT), (waiting, MessageState.CANCELLED)):
        row.refresh_from_db()
        assert (row.to_name, row.to_email, row.text, row.html) == ("", "1@raderad.invalid", "", "")
        assert row.state == state
    other.refresh_from_db()
    assert (other.recipient, other.text) == (manager, "Text å ä ö\n")
