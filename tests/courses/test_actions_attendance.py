"""Who came to a training: ticked, unticked, counted, scanned; also by many at once."""

import datetime as dt
from collections.abc import Collection
from typing import Any

import pytest

from courses import actions, queries
from courses.models import Attendance, AttendanceSource, Training, TrainingRound
from jarfalla import clock
from tests import factories
from tests.courses import rows
from tests.courses.rows import DAY
from tests.together import together
from units.actions import declare_headcount
from units.models import Refused, Unit, User
from units.models.people import Membership

pytestmark = pytest.mark.django_db


@pytest.fixture
def training(unit: Unit, coordinator: User) -> Training:
    """A training for `unit` that began an hour ago."""
    return rows.begun_training(unit, by=coordinator)


def roll(present: Collection[User] = (), absent: Collection[User] = (), **fields: Any) -> actions.Roll:
    return actions.Roll(present=present, absent=absent, headcounts=fields.pop("headcounts", {}), **fields)


def here(training: Training) -> set[int]:
    return set(queries.recorded_people(training))


def test_record_attendance_adds_and_withdraws_but_deletes_nothing(
    training: Training, manager: User, member: User
) -> None:
    assert actions.record_attendance(training, roll([member, manager]), by=manager) == 2
    assert actions.record_attendance(training, roll([manager], [member]), by=manager) == 1
    assert here(training) == {manager.pk}
    taken_back = Attendance.objects.get(user=member)
    assert (taken_back.withdrawn_by, taken_back.withdrawn_at is not None) == (manager, True)
    assert actions.record_attendance(training, roll([manager, member]), by=manager) == 2
    assert Attendance.objects.filter(user=member).count() == 2


def test_record_attendance_twice_changes_nothing(training: Training, manager: User, member: User) -> None:
    actions.record_attendance(training, roll([member]), by=manager)
    before = list(Attendance.objects.values())
    assert actions.record_attendance(training, roll([member]), by=manager) == 1
    assert list(Attendance.objects.values()) == before


def test_record_attendance_leaves_those_who_are_not_mentioned(training: Training, manager: User, member: User) -> None:
    actions.attend(training, member)
    actions.record_attendance(training, roll([manager]), by=manager)
    assert here(training) == {manager.pk, member.pk}


def test_record_attendance_keeps_how_many_came_without_a_name(training: Training, manager: User) -> None:
    row = TrainingRound.objects.get(training=training)
    declare_headcount(training.rounds.get().unit, headcount=7, on=clock.today(), by=manager)
    actions.record_attendance(training, roll(headcounts={row.pk: 7}, others=(3,)), by=manager)
    row.refresh_from_db()
    training.refresh_from_db()
    assert (row.headcount, training.headcount) == (7, 3)
    actions.record_attendance(training, roll(headcounts={row.pk: None}), by=manager)
    row.refresh_from_db()
    training.refresh_from_db()
    assert (row.headcount, training.headcount) == (None, 3)


def test_record_attendance_of_more_than_work_there_is_refused_whatever_was_scanned_meanwhile(
    training: Training, manager: User, member: User
) -> None:
    row = TrainingRound.objects.get(training=training)
    actions.attend(training, member)  # after the page with the list was shown
    with pytest.raises(Refused, match="Enheten har 2 anställda och 1 är avprickade med namn"):
        actions.record_attendance(training, roll(headcounts={row.pk: 2}), by=manager)
    row.refresh_from_db()
    assert row.headcount is None
    actions.record_attendance(training, roll(headcounts={row.pk: 1}), by=manager)


def test_record_attendance_before_the_training_is_refused(training: Training, manager: User, member: User) -> None:
    Training.objects.update(starts_at=clock.now() + DAY)
    with pytest.raises(Refused, match="har inte börjat än"):
        actions.record_attendance(training, roll([member]), by=manager)


def test_record_attendance_of_a_cancelled_training_is_refused(
    training: Training, manager: User, member: User, coordinator: User
) -> None:
    actions.cancel_training(training, reason="Sjukdom", by=coordinator)
    with pytest.raises(Refused, match="inställd"):
        actions.record_attendance(training, roll([member]), by=manager)


def test_record_attendance_of_a_stranger_is_refused(
    training: Training, manager: User, member: User, outsider: User
) -> None:
    with pytest.raises(Refused, match="personallista"):
        actions.record_attendance(training, roll([member, outsider]), by=manager)
    assert here(training) == set()


def test_attend_records_the_person_once(training: Training, member: User) -> None:
    first = actions.attend(training, member)
    assert actions.attend(training, member) == first
    assert (first.source, first.recorded_by) == (AttendanceSource.QR, member)


def test_attend_is_for_those_who_work_in_an_invited_unit_or_have_signed_up(training: Training, outsider: User) -> None:
    with pytest.raises(Refused, match="inte för någon av dina enheter"):
        actions.attend(training, outsider)
    training.sign_ups.create(user=outsider, name=outsider.name, email=outsider.email, organisation="Granbacken")
    assert actions.attend(training, outsider).user == outsider


def test_attend_is_not_for_somebody_who_has_left(training: Training, member: User) -> None:
    Membership.objects.filter(user=member).update(ended_on=clock.today() - DAY)
    with pytest.raises(Refused, match="inte för någon av dina enheter"):
        actions.attend(training, member)


@pytest.mark.parametrize(
    ("hours", "sentence"),
    [(2, "har inte börjat än"), (-30, "är över")],
)
def test_attend_on_another_time_is_refused(training: Training, member: User, hours: int, sentence: str) -> None:
    Training.objects.update(starts_at=clock.now() + dt.timedelta(hours=hours))
    with pytest.raises(Refused, match=sentence):
        actions.attend(training, member)


def test_attend_opens_an_hour_before(training: Training, member: User) -> None:
    Training.objects.update(starts_at=clock.now() + dt.timedelta(minutes=59))
    assert actions.attend(training, member).user == member


@pytest.mark.django_db(transaction=True)
def test_the_same_person_scanned_and_ticked_by_many_at_once_is_one_row(
    training: Training, manager: User, member: User
) -> None:
    def work(number: int) -> None:
        if number % 2:
            actions.attend(training, member)
        else:
            actions.record_attendance(training, roll([member, manager]), by=manager)

    together(12, work)
    assert sorted(Attendance.objects.values_list("user", flat=True)) == sorted([manager.pk, member.pk])


def test_groups_list_the_staff_of_the_day_and_no_protected_person(
    training: Training, unit: Unit, manager: User, member: User
) -> None:
    protected, joined_later, left_since = (
        factories.staff(unit, name=name) for name in ("Pia Skyddad", "Nils Ny", "Åke")
    )
    User.objects.filter(pk=protected.pk).update(is_protected=True)
    Training.objects.update(starts_at=clock.now() - 10 * DAY)
    training.refresh_from_db()
    Membership.objects.filter(user=joined_later).update(started_on=clock.today() - 5 * DAY)
    Membership.objects.filter(user=left_since).update(ended_on=clock.today() - 5 * DAY)
    [group] = queries.groups(training, Unit.objects.all(), others=False)
    assert [person.name for person in group.people] == ["Cia Chef", "Mia Medarbetare", "Åke"]


def test_groups_show_a_person_of_two_units_once(
    training: Training, unit: Unit, member: User, coordinator: User
) -> None:
    second = factories.taking_part(factories.unit(name="Zätabackens förskola"))
    training.training_rounds.create(round=factories.open_round(second))
    Membership.objects.create(user=member, unit=second, started_on=clock.today() - 400 * DAY)
    groups = queries.groups(training, Unit.objects.all(), others=True)
    assert [(group.unit, [person.name for person in group.people]) for group in groups] == [
        (unit, ["Mia Medarbetare"]),
        (second, []),
    ]
