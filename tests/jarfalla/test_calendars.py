"""Calendar files, written by one library and read back by another."""

import datetime as dt
import re
import unicodedata
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ical.event import EventStatus

from jarfalla import clock
from jarfalla.calendars import Event, feed, invitation, uid
from tests.calendars import Agenda, read, read_event

STOCKHOLM = ZoneInfo("Europe/Stockholm")
STAMP = dt.datetime(2026, 2, 1, 8, 0, tzinfo=dt.UTC)


def an_event(**values: Any) -> Event:
    """An occasion, with whatever a test says about it."""
    return Event(
        **{
            "uid": "utbildning-7@portalen.example",
            "summary": "Tidiga tecken",
            "starts": dt.datetime(2026, 3, 3, 13, 0, tzinfo=STOCKHOLM),
            "ends": dt.datetime(2026, 3, 3, 16, 0, tzinfo=STOCKHOLM),
            "stamp": STAMP,
            **values,
        }
    )


def test_invitation_says_everything() -> None:
    text = invitation(
        an_event(
            sequence=3,
            description="Ta med kaffe.\nVi ses!",
            location="Rådhuset, Järfälla",
            url="https://portalen.example/utbildningar/7/",
            organizer=("Sam Samordnare", "portalen@jarfalla.example"),
            attendee=("Mia Medarbetare", "mia@jarfalla.example"),
        )
    )
    calendar = read(text)
    (event,) = calendar.events
    assert calendar.method == "REQUEST"
    assert (event.uid, event.sequence, event.dtstamp) == ("utbildning-7@portalen.example", 3, STAMP)
    assert (event.summary, event.location) == ("Tidiga tecken", "Rådhuset, Järfälla")
    assert event.description == "Ta med kaffe.\nVi ses!"
    assert (event.dtstart, event.dtend) == (
        dt.datetime(2026, 3, 3, 12, 0, tzinfo=dt.UTC),
        dt.datetime(2026, 3, 3, 15, 0, tzinfo=dt.UTC),
    )
    assert event.status == EventStatus.CONFIRMED
    assert str(event.url) == "https://portalen.example/utbildningar/7/"
    assert event.organizer is not None
    assert (event.organizer.common_name, event.organizer.uri) == ("Sam Samordnare", "mailto:portalen@jarfalla.example")
    (attendee,) = event.attendees
    assert (attendee.common_name, attendee.uri) == ("Mia Medarbetare", "mailto:mia@jarfalla.example")
    assert (attendee.status, attendee.rsvp) == ("NEEDS-ACTION", False)


def test_invitation_without_stamp_is_stamped_now() -> None:
    before = clock.now().replace(microsecond=0)
    stamp = read_event(invitation(an_event(stamp=None))).dtstamp
    assert isinstance(stamp, dt.datetime)
    assert before <= stamp <= clock.now()


def test_change_replaces_what_the_calendar_had() -> None:
    agenda = Agenda()
    agenda.receive(invitation(an_event()))
    agenda.receive(invitation(an_event(sequence=1, summary="Tidiga tecken, ny lokal", location="Biblioteket")))
    (event,) = agenda.coming()
    assert (event.summary, event.location) == ("Tidiga tecken, ny lokal", "Biblioteket")


def test_mail_that_arrives_late_changes_nothing() -> None:
    agenda = Agenda()
    agenda.receive(invitation(an_event(sequence=1, location="Biblioteket")))
    agenda.receive(invitation(an_event(location="Rådhuset")))
    assert [event.location for event in agenda.coming()] == ["Biblioteket"]


def test_cancellation_strikes_out_what_the_calendar_had() -> None:
    agenda = Agenda()
    agenda.receive(invitation(an_event()))
    agenda.receive(invitation(an_event(uid="utbildning-8@portalen.example", summary="En annan")))
    agenda.receive(invitation(an_event(sequence=1), method="CANCEL"))
    assert [event.summary for event in agenda.coming()] == ["En annan"]


def test_copy_to_keep_names_nobody_who_is_invited() -> None:
    text = invitation(an_event(attendee=("Mia Medarbetare", "mia@jarfalla.example")), method="PUBLISH")
    assert read(text).method == "PUBLISH"
    assert "mia" not in text.lower()


@pytest.mark.parametrize(
    ("local", "universal"),
    [
        pytest.param("2026-03-29 01:30", "2026-03-29 00:30", id="before-summer-time"),
        pytest.param("2026-03-29 13:00", "2026-03-29 11:00", id="summer-time-begins"),
        pytest.param("2026-10-25 02:30", "2026-10-25 00:30", id="the-hour-that-is-twice"),
        pytest.param("2026-10-25 13:00", "2026-10-25 12:00", id="summer-time-ends"),
    ],
)
def test_time_is_right_on_the_days_when_clocks_change(local: str, universal: str) -> None:
    starts = dt.datetime.fromisoformat(local).replace(tzinfo=STOCKHOLM)
    event = read_event(invitation(an_event(starts=starts, ends=starts.astimezone(dt.UTC) + dt.timedelta(hours=2))))
    expected = dt.datetime.fromisoformat(universal).replace(tzinfo=dt.UTC)
    assert (event.dtstart, event.dtend) == (expected, expected + dt.timedelta(hours=2))


def test_occasion_without_end_has_none_in_the_file() -> None:
    event = read_event(invitation(an_event(ends=None)))
    assert event.dtend is None
    assert event.dtstart == dt.datetime(2026, 3, 3, 12, 0, tzinfo=dt.UTC)


def test_whole_day_lasts_through_its_last_day() -> None:
    one = read_event(invitation(an_event(all_day=True, starts=dt.date(2026, 3, 29), ends=None)))
    assert (one.dtstart, one.dtend) == (dt.date(2026, 3, 29), dt.date(2026, 3, 30))
    three = read_event(invitation(an_event(all_day=True, starts=dt.date(2026, 2, 27), ends=dt.date(2026, 3, 1))))
    assert (three.dtstart, three.dtend) == (dt.date(2026, 2, 27), dt.date(2026, 3, 2))
    assert three.transparency == "TRANSPARENT"


def test_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        invitation(an_event(starts=dt.datetime(2026, 3, 3, 13, 0)))  # noqa: DTZ001 (the mistake itself)
    with pytest.raises(ValueError, match="days"):
        invitation(an_event(all_day=True))


def test_feed_holds_all_and_has_a_name() -> None:
    text = feed("Järfällamodellen, Tallbacken; min", [an_event(), an_event(uid="a@b", summary="En annan")])
    calendar = read(text)
    assert (calendar.method, calendar.name) == ("PUBLISH", ["Järfällamodellen, Tallbacken; min"])
    assert calendar.refresh_interval == dt.timedelta(hours=4)
    assert r"X-WR-CALNAME:Järfällamodellen\, Tallbacken\; min" in text
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT4H\r\n" in text
    assert "X-PUBLISHED-TTL:PT4H\r\n" in text
    assert [event.summary for event in calendar.events] == ["Tidiga tecken", "En annan"]


def test_feed_without_events_is_a_calendar_all_the_same() -> None:
    assert read(feed("Min kalender", [])).events == []


def test_uid_has_the_portals_own_name(settings: Any) -> None:
    settings.BASE_URL = "https://portalen.jarfalla.example:8443/x"
    assert uid("utbildning", 7) == "utbildning-7@portalen.jarfalla.example"


nasty = st.text(
    alphabet=st.one_of(
        st.sampled_from(
            [*",;:\\\"'^|nN=", "\n", "\r", "\t", " ", "\x00", "\x85", "\u2028", "🎈", "\u200d", "å", "é", "\ud800"]
        ),
        st.characters(),
    ),
    max_size=300,
)


@example(text="👩\u200d🏫" * 40, name="👩\u200d🏫" * 40, place="")
@example(text="\ufeffa\ufeff", name="\ufeff", place="\r\ufeff\n")
@example(text=r"C:\New\nytt \\N \\\N", name=r"\N ^n ^^ \"", place=r"\,\;\\")
@example(
    text="BEGIN:VEVENT\r\nUID:annan\r\nEND:VEVENT", name="x\nATTENDEE:mailto:a@b.se", place="\r\n\r\nEND:VCALENDAR"
)
@given(text=nasty, name=nasty, place=nasty)
def test_what_goes_in_comes_out(text: str, name: str, place: str) -> None:
    event = read_event(
        invitation(
            an_event(
                summary=name,
                description=text,
                location=place,
                organizer=(name, "sam@jarfalla.example"),
                attendee=(name, "mia@jarfalla.example"),
            )
        )
    )
    assert event.summary == _one_line(name)
    assert (event.description or "") == _kept(text)
    assert (event.location or "") == _kept(place)
    assert event.organizer is not None
    assert [event.organizer.common_name or "", event.attendees[0].common_name or ""] == [_one_line(name)] * 2
    assert event.uid == "utbildning-7@portalen.example"


def _kept(text: str) -> str:
    """What a person sees of the text: characters, tabs and line breaks of one sort."""
    lines = re.split("\r\n|[\r\n\v\f\x85\u2028\u2029]", re.sub("\ufeff", "", text))
    return "\n".join(
        "".join(c for c in line if c == "\t" or unicodedata.category(c) not in {"Cc", "Cs"}) for line in lines
    ).strip()


def _one_line(text: str) -> str:
    return " ".join(_kept(text).split())
