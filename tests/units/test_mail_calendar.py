"""An appointment in a mail: what a real SMTP server gets, read as mail programs read it."""

import datetime as dt
from email.message import EmailMessage

import pytest

from jarfalla.calendars import Event, Method, invitation
from tests.calendars import Agenda, read
from tests.real_servers import MailBox
from units import actions
from units.mail import Letter
from units.models import User

STARTS = dt.datetime(2026, 3, 3, 12, 0, tzinfo=dt.UTC)


def sent(box: MailBox, to: User, *, sequence: int = 0, method: Method = "REQUEST", **event: str) -> EmailMessage:
    """The mail with an appointment, as the mail server got it."""
    calendar = invitation(
        Event(
            uid=f"{event.get('about', 'utbildning')}-7@portalen.example",
            sequence=sequence,
            starts=STARTS,
            ends=STARTS + dt.timedelta(hours=2),
            summary=event.get("summary", "Tidiga tecken"),
            description=event.get("description", ""),
            organizer=("Portalen", "portalen@jarfalla.example"),
            attendee=(to.name, to.email),
        ),
        method=method,
    )
    letter = Letter(
        key=f"test:{sequence}", recipient=to, subject="Utbildning", text="Hej\n", html="<p>Hej</p>", calendar=calendar
    )
    message = actions.post_letter(letter)
    assert message is not None
    assert message.calendar == calendar
    assert actions.deliver_message(message.pk)
    return box.mails[-1]


def parts(mail_: EmailMessage) -> list[str]:
    """The kinds of everything in a mail, in order."""
    return [part.get_content_type() for part in mail_.walk()]


def calendar_part(mail_: EmailMessage) -> str:
    """The appointment as a program that knows of appointments reads it."""
    [part] = [part for part in mail_.walk() if part.get_content_type() == "text/calendar"]
    assert isinstance(part, EmailMessage)
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


@pytest.mark.django_db(transaction=True)
def test_mail_with_an_appointment_has_it_as_an_alternative_and_as_a_file(manager: User, mail_box: MailBox) -> None:
    got = sent(mail_box, manager, description="Rådhuset åäö 🎈 " * 30)
    assert parts(got) == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    [alternative] = [part for part in got.walk() if part.get_content_type() == "text/calendar"]
    assert (alternative.get_param("method"), alternative.get_content_charset()) == ("REQUEST", "utf-8")
    assert alternative.get_content_disposition() is None
    [attached] = got.iter_attachments()
    assert (attached.get_filename(), attached.get_content_disposition()) == ("utbildning.ics", "attachment")
    assert attached.get_content().decode() == calendar_part(got)
    calendar = read(calendar_part(got))
    assert calendar.method == "REQUEST"
    assert calendar.events[0].dtstart == STARTS
    assert calendar.events[0].description == ("Rådhuset åäö 🎈 " * 30).strip()
    assert [attendee.uri for attendee in calendar.events[0].attendees] == [f"mailto:{manager.email}"]


@pytest.mark.django_db(transaction=True)
def test_calendar_file_is_called_after_what_it_is_about(manager: User, mail_box: MailBox) -> None:
    """A booked contact of step 4 is called as it is where it can be fetched from its page."""
    [attached] = sent(mail_box, manager, about="samtal").iter_attachments()
    assert attached.get_filename() == "uppfoljning.ics"


@pytest.mark.django_db(transaction=True)
def test_mails_about_a_change_and_a_cancellation_reach_the_same_appointment(manager: User, mail_box: MailBox) -> None:
    agenda = Agenda()
    agenda.receive(calendar_part(sent(mail_box, manager)))
    agenda.receive(calendar_part(sent(mail_box, manager, sequence=1, summary="Tidiga tecken, ny tid")))
    assert [event.summary for event in agenda.coming()] == ["Tidiga tecken, ny tid"]
    cancelled = sent(mail_box, manager, sequence=2, method="CANCEL")
    [part] = [part for part in cancelled.walk() if part.get_content_type() == "text/calendar"]
    assert part.get_param("method") == "CANCEL"
    agenda.receive(calendar_part(cancelled))
    assert agenda.coming() == []


@pytest.mark.django_db(transaction=True)
def test_mail_without_an_appointment_has_no_calendar(manager: User, mail_box: MailBox) -> None:
    message = actions.post_letter(Letter(key="k", recipient=manager, subject="Hej", text="Hej\n", html="<p>Hej</p>"))
    assert message is not None
    assert actions.deliver_message(message.pk)
    assert parts(mail_box.mails[-1]) == ["multipart/alternative", "text/plain", "text/html"]
