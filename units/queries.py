"""Where units stand, asked of the database for any number of units at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, cast

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Count,
    DateField,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextChoices,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, Concat, Greatest, Lower, Now
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from units.models import (
    ListImport,
    Message,
    Outcome,
    Participation,
    ParticipationState,
    Programme,
    Round,
    SettledContact,
    Step,
    StepBlocked,
    StepCompletion,
    Unit,
    User,
)
from units.models.message import held_up, late_since

if TYPE_CHECKING:
    import datetime as dt

    from django_stubs_ext import WithAnnotations

# How Swedish sorts: a–z, å, ä, ö. In ASCII { | } stand right after z. The capitals stand here too, because
# lower() leaves them alone in a database with the C locale.
_LETTERS = "åäöæøéèêëáàâíïóôúüçñÅÄÖÆØÉÈÊËÁÀÂÍÏÓÔÚÜÇÑ"
_SORT_AS = "{|}|}eeeeaaaiioouycn{|}|}eeeeaaaiioouycn"


class ProgressStatus(TextChoices):
    """Where a unit stands: its answer to the offer, or else what comes next. The one list of them."""

    NOT_INVITED = "not_invited", _("Inte inbjuden")
    INVITED = "invited", _("Inbjuden")
    DECLINED = "declined", _("Tackat nej")
    PAUSED = "paused", _("Pausad")
    STEP_1 = "step_1", _("Nästa: steg 1")
    STEP_2 = "step_2", _("Nästa: steg 2")
    STEP_3 = "step_3", _("Nästa: steg 3")
    WAITING_FOR_FOLLOW_UP = "waiting_for_follow_up", _("Väntar på uppföljning")
    FOLLOW_UP_DUE = "follow_up_due", _("Dags för uppföljning")
    FOLLOW_UP_OVERDUE = "follow_up_overdue", _("Uppföljning försenad")
    DONE = "done", _("Klar")

    @property
    def takes_part(self) -> bool:
        """Whether a unit with this status takes part."""
        return self not in NOT_TAKING_PART


NOT_TAKING_PART = (
    ProgressStatus.NOT_INVITED,
    ProgressStatus.INVITED,
    ProgressStatus.DECLINED,
    ProgressStatus.PAUSED,
)


class Progress(TypedDict):
    """What `units_with_progress` adds to each unit."""

    participation: str  # a ParticipationState
    participating_since: "dt.date | None"  # when that state began
    round_pk: int | None  # the open round, else the latest
    round_number: int | None
    round_closed_on: "dt.date | None"
    steps_done: int  # 0–4; steps come in order, so this is also the latest one that stands
    step_1_on: "dt.date | None"
    step_2_on: "dt.date | None"
    step_3_on: "dt.date | None"
    step_4_on: "dt.date | None"
    contacts_settled: int  # how many contacts of step 4 are over
    window_opens_on: "dt.date | None"  # of the next contact; None before step 3
    window_target_on: "dt.date | None"
    window_closes_on: "dt.date | None"
    status: str  # a ProgressStatus


if TYPE_CHECKING:
    UnitWithProgress = WithAnnotations[Unit, Progress]
else:
    UnitWithProgress = Unit


def units_with_progress(
    units: QuerySet[Unit], programme: Programme, today: "dt.date"
) -> "QuerySet[UnitWithProgress, UnitWithProgress]":
    """The same units, each with what stands in `Progress`; filter and sort by any of it, all in one query."""
    answers = Participation.objects.filter(unit=OuterRef("pk")).order_by("-pk")
    current_round = Round.objects.filter(unit=OuterRef("pk")).order_by(F("closed_on").desc(nulls_first=True), "-number")
    standing = StepCompletion.objects.standing().filter(round=OuterRef("round_pk"))
    rows = units.annotate(
        participation=Coalesce(Subquery(answers.values("state")[:1]), Value(ParticipationState.NOT_INVITED.value)),
        participating_since=Subquery(answers.values("since")[:1]),
        round_pk=Subquery(current_round.values("pk")[:1]),
        round_number=Subquery(current_round.values("number")[:1]),
        round_closed_on=Subquery(current_round.values("closed_on")[:1]),
    ).annotate(
        steps_done=Coalesce(Subquery(standing.order_by("-step").values("step")[:1]), Value(0)),
        **{f"step_{step.value}_on": Subquery(standing.filter(step=step).values("completed_on")) for step in Step},
    )
    rows = with_contact(rows, programme, round_pk="round_pk", anchored_on=f"step_{programme.follow_up_anchor}_on")
    rows = rows.annotate(status=_status(today))
    return cast("QuerySet[UnitWithProgress, UnitWithProgress]", rows)


def _status(today: "dt.date") -> Case:
    """The ProgressStatus of a row that has all the rest of `Progress`."""
    return Case(
        # The four answers that are not "takes part" are statuses of the same name.
        When(~Q(participation=ParticipationState.TAKING_PART), then=F("participation")),
        When(Q(steps_done=Step.FOLLOW_UP) | Q(round_closed_on__isnull=False), then=Value(ProgressStatus.DONE.value)),
        When(steps_done__lt=Step.ROUTINES, then=Concat(Value("step_"), Cast(F("steps_done") + 1, CharField()))),
        When(window_closes_on__lt=today, then=Value(ProgressStatus.FOLLOW_UP_OVERDUE.value)),
        When(window_opens_on__lte=today, then=Value(ProgressStatus.FOLLOW_UP_DUE.value)),
        default=Value(ProgressStatus.WAITING_FOR_FOLLOW_UP.value),
        output_field=CharField(),
    )


def with_contact(rows: "QuerySet[Any]", programme: Programme, *, round_pk: str, anchored_on: str) -> "QuerySet[Any]":
    """The same rows, each with the next contact of the round in column `round_pk` and the days of its window.

    A planned contact is counted from the day in column `anchored_on`; one beyond the plan from the contact before it,
    and so is a planned one that would come sooner than that after a contact that was held late. The months are added
    to that day at once, never one by one: 31 August and 5 months is 31 January.
    """
    planned, extra = programme.follow_up_months, programme.follow_up_extra_months
    settled = SettledContact.objects.standing().filter(round=OuterRef(round_pk)).order_by("-number")
    held_on = settled.annotate(held_on=Case(When(outcome=Outcome.HELD, then=F("settled_on")))).values("held_on")
    months = Case(*(When(contacts_settled=n, then=Value(m)) for n, m in enumerate(planned)), default=Value(extra))
    from_last = Q(contacts_settled__gte=len(planned)) | Q(planned_on__lt=F("rested_on"))
    found: QuerySet[Any] = (
        rows.annotate(
            contacts_settled=Coalesce(Subquery(settled.values("number")[:1]), Value(0)),
            contact_settled_on=Subquery(settled.values("settled_on")[:1]),
            contact_held_on=Subquery(held_on[:1]),
        )
        .alias(planned_on=add_months(anchored_on, months), rested_on=add_months("contact_held_on", extra))
        .annotate(
            window_from=Case(When(from_last, then=F("contact_settled_on")), default=F(anchored_on)),
            window_months=Case(When(from_last, then=Value(extra)), default=months),
        )
        .annotate(
            window_opens_on=add_months(
                "window_from", Greatest(F("window_months") - programme.follow_up_opens_before_months, Value(0))
            ),
            window_target_on=add_months("window_from", F("window_months")),
            window_closes_on=add_months("window_from", F("window_months") + programme.follow_up_closes_after_months),
        )
    )
    return found


def add_months(date: str, months: "int | Combinable") -> Func:
    """The column `date` plus calendar months; the 31st becomes the last day of a shorter month, as in Python."""
    count = Value(months) if isinstance(months, int) else months
    interval = Func(Value(0), Cast(count, IntegerField()), function="make_interval")
    return Func(F(date), interval, template="CAST(%(expressions)s AS date)", arg_joiner=" + ", output_field=DateField())


def swedish_order(column: str) -> Func:
    """An expression that sorts the text in `column` as Swedish does, whatever the locale of the database.

    The embedded server has no ICU, so there is no collation to ask for (docs/decisions).
    """
    return Func(
        Lower(column),
        Value(_LETTERS),
        Value(_SORT_AS),
        function="translate",
        template='%(function)s(%(expressions)s) COLLATE "C"',
        output_field=CharField(),
    )


def swedish_key(text: str) -> str:
    """The same order for a list that is in Python already: `sorted(names, key=swedish_key)`."""
    return text.lower().translate(str.maketrans(_LETTERS, _SORT_AS))


def by_label(column: str, choices: Iterable[tuple[str, Any]]) -> Func:
    """An expression that sorts a column of choices by what users read, not by the code that is stored."""
    in_order = [value for value, label in sorted(choices, key=lambda choice: swedish_key(str(choice[1])))]
    # A list parameter has no type of its own in PostgreSQL: the commas of a string have.
    codes = Func(Value(",".join(in_order)), Value(","), function="string_to_array")
    return Func(codes, Cast(column, CharField()), function="array_position", output_field=IntegerField())


def nulls_last(expression: "Combinable | str", *, descending: bool) -> Any:
    """Sort by `expression`, rows without a value last in both directions."""
    column = F(expression) if isinstance(expression, str) else expression
    ordering = cast("F", column)
    return ordering.desc(nulls_last=True) if descending else ordering.asc(nulls_last=True)


@dataclass(frozen=True)
class StepOnPage:
    """One of the four steps as templates/_steps.html draws it."""

    number: int
    label: str
    state: str  # done, next, waiting or overdue
    on: "dt.date | None"  # when it was completed
    url: str


def steps_of(unit: UnitWithProgress) -> list[StepOnPage]:
    """The four steps of a unit's current round; none is next while the unit does not take part."""
    status = ProgressStatus(unit.status)
    waits = {ProgressStatus.WAITING_FOR_FOLLOW_UP: "waiting", ProgressStatus.FOLLOW_UP_OVERDUE: "overdue"}
    dates = {1: unit.step_1_on, 2: unit.step_2_on, 3: unit.step_3_on, 4: unit.step_4_on}
    steps = []
    for step in Step:
        state = "done" if dates[step.value] else "waiting"
        if status.takes_part and not unit.round_closed_on and step.value == unit.steps_done + 1:
            state = waits.get(status, "next")
        url = reverse(f"step_{step.value}", args=[unit.slug])
        steps.append(StepOnPage(step.value, str(step.label), state, dates[step.value], url))
    return steps


class ProgressCount(TypedDict):
    """How many units of one kind have one status and have done so many steps."""

    kind: str
    status: str
    steps_done: int
    units: int


def count_progress(units: "QuerySet[UnitWithProgress, UnitWithProgress]") -> list[ProgressCount]:
    """How many of `units` stand where, by kind, in one query. Everything that is counted is a sum of these."""
    rows = units.order_by().values("kind", "status", "steps_done").annotate(units=Count("pk"))
    return cast("list[ProgressCount]", list(rows))


def places() -> list[tuple[str, str]]:
    """The pairs of förvaltning and kommundel that units have, for filters; one query."""
    return list(Unit.objects.order_by().values_list("department", "district").distinct())


def steps_on_page(unit: Unit) -> list[StepOnPage]:
    """The four steps of the unit, as templates/_steps_compact.html draws them; one query."""
    units = Unit.objects.filter(pk=unit.pk)
    return steps_of(units_with_progress(units, Programme.current(), clock.today()).get())


def blocked_because(round_: Round | None, step: Step) -> str:
    """Why `step` can't be logged now, whatever its evidence: a sentence, or nothing when it can."""
    if round_ is None:
        return gettext("Enheten har ingen omgång som pågår. Samordnaren startar den när enheten deltar.")
    try:
        round_.require_next(step)
    except StepBlocked as blocked:
        return str(blocked)
    return ""


def waiting_imports() -> list[tuple[int, bool]]:
    """Lists that the worker was asked to read or (True) to save, the one that has waited longest first."""
    asked = ListImport.objects.filter(saved_at__isnull=True, cancelled_at__isnull=True, refusal="")
    asked = asked.filter(Q(chosen_at__isnull=False) | Q(mapped_at__isnull=False, read_at__isnull=True))
    is_chosen = ExpressionWrapper(Q(chosen_at__isnull=False), output_field=BooleanField())
    return list(asked.annotate(is_chosen=is_chosen).order_by("mapped_at").values_list("pk", "is_chosen"))


def protected_addresses(texts: Iterable[str]) -> set[str]:
    """Those of the texts, in lower case, that are the e-mail address of somebody with protected personal data."""
    addresses = {text.lower() for text in texts if "@" in text}
    protected = User.objects.filter(is_protected=True).annotate(key=Lower("email")).filter(key__in=addresses)
    return set(protected.values_list("key", flat=True))


class HeldBy(TextChoices):
    """What keeps mails from going out."""

    SERVER = "server"  # the mail server takes none
    ANSWER = "answer"  # the mail server does not take these, but others
    NOBODY = "nobody"  # nobody sends them


@dataclass(frozen=True)
class HeldMail:
    """Mails that should have gone out and have not."""

    count: int
    by: HeldBy
    since: "dt.datetime"  # when the oldest of them was written
    last_sent_at: "dt.datetime | None"  # when the last mail went out, whichever it was


def held_mail() -> HeldMail | None:
    """The mails that are held up, if there are any; two queries at the most.

    A queue that is long and moves is no reason to worry: while mails go out, only those count that the server did not
    take.
    """
    late, refused = late_since(), ~Q(last_error="")
    found = Message.objects.unfinished().aggregate(
        held=Count("pk", filter=held_up()),
        since=Min("created_at", filter=held_up()),
        refused=Count("pk", filter=refused),
        refused_since=Min("created_at", filter=refused),
        # What was tried a while ago waits for its turn, which has not come, or came just now.
        tried=Count("pk", filter=(refused & Q(not_before__gt=late)) | Q(claimed_until__gt=Now())),
    )
    if not found["held"]:
        return None
    last = Message.objects.filter(sent_at__isnull=False).order_by("-sent_at").values_list("sent_at", flat=True).first()
    if last and last > late:
        return HeldMail(found["refused"], HeldBy.ANSWER, found["refused_since"], last) if found["refused"] else None
    return HeldMail(found["held"], HeldBy.SERVER if found["tried"] else HeldBy.NOBODY, found["since"], last)
