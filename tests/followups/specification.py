"""Who is to get which mail on which day: written day by day from what the portal promises, in plain Python.

Nothing of the portal is imported here, so that a fault in its engine is not a fault in what it is compared with. The
simulation (test_two_years.py) keeps these facts beside the rows of the database.
"""

import calendar
import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field

Day = dt.date
ONE = dt.timedelta(days=1)
# A new manager is news for so long.
NEWS = 60

SV, EN = 0, 1
WEEKDAYS = (
    ("måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag"),
    ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
)
MONTHS = (
    "januari februari mars april maj juni juli augusti september oktober november december",
    "January February March April May June July August September October November December",
)
# What a mail says of each thing, in the language of whoever gets it. Who coordinates is told to act, others to expect.
WORDS = {
    "opens": ("Dags att boka uppföljningen med {unit}", "Time to book the follow-up with {unit}"),
    "opens to managers": ("Snart följer vi upp arbetet hos {unit}", "Soon we will follow up the work at {unit}"),
    "two left": (
        "Högst två månader kvar: uppföljningen med {unit}",
        "At most two months left: the follow-up with {unit}",
    ),
    "one left": ("Högst en månad kvar: uppföljningen med {unit}", "At most one month left: the follow-up with {unit}"),
    "held?": ("Hölls uppföljningen med {unit}?", "Did the follow-up with {unit} take place?"),
    "overdue": ("Försenad uppföljning: {unit}", "Overdue follow-up: {unit}"),
    "escalated": (
        "Uppföljningen med {unit} har länge varit försenad",
        "The follow-up with {unit} has long been overdue",
    ),
    "meeting": ("Bokat samtal {day}: uppföljning med {unit}", "Booked meeting {day}: follow-up with {unit}"),
    "promised": ("En utlovad stödinsats är sen: {unit}", "A promised support action is late: {unit}"),
    "new": ("Ny chef: {unit}", "New manager: {unit}"),
    "new to themselves": (
        "Du är ny chef för {unit}: så ligger ni till",
        "You are the new manager of {unit}: this is where you are",
    ),
    "stalled": ("Steg {step} har stått stilla: {unit}", "Step {step} has stood still: {unit}"),
}


# --- The calendar ------------------------------------------------------------------------------------------------


def months_after(day: Day, months: int) -> Day:
    """Calendar months later; the last day of the month where the month is too short."""
    ahead = day.year * 12 + day.month - 1 + months
    year, month = ahead // 12, ahead % 12 + 1
    return Day(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def written(day: Day, language: int) -> str:
    """A day with its weekday."""
    return f"{WEEKDAYS[language][day.weekday()]} {day.day} {MONTHS[language].split()[day.month - 1]}"


def easter(year: int) -> Day:
    """Easter Sunday, by the rule of Meeus, Jones and Butcher."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = b // 4, b % 4
    f = (b + 8) // 25
    g = (b - f + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = c // 4, c % 4
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return Day(year, month, day + 1)


def days_off(year: int) -> set[Day]:
    """The Swedish public holidays, and the eves that everybody has off."""
    sunday = easter(year)
    midsummer_eve = next(Day(year, 6, day) for day in range(19, 26) if Day(year, 6, day).weekday() == 4)
    first, last = Day(year, 10, 31), 7
    all_saints = next(first + number * ONE for number in range(last) if (first + number * ONE).weekday() == 5)
    fixed = [(1, 1), (1, 6), (5, 1), (6, 6), (12, 24), (12, 25), (12, 26), (12, 31)]
    return {
        *(Day(year, month, day) for month, day in fixed),
        sunday - 2 * ONE,  # långfredagen
        sunday,
        sunday + ONE,  # annandag påsk
        sunday + 39 * ONE,  # Kristi himmelsfärds dag
        sunday + 49 * ONE,  # pingstdagen
        midsummer_eve,
        midsummer_eve + ONE,
        all_saints,
    }


def works(day: Day, quiet: list[tuple[int, int, int, int]]) -> bool:
    """Whether reminders are written on that day."""
    if day.weekday() >= 5 or day in days_off(day.year):
        return False
    for month_1, day_1, month_2, day_2 in quiet:
        inside = (month_1, day_1) <= (day.month, day.day) <= (month_2, day_2)
        around = (month_1, day_1) > (month_2, day_2) and (
            (day.month, day.day) >= (month_1, day_1) or (day.month, day.day) <= (month_2, day_2)
        )
        if inside or around:
            return False
    return True


# --- The facts ---------------------------------------------------------------------------------------------------


@dataclass
class Person:
    """Somebody with an account."""

    email: str
    is_coordinator: bool = False
    is_active: bool = True
    is_protected: bool = False
    language: int = SV
    paused_until: Day | None = None

    @property
    def gets_mail(self) -> bool:
        return self.is_active and not self.is_protected


@dataclass
class Post:
    """A person manages a unit from one day up to another."""

    person: Person
    since: Day
    until: Day | None = None
    is_first: bool = False  # came with the unit, when it was put into the portal

    def holds(self, day: Day) -> bool:
        return self.since <= day and (self.until is None or day < self.until)


@dataclass
class Booked:
    """A contact has a time."""

    key: int
    number: int
    day: Day


@dataclass
class Promised:
    """Something that somebody has promised."""

    key: int
    due: Day
    is_done: bool = False


@dataclass
class Unit:
    """One unit as it stands."""

    name: str
    takes_part: bool
    answered_on: Day  # when it last said whether it takes part
    posts: list[Post] = field(default_factory=list)
    superior: Person | None = None
    round: int | None = None  # the open one
    began_on: Day = Day.min
    # For each step that stands the day it was done, and the day that was written down.
    steps: dict[int, tuple[Day, Day]] = field(default_factory=dict)
    withdrawn_on: Day = Day.min  # when a step was last taken back
    settled: list[Day] = field(default_factory=list)  # the contacts that are over
    last_was_held: bool = False  # of those
    booked: list[Booked] = field(default_factory=list)
    promised: list[Promised] = field(default_factory=list)

    def managers(self, day: Day) -> list[Person]:
        return list({post.person.email: post.person for post in self.posts if post.holds(day)}.values())


@dataclass
class Rules:
    """What the coordinator may change."""

    months: list[int] = field(default_factory=lambda: [6, 12])
    opens_before: int = 1
    closes_after: int = 2
    extra: int = 3
    anchor: int = 3  # the step
    overdue_times: int = 3
    overdue_to_managers: bool = False
    meeting_days: int = 7
    stalled_days: int = 90
    two_months_left: bool = True
    quiet: list[tuple[int, int, int, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Reminder:
    """To be said once to that person, however long it takes."""

    to: str
    why: str
    about: tuple[str, int, int]
    since: Day
    words: str = field(compare=False)


# --- What a day calls for ----------------------------------------------------------------------------------------


class Calls:
    """All that is true on a day and concerns somebody, whether they have heard it or not."""

    def __init__(self, units: list[Unit], people: list[Person], rules: Rules, day: Day) -> None:
        self.rules, self.day = rules, day
        self.coordinators = [person for person in people if person.is_coordinator]
        self.found: set[Reminder] = set()
        for unit in units:
            if unit.takes_part and unit.round is not None:
                self._of_new_managers(unit)
                if 3 not in unit.steps:
                    self._of_a_unit_that_stands_still(unit)
                elif 4 not in unit.steps:
                    self._of_the_next_contact(unit)
                    self._of_promises(unit)

    def _say(
        self,
        to: list[Person],
        words: str,
        unit: Unit,
        about: tuple[str, int, int],
        since: Day,
        *,
        step: int = 0,
        on: Day = Day.min,
        asks: bool = False,
    ) -> None:
        """`asks`: a time was booked and has passed, so the words are whether it was held."""
        why = words.partition(" to ")[0]
        for person in to:
            is_paused = person.paused_until is not None and self.day <= person.paused_until
            if person.gets_mail and (why == "meeting" or not is_paused):
                day = written(on, person.language)
                said = WORDS["held?" if asks else words][person.language].format(unit=unit.name, step=step, day=day)
                self.found.add(Reminder(person.email, why, about, since, said))

    def _managers(self, unit: Unit) -> list[Person]:
        return unit.managers(self.day)

    def _of_new_managers(self, unit: Unit) -> None:
        for post in unit.posts:
            is_back = any(other.person is post.person and other.since < post.since for other in unit.posts)
            is_new = post.holds(self.day) and self.day <= post.since + NEWS * ONE
            if is_new and not is_back and not post.is_first and post.person.is_active:
                about = ("post", id(post), 0)
                self._say(self.coordinators, "new", unit, about, post.since)
                if not post.person.is_coordinator:
                    self._say([post.person], "new to themselves", unit, about, post.since)

    def _of_a_unit_that_stands_still(self, unit: Unit) -> None:
        written = [recorded for _done, recorded in unit.steps.values()]
        still_since = max([unit.began_on, unit.withdrawn_on, unit.answered_on, *written])
        since = still_since + self.rules.stalled_days * ONE
        if unit.round is not None and self.day >= since:
            step = max(unit.steps, default=0) + 1
            to = [*self.coordinators, *self._managers(unit)]
            self._say(to, "stalled", unit, ("round", unit.round, step), since, step=step)

    def _of_promises(self, unit: Unit) -> None:
        for row in unit.promised:
            if not row.is_done and self.day > row.due:
                self._say(self.coordinators, "promised", unit, ("promise", row.key, 0), row.due + ONE)

    def _of_the_next_contact(self, unit: Unit) -> None:
        """It has a time that is near; or none that is to come, and then its window counts."""
        number = len(unit.settled) + 1
        times = [row for row in unit.booked if row.number == number]
        for row in times:
            ahead = row.day - self.rules.meeting_days * ONE
            if ahead <= self.day <= row.day:
                to = [*self.coordinators, *self._managers(unit)]
                self._say(to, "meeting", unit, ("booking", row.key, 0), ahead, on=row.day)
        if not any(row.day >= self.day for row in times):
            self._of_the_window(unit, number, was_booked=bool(times))

    def _of_the_window(self, unit: Unit, number: int, *, was_booked: bool) -> None:
        assert unit.round is not None
        about = ("contact", unit.round, number)
        opens, two_left, one_left, closes, late = self.days(unit, number)
        managers = self._managers(unit)
        both = [*self.coordinators, *managers]
        if self.day < opens:
            return
        if self.day <= closes:
            if self.day < one_left or one_left <= opens:
                others = [person for person in managers if not person.is_coordinator]
                self._say(others, "opens to managers", unit, about, opens, asks=was_booked)
                if opens < two_left <= self.day and self.rules.two_months_left:
                    self._say(self.coordinators, "two left", unit, about, two_left, asks=was_booked)
                else:
                    self._say(self.coordinators, "opens", unit, about, opens, asks=was_booked)
            else:
                self._say(both, "one left", unit, about, one_left, asks=was_booked)
            return
        came = [one for one in late[:-1] if one <= self.day]
        if not came:
            return
        since = max(came)
        to = both if self.rules.overdue_to_managers else self.coordinators
        self._say(to, "overdue", unit, about, since)
        # When all of that has been in vain it is heard of further up.
        above = unit.superior
        if self.day >= late[-1] and above and not above.is_coordinator and above not in managers:
            self._say([above], "escalated", unit, about, late[-1])

    def days(self, unit: Unit, number: int) -> tuple[Day, Day, Day, Day, list[Day]]:
        """When the window opens, has two months and one left, and closes; and the first days of each month after."""
        rules = self.rules
        rested = months_after(unit.settled[-1], rules.extra) if unit.settled else Day.min
        if number > len(rules.months):
            start, months = unit.settled[-1], rules.extra
        else:
            start, months = unit.steps[rules.anchor][0], rules.months[number - 1]
            # Who has just talked with the unit is not told to do it again at once.
            if unit.last_was_held and months_after(start, months) < rested:
                start, months = unit.settled[-1], rules.extra
        last = months + rules.closes_after
        closes = months_after(start, last)
        # Who has just come back, begun in the portal or had a time booked is given the same months as the others.
        booked = [row.day for row in unit.booked if row.number == number]
        late_from = max([closes, unit.answered_on, unit.steps[3][1], *booked])
        return (
            months_after(start, max(months - rules.opens_before, 0)),
            months_after(start, last - 2),
            months_after(start, last - 1),
            closes,
            [
                (months_after(start, last + month) if late_from == closes else months_after(late_from, month)) + ONE
                for month in range(rules.overdue_times + 1)
            ],
        )


# --- What a day sends --------------------------------------------------------------------------------------------


@dataclass
class Postman:
    """Remembers what everybody has been told, and what waits because the mail server was away."""

    told: set[Reminder] = field(default_factory=set)
    waiting: set[Reminder] = field(default_factory=set)

    def mails(
        self, units: list[Unit], people: list[Person], rules: Rules, day: Day, *, worker: bool, server: bool
    ) -> dict[str, list[str]]:
        """The mails of that day: to whom, and what each says. Nobody gets two."""
        if not worker:
            return {}
        true_today = Calls(units, people, rules, day).found
        # What has other words now is said in those.
        self.waiting = {reminder for reminder in true_today if reminder in self.waiting}
        if not works(day, rules.quiet):
            return {}
        self.waiting |= true_today - self.told
        if not server:
            return {}
        mails: dict[str, list[str]] = defaultdict(list)
        for reminder in self.waiting:
            mails[reminder.to].append(reminder.words)
        self.told |= self.waiting
        self.waiting = set()
        return {to: sorted(lines) for to, lines in mails.items()}
