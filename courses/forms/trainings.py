"""Forms of the trainings. What is wrong stands at its field, in a sentence."""

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses import queries
from courses.forms.web_course import HeadcountField
from courses.models import Training
from jarfalla import clock
from units.forms import DateField, PortalForm
from units.models import Refused

# A number that fits in its column; the real limit is the unit's size.
MOST_PARTICIPANTS = 100_000
# A training further away than this is a mistyped year.
FAR_AWAY = dt.timedelta(days=5 * 365)


class TrainingForm(PortalForm):
    """A training to book."""

    title = forms.CharField(label=_("Vad handlar utbildningen om?"), max_length=200)
    day = DateField(label=_("Datum"))
    time = forms.TimeField(
        label=_("Klockslag"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"), initial=dt.time(13)
    )
    place = forms.CharField(label=_("Plats eller möteslänk"), max_length=200, required=False)
    leader = forms.CharField(label=_("Vem leder den?"), max_length=100, required=False)

    def clean_day(self) -> dt.date:
        """The day; refused at this field when its year must be a slip."""
        day: dt.date = self.cleaned_data["day"]
        if abs(day - clock.today()) > FAR_AWAY:
            raise forms.ValidationError(_("Datumet ligger mer än fem år bort. Stämmer årtalet?"))
        return day

    def booking(self) -> dict[str, Any]:
        """What the action needs; only of a valid form."""
        data = self.cleaned_data
        starts_at = timezone.make_aware(dt.datetime.combine(data["day"], data["time"]))
        return {"starts_at": starts_at, **{name: data[name] for name in ("title", "place", "leader")}}


class HeldForm(PortalForm):
    """When a training was held, and how many came."""

    held_on = DateField(label=_("När hölls den?"), past=True)
    attended = HeadcountField(label=_("Hur många deltog?"), help_text=_("Lämna tomt om du inte vet."))

    def __init__(self, *args: Any, training: Training, **kwargs: Any) -> None:
        booked_for = timezone.localdate(training.starts_at)
        kwargs.setdefault("initial", {"held_on": min(booked_for, clock.today())})
        super().__init__(*args, **kwargs)
        self.training = training

    def clean(self) -> dict[str, Any]:
        """No more participants than work in the unit."""
        data = self.cleaned_data
        if {"held_on", "attended"} <= data.keys():
            try:
                queries.require_attendance(self.training.round.unit, on=data["held_on"], attended=data["attended"])
            except Refused as refused:
                self.add_error("attended", str(refused))
        return data


class CancelForm(PortalForm):
    """Why a training does not come about."""

    reason = forms.CharField(
        label=_("Skäl"),
        max_length=300,
        help_text=_("Enhetens chef får läsa det du skriver."),
    )
