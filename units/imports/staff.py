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
from typing import Any, NamedTuple

from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from jarfalla.dates import FIRST_YEAR, LAST_YEAR
from jarfalla.tables import Row
from units.imports.lists import ListField, RowReader, RowRefused, batches, refused_row, short
from units.imports.units import name_key
from units.models import ImportRow, ListImport, Membership, MembershipRole, Unit, User, UserRole, Verdict
from units.queries import swedish_order

MAX_NAME = 100
# How many people one question to the database is about.
PEOPLE_AT_ONCE = 5_000
# Looking for a close name takes a while; in a list with more unknown units than this the column is the wrong one.
MAX_CLOSE_NAMES = 200
# Nobody who works now began earlier.
EARLIEST_YEAR = 1900
_YEAR = re.compile(r"\b\d{4}\b")

FIELDS = (
    ListField(
        "email",
        _("E-postadress"),
        (
            "e-post",
            "epost",
            "e-postadress",
            "epostadress",
            "mejl",
            "mejladress",
            "e-mail",
            "email",
            "mail",
            "mailadress",
        )
        + ("e-post arbete", "e-post arbetet", "tjänste-e-post", "arbetsmejl", "user principal name"),
        required=True,
        help_text=_("Personerna känns igen på den."),
    ),
    ListField(
        "name",
        _("Namn"),
        ("namn", "fullständigt namn", "hela namnet", "medarbetare", "anställd", "name", "full name", "visningsnamn"),
        help_text=_("Hela namnet i en kolumn. Finns det i två kolumner väljer du förnamn och efternamn."),
    ),
    ListField("first_name", _("Förnamn"), ("förnamn", "tilltalsnamn", "first name", "given name", "givenname")),
    ListField("last_name", _("Efternamn"), ("efternamn", "last name", "surname")),
    ListField(
        "unit",
        _("Enhet"),
        ("enhet", "enhetsnamn", "enhetens namn", "arbetsplats", "arbetsställe", "organisation", "organisationsenhet")
        + ("unit", "skola", "förskola"),
        required=True,
        help_text=_("Enhetens namn, som det står i portalen."),
    ),
    ListField(
        "starts",
        _("Arbetar i enheten från och med"),
        ("från och med", "fr.o.m.", "fr.o.m", "from", "från", "startdatum", "börjar", "anställd från", "from-datum")
        + ("anställningsdatum", "start date", "anställd fr.o.m."),
        is_date=True,
    ),
    ListField(
        "ends",
        _("Slutade den"),
        ("till och med", "t.o.m.", "t.o.m", "tom", "till", "slutdatum", "slutar", "slutade", "anställd till")
        + ("tom-datum", "end date", "anställd t.o.m."),
        is_date=True,
        help_text=_("Ett datum som inte har kommit än ändrar ingenting."),
    ),
)

REASONS = {
    "unit_missing": _("Enhetens namn saknas."),
    "unit_unknown": _("Portalen har ingen enhet som heter ”%(text)s”."),
    "unit_close": _("Portalen har ingen enhet som heter ”%(text)s”. Menas ”%(close)s”?"),
    "start_in_future": _("Personen börjar först %(text)s. Ta med raden i en senare lista."),
    "end_before_start": _("Slutdatumet ligger före startdatumet."),
    "twice": _("Samma person och enhet står redan på rad %(line)s."),
    "other_name": _("Samma e-postadress står på rad %(line)s med ett annat namn."),
    "reader": _("Det kontot läser siffror och kan inte höra till en enhet."),
    "ended": _("Anställningen har slutat och finns inte i portalen."),
}


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

    def judge(self, rows: Iterable[Row]) -> Iterator[ImportRow]:
        """Every row with its verdict, and whoever is missing in the list."""
        for row in rows:
            try:
                email, staff_row = self.read(row)
            except RowRefused as refused:
                self.note_uncertain()
                yield refused_row(self.list_import, row, refused)
            else:
                person = self.people.setdefault(email, Person())
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
        first = next(iter([*known.rows, *known.ended]), None) if known else None
        if first and name_key(first.name) != name_key(name):
            raise RowRefused("other_name", self.reader.column("email"), line=first.line)
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
            for user in known.values("key", "name", "role", "is_active", "is_protected").iterator():
                self.note_known(user["key"], user)
        known_emails = [email for email, person in self.people.items() if person.rows and person.is_known]
        for emails in batches(known_emails, PEOPLE_AT_ONCE):
            present = Membership.objects.present(self.today).annotate(key=Lower("user__email"))
            for email in present.filter(key__in=emails).exclude(unit__in=scope).values_list("key", flat=True):
                self.people[email].works_elsewhere = True

    def look_up_present(self, scope: list[int]) -> None:
        """Add everybody who works in one of the units."""
        present = Membership.objects.present(self.today).filter(unit__in=scope)
        about_user = {name: F(f"user__{name}") for name in ("name", "role", "is_active", "is_protected")}
        rows = present.values("pk", "unit_id", "started_on", key=Lower("user__email"), membership_role=F("role"))
        for row in (
            rows.annotate(**{f"user_{name}": value for name, value in about_user.items()})
            .order_by(swedish_order("unit__name"), swedish_order("user__name"), "pk")
            .iterator()
        ):
            self.note_known(row["key"], {name: row[f"user_{name}"] for name in about_user})
            self.people[row["key"]].present[row["unit_id"]] = Present(
                row["pk"], row["unit_id"], row["started_on"], row["membership_role"] == MembershipRole.MANAGER
            )

    def note_known(self, email: str, user: Mapping[str, Any]) -> None:
        """Add what the portal knows about the person with this address."""
        person = self.people.setdefault(email, Person())
        person.is_known, person.name, person.is_active = True, user["name"], user["is_active"]
        person.is_reader, person.is_protected = user["role"] == UserRole.READER, user["is_protected"]

    # --- The verdicts ------------------------------------------------------------------------------------

    def compare(self, email: str, person: Person) -> Iterator[ImportRow]:
        """What the list changes for one person."""
        if person.is_reader and person.rows:
            for row in person.rows:
                refused = RowRefused("reader", self.reader.column("email"))
                yield refused_row(self.list_import, Row(row.line, []), refused)
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
            yield self.row(Verdict.RENAMED, email, person, person.rows[0], old_name=person.name)

    def leavers(self, email: str, person: Person, gone: list[Present]) -> Iterator[ImportRow]:
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
            yield self.row(Verdict.UNCHANGED, email, person, row, reason="ended")

    def leaves_unsaid(self, person: Person) -> bool:
        """Whether somebody whom the list doesn't have in a unit has left it."""
        uncertain = person.is_uncertain or name_key(person.name) in self.uncertain_names
        return self.list_import.is_complete and not person.is_protected and not uncertain

    def row(
        self, verdict: Verdict, email: str, person: Person, row: StaffRow, *, reason: str = "", **data: object
    ) -> ImportRow:
        """One verdict about one row of the list."""
        return ImportRow(
            list_import=self.list_import,
            line=row.line,
            verdict=verdict,
            reason=reason,
            data={"email": email, "name": row.name, "unit": self.unit_names[row.unit], "unit_id": row.unit} | data,
            is_hidden=person.is_protected,
        )

    def joiner(self, email: str, person: Person, row: StaffRow) -> ImportRow:
        """Somebody who begins in a unit, perhaps beside another."""
        also = bool(person.present) or person.works_elsewhere
        on = (row.starts or self.today).isoformat()
        opens = person.is_known and not person.is_active
        return self.row(Verdict.JOINER, email, person, row, on=on, also=also, opens_account=opens)

    def move(self, email: str, person: Person, row: StaffRow, place: Present) -> ImportRow:
        """Somebody who begins in one unit and ends in another, the same day.

        The date in the list counts unless it lies before the old place began: then it is the day of employment.
        """
        later = row.starts and row.starts > place.started_on
        on = (row.starts if later and row.starts else self.today).isoformat()
        opens = person.is_known and not person.is_active
        return self.row(
            Verdict.MOVE,
            email,
            person,
            row,
            on=on,
            opens_account=opens,
            **self.ending(place),
            **{"from": self.unit_names[place.unit], "from_id": place.unit},
        )

    def ending(self, place: Present) -> dict[str, object]:
        """What a row says about the place that somebody leaves."""
        return {"membership": place.membership, "is_manager": place.is_manager}

    def leaver(self, email: str, person: Person, place: Present, row: StaffRow | None, on: dt.date) -> ImportRow:
        """Somebody who ends in a unit; without a row when the list just doesn't have them."""
        return ImportRow(
            list_import=self.list_import,
            line=row.line if row else None,
            verdict=Verdict.LEAVER,
            data={
                "email": email,
                "name": person.name,
                "unit": self.unit_names[place.unit],
                "unit_id": place.unit,
                "on": on.isoformat(),
                "unsaid": row is None,
                **self.ending(place),
            },
            is_hidden=person.is_protected,
        )


# --- What the preview shows ------------------------------------------------------------------------------


def columns_of_staff(verdict: Verdict) -> list[str]:
    """The headings over the cells of `cells_of_staff`."""
    name, email, unit = gettext("Namn"), gettext("E-postadress"), gettext("Enhet")
    return {
        Verdict.JOINER: [name, email, unit, gettext("Från och med"), gettext("Anmärkning")],
        Verdict.MOVE: [name, email, gettext("Från"), gettext("Till"), gettext("Dag"), gettext("Anmärkning")],
        Verdict.LEAVER: [name, email, unit, gettext("Slutar den"), gettext("Anmärkning")],
        Verdict.RENAMED: [gettext("Namn i listan"), gettext("Namn i portalen"), email],
    }.get(verdict, [name, email, unit])


def cells_of_staff(row: ImportRow) -> list[str]:
    """What the preview shows of one row; the first cell says whom it is about."""
    data = row.data
    if row.verdict == Verdict.RENAMED:
        return [data["name"], data["old_name"], data["email"]]
    if row.verdict == Verdict.UNCHANGED:
        return [data["name"], data["email"], data["unit"]]
    units = [data["from"], data["unit"]] if row.verdict == Verdict.MOVE else [data["unit"]]
    day = date_format(dt.date.fromisoformat(data["on"]), "j F Y")
    notes = {
        "is_manager": gettext("chef"),
        "also": gettext("arbetar även i en annan enhet"),
        "opens_account": gettext("kontot öppnas igen"),
    }
    return [data["name"], data["email"], *units, day, ", ".join(notes[name] for name in notes if data.get(name))]


def doubtful_staff(list_import: ListImport, counts: Mapping[str, int]) -> dict[Verdict, str]:
    """Leavers who are more than a third of those present: the list may not have everybody after all."""
    leavers = counts.get(Verdict.LEAVER, 0)
    over = list_import.rows.filter(verdict=Verdict.UNCHANGED, reason="ended").count() if leavers else 0
    present = leavers + counts.get(Verdict.MOVE, 0) + counts.get(Verdict.UNCHANGED, 0) - over
    if leavers * 3 <= present:
        return {}
    sentence = gettext(
        "%(leavers)s av de %(present)s som arbetar i enheterna skulle sluta. Har listan verkligen alla som arbetar där?"
    )
    return {Verdict.LEAVER: sentence % {"leavers": leavers, "present": present}}


def judge_staff(reader: RowReader, rows: Iterable[Row]) -> Iterator[ImportRow]:
    """Every row of a staff list with its verdict, and whoever is missing in it."""
    return StaffJudge(reader).judge(rows)
