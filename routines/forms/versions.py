"""Comparing versions, and ending one."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jarfalla.pdf import refuse_unprintable
from routines.forms.texts import REFUSALS
from routines.models import RoutineVersion
from units.forms import PortalForm

_CHOOSE = {
    "required": gettext_lazy("Välj en version."),
    "invalid_choice": gettext_lazy("Den versionen finns inte. Välj en annan."),
}


class CompareForm(PortalForm):
    """Which two versions stand side by side."""

    fran = forms.ChoiceField(label=gettext_lazy("Jämför version"), error_messages=_CHOOSE)
    till = forms.ChoiceField(label=gettext_lazy("med version"), error_messages=_CHOOSE)

    def __init__(
        self,
        *args: Any,
        versions: Sequence[RoutineVersion],
        chosen: tuple[RoutineVersion, RoutineVersion] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._versions = {version.number: version for version in versions}
        choices = [(number, f"{number} · {version.state.label}") for number, version in self._versions.items()]
        for name in ("fran", "till"):
            self.fields[name].choices = choices  # type: ignore[attr-defined]  # it is a ChoiceField
        if chosen:
            self.initial = {"fran": chosen[0].number, "till": chosen[1].number}

    def clean(self) -> dict[str, Any]:
        """Refuse a version beside itself."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("fran") and cleaned.get("fran") == cleaned.get("till"):
            self.add_error("till", _("Välj två olika versioner."))
        return cleaned

    @property
    def chosen(self) -> tuple[RoutineVersion, RoutineVersion] | None:
        """The two, the older first; None when what was asked for does not exist."""
        if not self.is_valid():
            return None
        one, other = (self._versions[self.cleaned_data[name]] for name in ("fran", "till"))
        older, newer = sorted((one, other), key=lambda row: (row.major, row.minor))
        return older, newer


class DiscardForm(PortalForm):
    """A version to throw away, by the number that it is printed with."""

    version = forms.CharField(max_length=12, widget=forms.HiddenInput)


class WithdrawForm(PortalForm):
    """Why a routine stops being in force."""

    reason = forms.CharField(
        label=gettext_lazy("Varför ska rutinen inte längre gälla?"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        validators=[refuse_unprintable],
        error_messages={**REFUSALS, "required": gettext_lazy("Skriv varför rutinen inte längre ska gälla.")},
        help_text=gettext_lazy("Skälet sparas tillsammans med ditt namn och dagens datum."),
    )
