"""The personal calendar: its page, its secret address, and what programs fetch from it, read by another library."""

import datetime as dt
import re
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from ical.event import EventStatus

from courses.models import SignUp, Training
from followups.actions import book_contact, cancel_booking
from jarfalla import clock
from tests import factories
from tests.calendars import read
from tests.conftest import SignIn
from tests.followups import stages
from tests.together import together
from units.actions import complete_step, end_membership, open_feed, replace_feed, revoke_feed
from units.models import CalendarFeed, MembershipRole, Programme, Refused, Round, Step, Unit, User

pytestmark = pytest.mark.django_db


def plan(*rounds: Round, title: str, days: float = 3, **fields: Any) -> Training:
    """A training for the rounds, so many days from now."""
    starts = clock.now() + dt.timedelta(days=days)
    training = Training.objects.create(
        title=title, starts_at=starts, ends_at=starts + dt.timedelta(hours=2), booked_by=stages.someone(), **fields
    )
    training.rounds.add(*rounds)
    return training


def fetch(user: User, **headers: str) -> Any:
    """What a calendar program gets: no cookies, no session."""
    return Client().get(f"/kalender/{open_feed(user).token}.ics", headers=headers)


def titles(user: User) -> list[str]:
    """What stands in the person's calendar."""
    return [event.summary or "" for event in read(fetch(user).content.decode()).events]


def page(client: Client) -> str:
    response = client.get("/kalender/")
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


@pytest.fixture
def round_(unit: Unit) -> Round:
    """The unit's open round."""
    return factories.open_round(unit)


# --- What the calendar holds ------------------------------------------------------------------------------------


def test_feed_holds_the_trainings_of_the_own_units_and_no_others(
    round_: Round, manager: User, member: User, outsider: User, coordinator: User
) -> None:
    plan(round_, title="Tidiga tecken")
    elsewhere = factories.open_round(outsider.memberships.get().unit)
    plan(elsewhere, title="Granbackens hemliga utbildning", days=4)
    assert titles(manager) == titles(member) == ["Tidiga tecken"]
    assert titles(outsider) == ["Granbackens hemliga utbildning"]
    assert titles(coordinator) == ["Tidiga tecken", "Granbackens hemliga utbildning"]


def test_feed_holds_a_training_for_two_own_units_once(unit: Unit, round_: Round, manager: User) -> None:
    second = factories.taking_part(factories.unit(name="Talldungens förskola"))
    second.memberships.create(user=manager, role=MembershipRole.MANAGER)
    plan(round_, factories.open_round(second), title="Gemensam")
    assert titles(manager) == ["Gemensam"]


def test_event_says_where_when_with_whom_and_leads_to_the_page(round_: Round, member: User, settings: Any) -> None:
    settings.BASE_URL = "https://portalen.example"
    training = plan(
        round_, title="Tidiga tecken", place="Rådhuset", leader="Eva Ek", meeting_url="https://mote.example/1"
    )
    (event,) = read(fetch(member).content.decode()).events
    assert event.uid == f"utbildning-{training.pk}@portalen.example"
    assert event.sequence == 0
    assert event.dtstart == training.starts_at.replace(microsecond=0)
    assert event.location == "Rådhuset"
    assert event.description == "För: Tallbackens förskola\nLedare: Eva Ek\nMöteslänk: https://mote.example/1"
    assert str(event.url) == f"https://portalen.example/utbildningar/{training.pk}/"
    assert event.attendees == []


def test_changed_training_keeps_its_uid_and_raises_its_sequence(round_: Round, member: User) -> None:
    training = plan(round_, title="Tidiga tecken")
    (before,) = read(fetch(member).content.decode()).events
    Training.objects.filter(pk=training.pk).update(sequence=4, starts_at=clock.now() + dt.timedelta(hours=1))
    (after,) = read(fetch(member).content.decode()).events
    assert (after.uid, after.sequence) == (before.uid, 4)
    assert after.dtstart != before.dtstart


def test_cancelled_training_says_so(round_: Round, member: User) -> None:
    plan(
        round_,
        title="Tidiga tecken",
        cancelled_at=clock.now(),
        cancelled_by=stages.someone(),
        cancelled_reason="Ledaren är sjuk.",
    )
    (event,) = read(fetch(member).content.decode()).events
    assert (event.summary, event.status) == ("Inställd: Tidiga tecken", EventStatus.CANCELLED)
    assert "Ledaren är sjuk." in (event.description or "")


def test_feed_goes_half_a_year_back(round_: Round, coordinator: User, member: User) -> None:
    plan(round_, title="I våras", days=-150)
    plan(round_, title="Förra året", days=-400)
    assert titles(coordinator) == titles(member) == ["I våras"]


def test_open_occasion_where_the_person_has_a_place_is_there(
    unit: Unit, member: User, manager: User, outsider: User
) -> None:
    occasion = plan(title="Öppen föreläsning", takes_sign_ups=True)
    for user, placed, withdrawn in [(outsider, True, False), (member, False, False), (manager, True, True)]:
        SignUp.objects.create(
            training=occasion,
            user=user,
            name=user.name,
            email=user.email,
            organisation="Enheten",
            placed_at=clock.now() if placed else None,
            withdrawn_at=clock.now() if withdrawn else None,
        )
    assert titles(outsider) == ["Öppen föreläsning"]
    assert titles(member) == titles(manager) == []


def test_follow_up_stands_on_its_first_and_last_day_for_those_who_keep_an_eye_on_it(
    unit: Unit, manager: User, member: User, outsider: User, coordinator: User
) -> None:
    done_on = stages.due()
    round_ = stages.routines_done(unit, done_on)
    events = read(fetch(manager).content.decode()).events
    assert [(event.summary, event.dtstart, event.dtend) for event in events] == [
        ("Uppföljningen öppnar: Tallbackens förskola", *_whole_day(done_on + relativedelta(months=5))),
        ("Sista dag för uppföljning: Tallbackens förskola", *_whole_day(done_on + relativedelta(months=8))),
    ]
    assert {event.uid for event in events} == {
        f"uppfoljning-oppnar-1-{round_.pk}@localhost",
        f"uppfoljning-stanger-1-{round_.pk}@localhost",
    }
    assert titles(coordinator) == [event.summary for event in events]
    assert titles(member) == titles(outsider) == []


def _whole_day(day: dt.date) -> tuple[dt.date, dt.date]:
    return day, day + dt.timedelta(days=1)


def test_follow_up_moves_with_a_corrected_date_and_with_the_programmes_months(unit: Unit, manager: User) -> None:
    round_ = stages.routines_done(unit, stages.due())
    before = read(fetch(manager).content.decode()).events
    stages.redate_routines(round_, stages.upcoming())
    after = read(fetch(manager).content.decode()).events
    assert [event.uid for event in after] == [event.uid for event in before]
    assert after[0].dtstart == stages.upcoming() + relativedelta(months=5)
    Programme(follow_up_closes_after_months=12).save()
    assert read(fetch(manager).content.decode()).events[1].dtstart == stages.upcoming() + relativedelta(months=18)


def test_booked_contact_stands_instead_of_the_days_of_its_window(
    unit: Unit, manager: User, member: User, coordinator: User
) -> None:
    round_ = stages.routines_done(unit, stages.due())
    starts_at = (clock.now() + dt.timedelta(days=9)).replace(microsecond=0)
    booking = book_contact(round_, starts_at=starts_at, minutes=45, place="08-580 285 00", by=coordinator)
    [event] = read(fetch(manager).content.decode()).events
    assert (event.summary, event.location) == ("Uppföljning med Tallbackens förskola", "08-580 285 00")
    assert (event.dtstart, event.dtend) == (starts_at, starts_at + dt.timedelta(minutes=45))
    assert (event.uid, event.sequence) == (f"samtal-{booking.pk}@localhost", 0)
    assert titles(coordinator) == [event.summary]
    assert titles(member) == []
    cancel_booking(booking, reason="Vi är sjuka.", by=coordinator)
    assert len(titles(manager)) == 2


def test_follow_up_that_is_done_is_gone(unit: Unit, manager: User) -> None:
    round_ = stages.routines_done(unit, stages.due())
    complete_step(round_, Step.FOLLOW_UP, on=clock.today(), by=stages.someone())
    assert titles(manager) == []


def test_person_who_leaves_loses_the_units_dates(round_: Round, member: User) -> None:
    plan(round_, title="Tidiga tecken")
    assert titles(member) == ["Tidiga tecken"]
    end_membership(member.memberships.get(), on=clock.today(), by=stages.someone())
    assert titles(member) == []


def test_feed_speaks_the_language_of_its_owner(round_: Round, member: User) -> None:
    plan(round_, title="Tidiga tecken", leader="Eva Ek")
    response = fetch(member, **{"accept-language": "en", "cookie": "django_language=en"})
    assert "Ledare: Eva Ek" in response.content.decode().replace("\r\n ", "")


# --- The secret address -----------------------------------------------------------------------------------------


def test_feed_is_a_calendar_file_for_one_person(round_: Round, member: User) -> None:
    plan(round_, title="Tidiga tecken")
    response = fetch(member)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert response["Cache-Control"] == "private, no-cache"
    assert response["X-Robots-Tag"] == "noindex"
    assert response.cookies == {}
    calendar = read(response.content.decode())
    assert (calendar.method, calendar.name) == ("PUBLISH", ["Järfällamodellen"])


def test_feed_that_has_not_changed_is_not_sent_again(round_: Round, member: User) -> None:
    training = plan(round_, title="Tidiga tecken")
    etag = fetch(member)["ETag"]
    again = fetch(member, **{"if-none-match": etag})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    Training.objects.filter(pk=training.pk).update(place="Biblioteket")
    changed = fetch(member, **{"if-none-match": etag})
    assert changed.status_code == 200
    assert "Biblioteket" in changed.content.decode()


def test_closed_address_never_answers_again(round_: Round, member: User) -> None:
    plan(round_, title="Tidiga tecken")
    old = open_feed(member).token
    assert revoke_feed(member) is True
    assert revoke_feed(member) is False
    new = open_feed(member).token
    assert new != old
    assert Client().get(f"/kalender/{old}.ics").status_code == 404
    assert "Tidiga tecken" in Client().get(f"/kalender/{new}.ics").content.decode()


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_protected": True}, {"role": "reader"}])
def test_address_of_somebody_whose_dates_must_not_leave_is_not_found(
    round_: Round, member: User, change: dict[str, Any]
) -> None:
    plan(round_, title="Tidiga tecken")
    token = open_feed(member).token
    User.objects.filter(pk=member.pk).update(**change)
    response = Client().get(f"/kalender/{token}.ics")
    assert response.status_code == 404
    assert "Tidiga tecken" not in response.content.decode()
    with pytest.raises(Refused, match="kan inte ha någon kalenderadress"):
        open_feed(member)


@pytest.mark.parametrize("token", ["a", "a" * 43, "x" * 500, "-"])
def test_unknown_address_is_not_found(member: User, token: str) -> None:
    open_feed(member)
    assert Client().get(f"/kalender/{token}.ics").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_open_feed_by_two_at_once_is_one_address(unit: Unit) -> None:
    user = factories.staff(unit)
    feeds = together(4, lambda _: open_feed(user).token)
    assert len(set(feeds)) == 1
    assert len(set(together(4, lambda _: replace_feed(user).token))) >= 1
    assert CalendarFeed.objects.filter(user=user, revoked_at__isnull=True).count() == 1


def test_feed_takes_as_many_queries_for_three_events_as_for_one(coordinator: User) -> None:
    counts = []
    for wanted in (1, 3):
        while Unit.objects.count() < wanted:
            unit = factories.taking_part(factories.unit())
            plan(stages.routines_done(unit, stages.due()), title="Utbildning")
        token = open_feed(coordinator).token
        with CaptureQueriesContext(connection) as queries:
            response = Client().get(f"/kalender/{token}.ics")
        assert len(read(response.content.decode()).events) == 3 * wanted
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] <= 8


# --- The page -----------------------------------------------------------------------------------------------------


def test_page_makes_replaces_and_closes_the_address(
    round_: Round, member: User, sign_in: SignIn, settings: Any
) -> None:
    settings.BASE_URL = "https://portalen.example"
    plan(round_, title="Tidiga tecken", place="Rådhuset")
    client = sign_in(member)
    first = page(client)
    assert "Du har ingen kalenderadress än." in first
    assert "Tidiga tecken" in first
    assert not CalendarFeed.objects.exists()  # a page that is looked at makes no secret
    client.post("/kalender/oppna/")
    second = page(client)
    address = _address(second)
    assert "Din kalenderadress är klar." in second
    assert f'href="webcal://portalen.example{address}"' in second
    assert "Adressen är hemlig." in second
    for program in ("Outlook", "Google Kalender", "iPhone"):
        assert f"<h3>{program}</h3>" in second
    assert "Tidiga tecken" in Client().get(address).content.decode()
    client.post("/kalender/oppna/")
    assert _address(page(client)) == address
    client.post("/kalender/oppna/", {"replace": "1"})
    third = page(client)
    assert "Du har en ny adress. Den gamla har slutat fungera." in third
    assert _address(third) != address
    assert Client().get(address).status_code == 404
    client.post("/kalender/stang/")
    last = page(client)
    assert "Adressen är stängd." in last
    assert ".ics" not in last
    assert Client().get(_address(third)).status_code == 404


def _address(html: str) -> str:
    found = re.search(r'id="address" value="https://portalen\.example(/kalender/[\w-]{43}\.ics)" readonly', html)
    assert found, html
    return found[1]


def test_page_with_the_address_is_kept_by_no_cache(member: User, sign_in: SignIn) -> None:
    open_feed(member)
    assert {"no-store", "private"} <= set(sign_in(member).get("/kalender/")["Cache-Control"].split(", "))


def test_page_of_another_person_never_shows_the_address(member: User, manager: User, sign_in: SignIn) -> None:
    token = open_feed(member).token
    assert token not in page(sign_in(manager))


def test_page_of_a_protected_person_shows_the_dates_and_makes_no_address(
    round_: Round, member: User, sign_in: SignIn
) -> None:
    plan(round_, title="Tidiga tecken")
    open_feed(member)
    User.objects.filter(pk=member.pk).update(is_protected=True)
    client = sign_in(member)
    html = page(client)
    assert "Du har skyddade personuppgifter i portalen." in html
    assert "Tidiga tecken" in html
    assert ".ics" not in html
    client.post("/kalender/oppna/", {"replace": "1"})
    assert "Ditt konto kan inte ha någon kalenderadress." in page(client)


def test_page_shows_what_lies_ahead_soonest_first(unit: Unit, manager: User, sign_in: SignIn) -> None:
    round_ = stages.routines_done(unit, stages.due())
    plan(round_, title="Om en vecka", days=7)
    plan(round_, title="I förrgår", days=-2)
    plan(round_, title="I övermorgon", days=2)
    html = page(sign_in(manager))
    assert "I förrgår" not in html
    assert "Uppföljningen öppnar" not in html
    order = [html.index(text) for text in ("I övermorgon", "Om en vecka", "Sista dag för uppföljning")]
    assert order == sorted(order)


# --- One training as a file --------------------------------------------------------------------------------------


def test_training_can_be_fetched_as_a_file(round_: Round, member: User, outsider: User, sign_in: SignIn) -> None:
    training = plan(round_, title="Tidiga tecken", sequence=2)
    address = f"/utbildningar/{training.pk}/kalender.ics"
    response = sign_in(member).get(address)
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="utbildning.ics"'
    calendar = read(response.content.decode())
    assert calendar.method == "PUBLISH"
    assert [(event.uid, event.sequence) for event in calendar.events] == [(f"utbildning-{training.pk}@localhost", 2)]
    training.invitations.create(user=member, shift=3)  # invited three times: the mails have counted on
    again = sign_in(member).get(address).content.decode()
    assert [event.sequence for event in read(again).events] == [5]
    refused = sign_in(outsider).get(address)
    assert refused.status_code == 404
    assert "Tidiga tecken" not in refused.content.decode()
