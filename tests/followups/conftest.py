"""What the tests of reminders share."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from jarfalla import clock
from tests import factories
from tests.followups.reminded import to_working_day
from units.models import Unit, User


@pytest.fixture
def cast(unit: Unit, coordinator: User, manager: User, member: User, reader: User) -> None:
    """A coordinator, and a unit with a manager and a member; a reader who must get nothing."""


@pytest.fixture
def superior(unit: Unit) -> User:
    """The manager's manager."""
    user = factories.user(name="Rut Rektor")
    Unit.objects.filter(pk=unit.pk).update(superior=user)
    return user


@pytest.fixture
def working_day(settings: Any, tmp_path: Any) -> Iterator[dt.date]:
    """The portal's clock stands at a working day, and sweeps at any hour."""
    settings.DEMO, settings.VAR_DIR, settings.SWEEP_HOUR = True, tmp_path, 0
    yield to_working_day()
    clock.move(0)
