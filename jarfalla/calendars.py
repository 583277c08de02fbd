"""Calendar files (iCalendar, RFC 5545; invitations after RFC 5546). Imports no app.

Times are written in UTC, so that no reader needs a table of time zones. An occasion keeps its UID for ever: a
calendar program that reads the same UID with a higher SEQUENCE replaces what it had, and one that reads a
cancellation strikes it out.
"""

import datetime as dt
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import icalendar
from django.conf import settings
from django.utils import timezone
from icalendar import vCalAddress, vDuration, vText, vUri

from jarfalla import clock

Method = Literal["REQUEST", "CANCEL", "PUBLISH"]
Status = Literal["CONFIRMED", "TENTATIVE", "CANCELLED"]

PRODID = "-//Järfällamodellen//Portalen//SV"
CONTENT_TYPE = "text/calendar; charset=utf-8"
# What a file is called whose event has a UID that begins with this word; else it is called after the word.
_CALLED = {"samtal": "uppfoljning"}
# How long a calendar program may keep a feed before it asks again; a suggestion, most have a rhythm of their own.
REFRESH = dt.timedelta(hours=4)

# What a reader may take for the end of a line, besides the line break itself.
_LINE_BREAKS = str.maketrans(dict.fromkeys("\x0b\x0c\x85\u2028\u2029", "\n"))


@dataclass(frozen=True, kw_only=True)
class Event:
    """What stands in a calendar.

    `starts` and `ends` are aware moments; an event with `all_day` has days instead, and lasts through `ends`.
    Without `ends` it has no stated end (all day: one day). Persons are (name, e-mail address). `stamp` is when
    this text was made, now unless said.
    """

    uid: str
    summary: str
    starts: dt.datetime | dt.date
    ends: dt.datetime | dt.date | None = None
    all_day: bool = False
    sequence: int = 0
    description: str = ""
    location: str = ""
    url: str = ""
    status: Status = "CONFIRMED"
    organizer: tuple[str, str] | None = None
    attendee: tuple[str, str] | None = None
    stamp: dt.datetime | None = None

    @property
    def first_day(self) -> dt.date:
        """The day on which it begins, in Sweden."""
        return _local_day(self.starts)

    @property
    def last_day(self) -> dt.date:
        """The day on which it ends, in Sweden."""
        return _local_day(self.ends or self.starts)


def uid(kind: str, pk: int) -> str:
    """The name that one row's event has for ever, in every calendar: `kind` is a word like "utbildning"."""
    return f"{kind}-{pk}@{urlsplit(settings.BASE_URL).hostname}"


def invitation(event: Event, *, method: Method = "REQUEST") -> str:
    """A calendar file with one event: an invitation or change (REQUEST), a cancellation or a copy to keep (PUBLISH).

    A cancellation says so in the event too, whatever its status was.
    """
    calendar = _calendar(method)
    calendar.add_component(_component(event, method))
    return _text(calendar)


def feed(name: str, events: Iterable[Event]) -> str:
    """A calendar file to subscribe to, called `name`, with all that it holds at the moment."""
    calendar = _calendar("PUBLISH")
    calendar["NAME"] = calendar["X-WR-CALNAME"] = _Text(_clean(name, lines=False))
    calendar["X-WR-TIMEZONE"] = vText(settings.TIME_ZONE)
    calendar["REFRESH-INTERVAL"] = vDuration(REFRESH, params={"VALUE": "DURATION"})  # RFC 7986 wants it said
    calendar["X-PUBLISHED-TTL"] = vDuration(REFRESH)  # what Outlook reads instead
    for event in events:
        calendar.add_component(_component(event, "PUBLISH"))
    return _text(calendar)


def method_of(text: str) -> str:
    """What a calendar file asks for: REQUEST, CANCEL or PUBLISH. Raises ValueError when it is no calendar file."""
    return str(icalendar.Calendar.from_ical(text).method)


def file_name(text: str) -> str:
    """What a calendar file with one event is called, by the word that the event's UID begins with. Raises ValueError
    when it is no calendar file."""
    [event] = icalendar.Calendar.from_ical(text).events
    word = str(event.uid).partition("-")[0]
    return f"{_CALLED.get(word, word)}.ics"


def _calendar(method: Method) -> icalendar.Calendar:
    calendar = icalendar.Calendar()
    calendar.prodid, calendar.version, calendar.calscale, calendar.method = PRODID, "2.0", "GREGORIAN", method
    return calendar


def _component(event: Event, method: Method) -> icalendar.Event:
    """The event as the library writes it."""
    component = icalendar.Event.new(
        uid=event.uid,
        sequence=event.sequence,
        stamp=_utc(event.stamp or clock.now()),
        status=icalendar.enums.STATUS("CANCELLED" if method == "CANCEL" else event.status),
    )
    if event.all_day:
        last = event.ends or event.starts
        component.start = _day(event.starts)
        component.end = _day(last) + dt.timedelta(days=1)  # a calendar file names the first day after
        component["TRANSP"] = vText("TRANSPARENT")  # a day to remember, not a day that is taken
    else:
        component.start = _utc(event.starts)
        if event.ends is not None:
            component.end = _utc(event.ends)
    component["SUMMARY"] = _Text(_clean(event.summary, lines=False))
    for name, text in (("DESCRIPTION", event.description), ("LOCATION", event.location)):
        if cleaned := _clean(text):
            component[name] = _Text(cleaned)
    if event.url:
        component["URL"] = vUri(_clean(event.url, lines=False))
    _add_persons(component, event, method)
    return component


def _add_persons(component: icalendar.Event, event: Event, method: Method) -> None:
    """Who invites, and who is invited: nobody in a calendar that is published (RFC 5546, 3.2.1).

    No answer is asked for: it would go to an address that nobody reads.
    """
    if event.organizer:
        component["ORGANIZER"] = _address(event.organizer)
    if event.attendee and method != "PUBLISH":
        attendee = _address(event.attendee)
        attendee.params.update(
            {"CUTYPE": "INDIVIDUAL", "ROLE": "REQ-PARTICIPANT", "PARTSTAT": "NEEDS-ACTION", "RSVP": "FALSE"}
        )
        component["ATTENDEE"] = attendee


def _address(person: tuple[str, str]) -> vCalAddress:
    name, email = (_clean(part, lines=False) for part in person)
    address = vCalAddress(f"mailto:{email}")
    if name:
        address.params["CN"] = name
    return address


def _utc(moment: dt.datetime | dt.date) -> dt.datetime:
    """An aware moment in UTC. Raises ValueError for a day, or for a time that could be anywhere."""
    if not isinstance(moment, dt.datetime) or moment.tzinfo is None:
        raise ValueError("an event that is not all day needs aware moments")
    return moment.astimezone(dt.UTC)


def _day(day: dt.datetime | dt.date) -> dt.date:
    if isinstance(day, dt.datetime):
        raise ValueError("an event that lasts all day needs days")  # noqa: TRY004 (the same kind of mistake as above)
    return day


def _local_day(moment: dt.datetime | dt.date) -> dt.date:
    return timezone.localdate(moment) if isinstance(moment, dt.datetime) else moment


def _clean(text: str, *, lines: bool = True) -> str:
    """`text` without what may not stand in a calendar file: control characters and broken halves of characters.

    Nor the invisible mark that files begin with: the library drops it where a text begins, and nowhere else.
    Line breaks of every sort become one sort; or blanks, with lines=False.
    """
    text = text.replace("\ufeff", "").replace("\r\n", "\n").replace("\r", "\n").translate(_LINE_BREAKS)
    text = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
    return text.strip() if lines else " ".join(text.split())


class _Text(vText):
    r"""Text that comes out as it went in: the library takes a backslash before an N for a line break."""

    def to_ical(self) -> bytes:
        return rb"\\N".join(vText(part).to_ical() for part in self.split(r"\N"))


def _text(calendar: icalendar.Calendar) -> str:
    """The file's text: CRLF, lines folded at 75 octets."""
    content: bytes = calendar.to_ical()
    return content.decode()
