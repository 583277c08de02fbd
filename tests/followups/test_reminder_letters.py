"""Reminders become letters; a letter that has become wrong is taken back."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from followups.actions import (
    cancel_outdated_reminders,
    sweep,
)
from followups.models import (
    Reminder,
    SweepRun,
)
from followups.queries import sources
from tests import factories
from tests.followups import stages
from tests.followups.reminded import (
    DAY,
    OPENING,
    OPENS,
    SAM,
    STEP_3,
    TWO_LEFT,
    all_sent,
    booked,
    letters,
    said,
)
from units.actions import record_participation
from units.models import (
    Message,
    ParticipationState,
    Unit,
    User,
)
from units.models.message import MessageState

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("cast")]


# --- Letters -----------------------------------------------------------------------------------------------------


def test_many_reminders_of_one_person_on_one_day_are_one_letter(unit: Unit, coordinator: User, manager: User) -> None:
    for _number in range(3):
        stages.routines_done(factories.taking_part(factories.unit()), STEP_3)
    stages.routines_done(unit, STEP_3)
    sweep(OPENS)
    found = {row.recipient: row for row in letters()}
    assert set(found) == {coordinator, manager}
    assert found[coordinator].subject == "4 påminnelser från Järfällamodellen"
    assert found[coordinator].reminders.count() == 4
    assert (found[coordinator].unit, found[manager].unit) == (None, unit)


def test_letter_that_has_not_left_comes_along_in_the_next_one(unit: Unit) -> None:
    """So three days without a mail server end in one mail, not three."""
    stages.routines_done(unit, STEP_3)
    for days in (1, 2):
        stages.routines_done(factories.taking_part(factories.unit()), STEP_3 + days * DAY)
    for days in range(3):
        sweep(OPENS + days * DAY)
    mine = [row for row in letters() if row.recipient_name == SAM]
    assert [(row.state, row.reminders.count()) for row in mine] == [
        (MessageState.CANCELLED, 0),
        (MessageState.CANCELLED, 0),
        (MessageState.PLANNED, 3),
    ]
    assert mine[0].cancelled_reason == "Står i ett senare mejl i stället."


def test_letter_that_may_have_gone_out_is_left_as_it_is(unit: Unit) -> None:
    stages.routines_done(unit, STEP_3)
    sweep(OPENS)
    Message.objects.update(unconfirmed=1)
    other = factories.taking_part(factories.unit())
    stages.routines_done(other, STEP_3 + DAY)
    sweep(OPENS + DAY)
    assert sorted(row.subject for row in letters() if row.recipient_name == SAM) == [
        f"Dags att boka uppföljningen med {other.name}",
        "Dags att boka uppföljningen med Tallbackens förskola",
    ]


def test_letter_that_goes_wrong_stops_nobody_elses(unit: Unit, manager: User) -> None:
    """One that the database can't hold: the others are written all the same."""
    stages.routines_done(unit, STEP_3)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "ALTER TABLE units_message ADD CONSTRAINT broken CHECK (recipient_id IS DISTINCT FROM %s)", [manager.pk]
        )
    with pytest.raises(Exception, match="broken"):
        sweep(OPENS)
    assert said() == [f"opens {SAM}"]
    assert SweepRun.objects.get().finished_at is None


def test_same_day_twice_writes_nothing_new(unit: Unit) -> None:
    stages.routines_done(unit, STEP_3)
    first = sweep(OPENS)
    for again in (False, True):
        second = sweep(OPENS, again=again)
        assert second == first
        assert second is not None
        assert second.written == 2
    assert len(letters()) == 2
    assert SweepRun.objects.count() == 1


# --- What has become wrong ---------------------------------------------------------------------------------------


def test_pause_cancels_what_waits_and_coming_back_reminds_again(unit: Unit, coordinator: User) -> None:
    stages.routines_done(unit, STEP_3)
    sweep(OPENS)
    record_participation(unit, state=ParticipationState.PAUSED, by=stages.someone())
    assert cancel_outdated_reminders(OPENS + DAY) == 2
    assert {message.state for message in letters()} == {MessageState.CANCELLED}
    assert {message.cancelled_reason for message in letters()} == {"Påminnelsen gäller inte längre."}
    record_participation(unit, state=ParticipationState.TAKING_PART, by=stages.someone())
    for day in (OPENS + 2 * DAY, OPENS + 3 * DAY):
        sweep(day)
        assert said() == OPENING


def test_booking_cancels_the_letter_that_asks_for_one(unit: Unit) -> None:
    round_ = stages.routines_done(unit, STEP_3)
    sweep(OPENS)
    booked(round_, TWO_LEFT)
    assert cancel_outdated_reminders(OPENS) == 2
    assert said() == []


def test_rest_of_a_digest_is_said_anew(unit: Unit, coordinator: User) -> None:
    other = factories.taking_part(factories.unit())
    for row in (unit, other):
        stages.routines_done(row, STEP_3)
    sweep(OPENS)
    record_participation(unit, state=ParticipationState.PAUSED, by=stages.someone())
    assert cancel_outdated_reminders(OPENS) == 2
    [letter] = [row for row in letters() if row.state == MessageState.PLANNED]
    assert (letter.recipient, letter.subject) == (coordinator, f"Dags att boka uppföljningen med {other.name}")
    assert cancel_outdated_reminders(OPENS) == 0


def test_waiting_letter_gets_the_new_time_of_a_meeting(unit: Unit) -> None:
    round_ = stages.routines_done(unit, STEP_3)
    booking = booked(round_, dt.date(2024, 11, 28), hour=10)
    sweep(dt.date(2024, 11, 21))
    booking.starts_at += dt.timedelta(hours=3)
    booking.save()
    assert cancel_outdated_reminders(dt.date(2024, 11, 21)) == 2
    waiting = [row for row in letters() if row.state == MessageState.PLANNED]
    assert len(waiting) == 2
    assert all("kl. 13:00" in row.text for row in waiting)
    assert Reminder.objects.count() == 2


def test_what_has_gone_out_is_not_cancelled(unit: Unit) -> None:
    stages.routines_done(unit, STEP_3)
    sweep(OPENS)
    all_sent()
    record_participation(unit, state=ParticipationState.PAUSED, by=stages.someone())
    assert cancel_outdated_reminders(OPENS) == 0
    assert Reminder.objects.count() == 2


def test_check_of_waiting_letters_looks_at_their_units_alone(unit: Unit) -> None:
    """A mail server that is down for a day must not cost a sweep over the municipality each minute."""
    stages.routines_done(unit, STEP_3)
    sweep(OPENS)
    asked: list[Any] = []

    def spy(*args: Any) -> Iterator[list[Any]]:
        asked.append(args[3])
        return sources.contacts(*args)

    cancel_outdated_reminders(OPENS, [spy])
    assert asked == [[unit.pk]]
    all_sent()
    with CaptureQueriesContext(connection) as queries:
        cancel_outdated_reminders(OPENS, [spy])
    assert len(asked) == 1
    # Whether a letter waits, and whether a reminder lacks one. Neither the programme nor the rules are read.
    assert [row["sql"].count("followups_reminder") > 0 for row in queries] == [True, True]
    assert not [row for row in queries if "programme" in row["sql"] or "reminderrule" in row["sql"]]
