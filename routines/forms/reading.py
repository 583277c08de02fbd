"""Searching in routines, saying that one is read, and taking over another unit's."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jarfalla.pdf import refuse_unprintable
from routines.forms.texts import REFUSALS
from routines.models import Routine
from units.forms import PortalForm
from units.models import Unit


class SearchForm(PortalForm):
    """What to look for. What can't be understood is left out, and the page says why; it is no error."""

    q = forms.CharField(
        label=gettext_lazy("Sök i rutinerna"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )

    @property
    def chosen(self) -> dict[str, str]:
        """What was filled in, by the names that it has in the address."""
        self.full_clean()
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def refused(self) -> list[str]:
        """Why the words were not searched for: too long, or what looks like somebody's number."""
        return [str(sentence) for sentence in self.errors.get("q", ())]


class ReadForm(PortalForm):
    """The version that somebody says they have read: the one that was on their page."""

    version = forms.CharField(required=False, max_length=9, widget=forms.HiddenInput)

    def __init__(self, *args: Any, routine: Routine, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.routine = routine

    def clean(self) -> dict[str, Any]:
        """With the version itself. What is wrong with it is about the page: nobody sees the field."""
        sent = self.cleaned_data.pop("version", "")
        found = self.routine.versions.filter(pk=int(sent)) if sent.isascii() and sent.isdecimal() else None
        version = found.filter(in_force_at__isnull=False).select_related("routine__unit").first() if found else None
        if version is None:
            self.errors.pop("version", None)
            raise forms.ValidationError(_("Läs rutinen på den här sidan och tryck sedan igen."))
        return {"version": version}


class AdoptForm(PortalForm):
    """Where a shared routine is taken over to, and what it is called there."""

    unit = forms.ModelChoiceField(
        label=gettext_lazy("Enhet"),
        queryset=Unit.objects.none(),
        empty_label=gettext_lazy("Välj i listan"),
        error_messages={
            "required": gettext_lazy("Välj vilken enhet som ska använda rutinen."),
            "invalid_choice": gettext_lazy("Välj en av enheterna i listan."),
        },
    )
    title = forms.CharField(
        label=gettext_lazy("Titel"),
        max_length=150,
        validators=[refuse_unprintable],
        error_messages={**REFUSALS, "required": gettext_lazy("Skriv en titel.")},
        help_text=gettext_lazy("Så heter rutinen hos er."),
    )

    def __init__(self, *args: Any, units: Iterable[Unit], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["unit"]
        rows = list(units)
        field.queryset = Unit.objects.filter(pk__in=[row.pk for row in rows])
        field.choices = [("", field.empty_label), *((row.pk, row.name) for row in rows)]
        if len(rows) == 1:
            field.initial = rows[0].pk
