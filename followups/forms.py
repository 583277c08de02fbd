"""The form for a follow-up."""

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from followups.models import CLOSING_DECISIONS, Decision, Promise
from followups.queries import Window
from units.forms import DateField, PortalForm

# How many support actions one follow-up can lead to.
SUPPORT_ROWS = 3


class FollowUpForm(PortalForm):
    """What was said and decided; for more support, what is promised. `window` gives the sentences about dates."""

    round = forms.IntegerField(required=False, widget=forms.HiddenInput)
    held_on = DateField(label=_("Dag för samtalet"), past=True)
    routines_used = forms.CharField(
        label=_("Används rutinerna, och finns de i verksamhetsplanen?"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    effect = forms.CharField(
        label=_("Vad har blivit annorlunda?"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Skriv om arbetssätt och trygghet i gruppen, aldrig om enskilda personer eller ärenden."),
    )
    needs = forms.CharField(
        label=_("Vad behöver enheten framöver?"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    decision = forms.ChoiceField(
        label=_("Beslut"),
        choices=Decision.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Välj vad uppföljningen leder till.")},
    )
    override_reason = forms.CharField(
        label=_("Skäl till att den görs tidigare"),
        max_length=300,
        required=False,
        help_text=_("Behövs bara om omgången avslutas innan uppföljningen har öppnat. Skälet står kvar i historiken."),
    )

    def __init__(self, *args: Any, window: Window, **kwargs: Any) -> None:
        self.window = window
        super().__init__(*args, **kwargs)
        for row in range(1, SUPPORT_ROWS + 1):
            self.fields[f"support_{row}_what"] = forms.CharField(
                label=_("Vad som ska göras"), max_length=300, required=False
            )
            self.fields[f"support_{row}_owner"] = forms.CharField(
                label=_("Vem som gör det"), max_length=100, required=False
            )
            self.fields[f"support_{row}_due_on"] = DateField(label=_("Senast"), required=False)
        self.guard()

    def support_rows(self) -> list[list[forms.BoundField]]:
        """The fields of each support action, for the page."""
        return [[self[name] for name in _row_names(row)] for row in range(1, SUPPORT_ROWS + 1)]

    @property
    def uses_more_rows(self) -> bool:
        """Whether something stands in, or is wrong with, a row after the first."""
        return any(field.errors or field.value() for row in self.support_rows()[1:] for field in row)

    @property
    def asks_for_reason(self) -> bool:
        """Whether the field for an early follow-up is worth showing."""
        return self.is_bound or self.window.on < self.window.opens_on

    def recorded(self) -> dict[str, Any]:
        """What the action is to record; call it on a valid form."""
        names = ("held_on", "routines_used", "effect", "needs", "override_reason", "support_actions")
        return {
            "decision": Decision(self.cleaned_data["decision"]),
            **{name: self.cleaned_data[name] for name in names},
        }

    def clean_held_on(self) -> dt.date:
        """The date; refused at this field when it lies before step 3."""
        held_on: dt.date = self.cleaned_data["held_on"]
        if held_on < self.window.routines_on:
            raise forms.ValidationError(self.window.before_routines)
        return held_on

    def clean(self) -> dict[str, Any]:
        """Check what belongs together: an early date and its reason, more support and its actions."""
        cleaned = super().clean() or {}
        cleaned["support_actions"] = [promise for row in range(1, SUPPORT_ROWS + 1) if (promise := self._promise(row))]
        held_on, decision = cleaned.get("held_on"), cleaned.get("decision")
        early = held_on is not None and held_on < self.window.opens_on
        if early and decision in CLOSING_DECISIONS and not cleaned.get("override_reason"):
            self.add_error("override_reason", self.window.too_early)
        has_text = any(cleaned.get(name) for row in range(1, SUPPORT_ROWS + 1) for name in _row_names(row))
        if decision == Decision.MORE_SUPPORT and not has_text and not self._row_errors():
            self.add_error(
                "support_1_what", _("Skriv minst en stödinsats: vad som ska göras, vem som gör det och när.")
            )
        if decision and decision != Decision.MORE_SUPPORT and has_text:
            self.add_error("decision", _("Stödinsatser hör till beslutet om mer stöd. Ändra beslutet eller töm dem."))
        return cleaned

    def _row_errors(self) -> bool:
        return any(name in self.errors for row in range(1, SUPPORT_ROWS + 1) for name in _row_names(row))

    def _promise(self, row: int) -> Promise | None:
        """The support action of a row; None for an empty row, and for a half one, whose gaps get a sentence each."""
        values = {name: self.cleaned_data.get(name) for name in _row_names(row)}
        if not any(values.values()):
            return None
        for name, sentence in zip(values, _GAPS, strict=True):
            if not values[name] and name not in self.errors:
                self.add_error(name, sentence)
        what, owner, due_on = values.values()
        held_on = self.cleaned_data.get("held_on")
        if due_on and held_on and due_on < held_on:
            self.add_error(_row_names(row)[2], _("Datumet ligger före uppföljningen."))
        return Promise(what, owner, due_on) if what and owner and due_on else None


# What stands at each field that a half filled row has left empty.
_GAPS = (_("Skriv vad som ska göras."), _("Skriv vem som gör det."), _("Välj senaste dag."))


def _row_names(row: int) -> list[str]:
    return [f"support_{row}_{part}" for part in ("what", "owner", "due_on")]
