"""Properties of the waiting list: whatever happens in whatever order, nobody is lost and no promise is broken."""

import contextlib
import uuid
from collections.abc import Sequence

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from courses import actions, queries
from courses.models import SignUp, Training
from jarfalla import clock
from tests.courses.rows import DAY
from units.models import Message, Refused, User

pytestmark = pytest.mark.django_db

# ("in", seats): somebody signs up. ("out", n): the n:th who is still signed up withdraws. ("capacity", seats or none).
Event = tuple[str, int | None]
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("in"), st.integers(1, 4)),
        st.tuples(st.just("out"), st.integers(0, 8)),
        st.tuples(st.just("capacity"), st.one_of(st.none(), st.integers(1, 9))),
    ),
    min_size=4,
    max_size=14,
)


def happen(training: Training, event: Event, number: int) -> None:
    """Let one thing happen."""
    what, value = event
    if what == "in":
        with contextlib.suppress(Refused):  # a party that is larger than the training
            actions.sign_up(
                training,
                name=f"Gäst {number}",
                email=f"gast{number}@solna.example",
                organisation="Solna stad",
                seats=value or 1,
                token=uuid.uuid4(),
                language="sv",
            )
    elif what == "out":
        standing = list(training.sign_ups.standing())
        if standing:
            actions.withdraw_sign_up(standing[(value or 0) % len(standing)])
    else:
        Training.objects.filter(pk=training.pk).update(capacity=value)
        actions.place_waiting(training)


def check(training: Training, before: Sequence[SignUp]) -> None:
    """What must hold after anything has happened; `before` are the standing sign-ups before it did."""
    training.refresh_from_db()
    rows = list(training.sign_ups.standing())
    placed, waiting = [row for row in rows if row.placed_at], [row for row in rows if not row.placed_at]
    promised = {row.pk for row in before if row.placed_at}
    newly = [row for row in placed if row.pk not in promised]
    full = queries.places(training)
    assert (full.placed, full.waiting) == (sum(row.seats for row in placed), sum(row.seats for row in waiting))
    # Never more than there are, except for what was promised before the capacity was lowered.
    if newly and training.capacity is not None:
        assert full.placed <= training.capacity
    # A promise is kept: whoever had a place has it, or has withdrawn.
    assert all(row.placed_at for row in rows if row.pk in promised)
    # Nobody waits for what is free.
    assert all(full.free is not None and row.seats > full.free for row in waiting)
    # In order: nobody came in past somebody who had waited longer and needs no more.
    for late in newly:
        assert not [row for row in waiting if row.pk < late.pk and row.seats <= late.seats]
    # Numbers on the list are 1, 2, 3 … in the order of signing up.
    assert [queries.place_in_line(row) for row in waiting] == list(range(1, len(waiting) + 1))
    # Nobody is lost, and everybody who came in has been told.
    withdrawn = training.sign_ups.filter(withdrawn_at__isnull=False).count()
    assert len(rows) + withdrawn == training.sign_ups.count()
    for row in newly:
        assert Message.objects.filter(key__regex=rf"^sign_up:{row.pk}:(signed_up|promoted)$").exists()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(capacity=st.one_of(st.none(), st.integers(1, 6)), events=EVENTS)
def test_waiting_list_keeps_its_promises(coordinator: User, capacity: int | None, events: list[Event]) -> None:
    with transaction.atomic():
        training = Training.objects.create(
            title="Tidiga tecken",
            starts_at=clock.now() + 14 * DAY,
            takes_sign_ups=True,
            capacity=capacity,
            booked_by=coordinator,
        )
        for number, event in enumerate(events):
            before = list(training.sign_ups.standing())
            happen(training, event, number)
            check(training, before)
        transaction.set_rollback(True)
