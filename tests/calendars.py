"""Reads calendar files with another library than the one that writes them, and keeps a calendar as a program would."""

from dataclasses import dataclass, field

from ical.calendar import Calendar
from ical.calendar_stream import IcsCalendarStream
from ical.event import Event, EventStatus


def read(text: str) -> Calendar:
    """The one calendar in a file that is written as RFC 5545 wants it: CRLF, and no line over 75 octets."""
    assert text.endswith("END:VCALENDAR\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert "\r" not in text.replace("\r\n", "")
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
    calendar = IcsCalendarStream.calendar_from_ics(text)
    assert (calendar.version, calendar.prodid) == ("2.0", "-//Järfällamodellen//Portalen//SV")
    return calendar


def read_event(text: str) -> Event:
    """The one event of a file."""
    (event,) = read(text).events
    return event


@dataclass
class Agenda:
    """A person's calendar: takes what comes by mail, as RFC 5546 tells a calendar program to."""

    events: dict[str, Event] = field(default_factory=dict)

    def receive(self, text: str) -> None:
        """Add, replace or strike out. An older or an unchanged version changes nothing."""
        calendar = read(text)
        for event in calendar.events:
            known = self.events.get(event.uid)
            if known and (event.sequence or 0) <= (known.sequence or 0):
                continue
            if calendar.method == "CANCEL":
                assert event.status == EventStatus.CANCELLED
            self.events[event.uid] = event

    def coming(self) -> list[Event]:
        """What the person sees."""
        return [event for event in self.events.values() if event.status != EventStatus.CANCELLED]
