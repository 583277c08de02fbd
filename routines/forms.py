"""Forms of step 3."""

from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jarfalla.pdf import refuse_unprintable
from routines import queries
from routines.models import RoutineSection, RoutineVersion, SectionKind, Template
from units.forms import PortalForm
from units.models import Kind, Unit
from units.queries import swedish_key

FIRST_TITLE = gettext_lazy("Rutin vid hedersrelaterat våld och förtryck")
# Some thirty pages: more is a mistake of the clipboard.
LONGEST_SECTION = 20_000

# What any text may be refused for, in words that help.
_REFUSALS: dict[str, Any] = {
    "max_length": gettext_lazy("Texten är %(show_value)d tecken lång, och högst %(limit_value)d får plats. Korta den."),
    "null_characters_not_allowed": gettext_lazy("Texten innehåller ett tecken som inte går att spara. Skriv om den."),
}


class TemplateField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """A template to start from."""

    def offer(self, unit: Unit) -> None:
        """Those made for the unit's kind first, apart from the rest."""
        templates = queries.templates_for(unit)
        fitting = [(row.pk, row.name) for row in templates if unit.kind in row.kinds]
        others = [(row.pk, row.name) for row in templates if unit.kind not in row.kinds]
        groups = [(_("För %(kind)s") % {"kind": unit.get_kind_display().lower()}, fitting), (_("Andra mallar"), others)]
        self.queryset = Template.objects.all()
        self.choices = [group for group in groups if group[1]]
        self.initial = templates[0].pk if templates else None


class NewRoutineForm(PortalForm):
    """A routine to make for a unit."""

    template = TemplateField(
        label=gettext_lazy("Mall"),
        queryset=Template.objects.none(),
        empty_label=None,
        error_messages={"required": gettext_lazy("Välj en mall."), "invalid_choice": gettext_lazy("Välj en mall.")},
    )
    title = forms.CharField(
        label=gettext_lazy("Titel"),
        max_length=150,
        initial=FIRST_TITLE,
        validators=[refuse_unprintable],
        error_messages={**_REFUSALS, "required": gettext_lazy("Skriv en titel.")},
    )

    def __init__(self, *args: Any, unit: Unit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["template"].offer(unit)  # type: ignore[attr-defined]  # it is a TemplateField


class SectionField(forms.CharField):
    """What a section says. A mandatory one may be empty in a draft: `WriteForm.require_mandatory` asks for it."""

    def __init__(self, section: RoutineSection) -> None:
        lines = sum(1 + len(line) // 75 for line in section.body.split("\n")) + 1
        super().__init__(
            label=section.heading,
            required=section.is_mandatory,
            max_length=LONGEST_SECTION,
            initial=section.body,
            help_text=str(_HINTS.get(section.kind, "")),
            validators=[refuse_unprintable],
            error_messages=_REFUSALS,
            widget=forms.Textarea(attrs={"class": "form-control", "rows": min(max(lines, 5), 24)}),
        )

    def validate(self, value: str) -> None:
        """Anything may be saved; also nothing."""


class WriteForm(PortalForm):
    """All sections of a version on one page. `seen` is the text that the writer began from."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, version: RoutineVersion, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"seen": version.content_sha256()})
        super().__init__(*args, **kwargs)
        self.sections = list(version.sections.all())
        for section in self.sections:
            self.fields[name_of(section)] = SectionField(section)
        self.guard()

    def rows(self) -> list[tuple[RoutineSection, forms.BoundField]]:
        """Each section with its field, in order; the field says what it is described by: guidance, hint, error."""
        rows = [(section, self[name_of(section)]) for section in self.sections]
        for section, field in rows:
            described_by = [f"vagledning-{section.position}", f"{field.auto_id}_helptext"]
            if field.errors:
                described_by.append(f"{field.auto_id}_error")
                field.field.widget.attrs["class"] = "form-control is-invalid"
            field.field.widget.attrs["aria-describedby"] = " ".join(described_by)
        return rows

    def bodies(self) -> dict[int, str]:
        """What was written, by the section's position; only of a valid form."""
        return {section.position: self.cleaned_data[name_of(section)] for section in self.sections}

    def require_mandatory(self) -> bool:
        """Whether everything that must stand in the routine does; if not, each empty field says so."""
        for section in self.sections:
            if section.is_mandatory and not self.cleaned_data[name_of(section)].strip():
                self.add_error(
                    name_of(section), _("Fyll i det här avsnittet innan du skickar. Det du har skrivit är sparat.")
                )
        return not self.errors

    def start_again_from(self, version: RoutineVersion) -> None:
        """Let the next save begin from the text as it is now; what was typed stays on the page."""
        self.data = {**dict(self.data.items()), "seen": version.content_sha256()}


_HINTS: dict[str, Promise] = {
    SectionKind.TEXT: gettext_lazy("En tom rad ger ett nytt stycke."),
    SectionKind.CHECKLIST: gettext_lazy("En punkt på varje rad."),
    SectionKind.CONTACTS: gettext_lazy("Kontakterna hämtas från portalens register och visas under den här texten."),
}


def name_of(section: RoutineSection) -> str:
    """The name of a section's field."""
    return f"section_{section.position}"


class SeenForm(PortalForm):
    """An endorsement or an approval: of the text that was on the page."""

    seen = forms.CharField(
        widget=forms.HiddenInput,
        max_length=64,
        error_messages={"required": gettext_lazy("Läs rutinen på den här sidan innan du bestämmer dig.")},
    )


class ReturnForm(PortalForm):
    """What must change before the version can be reviewed again."""

    comment = forms.CharField(
        label=gettext_lazy("Vad behöver ändras?"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={**_REFUSALS, "required": gettext_lazy("Skriv vad som behöver ändras.")},
        help_text=gettext_lazy("Skriv så att den som ska ändra förstår vad och varför."),
    )


def _kinds() -> list[tuple[str, Any]]:
    return [("", _("Alla")), *sorted(Kind.choices, key=lambda choice: swedish_key(str(choice[1])))]


class RoutineFilter(PortalForm):
    """Which routines the coordinator's list shows. What can't be understood is left out, never an error."""

    q = forms.CharField(
        label=gettext_lazy("Sök på titel eller enhet"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    kind = forms.ChoiceField(label=gettext_lazy("Verksamhetstyp"), required=False, choices=_kinds)
    state = forms.ChoiceField(
        label=gettext_lazy("Läge"),
        required=False,
        choices=lambda: [("", _("Alla")), *((state.value, state.label.capitalize()) for state in queries.STATES)],
    )

    @property
    def chosen(self) -> dict[str, str]:
        """The filters in use, by the names that they have in the address."""
        self.full_clean()
        return {name: value for name, value in self.cleaned_data.items() if value}
