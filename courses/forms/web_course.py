"""Forms of step 1. What is wrong stands at its field, in a sentence."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from courses import queries
from courses.models import GroupSession
from courses.queries import Coverage
from jarfalla import clock
from units.forms import DateField, PortalForm
from units.models import Refused, Unit, User

# A number that fits in its column; the real limit is the unit's size.
MOST_PARTICIPANTS = 100_000
# A training further away than this is a mistyped year.
FAR_AWAY = dt.timedelta(days=5 * 365)


class PeopleField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Checkboxes for those of the staff who lack the course; somebody who has it by now is no error."""

    def __init__(self, **kwargs: Any) -> None:
        messages = {
            "invalid_choice": _("En av personerna finns inte på personallistan längre. Välj igen."),
            "invalid_pk_value": _("En av personerna finns inte på personallistan längre. Välj igen."),
            "required": _("Välj minst en person."),
        }
        super().__init__(
            queryset=User.objects.none(),
            widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
            error_messages=messages,
            **kwargs,
        )

    def offer(self, unit: Unit, people: Iterable[User]) -> None:
        """Show `people`, with their address where two have the same name; accept whoever works in the unit."""
        people = list(people)
        same_name = Counter(person.name for person in people)
        self.queryset = queries.listed_staff(unit)
        self.choices = [
            (person.pk, person.name if same_name[person.name] == 1 else f"{person.name} ({person.email})")
            for person in people
        ]


class HeadcountField(forms.IntegerField):
    """How many took part: at least 1, or nothing."""

    def __init__(self, **kwargs: Any) -> None:
        messages = {
            "min_value": _("Antalet deltagare måste vara minst 1."),
            "max_value": _("Antalet deltagare är orimligt stort."),
        }
        super().__init__(
            required=False,
            min_value=1,
            max_value=MOST_PARTICIPANTS,
            error_messages=messages,
            widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
            **kwargs,
        )


class GroupSessionForm(PortalForm):
    """A group session: named participants, a headcount of those without a name, or both."""

    held_on = DateField(label=_("När hölls gruppträffen?"), past=True)
    members = PeopleField(label=_("Vilka var med?"), required=False)
    headcount = HeadcountField(
        label=_("Hur många fler var med, utan namn?"),
        help_text=_("Till exempel vikarier, eller kollegor som inte står i listan. Räkna inte dem du har kryssat för."),
    )
    # Not from the form's own rendering: the page writes a fresh one each time (templates/courses/step_1.html).
    token = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, unit: Unit, staff: list[User], coverage: Coverage, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"held_on": clock.today()})
        super().__init__(*args, **kwargs)
        self.coverage = coverage
        self.lacking = {person.pk for person in staff}
        self.fields["members"].offer(unit, staff)  # type: ignore[attr-defined]  # it is a PeopleField
        if not staff:
            self.fields["headcount"].label, self.fields["headcount"].help_text = _("Hur många var med?"), ""

    def clean(self) -> dict[str, Any]:
        """Somebody took part, and no more than work in the unit. A form sent again is left to the action."""
        data = self.cleaned_data
        if {"members", "headcount"} - data.keys():
            return data
        chosen, headcount = list(data["members"]), data["headcount"]
        if not chosen and not headcount:
            field = "members" if self.lacking else "headcount"
            self.add_error(field, _("Välj minst en person, eller ange hur många som var med utan namn."))
        elif headcount and not self.was_sent_before():
            newcomers = [person for person in chosen if person.pk in self.lacking]
            try:
                self.coverage.require_room(headcount, len(newcomers))
            except Refused as refused:
                self.add_error("headcount", str(refused))
        return data

    def was_sent_before(self) -> bool:
        """Whether a session was recorded from this very form."""
        token = self.cleaned_data.get("token")
        return token is not None and GroupSession.objects.filter(token=token).exists()


class CompletionsForm(PortalForm):
    """People who took the course by themselves."""

    users = PeopleField(label=_("Vilka har gått kursen?"))
    completed_on = DateField(label=_("När?"), past=True)

    def __init__(self, *args: Any, unit: Unit, staff: list[User], **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"completed_on": clock.today()})
        super().__init__(*args, **kwargs)
        self.fields["users"].offer(unit, staff)  # type: ignore[attr-defined]  # it is a PeopleField
