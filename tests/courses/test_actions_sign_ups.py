"""Open occasions: first come, first served; who waits, comes in, withdraws, is written to and erased."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.apps import apps
from ical.calendar_stream import IcsCalendarStream

from courses import actions, queries
from courses.models import SignUp, Training
from jarfalla import clock
from tests.courses.invited import change
from tests.courses.open_occasion import in_line, letters, open_occasion, sign_up
from tests.courses.rows import DAY
from tests.together import together
from units.models import Message, Refused, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def training(coordinator: User) -> Training:
    """An open lecture in two weeks, with three places."""
    return open_occasion(coordinator)


def capacity(training: Training, seats: int | None) -> None:
    Training.objects.filter(pk=training.pk).update(capacity=seats)
    actions.place_waiting(training)


def test_sign_up_gives_places_until_they_are_gone_and_then_numbers(training: Training) -> None:
    anna, bo, cia, dan = (sign_up(training, name) for name in ("Anna", "Bo", "Cia", "Dan"))
    assert in_line(training) == (["Anna", "Bo", "Cia"], ["Dan"])
    assert [queries.place_in_line(row) for row in (anna, bo, cia, dan)] == [0, 0, 0, 1]
    assert letters(anna) == ["Du är anmäld: Tidiga tecken"]
    assert letters(dan) == ["Du står på väntelistan: Tidiga tecken"]
    assert "nummer 1 på väntelistan" in Message.objects.get(subject=letters(dan)[0]).text


def test_sign_up_sent_twice_is_one(training: Training) -> None:
    token = uuid.uuid4()
    assert sign_up(training, "Anna", token=token) == sign_up(training, "Anna", token=token)
    assert Message.objects.count() == 1


def test_sign_up_of_an_address_that_is_signed_up_is_refused(training: Training) -> None:
    first = sign_up(training, "Anna")
    with pytest.raises(Refused, match="Den adressen är redan anmäld"):
        sign_up(training, "Annan", email="ANNA@solna.example ")
    actions.withdraw_sign_up(first)
    assert sign_up(training, "Anna").placed_at is not None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"takes_sign_ups": False}, "Anmälan är stängd"),
        ({"starts_at": clock.now() - DAY}, "har redan börjat"),
        ({"cancelled_at": clock.now()}, "inställd"),
    ],
)
def test_sign_up_to_what_is_not_open_is_refused(training: Training, change: dict[str, Any], sentence: str) -> None:
    Training.objects.update(**change)
    with pytest.raises(Refused, match=sentence):
        sign_up(training, "Anna")
    assert not SignUp.objects.exists()


def test_sign_up_for_more_than_there_are_is_refused(training: Training) -> None:
    with pytest.raises(Refused, match="har 3 platser"):
        sign_up(training, "Anna", seats=4)


def test_sign_up_without_a_limit_always_has_a_place(training: Training) -> None:
    capacity(training, None)
    assert [sign_up(training, f"Person{n}", seats=20).placed_at is not None for n in range(5)] == [True] * 5


@pytest.mark.django_db(transaction=True)
def test_twenty_who_sign_up_at_once_get_three_places_and_seventeen_numbers(training: Training) -> None:
    found = together(20, lambda n: sign_up(training, f"Person{n}"))
    assert len({row.pk for row in found}) == 20
    assert queries.places(training) == queries.Places(capacity=3, placed=3, waiting=17)
    waiting = training.sign_ups.waiting()
    assert [queries.place_in_line(row) for row in waiting] == list(range(1, 18))
    assert Message.objects.filter(subject__startswith="Du är anmäld").count() == 3


@pytest.mark.django_db(transaction=True)
def test_one_address_that_signs_up_twenty_times_at_once_is_one(training: Training) -> None:
    token = uuid.uuid4()

    def work(number: int) -> int | None:
        try:
            return sign_up(training, "Anna", token=token if number % 2 else uuid.uuid4()).pk
        except Refused:
            return None

    together(20, work)
    assert training.sign_ups.count() == 1


@pytest.mark.django_db(transaction=True)
def test_withdrawals_and_sign_ups_at_once_never_overfill(training: Training) -> None:
    first = [sign_up(training, f"Forst{n}") for n in range(6)]

    def work(number: int) -> None:
        if number % 2:
            actions.withdraw_sign_up(first[number // 2])
        else:
            sign_up(training, f"Sedan{number}")

    together(12, work)
    assert queries.places(training) == queries.Places(capacity=3, placed=3, waiting=3)
    assert [row.name for row in training.sign_ups.placed()] != []
    assert SignUp.objects.filter(withdrawn_at__isnull=False).count() == 6


def test_withdrawal_lets_the_first_who_waits_in_and_writes_to_both(training: Training) -> None:
    anna, _bo, _cia, dan, _eva = (sign_up(training, name) for name in ("Anna", "Bo", "Cia", "Dan", "Eva"))
    actions.withdraw_sign_up(anna)
    assert in_line(training) == (["Bo", "Cia", "Dan"], ["Eva"])
    assert letters(anna) == ["Du är anmäld: Tidiga tecken", "Du är avanmäld: Tidiga tecken"]
    assert letters(dan) == ["Du står på väntelistan: Tidiga tecken", "Du har fått plats: Tidiga tecken"]
    assert actions.withdraw_sign_up(anna).withdrawn_at is not None
    assert len(letters(anna)) == 2


def test_withdrawal_after_the_training_is_refused(training: Training) -> None:
    anna = sign_up(training, "Anna")
    Training.objects.update(starts_at=clock.now() - DAY)
    with pytest.raises(Refused, match="redan över"):
        actions.withdraw_sign_up(anna)


def test_a_party_that_does_not_fit_keeps_its_turn_and_is_passed_by_who_fits(training: Training) -> None:
    anna = sign_up(training, "Anna", seats=2)
    sign_up(training, "Bo", seats=2)
    sign_up(training, "Cia")
    assert in_line(training) == (["Anna", "Cia"], ["Bo"])
    sign_up(training, "Dan")
    actions.withdraw_sign_up(anna)
    assert in_line(training) == (["Bo", "Cia"], ["Dan"])


def test_raised_capacity_lets_in_those_who_wait_in_order(training: Training) -> None:
    for name in ("Anna", "Bo", "Cia", "Dan", "Eva", "Fia"):
        sign_up(training, name)
    capacity(training, 5)
    assert in_line(training) == (["Anna", "Bo", "Cia", "Dan", "Eva"], ["Fia"])


def test_lowered_capacity_keeps_what_was_promised(training: Training) -> None:
    anna, *_rest = [sign_up(training, name) for name in ("Anna", "Bo", "Cia", "Dan")]
    capacity(training, 1)
    assert in_line(training) == (["Anna", "Bo", "Cia"], ["Dan"])
    assert queries.places(training).free == 0
    actions.withdraw_sign_up(anna)
    assert in_line(training) == (["Bo", "Cia"], ["Dan"])


def test_closing_the_sign_up_keeps_everybody_where_they_are_and_still_fills_a_place_that_is_given_back(
    training: Training, coordinator: User
) -> None:
    anna, *_rest = [sign_up(training, name) for name in ("Anna", "Bo", "Cia", "Dan", "Eva")]
    training = change(training, by=coordinator, rounds=[], takes_sign_ups=False, capacity=3)
    actions.tend_sign_ups()
    assert in_line(training) == (["Anna", "Bo", "Cia"], ["Dan", "Eva"])
    with pytest.raises(Refused, match="Anmälan är stängd"):
        sign_up(training, "Fia")
    actions.withdraw_sign_up(anna)
    assert in_line(training) == (["Bo", "Cia", "Dan"], ["Eva"])
    assert training.is_for_others


def test_a_newcomer_never_passes_who_waits_and_fits(training: Training) -> None:
    """The capacity has been raised, and the worker has not been there yet."""
    for name in ("Anna", "Bo", "Cia", "Dan"):
        sign_up(training, name)
    Training.objects.update(capacity=4)
    sign_up(training, "Eva")
    assert in_line(training) == (["Anna", "Bo", "Cia", "Dan"], ["Eva"])


def calendar_of(sign_up: SignUp, subject: str) -> Any:
    text = Message.objects.get(key__startswith=f"sign_up:{sign_up.pk}:", subject__startswith=subject).calendar
    return IcsCalendarStream.calendar_from_ics(text)


def test_change_reaches_everybody_with_the_same_uid_and_a_raised_sequence(training: Training) -> None:
    anna, _bo, _cia, dan = (sign_up(training, name) for name in ("Anna", "Bo", "Cia", "Dan"))
    later = clock.now().replace(microsecond=0) + 20 * DAY
    Training.objects.update(starts_at=later, sequence=1)
    training.refresh_from_db()
    for _ in range(2):
        actions.tell_of_change(training)
    assert letters(anna)[1:] == letters(dan)[1:] == ["Ändrad utbildning: Tidiga tecken"]
    [before], [after] = (calendar_of(anna, subject).events for subject in ("Du är anmäld", "Ändrad"))
    assert (before.uid, before.sequence, after.sequence) == (after.uid, 0, 1)
    assert after.dtstart == later
    assert Message.objects.get(key=f"sign_up:{dan.pk}:change:1").calendar == ""


def test_cancellation_reaches_everybody_and_cancels_in_the_calendar(training: Training, coordinator: User) -> None:
    anna, _bo, _cia, dan = (sign_up(training, name) for name in ("Anna", "Bo", "Cia", "Dan"))
    actions.cancel_training(training, reason="Sjukdom", by=coordinator)
    actions.tend_sign_ups()
    assert letters(anna)[1:] == letters(dan)[1:] == ["Inställd utbildning: Tidiga tecken"]
    calendar = calendar_of(anna, "Inställd")
    [event] = calendar.events
    assert (calendar.method, event.status, event.sequence) == ("CANCEL", "CANCELLED", 1)
    actions.tend_sign_ups()
    assert len(letters(anna)) == 2


def test_cancellation_that_is_told_too_late_is_told_to_nobody(training: Training, coordinator: User) -> None:
    anna = sign_up(training, "Anna")
    actions.cancel_training(training, reason="Sjukdom", by=coordinator)
    Training.objects.update(starts_at=clock.now() - DAY, cancelled_at=clock.now() - 2 * DAY)
    actions.tend_sign_ups()
    assert letters(anna) == ["Du är anmäld: Tidiga tecken"]
    assert not queries.trainings_to_tend(clock.now()).exists()


def test_change_is_not_told_twice_to_whoever_comes_in_afterwards(training: Training) -> None:
    anna, *_rest, dan = [sign_up(training, name) for name in ("Anna", "Bo", "Cia", "Dan")]
    Training.objects.update(sequence=1)
    actions.withdraw_sign_up(anna)
    actions.tend_sign_ups()
    assert letters(dan) == ["Du står på väntelistan: Tidiga tecken", "Du har fått plats: Tidiga tecken"]


def test_letters_never_hold_what_a_guest_typed(training: Training) -> None:
    sign_up(training, "Vinn-pengar-på-lur.example", email="offer@solna.example", organisation="Klicka här")
    message = Message.objects.get()
    for body in (message.subject, message.text, message.html, message.calendar):
        assert "lur.example" not in body
        assert "Klicka" not in body


def test_letter_to_somebody_with_an_account_is_theirs(training: Training, member: User) -> None:
    User.objects.filter(pk=member.pk).update(language="en")
    row = sign_up(training, "Mia", email=member.email.upper())
    message = Message.objects.get()
    assert (row.user, message.recipient, message.to_email) == (member, member, "")
    assert f"Hello {member.name}!" in message.text


def test_protected_person_gets_no_mail_and_stands_in_no_list(training: Training, member: User) -> None:
    User.objects.filter(pk=member.pk).update(is_protected=True)
    row = sign_up(training, member.name, email=member.email)
    assert not Message.objects.exists()
    assert (row.shown_name, row.shown_email) == ("skyddad person", "")


def test_history_of_a_sign_up_holds_no_name(training: Training) -> None:
    actions.withdraw_sign_up(sign_up(training, "Anna"))
    events = apps.get_model("courses", "SignUpEvent")
    assert events.objects.count() >= 2
    assert "anna" not in repr(list(events.objects.values())).lower()


def test_training_that_began_lets_nobody_in(training: Training) -> None:
    for name in ("Anna", "Bo", "Cia", "Dan"):
        sign_up(training, name)
    Training.objects.update(capacity=9, starts_at=clock.now() - dt.timedelta(minutes=1))
    actions.tend_sign_ups()
    assert in_line(training)[1] == ["Dan"]
