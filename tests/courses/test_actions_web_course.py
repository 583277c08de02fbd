"""Step 1: what is recorded, what is refused, and what happens twice or at once."""

import datetime as dt
import threading
import uuid
from typing import Any

import pytest
from django.db import transaction

from courses import actions, queries
from courses.models import Completion, GroupSession
from jarfalla import clock
from tests import factories
from tests.courses import rows
from tests.courses.rows import DAY
from tests.together import together
from units.actions import record_participation
from units.models import (
    MembershipRole,
    ParticipationState,
    Programme,
    Refused,
    Step,
    StepBlocked,
    StepCompletion,
    Unit,
    User,
)

pytestmark = pytest.mark.django_db


def test_group_session_names_and_counts(unit: Unit, manager: User) -> None:
    ann, bo, _ = rows.crew(unit, 3)
    session = actions.record_group_session(unit, held_on=clock.today(), members=[ann, bo], headcount=1, by=manager)
    assert {row.user for row in session.completions.standing()} == {ann, bo}
    assert {(row.completed_on, row.recorded_by) for row in session.completions.all()} == {(clock.today(), manager)}
    assert (queries.coverage(unit).named, queries.coverage(unit).headcount) == (2, 1)


def test_group_session_skips_a_person_who_is_registered(unit: Unit, manager: User) -> None:
    ann, bo = rows.crew(unit, 2)
    rows.taken(unit, [ann], clock.today() - 5 * DAY)
    session = rows.session(unit, members=[ann, bo])
    assert [row.user for row in session.completions.all()] == [bo]
    assert ann.course_completions.get().completed_on == clock.today() - 5 * DAY


def test_group_session_sent_twice_is_one(unit: Unit, manager: User) -> None:
    people, token = rows.crew(unit, 4), uuid.uuid4()
    first, second = (
        actions.record_group_session(
            unit, held_on=clock.today(), members=people[:2], headcount=2, by=manager, token=token
        )
        for _ in range(2)
    )
    assert first == second
    assert queries.coverage(unit).counted == 4


def test_group_session_with_a_used_token_but_other_content_is_refused(unit: Unit, manager: User) -> None:
    people, token, today = rows.crew(unit, 4), uuid.uuid4(), clock.today()
    first: dict[str, Any] = {"held_on": today, "members": people[:1], "headcount": 1, "by": manager, "token": token}
    actions.record_group_session(unit, **first)
    changes: list[dict[str, Any]] = [
        {"headcount": 2},
        {"members": people[:2]},
        {"members": []},
        {"held_on": today - DAY},
    ]
    for change in changes:
        with pytest.raises(Refused, match="Formuläret är redan skickat en gång"):
            actions.record_group_session(unit, **first | change)
    assert GroupSession.objects.count() == 1


def test_group_session_refusals_change_nothing(unit: Unit, manager: User, outsider: User) -> None:
    ann = rows.crew(unit, 1)[0]
    today = clock.today()

    def record(held_on: dt.date = today, members: list[User] | None = None, headcount: int | None = None) -> None:
        actions.record_group_session(unit, held_on=held_on, members=members or [], headcount=headcount, by=manager)

    with pytest.raises(Refused, match="Ange minst en deltagare"):
        record()
    with pytest.raises(Refused, match="Datumet ligger i framtiden"):
        record(held_on=today + DAY, members=[ann])
    with pytest.raises(Refused, match="Högst 1 kan räknas utan namn: enheten har 2 anställda, 0 har redan"):
        record(members=[ann], headcount=2)
    with pytest.raises(Refused, match="måste finnas på enhetens personallista"):
        record(members=[outsider])
    assert not GroupSession.objects.exists()
    assert not Completion.objects.exists()


def test_group_session_of_a_unit_without_staff_is_refused() -> None:
    with pytest.raises(Refused, match="Enheten har ingen personal i portalen"):
        rows.session(factories.unit(), headcount=3)


def test_completions_twice_keep_the_first_date(unit: Unit, manager: User) -> None:
    ann, bo = rows.crew(unit, 2)
    first = actions.record_completions(unit, users=[ann], on=clock.today() - DAY, by=manager)
    both = actions.record_completions(unit, users=[ann, bo], on=clock.today(), by=manager)
    assert both[0] == first[0]
    assert [row.completed_on for row in both] == [clock.today() - DAY, clock.today()]


def test_withdraw_group_session_releases_its_names(unit: Unit, manager: User) -> None:
    ann, bo = rows.crew(unit, 2)
    session = rows.session(unit, members=[ann], headcount=1)
    rows.taken(unit, [bo])
    withdrawn = actions.withdraw_group_session(session, by=manager)
    again = actions.withdraw_group_session(session, by=manager)
    assert (again.withdrawn_at, again.withdrawn_by) == (withdrawn.withdrawn_at, manager)
    assert [row.user for row in Completion.objects.standing()] == [bo]
    assert queries.coverage(unit).counted == 1
    # Released means that the person can be registered again.
    rows.taken(unit, [ann])
    assert queries.coverage(unit).named == 2


def test_withdraw_completion_keeps_the_row(unit: Unit, manager: User) -> None:
    ann = rows.crew(unit, 1)[0]
    rows.taken(unit, [ann])
    row = ann.course_completions.get()
    first = actions.withdraw_completion(row, by=manager)
    assert actions.withdraw_completion(row, by=ann).withdrawn_by == manager
    assert first.withdrawn_at is not None
    assert queries.coverage(unit).named == 0


def test_step_1_below_the_threshold_is_refused_with_the_figures(unit: Unit, manager: User) -> None:
    rows.taken(unit, rows.crew(unit, 9)[:7])
    with pytest.raises(
        StepBlocked, match=r"hade 7 av 10 gått kursen \(70 %\)\. Det krävs 80 %, alltså 8 av 10: 1 till\."
    ):
        actions.complete_web_course(factories.open_round(unit), on=clock.today(), by=manager)
    assert not StepCompletion.objects.exists()


def test_step_1_at_the_threshold_is_logged(unit: Unit, manager: User) -> None:
    rows.taken(unit, rows.crew(unit, 9)[:8])
    round_ = factories.open_round(unit)
    first = actions.complete_web_course(round_, on=clock.today(), by=manager)
    assert (first.completed_on, first.recorded_by, first.override_reason) == (clock.today(), manager, "")
    # Repeating returns the first result, also when coverage has sunk since.
    rows.crew(unit, 5)
    assert actions.complete_web_course(round_, on=clock.today(), by=manager) == first


def test_step_1_follows_the_programmes_threshold(unit: Unit, manager: User) -> None:
    rows.taken(unit, rows.crew(unit, 1))
    Programme.objects.create(coverage_threshold_percent=50)
    assert actions.complete_web_course(factories.open_round(unit), on=clock.today(), by=manager).step == Step.WEB_COURSE


def test_step_1_reckons_with_the_coverage_of_the_day(unit: Unit, manager: User) -> None:
    rows.taken(unit, [*rows.crew(unit, 1), manager], on=clock.today() - 3 * DAY)
    with pytest.raises(StepBlocked, match="hade 0 av 2 gått kursen"):
        actions.complete_web_course(factories.open_round(unit), on=clock.today() - 4 * DAY, by=manager)
    done = actions.complete_web_course(factories.open_round(unit), on=clock.today() - 3 * DAY, by=manager)
    assert done.completed_on == clock.today() - 3 * DAY


def test_step_1_of_a_unit_without_staff_that_day_is_refused(unit: Unit, manager: User) -> None:
    with pytest.raises(StepBlocked, match="Ingen personal är registrerad den"):
        actions.complete_web_course(factories.open_round(unit), on=clock.today() - 9999 * DAY, by=manager)


def test_step_1_override_is_for_the_coordinator_and_stays_on_the_record(
    unit: Unit, manager: User, coordinator: User
) -> None:
    round_ = factories.open_round(unit)
    with pytest.raises(StepBlocked, match="Bara samordnaren kan göra undantag"):
        actions.complete_web_course(round_, on=clock.today(), by=manager, override_reason="Vi hinner inte")
    done = actions.complete_web_course(round_, on=clock.today(), by=coordinator, override_reason="Ny enhet")
    assert done.override_reason == "Ny enhet"


def test_step_1_override_that_was_not_needed_is_not_kept(unit: Unit, coordinator: User) -> None:
    round_ = rows.covered_round(unit)
    done = actions.complete_web_course(round_, on=clock.today(), by=coordinator, override_reason="För säkerhets skull")
    assert done.override_reason == ""


def test_step_1_of_a_paused_unit_is_refused(unit: Unit, coordinator: User) -> None:
    round_ = rows.covered_round(unit)
    record_participation(unit, state=ParticipationState.PAUSED, by=coordinator)
    with pytest.raises(StepBlocked, match="Enheten deltar inte just nu"):
        actions.complete_web_course(round_, on=clock.today(), by=coordinator)


# --- At once -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_headcounts_recorded_at_once_never_exceed_the_size(unit: Unit, manager: User) -> None:
    rows.crew(unit, 9)

    def record(_: int) -> bool:
        try:
            rows.session(unit, headcount=4)
        except Refused:
            return False
        return True

    assert sum(together(6, record)) == 2
    assert queries.coverage(unit).headcount == 8


@pytest.mark.django_db(transaction=True)
def test_one_person_recorded_by_two_units_at_once_is_registered_once(
    unit: Unit, manager: User, member: User, outsider: User
) -> None:
    other = outsider.memberships.get().unit
    other.memberships.create(user=member, role=MembershipRole.MEMBER)
    work = [(unit, manager), (other, outsider)] * 4

    def record(number: int) -> list[Completion]:
        where, by = work[number]
        return actions.record_completions(where, users=[member], on=clock.today(), by=by)

    assert len({row.pk for done in together(8, record) for row in done}) == 1
    assert Completion.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_form_sent_many_times_at_once_is_one_session(unit: Unit, manager: User) -> None:
    people, token = rows.crew(unit, 4), uuid.uuid4()

    def record(_: int) -> GroupSession:
        return actions.record_group_session(
            unit, held_on=clock.today(), members=people[:2], headcount=2, by=manager, token=token
        )

    assert len({session.pk for session in together(8, record)}) == 1
    assert queries.coverage(unit).counted == 4


@pytest.mark.django_db(transaction=True)
def test_step_1_waits_for_a_completion_that_is_being_withdrawn(unit: Unit, manager: User, member: User) -> None:
    """Two of two have the course; one is taken back while the step is logged. Never is it logged with one of two."""
    rows.taken(unit, [manager, member])
    round_, row = factories.open_round(unit), member.course_completions.get()
    began, may_commit = threading.Event(), threading.Event()

    def withdraw() -> None:
        with transaction.atomic():
            actions.withdraw_completion(row, by=manager)
            began.set()
            may_commit.wait(timeout=1)

    def complete() -> None:
        assert began.wait(timeout=20)
        with pytest.raises(StepBlocked, match="hade 1 av 2 gått kursen"):
            actions.complete_web_course(round_, on=clock.today(), by=manager)

    together(2, lambda number: (withdraw, complete)[number]())
    assert not StepCompletion.objects.exists()
