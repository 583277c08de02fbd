"""What comes next for a unit, and who does it: the coordinator, the manager, or nobody yet."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from courses.models import Training, TrainingRound
from courses.queries import readiness
from followups.models import Decision, SupportAction
from followups.queries import standing_of
from jarfalla import clock
from routines.models import PlanEntry, RoutineVersion, VersionState
from routines.queries import OwnReading, own_readings
from units.models import Membership, Step, StepCompletion, User
from units.queries import ProgressStatus, UnitWithProgress, swedish_order

# The steps that need somebody in the unit; step 4 is the coordinator's own.
MANAGER_LOGS = (ProgressStatus.STEP_1, ProgressStatus.STEP_2, ProgressStatus.STEP_3)


class RoutineLink(NamedTuple):
    """A routine as a list shows it."""

    title: str
    slug: str
    in_force_at: dt.datetime | None = None
    review_on: dt.date | None = None  # the last day to look it over
    is_overdue: bool = False  # that day has passed
    reading: OwnReading | None = None  # what the one who looks has said about it


@dataclass
class Evidence:
    """What the next step depends on in the other apps."""

    trainings: list[Training] = field(default_factory=list)  # of the current round, not cancelled, by date
    in_force: list[RoutineLink] = field(default_factory=list)
    is_in_plan: bool = False  # one of those in force is written into the unit's plan
    unfinished: list[tuple[RoutineLink, VersionState]] = field(default_factory=list)
    promises: list[SupportAction] = field(default_factory=list)  # what `more_support` found, by date
    has_manager: bool = False  # somebody in the unit can log its steps
    booked_at: dt.datetime | None = None  # when the next contact of step 4 is
    was_booked_at: dt.datetime | None = None  # when it was to be, if that has passed and nobody has written how it went


@dataclass(frozen=True)
class NextStep:
    """The next thing to do, for one reader: `url` is empty when somebody else does it."""

    title: str
    text: str
    who: str = ""  # empty when nobody has to do anything now
    button: str = ""
    url: str = ""


@dataclass(frozen=True)
class Reader:
    """What the person who looks at the page may do in the unit."""

    is_coordinator: bool
    is_manager: bool

    @property
    def manages(self) -> bool:
        """Whether they log the unit's steps."""
        return self.is_coordinator or self.is_manager


def evidence(units: Iterable[UnitWithProgress], reader: User | None = None) -> dict[int, Evidence]:
    """What the next steps of `units` depend on, by the unit's primary key; seven queries for any number of units, and
    one more for whether `reader`, who works in all of them, has read the routines."""
    units = list(units)
    found = {unit.pk: Evidence() for unit in units}
    rounds = {unit.round_pk: unit.pk for unit in units if unit.round_pk}
    booked = TrainingRound.objects.filter(round__in=rounds, training__cancelled_at__isnull=True)
    for row in booked.select_related("training").order_by("training__starts_at", "training"):
        found[rounds[row.round_id]].trainings.append(row.training)
    in_plan = set(PlanEntry.objects.standing().filter(routine__unit__in=found).values_list("routine", flat=True))
    versions = RoutineVersion.objects.filter(routine__unit__in=found, ended_at__isnull=True, discarded_at__isnull=True)
    today = clock.today()
    ordered = versions.order_by(swedish_order("routine__title"), "major", "minor")
    versions = ordered.select_related("routine").prefetch_related("approvals").defer("words", "search")
    readings = own_readings(reader, [row for row in versions if row.state == VersionState.IN_FORCE]) if reader else {}
    for version in versions:
        routine, of_unit = version.routine, found[version.routine.unit_id]
        if version.state == VersionState.IN_FORCE:
            of_unit.in_force.append(_link(version, today, readings))
            of_unit.is_in_plan |= routine.pk in in_plan
        else:
            of_unit.unfinished.append((RoutineLink(routine.title, routine.slug), version.state))
    for promise in more_support().filter(follow_up__round__in=rounds).order_by("due_on", "pk"):
        found[rounds[promise.follow_up.round_id]].promises.append(promise)
    numbers = {unit.round_pk: unit.contacts_settled + 1 for unit in units}
    for booking in standing_of(rounds):
        if booking.number == numbers[booking.round_id]:
            of_unit = found[rounds[booking.round_id]]
            if booking.starts_at > clock.now():
                of_unit.booked_at = booking.starts_at
            else:
                of_unit.was_booked_at = booking.starts_at
    managers = Membership.objects.present().managers().filter(unit__in=found, user__is_active=True)
    for unit_pk in managers.values_list("unit", flat=True):
        found[unit_pk].has_manager = True
    return found


def _link(version: RoutineVersion, today: dt.date, readings: dict[int, OwnReading]) -> RoutineLink:
    """A version in force as a list shows it."""
    return RoutineLink(
        version.routine.title,
        version.routine.slug,
        version.in_force_at,
        version.review_on,
        version.is_review_overdue(today),
        readings.get(version.routine_id),
    )


def more_support() -> QuerySet[SupportAction]:
    """What was promised at follow-ups that decided on more support since their round's step 3, done or not.

    A unit that was sent back to an earlier step starts afresh: what was promised before its new step 3 is not here.
    """
    routines = StepCompletion.objects.standing().filter(round=OuterRef("follow_up__round"), step=Step.ROUTINES)
    return SupportAction.objects.filter(
        follow_up__decision=Decision.MORE_SUPPORT,
        follow_up__recorded_at__gte=Subquery(routines.values("recorded_at")),
    ).select_related("follow_up")


def next_step(unit: UnitWithProgress, known: Evidence, reader: Reader) -> NextStep:
    """What comes next for the unit, as `reader` should see it: "du" when it is theirs to do."""
    step = _next_step(unit, known, reader)
    own = {_("Chefen"): reader.is_manager, _("Samordnaren"): reader.is_coordinator}
    return replace(step, who=_("Du")) if own.get(step.who) else step


def _next_step(unit: UnitWithProgress, known: Evidence, reader: Reader) -> NextStep:
    status = ProgressStatus(unit.status)
    if not status.takes_part:
        return _offer(unit, status, reader)
    if status in MANAGER_LOGS and not known.has_manager:
        return _no_manager(unit, reader)
    if status == ProgressStatus.STEP_1:
        return NextStep(
            title=_("Gå webbkursen"),
            text=_("Gå kursen tillsammans på en arbetsplatsträff och registrera sedan vilka som var med."),
            who=_("Chefen"),
            button=_("Registrera webbkursen"),
            url=_url("step_1", unit.slug, reader.manages),
        )
    if status == ProgressStatus.STEP_2:
        return _training(unit, known, reader)
    if status == ProgressStatus.STEP_3:
        return _routines(unit, known, reader)
    return _more_support(unit, status, known, reader) or _with_late_support(unit, status, known, reader)


def _url(name: str, key: object, may: bool) -> str:
    return reverse(name, args=[key]) if may else ""


def _day(day: dt.date | None) -> str:
    return date_format(day, "j F Y") if day else ""


def _offer(unit: UnitWithProgress, status: ProgressStatus, reader: Reader) -> NextStep:
    """The unit has not said yes: the coordinator keeps in touch."""
    title, text, button = {
        ProgressStatus.NOT_INVITED: (
            _("Bjud in enheten"),
            _("Enheten är inte inbjuden än. Att vara med är ett erbjudande."),
            _("Registrera inbjudan"),
        ),
        ProgressStatus.INVITED: (
            _("Väntar på svar"),
            _("Enheten bjöds in den %(day)s och har inte svarat än."),
            _("Registrera svaret"),
        ),
        ProgressStatus.DECLINED: (
            _("Enheten har tackat nej"),
            _("Svaret kom den %(day)s. Erbjudandet står kvar."),
            _("Ändra deltagandet"),
        ),
        ProgressStatus.PAUSED: (
            _("Enheten har en paus"),
            _("Pausen började den %(day)s. Det som är klart står kvar, och ni fortsätter när ni vill."),
            _("Ändra deltagandet"),
        ),
    }[status]
    text = text % {"day": _day(unit.participating_since)}
    url = _url("unit_participation", unit.slug, reader.is_coordinator)
    return NextStep(title, text, _("Samordnaren"), button, url)


def _no_manager(unit: UnitWithProgress, reader: Reader) -> NextStep:
    """Nobody in the unit can log a step: the coordinator adds a manager first, however the staff are counted."""
    text = _("Samordnaren lägger till er chef i portalen. Innan dess kan ingen hos er registrera steg.")
    if reader.is_coordinator:
        text = _("Enheten har ingen chef i portalen. Innan du har lagt till en kan ingen på enheten registrera steg.")
    url = _url("unit_staff", unit.slug, reader.is_coordinator)
    return NextStep(_("Lägg till en chef"), text, _("Samordnaren"), _("Lägg till en chef"), url)


def _training(unit: UnitWithProgress, known: Evidence, reader: Reader) -> NextStep:
    """The coordinator plans a training, and answers for it afterwards. A series is held when all its parts are."""
    url = _url("step_2", unit.slug, reader.is_coordinator)
    if readiness(known.trainings).ready_on:
        text = _("Utbildningen har hållits. Nu kan steg 2 registreras.")
        return NextStep(_("Registrera steg 2"), text, _("Samordnaren"), _("Registrera steg 2"), url)
    planned = next((training for training in known.trainings if not training.held_on), None)
    if planned is None:
        text = _("Samordnaren hör av sig och planerar en utbildning som passar er verksamhet.")
        if reader.is_coordinator:
            text = _("Hitta en tid med enheten och planera en utbildning som passar deras verksamhet.")
        url = _url("training_book", unit.slug, reader.is_coordinator)
        return NextStep(_("Planera en riktad utbildning"), text, _("Samordnaren"), _("Planera utbildningen"), url)
    about = {"title": planned.title, "part": planned.part, "at": _moment(planned.starts_at)}
    if planned.starts_at > clock.now():
        text = _("”%(title)s” är planerad till %(at)s.") % about
        if planned.part:
            text = _("”%(title)s”, del %(part)s, är planerad till %(at)s.") % about
        url = _url("training", planned.pk, may=True)  # everybody in the unit may read where and when
        return NextStep(_("Gå den riktade utbildningen"), text, _("Hela enheten"), _("Se utbildningen"), url)
    text = _("”%(title)s” skulle hållas %(at)s. Hölls den?") % about
    url = _url("training", planned.pk, reader.is_coordinator)
    return NextStep(_("Bocka av utbildningen"), text, _("Samordnaren"), _("Bocka av utbildningen"), url)


def _moment(moment: dt.datetime) -> str:
    """A day and a time of day, in the portal's time zone."""
    return date_format(localtime(moment), "l j F, H:i")


def _routines(unit: UnitWithProgress, known: Evidence, reader: Reader) -> NextStep:
    """The routine that is being written decides who acts; without one the step is begun or logged."""
    if known.unfinished and reader.manages:
        return _unfinished(known, reader)
    if known.unfinished:  # a draft is nobody's business but theirs who write and review it, nor is its title
        return NextStep(_("Rutinerna skrivs"), _("Chefen och samordnaren arbetar med enhetens rutiner."))
    step_3 = _url("step_3", unit.slug, reader.manages)
    if known.in_force:
        text = _("Enheten har rutiner som gäller. Är alla på plats kan steg 3 registreras.")
        if not known.is_in_plan:
            text = _("Enheten har en rutin som gäller. Skriv in den i verksamhetsplanen och registrera steg 3.")
        return NextStep(_("Registrera steg 3"), text, _("Chefen"), _("Registrera steg 3"), step_3)
    text = _("Samordnaren skapar enhetens rutin ur en mall. Sedan skriver chefen hur ni gör hos er.")
    step_3 = step_3 if reader.is_coordinator else ""
    return NextStep(_("Skapa enhetens rutin"), text, _("Samordnaren"), _("Skapa rutinen"), step_3)


def _unfinished(known: Evidence, reader: Reader) -> NextStep:
    """Of the routines that are being written, the one that has come furthest."""
    coordinator, manager = _("Samordnaren"), _("Chefen")
    write = _("Utgå från mallen i ”%(title)s”, skriv hur ni gör hos er och skicka till samordnaren.")
    change = _("Samordnaren har läst ”%(title)s” och vill att något ändras.")
    approve = _("Rutinen ”%(title)s” är granskad. När den är fastställd börjar den gälla.")
    review = _("Rutinen ”%(title)s” är inskickad och väntar på granskning.")
    failed = _("Rutinen ”%(title)s” är fastställd, men PDF:en kunde inte skapas.")
    coming = _("Rutinen ”%(title)s” är fastställd och gäller så snart PDF:en är klar.")
    manages = reader.manages
    turns: dict[VersionState, tuple[str, str, str, str, str, bool]] = {
        VersionState.FAILED: (_("Skapa PDF:en igen"), failed, coordinator, _("Försök igen"), "routine", manages),
        VersionState.ENDORSED: (
            _("Fastställ rutinen"),
            approve,
            manager,
            _("Läs och fastställ"),
            "routine_approve",
            reader.is_manager,
        ),
        VersionState.RETURNED: (_("Ändra i er rutin"), change, manager, _("Läs och ändra"), "routine_write", manages),
        VersionState.DRAFT: (_("Skriv er rutin"), write, manager, _("Skriv rutinen"), "routine_write", manages),
        VersionState.IN_REVIEW: (
            _("Granska rutinen"),
            review,
            coordinator,
            _("Läs och granska"),
            "routine_review",
            reader.is_coordinator,
        ),
        VersionState.APPROVED: (_("PDF:en skapas"), coming, "", "", "", False),
    }
    routine, state = min(known.unfinished, key=lambda found: list(turns).index(found[1]))
    title, text, who, button, page, may = turns[state]
    return NextStep(title, text % {"title": routine.title}, who, button, _url(page, routine.slug, may))


def _more_support(unit: UnitWithProgress, status: ProgressStatus, known: Evidence, reader: Reader) -> NextStep | None:
    """The next promise after a follow-up that decided on more support, until it is time for the next contact."""
    promise = next((promise for promise in known.promises if promise.done_on is None), None)
    if status != ProgressStatus.WAITING_FOR_FOLLOW_UP or promise is None:
        return None
    title = _("Mer stöd pågår")
    if not reader.manages:  # what was said at a follow-up is read by those who were there
        return NextStep(title, _("Enheten får det stöd som lovades vid uppföljningen. Sedan följs den upp igen."))
    url = _url("step_4", unit.slug, reader.is_coordinator)
    said = {"what": promise.what.rstrip(" ."), "owner": promise.owner, "day": _day(promise.due_on)}
    text = _("Nästa insats: %(what)s. Ansvarig är %(owner)s, senast den %(day)s.") % said
    return NextStep(title, text, promise.owner, _("Öppna uppföljningen"), url)


def _with_late_support(unit: UnitWithProgress, status: ProgressStatus, known: Evidence, reader: Reader) -> NextStep:
    """The next contact, and a sentence for each promise that is late: it is not forgotten because something else is
    next. What was said at a follow-up is read by those who were there.
    """
    step = _follow_up(unit, status, known, reader)
    if status == ProgressStatus.DONE or not reader.manages:
        return step
    late = [
        _("Sen insats: %(what)s, utlovad till den %(day)s.")
        % {"what": promise.what.rstrip(" ."), "day": _day(promise.due_on)}
        for promise in known.promises
        if promise.done_on is None and promise.due_on < clock.today()
    ]
    return replace(step, text=" ".join([step.text, *late]))


def _follow_up(unit: UnitWithProgress, status: ProgressStatus, known: Evidence, reader: Reader) -> NextStep:
    """Step 4 is the coordinator's, within the window of the next contact, or at the time that is booked."""
    opens, closes = {"day": _day(unit.window_opens_on)}, {"day": _day(unit.window_closes_on)}
    url = _url("step_4", unit.slug, reader.is_coordinator)
    if status == ProgressStatus.DONE:
        return NextStep(_("Alla fyra steg är klara"), _("Bra jobbat! Rutinerna fortsätter att gälla."))
    if known.booked_at:
        text = _("Samordnaren och chefen talas vid %(at)s.") % {"at": _moment(known.booked_at)}
        return NextStep(_("Uppföljningen är bokad"), text, _("Samordnaren"), _("Öppna uppföljningen"), url)
    if known.was_booked_at:
        text = _("Samtalet var bokat %(at)s, och protokollet är inte skrivet.") % {"at": _moment(known.was_booked_at)}
        return NextStep(_("Hölls uppföljningen?"), text, _("Samordnaren"), _("Öppna uppföljningen"), url)
    if status == ProgressStatus.WAITING_FOR_FOLLOW_UP:
        text = _("Uppföljningen öppnar den %(day)s. Till dess behöver ingen registrera något.") % opens
        return NextStep(_("Arbeta efter rutinerna"), text)
    button = _("Boka uppföljningen")
    if status == ProgressStatus.FOLLOW_UP_DUE:
        text = _("Samordnaren följer upp hur det går, senast den %(day)s.") % closes
        return NextStep(_("Dags för uppföljning"), text, _("Samordnaren"), button, url)
    text = _("Den skulle ha gjorts senast den %(day)s.") % closes
    return NextStep(_("Uppföljningen är försenad"), text, _("Samordnaren"), button, url)
