"""The time of a contact: booked, booked again, called off; or a contact that could not be held."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from followups import actions, permissions, queries
from followups.forms import BookingForm, CancelBookingForm, NotHeldForm, WithdrawNotHeldForm
from followups.mail.bookings import when_of
from followups.models import Booking
from jarfalla import calendars, clock
from units.models import Programme, Refused, Round, Step
from units.permissions import PortalRequest
from units.queries import blocked_because


@require_http_methods(["GET", "HEAD", "POST"])
def contact_book(request: PortalRequest, slug: str) -> HttpResponse:
    """Book the next contact, or book it again; the unit's managers get an invitation."""
    round_ = permissions.get_coordinated_round(request.user, slug, request.POST.get("round", ""))
    window = queries.window_of(round_, Programme.current(), clock.today())
    if window is None or blocked_because(round_, Step.FOLLOW_UP):
        return _not_now(request, round_)
    standing = queries.booking_of(round_, window.number)
    form = BookingForm(request.POST or None, window=window, booking=standing)
    if form.is_valid():
        try:
            booking = actions.book_contact(round_, by=request.user, **form.booked())
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _booked(booking, before=standing))
            return redirect("step_4", slug=slug)
    context = {"unit": round_.unit, "window": window, "booking": standing, "form": form, "managers": _managers(round_)}
    return render(request, "followups/contact_book.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def booking_cancel(request: PortalRequest, slug: str) -> HttpResponse:
    """Call the booked contact off; those who have it in their calendars hear why."""
    round_ = permissions.get_coordinated_round(request.user, slug, "")
    booking = queries.open_booking(round_)
    if booking is None:
        messages.info(request, _("Inget samtal är bokat."))
        return redirect("step_4", slug=slug)
    has_been = booking.starts_at <= clock.now()
    form = CancelBookingForm(request.POST or None, has_been=has_been)
    if form.is_valid():
        booking = actions.cancel_booking(booking, by=request.user, reason=form.cleaned_data["reason"])
        with_mail = _("Samtalet är avbokat. De som hade det i kalendern får ett mejl.")
        messages.success(request, with_mail if queries.is_told(booking) else _("Samtalet är avbokat."))
        return redirect("step_4", slug=slug)
    context = {"unit": round_.unit, "has_been": has_been, "when": when_of(booking), "form": form}
    return render(request, "followups/booking_cancel.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def contact_not_held(request: PortalRequest, slug: str) -> HttpResponse:
    """Record that the next contact could not be held; the one after it then comes."""
    round_ = permissions.get_coordinated_round(request.user, slug, request.POST.get("round", ""))
    window = queries.window_of(round_, Programme.current(), clock.today())
    if window is None or blocked_because(round_, Step.FOLLOW_UP):
        return _not_now(request, round_)
    form = NotHeldForm(request.POST or None, window=window)
    if form.is_valid():
        try:
            contact = actions.record_not_held(round_, by=request.user, **form.recorded())
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            said = _("Samtal %(number)s är registrerat: det kunde inte hållas. Nästa samtal står här nedanför.")
            messages.success(request, said % {"number": contact.number})
            return redirect("step_4", slug=slug)
    return render(request, "followups/contact_not_held.html", {"unit": round_.unit, "window": window, "form": form})


@require_POST
def contact_withdraw(request: PortalRequest, slug: str) -> HttpResponse:
    """Take back that the round's last contact could not be held: it is the next one again."""
    round_ = permissions.get_coordinated_round(request.user, slug, request.POST.get("round", ""))
    form = WithdrawNotHeldForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Välj vilket samtal som ska tas tillbaka."))
        return redirect("step_4", slug=slug)
    number = form.cleaned_data["number"]
    stood = round_.contacts.standing().filter(number=number).exists()
    try:
        actions.withdraw_not_held(round_, number=number, by=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        said = _("Registreringen är återtagen. Samtal %(number)s är nästa igen.") % {"number": number}
        messages.success(request, said if stood else _("Det är redan återtaget."))
    return redirect("step_4", slug=slug)


@require_safe
def booking_calendar(request: PortalRequest, slug: str) -> HttpResponse:
    """The booked contact, if it stands, as a file that a calendar program opens, for the coordinator and the unit's
    managers."""
    round_ = permissions.get_visible_round(request.user, slug)
    booking = queries.open_booking(round_) if permissions.reads_notes(request.user, round_.unit) else None
    if booking is None or queries.fallen_because(booking):
        raise Http404(_("Inget samtal är bokat."))
    event = queries.booking_event(booking, Programme.current())
    response = HttpResponse(calendars.invitation(event, method="PUBLISH"), content_type=calendars.CONTENT_TYPE)
    response.headers["Content-Disposition"] = 'attachment; filename="uppfoljning.ics"'
    return response


def _managers(round_: Round) -> list[str]:
    """Who gets the invitation, by name."""
    return [row.user.name for row in queries.present_managers().filter(unit=round_.unit)]


def _booked(booking: Booking, *, before: Booking | None) -> str:
    """What the coordinator reads when a contact is booked, or booked again; `before` is how it stood."""
    said = {"number": booking.number, "when": when_of(booking)}
    if before and (before.pk, before.sequence) == (booking.pk, booking.sequence):
        return _("Samtal %(number)s är redan bokat: %(when)s.") % said
    managers = len(_managers(booking.round))
    if before:
        done = _("Samtal %(number)s är ombokat: %(when)s.")
        heard = ngettext("Enhetens chef får ett mejl om det.", "Enhetens chefer får ett mejl om det.", managers)
        nobody = _("Enheten har ingen chef i portalen, så ingen får ett mejl.")
    else:
        done = _("Samtal %(number)s är bokat: %(when)s.")
        heard = ngettext("Enhetens chef får en inbjudan.", "Enhetens chefer får en inbjudan.", managers)
        nobody = _("Enheten har ingen chef i portalen, så ingen får en inbjudan.")
    return f"{done % said} {heard if managers else nobody}"


def _not_now(request: PortalRequest, round_: Round) -> HttpResponse:
    """Back to step 4, with why no contact is to come."""
    messages.error(request, blocked_because(round_, Step.FOLLOW_UP))
    return redirect("step_4", slug=round_.unit.slug)
