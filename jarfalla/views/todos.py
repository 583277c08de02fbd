"""Things to do: what sorts there are, most urgent first, and the words for one of them and for how many."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import TextChoices
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from courses.models import TrainingState
from routines.models import VersionState
from routines.queries import LATE

# A follow-up with no more days left than this is done before anything but the late ones.
CLOSING_DAYS = 31


class TodoKind(TextChoices):
    """What sort of thing there is to do, most urgent first; the label is what its pill says."""

    FOLLOW_UP_OVERDUE = "follow_up_overdue", gettext_lazy("Försenad")
    CONTACT_PASSED = "contact_passed", gettext_lazy("Hölls den?")
    FOLLOW_UP_DUE = "follow_up_due", gettext_lazy("Uppföljning")
    REVIEW = "review", gettext_lazy("Granskning")
    PDF_FAILED = "pdf_failed", gettext_lazy("Misslyckad")
    ROUTINE_LATE = "routine_late", gettext_lazy("Ses över")
    PDF_OLD = "pdf_old", gettext_lazy("Ge ut igen")
    CONTACT_SOON = "contact_soon", gettext_lazy("Samtal")
    TRAINING_SOON = "training_soon", gettext_lazy("Utbildning")
    TRAINING_PASSED = "training_passed", gettext_lazy("Hölls den?")
    SUPPORT = "support", gettext_lazy("Insats")
    REFILL = "refill", gettext_lazy("Påfyllning")
    NO_ANSWER = "no_answer", gettext_lazy("Inget svar")
    LESSON = "lesson", gettext_lazy("Lärdom")
    MAIL_FAILED = "mail_failed", gettext_lazy("Misslyckat")


# What has a number for a title: one line for many of them.
_COUNTED = (TodoKind.MAIL_FAILED, TodoKind.PDF_OLD, TodoKind.REFILL, TodoKind.LESSON)
_LATE_OR_BROKEN = (TodoKind.FOLLOW_UP_OVERDUE, TodoKind.PDF_FAILED, TodoKind.MAIL_FAILED, TodoKind.ROUTINE_LATE)


@dataclass(frozen=True)
class Todo:
    """One thing to do: what, for which unit, where it is done, by whom, and when."""

    kind: TodoKind
    unit: str  # the unit's name, or several with commas; empty for what concerns none
    title: str  # of the routine, training or promise; the number of mails, or of people who are missing
    url: str
    due_on: dt.date | None
    today: dt.date
    owner: str = ""  # who promised it

    @property
    def text(self) -> str:
        """What to do, in one sentence."""
        day = date_format(self.due_on, "j F Y") if self.due_on else ""
        values = {"day": day, "title": self.title, "weekday": date_format(self.due_on, "l j F") if self.due_on else ""}
        if self.kind in _COUNTED:
            return _how_many(self.kind, int(self.title))
        return {
            TodoKind.FOLLOW_UP_OVERDUE: _("Uppföljningen skulle ha gjorts senast %(day)s."),
            TodoKind.CONTACT_PASSED: _("Hölls uppföljningen den %(day)s? Skriv protokollet, eller boka om."),
            TodoKind.FOLLOW_UP_DUE: _("Boka uppföljningen. Den ska göras senast %(day)s."),
            TodoKind.REVIEW: _("Granska rutinen ”%(title)s”, inskickad %(day)s."),
            TodoKind.PDF_FAILED: _("PDF:en till rutinen ”%(title)s” kunde inte skapas. Försök igen."),
            TodoKind.ROUTINE_LATE: _("Rutinen ”%(title)s” skulle ha setts över senast %(day)s."),
            TodoKind.CONTACT_SOON: _("Uppföljningen är bokad %(weekday)s."),
            TodoKind.TRAINING_SOON: _("Utbildningen ”%(title)s” hålls %(weekday)s."),
            TodoKind.TRAINING_PASSED: _("Hölls utbildningen ”%(title)s” den %(day)s? Svara ja eller nej."),
            TodoKind.SUPPORT: _("Utlovat till %(day)s: %(title)s."),
            TodoKind.NO_ANSWER: _("Inbjuden den %(day)s och har inte svarat. Hör av dig."),
        }[self.kind] % values

    @property
    def heading(self) -> str:
        """The units, or the page of what concerns none."""
        pages = {
            TodoKind.MAIL_FAILED: _("Utkorgen"),
            TodoKind.PDF_OLD: _("Registren"),
            TodoKind.LESSON: _("Lärdomar"),
        }
        return self.unit or pages.get(self.kind, _("Öppet tillfälle"))

    @property
    def who(self) -> str:
        """Who does it."""
        return self.owner or _("Samordnaren")

    @property
    def pill(self) -> str:
        """The word in templates/_status.html that gives it its colour and icon."""
        late = self.kind in (TodoKind.SUPPORT,) and self.due_on is not None and self.due_on < self.today
        if late or self.kind in _LATE_OR_BROKEN:
            return "overdue"
        return "booked" if self.kind in (TodoKind.TRAINING_SOON, TodoKind.CONTACT_SOON) else "next"


def _how_many(kind: TodoKind, count: int) -> str:
    """What to do about so many of them, in one sentence."""
    words = {
        TodoKind.MAIL_FAILED: ngettext("%(count)s mejl kom inte fram.", "%(count)s mejl kom inte fram.", count),
        TodoKind.PDF_OLD: ngettext(
            "%(count)s rutin har en PDF med äldre kontakter eller lagrum. Ge ut den igen.",
            "%(count)s rutiner har PDF:er med äldre kontakter eller lagrum. Ge ut dem igen.",
            count,
        ),
        TodoKind.REFILL: ngettext(
            "Täckningen har sjunkit: %(count)s person till behöver gå webbkursen.",
            "Täckningen har sjunkit: %(count)s personer till behöver gå webbkursen.",
            count,
        ),
        TodoKind.LESSON: ngettext(
            "%(count)s lärdom väntar: skriv om den så att ingen känns igen, och publicera.",
            "%(count)s lärdomar väntar: skriv om dem så att ingen känns igen, och publicera.",
            count,
        ),
    }
    return words[kind] % {"count": count}


def rank(todo: Todo) -> int:
    """The order of the sorts; but a contact whose time has passed stands among what is late, and a follow-up with more
    than a month left waits behind what has a fixed day.
    """
    in_no_hurry = todo.kind == TodoKind.FOLLOW_UP_DUE and todo.due_on and (todo.due_on - todo.today).days > CLOSING_DAYS
    stands_with = {TodoKind.CONTACT_PASSED: TodoKind.FOLLOW_UP_OVERDUE}.get(todo.kind, todo.kind)
    return list(TodoKind).index(TodoKind.SUPPORT if in_no_hurry else stands_with)


class Counted(NamedTuple):
    """How many there are of one sort, in words, and the list of just them; "" when there is none."""

    text: str
    url: str


def summary(todos: list[Todo]) -> list[Counted]:
    """How many there are of each sort, most urgent first."""
    counts = Counter(todo.kind for todo in todos)
    for kind in (TodoKind.PDF_OLD, TodoKind.LESSON):
        counts[kind] = sum(int(todo.title) for todo in todos if todo.kind == kind)
    kinds = [kind for kind in TodoKind if counts[kind] and kind != TodoKind.MAIL_FAILED]
    return [Counted(_counted(kind, counts[kind]), _list_of(kind)) for kind in kinds]


def _list_of(kind: TodoKind) -> str:
    page, query = {
        TodoKind.FOLLOW_UP_OVERDUE: ("follow_ups", ""),
        TodoKind.FOLLOW_UP_DUE: ("follow_ups", ""),
        TodoKind.REVIEW: ("routines", f"?state={VersionState.IN_REVIEW}"),
        TodoKind.PDF_FAILED: ("routines", f"?state={VersionState.FAILED}"),
        TodoKind.ROUTINE_LATE: ("routines", f"?state={LATE}"),
        TodoKind.PDF_OLD: ("affected", ""),
        TodoKind.LESSON: ("lessons", ""),
        TodoKind.TRAINING_PASSED: ("trainings", f"?visa={TrainingState.AWAITING_ANSWER}"),
    }.get(kind, ("", ""))
    return reverse(page) + query if page else ""


def _counted(kind: TodoKind, n: int) -> str:
    words = {
        TodoKind.FOLLOW_UP_OVERDUE: ngettext("%(n)s försenad uppföljning", "%(n)s försenade uppföljningar", n),
        TodoKind.CONTACT_PASSED: ngettext(
            "%(n)s samtal att skriva protokoll för", "%(n)s samtal att skriva protokoll för", n
        ),
        TodoKind.FOLLOW_UP_DUE: ngettext("%(n)s uppföljning att boka", "%(n)s uppföljningar att boka", n),
        TodoKind.REVIEW: ngettext("%(n)s rutin att granska", "%(n)s rutiner att granska", n),
        TodoKind.PDF_FAILED: ngettext("%(n)s rutin utan PDF", "%(n)s rutiner utan PDF", n),
        TodoKind.ROUTINE_LATE: ngettext("%(n)s rutin att se över", "%(n)s rutiner att se över", n),
        TodoKind.PDF_OLD: ngettext("%(n)s rutin att ge ut igen", "%(n)s rutiner att ge ut igen", n),
        TodoKind.CONTACT_SOON: ngettext("%(n)s bokat samtal i veckan", "%(n)s bokade samtal i veckan", n),
        TodoKind.TRAINING_SOON: ngettext("%(n)s utbildning i veckan", "%(n)s utbildningar i veckan", n),
        TodoKind.TRAINING_PASSED: ngettext("%(n)s utbildning att bocka av", "%(n)s utbildningar att bocka av", n),
        TodoKind.SUPPORT: ngettext("%(n)s utlovad insats", "%(n)s utlovade insatser", n),
        TodoKind.REFILL: ngettext("%(n)s enhet behöver påfyllning", "%(n)s enheter behöver påfyllning", n),
        TodoKind.NO_ANSWER: ngettext("%(n)s inbjudan utan svar", "%(n)s inbjudningar utan svar", n),
        TodoKind.LESSON: ngettext("%(n)s lärdom att publicera", "%(n)s lärdomar att publicera", n),
    }
    return words[kind] % {"n": n}
