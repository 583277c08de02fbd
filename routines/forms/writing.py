"""Writing the sections of a version, and what is printed about it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routines import queries
from routines.forms.fields import fields_for
from routines.forms.texts import REFUSALS
from routines.models import RoutineSection, RoutineVersion, SectionKind, Situation
from routines.queries.writing import Content, Overlap
from units.forms import PortalForm, PortalModelForm


class SeenField(forms.Field):
    """What the writer began from (queries.seen_of); empty when the page did not show the section."""

    widget = forms.HiddenInput

    def __init__(self, initial: str) -> None:
        super().__init__(required=False, initial=initial)

    def clean(self, value: Any) -> str:
        """As it came; whoever reads it takes only numbers from it."""
        return str(value or "")


@dataclass(frozen=True, slots=True)
class WriteRow:
    """A section on the page: its fields, none when its text is locked."""

    section: RoutineSection
    seen: forms.BoundField | None
    fields: list[forms.BoundField]
    overlap: Overlap | None

    @property
    def is_alone(self) -> bool:
        """Whether the only field is the text, which the section's heading names."""
        return len(self.fields) == 1


class WriteForm(PortalForm):
    """The sections of a version on one page, or `only` one of them. A section that was not sent is left alone."""

    may_reopen = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, version: RoutineVersion, only: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        placed = ("placed_contacts__contact", "placed_references__reference")
        self.sections = list(version.sections.prefetch_related(*placed).order_by("position"))
        if only:
            self.sections = [section for section in self.sections if section.key == only]
        self.overlaps: dict[str, Overlap] = {}
        seen = queries.seen_of(self.sections)
        for section in self.sections:
            if not section.is_locked:
                self._add(section, seen[section.pk])
        self.guard()

    def _add(self, section: RoutineSection, seen: str) -> None:
        now = queries.content_of(section)
        self.fields[_name(section, "seen")] = SeenField(seen)
        for name, field in fields_for(
            section.kind, contacts=sorted(now.contacts), references=sorted(now.references)
        ).items():
            field.initial = field.initial or getattr(now, name)
            field.label = (
                section.heading
                if name == "body" and section.kind in (SectionKind.TEXT, SectionKind.CHECKLIST)
                else _("%(heading)s: %(what)s") % {"heading": section.heading, "what": str(field.label).lower()}
            )
            self.fields[_name(section, name)] = field

    def written(self) -> Iterator[RoutineSection]:
        """The sections that were sent."""
        return (section for section in self.sections if self.cleaned_data.get(_name(section, "seen")))

    def contents(self) -> dict[str, dict[str, Any]]:
        """What was written, by the section's key; only of a valid form."""
        names = ("body", "cells", "contacts", "references")
        return {
            section.key: {
                name: self.cleaned_data[_name(section, name)]
                for name in names
                if _name(section, name) in self.cleaned_data
            }
            for section in self.written()
        }

    def seen(self) -> dict[str, str]:
        """What the writer began from, by the section's key; only of a valid form."""
        return {section.key: self.cleaned_data[_name(section, "seen")] for section in self.written()}

    def differs(self, key: str, now: Content) -> bool:
        """Whether the section holds something else than what was sent; only of a valid form."""
        sent: dict[str, Any] = self.contents().get(key, {})
        placed: dict[str, Any] = {
            name: frozenset(row.pk for row in sent[name]) for name in ("contacts", "references") if name in sent
        }
        return any(getattr(now, name) != value for name, value in {**sent, **placed}.items())

    def show(self, overlaps: Iterable[Overlap]) -> None:
        """Put both's changes in the fields of the sections that somebody else has changed, and say so there."""
        data = _copy(self.data)
        for overlap in overlaps:
            section = overlap.section
            self.overlaps[section.key] = overlap
            self.add_error(_name(section, "body"), overlap.sentence)
            data[_name(section, "seen")] = overlap.seen
            _fill(data, section, overlap.merged)
        self.data = data

    def start_again_from(self, version: RoutineVersion) -> None:
        """Show what is saved now, and let the next save begin from there. Overlaps stay as they are shown."""
        data = _copy(self.data)
        saved = version.sections.prefetch_related("placed_contacts", "placed_references")
        seen = queries.seen_of(saved)
        for section in saved:
            if section.key not in self.overlaps and _name(section, "seen") in self.fields:
                data[_name(section, "seen")] = seen[section.pk]
                _fill(data, section, queries.content_of(section))
        self.data = data

    def ask_to_reopen(self) -> None:
        """Let the next save take the version back from its review."""
        data = _copy(self.data)
        data["may_reopen"] = "on"
        self.data = data

    def require(self, missing: Iterable[str]) -> bool:
        """Whether nothing is missing that must stand in the routine; if it is, each empty section says so."""
        empty = set(missing)
        for section in self.sections:
            if section.heading in empty and _name(section, "body") in self.fields:
                sentence = _("Fyll i det här avsnittet innan du skickar. Det du har skrivit är sparat.")
                self.add_error(_name(section, "body"), sentence)
        return not self.errors

    def rows(self) -> list[WriteRow]:
        """Each section with its fields, in order; a field says what it is described by: guidance, hint, error."""
        return [self._row(section) for section in self.sections]

    def _row(self, section: RoutineSection) -> WriteRow:
        names = [_name(section, name) for name in ("body", "cells", "contacts", "references")]
        fields = [self[name] for name in names if name in self.fields]
        for field in fields:
            described_by = [f"vagledning-{section.key}"]
            if field.field.help_text:
                described_by.append(f"{field.auto_id}_helptext")
            if field.errors:
                described_by.append(f"{field.auto_id}_error")
                if "class" in field.field.widget.attrs:
                    field.field.widget.attrs["class"] = "form-control is-invalid"
            if not field.use_fieldset:
                field.field.widget.attrs["aria-describedby"] = " ".join(described_by)
        seen = self[_name(section, "seen")] if fields else None
        return WriteRow(section, seen, fields, self.overlaps.get(section.key))


def _name(section: RoutineSection, name: str) -> str:
    """The name of a section's field."""
    return f"{section.key}-{name}"


def _copy(data: Any) -> QueryDict:
    """What was sent, to be changed before the page is shown again."""
    copy: QueryDict = data.copy()
    return copy


def _fill(data: QueryDict, section: RoutineSection, content: Content) -> None:
    """Let the data of a form say what `content` says."""
    data[_name(section, "body")] = content.body
    for situation in Situation:  # also an empty one: somebody else may have emptied it
        data[f"{_name(section, 'cells')}_{situation.value}"] = content.cells.get(situation.value, "")
    data.setlist(_name(section, "contacts"), [str(pk) for pk in sorted(content.contacts)])
    data.setlist(_name(section, "references"), [str(pk) for pk in sorted(content.references)])


class DetailsForm(PortalModelForm):
    """What municipalities print about a document. `is_minor` is asked of every version but a routine's first."""

    printed = ("owner_title", "applies_to", "diary_number", "change_note")

    is_minor = forms.TypedChoiceField(
        label=gettext_lazy("Vad ändras?"),
        choices=[
            ("major", gettext_lazy("Innehållet (huvudversion): alla läser rutinen igen och bekräftar det")),
            ("minor", gettext_lazy("Bara rättelser: ingen behöver läsa igen")),
        ],
        coerce=lambda choice: choice == "minor",
        error_messages={"required": gettext_lazy("Välj vad som ändras.")},
        widget=forms.RadioSelect,
    )
    seen = SeenField("")

    class Meta:
        model = RoutineVersion
        fields = ["document_type", "owner_title", "applies_to", "diary_number", "review_months", "change_note"]
        help_texts = {
            "owner_title": gettext_lazy("Befattningen som ansvarar för dokumentet, till exempel Rektor."),
            "applies_to": gettext_lazy("Till exempel Alla som arbetar på enheten."),
            "review_months": gettext_lazy("Hur många månader efter fastställandet rutinen ska ses över, högst 24."),
            "change_note": gettext_lazy("En mening om vad som skiljer versionen från den förra."),
        }
        error_messages = {
            "review_months": {
                "min_value": gettext_lazy("Rutinen ska ses över inom 1 till 24 månader."),
                "max_value": gettext_lazy("Rutinen ska ses över inom 1 till 24 månader."),
                "invalid": gettext_lazy("Skriv antalet månader med siffror, till exempel 12."),
            },
            "owner_title": REFUSALS,
            "applies_to": REFUSALS,
            "diary_number": REFUSALS,
            "change_note": REFUSALS,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        version: RoutineVersion = self.instance
        self.initial["seen"] = queries.details_seen(version)
        self.initial["is_minor"] = "minor" if version.minor else "major"
        if version.based_on_id is None:
            del self.fields["is_minor"]
        self.fields["review_months"].widget.attrs["inputmode"] = "numeric"

    def start_again_from(self, version: RoutineVersion) -> None:
        """Let the next save begin from the details as they are now; what was typed stays on the page."""
        data = _copy(self.data)
        data["seen"] = queries.details_seen(version)
        self.data = data
