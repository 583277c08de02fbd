"""Contacts are booked, booked again and called off; the unit's managers hear of it with a calendar file."""

import datetime as dt
from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _

from followups import mail, queries
from followups.models import Booking
from jarfalla import clock
from jarfalla.celery import run_all
from units.actions import cancel_messages, post_letter
from units.actions.steps import lock_round
from units.models import Message, Programme, Refused, Round, Step, StepBlocked, User
from units.models.message import MessageQuerySet

# A contact further away than this is a mistyped year.
FAR_AWAY = dt.timedelta(days=2 * 366)


def require_coordinator(by: User) -> None:
    """Raise Refused for anybody else: the contacts are the coordinator's."""
    if not by.is_coordinator:
        raise Refused(_("Det här gör samordnaren."))


def require_next_contact(round_: Round, number: int | None, *, by: User) -> queries.Window:
    """The window of the round's next contact, for the coordinator.

    Raises Refused for anybody else, and StepBlocked when no contact is to come or it is not number `number`.
    """
    require_coordinator(by)
    round_.require_next(Step.FOLLOW_UP)
    window = queries.window_of(round_, Programme.current(), clock.today())
    if window is None:
        raise StepBlocked(_("Omgången är avslutad. Samordnaren kan starta en ny."))
    if number is not None and (why_not := window.why_not(number)):
        raise StepBlocked(why_not)
    return window


@transaction.atomic
def book_contact(
    round_: Round,
    *,
    starts_at: dt.datetime,
    by: User,
    minutes: int = 30,
    place: str = "",
    number: int | None = None,
) -> Booking:
    """Book the round's next contact, or book it again: the same row with another time, and a letter to each manager.

    The same details again change nothing. Raises Refused for anybody but a coordinator and for a time that has passed
    or lies too far ahead, and StepBlocked as require_next_contact does.
    """
    round_ = lock_round(round_)
    window = require_next_contact(round_, number, by=by)
    booking = queries.booking_of(round_, window.number) or Booking(round=round_, number=window.number, booked_by=by)
    new = {"starts_at": starts_at, "minutes": minutes, "place": place.strip()}
    if booking.pk and all(getattr(booking, name) == value for name, value in new.items()):
        return booking
    if starts_at <= clock.now():
        raise Refused(_("Tiden har redan varit. Välj en som kommer."))
    if starts_at > clock.now() + FAR_AWAY:
        raise Refused(_("Tiden ligger mer än två år bort. Stämmer årtalet?"))
    booking.sequence += 1 if booking.pk else 0
    for name, value in new.items():
        setattr(booking, name, value)
    booking.save()
    tell_of(booking)
    return booking


@transaction.atomic
def cancel_booking(booking: Booking, *, reason: str, by: User) -> Booking:
    """Call a booked contact off and tell those who had it in their calendars; return it as it is if that is done.

    Raises Refused for anybody but a coordinator, and without a reason.
    """
    lock_round(booking.round)
    booking = Booking.objects.select_for_update(of=("self",)).select_related("round__unit").get(pk=booking.pk)
    if booking.cancelled_at:
        return booking
    require_coordinator(by)
    if not reason.strip():
        raise Refused(_("Skriv varför samtalet avbokas."))
    booking.cancelled_at, booking.cancelled_by, booking.cancelled_reason = clock.now(), by, reason.strip()
    booking.sequence += 1
    booking.save()
    tell_of(booking)
    return booking


def cancel_bookings(round_: Round, *, reason: str, by: User) -> None:
    """Call off every standing booking of the round: its contacts begin anew."""
    for booking in queries.bookings_of([round_]).values():
        cancel_booking(booking, reason=reason, by=by)


# --- Who hears of it ----------------------------------------------------------------------------------------------


def tell_of_bookings() -> None:
    """Tell everybody whom a coming contact concerns, or no longer does: how a new manager hears of it, and everybody
    that the unit has paused or has come back."""
    run_all(partial(_tell_again, pk) for pk in queries.bookings_ahead(clock.now()).values_list("pk", flat=True))


@transaction.atomic
def _tell_again(booking_id: int) -> None:
    tell_of(Booking.objects.select_for_update(of=("self",)).select_related("round__unit").get(pk=booking_id))


def tell_of(booking: Booking) -> None:
    """Write to each of the unit's managers who has not heard how the booking stands, and to who had it and no longer is
    one; while it does not stand, to all who have it. What has begun is past: nobody hears of it. The caller holds the
    booking.
    """
    if booking.starts_at <= clock.now():
        return
    heard = _heard(booking)
    wanted: dict[int, User] = {}
    if not booking.cancelled_at and not queries.fallen_because(booking):
        managers = queries.present_managers().filter(unit=booking.round.unit)
        wanted = {row.user_id: row.user for row in managers}
    for user in wanted.values():
        _write(booking, user, heard.get(user.pk), is_off=False)
    for pk, last in heard.items():
        if pk not in wanted and last.recipient:
            _write(booking, last.recipient, last, is_off=True)


def _heard(booking: Booking) -> dict[int, Message]:
    """The last letter to each person about the booking, by the person's primary key."""
    letters = queries.letters_of(booking).select_related("recipient").order_by("pk")
    return {row.recipient_id: row for row in letters if row.recipient_id}


def _write(booking: Booking, to: User, last: Message | None, *, is_off: bool) -> None:
    """One letter, unless the person's last one says the same; one that has not gone out yet is replaced by it.

    A letter's number is the event's in the person's calendar: each is higher than the one before.
    """
    said = mail.said_in(last.key) if last else None
    if said and (said.is_off, said.sequence) == (is_off, booking.sequence) and not (last and last.cancelled_at):
        return
    known = queries.letters_of(booking).filter(recipient=to)
    cancel_messages(known, reason=_("Ett nyare mejl om samtalet ersätter det här."))
    has_it = _has_it(known)
    if is_off and not has_it:
        return
    number = max(booking.sequence, said.number + 1 if said else 0)
    letter = mail.booking_off if is_off else mail.booking_changed if has_it else mail.booking_made
    post_letter(letter(booking, number=number, to=to), unit=booking.round.unit)


def _has_it(letters: MessageQuerySet) -> bool:
    """Whether the contact stands in the person's calendar: the last letter that may have gone out did not strike it."""
    last = letters.maybe_out().order_by("pk").last()
    return last is not None and not mail.said_in(last.key).is_off
