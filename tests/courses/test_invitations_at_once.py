"""Letters about a training to many people, by many workers, some of them killed: nobody hears twice or never."""

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from courses import actions, queries
from courses.actions import invitations
from courses.models import Invitation, Training
from jarfalla import clock
from tests import factories
from tests.calendars import read_event
from tests.courses import rows
from tests.courses.invited import change, tell, tell_and_deliver
from tests.real_servers import database_url, wait_for
from tests.together import locked, together
from units.models import Membership, Message, Round, Unit, User
from units.models.message import MessageState

pytestmark = pytest.mark.django_db


@pytest.fixture
def round_(unit: Unit, manager: User) -> Round:
    """The unit's round; its manager is Cia Chef."""
    return factories.open_round(unit)


def crowd(unit: Unit, count: int) -> None:
    """So many more people on the unit's staff list, quickly."""
    people = User.objects.bulk_create(
        User(email=f"{unit.pk}-{number}@example.org", name=f"Person {number}", password="!") for number in range(count)
    )
    Membership.objects.bulk_create(Membership(unit=unit, user=person) for person in people)


@pytest.mark.parametrize("step", ["booked", "changed", "cancelled"])
def test_chunk_makes_as_many_queries_for_3_as_for_90(coordinator: User, step: str) -> None:
    counted = []
    for count in (3, 90):
        unit = factories.taking_part(factories.unit())
        crowd(unit, count)
        training = rows.training(factories.open_round(unit), by=coordinator)
        Training.objects.filter(pk=training.pk).update(invites_staff=True)
        if step != "booked":
            tell_and_deliver(training)
        if step == "changed":
            change(training, by=coordinator, place="Biblioteket")
        elif step == "cancelled":
            actions.cancel_training(training, reason="Sjukdom", by=coordinator)
        with CaptureQueriesContext(connection) as made:
            tell(training)
        assert Message.objects.filter(unit=unit, sent_at__isnull=True).count() == count
        counted.append(len(made))
    assert counted[0] == counted[1] <= 40


def test_400_staff_are_all_told_once(unit: Unit, round_: Round, coordinator: User, manager: User) -> None:
    crowd(unit, 400)
    training = rows.training(round_, by=coordinator)
    Training.objects.update(invites_staff=True)
    with CaptureQueriesContext(connection) as made:
        tell(training)
    told = Counter(Message.objects.values_list("recipient", flat=True))
    assert (len(told), max(told.values())) == (401, 1)
    assert len(made) <= 6 * 40  # five chunks, and the look that finds no more


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_write_to_everybody_once(
    unit: Unit, round_: Round, coordinator: User, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitations, "CHUNK", 5)
    crowd(unit, 23)
    training = rows.training(round_, by=coordinator)
    Training.objects.update(invites_staff=True)
    together(6, lambda number: tell(training) if number % 2 else actions.send_all_invitations())
    told = Counter(Message.objects.values_list("recipient", flat=True))
    assert (len(told), set(told.values())) == (24, {1})
    assert Invitation.objects.count() == 24


@pytest.mark.django_db(transaction=True)
def test_changes_while_workers_write_end_in_one_truth(
    unit: Unit, round_: Round, coordinator: User, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitations, "CHUNK", 3)
    crowd(unit, 10)
    training = rows.training(round_, by=coordinator)
    Training.objects.update(invites_staff=True)

    def work(number: int) -> None:
        if number == 0:
            for place in "ABCD":
                change(Training.objects.get(pk=training.pk), by=coordinator, place=place)
        else:
            tell(training)

    together(4, work)
    actions.send_all_invitations()
    waiting = Message.objects.in_state(MessageState.PLANNED)
    assert Counter(waiting.values_list("recipient", flat=True)).most_common(1)[0][1] == 1
    assert waiting.count() == 11
    assert {read_event(message.calendar).location for message in waiting} == {"D"}


@pytest.mark.django_db(transaction=True)
def test_training_that_goes_wrong_stops_nobody_behind_it(
    unit: Unit, round_: Round, coordinator: User, manager: User, outsider: User
) -> None:
    odd = rows.training(round_, by=coordinator)
    rows.training(factories.open_round(outsider.memberships.get().unit), by=coordinator)
    with locked(odd), pytest.raises(OperationalError):
        actions.send_all_invitations()
    told = Message.objects.values_list("recipient", flat=True)
    assert list(told) == [outsider.pk]
    assert list(queries.trainings_to_tell_of(clock.now())) == [odd.pk]


KILLED = """
import time
from courses.actions import invitations
invitations.CHUNK = 20
write = invitations._write_some
def slowly(pk):
    time.sleep(0.3)
    return write(pk)
invitations._write_some = slowly
invitations.send_invitations({pk})
"""


@pytest.mark.django_db(transaction=True)
def test_worker_that_is_killed_leaves_whole_chunks_and_the_next_does_the_rest(
    unit: Unit, round_: Round, coordinator: User, manager: User, tmp_path: Path
) -> None:
    crowd(unit, 99)
    training = rows.training(round_, by=coordinator)
    Training.objects.update(invites_staff=True)
    worker = subprocess.Popen(
        [sys.executable, str(settings.BASE_DIR / "manage.py"), "shell", "-c", KILLED.format(pk=training.pk)],
        env={"DATABASE_URL": database_url(), "DEBUG": "1", "VAR_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    try:
        wait_for(Message.objects.exists, 60, "the first letters")
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    written = Message.objects.count()
    assert 0 < written < 100
    assert written % 20 == 0
    assert Invitation.objects.count() == written
    actions.send_all_invitations()  # the periodic task finds it
    told = Counter(Message.objects.values_list("recipient", flat=True))
    assert (len(told), set(told.values())) == (100, {1})
