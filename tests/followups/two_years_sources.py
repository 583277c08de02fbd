"""What the simulated units do of which followups knows nothing: their routines, and who has taken the course."""

import datetime as dt
import zoneinfo
from collections.abc import Callable
from random import Random

from courses.models import GroupSession
from routines.models import Routine
from tests.followups import specification as spec
from tests.followups.specification import Person, Post, Rules
from tests.followups.specification_calendar import Day, months_after
from units.models import DeclaredHeadcount, Membership, MembershipRole, Unit, User

STOCKHOLM = zoneinfo.ZoneInfo("Europe/Stockholm")


def noon(day: Day) -> dt.datetime:
    """The middle of that day."""
    return dt.datetime.combine(day, dt.time(12), tzinfo=STOCKHOLM)


class RoutinesAndCoverage:
    """The part of a municipality that writes routines, hires, and takes the course."""

    chance: Random
    rules: Rules
    by: User
    people: list[Person]
    users: dict[str, User]
    rows: dict[str, Unit]

    def _person(self, name: str, *, is_coordinator: bool = False) -> Person:
        raise NotImplementedError

    def _in_the_unit(self) -> dict[Callable[[spec.Unit, Day], None], int]:
        return {self._publish: 2, self._withdraw_routine: 1, self._owner_leaves: 1, self._hire: 3, self._fill_up: 3}

    def _found(self, facts: spec.Unit, since: Day) -> None:
        """Some ten work there, and all of them took the course; every other unit has a routine since then."""
        self._hire(facts, since)
        self._fill_up(facts, since)
        if self.chance.random() < 0.5:
            self._publish(facts, since)

    # --- Who has taken the course ---

    def _hire(self, facts: spec.Unit, today: Day) -> None:
        """More work there than before, or fewer."""
        facts.size = max(1, facts.size + self.chance.randrange(-2, 6))
        DeclaredHeadcount.objects.create(
            unit=self.rows[facts.name], headcount=facts.size, declared_on=today, recorded_at=noon(today)
        )

    def _fill_up(self, facts: spec.Unit, today: Day) -> None:
        """Those who lack the course take it together."""
        missing = facts.size - facts.covered(today, self.rules.course_months)
        if missing:
            facts.sessions.append((today, missing))
            GroupSession.objects.create(
                unit=self.rows[facts.name],
                held_on=today,
                headcount=missing,
                recorded_by=self.by,
                recorded_at=noon(today),
            )

    # --- Routines ---

    def _publish(self, facts: spec.Unit, today: Day) -> None:
        """A new routine, or a new version of one, approved that day."""
        row = self.chance.choice(facts.routines) if self.chance.random() < 0.5 and facts.routines else None
        if row is None:
            row = self._new_routine(facts, today)
        months = self.chance.choice((1, 3, 6, 12))
        versions = Routine.objects.get(pk=row.key).versions
        versions.in_force().update(ended_at=noon(today))
        versions.create(
            major=versions.count() + 1,
            review_months=months,
            created_by=self.by,
            created_at=noon(today),
            approved_by=self.by,
            approved_at=noon(today),
            in_force_at=noon(today),
            pdf="routines/borta.pdf",
            pdf_sha256="0" * 64,
        )
        row.review_on = months_after(today, months)

    def _new_routine(self, facts: spec.Unit, today: Day) -> spec.Routine:
        owner, unit = self._owner(facts, today), self.rows[facts.name]
        title = f"Rutin {len(facts.routines) + 1}"
        made = Routine.objects.create(
            unit=unit,
            title=title,
            slug=f"{unit.slug}-{len(facts.routines)}",
            owner=self.users[owner.email] if owner else None,
            created_by=self.by,
        )
        facts.routines.append(spec.Routine(made.pk, title, owner))
        return facts.routines[-1]

    def _owner(self, facts: spec.Unit, today: Day) -> Person | None:
        """Nobody, one of the managers, or somebody who is employed for it; one in five has protected personal data."""
        drawn = self.chance.random()
        if drawn < 0.5:
            return self.chance.choice([None, *facts.managers(today)])
        person = self._person(f"agare{len(self.people)}")
        facts.members.append(Post(person, today))
        person.is_protected = drawn > 0.9
        user = self.users[person.email]
        User.objects.filter(pk=user.pk).update(is_protected=person.is_protected)
        Membership.objects.create(unit=self.rows[facts.name], user=user, role=MembershipRole.MEMBER, started_on=today)
        return person

    def _withdraw_routine(self, facts: spec.Unit, today: Day) -> None:
        if facts.routines:
            row = self.chance.choice(facts.routines)
            row.review_on = None
            Routine.objects.get(pk=row.key).versions.in_force().update(ended_at=noon(today))

    def _owner_leaves(self, facts: spec.Unit, today: Day) -> None:
        for post in facts.members:
            if post.until is None and post.since < today:
                post.until = today
                Membership.objects.filter(user=self.users[post.person.email], ended_on__isnull=True).update(
                    ended_on=today
                )
