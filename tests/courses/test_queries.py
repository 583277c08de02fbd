"""In what order trainings stand."""

import pytest
from django.utils import timezone

from courses import actions, queries
from courses.models import TrainingState
from jarfalla import clock
from tests import factories
from tests.courses import rows
from units.models import Unit, User


@pytest.mark.django_db
def test_trainings_stand_in_order_of_need(unit: Unit, coordinator: User) -> None:
    round_ = factories.open_round(unit)
    late, soon = (rows.training(round_, by=coordinator, days=days, title=f"om {days}") for days in (9, 3))
    past = rows.training(round_, by=coordinator, days=-3, title="obesvarad")
    held = rows.training(round_, by=coordinator, days=-8, title="hölls")
    actions.hold_training(held, on=timezone.localdate(held.starts_at), by=coordinator)
    gone = rows.training(round_, by=coordinator, days=5, title="inställd")
    actions.cancel_training(gone, reason="Sjukdom", by=coordinator)
    never = rows.training(round_, by=coordinator, days=-4, title="blev inte av")
    actions.cancel_training(never, reason="Ingen kom", by=coordinator)
    in_order = list(queries.in_order_of_need(round_.trainings.all(), clock.now()))
    assert in_order == [past, soon, late, held, never, gone]
    assert queries.training_counts(round_.trainings.all(), clock.now()) == {
        TrainingState.AWAITING_ANSWER: 1,
        TrainingState.BOOKED: 2,
        TrainingState.HELD: 1,
        TrainingState.NOT_HELD: 1,
        TrainingState.CANCELLED: 1,
    }
