"""What the learning portal says about who has taken the web course, compared with the portal. Writes nothing.

A person is recognised by e-mail. Somebody with a course that is valid today keeps it. For anybody else the latest day
in the list counts, and of the earlier days those that no course covered: so the past is right too, whatever the order
of the rows. With the same list again every day is there already.

One value is kept in memory of each row that can be used: 50,000 take some 20 MB.
"""

import datetime as dt
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dateutil.relativedelta import relativedelta
from django.db.models.functions import Lower
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courses.models import Completion
from jarfalla import clock
from jarfalla.tables import Row
from units.imports.lists import (
    EMAIL_HEADINGS,
    JudgedRow,
    ListField,
    RowReader,
    RowRefused,
    batches,
    headings,
    refused_row,
    short,
)
from units.models import ImportRow, Programme, User, Verdict

# How many people one question to the database is about.
PEOPLE_AT_ONCE = 5_000
# What learning portals write, in lower case and without % and full stops.
DONE = headings(
    "slutförd, slutfört, genomförd, genomfört, avslutad, avslutat, godkänd, godkänt, klar, klart, avklarad, avklarat, "
    "fullföljd, ja, 100, completed, complete, passed, done, finished, yes, true"
)
NOT_DONE = headings(
    "ej slutförd, inte slutförd, ej genomförd, inte genomförd, ej avslutad, ej godkänd, inte godkänd, underkänd, "
    "ej klar, inte klar, påbörjad, pågående, pågår, ej påbörjad, inte påbörjad, inte startad, ej startad, anmäld, "
    "inbjuden, avbruten, nej, not completed, incomplete, failed, in progress, started, not started, enrolled, "
    "registered, no, false"
)
_PART_PERCENT = re.compile(r"\d{1,2}")

FIELDS = (
    ListField(
        "email",
        _("E-postadress"),
        # In a learning portal the name by which one signs in is an address.
        (*EMAIL_HEADINGS, *headings("användarnamn, username, inloggningsnamn")),
        required=True,
        help_text=_("Personerna känns igen på den."),
    ),
    ListField(
        "on",
        _("Gick kursen den"),
        headings(
            "slutförd, slutfört, slutförd den, genomförd, genomförd den, datum, slutdatum, slutförandedatum, klar, "
            "klar den, avslutad, godkänd den, completed, completed on, completion date, date completed, date, "
            "kompletterad, completiondate"
        ),
        required=True,
        is_date=True,
    ),
    ListField(
        "status",
        _("Läge"),
        headings("status, läge, kursstatus, resultat, result, state, completion status, progress, framsteg"),
        help_text=_(
            "Om listan även har dem som inte är klara. Slutförd, genomförd, avslutad, godkänd, klar, ja, 100 % och "
            "deras engelska motsvarigheter räknas som klara."
        ),
    ),
)

REASONS = {
    "unknown_email": _("Portalen har ingen person med adressen %(text)s."),
    "date_missing": _("Datumet saknas."),
    "date_in_future": _("Datumet ligger i framtiden: %(text)s."),
    "status_missing": _("Läget saknas."),
    "status": _("”%(text)s” är inget läge som portalen känner igen, till exempel Slutförd eller Ej slutförd."),
    "twice": _("Samma person och dag står redan på rad %(line)s."),
}


@dataclass(slots=True)
class Learner:
    """What list and portal say about one e-mail address."""

    lines: dict[dt.date, int] = field(default_factory=dict)  # the days in the list
    unfinished: list[int] = field(default_factory=list)  # the lines that say "not yet"
    user: int | None = None
    name: str = ""
    is_protected: bool = False
    days: set[dt.date] = field(default_factory=set)  # the days in the portal


class CompletionJudge:
    """Compares one list with the portal."""

    def __init__(self, reader: RowReader) -> None:
        self.reader = reader
        self.list_import = reader.list_import
        self.today = clock.today()
        self.months = Programme.current().course_validity_months
        self.learners: dict[str, Learner] = {}

    def judge(self, rows: Iterable[Row]) -> Iterator[JudgedRow]:
        """Every row with its verdict."""
        for row in rows:
            try:
                self.read(row)
            except RowRefused as refused:
                yield refused_row(row.line, refused)
        for emails in batches(list(self.learners), PEOPLE_AT_ONCE):
            self.look_up(emails)
            for email in emails:
                yield from self.compare(email, self.learners.pop(email))

    def read(self, row: Row) -> None:
        """Keep what the row says. Raises RowRefused."""
        self.reader.begin(row)
        self.reader.refuse_total("email")
        email = self.reader.email("email")
        if not self.is_done():
            self.learners.setdefault(email, Learner()).unfinished.append(row.line)
            return
        on = self.reader.date("on")
        if on is None:
            raise RowRefused("date_missing", self.reader.column("on"))
        if on > self.today:
            raise RowRefused("date_in_future", self.reader.column("on"), text=on.isoformat())
        line = self.learners.setdefault(email, Learner()).lines.setdefault(on, row.line)
        if line != row.line:
            raise RowRefused("twice", self.reader.column("email"), line=line)

    def is_done(self) -> bool:
        """Whether the row says that the person has finished. Raises RowRefused when it says something else."""
        if "status" not in self.reader.places:
            return True
        text = self.reader.cell("status")
        status = text.lower().rstrip(" %.")
        if not status:
            raise RowRefused("status_missing", self.reader.column("status"))
        if status not in DONE + NOT_DONE and not _PART_PERCENT.fullmatch(status):
            raise RowRefused("status", self.reader.column("status"), text=short(text))
        return status in DONE

    def look_up(self, emails: Sequence[str]) -> None:
        """Add what the portal has about these people."""
        users = {}
        known = User.objects.annotate(key=Lower("email")).filter(key__in=emails)
        for email, pk, name, is_protected in known.values_list("key", "pk", "name", "is_protected"):
            learner = users[pk] = self.learners[email]
            learner.user, learner.name, learner.is_protected = pk, name, is_protected
        taken = Completion.objects.standing().filter(user__in=users)
        for pk, day in taken.values_list("user", "completed_on"):
            users[pk].days.add(day)

    def compare(self, email: str, learner: Learner) -> Iterator[JudgedRow]:
        """What the list changes for one person."""
        if learner.user is None:
            refused = RowRefused("unknown_email", self.reader.column("email"), text=short(email))
            for line in sorted([*learner.lines.values(), *learner.unfinished]):
                yield refused_row(line, refused)
            return
        new = new_days(learner.lines, learner.days, today=self.today, months=self.months)
        for day, line in learner.lines.items():
            yield self.row(Verdict.COMPLETED if day in new else Verdict.UNCHANGED, email, learner, line, day)
        for line in learner.unfinished:
            yield self.row(Verdict.UNCHANGED, email, learner, line, None)

    def row(self, verdict: Verdict, email: str, learner: Learner, line: int, day: dt.date | None) -> JudgedRow:
        """One verdict about one row of the list."""
        on = day.isoformat() if day else ""
        data = {"user": learner.user, "email": email, "name": learner.name, "on": on}
        return JudgedRow(line, verdict, data, is_hidden=learner.is_protected)


def judge_completions(reader: RowReader, rows: Iterable[Row]) -> Iterator[JudgedRow]:
    """Every row of a list of completions with its verdict."""
    return CompletionJudge(reader).judge(rows)


def new_days(
    listed: Collection[dt.date], registered: Collection[dt.date], *, today: dt.date, months: int | None
) -> set[dt.date]:
    """Of the `listed` days those that are to be registered for somebody who has the `registered` ones.

    None when a registered course is valid today. Else the latest, and the earlier ones that no course covers.
    """
    if any(is_valid(day, today, months) for day in registered):
        return set()
    days = set(registered)
    for day in sorted(listed):
        is_last = months is not None and day == max(listed)
        if is_last or not any(is_valid(taken, day, months) for taken in days):
            days.add(day)
    return days - set(registered)


def is_valid(taken: dt.date, on: dt.date, months: int | None) -> bool:
    """Whether a course taken on one day counts on the other; as courses.queries.valid_on does."""
    return taken <= on and (months is None or on < taken + relativedelta(months=months))


def columns_of_completions(verdict: Verdict) -> list[str]:
    """The headings over the cells of `cells_of_completions`."""
    return [gettext("Namn"), gettext("E-postadress"), gettext("Gick kursen den")]


def cells_of_completions(row: ImportRow) -> list[str]:
    """What the preview shows of one row; the first cell says whom it is about."""
    data: Mapping[str, str] = row.data
    day = date_format(dt.date.fromisoformat(data["on"]), "j F Y") if data["on"] else gettext("inte klar")
    return [data["name"], data["email"], day]
