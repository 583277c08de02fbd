"""Logging step 3: when, and where in the plan the routine stands."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jarfalla import clock
from routines import queries
from routines.forms.texts import REFUSALS
from routines.models import Routine
from units.forms import DateField, PortalForm, StepForm
from units.models import Unit


def _reference() -> forms.CharField:
    return forms.CharField(
        label=_("Var i verksamhetsplanen står det?"),
        max_length=200,
        help_text=_("Till exempel ”Verksamhetsplan 2026, avsnitt 4.2” eller diarienumret."),
        error_messages={**REFUSALS, "required": _("Skriv var i verksamhetsplanen rutinen står.")},
    )


class PlanForm(PortalForm):
    """When a routine was written into the unit's plan, and where in it."""

    written_on = DateField(label=_("När skrevs den in i verksamhetsplanen?"), past=True)
    reference = _reference()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"written_on": clock.today()})
        super().__init__(*args, **kwargs)


class RoutinesStepForm(StepForm):
    """The day of step 3; and, unless that is said already, when and where a routine was written into the plan.

    The coordinator's exception passes over the plan.
    """

    routine = forms.ModelChoiceField(
        label=_("Vilken rutin står i verksamhetsplanen?"),
        queryset=Routine.objects.none(),
        empty_label=None,
        error_messages={"required": _("Välj rutin."), "invalid_choice": _("Välj rutin.")},
    )
    written_on = DateField(label=_("När skrevs den in i verksamhetsplanen?"), past=True)
    reference = _reference()

    def __init__(self, *args: Any, unit: Unit, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"on": clock.today(), "written_on": clock.today()})
        super().__init__(*args, **kwargs)
        outside = queries.routines_outside_plan(unit)
        asked = bool(outside) and not queries.plan_entries(unit)
        if not asked:
            for name in ("routine", "written_on", "reference"):
                del self.fields[name]
            return
        if len(outside) == 1:
            del self.fields["routine"]
            self.only = outside[0]
        else:
            field: Any = self.fields["routine"]
            field.queryset = Routine.objects.filter(pk__in=[row.pk for row in outside])
            field.initial = outside[0].pk
        if "override_reason" in self.fields:
            self.order_fields(["on", "routine", "written_on", "reference", "override_reason"])

    only: Routine | None = None

    def clean(self) -> dict[str, Any]:
        """With a reason for an exception the plan may be left out."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("override_reason") and not self.data.get("reference", "").strip():
            for name in ("routine", "written_on", "reference"):
                self.errors.pop(name, None)
                cleaned.pop(name, None)
        return cleaned

    @property
    def in_plan(self) -> dict[str, Any] | None:
        """Routine, day and place, of a valid form; None when they were not asked for, or left out with a reason."""
        routine = self.cleaned_data.get("routine") or self.only
        reference = self.cleaned_data.get("reference")
        if routine is None or not reference:
            return None
        return {"routine": routine, "written_on": self.cleaned_data["written_on"], "reference": reference}
