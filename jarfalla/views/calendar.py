"""The personal calendar: a page to subscribe from, and what calendar programs fetch. Sees trainings and follow-ups."""

from hashlib import blake2b

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_POST, require_safe

from courses.queries import training_events
from followups.queries import Window, booking_event, rounds_to_follow_up, standing_bookings, windows
from jarfalla import calendars, clock
from jarfalla.calendars import Event
from units import actions, permissions
from units.models import CalendarFeed, Programme, Refused, Unit, User
from units.permissions import PortalRequest

# How far back the feed goes.
MONTHS_BACK = 6
# How many of the coming events the page shows.
SHOWN = 8


@require_safe
@never_cache
def calendar(request: PortalRequest) -> HttpResponse:
    """What the own calendar holds, its secret address, and how it gets into Outlook, Google and the phone."""
    permissions.require_calendar(request.user)
    feed = request.user.calendar_feeds.filter(revoked_at__isnull=True).first()
    coming = [event for event in events_of(request.user, Programme.current()) if event.last_day >= clock.today()]
    coming.sort(key=lambda event: event.first_day)
    address = address_of(feed) if feed and request.user.may_have_calendar else ""
    context = {
        "address": address,
        "one_click": f"webcal:{address.partition(':')[2]}",
        "coming": coming[:SHOWN],
        "more": max(len(coming) - SHOWN, 0),
        "manages": Unit.objects.managed_by(request.user).exists(),
    }
    return render(request, "jarfalla/calendar.html", context)


@require_POST
def calendar_open(request: PortalRequest) -> HttpResponse:
    """Make the secret address, or a new one instead of the old."""
    permissions.require_calendar(request.user)
    replaces = "replace" in request.POST
    try:
        (actions.replace_feed if replaces else actions.open_feed)(request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        text = _("Du har en ny adress. Den gamla har slutat fungera.") if replaces else _("Din kalenderadress är klar.")
        messages.success(request, text)
    return redirect("calendar")


@require_POST
def calendar_revoke(request: PortalRequest) -> HttpResponse:
    """Close the secret address."""
    permissions.require_calendar(request.user)
    if actions.revoke_feed(request.user):
        messages.success(request, _("Adressen är stängd. Kalendrar som hämtade från den får inget mer."))
    return redirect("calendar")


@login_not_required
@require_safe
@cache_control(private=True, no_cache=True)
def calendar_feed(request: HttpRequest, token: str) -> HttpResponse:
    """The calendar behind a secret address, for a program that has no session; 404 when it is closed."""
    user = permissions.get_feed_owner(token)
    with translation.override(user.language):
        programme = Programme.current()
        name, events = programme.name, events_of(user, programme)
        # Weak: two answers with the same events differ in the second when they were written.
        etag = f'W/"{blake2b(repr((name, events)).encode(), digest_size=16).hexdigest()}"'
        unchanged = get_conditional_response(request, etag=etag)
        response = unchanged or HttpResponse(calendars.feed(name, events), content_type=calendars.CONTENT_TYPE)
    response.headers["ETag"], response.headers["X-Robots-Tag"] = etag, "noindex"
    if unchanged is None:
        response.headers["Content-Disposition"] = 'inline; filename="kalender.ics"'
    return response


def address_of(feed: CalendarFeed) -> str:
    """The whole secret address."""
    base: str = settings.BASE_URL
    return base + reverse("calendar_feed", args=[feed.token])


def events_of(user: User, programme: Programme) -> list[Event]:
    """All that the person's calendar holds, in the active language; as many queries for one event as for many."""
    since = clock.now() - relativedelta(months=MONTHS_BACK)
    events = training_events(user, programme, since=since)
    units = Unit.objects.managed_by(user)
    booked = list(standing_bookings(units, since=since))
    events += [booking_event(booking, programme) for booking in booked]
    ahead = {(row.round_id, row.number) for row in booked if row.starts_at > clock.now()}
    follow_ups = rounds_to_follow_up(programme).filter(unit__in=units).order_by("routines_on", "pk")
    for window in windows(list(follow_ups), programme, clock.today()):
        if (window.round.pk, window.number) not in ahead:  # the time that is booked stands there instead
            events += follow_up_events(window, programme)
    return events


def follow_up_events(window: Window, programme: Programme) -> list[Event]:
    """The first and the last day of a contact that is not held. Computed each time: a corrected date moves them."""
    round_ = window.round
    days = [
        ("oppnar", window.opens_on, _("Uppföljningen öppnar: %(unit)s")),
        ("stanger", window.closes_on, _("Sista dag för uppföljning: %(unit)s")),
    ]
    return [
        Event(
            uid=calendars.uid(f"uppfoljning-{which}-{window.number}", round_.pk),
            starts=day,
            all_day=True,
            summary=summary % {"unit": round_.unit.name},
            description=_("Samordnaren går igenom med enheten hur rutinerna används. Steg 4 i %(programme)s.")
            % {"programme": programme.name},
            url=settings.BASE_URL + reverse("step_4", args=[round_.unit.slug]),
            organizer=(programme.sender_name, programme.sender_email),
        )
        for which, day, summary in days
    ]
