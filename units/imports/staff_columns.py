"""The columns of a staff list, and what the preview shows of its rows."""

import datetime as dt
from collections.abc import Mapping

from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from units.imports.lists import EMAIL_HEADINGS, ListField, headings
from units.models import ImportRow, ListImport, Verdict

FIELDS = (
    ListField(
        "email",
        _("E-postadress"),
        EMAIL_HEADINGS,
        required=True,
        help_text=_("Personerna känns igen på den."),
    ),
    ListField(
        "name",
        _("Namn"),
        headings("namn, fullständigt namn, hela namnet, medarbetare, anställd, visningsnamn, name, full name"),
        help_text=_("Hela namnet i en kolumn. Står det i två kolumner väljer du förnamn och efternamn i stället."),
    ),
    ListField("first_name", _("Förnamn"), headings("förnamn, tilltalsnamn, first name, given name, givenname")),
    ListField("last_name", _("Efternamn"), headings("efternamn, last name, surname")),
    ListField(
        "unit",
        _("Enhet"),
        headings(
            "enhet, enhetsnamn, enhetens namn, arbetsplats, arbetsställe, organisation, organisationsenhet, "
            "skola, förskola, unit"
        ),
        required=True,
        help_text=_("Enhetens namn, som det står i portalen."),
    ),
    ListField(
        "starts",
        _("Arbetar i enheten från och med"),
        headings(
            "från och med, fr.o.m., fr.o.m, from, från, from-datum, startdatum, börjar, började, anställd från, "
            "anställd fr.o.m., anställningsdatum, anst.datum, anst. datum, anst datum, start date"
        ),
        is_date=True,
    ),
    ListField(
        "ends",
        _("Slutade den"),
        headings(
            "till och med, t.o.m., t.o.m, tom, till, tom-datum, slutdatum, slutar, slutade, anställd till, "
            "anställd t.o.m., end date"
        ),
        is_date=True,
        help_text=_("Ett datum som inte har kommit än ändrar ingenting."),
    ),
)

REASONS = {
    "unit_missing": _("Enhetens namn saknas."),
    "unit_unknown": _("Portalen har ingen enhet som heter ”%(text)s”."),
    "unit_close": _("Portalen har ingen enhet som heter ”%(text)s”. Menas ”%(close)s”?"),
    "start_in_future": _("Personen börjar först %(text)s. Ta med raden i en senare lista."),
    "end_before_start": _("Slutdatumet ligger före startdatumet."),
    "twice": _("Samma person och enhet står redan på rad %(line)s."),
    "other_name": _("Samma e-postadress står på rad %(line)s med ett annat namn."),
    "reader": _("Det kontot läser siffror och kan inte höra till en enhet."),
    "ended": _("Anställningen har slutat och finns inte i portalen."),
}


def columns_of_staff(verdict: Verdict) -> list[str]:
    """The headings over the cells of `cells_of_staff`."""
    name, email, unit = gettext("Namn"), gettext("E-postadress"), gettext("Enhet")
    return {
        Verdict.JOINER: [name, email, unit, gettext("Från och med"), gettext("Anmärkning")],
        Verdict.MOVE: [name, email, gettext("Från"), gettext("Till"), gettext("Dag"), gettext("Anmärkning")],
        Verdict.LEAVER: [name, email, unit, gettext("Slutar den"), gettext("Anmärkning")],
        Verdict.RENAMED: [gettext("Namn i listan"), gettext("Namn i portalen"), email],
    }.get(verdict, [name, email, unit])


def cells_of_staff(row: ImportRow) -> list[str]:
    """What the preview shows of one row; the first cell says whom it is about."""
    data = row.data
    if row.verdict == Verdict.RENAMED:
        return [data["name"], data["old_name"], data["email"]]
    if row.verdict == Verdict.UNCHANGED:
        return [data["name"], data["email"], data["unit"]]
    units = [data["from"], data["unit"]] if row.verdict == Verdict.MOVE else [data["unit"]]
    day = date_format(dt.date.fromisoformat(data["on"]), "j F Y")
    notes = {
        "is_manager": gettext("chef"),
        "also": gettext("arbetar även i en annan enhet"),
        "opens_account": gettext("kontot öppnas igen"),
    }
    return [data["name"], data["email"], *units, day, ", ".join(notes[name] for name in notes if data.get(name))]


def doubtful_staff(list_import: ListImport, counts: Mapping[str, int]) -> dict[Verdict, str]:
    """Leavers who are more than a third of those present: the list may not have everybody after all."""
    leavers = counts.get(Verdict.LEAVER, 0)
    over = list_import.rows.filter(verdict=Verdict.UNCHANGED, reason="ended").count() if leavers else 0
    present = leavers + counts.get(Verdict.MOVE, 0) + counts.get(Verdict.UNCHANGED, 0) - over
    if leavers * 3 <= present:
        return {}
    sentence = gettext(
        "%(leavers)s av de %(present)s som arbetar i enheterna skulle sluta. Har listan verkligen alla som arbetar där?"
    )
    return {Verdict.LEAVER: sentence % {"leavers": leavers, "present": present}}
