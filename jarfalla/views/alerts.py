"""What is wrong and needs a person: said on the start page, with what to do about it. Pure questions, as many for one
unit as for a thousand."""

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Subquery, TextChoices
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from followups.models import Recipient, RuleKind
from followups.queries import coming_bookings, current_rules, is_heart_beating, last_finished, rounds_to_follow_up
from jarfalla import clock
from units.models import Membership, Message, Participation, ParticipationState, Programme, Unit, User, UserRole
from units.models.message import MessageState
from units.queries import HeldBy, HeldMail, held_mail, swedish_order
from units.views.outbox import HELD_UP

# How many units an alert shows before it folds the rest, and how many it names at all.
AT_FIRST, MOST = 5, 100
# A mail to somebody that failed longer ago than this is not said to them any more.
NEWS_DAYS = 30


class AlertKind(TextChoices):
    """What is wrong; the label is what its pill says."""

    NO_COORDINATOR = "no_coordinator", gettext_lazy("Ingen samordnare")
    NO_MAIL = "no_mail", gettext_lazy("Får inga mejl")
    SWEEP_LATE = "sweep_late", gettext_lazy("Påminnelserna står stilla")
    MAIL_HELD = "mail_held", gettext_lazy("Mejl väntar")
    MAIL_FAILED = "mail_failed", gettext_lazy("Mejl kom inte fram")
    NO_MANAGER = "no_manager", gettext_lazy("Chef saknas")
    NO_SUPERIOR = "no_superior", gettext_lazy("Chefens chef saknas")


class Place(NamedTuple):
    """A unit, and where what is wrong there is put right."""

    name: str
    url: str


@dataclass(frozen=True)
class Alert:
    """One thing that is wrong: what it is and what to do, where, and for which units."""

    kind: AlertKind
    text: str
    url: str = ""
    button: str = ""
    places: tuple[Place, ...] = ()

    @property
    def first(self) -> tuple[Place, ...]:
        """The units that are shown at once."""
        return self.places[:AT_FIRST]

    @property
    def folded(self) -> tuple[Place, ...]:
        """The units that are shown to whoever asks."""
        return self.places[AT_FIRST:MOST]

    @property
    def unnamed(self) -> int:
        """How many more there are."""
        return max(len(self.places) - MOST, 0)


def coordinators_alerts(programme: Programme, today: dt.date) -> list[Alert]:
    """Everything that is wrong, what stops most first."""
    found = [_no_coordinator_gets_mail(), sweep_alert(), mail_alert(), _failed_mail()]
    return [alert for alert in found if alert] + _without_managers() + _without_superiors(programme, today)


def readers_alerts() -> list[Alert]:
    """What somebody who reads figures should know."""
    return _no_coordinator()


def staffs_alerts(user: User, *, manages: bool) -> list[Alert]:
    """What somebody who works in units should know; of their own mail those who manage."""
    return _no_coordinator() + (_own_mail(user) if manages else [])


# --- People ----------------------------------------------------------------------------------------------------------


def _coordinators() -> "list[User]":
    return list(User.objects.filter(role=UserRole.COORDINATOR, is_active=True))


def _no_coordinator() -> list[Alert]:
    if _coordinators():
        return []
    text = _(
        "Portalen har ingen samordnare just nu, så ingen planerar utbildningar eller följer upp. Hör av dig till den "
        "som ansvarar för programmet i kommunen: en ny samordnare läggs in av den som driver portalen."
    )
    return [Alert(AlertKind.NO_COORDINATOR, text)]


def _no_coordinator_gets_mail() -> Alert | None:
    """For a coordinator, who has an account: but there may be none that the portal writes to."""
    if any(user.gets_mail for user in _coordinators()):
        return None
    text = _(
        "Ingen samordnare får portalens mejl, så påminnelser till samordnaren syns bara här. Be den som driver "
        "portalen lägga till en samordnare som kan få mejl."
    )
    return Alert(AlertKind.NO_MAIL, text)


def _own_mail(user: User) -> list[Alert]:
    """Who gets no mail is told here, and so is whoever has an address that mails don't get through to."""
    if not user.gets_mail:
        text = _("Portalen skickar inga mejl till dig. Titta in här då och då: det som gäller din enhet står på sidan.")
        return [Alert(AlertKind.NO_MAIL, text)]
    since = clock.now() - dt.timedelta(days=NEWS_DAYS)
    failed = user.messages.filter(failed_at__gte=since).count()
    if not failed:
        return []
    text = ngettext(
        "%(count)s mejl till %(address)s kom inte fram. Be samordnaren rätta adressen om den inte stämmer.",
        "%(count)s mejl till %(address)s kom inte fram. Be samordnaren rätta adressen om den inte stämmer.",
        failed,
    )
    return [Alert(AlertKind.MAIL_FAILED, text % {"count": failed, "address": user.email})]


# --- Units -----------------------------------------------------------------------------------------------------------


def _without_managers() -> list[Alert]:
    """Units that take part and whose managers the portal can't write to: there is none, or none that gets mail."""
    answer = Participation.objects.filter(unit=OuterRef("pk")).order_by("-pk").values("state")[:1]
    managers = Membership.objects.present().managers().filter(unit=OuterRef("pk"), user__is_active=True)
    units = (
        Unit.objects.alias(answer=Subquery(answer))
        .filter(~Exists(managers.filter(user__is_protected=False)), answer=ParticipationState.TAKING_PART)
        .annotate(has_manager=Exists(managers))
        .order_by(swedish_order("name"))
    )
    lacking: list[Place] = []
    unreached: list[Place] = []
    for name, slug, has_manager in units.values_list("name", "slug", "has_manager"):
        (unreached if has_manager else lacking).append(Place(name, reverse("unit_staff", args=[slug])))
    return _lacking_a_manager(lacking) + _with_unreached_managers(unreached)


def _lacking_a_manager(places: list[Place]) -> list[Alert]:
    text = ngettext(
        "%(count)s enhet deltar men har ingen chef i portalen. Lägg till chefen i personallistan: innan dess kan ingen "
        "där registrera steg, och ingen där får påminnelser.",
        "%(count)s enheter deltar men har ingen chef i portalen. Lägg till cheferna i personallistorna: innan dess kan "
        "ingen där registrera steg, och ingen där får påminnelser.",
        len(places),
    )
    return _about(AlertKind.NO_MANAGER, text, places)


def _with_unreached_managers(places: list[Place]) -> list[Alert]:
    """It is not said why: who is protected stands in no list."""
    text = ngettext(
        "%(count)s enhet har ingen chef som får portalens mejl. Ring i stället när något ska göras där.",
        "%(count)s enheter har ingen chef som får portalens mejl. Ring i stället när något ska göras där.",
        len(places),
    )
    return _about(AlertKind.NO_MAIL, text, places)


def _without_superiors(programme: Programme, today: dt.date) -> list[Alert]:
    """Units with a late follow-up, of which the last reminder has nobody to go to; not those with a booked time.

    Whoever coordinates, or manages the unit, does not stand above its manager and gets no such reminder.
    """
    if not current_rules()[RuleKind.ESCALATED].goes_to(Recipient.SUPERIOR):
        return []
    booked = coming_bookings(clock.now()).filter(round=OuterRef("pk"), number=OuterRef("contacts_settled") + 1)
    reached = User.objects.filter(is_active=True, is_protected=False).exclude(role=UserRole.COORDINATOR)
    above = reached.filter(pk=OuterRef("unit__superior"))
    managing = Membership.objects.present().managers().filter(unit=OuterRef("unit"), user=OuterRef("unit__superior"))
    late = (
        rounds_to_follow_up(programme)
        .filter(~Exists(booked), ~Exists(above) | Exists(managing), window_closes_on__lt=today)
        .order_by(swedish_order("unit__name"))
    )
    places = [
        Place(name, reverse("unit_edit", args=[slug])) for name, slug in late.values_list("unit__name", "unit__slug")
    ]
    text = ngettext(
        "%(count)s enhet har en försenad uppföljning och ingen chefens chef som kan få veta det. Skriv in chefens chef "
        "på enheten, annars stannar påminnelserna hos dig.",
        "%(count)s enheter har en försenad uppföljning och ingen chefens chef som kan få veta det. Skriv in chefens "
        "chef på enheterna, annars stannar påminnelserna hos dig.",
        len(places),
    )
    return _about(AlertKind.NO_SUPERIOR, text, places)


def _about(kind: AlertKind, text: str, places: list[Place]) -> list[Alert]:
    return [Alert(kind, text % {"count": len(places)}, places=tuple(places))] if places else []


# --- What runs by itself ---------------------------------------------------------------------------------------------


def sweep_alert() -> Alert | None:
    """The daily sweep has not finished for longer than it should."""
    if is_heart_beating(clock.now()):
        return None
    since = last_finished()
    text = _("De dagliga påminnelserna har aldrig kommit igång.")
    if since:
        text = _("De dagliga påminnelserna har stått stilla sedan den %(when)s.") % {"when": _when(since)}
    todo = _(
        "När de kommer igång tar portalen igen det som har missats. Be den som driver portalen att se till att "
        "bakgrundsjobben (worker och beat) är igång."
    )
    return Alert(AlertKind.SWEEP_LATE, f"{text} {todo}", reverse("reminders"), _("Se påminnelserna"))


def mail_alert() -> Alert | None:
    """Mails should have gone out and have not."""
    held = held_mail()
    if held is None:
        return None
    sentences = [_why_held(held), _("Det som har väntat längst skrevs den %(when)s.") % {"when": _when(held.since)}]
    if held.last_sent_at and held.by != HeldBy.ANSWER:
        sentences.append(_("Senast gick ett mejl iväg den %(when)s.") % {"when": _when(held.last_sent_at)})
    sentences.append(_what_about_held(held))
    return Alert(AlertKind.MAIL_HELD, " ".join(sentences), _outbox(HELD_UP), _("Se mejlen som väntar"))


def _why_held(held: HeldMail) -> str:
    words = {
        HeldBy.SERVER: ngettext(
            "%(count)s mejl väntar: e-postservern tar inte emot det.",
            "%(count)s mejl väntar: e-postservern tar inte emot dem.",
            held.count,
        ),
        HeldBy.ANSWER: ngettext(
            "%(count)s mejl väntar: e-postservern tar inte emot det än, men andra mejl går iväg.",
            "%(count)s mejl väntar: e-postservern tar inte emot dem än, men andra mejl går iväg.",
            held.count,
        ),
        HeldBy.NOBODY: ngettext(
            "%(count)s mejl väntar och portalen skickar det inte: bakgrundsjobben står stilla.",
            "%(count)s mejl väntar och portalen skickar dem inte: bakgrundsjobben står stilla.",
            held.count,
        ),
    }
    return words[held.by] % {"count": held.count}


def _what_about_held(held: HeldMail) -> str:
    return {
        HeldBy.SERVER: _(
            "Portalen försöker av sig själv tills det går. Be den som sköter e-posten att titta på det: så länge kan "
            "inloggningskoder också utebli."
        ),
        HeldBy.ANSWER: _("Portalen försöker av sig själv tills det går. I utkorgen står vad servern svarar."),
        HeldBy.NOBODY: _(
            "Be den som driver portalen att se till att bakgrundsjobben (worker, beat och Redis) är igång. Sedan går "
            "mejlen iväg av sig själva."
        ),
    }[held.by]


def _failed_mail() -> Alert | None:
    failed = Message.objects.in_state(MessageState.FAILED).count()
    if not failed:
        return None
    text = ngettext(
        "%(count)s mejl kom inte fram och skickas inte igen av sig självt. I utkorgen står varför. Rätta adressen om "
        "den är fel och skicka igen.",
        "%(count)s mejl kom inte fram och skickas inte igen av sig själva. I utkorgen står varför. Rätta adresserna om "
        "de är fel och skicka igen.",
        failed,
    )
    return Alert(AlertKind.MAIL_FAILED, text % {"count": failed}, _outbox(MessageState.FAILED), _("Se mejlen"))


def _outbox(status: str) -> str:
    return f"{reverse('outbox')}?status={status}"


def _when(moment: dt.datetime) -> str:
    """A day and a time of day, in the portal's time zone."""
    local = localtime(moment)
    at = _("%(day)s kl. %(time)s")
    return at % {"day": date_format(local, "j F Y"), "time": f"{local:%H:%M}"}
