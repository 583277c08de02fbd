"""Mails to those who signed up, what the worker looks after, and what is erased in the end."""

import uuid
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from courses import actions, queries
from courses.models import SignUp, SignUpAudience, SignUpMail, Training
from jarfalla import clock
from tests import factories
from tests.courses.open_occasion import in_line, open_occasion, sign_up
from tests.courses.rows import DAY
from tests.together import together
from units.models import Message, Refused, Unit, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def training(coordinator: User) -> Training:
    """An open lecture in two weeks, with three places."""
    return open_occasion(coordinator)


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
