"""Forms of the trainings. What is wrong stands at its field, in a sentence."""

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courses import queries
from courses.forms.web_course import HeadcountField
from courses.models import Material, Theme, Training
from jarfalla import clock
from units.forms import DateField, PortalForm, TimeField, moment
from units.models import Refused, Round

# A training further away than this is a mistyped year.
FAR_AWAY = dt.timedelta(days=5 * 365)
# A series has as many parts as the form has room for.
MOST_PARTS = 4
STARTS, ENDS = dt.time(13), dt.time(15)
MOST_SEATS = 100_000


class CheckboxesField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Checkboxes for rows."""

    def __init__(self, **kwargs: Any) -> None:
        gone = _("Något av det du valde finns inte längre. Välj igen.")
        super().__init__(
            required=False,
            widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
            error_messages={"invalid_choice": gone, "invalid_pk_value": gone},
            **kwargs,
        )


class RoundsField(CheckboxesField):
    """The units that take part; each stands for its open round."""

    def label_from_instance(self, obj: Round) -> str:
        """The unit's name."""
        return obj.unit.name


class TrainingForm(PortalForm):
    """What is planned: for whom, about what, when and where. `parts` is how many occasions there is room for."""

    rounds = RoundsField(label=_("Vilka enheter är det för?"), queryset=Round.objects.none())
    title = forms.CharField(label=_("Vad handlar utbildningen om?"), max_length=200)
    themes = forms.MultipleChoiceField(
        label=_("Teman"),
        choices=Theme.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
        error_messages={"invalid_choice": _("Något av det du valde finns inte längre. Välj igen.")},
    )
    need = forms.CharField(
        label=_("Vad behöver enheten?"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Det enheten själv har sagt. Skriv aldrig om enskilda ärenden."),
    )
    aim = forms.CharField(
        label=_("Vad ska utbildningen leda till?"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    place = forms.CharField(label=_("Plats"), max_length=200, required=False)
    meeting_url = forms.URLField(
        label=_("Möteslänk"),
        max_length=500,
        required=False,
        assume_scheme="https",
        help_text=_("Om den hålls på nätet."),
        error_messages={"invalid": _("Skriv en hel webbadress, till exempel https://teams.microsoft.com/…")},
    )
    leader = forms.CharField(label=_("Vem leder den?"), max_length=100, required=False)
    materials = CheckboxesField(label=_("Material ur biblioteket"), queryset=Material.objects.none())
    invites_staff = forms.BooleanField(
        label=_("Bjud in all personal, inte bara cheferna"),
        required=False,
        help_text=_("De som bjuds in får ett mejl med en kalenderfil, och ett nytt om något ändras."),
    )
    takes_sign_ups = forms.BooleanField(
        label=_("Öppen för anmälan"),
        required=False,
        help_text=_("Vem som helst kan anmäla sig, också från andra kommuner."),
    )
    capacity = forms.IntegerField(
        label=_("Antal platser"),
        required=False,
        min_value=1,
        max_value=MOST_SEATS,
        help_text=_("Lämna tomt om det inte finns någon gräns."),
        error_messages={
            "min_value": _("Antalet platser måste vara minst 1."),
            "max_value": _("Antalet platser är orimligt stort."),
        },
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, training: Training | None = None, parts: int = MOST_PARTS, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parts = parts
        self.has_sign_ups = training is not None and training.has_sign_ups
        self.fields["rounds"].queryset = queries.rounds_to_train(training)  # type: ignore[attr-defined]  # a model field
        self.fields["materials"].queryset = queries.materials_to_use(training)  # type: ignore[attr-defined]  # so too
        for part in range(1, parts + 1):
            self.fields |= occasion_fields(part)
        self.guard()  # the new fields too
        if training:
            self.initial = {**planned(training), **self.initial}

    def clean(self) -> dict[str, Any]:
        """Somebody is invited, every occasion ends after it starts, and no two start at the same time."""
        data = self.cleaned_data
        for_others = data.get("takes_sign_ups") or self.has_sign_ups
        if "rounds" in data and not data["rounds"] and not for_others:
            self.add_error("rounds", _("Välj minst en enhet, eller öppna utbildningen för anmälan."))
        # Whoever closes the sign-up keeps the number: without it everybody who waits would come in.
        if data.get("capacity") and not for_others:
            self.add_error("capacity", _("Antal platser gäller bara när utbildningen är öppen för anmälan."))
        started: set[dt.datetime] = set()
        for part in range(1, self.parts + 1):
            self.check_occasion(part, started)
        return data

    def check_occasion(self, part: int, started: set[dt.datetime]) -> None:
        """Refuse, at its fields, what can't be the times of part number `part`; note when it starts."""
        data, (day, time, until) = self.cleaned_data, names(part)
        if not data.get(day) or time not in data or until not in data:
            return
        if not data[time]:
            self.add_error(time, _("Skriv när det börjar."))
            return
        starts_at = moment(data[day], data[time])
        if data[until] and moment(data[day], data[until]) <= starts_at:
            self.add_error(until, _("Det måste sluta efter att det har börjat."))
        if starts_at in started:
            self.add_error(day, _("Två tillfällen börjar på samma tid. Ändra ett av dem."))
        started.add(starts_at)

    def times(self) -> list[tuple[dt.datetime, dt.datetime | None]]:
        """When each occasion starts and ends; only of a valid form."""
        data, found = self.cleaned_data, []
        for day, time, until in map(names, range(1, self.parts + 1)):
            if data[day]:
                ends_at = moment(data[day], data[until]) if data[until] else None
                found.append((moment(data[day], data[time]), ends_at))
        return found

    def details(self) -> dict[str, Any]:
        """The rest of what the action needs; only of a valid form."""
        theirs = {name for part in range(1, self.parts + 1) for name in names(part)}
        return {name: value for name, value in self.cleaned_data.items() if name not in theirs}

    def occasions(self) -> list[list[forms.BoundField]]:
        """The three fields of each occasion, for the page."""
        return [[self[name] for name in names(part)] for part in range(1, self.parts + 1)]

    def has_more_occasions(self) -> bool:
        """Whether something stands in, or is wrong with, the fields of the second occasion or a later one."""
        later = [names(part) for part in range(2, self.parts + 1)]
        return any(self[day].value() for day, _time, _until in later) or any(self[n].errors for p in later for n in p)


def names(part: int) -> tuple[str, str, str]:
    """The fields of one occasion: day, start and end."""
    suffix = "" if part == 1 else f"_{part}"
    return f"day{suffix}", f"time{suffix}", f"until{suffix}"


def occasion_fields(part: int) -> dict[str, forms.Field]:
    """Fresh fields for one occasion; only the first must be filled in."""
    day, time, until = names(part)
    first = part == 1
    return {
        day: TrainingDayField(label=_("Datum"), required=first),
        time: TimeField(label=_("Börjar"), initial=STARTS, required=first),
        until: TimeField(label=_("Slutar"), initial=ENDS, required=False),
    }


class TrainingDayField(DateField):
    """The day of a training; refused when its year must be a slip."""

    def clean(self, value: Any) -> Any:
        """The day."""
        day = super().clean(value)
        if day and abs(day - clock.today()) > FAR_AWAY:
            raise forms.ValidationError(_("Datumet ligger mer än fem år bort. Stämmer årtalet?"))
        return day


def planned(training: Training) -> dict[str, Any]:
    """What the form shows of a training that is there already."""
    kept = ("title", "themes", "need", "aim", "place", "meeting_url", "leader", "invites_staff")
    starts = timezone.localtime(training.starts_at)
    return {
        **{name: getattr(training, name) for name in (*kept, "takes_sign_ups", "capacity")},
        "rounds": [row.pk for row in training.rounds.all()],
        "materials": [row.pk for row in training.materials.all()],
        "day": starts.date(),
        "time": starts.time(),
        "until": timezone.localtime(training.ends_at).time() if training.ends_at else None,
    }


class HeldForm(PortalForm):
    """When a training was held, and how many of each unit came without being named."""

    held_on = DateField(label=_("När hölls den?"), past=True)

    def __init__(self, *args: Any, training: Training, **kwargs: Any) -> None:
        booked_for = timezone.localdate(training.starts_at)
        kwargs.setdefault("initial", {"held_on": min(booked_for, clock.today())})
        super().__init__(*args, **kwargs)
        self.training = training
        self.rows = list(training.training_rounds.all())
        for row in self.rows:
            label = gettext("Hur många deltog?")
            if len(self.rows) > 1:
                label = gettext("Hur många deltog från %(unit)s?") % {"unit": row.round.unit.name}
            self.fields[f"headcount_{row.round_id}"] = HeadcountField(
                label=label, initial=row.headcount, help_text=_("Utan namn. Lämna tomt om du inte vet.")
            )
        if len(self.rows) > 1:
            self.fields["absent"] = forms.TypedMultipleChoiceField(
                label=_("Kom någon enhet inte?"),
                required=False,
                coerce=int,
                choices=[(row.round_id, row.round.unit.name) for row in self.rows],
                widget=forms.CheckboxSelectMultiple,
                help_text=_("Kryssa för den. Den tas bort från utbildningen, och dess steg 2 väntar kvar."),
                error_messages={"invalid_choice": _("Välj bland enheterna på utbildningen.")},
            )
        if training.is_for_others:
            others = _("Hur många kom från andra enheter och organisationer?") if self.rows else _("Hur många kom?")
            self.fields["headcount"] = HeadcountField(label=others, initial=training.headcount)

    def clean(self) -> dict[str, Any]:
        """No more participants than work in each unit."""
        data = self.cleaned_data
        if self.rows and len(data.get("absent", ())) == len(self.rows):
            self.add_error("absent", _("Kom ingen enhet alls? Registrera då att utbildningen inte blev av."))
        for row in self.rows:
            name = f"headcount_{row.round_id}"
            if {"held_on", name} <= data.keys():
                try:
                    queries.require_attendance(self.training, row.round.unit, on=data["held_on"], headcount=data[name])
                except Refused as refused:
                    self.add_error(name, str(refused))
        return data

    def answer(self) -> dict[str, Any]:
        """What the action needs; only of a valid form."""
        data = self.cleaned_data
        headcounts = {row.round_id: data[f"headcount_{row.round_id}"] for row in self.rows}
        absent = set(data.get("absent", ()))
        return {"on": data["held_on"], "headcounts": headcounts, "absent": absent, "headcount": data.get("headcount")}


class CancelForm(PortalForm):
    """Why a training does not come about."""

    reason = forms.CharField(
        label=_("Skäl"),
        max_length=300,
        help_text=_("De som är inbjudna får läsa det du skriver."),
    )


class ReopenForm(PortalForm):
    """Why a training that was recorded as held was not."""

    reason = forms.CharField(
        label=_("Varför är det fel?"), max_length=300, help_text=_("Skälet står kvar på utbildningens sida.")
    )
