"""What the coordinator has to do this week: pure questions to every app, one query for all of them."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    Case,
    DateField,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextChoices,
    TextField,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, TruncDate
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from courses.models import Training, TrainingState
from courses.queries import RefillNeed
from followups.models import SupportAction
from jarfalla.views.next_step import more_support
from routines.models import Approval, RoutineVersion, VersionState
from routines.queries import LATE, stale_versions
from units.models import Message, Programme, Unit
from units.models.message import MessageState
from units.queries import ProgressStatus, swedish_order, units_with_progress

# An invitation without an answer is worth a call after so many days.
PATIENCE_DAYS = 30
# Today and the six days after it.
WEEK_DAYS = 7
# A follow-up with no more days left than this is done before anything but the late ones.
CLOSING_DAYS = 31
# How many things the list shows before somebody asks for all of them.
AT_FIRST = 8


class TodoKind(TextChoices):
    """What sort of thing there is to do, most urgent first; the label is what its pill says."""

    FOLLOW_UP_OVERDUE = "follow_up_overdue", gettext_lazy("Försenad")
    FOLLOW_UP_DUE = "follow_up_due", gettext_lazy("Uppföljning")
    REVIEW = "review", gettext_lazy("Granskning")
    PDF_FAILED = "pdf_failed", gettext_lazy("Misslyckad")
    ROUTINE_LATE = "routine_late", gettext_lazy("Ses över")
    PDF_OLD = "pdf_old", gettext_lazy("Ge ut igen")
    TRAINING_SOON = "training_soon", gettext_lazy("Utbildning")
    TRAINING_PASSED = "training_passed", gettext_lazy("Hölls den?")
    SUPPORT = "support", gettext_lazy("Insats")
    REFILL = "refill", gettext_lazy("Påfyllning")
    NO_ANSWER = "no_answer", gettext_lazy("Inget svar")
    MAIL_FAILED = "mail_failed", gettext_lazy("Misslyckat")


# What has a number for a title: one line for many of them.
_COUNTED = (TodoKind.MAIL_FAILED, TodoKind.PDF_OLD, TodoKind.REFILL)
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
            TodoKind.FOLLOW_UP_DUE: _("Följ upp senast %(day)s."),
            TodoKind.REVIEW: _("Granska rutinen ”%(title)s”, inskickad %(day)s."),
            TodoKind.PDF_FAILED: _("PDF:en till rutinen ”%(title)s” kunde inte skapas. Försök igen."),
            TodoKind.ROUTINE_LATE: _("Rutinen ”%(title)s” skulle ha setts över senast %(day)s."),
            TodoKind.TRAINING_SOON: _("Utbildningen ”%(title)s” hålls %(weekday)s."),
            TodoKind.TRAINING_PASSED: _("Hölls utbildningen ”%(title)s” den %(day)s? Svara ja eller nej."),
            TodoKind.SUPPORT: _("Utlovat till %(day)s: %(title)s."),
            TodoKind.NO_ANSWER: _("Inbjuden den %(day)s och har inte svarat. Hör av dig."),
        }[self.kind] % values

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
        return "booked" if self.kind == TodoKind.TRAINING_SOON else "next"


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
    }
    return words[kind] % {"count": count}


def this_week(programme: Programme, today: dt.date, refills: Iterable[RefillNeed] = ()) -> list[Todo]:
    """Everything to do this week, most urgent first, in one query; `refills` are what was found to be needed."""
    first, *others = (
        _follow_ups_and_invitations(programme, today),
        _versions(VersionState.IN_REVIEW, TodoKind.REVIEW),
        _versions(VersionState.FAILED, TodoKind.PDF_FAILED),
        _late_routines(today),
        _trainings(today),
        _support_actions(today),
        _old_pdfs(),
        _failed_mail(),
    )
    todos = [_todo(row, today) for row in first.union(*others, all=True) if row[2] != "0"]
    todos += [_refill(need, today) for need in refills]
    return sorted(todos, key=lambda todo: (_rank(todo), todo.due_on or today, todo.unit))


def _rank(todo: Todo) -> int:
    """The order of the sorts; but a follow-up with more than a month left waits behind what has a fixed day."""
    in_no_hurry = todo.kind == TodoKind.FOLLOW_UP_DUE and todo.due_on and (todo.due_on - todo.today).days > CLOSING_DAYS
    return list(TodoKind).index(TodoKind.SUPPORT if in_no_hurry else todo.kind)


class Counted(NamedTuple):
    """How many there are of one sort, in words, and the list of just them; "" when there is none."""

    text: str
    url: str


def summary(todos: list[Todo]) -> list[Counted]:
    """How many there are of each sort, most urgent first."""
    counts = Counter(todo.kind for todo in todos)
    counts[TodoKind.PDF_OLD] = sum(int(todo.title) for todo in todos if todo.kind == TodoKind.PDF_OLD)
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
        TodoKind.TRAINING_PASSED: ("trainings", f"?visa={TrainingState.AWAITING_ANSWER}"),
    }.get(kind, ("", ""))
    return reverse(page) + query if page else ""


def _counted(kind: TodoKind, n: int) -> str:
    words = {
        TodoKind.FOLLOW_UP_OVERDUE: ngettext("%(n)s försenad uppföljning", "%(n)s försenade uppföljningar", n),
        TodoKind.FOLLOW_UP_DUE: ngettext("%(n)s uppföljning att göra", "%(n)s uppföljningar att göra", n),
        TodoKind.REVIEW: ngettext("%(n)s rutin att granska", "%(n)s rutiner att granska", n),
        TodoKind.PDF_FAILED: ngettext("%(n)s rutin utan PDF", "%(n)s rutiner utan PDF", n),
        TodoKind.ROUTINE_LATE: ngettext("%(n)s rutin att se över", "%(n)s rutiner att se över", n),
        TodoKind.PDF_OLD: ngettext("%(n)s rutin att ge ut igen", "%(n)s rutiner att ge ut igen", n),
        TodoKind.TRAINING_SOON: ngettext("%(n)s utbildning i veckan", "%(n)s utbildningar i veckan", n),
        TodoKind.TRAINING_PASSED: ngettext("%(n)s utbildning att bocka av", "%(n)s utbildningar att bocka av", n),
        TodoKind.SUPPORT: ngettext("%(n)s utlovad insats", "%(n)s utlovade insatser", n),
        TodoKind.REFILL: ngettext("%(n)s enhet behöver påfyllning", "%(n)s enheter behöver påfyllning", n),
        TodoKind.NO_ANSWER: ngettext("%(n)s inbjudan utan svar", "%(n)s inbjudningar utan svar", n),
    }
    return words[kind] % {"n": n}


def _todo(row: tuple[str, str, str, str, str, dt.date | None], today: dt.date) -> Todo:
    kind, unit, title, owner, key, due_on = row
    page = {
        TodoKind.FOLLOW_UP_OVERDUE: "step_4",
        TodoKind.FOLLOW_UP_DUE: "step_4",
        TodoKind.REVIEW: "routine_review",
        TodoKind.PDF_FAILED: "routine",
        TodoKind.ROUTINE_LATE: "routine",
        TodoKind.PDF_OLD: "affected",
        TodoKind.TRAINING_SOON: "training",
        TodoKind.TRAINING_PASSED: "training",
        TodoKind.SUPPORT: "step_4",
        TodoKind.NO_ANSWER: "unit_participation",
        TodoKind.MAIL_FAILED: "outbox",
    }[TodoKind(kind)]
    url = reverse(page, args=[key] if key else [])
    return Todo(TodoKind(kind), unit, title, url, due_on, today, owner)


def _refill(need: RefillNeed, today: dt.date) -> Todo:
    """The manager sees to it; the coordinator sees that it is done."""
    url = reverse("step_1", args=[need.unit.slug])
    return Todo(TodoKind.REFILL, need.unit.name, str(need.missing), url, None, today, _("Chefen"))


def _columns(
    rows: QuerySet[Any],
    *,
    kind: "str | Combinable",
    unit: "str | Combinable" = "",
    title: "str | Combinable" = "",
    owner: "str | Combinable" = "",
    key: "str | Combinable" = "",
    due_on: Combinable,
) -> "QuerySet[Any, Any]":
    """The six columns that every sort of thing has, so that one query can ask for all of them."""
    texts = {"kind_": kind, "unit_": unit, "title_": title, "owner_": owner, "key_": key}
    columns = {name: Cast(Value(text) if isinstance(text, str) else text, TextField()) for name, text in texts.items()}
    asked: QuerySet[Any, Any] = (
        rows.order_by().annotate(**columns, due_=Cast(due_on, DateField())).values_list(*columns, "due_")
    )
    return asked


def _follow_ups_and_invitations(programme: Programme, today: dt.date) -> "QuerySet[Any, Any]":
    """Units to follow up and invitations to ask about; a unit that is being supported waits for its promises."""
    promised = more_support().filter(done_on__isnull=True, follow_up__round=OuterRef("round_pk"))
    patience_ends = today - dt.timedelta(days=PATIENCE_DAYS)
    units = units_with_progress(Unit.objects.all(), programme, today).filter(
        (Q(status__in=(ProgressStatus.FOLLOW_UP_OVERDUE, ProgressStatus.FOLLOW_UP_DUE)) & ~Exists(promised))
        | Q(status=ProgressStatus.INVITED, participating_since__lt=patience_ends)
    )
    invited = Q(status=ProgressStatus.INVITED)
    return _columns(
        units,
        kind=Case(When(invited, then=Value(TodoKind.NO_ANSWER.value)), default=F("status")),
        unit=F("name"),
        key=F("slug"),
        due_on=Case(When(invited, then=F("participating_since")), default=F("window_closes_on")),
    )


def _versions(state: VersionState, kind: TodoKind) -> "QuerySet[Any, Any]":
    """Routines that wait for review, or whose PDF failed; since their last approval."""
    last = Approval.objects.filter(version=OuterRef("pk")).order_by("-pk").values("at")[:1]
    return _columns(
        RoutineVersion.objects.in_state(state),
        kind=kind.value,
        unit=F("routine__unit__name"),
        title=F("routine__title"),
        key=F("routine__slug"),
        due_on=TruncDate(Subquery(last)),
    )


def _late_routines(today: dt.date) -> "QuerySet[Any, Any]":
    """Routines in force whose review date has passed; their managers have been reminded."""
    return _columns(
        RoutineVersion.objects.to_review_before(today),
        kind=TodoKind.ROUTINE_LATE.value,
        unit=F("routine__unit__name"),
        title=F("routine__title"),
        owner=Value(_("Chefen")),
        key=F("routine__slug"),
        due_on=F("due_on"),
    )


def _trainings(today: dt.date) -> "QuerySet[Any, Any]":
    """Trainings this week, and those whose time passed without anybody saying that they were held; one line for
    each, whatever number of units it is for.
    """
    of_training = Unit.objects.filter(rounds__training_rounds__training=OuterRef("pk")).order_by(swedish_order("name"))
    names = ArraySubquery(of_training.values("name"))
    trainings = Training.objects.filter(
        held_on__isnull=True, cancelled_at__isnull=True, starts_at__date__lt=today + dt.timedelta(days=WEEK_DAYS)
    )
    return _columns(
        trainings,
        kind=Case(
            When(starts_at__date__lt=today, then=Value(TodoKind.TRAINING_PASSED.value)),
            default=Value(TodoKind.TRAINING_SOON.value),
        ),
        unit=Func(names, Value(", "), function="array_to_string", output_field=TextField()),
        title=F("title"),
        key=F("pk"),
        due_on=TruncDate("starts_at"),
    )


def _support_actions(today: dt.date) -> "QuerySet[Any, Any]":
    """What was promised at a follow-up and is due this week or late."""
    return _columns(
        SupportAction.objects.filter(done_on__isnull=True, due_on__lt=today + dt.timedelta(days=WEEK_DAYS)),
        kind=TodoKind.SUPPORT.value,
        unit=F("follow_up__round__unit__name"),
        title=F("what"),
        owner=F("owner"),
        key=F("follow_up__round__unit__slug"),
        due_on=F("due_on"),
    )


def _old_pdfs() -> "QuerySet[Any, Any]":
    """One line for all routines whose PDF shows an older wording than the registries; their number is its title."""
    how_many = Func(F("pk"), function="COUNT")
    return _columns(stale_versions(), kind=TodoKind.PDF_OLD.value, title=how_many, due_on=Value(None))


def _failed_mail() -> "QuerySet[Any, Any]":
    """One line for all mails that did not go through, with their number as its title; "0" when all did."""
    failed = Message.objects.in_state(MessageState.FAILED)
    how_many = Func(F("pk"), function="COUNT")  # not Count(): Django would count the mails of each mail
    return _columns(failed, kind=TodoKind.MAIL_FAILED.value, title=how_many, due_on=Value(None))


def week_context(
    programme: Programme, today: dt.date, refills: Iterable[RefillNeed], *, show_all: bool
) -> dict[str, Any]:
    """What templates/jarfalla/_this_week.html needs: the first things to do, or all, and how many of each sort."""
    todos = this_week(programme, today, refills)
    shown = todos if show_all else todos[:AT_FIRST]
    return {"todos": shown, "todo_count": len(todos), "todo_more": len(todos) - len(shown), "summary": summary(todos)}
