"""The staff list of the HR system: who joins, moves, leaves or has a new name, compared with the portal.

F are the units in which a person stands in the list, P those where the portal has them now; the list speaks only
about the units that it names. Somebody new in a unit has moved there when the list no longer has them in another of
its units, else they join. Whoever the list doesn't have any longer leaves, if it is said to be complete. A person of
whom a row could not be used, and somebody protected, never leaves because of what is missing.

One value is kept in memory of each person in the list and of each in its units: 50,000 take some 30 MB.
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import NamedTuple

from django.db.models.functions import Lower

from jarfalla import clock
from jarfalla.dates import FIRST_YEAR, LAST_YEAR
from jarfalla.tables import Row
from units.imports.lists import NOTHING, JudgedRow, RowReader, RowRefused, batches, refused_row, short
from units.imports.units import name_key
from units.models import Membership, MembershipRole, Unit, User, UserRole, Verdict
from units.queries import swedish_order

MAX_NAME = 100
ABOUT_USER = ("name", "role", "is_active", "is_protected")
# How many people one question to the database is about.
PEOPLE_AT_ONCE = 5_000
# Looking for a close name takes a while; in a list with more unknown units than this the column is the wrong one.
MAX_CLOSE_NAMES = 200
# Nobody who works now began earlier.
EARLIEST_YEAR = 1900
_YEAR = re.compile(r"\b\d{4}\b")


class StaffRow(NamedTuple):
    """The checked cells of one row. `ended` is the day when the person left, if it has come."""

    line: int
    name: str
    unit: int
    starts: dt.date | None
    ended: dt.date | None


class Present(NamedTuple):
    """Somebody's place in a unit, as the portal has it now."""

    membership: int
    unit: int
    started_on: dt.date
    is_manager: bool


@dataclass(slots=True)
class Person:
    """What list and portal say about one e-mail address."""

    name: str = ""  # in the portal, if it knows the address
    is_known: bool = False
    is_reader: bool = False
    is_protected: bool = False
    is_active: bool = True
    rows: list[StaffRow] = field(default_factory=list)  # where the list has them now
    ended: list[StaffRow] = field(default_factory=list)  # where the list says that they have left
    present: dict[int, Present] = field(default_factory=dict)  # by unit, in the units of the list
    works_elsewhere: bool = False
    is_uncertain: bool = False  # a row about them could not be used


class StaffJudge:
    """Compares one list with the portal."""

    def __init__(self, reader: RowReader) -> None:
        self.reader = reader
        self.list_import = reader.list_import
        self.today = clock.today()
        self.people: dict[str, Person] = {}
        self.uncertain_names: set[str] = set()
        self.lines: dict[tuple[str, int, bool], int] = {}
        self.unit_names: dict[int, str] = dict(Unit.objects.values_list("pk", "name"))
        self.units: dict[str, int] = {name_key(name): pk for pk, name in self.unit_names.items()}
        self.close_names: dict[str, str] = {}

    def judge(self, rows: Iterable[Row]) -> Iterator[JudgedRow]:
        """Every row with its verdict, and whoever is missing in the list."""
        for row in rows:
            try:
                email, staff_row = self.read(row)
            except RowRefused as refused:
                self.note_uncertain()
                yield refused_row(row.line, refused)
            else:
                person = self.people.get(email) or self.people.setdefault(email, Person())
                (person.ended if staff_row.ended else person.rows).append(staff_row)
        self.look_up()
        for email, person in self.people.items():
            yield from self.compare(email, person)

    # --- Reading -----------------------------------------------------------------------------------------

    def read(self, row: Row) -> tuple[str, StaffRow]:
        """The address and the checked cells. Raises RowRefused."""
        self.reader.begin(row)
        self.reader.refuse_total("email")
        email = self.reader.email("email")
        name = self.name()
        unit = self.unit()
        starts, ended = self.days()
        line = self.lines.setdefault((email, unit, ended is not None), row.line)
        if line != row.line:
            raise RowRefused("twice", self.reader.column("unit"), line=line)
        known = self.people.get(email)
        first = (known.rows or known.ended)[:1] if known else []
        if first and name_key(first[0].name) != name_key(name):
            raise RowRefused("other_name", self.reader.column("email"), line=first[0].line)
        return email, StaffRow(row.line, name, unit, starts, ended)

    def note_uncertain(self) -> None:
        """Remember whom the refused row may be about: what is missing in the list says nothing about them."""
        email, name = self.reader.cell("email").lower(), name_key(self.whole_name())
        if "@" in email:
            self.people.setdefault(email, Person()).is_uncertain = True
        elif name:
            self.uncertain_names.add(name)

    def whole_name(self) -> str:
        """The name in one column, or put together."""
        return self.reader.cell("name") or f"{self.reader.cell('first_name')} {self.reader.cell('last_name')}".strip()

    def name(self) -> str:
        """The name, fit to stand in a list and in a PDF."""
        column = "name" if "name" in self.reader.places else "first_name"
        return self.reader.check_text(column, self.whole_name(), longest=MAX_NAME)

    def unit(self) -> int:
        """The unit that the row names."""
        text = self.reader.cell("unit")
        if not text:
            raise RowRefused("unit_missing", self.reader.column("unit"))
        key = name_key(text)
        if key not in self.units:
            raise self.unknown_unit(key, short(text))
        return self.units[key]

    def unknown_unit(self, key: str, text: str) -> RowRefused:
        """The refusal for a unit that the portal doesn't have, with the name that is closest."""
        if key not in self.close_names and len(self.close_names) < MAX_CLOSE_NAMES:
            close = get_close_matches(key[:MAX_NAME], self.units, n=1)
            self.close_names[key] = self.unit_names[self.units[close[0]]] if close else ""
        if close_name := self.close_names.get(key):
            return RowRefused("unit_close", self.reader.column("unit"), text=text, close=close_name)
        return RowRefused("unit_unknown", self.reader.column("unit"), text=text)

    def days(self) -> tuple[dt.date | None, dt.date | None]:
        """The first day in the unit, if the list has it, and the day when the person left, if it has come."""
        starts, ends = self.day("starts"), self.day("ends")
        if starts and starts > self.today:
            raise RowRefused("start_in_future", self.reader.column("starts"), text=starts.isoformat())
        if starts and ends and ends < starts:
            raise RowRefused("end_before_start", self.reader.column("ends"))
        return starts, ends if ends and ends <= self.today else None

    def day(self, name: str) -> dt.date | None:
        """The day in a cell. Systems write 9999-12-31 where nobody leaves, and some people began before FIRST_YEAR."""
        try:
            return self.reader.date(name)
        except RowRefused:
            year = _YEAR.search(self.reader.cell(name))
            if year and name == "ends" and int(year[0]) > LAST_YEAR:
                return None
            if year and name == "starts" and EARLIEST_YEAR <= int(year[0]) < FIRST_YEAR:
                return dt.date(FIRST_YEAR, 1, 1)
            raise

    # --- The portal --------------------------------------------------------------------------------------

    def look_up(self) -> None:
        """Add what the portal has: everybody in the units of the list, and whoever else the list names."""
        scope = {row.unit for person in self.people.values() for row in [*person.rows, *person.ended]}
        for batch in batches(sorted(scope), PEOPLE_AT_ONCE):
            self.look_up_present(batch)
        unseen = [email for email, person in self.people.items() if not person.is_known]
        for emails in batches(unseen, PEOPLE_AT_ONCE):
            known = User.objects.annotate(key=Lower("email")).filter(key__in=emails)
            for user in known.values_list("key", *ABOUT_USER).iterator():
                self.note_known(*user)
        known_emails = [email for email, person in self.people.items() if person.rows and person.is_known]
        for emails in batches(known_emails, PEOPLE_AT_ONCE):
            present = Membership.objects.present(self.today).annotate(key=Lower("user__email"))
            for email in present.filter(key__in=emails).exclude(unit__in=scope).values_list("key", flat=True):
                self.people[email].works_elsewhere = True

    def look_up_present(self, scope: list[int]) -> None:
        """Add everybody who works in one of the units."""
        present = Membership.objects.present(self.today).filter(unit__in=scope)
        of_membership = ("pk", "unit_id", "started_on", "role")
        in_order = present.order_by(swedish_order("unit__name"), swedish_order("user__name"), "pk")
        rows = in_order.values_list(*of_membership, Lower("user__email"), *(f"user__{name}" for name in ABOUT_USER))
        for pk, unit, started_on, role, email, *user in rows.iterator():
            person = self.note_known(email, *user)
            person.present[unit] = Present(pk, unit, started_on, role == MembershipRole.MANAGER)

    def note_known(self, email: str, name: str, role: str, is_active: bool, is_protected: bool) -> Person:
        """Add what the portal knows about the person with this address."""
        person = self.people.setdefault(email, Person())
        person.is_known, person.name, person.is_active = True, name, is_active
        person.is_reader, person.is_protected = role == UserRole.READER, is_protected
        return person

    # --- The verdicts ------------------------------------------------------------------------------------

    def compare(self, email: str, person: Person) -> Iterator[JudgedRow]:
        """What the list changes for one person."""
        if person.is_reader and person.rows:
            for row in person.rows:
                refused = RowRefused("reader", self.reader.column("email"))
                yield refused_row(row.line, refused)
            return
        listed = {row.unit for row in person.rows}
        gone = [place for unit, place in person.present.items() if unit not in listed]
        moving_from = [] if person.is_uncertain else list(gone)
        for row in person.rows:
            if row.unit in person.present:
                yield self.row(Verdict.UNCHANGED, email, person, row)
            elif moving_from:
                place = moving_from.pop(0)
                gone.remove(place)
                yield self.move(email, person, row, place)
            else:
                yield self.joiner(email, person, row)
        yield from self.leavers(email, person, gone)
        if person.is_known and person.rows and name_key(person.name) != name_key(person.rows[0].name):
            yield self.row(Verdict.RENAMED, email, person, person.rows[0], {"old_name": person.name})

    def leavers(self, email: str, person: Person, gone: list[Present]) -> Iterator[JudgedRow]:
        """Who has left, by an end date or because the list doesn't have them; and end dates of what is over."""
        ended = {row.unit: row for row in person.ended}
        for place in gone:
            row = ended.get(place.unit)
            if row and row.ended and row.ended >= place.started_on:
                del ended[place.unit]
                yield self.leaver(email, person, place, row, row.ended)
            elif self.leaves_unsaid(person):
                yield self.leaver(email, person, place, None, self.today)
        for row in ended.values():
            yield self.row(Verdict.UNCHANGED, email, person, row)._replace(reason="ended")

    def leaves_unsaid(self, person: Person) -> bool:
        """Whether somebody whom the list doesn't have in a unit has left it."""
        uncertain = person.is_uncertain or name_key(person.name) in self.uncertain_names
        return self.list_import.is_complete and not person.is_protected and not uncertain

    def row(
        self, verdict: Verdict, email: str, person: Person, row: StaffRow, data: Mapping[str, object] = NOTHING
    ) -> JudgedRow:
        """One verdict about one row of the list."""
        about = {"email": email, "name": row.name, "unit": self.unit_names[row.unit], "unit_id": row.unit}
        return JudgedRow(row.line, verdict, {**about, **data}, is_hidden=person.is_protected)

    def joiner(self, email: str, person: Person, row: StaffRow) -> JudgedRow:
        """Somebody who begins in a unit, perhaps beside another."""
        also = bool(person.present) or person.works_elsewhere
        on = (row.starts or self.today).isoformat()
        return self.row(Verdict.JOINER, email, person, row, {"on": on, "also": also, **self.opening(person)})

    def move(self, email: str, person: Person, row: StaffRow, place: Present) -> JudgedRow:
        """Somebody who begins in one unit and ends in another, the same day.

        The date in the list counts unless it lies before the old place began: then it is the day of employment.
        """
        later = row.starts and row.starts > place.started_on
        on = (row.starts if later and row.starts else self.today).isoformat()
        old = {"from": self.unit_names[place.unit], "from_id": place.unit, **self.ending(place)}
        return self.row(Verdict.MOVE, email, person, row, {"on": on, **old, **self.opening(person)})

    @staticmethod
    def opening(person: Person) -> dict[str, object]:
        """What a row says about somebody who gets a closed account back."""
        return {"opens_account": person.is_known and not person.is_active}

    @staticmethod
    def ending(place: Present) -> dict[str, object]:
        """What a row says about the place that somebody leaves."""
        return {"membership": place.membership, "is_manager": place.is_manager}

    def leaver(self, email: str, person: Person, place: Present, row: StaffRow | None, on: dt.date) -> JudgedRow:
        """Somebody who ends in a unit; without a row when the list just doesn't have them."""
        data = {
            "email": email,
            "name": person.name,
            "unit": self.unit_names[place.unit],
            "unit_id": place.unit,
            "on": on.isoformat(),
            "unsaid": row is None,
            **self.ending(place),
        }
        return JudgedRow(row.line if row else None, Verdict.LEAVER, data, is_hidden=person.is_protected)


def judge_staff(reader: RowReader, rows: Iterable[Row]) -> Iterator[JudgedRow]:
    """Every row of a staff list with its verdict, and whoever is missing in it."""
    return StaffJudge(reader).judge(rows)
