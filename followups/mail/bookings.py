"""The letters about a booked contact, with the file that puts it in a calendar, moves it there or strikes it out."""

import datetime as dt
from dataclasses import dataclass, replace

from django.utils import translation
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from followups import queries
from followups.models import Booking
from jarfalla import calendars
from units.mail import Letter, write_letter
from units.models import Programme, User
from units.queries import steps_on_page


@dataclass(frozen=True)
class Told:
    """What the key of a letter remembers of what it said."""

    sequence: int  # the booking's when the letter was written
    number: int  # the event's in the person's calendar
    is_off: bool


def said_in(key: str) -> Told:
    """What a letter about a booking said: it stands in its key."""
    _word, _booking, sequence, number, state, _person = key.split(":")
    return Told(int(sequence), int(number), state == "off")


def booking_made(booking: Booking, *, number: int, to: User) -> Letter:
    """Tell a manager when the contact is, with an invitation."""
    with translation.override(to.language):
        return _letter(booking, _("Uppföljning med %(unit)s: %(when)s"), number=number, to=to)


def booking_changed(booking: Booking, *, number: int, to: User) -> Letter:
    """Tell somebody who has the contact in the calendar that it is at another time or place."""
    with translation.override(to.language):
        return _letter(booking, _("Ändrad uppföljning med %(unit)s: %(when)s"), number=number, to=to, is_change=True)


def booking_off(booking: Booking, *, number: int, to: User) -> Letter:
    """Tell somebody who has the contact in the calendar that it is called off, that its time is not needed, that it
    does not stand as things are, or that somebody else takes part."""
    with translation.override(to.language):
        fallen = "" if booking.cancelled_at else queries.fallen_because(booking)
        is_settled = booking.cancelled_at is not None and queries.is_settled(booking)
        if is_settled:
            subject = _("Tiden för uppföljningen med %(unit)s behövs inte längre: %(when)s")
        elif booking.cancelled_at:
            subject = _("Avbokad uppföljning med %(unit)s: %(when)s")
        elif fallen:
            subject = _("Uppföljningen med %(unit)s gäller inte just nu: %(when)s")
        else:
            subject = _("Uppföljningen med %(unit)s gäller inte längre dig: %(when)s")
        return _letter(booking, subject, number=number, to=to, is_off=True, fallen=fallen, is_settled=is_settled)


def _letter(
    booking: Booking,
    subject: str,
    *,
    number: int,
    to: User,
    is_change: bool = False,
    is_off: bool = False,
    fallen: str = "",
    is_settled: bool = False,
) -> Letter:
    """A letter in the language that is active; one of each number for each person. `fallen` is why the booking does
    not stand although nobody called it off; with `is_settled` it was called off because the contact is over."""
    programme, unit = Programme.current(), booking.round.unit
    event = queries.booking_event(booking, programme, attendee=(to.name, to.email), is_off=bool(fallen))
    event, when = replace(event, sequence=number), when_of(booking)
    return write_letter(
        "booking_off" if is_off else "booking_made",
        key=f"booking:{booking.pk}:{booking.sequence}:{number}:{'off' if is_off else 'on'}:{to.pk}",
        to=to,
        subject=subject % {"unit": unit.name, "when": when},
        context={
            "programme": programme,
            "booking": booking,
            "unit": unit,
            "steps": steps_on_page(unit),
            "when": when,
            "is_change": is_change,
            "coordinators": () if is_off else queries.coordinators(),
            "fallen": fallen,
            "is_settled": is_settled,
        },
        calendar=calendars.invitation(event, method="CANCEL" if is_off else "REQUEST"),
    )


def when_of(booking: Booking) -> str:
    """Day and time in the portal's time zone: tisdag 3 mars 2026 kl. 13:00–13:30."""
    starts = localtime(booking.starts_at)
    ends = localtime(booking.starts_at + dt.timedelta(minutes=booking.minutes))
    said = {"day": date_format(starts, "l j F Y"), "from": f"{starts:%H:%M}", "to": f"{ends:%H:%M}"}
    return _("%(day)s kl. %(from)s–%(to)s") % said
