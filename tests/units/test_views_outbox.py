"""What the coordinator reads in the outbox: where each mail is, and why."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jarfalla import clock
from tests.conftest import SignIn
from tests.units.letters import post
from units.models import Message, Unit, User
from units.models.message import MessageState

pytestmark = pytest.mark.django_db

ENDS: dict[str, dict[str, Any]] = {
    "planned": {},
    "sending": {"claim": uuid.UUID(int=1), "claimed_until": dt.datetime(2100, 1, 1, tzinfo=dt.UTC)},
    "sent": {"sent_at": dt.datetime(2026, 5, 1, tzinfo=dt.UTC)},
    "failed": {"failed_at": dt.datetime(2026, 5, 1, tzinfo=dt.UTC), "last_error": "550 5.1.1 Ingen som heter så"},
    "cancelled": {"cancelled_at": dt.datetime(2026, 5, 1, tzinfo=dt.UTC), "cancelled_reason": "Steget är klart."},
}


def one_of_each(to: User) -> None:
    for state, columns in ENDS.items():
        message = post(to, state)
        Message.objects.filter(pk=message.pk).update(subject=f"Ämne {state}", **columns)


def read(sign_in: SignIn, by: User, query: str = "") -> str:
    """The list as text, its white space single."""
    return " ".join(sign_in(by).get(reverse("outbox") + query).content.decode().split())


@pytest.mark.parametrize("state", MessageState)
def test_outbox_shows_one_state_by_itself(
    sign_in: SignIn, coordinator: User, manager: User, state: MessageState
) -> None:
    one_of_each(manager)
    page = read(sign_in, coordinator, f"?status={state.value}")
    assert [other for other in ENDS if f"Ämne {other}" in page] == [state.value]
    assert Message.objects.in_state(state).get().state == state
    assert f"<span>{str(state.label).capitalize()}</span>" in page


def test_outbox_shows_what_is_held_up_by_itself(sign_in: SignIn, coordinator: User, manager: User) -> None:
    """What the mail server has not taken, and what nobody has tried to send in time."""
    one_of_each(manager)
    late = clock.now() - dt.timedelta(minutes=6)
    held: dict[str, dict[str, Any]] = {"refused": {"last_error": "451 Senare"}, "late": {"not_before": late}}
    for key, columns in held.items():
        Message.objects.filter(pk=post(manager, key).pk).update(subject=f"Ämne {key}", **columns)
    page = read(sign_in, coordinator, "?status=held_up")
    assert [key for key in (*ENDS, "refused", "late") if f"Ämne {key}" in page] == ["refused", "late"]
    assert '<a href="?status=held_up" aria-current="page">Väntar längre än det ska</a>' in page


def test_outbox_says_why(sign_in: SignIn, coordinator: User, manager: User) -> None:
    one_of_each(manager)
    page = read(sign_in, coordinator)
    assert "Varför: Steget är klart." in page
    assert "550 5.1.1 Ingen som heter så" in page
    failed = Message.objects.get(key="failed")
    # The one that failed is the one with a button.
    assert page.count("Skicka igen") == 1
    assert f'action="{reverse("message_retry", args=[failed.pk])}"' in page
    sign_in(coordinator).post(reverse("message_retry", args=[failed.pk]))
    assert "Skicka igen" not in read(sign_in, coordinator)


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"unconfirmed": 1, **ENDS["sent"]}, "Mottagaren kan ha fått det två gånger, med samma Message-ID."),
        ({"unconfirmed": 2, **ENDS["sent"]}, "hann kanske ta emot mejlet 2 gånger till innan svaret försvann."),
        ({"unconfirmed": 1, **ENDS["failed"]}, "Mottagaren kan redan ha fått det."),
        ({"unconfirmed": 2, **ENDS["cancelled"]}, "Mottagaren kan redan ha fått det."),
        ({"cancelled_reason": "Klart.", **ENDS["sent"]}, "Skulle ha ställts in, men mejlet hade redan gått iväg."),
        (
            {"cancelled_reason": "Klart.", **ENDS["sending"]},
            "Ställs in om det visar sig att mejlet inte har",
        ),
        ({"not_after": dt.datetime(2100, 5, 3, 12, tzinfo=dt.UTC)}, ", senast 3 maj 2100 kl.&nbsp;14:00."),
    ],
)
def test_outbox_says_what_may_have_happened(
    sign_in: SignIn, coordinator: User, manager: User, columns: dict[str, Any], sentence: str
) -> None:
    message = post(manager)
    assert sentence not in read(sign_in, coordinator)
    Message.objects.update(**columns)
    assert sentence in read(sign_in, coordinator)
    page = sign_in(coordinator).get(reverse("message", args=[message.pk])).content.decode()
    assert sentence in " ".join(page.split())


def test_outbox_asks_as_many_questions_for_one_of_each_as_for_three(
    sign_in: SignIn, coordinator: User, manager: User, unit: Unit, django_assert_num_queries: Any
) -> None:
    client = sign_in(coordinator)
    one_of_each(manager)
    client.get(reverse("outbox"))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("outbox"))
    for number in range(10):
        message = post(manager, f"more:{number}")
        Message.objects.filter(pk=message.pk).update(unconfirmed=number, unit=unit, **ENDS["failed"])
    with django_assert_num_queries(len(few)):
        client.get(reverse("outbox"))


def test_outbox_keeps_quiet_about_who_is_protected(sign_in: SignIn, coordinator: User, manager: User) -> None:
    post(manager)
    Message.objects.update(failed_at=clock.now(), last_error=f"550 {manager.email}")
    assert manager.email in read(sign_in, coordinator)
    User.objects.filter(pk=manager.pk).update(is_protected=True)
    page = read(sign_in, coordinator)
    assert "Skyddad person" in page
    assert manager.email not in page
    assert manager.name not in page
