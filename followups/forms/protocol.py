"""The protocol of a contact: made to be filled in with a thumb while somebody talks."""

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from followups.models import CLOSING_DECISIONS, Answer, Decision, Promise
from followups.queries import Window
from jarfalla import clock
from jarfalla.pdf import refuse_unprintable
from units.forms import DateField, PortalForm

# How many support actions one follow-up can lead to.
SUPPORT_ROWS = 3
# What says which contact it is about, and is not an answer.
_ABOUT = ("round", "number", "seen")
_SAID = (
    "process",
    "process_note",
    "routines_used",
    "in_plan",
    "routines_note",
    "effect",
    "needs",
    "lesson",
    "lesson_may_be_shared",
)
# Firefox fills a page that is loaded again with what it held before; these say what the page was filled with now.
_HIDDEN = forms.HiddenInput(attrs={"autocomplete": "off"})
# Those of them that are words of one's own.
_WRITTEN = ("process_note", "routines_note", "effect", "needs", "lesson")


def _question(label: Any) -> forms.ChoiceField:
    """A question that is answered with one press."""
    return forms.ChoiceField(label=label, choices=Answer.choices, required=False, widget=forms.RadioSelect)


def _notes(label: Any, *, rows: int = 2, help_text: Any = "") -> forms.CharField:
    """Words of one's own."""
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, max_length=4000, required=False, widget=widget, help_text=help_text)


class ProtocolForm(PortalForm):
    """What was said and decided; for more support, what is promised. `window` is that of the contact, and gives the
    sentences about dates."""

    # Whether what is written is going to stand on paper, whose fonts do not have every character.
    becomes_pdf = True

    round = forms.IntegerField(required=False, widget=_HIDDEN)
    number = forms.IntegerField(required=False, widget=_HIDDEN)
    # The draft that the page was filled with; empty for none.
    seen = forms.CharField(required=False, max_length=60, widget=_HIDDEN)
    held_on = DateField(label=_("Dag för samtalet"), past=True)
    process = _question(_("Fungerar arbetssättet?"))
    process_note = _notes(_("Mer om arbetssättet"))
    routines_used = _question(_("Används rutinerna?"))
    in_plan = _question(_("Finns de i verksamhetsplanen?"))
    routines_note = _notes(_("Mer om rutinerna"))
    effect = _notes(
        _("Vad har blivit annorlunda?"),
        help_text=_("Skriv om arbetssätt och trygghet i gruppen, aldrig om enskilda personer eller ärenden."),
    )
    needs = _notes(_("Vad behöver enheten framöver?"))
    lesson = _notes(_("En lärdom som andra kan ha nytta av"))
    lesson_may_be_shared = forms.BooleanField(
        label=_("Enheten vill dela lärdomen"),
        required=False,
        help_text=_("Samordnaren tar bort det som visar vilken enhet den kommer från innan andra läser den."),
    )
    decision = forms.ChoiceField(
        label=_("Beslut"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Välj vad uppföljningen leder till.")},
    )
    override_reason = forms.CharField(
        label=_("Skäl till att den görs tidigare"),
        max_length=300,
        required=False,
        help_text=_("Behövs bara om omgången avslutas före den dag som samtalet siktar på. Skälet står i historiken."),
    )

    def __init__(self, *args: Any, window: Window, **kwargs: Any) -> None:
        self.window = window
        first = {"round": window.round.number, "number": window.number, "held_on": clock.today()}
        super().__init__(*args, initial={**first, **(kwargs.pop("initial", None) or {})}, **kwargs)
        self.fields["decision"].choices = self._decisions()  # type: ignore[attr-defined]  # a choice field
        for row in range(1, SUPPORT_ROWS + 1):
            self.fields[f"support_{row}_what"] = forms.CharField(
                label=_("Vad som ska göras"), max_length=300, required=False
            )
            self.fields[f"support_{row}_owner"] = forms.CharField(
                label=_("Vem som gör det"), max_length=100, required=False
            )
            self.fields[f"support_{row}_due_on"] = DateField(label=_("Senast"), required=False)
        self.guard()
        if self.becomes_pdf:
            promised = (f"support_{row}_{part}" for row in range(1, SUPPORT_ROWS + 1) for part in ("what", "owner"))
            for name in (*_WRITTEN, *promised):
                self.fields[name].validators.append(refuse_unprintable)

    def _decisions(self) -> list[tuple[str, Any]]:
        """The decisions to choose from. The last contact can't go on to a next one; a form that is sent once more is
        about the contact that it was about, and the portal knows what became of that."""
        sent_again = self.is_bound and self.data.get("number") not in ("", None, str(self.window.number))
        is_last = self.window.is_last and not sent_again
        return [(value, label) for value, label in Decision.choices if not (is_last and value == Decision.GO_ON)]

    def support_rows(self) -> list[list[forms.BoundField]]:
        """The fields of each support action, for the page."""
        return [[self[name] for name in _row_names(row)] for row in range(1, SUPPORT_ROWS + 1)]

    @property
    def uses_rows(self) -> bool:
        """Whether something stands in, or is wrong with, a support action: then none of them is hidden."""
        return any(field.errors or field.value() for row in self.support_rows() for field in row)

    @property
    def uses_more_rows(self) -> bool:
        """Whether something stands in, or is wrong with, a row after the first."""
        return any(field.errors or field.value() for row in self.support_rows()[1:] for field in row)

    @property
    def asks_for_reason(self) -> bool:
        """Whether the field for an early follow-up is worth showing."""
        return self.is_bound or self.window.on < self.window.earliest_on or bool(self["override_reason"].value())

    def show_seen(self, seen: str) -> None:
        """Let the page, shown again, know the draft that is there by now."""
        self.data = dict(self.data.items(), seen=seen)

    def recorded(self) -> dict[str, Any]:
        """What the action is to record, with `said` by the names of FollowUp's columns; call it on a valid form."""
        names = ("held_on", "number", "override_reason", "support_actions")
        return {
            "decision": Decision(self.cleaned_data["decision"]),
            "said": {name: self.cleaned_data[name] for name in _SAID},
            **{name: self.cleaned_data[name] for name in names},
        }

    def clean_held_on(self) -> dt.date:
        """The date; refused at this field when it lies before step 3."""
        held_on: dt.date = self.cleaned_data["held_on"]
        if held_on < self.window.routines_on:
            raise forms.ValidationError(self.window.before_routines)
        return held_on

    def clean(self) -> dict[str, Any]:
        """Check what belongs together: a shared lesson, an early date and its reason, more support and its actions."""
        cleaned = super().clean() or {}
        if cleaned.get("lesson_may_be_shared") and not cleaned.get("lesson") and "lesson" not in self.errors:
            self.add_error("lesson", _("Skriv lärdomen som enheten vill dela."))
        cleaned["support_actions"] = [promise for row in range(1, SUPPORT_ROWS + 1) if (promise := self._promise(row))]
        held_on, decision = cleaned.get("held_on"), cleaned.get("decision")
        early = held_on is not None and held_on < self.window.earliest_on
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


class DraftForm(ProtocolForm):
    """The same answers half way: only what may never be saved is refused."""

    becomes_pdf = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if isinstance(field, DateField):  # as far as it has been typed
                typed = forms.CharField(label=field.label, max_length=10, required=field.required, widget=field.widget)
                self.fields[name] = typed
        self.guard()

    def full_clean(self) -> None:
        """Check the answers, none of which is needed yet; on the page they are marked as in the protocol."""
        needed = [field for field in self.fields.values() if field.required]
        for field in needed:
            field.required = False
        super().full_clean()
        for field in needed:
            field.required = True

    def clean_held_on(self) -> Any:
        """The day as it was typed."""
        return self.cleaned_data["held_on"]

    def clean(self) -> dict[str, Any]:
        """The answers as they are: nothing has to fit together yet."""
        return self.cleaned_data

    def answers(self) -> dict[str, Any]:
        """What is kept, by the names of the fields; call it on a valid form."""
        return {name: value for name, value in self.cleaned_data.items() if value and name not in _ABOUT}

    def sentence(self) -> str:
        """Why the draft can't be kept."""
        labels = {name: str(self[name].label) for name in self.errors}
        said = {name: label if label.endswith("?") else f"{label}:" for name, label in labels.items()}
        return " ".join(f"{said[name]} {error}" for name, errors in self.errors.items() for error in errors)


# What stands at each field that a half filled row has left empty.
_GAPS = (_("Skriv vad som ska göras."), _("Skriv vem som gör det."), _("Välj senaste dag."))


def _row_names(row: int) -> list[str]:
    return [f"support_{row}_{part}" for part in ("what", "owner", "due_on")]
