"""Open occasions: first come, first served; who waits, comes in, withdraws, is written to and erased."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from ical.calendar_stream import IcsCalendarStream

from courses import actions, queries
from courses.models import SignUp, SignUpAudience, SignUpMail, Training
from jarfalla import clock
from tests import factories
from tests.courses.invited import change
from tests.courses.rows import DAY
from tests.together import together
from units.models import Message, Refused, Unit, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def training(coordinator: User) -> Training:
    """An open lecture in two weeks, with three places."""
    return Training.objects.create(
        title="Tidiga tecken",
        starts_at=clock.now() + 14 * DAY,
        place="Aspnässalen",
        meeting_url="https://moten.example/hemlig",
        takes_sign_ups=True,
        capacity=3,
        booked_by=coordinator,
    )


def sign_up(training: Training, name: str, *, seats: int = 1, token: uuid.UUID | None = None, **fields: Any) -> SignUp:
    data = {"email": f"{name.lower()}@solna.example", "organisation": "Solna stad", "language": "sv"} | fields
    return actions.sign_up(training, name=name, seats=seats, token=token or uuid.uuid4(), **data)


def in_line(training: Training) -> tuple[list[str], list[str]]:
    """The names of those who have a place and of those who wait."""
    return (
        [row.name for row in training.sign_ups.placed()],
        [row.name for row in training.sign_ups.waiting()],
    )


def letters(sign_up: SignUp) -> list[str]:
    """The subjects of what the person has been written, in order."""
    found = Message.objects.filter(key__startswith=f"sign_up:{sign_up.pk}:").order_by("pk")
    return [message.subject for message in found]


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


def write(training: Training, by: User, audience: SignUpAudience, token: uuid.UUID | None = None) -> SignUpMail:
    return actions.write_to_signed_up(
        training, audience=audience, subject="Ta med fika", text="Vi ses!", token=token or uuid.uuid4(), by=by
    )


@pytest.mark.parametrize(
    ("audience", "names"),
    [(SignUpAudience.PLACED, ["Anna", "Bo", "Cia"]), (SignUpAudience.WAITING, ["Dan"]), (SignUpAudience.ALL, None)],
)
def test_mail_reaches_its_audience_once(
    training: Training, coordinator: User, audience: SignUpAudience, names: list[str] | None
) -> None:
    everybody = ["Anna", "Bo", "Cia", "Dan"]
    for name in everybody:
        sign_up(training, name)
    actions.withdraw_sign_up(sign_up(training, "Eva"))
    token = uuid.uuid4()
    mail = write(training, coordinator, audience, token)
    assert write(training, coordinator, audience, token) == mail
    sign_up(training, "Sen")
    for _ in range(2):
        actions.tend_sign_ups()
        actions.write_sign_up_mail(mail.pk)
    sent = Message.objects.filter(subject="Ta med fika").order_by("pk")
    assert [message.to_name for message in sent] == (names or everybody)
    assert all("Vi ses!" in message.text and "Vi ses!" in message.html for message in sent)


@pytest.mark.django_db(transaction=True)
def test_mail_that_many_workers_take_is_one_letter_each(training: Training, coordinator: User) -> None:
    for name in ("Anna", "Bo"):
        sign_up(training, name)
    mail = write(training, coordinator, SignUpAudience.ALL)
    together(6, lambda _: actions.write_sign_up_mail(mail.pk))
    assert Message.objects.filter(subject="Ta med fika").count() == 2


def test_mail_to_nobody_is_refused(training: Training, coordinator: User) -> None:
    with pytest.raises(Refused, match="ingen att skriva till"):
        write(training, coordinator, SignUpAudience.ALL)


def test_erase_empties_what_names_somebody_and_keeps_the_count(
    training: Training, coordinator: User, member: User, settings: Any
) -> None:
    sign_up(training, "Anna")
    sign_up(training, "Mia", email=member.email)
    actions.withdraw_sign_up(sign_up(training, "Bo"))
    Training.objects.update(starts_at=clock.now() - (settings.SIGN_UP_KEPT_DAYS - 1) * DAY)
    assert actions.erase_sign_ups() == 0
    Training.objects.update(starts_at=clock.now() - (settings.SIGN_UP_KEPT_DAYS + 1) * DAY)
    assert actions.erase_sign_ups() == 3
    assert actions.erase_sign_ups() == 0
    assert queries.places(training).placed == 2
    everything = repr([list(model.objects.values()) for model in (SignUp, Message)])
    for word in ("Anna", "anna@", "Bo", "bo@", "Solna"):
        assert f"{word}" not in everything.replace("'booked", ""), word
    assert not SignUp.objects.filter(user__isnull=False).exists()


def test_mail_reaches_nobody_who_has_been_erased(training: Training, coordinator: User, settings: Any) -> None:
    sign_up(training, "Anna")
    row = write(training, coordinator, SignUpAudience.ALL)
    Training.objects.update(starts_at=clock.now() - (settings.SIGN_UP_KEPT_DAYS + 1) * DAY)
    actions.erase_sign_ups()
    assert actions.write_sign_up_mail(row.pk) == 0
    with pytest.raises(Refused, match="ingen att skriva till"):
        write(training, coordinator, SignUpAudience.ALL)
    assert not Message.objects.filter(key__contains=":mail:").exists()


def test_history_of_a_sign_up_holds_no_name(training: Training) -> None:
    actions.withdraw_sign_up(sign_up(training, "Anna"))
    events = apps.get_model("courses", "SignUpEvent")
    assert events.objects.count() >= 2
    assert "anna" not in repr(list(events.objects.values())).lower()


def test_tend_sign_ups_looks_after_what_a_lost_task_left(training: Training, unit: Unit, coordinator: User) -> None:
    for name in ("Anna", "Bo", "Cia", "Dan"):
        sign_up(training, name)
    Training.objects.update(capacity=4)
    actions.tend_sign_ups()
    assert in_line(training) == (["Anna", "Bo", "Cia", "Dan"], [])
    assert factories.open_round(unit).trainings.count() == 0


def test_tend_sign_ups_does_the_rest_when_one_training_goes_wrong(
    training: Training, coordinator: User, settings: Any
) -> None:
    other = Training.objects.create(
        title="Den andra", starts_at=clock.now() + DAY, takes_sign_ups=True, capacity=1, booked_by=coordinator
    )
    old = Training.objects.create(
        title="Den gamla", starts_at=clock.now() + DAY, takes_sign_ups=True, booked_by=coordinator
    )
    sign_up(training, "Anna")
    waits = [sign_up(other, name) for name in ("Bo", "Cia")][1]
    past = sign_up(old, "Dan")
    Training.objects.filter(pk=old.pk).update(starts_at=clock.now() - (settings.SIGN_UP_KEPT_DAYS + 1) * DAY)
    row = write(other, coordinator, SignUpAudience.ALL)
    Training.objects.filter(pk=other.pk).update(capacity=2)
    # What no code of ours does: an address that no letter can be written to.
    training.sign_ups.update(email="två@adresser, på@rad")
    Training.objects.filter(pk=training.pk).update(sequence=1)
    with pytest.raises(ValidationError):
        actions.tend_sign_ups()
    for found in (waits, past, row):
        found.refresh_from_db()
    assert (waits.placed_at is not None, past.erased_at is not None, row.written_at is not None) == (True, True, True)


def test_training_that_began_lets_nobody_in(training: Training) -> None:
    for name in ("Anna", "Bo", "Cia", "Dan"):
        sign_up(training, name)
    Training.objects.update(capacity=9, starts_at=clock.now() - dt.timedelta(minutes=1))
    actions.tend_sign_ups()
    assert in_line(training)[1] == ["Dan"]
