"""Who is to get which mail on which day: written day by day from what the portal promises, in plain Python.

Nothing of the portal is imported here, so that a fault in its engine is not a fault in what it is compared with. The
simulation (test_two_years.py) keeps these facts beside the rows of the database.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from tests.followups.specification_calendar import ONE, SV, Day, months_after, works, written

# A new manager is news for so long.
NEWS = 60

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
    "review": ("Dags att se över rutinen ”{title}”, {unit}", "Time to review the routine “{title}”, {unit}"),
    "review late": (
        "Rutinen ”{title}”, {unit}, skulle ha setts över",
        "The routine “{title}”, {unit}, should have been reviewed",
    ),
    "fell": ("Påfyllning behövs: webbkursen hos {unit}", "Refill needed: the web course at {unit}"),
}


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
class Routine:
    """A routine; `review_on` is empty when no version of it is in force."""

    key: int
    title: str
    owner: Person | None = None
    review_on: Day | None = None


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
    members: list[Post] = field(default_factory=list)  # those who work there and do not manage it
    routines: list[Routine] = field(default_factory=list)
    size: int = 10  # how many work there
    sessions: list[tuple[Day, int]] = field(default_factory=list)  # when so many took the web course
    first_steps: int = 0  # how often step 1 has been done, counting what was taken back
    fall: tuple[int, Day] | None = None  # after which of those coverage was seen to have fallen, and when

    def managers(self, day: Day) -> list[Person]:
        return list({post.person.email: post.person for post in self.posts if post.holds(day)}.values())

    def has(self, person: Person | None, day: Day) -> bool:
        return any(post.person is person and post.holds(day) for post in [*self.posts, *self.members])

    def covered(self, day: Day, course_months: int | None) -> int:
        """How many have a course that is valid on that day; never more than work there."""
        valid = (
            count
            for held, count in self.sessions
            if held <= day and (course_months is None or day < months_after(held, course_months))
        )
        return min(self.size, sum(valid))


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
    review_days: int = 30
    review_times: int = 3
    threshold: int = 80  # percent
    course_months: int | None = None
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
            if unit.takes_part:
                self._of_routines(unit)
            if unit.fall:
                self._say(self._managers(unit), "fell", unit, ("fall", unit.fall[0], id(unit)), unit.fall[1])
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
        title: str = "",
    ) -> None:
        """`asks`: a time was booked and has passed, so the words are whether it was held."""
        why = words.partition(" to ")[0]
        for person in to:
            is_paused = person.paused_until is not None and self.day <= person.paused_until
            if person.gets_mail and (why == "meeting" or not is_paused):
                day = written(on, person.language)
                words_of = WORDS["held?" if asks else words][person.language]
                said = words_of.format(unit=unit.name, step=step, day=day, title=title)
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

    def _of_routines(self, unit: Unit) -> None:
        """Its owner hears that a routine is to be looked over, or the managers when no owner is there to hear it."""
        for row in unit.routines:
            if row.review_on is None:
                continue
            late = [months_after(row.review_on, month) + ONE for month in range(self.rules.review_times)]
            came = [day for day in (row.review_on - self.rules.review_days * ONE, *late) if day <= self.day]
            if came:
                owner = row.owner if row.owner and row.owner.gets_mail and unit.has(row.owner, self.day) else None
                to = [*self.coordinators, *([owner] if owner else self._managers(unit))]
                words = "review late" if max(came) > row.review_on else "review"
                about = ("routine", row.key, row.review_on.toordinal())
                self._say(to, words, unit, about, max(came), title=row.title)

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


def look_at_coverage(units: list[Unit], rules: Rules, day: Day) -> None:
    """Each day that the worker is there it notes which units have fallen below the threshold since step 1."""
    for unit in units:
        covered = unit.covered(day, rules.course_months)
        is_low = unit.takes_part and 1 in unit.steps and covered * 100 < rules.threshold * unit.size
        if unit.fall and (not is_low or unit.fall[0] != unit.first_steps):
            unit.fall = None
        if is_low and unit.fall is None:
            unit.fall = (unit.first_steps, day)


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
        look_at_coverage(units, rules, day)
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
