"""How mails leave: what the mail server's answers, and its silence, lead to."""

import datetime as dt
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from jarfalla import clock
from tests.real_servers import MailBox, Mood, accepts, free_port
from tests.units.letters import make_due, post
from units import actions, tasks
from units.actions import delivery
from units.models import Message, Programme, Refused, User
from units.models.message import MAX_REFUSALS, MAX_UNCONFIRMED, MAX_WAIT, MessageState

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def server_that_nobody_knows_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test finds out about its mail server is nothing to the next."""
    monkeypatch.setattr(delivery._Server, "away_until", 0.0)


def deliver(message: Message, times: int = 1) -> Message:
    """Try so often, without the waits; the row as it is then."""
    for _ in range(times):
        make_due()
        actions.deliver_message(message.pk)
    message.refresh_from_db()
    return message


def test_letter_that_is_not_taken_now_is_tried_for_as_long_as_it_takes(manager: User, mail_box: MailBox) -> None:
    mail_box.refuse = "451 Kom tillbaka senare"
    waits = []
    for attempt in range(1, 21):
        message = deliver(post(manager))
        assert (message.state, message.attempts, message.refusals) == (MessageState.PLANNED, attempt, 0)
        waits.append(round((message.not_before - clock.now()) / dt.timedelta(minutes=1)))
    assert waits == [1, 2, 4, 8, 16, 32, *[60] * 14]
    assert message.last_error == "451 Kom tillbaka senare"
    mail_box.refuse = ""
    assert deliver(message).state == MessageState.SENT


def test_wait_is_bounded_after_any_number_of_attempts() -> None:
    assert delivery.wait_after(30_000) == MAX_WAIT


def test_letter_that_is_refused_for_good_fails_after_a_few_refusals_however_long_the_server_was_away(
    manager: User, mail_box: MailBox, settings: Any
) -> None:
    up, settings.EMAIL_PORT = mail_box.port, free_port()
    message = deliver(post(manager), times=30)
    assert (message.state, message.attempts) == (MessageState.PLANNED, 30)
    settings.EMAIL_PORT, mail_box.refuse = up, "554 5.7.1 Ser ut som skräppost"
    assert deliver(message, times=MAX_REFUSALS - 1).state == MessageState.PLANNED
    assert deliver(message).state == MessageState.FAILED
    assert message.last_error == "554 5.7.1 Ser ut som skräppost"

    mail_box.refuse = ""
    assert actions.retry_message(message).refusals == 0
    assert actions.deliver_message(message.pk) is True
    with pytest.raises(Refused, match="redan avslutat"):
        actions.retry_message(message)


def test_address_that_does_not_exist_fails_at_once_with_the_servers_words(manager: User, mail_box: MailBox) -> None:
    mail_box.refuse_recipient = "550 5.1.1 Mottagaren finns inte"
    message = deliver(post(manager))
    assert (message.state, message.last_error) == (MessageState.FAILED, "550 5.1.1 Mottagaren finns inte")


def test_mailbox_that_is_full_today_is_tried_again(manager: User, mail_box: MailBox) -> None:
    mail_box.refuse_recipient = "452 4.2.2 Brevlådan är full"
    assert deliver(post(manager), times=MAX_REFUSALS + 5).state == MessageState.PLANNED


def test_letter_keeps_its_message_id_when_the_sender_gets_another_address(manager: User, mail_box: MailBox) -> None:
    message = post(manager)
    mail_box.moods = iter([Mood.DROP_TAKEN])
    deliver(message)
    programme = Programme.current()
    programme.sender_email = "portalen@en-annan-doman.example"
    programme.save()
    assert deliver(message).state == MessageState.SENT
    first, second = mail_box.mails
    assert first["Message-ID"] == second["Message-ID"] == message.message_id
    assert "en-annan-doman" in second["From"]


@pytest.mark.parametrize("mood", [Mood.DROP, Mood.DROP_TAKEN, Mood.HANG, Mood.HANG_TAKEN])
def test_answer_that_is_lost_is_counted(manager: User, mail_box: MailBox, mood: Mood, settings: Any) -> None:
    settings.MAIL_SECONDS = 1
    mail_box.moods = iter([mood])
    message = deliver(post(manager))
    assert (message.state, message.unconfirmed) == (MessageState.PLANNED, 1)
    message = deliver(message)
    assert (message.state, message.unconfirmed) == (MessageState.SENT, 1)
    assert len(mail_box.mails) == (2 if mood in (Mood.DROP_TAKEN, Mood.HANG_TAKEN) else 1)


@pytest.mark.parametrize("mood", [Mood.STALL, Mood.BUSY])
def test_server_that_stops_before_it_has_the_mail_is_nothing_to_count(
    manager: User, mail_box: MailBox, mood: Mood, settings: Any
) -> None:
    settings.MAIL_SECONDS = 1
    mail_box.moods = iter([mood])
    message = deliver(post(manager), times=2)
    assert (message.state, message.unconfirmed, len(mail_box.mails)) == (MessageState.SENT, 0, 1)


def test_letter_whose_answer_is_lost_again_and_again_is_left_to_a_person(manager: User, mail_box: MailBox) -> None:
    mail_box.moods = iter([Mood.DROP_TAKEN] * MAX_UNCONFIRMED)
    message = deliver(post(manager), times=MAX_UNCONFIRMED)
    assert (message.state, message.unconfirmed) == (MessageState.FAILED, MAX_UNCONFIRMED)
    assert deliver(message).state == MessageState.FAILED
    assert len(mail_box.mails) == MAX_UNCONFIRMED
    actions.retry_message(message)
    assert deliver(message).state == MessageState.SENT


@contextmanager
def slow_server(seconds: float) -> Iterator[int]:
    """A server that greets without end, a letter at a time, faster than any timeout of a socket; its port."""
    port, end = free_port(), threading.Event()

    def talk() -> None:
        with socket.create_server(("127.0.0.1", port)) as server:
            server.settimeout(0.1)
            while not end.is_set():
                try:
                    line = server.accept()[0]
                except TimeoutError:
                    continue
                with line:
                    while not end.wait(0.05):
                        try:
                            line.sendall(b"2")
                        except OSError:
                            break

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield port
    finally:
        end.set()
        thread.join(seconds)


def test_conversation_with_a_server_that_drips_ends_in_time(manager: User, mail_box: MailBox, settings: Any) -> None:
    settings.MAIL_SECONDS = 1
    message = post(manager)
    with slow_server(10) as settings.EMAIL_PORT:
        while not accepts(settings.EMAIL_PORT):
            time.sleep(0.05)
        started = time.monotonic()
        assert deliver(message).state == MessageState.PLANNED
        assert time.monotonic() - started < 10  # it greets without end
    settings.EMAIL_PORT = mail_box.port
    assert deliver(message).state == MessageState.SENT


def test_mail_server_that_is_away_is_tried_with_one_letter_at_a_tick(
    manager: User, member: User, mail_box: MailBox, settings: Any
) -> None:
    messages = [post(manager, str(number)) for number in range(10)]
    up, settings.EMAIL_PORT = mail_box.port, free_port()
    tasks.send_waiting_messages()
    assert sum(Message.objects.values_list("attempts", flat=True)) == 1
    for message in messages:  # those that were enqueued one by one
        tasks.send_message(message.pk)
    assert sum(Message.objects.values_list("attempts", flat=True)) == 1

    settings.EMAIL_PORT = up
    tasks.send_waiting_messages()
    # Only the one that found it out has to wait.
    assert len(mail_box.mails) == 9
    make_due()
    tasks.send_waiting_messages()
    assert len({mail["Message-ID"] for mail in mail_box.mails}) == len(mail_box.mails) == 10


def test_letter_that_has_become_useless_is_cancelled_instead_of_sent(manager: User, mail_box: MailBox) -> None:
    late = post(manager, "late", not_after=clock.now() + dt.timedelta(hours=1))
    in_time = post(manager, "in_time", not_after=clock.now() + dt.timedelta(hours=1))
    Message.objects.filter(pk=late.pk).update(not_after=dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC))
    tasks.send_waiting_messages()
    late.refresh_from_db()
    in_time.refresh_from_db()
    assert (late.state, in_time.state, len(mail_box.mails)) == (MessageState.CANCELLED, MessageState.SENT, 1)
    assert late.cancelled_reason == "Tiden har gått ut: mejlet var till nytta till 3 maj 2026 kl. 14:00."


def test_letter_that_has_failed_and_become_useless_is_not_tried_again(manager: User, mail_box: MailBox) -> None:
    message = post(manager, not_after=clock.now() - dt.timedelta(hours=1))
    Message.objects.update(failed_at=clock.now())
    with pytest.raises(Refused, match="Tiden"):
        actions.retry_message(message)
    assert Message.objects.get().state == MessageState.FAILED


def test_old_reminder_that_has_failed_is_not_tried_again(manager: User) -> None:
    """What it says may have become wrong since."""
    message = post(manager, list_name="paminnelser")
    Message.objects.update(failed_at=clock.now(), created_at=clock.now() - dt.timedelta(days=8))
    with pytest.raises(Refused, match="mer än en vecka gammal"):
        actions.retry_message(message)
    Message.objects.update(created_at=clock.now() - dt.timedelta(days=6))
    assert actions.retry_message(message).state == MessageState.PLANNED


def test_letter_of_a_list_can_be_sorted_and_paused_by_mail_programs(
    manager: User, mail_box: MailBox, settings: Any
) -> None:
    settings.BASE_URL = "https://portalen.example.org:8443"
    address = "https://portalen.example.org:8443/paus/" + "abc-DEF_123:" * 12 + "/"
    post(manager, "plain")
    post(manager, "digest", list_name="paminnelser", pause_url=address)
    tasks.send_waiting_messages()
    plain, digest = mail_box.mails
    assert digest["List-Id"] == "<paminnelser.portalen.example.org>"
    assert digest["List-Unsubscribe"].strip() == f"<{address}>"  # it stands on a line of its own
    assert digest["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (digest["Precedence"], digest["Auto-Submitted"]) == ("bulk", "auto-generated")
    assert [plain[name] for name in ("List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Precedence")] == [
        None
    ] * 4


def test_lines_that_begin_with_a_dot_arrive_as_they_were(manager: User, mail_box: MailBox) -> None:
    message = post(manager)
    Message.objects.update(text=".\n..\nslut.\n")
    assert deliver(message).state == MessageState.SENT
    [mail] = mail_box.mails
    [text, _html] = mail.iter_parts()
    assert text.get_content().splitlines() == [".", "..", "slut."]
