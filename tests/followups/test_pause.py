"""A person pauses the reminders: in the portal, with the link in a digest, with one click in the mail program."""

import datetime as dt
import re
from email import message_from_bytes
from typing import Any
from urllib.parse import urlsplit

import pytest
from dateutil.relativedelta import relativedelta
from django.core.signing import Signer
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from followups.actions import cancel_outdated_reminders, pause_digests, resume_digests, sweep
from followups.models import DigestPause, Reminder
from followups.permissions import PAUSE_ADDRESS_LASTS, pause_token
from followups.queries import pause_of
from jarfalla import clock
from tests import factories
from tests.conftest import SignIn
from tests.followups import stages
from tests.followups.reminded import CIA, DAY, ESCALATES, OPENS, SAM, STEP_3, all_sent, booked, letters, said
from tests.together import together
from units.actions import end_membership
from units.mail import build_mail
from units.models import MembershipRole, Programme, Refused, Unit, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("cast")]

OWN = "/mina-paminnelser/"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
PAUSED, NOT_PAUSED = "Påminnelserna är pausade", "Hur länge vill du pausa?"


def address_for(user: User, *, on: dt.date | None = None) -> str:
    return f"/paus/{pause_token(user, on or clock.today())}/"


def text(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def digest_of(name: str) -> Any:
    [letter] = [row for row in letters() if row.recipient_name == name and "påminnelser" in row.subject]
    return letter


@pytest.fixture
def several(unit: Unit, manager: User) -> list[Unit]:
    """Three units whose windows open on OPENS; the coordinator gets a digest, their managers a letter each."""
    units = [unit, *(factories.taking_part(factories.unit()) for _number in range(2))]
    for each in units:
        stages.routines_done(each, STEP_3)
    return units


# --- The link in a digest ------------------------------------------------------------------------------------------


def test_digest_has_a_link_that_pauses_and_a_letter_of_its_own_has_none(several: list[Unit]) -> None:
    sweep(OPENS)
    digest = digest_of(SAM)
    mail = message_from_bytes(build_mail(digest, Programme.current()).message().as_bytes())
    assert mail["List-Unsubscribe"].strip() == f"<{digest.pause_url}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert digest.pause_url in digest.text
    assert digest.pause_url in digest.html
    [single] = [row for row in letters() if row.recipient_name == CIA]
    assert single.pause_url == ""
    assert build_mail(single, Programme.current()).extra_headers.get("List-Unsubscribe") is None


def test_one_click_pauses_without_session_token_or_redirect(several: list[Unit], coordinator: User) -> None:
    """As a mail program sends it (RFC 8058): no cookies, no CSRF token, and it follows no redirect."""
    sweep(OPENS)
    client = Client(enforce_csrf_checks=True)
    for _twice in range(2):
        response = client.post(urlsplit(digest_of(SAM).pause_url).path, ONE_CLICK)
        assert PAUSED in text(response)
    pause = DigestPause.objects.get()
    assert (pause.user, pause.ends_on, pause.ended_at) == (coordinator, None, None)


def test_opening_the_link_changes_nothing(coordinator: User) -> None:
    for method in ("get", "head"):
        getattr(Client(), method)(address_for(coordinator))
    page = Client().get(address_for(coordinator))
    assert NOT_PAUSED in text(page)
    assert not DigestPause.objects.exists()
    assert page["X-Robots-Tag"] == "noindex"
    assert "no-store" in page["Cache-Control"]


def test_page_behind_the_link_does_not_say_whose_it_is(coordinator: User) -> None:
    pause_digests(coordinator, ends_on=None)
    page = text(Client().get(address_for(coordinator)))
    assert PAUSED in page
    assert coordinator.name not in page
    assert coordinator.email not in page


@pytest.mark.parametrize(("length", "months"), [("month", 1), ("quarter", 3), ("open", None)])
def test_button_behind_the_link_pauses_for_as_long_as_was_chosen(
    length: str, months: int | None, coordinator: User
) -> None:
    client = Client(enforce_csrf_checks=True)
    page = client.post(address_for(coordinator), {"length": length}, follow=True)
    assert PAUSED in text(page)
    ends_on = clock.today() + relativedelta(months=months) if months else None
    assert DigestPause.objects.get().ends_on == ends_on
    again = client.post(address_for(coordinator), {"resume": "1"}, follow=True)
    assert NOT_PAUSED in text(again)
    assert pause_of(coordinator, clock.today()) is None


def test_length_that_is_none_of_the_choices_is_refused_at_its_field(coordinator: User) -> None:
    page = Client().post(address_for(coordinator), {"length": "for ever"})
    assert list(page.context["form"].errors) == ["length"]
    assert not DigestPause.objects.exists()


def test_address_that_is_not_ours_is_404_and_pauses_nobody(coordinator: User, manager: User) -> None:
    key, _day, signature = re.split("[-.]", pause_token(coordinator, clock.today()), maxsplit=2)
    day = f"{clock.today():%Y%m%d}"
    forged = [
        f"{manager.pk}-{day}.{signature}",
        f"{key}-{day}.{signature[:-1]}",
        f"{key}-{day}",
        Signer(salt="another", sep=".").sign(f"{key}-{day}"),
        pause_token(coordinator, clock.today() - PAUSE_ADDRESS_LASTS - DAY),
        "..",
        "%00",
    ]
    for token in forged:
        for response in (Client().get(f"/paus/{token}/"), Client().post(f"/paus/{token}/", ONE_CLICK)):
            assert response.status_code == 404, token
            assert "Sidan finns inte" in response.content.decode()
    assert not DigestPause.objects.exists()
    assert PAUSED in text(Client().post(address_for(coordinator, on=clock.today() - PAUSE_ADDRESS_LASTS), ONE_CLICK))


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_protected": True}])
def test_link_of_somebody_who_gets_no_mail_is_404(change: dict[str, bool], manager: User) -> None:
    User.objects.filter(pk=manager.pk).update(**change)
    assert Client().post(address_for(manager), ONE_CLICK).status_code == 404
    assert not DigestPause.objects.exists()


def test_too_many_clicks_from_one_network_are_asked_to_wait(coordinator: User, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "digest_pause": "2/h/ip"}
    client = Client()
    answers = [client.post(address_for(coordinator), {"resume": "1"}).status_code for _click in range(3)]
    assert answers == [302, 302, 429]
    late = client.post(address_for(coordinator), ONE_CLICK)
    assert "Vänta en stund" in late.content.decode()
    assert not DigestPause.objects.exists()
    assert client.get(address_for(coordinator)).status_code == 200


# --- What a pause holds back, and what it does not --------------------------------------------------------------------


def test_pause_holds_reminders_back_and_what_still_holds_comes_afterwards(
    several: list[Unit], coordinator: User
) -> None:
    pause = pause_digests(coordinator, ends_on=None)
    sweep(OPENS)
    assert said() == [f"opens {CIA}"]
    resume_digests(coordinator)
    pause.refresh_from_db()
    assert pause.ended_at is not None
    sweep(OPENS + DAY)
    assert said() == sorted([f"opens {CIA}", *[f"opens {SAM}"] * 3])


def test_pause_takes_back_the_digest_that_has_not_left(several: list[Unit], coordinator: User) -> None:
    sweep(OPENS)
    Client().post(urlsplit(digest_of(SAM).pause_url).path, ONE_CLICK)
    cancel_outdated_reminders(OPENS)
    assert said() == [f"opens {CIA}"]


def test_pause_never_holds_back_a_booked_meeting(unit: Unit, coordinator: User) -> None:
    round_ = stages.routines_done(unit, STEP_3)
    sweep(OPENS)
    all_sent()
    pause_digests(coordinator, ends_on=None)
    booked(round_, OPENS + 14 * DAY)
    sweep(OPENS + 7 * DAY)
    assert f"meeting {SAM}" in said()


def test_pause_that_is_over_gives_way_to_a_new_one(coordinator: User) -> None:
    old = DigestPause.objects.create(user=coordinator, ends_on=clock.today() - DAY)
    assert pause_of(coordinator, clock.today()) is None
    new = pause_digests(coordinator, ends_on=clock.today())
    old.refresh_from_db()
    assert old.ended_at is not None
    assert pause_of(coordinator, clock.today()) == new
    assert pause_digests(coordinator, ends_on=None) == new
    assert pause_of(coordinator, clock.today() + 1000 * DAY) == new


def test_pause_until_a_day_that_has_passed_is_refused(coordinator: User) -> None:
    with pytest.raises(Refused):
        pause_digests(coordinator, ends_on=clock.today() - DAY)
    assert not DigestPause.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_clicks_at_once_make_one_pause(coordinator: User) -> None:
    pauses = together(4, lambda _n: pause_digests(coordinator, ends_on=None))
    assert {pause.pk for pause in pauses} == set(DigestPause.objects.values_list("pk", flat=True))
    assert len({pause.pk for pause in pauses}) == 1


# --- Signed in -----------------------------------------------------------------------------------------------------


def test_own_page_pauses_and_begins_again(manager: User, sign_in: SignIn) -> None:
    client = sign_in(manager)
    assert NOT_PAUSED in text(client.get(OWN))
    ends_on = clock.today() + relativedelta(months=3)
    assert "Pausade till och med" in text(client.post(OWN, {"length": "quarter"}, follow=True))
    assert DigestPause.objects.get().ends_on == ends_on
    assert "Pausade tills du säger till" in text(client.post(OWN, {"length": "open"}, follow=True))
    assert "Du får påminnelser igen" in text(client.post(OWN, {"resume": "1"}, follow=True))
    assert DigestPause.objects.filter(ended_at__isnull=True).count() == 0


def test_own_page_shows_what_one_was_reminded_of_and_nobody_elses(
    unit: Unit, manager: User, member: User, working_day: dt.date, sign_in: SignIn
) -> None:
    stages.routines_done(unit, stages.due())
    sweep(working_day)
    page = sign_in(manager).get(OWN)
    assert f"Snart följer vi upp arbetet hos {unit.name}" in text(page)
    assert "Portalen skriver påminnelser bara på vardagar" in text(page)
    assert "väntar" in text(page).lower()
    assert f'href="/enheter/{unit.slug}/steg-4/"' in page.content.decode()
    assert unit.name not in text(sign_in(member).get(OWN))


def test_own_page_links_to_no_unit_that_one_has_left(
    unit: Unit, manager: User, working_day: dt.date, sign_in: SignIn, coordinator: User
) -> None:
    stages.routines_done(unit, stages.due())
    sweep(working_day)
    all_sent()
    end_membership(manager.memberships.get(), on=clock.today() - DAY, by=coordinator)
    page = sign_in(manager).get(OWN)
    assert f"/enheter/{unit.slug}/" not in page.content.decode()
    assert Reminder.objects.filter(recipient=manager).exists()
    assert unit.name not in page.content.decode()
    assert "Dags att boka uppföljning" in text(page)


def test_own_page_says_to_the_superior_what_the_letter_said_and_to_a_former_one_nothing_of_the_unit(
    unit: Unit, superior: User, sign_in: SignIn
) -> None:
    stages.routines_done(unit, STEP_3)
    sweep(ESCALATES)
    all_sent()
    Reminder.objects.update(swept_on=clock.today())
    client = sign_in(superior)
    page = client.get(OWN)
    assert f"Uppföljningen med {unit.name} har länge varit försenad" in text(page)
    assert f"/enheter/{unit.slug}/" not in page.content.decode()
    Unit.objects.update(superior=None)
    page = client.get(OWN)
    assert "Uppföljningar som länge har varit försenade" in text(page)
    assert unit.name not in page.content.decode()


def test_own_page_names_a_new_manager_as_the_portal_does_today(
    unit: Unit, manager: User, coordinator: User, working_day: dt.date, sign_in: SignIn
) -> None:
    Unit.objects.filter(pk=unit.pk).update(created_at=clock.now() - dt.timedelta(days=400))
    factories.open_round(unit)
    new = factories.staff(unit, name="Nya Chefen", role=MembershipRole.MANAGER)
    new.memberships.update(started_on=working_day - 3 * DAY)
    sweep(working_day)
    assert "Nya Chefen" not in str(Reminder.objects.values_list("details", flat=True))
    client = sign_in(coordinator)
    assert "Nya Chefen är ny chef." in text(client.get(OWN))
    User.objects.filter(pk=new.pk).update(name="Gifta Chefen")
    assert "Gifta Chefen är ny chef." in text(client.get(OWN))
    User.objects.filter(pk=new.pk).update(is_protected=True)
    page = text(client.get(OWN))
    assert "har fått en ny chef" in page
    assert "Chefen är ny" not in page
    assert "skyddad" not in page


def test_waiting_letter_that_names_a_person_who_becomes_protected_is_written_again(
    unit: Unit, manager: User, working_day: dt.date
) -> None:
    Unit.objects.filter(pk=unit.pk).update(created_at=clock.now() - dt.timedelta(days=400))
    factories.open_round(unit)
    new = factories.staff(unit, name="Hemliga Chefen", role=MembershipRole.MANAGER)
    new.memberships.update(started_on=working_day - 3 * DAY)
    sweep(working_day)
    User.objects.filter(pk=new.pk).update(is_protected=True)
    cancel_outdated_reminders(working_day)
    [waiting] = [row for row in letters() if row.recipient_name == SAM and row.cancelled_at is None]
    assert "Hemliga" not in waiting.text
    assert "har fått en ny chef" in waiting.text


def test_page_behind_the_link_is_in_the_language_of_whose_it_is(coordinator: User, manager: User) -> None:
    User.objects.filter(pk=manager.pk).update(language="en")
    assert '<html lang="en"' in Client().get(address_for(manager)).content.decode()
    english = Client()
    english.cookies["django_language"] = "en"
    response = english.get(address_for(coordinator))
    assert '<html lang="sv"' in response.content.decode()
    assert response["Content-Language"] == "sv"


def test_own_page_asks_as_much_of_the_database_for_three_as_for_one(
    unit: Unit, coordinator: User, working_day: dt.date, sign_in: SignIn
) -> None:
    stages.routines_done(unit, stages.due())
    sweep(working_day)
    client = sign_in(coordinator)
    client.get(OWN)
    counts = []
    for more in (0, 2):
        for _number in range(more):
            stages.routines_done(factories.taking_part(factories.unit()), stages.due())
        sweep(working_day, again=True)
        with CaptureQueriesContext(connection) as queries:
            assert len(client.get(OWN).context["rows"]) == 1 + more
        counts.append(len(queries))
    assert counts[0] == counts[1]
