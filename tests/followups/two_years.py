"""Units in all kinds of trouble, day by day: done to the rows, and noted in the facts of the specification."""

import datetime as dt
from collections.abc import Callable
from random import Random
from typing import Any

from followups.actions import Said, record_follow_up, record_not_held
from followups.models import Booking, Decision, DigestPause, Promise, Recipient, ReminderRule, RuleKind, SupportAction
from jarfalla import clock
from tests.followups import specification as spec
from tests.followups import stages
from tests.followups.specification import Booked, Person, Post, Promised, Rules
from tests.followups.specification_calendar import EN, ONE, SV, Day
from tests.followups.two_years_sources import STOCKHOLM, RoutinesAndCoverage, noon
from units.models import (
    Kind,
    Membership,
    MembershipRole,
    Participation,
    ParticipationState,
    Programme,
    QuietPeriod,
    Round,
    StepCompletion,
    Unit,
    User,
    UserRole,
)

# How often something happens to a unit in a day.
LIVELY = 0.03


class Municipality(RoutinesAndCoverage):
    """Some units and their people. `live` is one day of what people do there."""

    def __init__(self, chance: Random, rules: Rules, *, units: int, start: Day) -> None:
        self.chance, self.rules, self.start = chance, rules, start
        self.by = stages.someone()
        self.people: list[Person] = []
        self.users: dict[str, User] = {}
        self.units: list[spec.Unit] = []
        self.rows: dict[str, Unit] = {}
        self._write_rules()
        for number in range(2):
            self._person(f"samordnare{number}", is_coordinator=True)
        self.superiors = [self._person(f"rektor{number}") for number in range(units // 20 + 1)]
        for number in range(units):
            self._unit(f"Enhet {number:03}")

    # --- How it begins ---

    def _write_rules(self) -> None:
        rules = self.rules
        Programme.objects.update_or_create(
            pk=1,
            defaults={
                "follow_up_months": rules.months,
                "follow_up_anchor": rules.anchor,
                "follow_up_opens_before_months": rules.opens_before,
                "follow_up_closes_after_months": rules.closes_after,
                "follow_up_extra_months": rules.extra,
                "coverage_threshold_percent": rules.threshold,
                "course_validity_months": rules.course_months,
            },
        )
        QuietPeriod.objects.all().delete()
        names = ("first_month", "first_day", "last_month", "last_day")
        for number, period in enumerate(rules.quiet):
            QuietPeriod.objects.create(name=f"Period {number}", **dict(zip(names, period, strict=True)))
        overdue_to = Recipient.BOTH if rules.overdue_to_managers else Recipient.COORDINATOR
        for kind, values in {
            RuleKind.OVERDUE: {"to": overdue_to, "times": rules.overdue_times},
            RuleKind.MEETING: {"to": Recipient.BOTH, "days": rules.meeting_days},
            RuleKind.STALLED: {"to": Recipient.BOTH, "days": rules.stalled_days},
            RuleKind.ROUTINE_REVIEW: {"to": Recipient.BOTH, "days": rules.review_days, "times": rules.review_times},
            RuleKind.TWO_MONTHS_LEFT: {"to": Recipient.COORDINATOR, "is_on": rules.two_months_left},
        }.items():
            ReminderRule.objects.update_or_create(kind=kind, defaults={**values, "changed_by": self.by})

    def _person(self, name: str, *, is_coordinator: bool = False) -> Person:
        email = f"{name}@example.org"
        role = UserRole.COORDINATOR if is_coordinator else UserRole.STAFF
        # Every third person reads English.
        language = EN if len(self.people) % 3 == 1 else SV
        self.users[email] = User.objects.create_user(
            email, name.capitalize(), role=role, language=("sv", "en")[language]
        )
        self.people.append(Person(email, is_coordinator, language=language))
        return self.people[-1]

    def _unit(self, name: str) -> None:
        """A unit somewhere on its way."""
        chance = self.chance
        since = self.start - chance.randrange(400, 600) * ONE
        slug = name.lower().replace(" ", "-")
        unit = Unit.objects.create(name=name, slug=slug, kind=Kind.COMPULSORY_SCHOOL, created_at=noon(since))
        self.rows[name] = unit
        facts = spec.Unit(name, takes_part=True, answered_on=since)
        self.units.append(facts)
        managers = [post.person for other in self.units[-4:] for post in other.posts]
        person = (
            chance.choice(managers) if managers and chance.random() < 0.2 else self._person(f"chef{len(self.people)}")
        )
        self._post(facts, person, since, is_first=True)
        if chance.random() < 0.6:
            self._give_superior(facts)
        self._answer(facts, ParticipationState.TAKING_PART, since)
        self._begin(facts, since)
        self._found(facts, since)
        done = since
        for step in range(1, chance.choice((0, 1, 2, 3, 3, 3, 3, 3)) + 1):
            done += chance.randrange(10, 120) * ONE
            self._complete(facts, step, done, recorded=done + chance.randrange(0, 9) * ONE)

    # --- Small things that happen ---

    def _post(self, facts: spec.Unit, person: Person, since: Day, *, is_first: bool = False) -> None:
        user = self.users[person.email]
        Membership.objects.create(unit=self.rows[facts.name], user=user, role=MembershipRole.MANAGER, started_on=since)
        facts.posts.append(Post(person, since, is_first=is_first))

    def _give_superior(self, facts: spec.Unit) -> None:
        facts.superior = self.chance.choice(self.superiors)
        superior = self.users[facts.superior.email]
        Unit.objects.filter(pk=self.rows[facts.name].pk).update(superior=superior)

    def _answer(self, facts: spec.Unit, state: ParticipationState, on: Day) -> None:
        Participation.objects.create(
            unit=self.rows[facts.name], state=state, since=on, recorded_by=self.by, recorded_at=noon(on)
        )
        facts.takes_part, facts.answered_on = state == ParticipationState.TAKING_PART, on

    def _begin(self, facts: spec.Unit, on: Day) -> None:
        unit = self.rows[facts.name]
        round_ = Round.objects.create(unit=unit, number=unit.rounds.count() + 1, started_on=on)
        self._began(facts, round_, on)

    def _began(self, facts: spec.Unit, round_: Round, on: Day) -> None:
        facts.round, facts.began_on, facts.steps, facts.settled = round_.pk, on, {}, []
        facts.last_was_held = False
        facts.withdrawn_on, facts.booked, facts.promised = Day.min, [], []

    def _complete(self, facts: spec.Unit, step: int, on: Day, *, recorded: Day) -> None:
        on, recorded = min(on, self.start, recorded), min(recorded, self.start)
        self._record(facts, step, on, recorded)

    def _record(self, facts: spec.Unit, step: int, on: Day, recorded: Day) -> None:
        StepCompletion.objects.create(
            round=self._round(facts), step=step, completed_on=on, recorded_at=noon(recorded), recorded_by=self.by
        )
        facts.steps[step] = (on, recorded)
        facts.first_steps += step == 1

    def _withdraw(self, facts: spec.Unit, step: int, today: Day) -> None:
        standing = StepCompletion.objects.standing().filter(round=facts.round, step=step)
        standing.update(withdrawn_at=noon(today), withdrawn_by=self.by, withdrawn_reason="Fel datum.")
        del facts.steps[step]
        facts.withdrawn_on = today

    def _read_bookings(self, facts: spec.Unit) -> None:
        rows = Booking.objects.filter(round=facts.round, cancelled_at__isnull=True)
        facts.booked = [Booked(row.pk, row.number, row.starts_at.astimezone(STOCKHOLM).date()) for row in rows]

    # --- A day ---

    def live(self, today: Day) -> None:
        """What people do on that day."""
        for facts in self.units:
            if self.chance.random() < LIVELY:
                self._something(facts, today)
        self._among_people(today)

    def _something(self, facts: spec.Unit, today: Day) -> None:
        if not facts.takes_part:
            happens: dict[Callable[[spec.Unit, Day], None], int] = {self._come_back: 5, self._change_manager: 1}
        elif facts.round is None:
            happens = {self._start_again: 1, self._change_manager: 1}
        else:
            happens = {self._leave: 2, self._change_manager: 3, self._vacancy: 1, self._trouble: 1}
            happens |= self._contact_things() if 3 in facts.steps else {self._take_step: 12, self._take_back: 1}
        happens |= self._in_the_unit()
        [what] = self.chance.choices(list(happens), list(happens.values()))
        what(facts, today)

    def _contact_things(self) -> dict[Callable[[spec.Unit, Day], None], int]:
        return {
            self._book: 8,
            self._call_off: 2,
            self._hold: 8,
            self._miss: 3,
            self._redate: 3,
            self._keep_promise: 4,
        }

    def _come_back(self, facts: spec.Unit, today: Day) -> None:
        self._answer(facts, ParticipationState.TAKING_PART, today)

    def _leave(self, facts: spec.Unit, today: Day) -> None:
        self._answer(facts, self.chance.choice((ParticipationState.PAUSED, ParticipationState.DECLINED)), today)

    def _start_again(self, facts: spec.Unit, today: Day) -> None:
        self._begin(facts, today)

    def _take_step(self, facts: spec.Unit, today: Day) -> None:
        step = max(facts.steps, default=0) + 1
        if step == 1:
            self._fill_up(facts, today)
        earliest = max([facts.began_on, *(done for done, _recorded in facts.steps.values())])
        on = max(today - self.chance.randrange(0, 60) * ONE, earliest)
        self._record(facts, step, on, today)

    def _take_back(self, facts: spec.Unit, today: Day) -> None:
        if facts.steps:
            self._withdraw(facts, max(facts.steps), today)

    def _redate(self, facts: spec.Unit, today: Day) -> None:
        """Step 3 turns out to have been done on another day; the contacts that were held stand."""
        on = min(facts.steps[3][0] + self.chance.randrange(-70, 70) * ONE, today)
        self._withdraw(facts, 3, today)
        self._record(facts, 3, max(on, facts.steps[2][0]), today)

    def _change_manager(self, facts: spec.Unit, today: Day) -> None:
        self._vacancy(facts, today)
        old = self.chance.choice(self.units).posts
        is_known = old and self.chance.random() < 0.2
        person = self.chance.choice(old).person if is_known else self._person(f"chef{len(self.people)}")
        if not any(post.person is person and (post.until or today) >= today for post in facts.posts):
            self._post(facts, person, today)

    def _vacancy(self, facts: spec.Unit, today: Day) -> None:
        for post in facts.posts:
            if post.holds(today) and post.since < today:
                post.until = today
                held = Membership.objects.filter(unit=self.rows[facts.name], ended_on__isnull=True)
                held.filter(user=self.users[post.person.email]).update(ended_on=today)

    def _trouble(self, facts: spec.Unit, today: Day) -> None:
        """A manager's account is closed or protected, or is so no longer; or the unit comes under somebody else."""
        self._give_superior(facts)
        for person in facts.managers(today):
            person.is_active = not person.is_active if self.chance.random() < 0.4 else person.is_active
            person.is_protected = not person.is_protected if self.chance.random() < 0.4 else person.is_protected
            User.objects.filter(email=person.email).update(is_active=person.is_active, is_protected=person.is_protected)

    def _book(self, facts: spec.Unit, today: Day) -> None:
        """A time for the next contact, or another one. Late in the evening, so that no letter about it is too late."""
        number = len(facts.settled) + 1
        day = today + self.chance.randrange(0, 45) * ONE
        starts_at = dt.datetime.combine(day, dt.time(23, 59), tzinfo=STOCKHOLM)
        standing = Booking.objects.filter(round=facts.round, number=number, cancelled_at__isnull=True)
        if not standing.update(starts_at=starts_at):
            Booking.objects.create(round=self._round(facts), number=number, starts_at=starts_at, booked_by=self.by)
        self._read_bookings(facts)

    def _call_off(self, facts: spec.Unit, today: Day) -> None:
        Booking.objects.filter(round=facts.round, cancelled_at__isnull=True).update(
            cancelled_at=noon(today), cancelled_by=self.by, cancelled_reason="Chefen är sjuk."
        )
        self._read_bookings(facts)

    def _keep_promise(self, facts: spec.Unit, today: Day) -> None:
        for row in facts.promised:
            row.is_done = True
        SupportAction.objects.filter(pk__in=[row.key for row in facts.promised]).update(done_on=today, done_by=self.by)

    def _miss(self, facts: spec.Unit, today: Day) -> None:
        """The next contact could not be held; before its window nobody would say so."""
        if today >= spec.Calls([], [], self.rules, today).days(facts, len(facts.settled) + 1)[0]:
            record_not_held(self._round(facts), on=today, reason="Chefen är sjuk.", by=self.by)
            facts.settled.append(today)
            facts.last_was_held = False
            self._read_bookings(facts)

    def _hold(self, facts: spec.Unit, today: Day) -> None:
        is_last = len(facts.settled) + 1 >= len(self.rules.months)
        decisions = {
            Decision.GO_ON: 0 if is_last else 6,
            Decision.MORE_SUPPORT: 4,
            Decision.DONE: 2,
            Decision.NEW_ROUND: 2,
            Decision.BACK_TO_ROUTINES: 1,
            Decision.BACK_TO_TRAINING: 1,
        }
        [decision] = self.chance.choices(list(decisions), list(decisions.values()))
        promises = [Promise("Handledning", "Sam", today + self.chance.randrange(0, 90) * ONE)]
        held = record_follow_up(
            self._round(facts),
            held_on=today,
            decision=decision,
            by=self.by,
            said=Said(effect=f"{self.chance.random()}"),
            support_actions=promises if decision == Decision.MORE_SUPPORT else [],
            override_reason="Det är klart redan.",
        )
        self._held(facts, held, today)

    def _held(self, facts: spec.Unit, held: Any, today: Day) -> None:
        facts.settled.append(today)
        facts.last_was_held = True
        facts.promised += [Promised(row.pk, row.due_on) for row in held.support_actions.all()]
        decision = Decision(held.decision)
        if decision == Decision.DONE:
            facts.round = None
        elif decision == Decision.NEW_ROUND:
            self._began(facts, Round.objects.get(unit=self.rows[facts.name], closed_on__isnull=True), today)
        elif decision in (Decision.BACK_TO_ROUTINES, Decision.BACK_TO_TRAINING):
            facts.settled, facts.last_was_held, facts.withdrawn_on = [], False, today
            for step in (3,) if decision == Decision.BACK_TO_ROUTINES else (2, 3):
                del facts.steps[step]
        if facts.round is not None:
            self._read_bookings(facts)

    def _round(self, facts: spec.Unit) -> Round:
        assert facts.round is not None
        return Round.objects.get(pk=facts.round)

    # --- People and rules ---

    def _among_people(self, today: Day) -> None:
        """Coordinators come and go, somebody pauses the digests, the programme is changed."""
        if self.chance.random() < 0.004:
            self._change_coordinator()
        if self.chance.random() < 0.03:
            self._pause(self.chance.choice(self.people), today + self.chance.randrange(0, 40) * ONE)
        if self.chance.random() < 0.003:
            self._change_rules()

    def _change_coordinator(self) -> None:
        self._person(f"samordnare{len(self.people)}", is_coordinator=True)
        present = [person for person in self.people if person.is_coordinator and person.is_active]
        left = self.chance.choice(present[:-1])
        left.is_active = False
        User.objects.filter(email=left.email).update(is_active=False)

    def _pause(self, person: Person, until: Day) -> None:
        user = self.users[person.email]
        if not DigestPause.objects.filter(user=user, ended_at__isnull=True).update(ends_on=until):
            DigestPause.objects.create(user=user, ends_on=until)
        person.paused_until = until

    def _change_rules(self) -> None:
        chance, rules = self.chance, self.rules
        rules.overdue_times = chance.randrange(1, 5)
        rules.overdue_to_managers = chance.random() < 0.5
        rules.meeting_days = chance.randrange(1, 12)
        rules.stalled_days = chance.randrange(30, 150)
        rules.two_months_left = chance.random() < 0.7
        rules.closes_after = chance.randrange(1, 4)
        rules.extra = chance.randrange(1, 6)
        rules.review_days, rules.review_times = chance.randrange(10, 60), chance.randrange(1, 5)
        rules.threshold = chance.choice((70, 80, 90))
        self._write_rules()


def today_is(day: Day) -> None:
    """Move the portal's clock."""
    clock.move((day - dt.datetime.now(tz=STOCKHOLM).date()).days)
