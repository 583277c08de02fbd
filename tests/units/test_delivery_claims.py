"""Who sends a letter: one worker at a time, and another one when that is lost. With real threads and connections."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from tests.real_servers import MailBox, Mood
from tests.together import together
from tests.units.letters import lapse, make_due, post
from units import actions, tasks
from units.models import Message, Refused, User
from units.models.message import MAX_UNCONFIRMED, MessageState

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def being_sent(message: Message, box: MailBox) -> Iterator["Future[bool]"]:
    """Another worker sends it meanwhile: the server has the mail, and answers at the end. What became of it."""
    box.gate.clear()
    box.has_mail.clear()

    def work() -> bool:
        try:
            return actions.deliver_message(message.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(work)
        try:
            assert box.has_mail.wait(20)
            message.refresh_from_db()
            yield sent
        finally:
            box.gate.set()
            sent.exception(20)
    message.refresh_from_db()


def test_many_workers_send_each_letter_once(manager: User, mail_box: MailBox) -> None:
    for number in range(20):
        post(manager, str(number))
    together(6, lambda _: tasks.send_waiting_messages())
    assert Counter(Message.objects.values_list("attempts", "unconfirmed")) == {(1, 0): 20}
    assert len({mail["Message-ID"] for mail in mail_box.mails}) == len(mail_box.mails) == 20


def test_letter_that_is_being_sent_is_neither_locked_nor_in_the_way(
    manager: User, member: User, mail_box: MailBox
) -> None:
    hanging, other = post(manager, "1"), post(member, "2")
    with being_sent(hanging, mail_box) as sent:
        assert hanging.state == MessageState.SENDING
        assert [*Message.objects.in_state(MessageState.SENDING)] == [hanging]
        assert [*Message.objects.in_state(MessageState.PLANNED)] == [other]
        with transaction.atomic():
            assert Message.objects.select_for_update(nowait=True).get(pk=hanging.pk) == hanging
        assert actions.deliver_message(hanging.pk) is False
        mail_box.gate.set()
        tasks.send_waiting_messages()
        other.refresh_from_db()
        assert other.state == MessageState.SENT
    assert sent.result() is True
    assert (hanging.state, hanging.attempts, len(mail_box.mails)) == (MessageState.SENT, 1, 2)


def test_hanging_letter_does_not_keep_another_worker_from_the_next(
    manager: User, member: User, mail_box: MailBox, settings: Any
) -> None:
    settings.MAIL_SECONDS = 3
    hanging, other = post(manager, "1"), post(member, "2")
    mail_box.moods = iter([Mood.HANG])
    with being_sent(hanging, mail_box):
        mail_box.gate.set()
        tasks.send_waiting_messages()
        other.refresh_from_db()
        assert (other.state, Message.objects.get(pk=hanging.pk).state) == (MessageState.SENT, MessageState.SENDING)
    assert (hanging.state, hanging.unconfirmed) == (MessageState.PLANNED, 1)


def test_letter_of_a_worker_that_was_killed_is_sent_by_another_and_marked(manager: User, mail_box: MailBox) -> None:
    message = post(manager)
    with being_sent(message, mail_box):
        claim, until = message.claim, message.claimed_until
    # As the killed one left it.
    Message.objects.update(sent_at=None, claim=claim, claimed_until=until)
    make_due()
    assert actions.deliver_message(message.pk) is False
    lapse()
    assert actions.deliver_message(message.pk) is True
    message.refresh_from_db()
    assert (message.state, message.attempts, message.unconfirmed) == (MessageState.SENT, 2, 1)
    first, second = mail_box.mails
    assert first["Message-ID"] == second["Message-ID"]


def test_letter_that_kills_every_worker_is_left_to_a_person(manager: User, mail_box: MailBox) -> None:
    message = post(manager)
    with being_sent(message, mail_box):
        claim, until = message.claim, message.claimed_until
    Message.objects.update(sent_at=None, claim=claim, claimed_until=until, unconfirmed=MAX_UNCONFIRMED - 1)
    lapse()
    tasks.send_waiting_messages()
    message.refresh_from_db()
    assert (message.state, message.unconfirmed) == (MessageState.FAILED, MAX_UNCONFIRMED)
    assert "avbröts" in message.last_error


def test_worker_that_comes_back_late_with_an_acceptance_is_believed(manager: User, mail_box: MailBox) -> None:
    """Another worker has the letter meanwhile, and gets no answer: what the first one knows is the truth."""
    message = post(manager)
    with being_sent(message, mail_box) as sent:
        lapse()
        mail_box.moods = iter([Mood.DROP])
        mail_box.has_mail.clear()
        with ThreadPoolExecutor(1) as pool:
            second = pool.submit(_deliver_and_close, message)
            assert mail_box.has_mail.wait(20)
            mail_box.gate.set()
            assert second.result(20) is False
    assert sent.result() is True
    assert (message.state, message.unconfirmed >= 1, len(mail_box.mails)) == (MessageState.SENT, True, 1)


def test_worker_that_comes_back_late_with_a_refusal_changes_nothing(manager: User, mail_box: MailBox) -> None:
    message = post(manager)
    mail_box.moods = iter([Mood.BUSY])
    with being_sent(message, mail_box):
        lapse()
        Message.objects.update(sent_at="2026-01-01T00:00Z", claim=None, claimed_until=None)
    assert (message.state, message.last_error) == (MessageState.SENT, "")


def _deliver_and_close(message: Message) -> bool:
    try:
        return actions.deliver_message(message.pk)
    finally:
        connection.close()


def test_cancelling_what_is_being_sent_does_not_claim_that_it_was_cancelled_when_it_went_out(
    manager: User, mail_box: MailBox
) -> None:
    message = post(manager)
    with being_sent(message, mail_box):
        assert actions.cancel_message(message, reason="Steget är klart").state == MessageState.SENDING
    assert (message.state, message.cancelled_at, message.cancelled_reason) == (
        MessageState.SENT,
        None,
        "Steget är klart",
    )


@pytest.mark.parametrize(("mood", "unconfirmed"), [(Mood.BUSY, 0), (Mood.DROP, 1)])
def test_cancelling_what_is_being_sent_holds_when_it_did_not_go_out(
    manager: User, mail_box: MailBox, mood: Mood, unconfirmed: int
) -> None:
    message = post(manager)
    mail_box.moods = iter([mood])
    with being_sent(message, mail_box):
        actions.cancel_messages(Message.objects.all(), reason="Steget är klart")
    assert (message.state, message.cancelled_reason) == (MessageState.CANCELLED, "Steget är klart")
    assert message.unconfirmed == unconfirmed
    make_due()
    assert actions.deliver_message(message.pk) is False


def test_cancelling_what_a_killed_worker_had_holds(manager: User, mail_box: MailBox) -> None:
    message = post(manager)
    with being_sent(message, mail_box):
        claim, until = message.claim, message.claimed_until
    Message.objects.update(sent_at=None, claim=claim, claimed_until=until)
    actions.cancel_message(message, reason="Steget är klart")
    lapse()
    tasks.send_waiting_messages()
    message.refresh_from_db()
    assert (message.state, message.unconfirmed, len(mail_box.mails)) == (MessageState.CANCELLED, 1, 1)


def _send_or_cancel(message: Message, at: int) -> None:
    if at:
        actions.cancel_message(message, reason="Steget är klart")
    else:
        actions.deliver_message(message.pk)


def test_cancelling_and_sending_at_once_agree(manager: User, mail_box: MailBox) -> None:
    for number in range(15):
        message = post(manager, f"both:{number}")
        before = len(mail_box.mails)
        together(2, partial(_send_or_cancel, message))
        message.refresh_from_db()
        went_out = len(mail_box.mails) - before
        assert (message.state, went_out) in [(MessageState.SENT, 1), (MessageState.CANCELLED, 0)]


def test_what_is_being_sent_is_not_tried_again_meanwhile(manager: User, mail_box: MailBox) -> None:
    message = post(manager)
    with being_sent(message, mail_box), pytest.raises(Refused, match="skickas just nu"):
        actions.retry_message(message)
    assert len(mail_box.mails) == 1


def test_guest_who_is_erased_while_the_letter_is_being_sent_stays_erased(manager: User, mail_box: MailBox) -> None:
    message = post(manager, "guest:1")
    Message.objects.update(recipient=None, to_name="Gun Gäst", to_email="gun@solna.example")
    mail_box.refuse = ""
    mail_box.moods = iter([Mood.BUSY])
    with being_sent(message, mail_box):
        assert actions.erase_guest_letters("guest:", address="1@raderad.invalid") == 1
    assert (message.state, message.to_name, message.to_email, message.text, message.last_error) == (
        MessageState.CANCELLED,
        "",
        "1@raderad.invalid",
        "",
        "",
    )
