"""Letters about trainings that wait while the mail server is down, or of which nobody knows whether they left."""

import datetime as dt
import uuid

import pytest

from courses import actions
from courses.models import Training
from jarfalla import clock
from tests import factories
from tests.courses import rows
from tests.courses.invited import change, letters, tell
from tests.courses.rows import DAY
from tests.real_servers import MailBox
from units import tasks
from units.models import Message, Unit, User
from units.models.message import MessageState

pytestmark = pytest.mark.django_db


@pytest.fixture
def training(unit: Unit, manager: User, coordinator: User) -> Training:
    """A training two weeks from now that nobody has been written to about."""
    return rows.training(factories.open_round(unit), by=coordinator)


def test_invitation_that_waited_until_the_training_was_over_does_not_go_out(
    training: Training, manager: User, mail_box: MailBox
) -> None:
    tell(training)
    [letter] = letters(manager)
    assert letter.not_after == (training.ends_at or training.starts_at)
    Message.objects.update(not_after=clock.now() - dt.timedelta(minutes=1))  # as two weeks later
    tasks.send_waiting_messages()
    letter.refresh_from_db()
    assert (letter.state, mail_box.mails) == (MessageState.CANCELLED, [])


@pytest.mark.parametrize(
    "perhaps",
    [{"unconfirmed": 1}, {"claim": uuid.UUID(int=1), "claimed_until": dt.datetime(2100, 1, 1, tzinfo=dt.UTC)}],
)
def test_who_may_have_read_the_invitation_is_told_that_the_training_is_cancelled(
    training: Training, manager: User, coordinator: User, perhaps: dict[str, object]
) -> None:
    tell(training)
    Message.objects.update(**perhaps)
    actions.cancel_training(training, reason="Ledaren är sjuk", by=coordinator)
    tell(training)
    assert "Inställd utbildning" in letters(manager)[-1].subject


def test_who_has_not_been_written_to_is_not_told_that_the_training_is_cancelled(
    training: Training, manager: User, coordinator: User
) -> None:
    tell(training)
    actions.cancel_training(training, reason="Ledaren är sjuk", by=coordinator)
    tell(training)
    assert letters(manager) == []


def test_new_time_is_what_the_new_letter_is_good_for(training: Training, coordinator: User, manager: User) -> None:
    tell(training)
    later = training.starts_at + 30 * DAY
    change(training, by=coordinator, starts_at=later, ends_at=None)
    tell(training)
    assert [letter.not_after for letter in letters(manager)] == [later]
