"""What the database refuses, and the states that follow from dates."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from courses.models import Completion, GroupSession, Training, TrainingState
from jarfalla import clock
from tests import factories
from tests.courses import rows
from tests.courses.rows import DAY
from units.models import Unit, User

pytestmark = pytest.mark.django_db


def test_completion_twice_for_one_person_is_refused(unit: Unit, member: User, manager: User) -> None:
    fields: dict[str, Any] = {"user": member, "completed_on": clock.today(), "recorded_by": manager}
    Completion.objects.create(**fields)
    with pytest.raises(IntegrityError, match="completion_counts_once_per_person"), transaction.atomic():
        Completion.objects.create(**fields)
    with pytest.raises(ValidationError, match="Personen är redan registrerad"):
        Completion(**fields).validate_constraints()


def test_completion_again_after_withdrawal_is_allowed(unit: Unit, member: User, manager: User) -> None:
    first = Completion.objects.create(user=member, completed_on=clock.today(), recorded_by=manager)
    first.withdrawn_at, first.withdrawn_by = clock.now(), manager
    first.save()
    second = Completion.objects.create(user=member, completed_on=clock.today(), recorded_by=manager)
    assert list(Completion.objects.standing()) == [second]


def test_completion_in_the_future_is_refused(unit: Unit, member: User, manager: User) -> None:
    with pytest.raises(IntegrityError, match="completion_not_in_the_future"):
        Completion.objects.create(user=member, completed_on=clock.today() + DAY, recorded_by=manager)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"headcount": 0}, "group_session_headcount_is_positive"),
        ({"held_on": dt.date(2999, 1, 1)}, "group_session_not_in_the_future"),
    ],
)
def test_group_session_constraints(unit: Unit, manager: User, fields: dict[str, Any], constraint: str) -> None:
    good: dict[str, Any] = {"unit": unit, "held_on": clock.today(), "headcount": 3, "recorded_by": manager}
    with pytest.raises(IntegrityError, match=constraint):
        GroupSession.objects.create(**good | fields)


def test_group_session_token_is_unique(unit: Unit, manager: User) -> None:
    token = uuid.uuid4()
    GroupSession.objects.create(unit=unit, held_on=clock.today(), recorded_by=manager, token=token)
    with pytest.raises(IntegrityError, match="token"):
        GroupSession.objects.create(unit=unit, held_on=clock.today(), recorded_by=manager, token=token)


TODAY, TOMORROW = clock.today(), clock.today() + DAY


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"held_on": TODAY}, "training_held_with_name_and_time"),
        ({"held_on": TOMORROW, "held_recorded_at": clock.now()}, "training_not_held_in_the_future"),
        (
            {"held_on": TODAY, "held_recorded_at": clock.now(), "cancelled_at": clock.now()},
            "training_held_or_cancelled_not_both",
        ),
        ({"headcount": 0}, "training_headcount_is_positive"),
    ],
)
def test_training_constraints(unit: Unit, coordinator: User, fields: dict[str, Any], constraint: str) -> None:
    row = rows.training(factories.open_round(unit), by=coordinator)
    row.held_by = coordinator if "held_recorded_at" in fields else None
    for name, value in fields.items():
        setattr(row, name, value)
    with pytest.raises(IntegrityError, match=constraint):
        row.save()


@pytest.mark.parametrize(("days", "state"), [(1, TrainingState.BOOKED), (-1, TrainingState.AWAITING_ANSWER)])
def test_training_state_follows_the_time(unit: Unit, coordinator: User, days: int, state: TrainingState) -> None:
    row = rows.training(factories.open_round(unit), by=coordinator, days=days)
    assert row.state == state
    assert row.is_open
    assert [s for s in TrainingState if Training.objects.in_state(s, clock.now()).exists()] == [state]
