"""What the coordinator has to do this week: pure questions to every app, one query for all of them."""

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Any

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
    TextField,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, TruncDate
from django.urls import reverse
from django.utils.translation import gettext as _

from courses.models import Training
from courses.queries import RefillNeed
from followups.models import SupportAction
from followups.queries import begun_bookings, coming_bookings, waiting_lessons
from jarfalla import clock
from jarfalla.views.todos import Todo, TodoKind, rank, summary
from routines.models import Approval, RoutineVersion, VersionState
from routines.queries import stale_versions
from units.models import Message, Programme, Unit
from units.models.message import MessageState
from units.queries import ProgressStatus, swedish_order, units_with_progress

# An invitation without an answer is worth a call after so many days.
PATIENCE_DAYS = 30
# Today and the six days after it.
WEEK_DAYS = 7
# Where a unit with step 3 stands until step 4 is done.
FOLLOWED_UP = (
    ProgressStatus.WAITING_FOR_FOLLOW_UP,
    ProgressStatus.FOLLOW_UP_DUE,
    ProgressStatus.FOLLOW_UP_OVERDUE,
)
# How many things the list shows before somebody asks for all of them.
AT_FIRST = 8


def this_week(programme: Programme, today: dt.date, refills: Iterable[RefillNeed] = ()) -> list[Todo]:
    """Everything to do this week, most urgent first, in one query; `refills` are what was found to be needed."""
    first, *others = (
        _follow_ups_and_invitations(programme, today),
        _versions(VersionState.IN_REVIEW, TodoKind.REVIEW),
        _versions(VersionState.FAILED, TodoKind.PDF_FAILED),
        _late_routines(today),
        _contacts(today),
        _trainings(today),
        _support_actions(today),
        _old_pdfs(),
        _lessons(),
        _failed_mail(),
    )
    todos = [_todo(row, today) for row in first.union(*others, all=True) if row[2] != "0"]
    todos += [_refill(need, today) for need in refills]
    return sorted(todos, key=lambda todo: (rank(todo), todo.due_on or today, todo.unit))


def _todo(row: tuple[str, str, str, str, str, dt.date | None], today: dt.date) -> Todo:
    kind, unit, title, owner, key, due_on = row
    page = {
        TodoKind.FOLLOW_UP_OVERDUE: "step_4",
        TodoKind.FOLLOW_UP_DUE: "step_4",
        TodoKind.CONTACT_PASSED: "step_4",
        TodoKind.REVIEW: "routine_review",
        TodoKind.PDF_FAILED: "routine",
        TodoKind.ROUTINE_LATE: "routine",
        TodoKind.PDF_OLD: "affected",
        TodoKind.CONTACT_SOON: "step_4",
        TodoKind.TRAINING_SOON: "training",
        TodoKind.TRAINING_PASSED: "training",
        TodoKind.SUPPORT: "step_4",
        TodoKind.NO_ANSWER: "unit_participation",
        TodoKind.LESSON: "lessons",
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
    """Units to follow up and invitations to ask about; a contact that is booked waits for its time, and once that has
    passed it is asked about, whatever its window says.
    """
    now, of_next = clock.now(), {"round": OuterRef("round_pk"), "number": OuterRef("contacts_settled") + 1}
    begun = begun_bookings(now).filter(**of_next).annotate(day=TruncDate("starts_at")).values("day")[:1]
    patience_ends = today - dt.timedelta(days=PATIENCE_DAYS)
    units = units_with_progress(Unit.objects.all(), programme, today).alias(passed_on=Subquery(begun))
    late_or_due = Q(status__in=(ProgressStatus.FOLLOW_UP_OVERDUE, ProgressStatus.FOLLOW_UP_DUE))
    passed = Q(status__in=FOLLOWED_UP, passed_on__isnull=False)
    invited = Q(status=ProgressStatus.INVITED)
    return _columns(
        units.filter(
            (late_or_due & ~Exists(coming_bookings(now).filter(**of_next)))
            | passed
            | (invited & Q(participating_since__lt=patience_ends))
        ),
        kind=Case(
            When(invited, then=Value(TodoKind.NO_ANSWER.value)),
            When(passed, then=Value(TodoKind.CONTACT_PASSED.value)),
            default=F("status"),
        ),
        unit=F("name"),
        key=F("slug"),
        due_on=Case(
            When(invited, then=F("participating_since")),
            When(passed, then=F("passed_on")),
            default=F("window_closes_on"),
        ),
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


def _contacts(today: dt.date) -> "QuerySet[Any, Any]":
    """Contacts of step 4 that are booked this week."""
    return _columns(
        coming_bookings(clock.now()).filter(starts_at__date__lt=today + dt.timedelta(days=WEEK_DAYS)),
        kind=TodoKind.CONTACT_SOON.value,
        unit=F("round__unit__name"),
        key=F("round__unit__slug"),
        due_on=TruncDate("starts_at"),
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


def _lessons() -> "QuerySet[Any, Any]":
    """One line for all lessons that units want to share and nobody has rewritten; their number is its title."""
    how_many = Func(F("pk"), function="COUNT")
    return _columns(waiting_lessons(), kind=TodoKind.LESSON.value, title=how_many, due_on=Value(None))


def _failed_mail() -> "QuerySet[Any, Any]":
    """One line for all mails that did not go through, with their number as its title; "0" when all did."""
    failed = Message.objects.in_state(MessageState.FAILED)
    how_many = Func(F("pk"), function="COUNT")  # not Count(): Django would count the mails of each mail
    return _columns(failed, kind=TodoKind.MAIL_FAILED.value, title=how_many, due_on=Value(None))


def week_context(
    programme: Programme,
    today: dt.date,
    refills: Iterable[RefillNeed],
    *,
    show_all: bool,
    told: Collection[TodoKind] = (),
) -> dict[str, Any]:
    """What templates/jarfalla/_this_week.html needs: the first things to do, or all, and how many of each sort; but
    nothing of the sorts `told`, which the page says elsewhere."""
    todos = [todo for todo in this_week(programme, today, refills) if todo.kind not in told]
    shown = todos if show_all else todos[:AT_FIRST]
    return {"todos": shown, "todo_count": len(todos), "todo_more": len(todos) - len(shown), "summary": summary(todos)}
