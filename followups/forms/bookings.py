"""Forms for the time of a contact: booked, called off, or not held."""

import calendar
import datetime as dt
from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from followups.models import Booking
from followups.queries import Window, WindowState, is_working_day, written
from jarfalla import clock
from units.forms import DateField, PortalForm, TimeField, moment

# How long a contact may be booked for, in minutes.
LENGTHS = (15, 30, 45, 60, 90, 120)
# When people are at work; a time before or after is asked about.
_AT_WORK = (dt.time(7), dt.time(18))


class _ContactForm(PortalForm):
    """About the round's next contact, and only that one: a page that was opened before the contact was registered, or
    fetched again with Back, never says something of the one after it."""

    round = forms.IntegerField(required=False, widget=forms.HiddenInput)
    number = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, window: Window, initial: dict[str, Any], **kwargs: Any) -> None:
        self.window = window
        super().__init__(*args, initial={"round": window.round.number, "number": window.number} | initial, **kwargs)

    @property
    def about(self) -> int:
        """The number of the contact that the form was made for."""
        sent: int | None = getattr(self, "cleaned_data", {}).get("number")
        return self.window.number if sent is None else sent

    def clean_number(self) -> int | None:
        """The contact's number; refused when it is not the next one."""
        number: int | None = self.cleaned_data["number"]
        if number is not None and (why_not := self.window.why_not(number)):
            self.add_error(None, why_not)
        return number


class BookingForm(_ContactForm):
    """When and where the contact is. `booking` is the one that is booked again, if there is one.

    A time that is unlikely to be meant is asked about once; a yes to one is no yes to another.
    """

    day = DateField(label=_("Dag"))
    time = TimeField(label=_("Klockan"))
    minutes = forms.TypedChoiceField(label=_("Hur länge?"), coerce=int)
    place = forms.CharField(
        label=_("Plats, telefon eller länk"),
        max_length=200,
        required=False,
        help_text=_("Står i inbjudan till chefen."),
    )
    is_right = forms.BooleanField(label=_("Ja, tiden är rätt"), required=False, widget=forms.HiddenInput)
    # The time that the box above asks about.
    asked = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    def __init__(self, *args: Any, window: Window, booking: Booking | None, **kwargs: Any) -> None:
        self.booking = booking
        initial: dict[str, Any] = {"minutes": 30}
        if booking:
            starts = timezone.localtime(booking.starts_at)
            initial |= {"day": starts.date(), "time": starts.time()}
            initial |= {"minutes": booking.minutes, "place": booking.place}
        super().__init__(*args, window=window, initial=initial, **kwargs)
        lengths = sorted({*LENGTHS, initial["minutes"]})
        choices = [(n, ngettext("%(n)s minut", "%(n)s minuter", n) % {"n": n}) for n in lengths]
        self.fields["minutes"].choices = choices  # type: ignore[attr-defined]  # a choice field

    def clean(self) -> dict[str, Any]:
        """The moment, in `starts_at`; refused at the day, or else at the time, when it has passed, and asked about
        there when it is unlikely."""
        cleaned = super().clean() or {}
        day, time = cleaned.get("day"), cleaned.get("time")
        if day and day < clock.today():
            self.add_error("day", _("Dagen har redan varit. Välj en som kommer."))
        elif day and time is not None:
            cleaned["starts_at"] = moment(day, time)
            if cleaned["starts_at"] <= clock.now():
                self.add_error("time", _("Tiden har redan varit. Välj en som kommer."))
        self._ask(cleaned)
        return cleaned

    def _ask(self, cleaned: dict[str, Any]) -> None:
        """Ask about a time that is unlikely; without one there is no box and no yes."""
        is_meant = {"day", "time"} <= cleaned.keys() and self.about == self.window.number
        starts = timezone.localtime(cleaned["starts_at"]) if is_meant else None
        stands_already = self.booking is not None and starts == self.booking.starts_at
        doubts = self._doubts(starts) if starts and not stands_already else {}
        asked = f"{starts:%Y-%m-%d %H:%M}" if doubts else ""
        is_yes = bool(cleaned.get("is_right")) and cleaned.get("asked") == asked
        data = cast("dict[str, str]", self.data.copy())  # type: ignore[attr-defined]  # a dict, or a QueryDict
        data[self.add_prefix("asked")] = asked
        if not (doubts and is_yes):
            data.pop(self.add_prefix("is_right"), None)
        self.data = data
        if doubts:
            self.fields["is_right"].widget = forms.CheckboxInput()
        for name, sentences in doubts.items() if not is_yes else ():
            self.add_error(name, " ".join([*sentences, str(_("Kryssa i rutan om det ska vara så."))]))

    def _doubts(self, starts: dt.datetime) -> dict[str, list[str]]:
        """What is unlikely about the time, for each of the two fields that it stands in."""
        day, window = starts.date(), self.window
        of_day, of_time = [], []
        if day > window.closes_on and window.state != WindowState.OVERDUE:  # then every day is too late: no question
            of_day.append(_("Tiden är efter sista dagen, den %(day)s.") % {"day": written(window.closes_on)})
        if day < window.opens_on:
            of_day.append(_("Tiden är före första dagen, den %(day)s.") % {"day": written(window.opens_on)})
        if day.weekday() >= calendar.SATURDAY:
            of_day.append(_("Dagen är en %(weekday)s.") % {"weekday": date_format(starts, "l")})
        elif not is_working_day(day, ()):
            of_day.append(str(_("Dagen är en helgdag.")))
        if not _AT_WORK[0] <= starts.time() <= _AT_WORK[1]:
            of_time.append(_("Tiden är kl. %(time)s.") % {"time": f"{starts:%H.%M}"})
        return {name: found for name, found in (("day", of_day), ("time", of_time)) if found}

    def booked(self) -> dict[str, Any]:
        """What the action is to book; call it on a valid form."""
        return {name: self.cleaned_data[name] for name in ("starts_at", "minutes", "place", "number")}


class CancelBookingForm(PortalForm):
    """Why a booked contact is called off. Of a time that has been nobody gets a mail."""

    reason = forms.CharField(
        label=_("Varför avbokas samtalet?"),
        max_length=300,
        help_text=_("Står i mejlet till chefen. Skriv aldrig om enskilda personer eller ärenden."),
    )

    def __init__(self, *args: Any, has_been: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if has_been:
            self.fields["reason"].help_text = _(
                "Skälet står kvar i historiken. Skriv aldrig om enskilda personer eller ärenden."
            )


class NotHeldForm(_ContactForm):
    """The day on which a contact should have been held, and why it could not be."""

    on = DateField(label=_("Dag"), past=True)
    reason = forms.CharField(
        label=_("Varför kunde samtalet inte hållas?"),
        max_length=300,
        help_text=_("Skälet står kvar i historiken. Skriv aldrig om enskilda personer eller ärenden."),
    )

    def __init__(self, *args: Any, window: Window, **kwargs: Any) -> None:
        super().__init__(*args, window=window, initial={"on": clock.today()}, **kwargs)

    def clean_on(self) -> dt.date:
        """The day; refused at this field when the contact was not to be held yet."""
        on: dt.date = self.cleaned_data["on"]
        if on < self.window.opens_on and self.about == self.window.number:
            sentence = _("Samtalet ska hållas tidigast den %(day)s.")
            raise forms.ValidationError(sentence % {"day": written(self.window.opens_on)})
        return on

    def recorded(self) -> dict[str, Any]:
        """What the action is to record; call it on a valid form."""
        return {name: self.cleaned_data[name] for name in ("on", "reason", "number")}


class WithdrawNotHeldForm(PortalForm):
    """The contact whose "could not be held" is taken back: a second press never takes back the one before it."""

    number = forms.IntegerField(min_value=1, max_value=1000, widget=forms.HiddenInput)
