"""When contacts are booked, and what the calendars of those who are invited hold."""

import datetime as dt
from collections.abc import Iterable

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _

from followups.models import Booking
from jarfalla.calendars import Event, uid
from units.models import (
    Message,
    Participation,
    ParticipationState,
    Programme,
    Round,
    SettledContact,
    Step,
    StepCompletion,
    Unit,
)
from units.models.message import MessageQuerySet


def bookings_of(rounds: Iterable[Round]) -> dict[tuple[int, int], Booking]:
    """What is booked in the rounds, each by its round's primary key and the contact's number. One query."""
    booked = Booking.objects.filter(round__in=rounds, cancelled_at__isnull=True)
    return {(row.round_id, row.number): row for row in booked}


def booking_of(round_: Round, number: int) -> Booking | None:
    """What is booked for the round's contact `number`."""
    return Booking.objects.filter(round=round_, number=number, cancelled_at__isnull=True).first()


def open_booking(round_: Round) -> Booking | None:
    """What is booked for a contact of the round that is not over; also while it does not stand, so that it can be
    called off."""
    over = SettledContact.objects.standing().filter(round=OuterRef("round"), number__gte=OuterRef("number"))
    booked = Booking.objects.filter(~Exists(over), round=round_, cancelled_at__isnull=True)
    return booked.select_related("round__unit").order_by("number").first()


def bookings_ahead(now: dt.datetime) -> QuerySet[Booking]:
    """What is booked and has not begun; also what does not stand, of which somebody may have to hear."""
    return Booking.objects.filter(cancelled_at__isnull=True, starts_at__gt=now).order_by("pk")


def _answer() -> Subquery:
    """What the booking's unit has answered to the offer. Whoever does not take part holds no contacts."""
    answers = Participation.objects.filter(unit=OuterRef("round__unit")).order_by("-pk")
    return Subquery(answers.values("state")[:1])


def _has_routines() -> Exists:
    """Whether step 3 of the booking's round is done. Without it there is nothing to follow up."""
    return Exists(StepCompletion.objects.standing().filter(round=OuterRef("round"), step=Step.ROUTINES))


def _standing() -> QuerySet[Booking]:
    """The bookings that stand: not called off, of units that take part, in rounds that have step 3."""
    rows = Booking.objects.filter(_has_routines(), cancelled_at__isnull=True)
    return rows.alias(answer=_answer()).filter(answer=ParticipationState.TAKING_PART)


def fallen_because(booking: Booking) -> str:
    """Why a booking that nobody has called off does not stand, in the language that is active; "" when it does."""
    columns = Booking.objects.filter(pk=booking.pk).annotate(answer=_answer(), routines=_has_routines())
    answer, has_routines = columns.values_list("answer", "routines").get()
    if answer != ParticipationState.TAKING_PART:
        return _("Enheten deltar inte just nu.")
    return "" if has_routines else _("Steg 3 är återtaget.")


def standing_bookings(units: QuerySet[Unit], *, since: dt.datetime) -> QuerySet[Booking]:
    """The bookings of `units` that stand and begin after `since`, in order; not those of a unit that has a pause, nor
    of a round that has gone back to an earlier step."""
    rows = _standing().filter(starts_at__gte=since, round__unit__in=units)
    return rows.select_related("round__unit").order_by("starts_at", "pk")


def standing_of(rounds: Iterable[int]) -> QuerySet[Booking]:
    """The bookings of the rounds, by primary key, that stand; begun or not."""
    return _standing().filter(round__in=rounds).order_by("starts_at", "pk")


def coming_bookings(now: dt.datetime) -> QuerySet[Booking]:
    """The bookings that stand and have not begun."""
    return _standing().filter(starts_at__gt=now).order_by("pk")


def begun_bookings(now: dt.datetime) -> QuerySet[Booking]:
    """The bookings that stand and have begun; also those whose contact is settled."""
    return _standing().filter(starts_at__lte=now).order_by("pk")


def letters_of(booking: Booking) -> MessageQuerySet:
    """All that has been written about the booking."""
    return Message.objects.filter(key__startswith=f"booking:{booking.pk}:")


def is_told(booking: Booking) -> bool:
    """Whether anybody is written to about how the booking stands now."""
    letters = Message.objects.filter(key__startswith=f"booking:{booking.pk}:{booking.sequence}:")
    return letters.filter(cancelled_at__isnull=True).exists()


def is_settled(booking: Booking) -> bool:
    """Whether the contact that the booking is for is over: held, or registered as one that could not be."""
    return SettledContact.objects.standing().filter(round=booking.round_id, number=booking.number).exists()


def booking_event(
    booking: Booking, programme: Programme, *, attendee: tuple[str, str] | None = None, is_off: bool = False
) -> Event:
    """The booked contact as an event, in the language that is active; with `is_off` as one that does not stand. Its UID
    is the booking's for ever, and each change raises its SEQUENCE, so that calendars replace what they had.
    """
    unit, cancelled = booking.round.unit, is_off or booking.cancelled_at is not None
    title = _("Avbokad: uppföljning med %(unit)s") if cancelled else _("Uppföljning med %(unit)s")
    description = _("Samordnaren går igenom med enheten hur rutinerna används. Steg 4 i %(programme)s.")
    return Event(
        uid=uid("samtal", booking.pk),
        sequence=booking.sequence,
        starts=booking.starts_at,
        ends=booking.starts_at + dt.timedelta(minutes=booking.minutes),
        summary=title % {"unit": unit.name},
        description=description % {"programme": programme.name},
        location=booking.place,
        url=settings.BASE_URL + reverse("step_4", args=[unit.slug]),
        status="CANCELLED" if cancelled else "CONFIRMED",
        organizer=(programme.sender_name, programme.sender_email),
        attendee=attendee,
    )
