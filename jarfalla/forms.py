"""The filters of the pages that see every app. What can't be understood is left out, never an error."""

from collections.abc import Iterable, Mapping
from typing import Any, Self
from urllib.parse import urlencode

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from units.forms import PortalForm
from units.models import Kind, Step, Unit
from units.queries import NOT_TAKING_PART, ProgressStatus, UnitWithProgress, swedish_key

EVERYTHING = ("", pgettext_lazy("filter", "Alla"))


def in_order(choices: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """The choices as Swedish sorts them, after the one that means all of them."""
    return [EVERYTHING, *sorted(choices, key=lambda choice: swedish_key(str(choice[1])))]


def kinds() -> list[tuple[str, Any]]:
    """The choices of verksamhetstyp, sorted in the language of the user."""
    return in_order(Kind.choices)


class PlaceFilter(PortalForm):
    """Förvaltning and kommundel."""

    department = forms.ChoiceField(label=_("Förvaltning"), required=False)
    district = forms.ChoiceField(label=_("Kommundel"), required=False)

    def __init__(self, query: Mapping[str, Any], *, places: Iterable[tuple[str, str]]) -> None:
        """`places` are the pairs of förvaltning and kommundel that there are."""
        super().__init__(query)
        places = list(places)
        for position, name in enumerate(("department", "district")):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = in_order((text, text) for text in {place[position] for place in places} if text)

    @classmethod
    def from_query(cls, query: Mapping[str, Any], *, places: Iterable[tuple[str, str]]) -> Self:
        """The filter that an address asks for, without the parts of it that mean nothing."""
        places = list(places)
        asked = cls(query, places=places)
        asked.full_clean()
        understood = cls({name: asked.cleaned_data.get(name, "") for name in asked.fields}, places=places)
        understood.full_clean()
        return understood

    @property
    def chosen(self) -> dict[str, str]:
        """The filters that are in use, by the names that they have in the address."""
        return {name: value for name, value in self.cleaned_data.items() if value}

    def query(self, **changes: str) -> str:
        """The address's query string with these filters, after `changes` ("" takes one away)."""
        return urlencode({name: value for name, value in {**self.chosen, **changes}.items() if value})

    def on_units(self, units: QuerySet[Unit]) -> QuerySet[Unit]:
        """Of these, the units that are what the filter says."""
        exact = {name: value for name, value in self.chosen.items() if name in ("kind", "department", "district")}
        return units.filter(**exact)


class OverviewFilter(PlaceFilter):
    """Which units the overview lists."""

    q = forms.CharField(
        label=_("Sök på namn"), max_length=120, required=False, widget=forms.TextInput(attrs={"type": "search"})
    )
    kind = forms.ChoiceField(label=_("Verksamhetstyp"), required=False, choices=kinds)
    status = forms.ChoiceField(label=_("Läge"), required=False, choices=[EVERYTHING, *ProgressStatus.choices])
    done = forms.ChoiceField(
        label=_("Har klarat"),
        required=False,
        choices=[EVERYTHING, *((str(value), label) for value, label in Step.choices)],
    )
    field_order = ("q", "status", "done", "kind", "department", "district")

    def on_units(self, units: QuerySet[Unit]) -> QuerySet[Unit]:
        """Of these, the units that are what the filter says, and are called so."""
        return super().on_units(units).filter(name__icontains=self.chosen.get("q", ""))

    def on_progress(
        self, units: "QuerySet[UnitWithProgress, UnitWithProgress]"
    ) -> "QuerySet[UnitWithProgress, UnitWithProgress]":
        """Of these, the units that stand where the filter says."""
        if status := self.chosen.get("status"):
            units = units.filter(status=status)
        if done := self.chosen.get("done"):
            units = units.exclude(status__in=NOT_TAKING_PART).filter(steps_done__gte=int(done))
        return units

    def matches(self, status: str, steps_done: int) -> bool:
        """The same question about one line of `count_progress`."""
        right_status = status == self.chosen.get("status", status)
        done = int(self.chosen.get("done", "0"))
        return right_status and (not done or (ProgressStatus(status).takes_part and steps_done >= done))
