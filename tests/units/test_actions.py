"""Writes of the units app."""

import datetime as dt

import pytest

from jarfalla import clock
from tests import factories
from units import actions
from units.models import Message, Step, StepBlocked, Unit, User

pytestmark = pytest.mark.django_db


def test_complete_step_twice_returns_the_first(unit: Unit, manager: User, coordinator: User) -> None:
    round_ = factories.open_round(unit)
    first = actions.complete_step(round_, Step.WEB_COURSE, on=clock.today(), by=manager)
    second = actions.complete_step(round_, Step.WEB_COURSE, on=clock.today() - dt.timedelta(1), by=coordinator)
    assert first == second
    assert [m.recipient for m in Message.objects.all()] == [coordinator]


def test_complete_step_out_of_order_is_refused(unit: Unit, manager: User) -> None:
    with pytest.raises(StepBlocked, match="Steg 1, webbkurs, måste vara klart först"):
        actions.complete_step(factories.open_round(unit), Step.TRAINING, on=clock.today(), by=manager)
