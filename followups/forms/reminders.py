"""Forms about reminders: a rule, days off, a pause."""

import datetime as dt
from dataclasses import replace
from typing import Any

from dateutil.relativedelta import relativedelta
from django import forms
from django.db.models import TextChoices
from django.utils.text import capfirst, format_lazy
from django.utils.translation import gettext_lazy as _

from followups.models import Recipient, RuleKind
from followups.queries import RECIPIENTS, Rule
from units.forms import PortalForm
from units.models.programme import Month

_MOST_DAYS, _MOST_TIMES = 366, 12
# What the days of a rule are counted from.
_DAYS = {
    RuleKind.MEETING: _("Så många dagar före samtalet"),
    RuleKind.SUPPORT_ACTION: _("Så många dagar efter den utlovade dagen"),
    RuleKind.ROUTINE_REVIEW: _("Så många dagar innan rutinen ska ses över"),
    RuleKind.STALLED: _("När så många dagar har gått utan att något har hänt"),
}
# Who "the unit's manager" is, where that is somebody in particular.
_MANAGERS = {
    RuleKind.NEW_MANAGER: _("Den nya chefen"),
    RuleKind.ROUTINE_REVIEW: _("Rutinens ägare, eller enhetens chef om rutinen inte har någon"),
}
_BOTH = {
    RuleKind.NEW_MANAGER: _("Samordnaren och den nya chefen"),
    RuleKind.ROUTINE_REVIEW: _("Samordnaren och rutinens ägare (eller enhetens chef)"),
}
# A year in which every month has all of its days.
_LEAP_YEAR = 2024


def _between(most: int) -> dict[str, Any]:
    """A whole number from 1 to `most`, and what is said about any other."""
    sentence = format_lazy(_("Skriv ett tal från 1 till {most}."), most=most)
    return {
        "min_value": 1,
        "max_value": most,
        "widget": forms.NumberInput(attrs={"inputmode": "numeric"}),
        "error_messages": dict.fromkeys(("invalid", "min_value", "max_value"), sentence),
    }


def recipient_label(kind: RuleKind, to: Recipient) -> str:
    """Who gets the reminders of a rule, in words."""
    named = {Recipient.MANAGER: _MANAGERS, Recipient.BOTH: _BOTH}.get(to, {})
    return str(named.get(kind) or capfirst(to.label))


class ReminderRuleForm(PortalForm):
    """A rule: whether it is used, to whom it writes, and what it counts, if it counts anything."""

    is_on = forms.BooleanField(label=_("Påminn om det här"), required=False)
    to = forms.ChoiceField(label=_("Vem ska påminnas?"), widget=forms.RadioSelect)
    days = forms.IntegerField(**_between(_MOST_DAYS))
    times = forms.IntegerField(
        label=_("Högst så många gånger, en gång i månaden, när dagen har passerat"), **_between(_MOST_TIMES)
    )

    def __init__(self, *args: Any, rule: Rule, **kwargs: Any) -> None:
        self.rule = rule
        initial = {"is_on": rule.is_on, "to": rule.to, "days": rule.days, "times": rule.times}
        super().__init__(*args, initial=initial, **kwargs)
        choices = [(to.value, recipient_label(rule.kind, to)) for to in RECIPIENTS[rule.kind]]
        self.fields["to"].choices = choices  # type: ignore[attr-defined]  # a choice field
        self.fields["days"].label = _DAYS.get(rule.kind)
        for name in ("days", "times"):
            if getattr(rule, name) is None:
                del self.fields[name]
        if len(choices) == 1:
            del self.fields["to"]

    def chosen(self) -> Rule:
        """The rule that was asked for; call it on a valid form."""
        fields = {name: self.cleaned_data[name] for name in self.fields}
        if "to" in fields:
            fields["to"] = Recipient(fields["to"])
        return replace(self.rule, **fields)


class QuietPeriodForm(PortalForm):
    """Days of each year on which nobody is reminded."""

    name = forms.CharField(label=_("Namn"), max_length=60, help_text=_("Till exempel Sommar eller Sportlov."))
    first_day = forms.IntegerField(label=_("Från och med dag"), **_between(31))
    first_month = forms.TypedChoiceField(label=_("Från och med månad"), coerce=int, choices=Month)
    last_day = forms.IntegerField(label=_("Till och med dag"), **_between(31))
    last_month = forms.TypedChoiceField(label=_("Till och med månad"), coerce=int, choices=Month)

    def clean(self) -> dict[str, Any]:
        """The days; refused at the day that its month does not have."""
        cleaned = super().clean() or {}
        for end in ("first", "last"):
            day, month = cleaned.get(f"{end}_day"), cleaned.get(f"{end}_month")
            if day and month and not _is_a_day(month, day):
                self.add_error(f"{end}_day", _("Den dagen finns inte i den månaden."))
        return cleaned

    def period(self) -> dict[str, Any]:
        """What the action is to add; call it on a valid form."""
        days = self.cleaned_data
        return {
            "name": days["name"],
            "first": (days["first_month"], days["first_day"]),
            "last": (days["last_month"], days["last_day"]),
        }


def _is_a_day(month: int, day: int) -> bool:
    try:
        dt.date(_LEAP_YEAR, month, day)
    except ValueError:
        return False
    return True


class PauseLength(TextChoices):
    """For how long somebody wants no reminders."""

    MONTH = "month", _("I en månad")
    QUARTER = "quarter", _("I tre månader")
    OPEN = "open", _("Tills jag säger till")


class PauseForm(PortalForm):
    """For how long to hold the reminders back."""

    length = forms.ChoiceField(
        label=_("Hur länge vill du pausa?"), choices=PauseLength, initial=PauseLength.MONTH, widget=forms.RadioSelect
    )

    def ends_on(self, today: dt.date) -> dt.date | None:
        """The last day of the pause; none for one without an end. Call it on a valid form."""
        months = {PauseLength.MONTH: 1, PauseLength.QUARTER: 3}.get(PauseLength(self.cleaned_data["length"]))
        return today + relativedelta(months=months) if months else None
