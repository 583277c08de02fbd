"""Templates: their names, and what stands in their sections."""

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jarfalla import rich_text
from routines import queries
from routines.forms.fields import fields_for
from routines.forms.texts import REFUSALS
from routines.models import SectionKind, Template, TemplateSection
from units.forms import PortalForm
from units.models import Kind
from units.queries import swedish_key

_LONGEST_GUIDANCE = 4_000
# No section has it for its key.
_FIRST = "-"


def _kinds() -> list[tuple[str, Any]]:
    return sorted(Kind.choices, key=lambda choice: swedish_key(str(choice[1])))


class TemplateForm(PortalForm):
    """A template's name and the kinds of unit that it is made for. `seen` is what the person began from."""

    name = forms.CharField(
        label=gettext_lazy("Namn"),
        max_length=120,
        error_messages={**REFUSALS, "required": gettext_lazy("Skriv vad mallen ska heta.")},
    )
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("Gjord för"),
        choices=_kinds,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": gettext_lazy("Välj bland verksamhetstyperna.")},
        help_text=gettext_lazy("Mallen föreslås för de här verksamhetstyperna. Alla enheter kan använda den."),
    )
    seen = forms.CharField(widget=forms.HiddenInput, max_length=64, required=False)

    def __init__(self, *args: Any, template: Template | None = None, **kwargs: Any) -> None:
        if template:
            seen = queries.template_seen(template)
            kwargs.setdefault("initial", {"name": template.name, "kinds": template.kinds, "seen": seen})
        super().__init__(*args, **kwargs)

    def start_again_from(self, template: Template) -> None:
        """Let the next save begin from what is saved now; what was chosen stays on the page."""
        self.data = _with_seen(self.data, queries.template_seen(template))


class NewTemplateForm(TemplateForm):
    """A template to make, from another one or from nothing."""

    copy_of = forms.ModelChoiceField(
        label=gettext_lazy("Börja från"),
        queryset=Template.objects.all(),
        required=False,
        empty_label=gettext_lazy("En tom mall"),
        help_text=gettext_lazy("En tom mall har bara avsnittet om vårdnadshavare, som alla mallar måste ha."),
        error_messages={"invalid_choice": gettext_lazy("Välj en av mallarna.")},
    )
    field_order = ["name", "copy_of", "kinds"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["seen"]


class TemplateSectionForm(PortalForm):
    """What a section of a template says; the fields follow from its kind. `seen` is what the writer began from."""

    printed = ("heading",)

    heading = forms.CharField(
        label=gettext_lazy("Rubrik"),
        max_length=120,
        error_messages={**REFUSALS, "required": gettext_lazy("Skriv en rubrik.")},
    )
    guidance = forms.CharField(
        label=gettext_lazy("Vägledning"),
        max_length=_LONGEST_GUIDANCE,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages=REFUSALS,
        help_text=gettext_lazy("Läses av den som skriver rutinen. Den följer aldrig med i den färdiga texten."),
    )
    is_mandatory = forms.BooleanField(
        label=gettext_lazy("Måste fyllas i"),
        required=False,
        help_text=gettext_lazy("En rutin kan inte skickas till granskning medan avsnittet är tomt."),
    )
    is_locked = forms.BooleanField(
        label=gettext_lazy("Låst text"),
        required=False,
        help_text=gettext_lazy("Enheterna tar texten som den är, och tar över den igen när du ändrar den."),
    )
    is_acute = forms.BooleanField(
        label=gettext_lazy("Visas överst"),
        required=False,
        help_text=gettext_lazy("Det som någon med bråttom behöver: först på sidan, i telefonen och på papper."),
    )
    seen = forms.CharField(widget=forms.HiddenInput, max_length=64, required=False)

    def __init__(self, *args: Any, kind: str, section: TemplateSection | None = None, **kwargs: Any) -> None:
        contacts = [row.pk for row in section.contacts.all()] if section else []
        references = [row.pk for row in section.legal_references.all()] if section else []
        if section:
            kwargs.setdefault("initial", _initial(section))
        super().__init__(*args, **kwargs)
        self.kind, self.must_stay = kind, bool(section and queries.must_stay(section))
        self.fields |= fields_for(kind, contacts=contacts, references=references)
        self.order_fields(["heading", "guidance", "body", "cells", "contacts", "references"])
        self.fields["body"].required = self.must_stay
        if self.must_stay:
            for name in ("is_mandatory", "is_locked"):
                self.fields[name].disabled = True
                self.fields[name].help_text = _("Avsnittet om vårdnadshavare är alltid låst, i alla mallar.")

    def clean(self) -> dict[str, Any]:
        """Refuse to lock what is empty: the units could never fill it in."""
        values = self.cleaned_data
        if values.get("is_locked") and "body" not in self.errors and not self._says_something(values):
            self.add_error("body", _("Skriv texten. Avsnittet är låst, så enheterna kan inte fylla i det."))
        return values

    def _says_something(self, values: dict[str, Any]) -> bool:
        body = values.get("body") or ""
        written = body.strip() if self.kind == SectionKind.CHECKLIST else rich_text.to_plain(body).strip()
        if self.must_stay:
            return bool(written)
        return any([written, values.get("cells"), values.get("contacts"), values.get("references")])

    def values(self) -> dict[str, Any]:
        """What the section should say; only of a valid form."""
        return {name: value for name, value in self.cleaned_data.items() if name not in ("seen", "after")}

    def start_again_from(self, section: TemplateSection) -> None:
        """Let the next save begin from what is saved now; what was typed stays on the page."""
        self.data = _with_seen(self.data, queries.section_seen(section))


class NewSectionForm(TemplateSectionForm):
    """A section to put in a template, after one of those that it has."""

    after = forms.ChoiceField(
        label=gettext_lazy("Placera efter"),
        error_messages={
            "required": gettext_lazy("Välj var avsnittet ska stå."),
            "invalid_choice": gettext_lazy("Välj ett av mallens avsnitt."),
        },
    )

    def __init__(self, *args: Any, template: Template, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["seen"]
        sections = list(queries.template_sections(template))
        self.fields["after"].choices = [  # type: ignore[attr-defined]  # it is a ChoiceField
            (_FIRST, _("Först i mallen")),
            *((row.key, row.heading) for row in sections),
        ]
        self.initial.setdefault("after", sections[-1].key if sections else _FIRST)
        self.order_fields(["heading", "after"])

    def clean_after(self) -> str:
        """The key of the section that it comes after; "" for first."""
        after: str = self.cleaned_data["after"]
        return "" if after == _FIRST else after


def _with_seen(data: Mapping[str, Any], seen: str) -> QueryDict:
    """What was sent, also what was ticked, but from now on begun from `seen`."""
    copy = cast("QueryDict", data).copy()
    copy["seen"] = seen
    return copy


def _initial(section: TemplateSection) -> dict[str, Any]:
    names = ("heading", "guidance", "body", "cells", "is_mandatory", "is_locked", "is_acute")
    return {**{name: getattr(section, name) for name in names}, "seen": queries.section_seen(section)}
