"""Making a routine, and filtering the list of them."""

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jarfalla.pdf import refuse_unprintable
from routines import queries
from routines.forms.reading import SearchForm
from routines.forms.texts import REFUSALS
from routines.models import Template
from units.forms import PortalForm
from units.models import Kind, Unit
from units.queries import swedish_key

FIRST_TITLE = gettext_lazy("Rutin vid hedersrelaterat våld och förtryck")


class TemplateField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """A template to start from."""

    def offer(self, unit: Unit) -> None:
        """Those made for the unit's kind first, apart from the rest."""
        templates = queries.templates_for(unit)
        fitting = [(row.pk, row.name) for row in templates if unit.kind in row.kinds]
        others = [(row.pk, row.name) for row in templates if unit.kind not in row.kinds]
        groups = [(_("För %(kind)s") % {"kind": unit.get_kind_display().lower()}, fitting), (_("Andra mallar"), others)]
        self.queryset = Template.objects.current()
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
        error_messages={**REFUSALS, "required": gettext_lazy("Skriv en titel.")},
    )

    def __init__(self, *args: Any, unit: Unit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["template"].offer(unit)  # type: ignore[attr-defined]  # it is a TemplateField


def _kinds() -> list[tuple[str, Any]]:
    return [("", _("Alla")), *sorted(Kind.choices, key=lambda choice: swedish_key(str(choice[1])))]


class RoutineFilter(SearchForm):
    """Which routines the coordinator's list shows."""

    kind = forms.ChoiceField(label=gettext_lazy("Verksamhetstyp"), required=False, choices=_kinds)
    state = forms.ChoiceField(
        label=gettext_lazy("Läge"),
        required=False,
        choices=lambda: [
            ("", _("Alla")),
            *((state.value, capfirst(state.label)) for state in queries.STATES),
            (queries.LATE, _("Skulle ha setts över")),
        ],
    )
