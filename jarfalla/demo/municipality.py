"""Builds the invented municipality, a batch of units at a time."""

import datetime as dt
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.db import transaction

from courses.models import Completion, GroupSession
from jarfalla import clock
from jarfalla.demo import evidence, follow_ups, learning, names, routines
from jarfalla.demo.scenarios import SCENARIOS, Scenario
from units.actions.units import free_slug
from units.models import (
    Kind,
    Membership,
    MembershipRole,
    Ownership,
    Participation,
    ParticipationState,
    Round,
    StepCompletion,
    Unit,
    User,
    UserRole,
)

BATCH = 200  # units in one transaction: bounded memory for a municipality of any size
WITHOUT_ACCOUNTS = {Kind.ASSOCIATION, Kind.HOUSING_COMPANY}

DEMO_USERS = {
    "samordnare": ("Sanna Samordnare", UserRole.COORDINATOR),
    "chef": ("Charlie Chef", UserRole.STAFF),
    "medarbetare": ("Maja Medarbetare", UserRole.STAFF),
    "lasare": ("Lo Läsare", UserRole.READER),
}


@dataclass
class Municipality:
    """What is being built, and from which chance. `say` gets a line of progress for a person to read."""

    units: int
    staff: int  # people on staff lists in all
    seed: int
    say: Callable[[str], None]
    chance: random.Random = field(init=False)
    demo: dict[str, User] = field(init=False, default_factory=dict)
    superiors: dict[Kind, User] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311  the same seed makes the same municipality

    def build(self) -> None:
        """Make the four demo users and every unit with its people, rounds and evidence."""
        for konto, (name, role) in DEMO_USERS.items():
            email = f"{konto}@demo.example"
            self.demo[konto] = User.objects.filter(email=email).first() or User.objects.create_user(
                email, name, role=role
            )
        routines.check_contacts(by=self.demo["samordnare"])
        unit_names, people = names.unit_names(self.chance), names.people(self.chance)
        for first in range(0, self.units, BATCH):
            last = min(first + BATCH, self.units)
            with transaction.atomic():
                places = [Place(self, number, *next(unit_names)) for number in range(first, last)]
                for place in places:
                    place.make_unit()
                self._hire(places, people)
                for place in places:
                    place.make_rounds()
            if first == 0 and len(places) > 1:
                learning.write_staff_list([place.unit for place in places], self.demo["samordnare"])
            self.say(f"  {last} of {self.units} units")
        learning.write_open_lecture(self.demo["samordnare"])
        routines.reword_contact(by=self.demo["samordnare"])
        evidence.write_messages(self.demo["samordnare"])

    def superior(self, kind: Kind) -> User:
        """The manager's manager of units of that kind: an account with no unit of its own."""
        if kind not in self.superiors:
            self.superiors[kind] = User.objects.get_or_create(
                email=f"verksamhetschef-{kind.value}@demo.example",
                defaults={"name": f"Verksamhetschef {kind.label.lower()}", "password": "!"},
            )[0]
        return self.superiors[kind]

    def _hire(self, places: list["Place"], people: Iterator[tuple[str, str]]) -> None:
        """Put people on the staff lists of the units that have accounts: one manager, the rest members."""
        share = max(2, self.staff // max(1, self.units))
        wanted = [(place, place.staff_size(share)) for place in places]
        total = sum(size + place.newcomers for place, size in wanted)
        users = User.objects.bulk_create(
            [
                User(email=email, name=name, password="!")  # noqa: S106  "!" is Django's unusable password
                for name, email in (next(people) for _ in range(total))
            ],
            batch_size=2000,
        )
        free = iter(users)
        for place, size in wanted:
            place.staff = [next(free) for _ in range(size + place.newcomers)]
            if place.number in (0, 1):
                place.staff[0] = self.demo["chef"]
            if place.number == 1:
                place.staff[1] = self.demo["medarbetare"]
        Membership.objects.bulk_create(
            [
                Membership(
                    unit=place.unit,
                    user=user,
                    role=MembershipRole.MEMBER if position else MembershipRole.MANAGER,
                    started_on=clock.today() - dt.timedelta(days=place.days_at_work(position)),
                )
                for place in places
                for position, user in enumerate(place.staff)
            ],
            batch_size=2000,
        )


@dataclass
class Place:
    """One unit on its way into the database, in the state that its scenario says."""

    town: Municipality
    number: int
    name: str
    kind: Kind
    unit: Unit = field(init=False)
    headcount: int | None = field(init=False, default=None)
    staff: list[User] = field(init=False, default_factory=list)

    @property
    def scenario(self) -> Scenario:
        """The situations are dealt out in turn, so that a small municipality has all of them too."""
        return SCENARIOS[self.number % len(SCENARIOS)]

    @property
    def counts_heads(self) -> bool:
        """Whether this unit declares a headcount instead of keeping a staff list."""
        return self.number > 1 and (self.scenario.headcount_only or self.kind in WITHOUT_ACCOUNTS)

    def staff_size(self, share: int) -> int:
        """How many people get accounts here."""
        return 1 if self.counts_heads else max(2, int(share * self.town.chance.uniform(0.6, 1.4)))

    @property
    def newcomers(self) -> int:
        """How many have begun since step 1 was done."""
        return 0 if self.counts_heads else self.scenario.newcomers

    def days_at_work(self, position: int) -> int:
        """How long ago the person at this place of the staff list began: the newcomers stand last."""
        return 21 if position >= len(self.staff) - self.newcomers else 900

    def make_unit(self) -> None:
        """The unit and its answer to the offer."""
        self.headcount = self.town.chance.randint(8, 40) if self.counts_heads else None
        self.unit = Unit.objects.create(
            name=self.name,
            slug=free_slug(self.name),
            kind=self.kind,
            ownership={
                Kind.ASSOCIATION: Ownership.ASSOCIATION,
                Kind.HOUSING_COMPANY: Ownership.MUNICIPAL_COMPANY,
            }.get(self.kind, self.town.chance.choice([Ownership.MUNICIPAL] * 4 + [Ownership.PRIVATE])),
            department=names.DEPARTMENTS.get(self.kind, "Barn- och utbildningsförvaltningen"),
            district=self.town.chance.choice(names.DISTRICTS),
            superior=self.town.superior(self.kind) if self.number % 9 else None,
        )
        if self.headcount:
            self.unit.declared_headcounts.create(
                headcount=self.headcount, declared_on=clock.today() - dt.timedelta(days=700)
            )

    def make_rounds(self) -> None:
        """The round or rounds, with what each completed step rests on."""
        by, scenario = self.town.demo["samordnare"], self.scenario
        self._answer(by)
        if scenario.state not in (ParticipationState.TAKING_PART, ParticipationState.PAUSED):
            return
        started = clock.today() - dt.timedelta(days=max(scenario.steps, default=scenario.days_in_state) + 20)
        days = scenario.closed_days
        closed = None if days is None else clock.today() - dt.timedelta(days=days)
        round_ = Round.objects.create(
            unit=self.unit, number=1, started_on=started, closed_on=closed, closed_by=by if closed else None
        )
        self._cover(by)
        evidence.write_trainings(round_, scenario, by)
        # Each situation twice with its PDF at once; in a larger municipality the worker makes the rest.
        publish_now = self.number < 2 * len(SCENARIOS)
        routines.write_routine(
            self.unit, scenario, coordinator=by, manager=self.staff[0], staff=self.staff, publish_now=publish_now
        )
        if self.scenario.pulses:
            learning.write_pulses(round_, by, self.town.chance, people=len(self.staff))
        self._complete(round_, by)
        follow_ups.write_follow_up(round_, scenario, by)
        if scenario.second_round and closed:
            Round.objects.create(unit=self.unit, number=2, started_on=closed)

    def _answer(self, by: User) -> None:
        scenario = self.scenario
        if scenario.state == ParticipationState.NOT_INVITED:
            return
        oldest = max((*scenario.steps, scenario.days_in_state)) + 20
        path = {
            ParticipationState.INVITED: [(ParticipationState.INVITED, scenario.days_in_state)],
            ParticipationState.DECLINED: [
                (ParticipationState.INVITED, oldest),
                (ParticipationState.DECLINED, scenario.days_in_state),
            ],
            ParticipationState.TAKING_PART: [(ParticipationState.TAKING_PART, oldest)],
            ParticipationState.PAUSED: [
                (ParticipationState.TAKING_PART, oldest),
                (ParticipationState.PAUSED, scenario.days_in_state),
            ],
        }[scenario.state]
        for state, days in path:
            moment = clock.now() - dt.timedelta(days=days)
            self.unit.participations.add(
                Participation(state=state, since=moment.date(), recorded_by=by, recorded_at=moment), bulk=False
            )

    def _cover(self, by: User) -> None:
        """Completions of the web course up to the scenario's share of the staff: most in a group, some alone later."""
        days = self.scenario.steps[0] + 5 if self.scenario.steps else 10
        size = self.headcount or len(self.staff) - self.newcomers
        count = self.scenario.covered(size)
        together = -(-count * 2 // 3)
        for share, ago, is_group in ((together, days + 45, True), (count - together, days, self.counts_heads)):
            if share:
                self._record(share, clock.now() - dt.timedelta(days=ago), by, is_group=is_group)

    def _record(self, count: int, moment: dt.datetime, by: User, *, is_group: bool) -> None:
        """So many more have taken the course, in a group session or by themselves."""
        session = None
        if is_group:
            session = GroupSession.objects.create(
                unit=self.unit,
                held_on=moment.date(),
                headcount=count if self.counts_heads else None,
                recorded_by=by,
                recorded_at=moment,
            )
        if self.counts_heads:
            return
        done = set(Completion.objects.filter(user__in=self.staff).values_list("user_id", flat=True))
        lacking = [user for user in self.staff if user.pk not in done]
        Completion.objects.bulk_create(
            Completion(
                user=user,
                completed_on=moment.date(),
                session=session,
                recorded_by=by if session else user,
                recorded_at=moment,
            )
            for user in lacking[:count]
        )

    def _complete(self, round_: Round, by: User) -> None:
        manager = self.staff[0]
        rows = []
        for step, days in enumerate(self.scenario.steps, start=1):
            moment = clock.now() - dt.timedelta(days=days)
            rows.append(
                StepCompletion(
                    round=round_,
                    step=step,
                    completed_on=moment.date(),
                    recorded_at=moment,
                    recorded_by=manager if step in (1, 3) and not self.scenario.override else by,
                    override_reason=(
                        "Halva gruppen är vikarier som slutar i sommar." if self.scenario.override and step == 1 else ""
                    ),
                )
            )
        if self.scenario.withdrawn and rows:
            rows[-1].withdrawn_at, rows[-1].withdrawn_by = clock.now() - dt.timedelta(days=3), by
            rows[-1].withdrawn_reason = "Datumet blev fel. Steget registreras om."
        StepCompletion.objects.bulk_create(rows)
