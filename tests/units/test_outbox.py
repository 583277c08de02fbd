"""The outbox: letters become rows, rows become mails that a real SMTP server takes."""

import pytest

from jarfalla import clock
from tests import factories
from tests.real_servers import MailBox
from tests.together import together
from units import actions
from units.mail import Letter
from units.models import Message, Refused, Step, Unit, User
from units.models.message import MAX_ATTEMPTS, MessageState


def letter(to: User, key: str = "test:1") -> Letter:
    return Letter(key=key, recipient=to, subject="Hej å ä ö", text="Text å ä ö\n", html="<p>Text å ä ö</p>")


def post(to: User, key: str = "test:1") -> Message:
    message = actions.post_letter(letter(to, key))
    assert message is not None
    return message


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


@pytest.mark.django_db(transaction=True)
def test_deliver_message_that_is_refused_is_kept_and_tried_again(manager: User, mail_box: MailBox) -> None:
    message = post(manager)
    mail_box.refuse = "451 Kom tillbaka senare"
    assert actions.deliver_message(message.pk) is False
    message.refresh_from_db()
    assert message.state == MessageState.PLANNED
    assert "Kom tillbaka senare" in message.last_error
    assert message.not_before > clock.now()
    for _ in range(MAX_ATTEMPTS):
        Message.objects.update(not_before=clock.now())
        actions.deliver_message(message.pk)
    message.refresh_from_db()
    assert (message.state, message.attempts) == (MessageState.FAILED, MAX_ATTEMPTS)
    mail_box.refuse = ""
    actions.retry_message(message)
    assert actions.deliver_message(message.pk) is True
    with pytest.raises(Refused, match="redan avslutat"):
        actions.retry_message(message)


@pytest.mark.django_db
def test_deliver_message_with_no_mail_server_is_kept(manager: User, mail_box: MailBox, settings: object) -> None:
    message = post(manager)
    settings.EMAIL_PORT = 1  # type: ignore[attr-defined]  # nobody listens there
    assert actions.deliver_message(message.pk) is False
    message.refresh_from_db()
    assert "refused" in message.last_error


@pytest.mark.django_db
def test_cancelled_message_is_not_sent(manager: User, mail_box: MailBox) -> None:
    message = actions.cancel_message(post(manager), reason="Steget är klart")
    assert actions.deliver_message(message.pk) is False
    assert message.state == MessageState.CANCELLED
    assert mail_box.mails == []


@pytest.mark.django_db
def test_step_completed_letter_is_in_the_recipients_language(unit: Unit, manager: User, coordinator: User) -> None:
    actions.complete_step(factories.open_round(unit), Step.WEB_COURSE, on=clock.today(), by=manager)
    message = Message.objects.get(recipient=coordinator)
    assert message.subject == "Tallbackens förskola har klarat steg 1: webbkurs"
    assert unit.get_absolute_url() in message.text
