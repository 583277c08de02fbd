"""The list of who came. What is wrong stands at its field, in a sentence."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses import queries
from courses.forms.web_course import HeadcountField, PeopleField
from courses.models import Training
from courses.queries import Group
from units.forms import PortalForm
from units.models import Refused, User

# Digits of a primary key.
LONGEST_KEY = 18


class AttendanceForm(PortalForm):
    """For each group of people a box for everybody and, for a unit, how many came without a name.

    `seen` in the sent form is who was ticked when the page was shown: only they can be unticked, so that an old page
    never takes back what was recorded since, by the QR code or by somebody else.
    """

    # The fields are made for each group; the numbers in their names are primary keys of TrainingRound, 0 for others.
    PEOPLE, HEADCOUNT, OTHERS = "people_", "headcount_", "headcount_0"

    def __init__(
        self, data: QueryDict | None = None, *, training: Training, groups: list[Group], counts_others: bool
    ) -> None:
        self.training, self.groups = training, groups
        self.by_number = {group.row.pk if group.row else 0: group for group in groups}
        super().__init__(data)
        for number, group in self.by_number.items():
            self._add_group(number, group)
        if counts_others:
            self.fields[self.OTHERS] = HeadcountField(
                label=gettext_lazy("Hur många fler var med, från andra?"), initial=training.headcount
            )
        self.guard()

    def _add_group(self, number: int, group: Group) -> None:
        """The boxes and the number of one unit, or the boxes of those who signed up from elsewhere."""
        label = _("Anmälda från andra håll")
        if group.row:
            label = _("Vilka från %(unit)s var med?") % {"unit": group.row.round.unit.name}
            self.fields[f"{self.HEADCOUNT}{number}"] = HeadcountField(
                label=_("Hur många fler från %(unit)s var med, utan namn?") % {"unit": group.row.round.unit.name},
                initial=group.headcount,
            )
        if group.people:
            people = PeopleField(
                label=label, required=False, initial=[p.pk for p in group.people if p.pk in group.recorded]
            )
            people.offer(None, group.people)
            self.fields[f"{self.PEOPLE}{number}"] = people

    def shown(self) -> list[tuple[forms.BoundField | None, forms.BoundField | None]]:
        """The fields of each group, in the order of the page: boxes, number; what a group has not is None."""
        pairs = [(f"{self.PEOPLE}{number}", f"{self.HEADCOUNT}{number}") for number in self.by_number]
        if 0 not in self.by_number:
            pairs.append(("", self.OTHERS))
        found = [tuple(self[name] if name in self.fields else None for name in pair) for pair in pairs]
        return [(people, number) for people, number in found if people or number]

    def seen(self) -> set[int]:
        """Who is ticked on the page that is shown, or was on the one that was sent."""
        if isinstance(self.data, QueryDict) and self.is_bound:
            return {int(pk) for pk in self.data.getlist("seen") if pk.isdecimal() and len(pk) <= LONGEST_KEY}
        return {person.pk for group in self.groups for person in group.people if person.pk in group.recorded}

    def clean(self) -> dict[str, Any]:
        """No more of a unit than work there."""
        for number, group in self.by_number.items():
            named, counted = self._sent(number)
            if group.row and counted and f"{self.HEADCOUNT}{number}" in self.cleaned_data:
                day = queries.day_of(self.training)
                try:
                    queries.require_room(group.row.round.unit, on=day, names=len(named), headcount=counted)
                except Refused as refused:
                    self.add_error(f"{self.HEADCOUNT}{number}", str(refused))
        return self.cleaned_data

    def _sent(self, number: int) -> tuple[list[User], int | None]:
        """Who was ticked in one group, and how many were counted."""
        data: Mapping[str, Any] = self.cleaned_data
        return list(data.get(f"{self.PEOPLE}{number}", [])), data.get(f"{self.HEADCOUNT}{number}")

    def roll(self) -> dict[str, Any]:
        """What the action needs (courses.actions.Roll); only of a valid form."""
        present = {person for number in self.by_number for person in self._sent(number)[0]}
        offered = {person for group in self.groups for person in group.people}
        seen = self.seen()
        return {
            "present": present,
            "absent": {person for person in offered - present if person.pk in seen},
            "headcounts": {number: self._sent(number)[1] for number, group in self.by_number.items() if group.row},
            "others": (self.cleaned_data[self.OTHERS],) if self.OTHERS in self.fields else None,
        }
