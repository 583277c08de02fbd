"""What a reminder says, in the language that is active: as a letter of its own, and as one of several in a digest."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from followups.models import Reminder, RuleKind
from units.models import Step, User


@dataclass(frozen=True)
class Wording:
    """The words of one reminder. Without a `path` the reader has no page to open; with one, `to_do` is left out of a
    digest, for the page says it."""

    title: str
    lead: str
    to_do: str
    label: str = ""
    path: str = ""


# What stands above the reminders of one kind in a digest.
HEADINGS = {
    RuleKind.OVERDUE: gettext_lazy("Försenade uppföljningar"),
    RuleKind.ESCALATED: gettext_lazy("Uppföljningar som länge har varit försenade"),
    RuleKind.ONE_MONTH_LEFT: gettext_lazy("Högst en månad kvar"),
    RuleKind.TWO_MONTHS_LEFT: gettext_lazy("Högst två månader kvar"),
    RuleKind.OPENS: gettext_lazy("Dags att boka uppföljning"),
    RuleKind.MEETING: gettext_lazy("Bokade samtal"),
    RuleKind.SUPPORT_ACTION: gettext_lazy("Sena stödinsatser"),
    RuleKind.NEW_MANAGER: gettext_lazy("Nya chefer"),
    RuleKind.ROUTINE_REVIEW: gettext_lazy("Rutiner att se över"),
    RuleKind.STALLED: gettext_lazy("Steg som har stått stilla"),
    RuleKind.COVERAGE_FELL: gettext_lazy("Webbkursen behöver fyllas på"),
}


def wording(row: Reminder, to: User) -> Wording:
    """What the reminder says to that person."""
    return _WORDINGS[RuleKind(row.kind)](row, to)


def day_of(row: Reminder, name: str) -> dt.date:
    """A day among the reminder's details."""
    return dt.date.fromisoformat(row.details[name])


def _written(row: Reminder, name: str) -> str:
    return date_format(day_of(row, name), "j F Y")


def _step_page(row: Reminder, step: Step) -> tuple[str, str]:
    """The label and the address of a step's page."""
    words = {"step": step.value, "unit": row.unit.name}
    return _("Öppna steg %(step)s för %(unit)s") % words, reverse(f"step_{step.value}", args=[row.unit.slug])


# --- The window of a contact -------------------------------------------------------------------------------------


def _was_booked(row: Reminder, to: User, title: str = "") -> Wording | None:
    """What there is to say of a contact whose booked time has passed: it may have been held, and its protocol is not
    written. None when no time was booked."""
    if "was_booked_on" not in row.details:
        return None
    words = {
        "unit": row.unit.name,
        "day": _written(row, "was_booked_on"),
        "closes": _written(row, "closes_on"),
    }
    if not to.is_coordinator:
        lead = _("Ett samtal var bokat den %(day)s, och protokollet är inte skrivet.")
        to_do = _("Har ni redan hörts behöver du inte göra något. Annars: ta gärna kontakt med samordnaren.")
    else:
        to_do = _("Skriv protokollet om det hölls. Annars: boka om, eller registrera att det inte kunde hållas.")
        lead = _("Samtalet var bokat den %(day)s, men protokollet är inte skrivet. Sista dagen är den %(closes)s.")
        if row.kind == RuleKind.OVERDUE:
            lead = _("Samtalet var bokat den %(day)s, men protokollet är inte skrivet. Sista dagen var den %(closes)s.")
    title = title or _("Hölls uppföljningen med %(unit)s?")
    return Wording(title % words, lead % words, to_do, *_step_page(row, Step.FOLLOW_UP))


def _opens(row: Reminder, to: User) -> Wording:
    if asked := _was_booked(row, to):
        return asked
    words = {"unit": row.unit.name, "closes": _written(row, "closes_on"), "target": _written(row, "target_on")}
    # After a quiet period or an outage the day to aim at may have passed.
    is_near = row.swept_on <= day_of(row, "target_on")
    if to.is_coordinator:
        title = _("Dags att boka uppföljningen med %(unit)s")
        lead = _("Sikta på den %(target)s. Sista dagen är den %(closes)s.")
        if not is_near:
            lead = _("Sista dagen är den %(closes)s.")
        to_do = _("Kontakta chefen och boka en tid i portalen, så får chefen en inbjudan med kalenderfil.")
    else:
        title = _("Snart följer vi upp arbetet hos %(unit)s")
        lead = _("Samordnaren hör av sig till dig och bokar en tid omkring den %(target)s, senast den %(closes)s.")
        if not is_near:
            lead = _("Samordnaren hör av sig till dig och bokar en tid, senast den %(closes)s.")
        to_do = _(
            "Prata gärna med medarbetarna innan ni hörs: Fungerar arbetssättet? Används rutinerna, och finns de i "
            "verksamhetsplanen? Vad har blivit annorlunda? Du behöver inte registrera något själv."
        )
    return Wording(title % words, lead % words, to_do, *_step_page(row, Step.FOLLOW_UP))


def _months_left(row: Reminder, to: User) -> Wording:
    if asked := _was_booked(row, to):
        return asked
    words = {"unit": row.unit.name, "closes": _written(row, "closes_on")}
    title = (
        _("Högst en månad kvar: uppföljningen med %(unit)s")
        if row.kind == RuleKind.ONE_MONTH_LEFT
        else _("Högst två månader kvar: uppföljningen med %(unit)s")
    )
    return Wording(
        title % words,
        _("Uppföljningen ska vara gjord senast den %(closes)s, och ingen tid är bokad.") % words,
        _("Har ni redan hörts? Skriv in protokollet i portalen. Annars: kontakta chefen och boka en tid.")
        if to.is_coordinator
        else _("Har du inte hört av samordnaren? Ta gärna kontakt själv, så hinner ni."),
        *_step_page(row, Step.FOLLOW_UP),
    )


def _overdue(row: Reminder, to: User) -> Wording:
    title = _("Försenad uppföljning: %(unit)s")
    if asked := _was_booked(row, to, title):
        return asked
    words = {"unit": row.unit.name, "closes": _written(row, "closes_on")}
    return Wording(
        title % words,
        _("Uppföljningen skulle ha varit gjord senast den %(closes)s, men den är inte registrerad.") % words,
        _(
            "Det går bra att göra den nu: kontakta chefen och boka en tid. Går det inte, registrera att samtalet inte "
            "kunde hållas. Vill enheten ta en paus? Ändra då deltagandet på enhetens sida, så slutar påminnelserna."
        )
        if to.is_coordinator
        else _("Det går bra att göra den nu. Ta gärna kontakt med samordnaren, så bokar ni en tid."),
        *_step_page(row, Step.FOLLOW_UP),
    )


def _escalated(row: Reminder, _to: User) -> Wording:
    """Whoever stands above the manager has none of the unit's rights, so there is no page to open."""
    words = {"unit": row.unit.name, "closes": _written(row, "closes_on"), "routines": _written(row, "routines_on")}
    return Wording(
        _("Uppföljningen med %(unit)s har länge varit försenad") % words,
        _(
            "Enheten har arbetat efter sina rutiner sedan den %(routines)s. Uppföljningen skulle ha varit gjord senast "
            "den %(closes)s, men den är fortfarande inte registrerad."
        )
        % words,
        _("Du får det här som chefens chef. Tala med enhetens chef, så att chefen och samordnaren hittar en tid."),
    )


# --- What was agreed ---------------------------------------------------------------------------------------------


def _meeting(row: Reminder, to: User) -> Wording:
    starts_at = meeting_starts_at(row)
    words = {
        "unit": row.unit.name,
        "day": date_format(starts_at, "l j F"),
        "time": f"{starts_at:%H:%M}",
        "place": row.details["place"],
    }
    return Wording(
        _("Bokat samtal %(day)s: uppföljning med %(unit)s") % words,
        _("Ni hörs %(day)s kl. %(time)s. Plats, telefon eller länk: %(place)s") % words
        if row.details["place"]
        else _("Ni hörs %(day)s kl. %(time)s.") % words,
        _("Protokollet finns på sidan för steg 4. Det sparas medan du skriver, och går bra att fylla i på telefon.")
        if to.is_coordinator
        else _("Passar det inte längre? Hör av dig till samordnaren, så bokar ni om."),
        *_step_page(row, Step.FOLLOW_UP),
    )


def meeting_starts_at(row: Reminder) -> dt.datetime:
    """When the contact that the reminder is about begins."""
    return dt.datetime.fromisoformat(row.details["starts_at"])


def _support_action(row: Reminder, to: User) -> Wording:
    words = {"unit": row.unit.name, **row.details, "due": _written(row, "due_on")}
    return Wording(
        _("En utlovad stödinsats är sen: %(unit)s") % words,
        _("”%(what)s” skulle ha varit klart den %(due)s. Den som lovade var %(owner)s.") % words,
        _("Är det gjort? Markera det i portalen. Annars: hör hur det går."),
        *_step_page(row, Step.FOLLOW_UP),
    )


# --- The unit ----------------------------------------------------------------------------------------------------


def _new_manager(row: Reminder, to: User) -> Wording:
    words = {"unit": row.unit.name, "name": row.person}
    page = _("Öppna enhetens sida"), row.unit.get_absolute_url()
    if to.is_coordinator:
        return Wording(
            _("Ny chef: %(unit)s") % words,
            _("%(name)s är ny chef. Enheten är på väg genom de fyra stegen.") % words
            if words["name"]
            else _("Enheten är på väg genom de fyra stegen och har fått en ny chef."),
            _("Ta gärna kontakt och berätta var enheten är i modellen, och vad som kommer härnäst."),
            *page,
        )
    return Wording(
        _("Du är ny chef för %(unit)s: så ligger ni till") % words,
        _(
            "Enheten är på väg genom de fyra stegen mot hedersrelaterat våld och förtryck, och nu är det du som håller "
            "i det."
        ),
        _("På enhetens sida ser du vad som är klart, vad som kommer härnäst och vilka rutiner som gäller hos er."),
        *page,
    )


def _stalled(row: Reminder, to: User) -> Wording:
    step = Step(int(row.details["step"]))
    words = {
        "unit": row.unit.name,
        "step": step.value,
        "name": step.label.lower(),
        "since": _written(row, "since"),
    }
    return Wording(
        _("Steg %(step)s har stått stilla: %(unit)s") % words,
        _("Nästa steg är %(name)s. Inget steg har registrerats sedan den %(since)s.") % words,
        _("Hör hur det går och om enheten behöver hjälp. Behöver de en paus? Ändra då deltagandet på enhetens sida.")
        if to.is_coordinator
        else _("Behöver ni hjälp, eller har ni redan gjort det? Registrera steget, eller hör av dig till samordnaren."),
        *_step_page(row, step),
    )


def _routine_review(row: Reminder, to: User) -> Wording:
    words = {"unit": row.unit.name, "routine": row.details["title"], "due": _written(row, "due_on")}
    if row.occasion_on > day_of(row, "due_on"):
        title = _("Rutinen ”%(routine)s”, %(unit)s, skulle ha setts över")
        lead = _(
            "Den skulle ha setts över senast den %(due)s. Den gäller fortfarande, men alla som läser den ser att den "
            "inte är genomgången."
        )
    else:
        title = _("Dags att se över rutinen ”%(routine)s”, %(unit)s")
        lead = _("Den ska ses över senast den %(due)s.")
    return Wording(
        title % words,
        lead % words,
        _(
            "Läs igenom den tillsammans. Stämmer roller, nummer och arbetssätt? Börja på en ny version i portalen, "
            "också om bara lite eller inget ska ändras: då får rutinen ett nytt datum."
        ),
        _("Öppna rutinen"),
        reverse("routine", args=[row.details["slug"]]),
    )


def _coverage_fell(row: Reminder, to: User) -> Wording:
    figures = {name: int(figure) for name, figure in row.details.items()}
    missing, newcomers = figures["missing"], figures["newcomers"]
    words = {"unit": row.unit.name, **figures}
    to_do = ngettext(
        "När %(missing)s person till har gått kursen är ni över gränsen igen. Steg 1 är fortfarande klart.",
        "När %(missing)s personer till har gått kursen är ni över gränsen igen. Steg 1 är fortfarande klart.",
        missing,
    )
    if newcomers:
        since = ngettext(
            "%(newcomers)s av dem som saknar kursen har börjat sedan steg 1 blev klart.",
            "%(newcomers)s av dem som saknar kursen har börjat sedan steg 1 blev klart.",
            newcomers,
        )
        to_do = f"{since} {to_do}"
    return Wording(
        _("Påfyllning behövs: webbkursen hos %(unit)s") % words,
        _("%(covered)s av %(size)s har gått webbkursen. Det är %(percent)s procent, och gränsen är %(threshold)s.")
        % words,
        to_do % words,
        _("Se vilka som saknar kursen"),
        reverse("step_1", args=[row.unit.slug]),
    )


_WORDINGS: dict[RuleKind, Callable[[Reminder, User], Wording]] = {
    RuleKind.OPENS: _opens,
    RuleKind.TWO_MONTHS_LEFT: _months_left,
    RuleKind.ONE_MONTH_LEFT: _months_left,
    RuleKind.OVERDUE: _overdue,
    RuleKind.ESCALATED: _escalated,
    RuleKind.MEETING: _meeting,
    RuleKind.SUPPORT_ACTION: _support_action,
    RuleKind.NEW_MANAGER: _new_manager,
    RuleKind.STALLED: _stalled,
    RuleKind.ROUTINE_REVIEW: _routine_review,
    RuleKind.COVERAGE_FELL: _coverage_fell,
}
