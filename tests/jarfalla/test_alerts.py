"""What is wrong and needs a person is said on the start page, with what to do about it."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from followups.actions import book_contact, sweep
from followups.models import Recipient, ReminderRule, RuleKind, SweepRun
from followups.queries import window_of
from jarfalla import clock
from jarfalla.views.alerts import Alert, AlertKind, Place
from tests import factories
from tests.conftest import SignIn
from tests.jarfalla import scenes
from tests.units.letters import post
from units import actions
from units.models import Membership, MembershipRole, Message, ParticipationState, Programme, Unit, User, UserRole

pytestmark = pytest.mark.django_db

HEADING = "Behöver åtgärdas"


def alerts(client: Client) -> str:
    """What the alerts on the start page say; nothing when there are none."""
    page = scenes.words(client.get("/").content)
    if HEADING not in page:
        return ""
    return page.split(HEADING)[1].split("Den här veckan")[0].split("enheter deltar. Här")[0].strip()


def html_of(client: Client) -> str:
    return client.get("/").content.decode()


def ago(**time: float) -> dt.datetime:
    return clock.now() - dt.timedelta(**time)


def close(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def protect(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_protected=True)


def swept(**time: float) -> SweepRun:
    """A sweep that finished so long ago."""
    return SweepRun.objects.create(on=ago(**time).date(), finished_at=ago(**time))


@pytest.fixture(autouse=True)
def _swept_today(db: None) -> None:
    swept(hours=1)


# --- Nothing is wrong ------------------------------------------------------------------------------------------------


def test_alerts_are_not_there_while_nothing_is_wrong(
    sign_in: SignIn, coordinator: User, manager: User, member: User, reader: User
) -> None:
    post(manager)  # was written just now: nobody has had the time to send it
    for user in (coordinator, manager, member, reader):
        assert HEADING not in html_of(sign_in(user))


# --- Managers --------------------------------------------------------------------------------------------------------


def test_alert_of_a_unit_that_takes_part_without_a_manager(sign_in: SignIn, coordinator: User, manager: User) -> None:
    client, unit = sign_in(coordinator), Unit.objects.get()
    assert alerts(client) == ""
    actions.end_membership(Membership.objects.get(user=manager), on=clock.today(), by=coordinator)
    assert alerts(client).startswith("Chef saknas 1 enhet deltar men har ingen chef i portalen. Lägg till chefen")
    assert alerts(client).endswith("Tallbackens förskola")
    assert f'<a href="{reverse("unit_staff", args=[unit.slug])}">Tallbackens förskola</a>' in html_of(client)
    factories.staff(unit, role=MembershipRole.MANAGER)
    assert alerts(client) == ""


def test_alert_of_a_unit_whose_managers_account_is_closed(sign_in: SignIn, coordinator: User, manager: User) -> None:
    close(manager)
    assert alerts(sign_in(coordinator)).startswith("Chef saknas 1 enhet deltar")


def test_alert_of_a_unit_whose_manager_gets_no_mail_does_not_tell_who(
    sign_in: SignIn, coordinator: User, manager: User
) -> None:
    protect(manager)
    page = html_of(sign_in(coordinator))
    assert alerts(sign_in(coordinator)).startswith("Får inga mejl 1 enhet har ingen chef som får portalens mejl. Ring")
    assert manager.name not in page
    assert manager.email not in page


@pytest.mark.parametrize(
    "state", [ParticipationState.INVITED, ParticipationState.DECLINED, ParticipationState.PAUSED, None]
)
def test_alert_is_not_about_units_that_do_not_take_part(
    sign_in: SignIn, coordinator: User, state: ParticipationState | None
) -> None:
    unit = factories.unit(name="Utan chef")
    if state == ParticipationState.PAUSED:
        factories.taking_part(unit)
    if state:
        actions.record_participation(unit, state=state, by=coordinator)
    assert alerts(sign_in(coordinator)) == ""


def test_alert_folds_all_but_the_first_units(sign_in: SignIn, coordinator: User) -> None:
    for number in range(8):
        factories.taking_part(factories.unit(name=f"Enhet {number}"))
    page = html_of(sign_in(coordinator))
    shown, folded = page.split("<details>")[0], page.split("<details>")[1].split("</details>")[0]
    assert [number for number in range(8) if f">Enhet {number}</a>" in shown] == [0, 1, 2, 3, 4]
    assert [number for number in range(8) if f">Enhet {number}</a>" in folded] == [5, 6, 7]
    assert "Visa 3 till" in folded


def test_alert_names_a_hundred_units_and_counts_the_rest() -> None:
    places = tuple(Place(f"Enhet {number}", "/") for number in range(130))
    alert = Alert(AlertKind.NO_MANAGER, "130 enheter", places=places)
    assert (*alert.first, *alert.folded) == places[:100]
    assert (len(alert.first), alert.unnamed) == (5, 30)


# --- Nobody further up -----------------------------------------------------------------------------------------------


@pytest.fixture
def late(coordinator: User, unit: Unit, manager: User) -> Unit:
    """A unit whose follow-up is late."""
    return scenes.standing_at(3, unit=unit, by=coordinator, days_ago=400)


def test_alert_of_a_late_unit_without_anybody_further_up(sign_in: SignIn, coordinator: User, late: Unit) -> None:
    client, chief = sign_in(coordinator), factories.user(name="Vera Verksamhetschef")
    said = "Chefens chef saknas 1 enhet har en försenad uppföljning och ingen chefens chef som kan få veta det."
    assert alerts(client).startswith(said)
    assert f'<a href="{reverse("unit_edit", args=[late.slug])}">' in html_of(client)
    Unit.objects.update(superior=chief)
    assert alerts(client) == ""
    close(chief)
    assert alerts(client).startswith(said)


@pytest.mark.parametrize("who", ["a coordinator", "the manager", "protected"])
def test_alert_of_a_late_unit_whose_managers_manager_the_last_reminder_skips(
    who: str, sign_in: SignIn, coordinator: User, manager: User, late: Unit
) -> None:
    chief = manager if who == "the manager" else factories.user(name="Vera Verksamhetschef")
    Unit.objects.update(superior=chief)
    if who == "a coordinator":
        User.objects.filter(pk=chief.pk).update(role=UserRole.COORDINATOR)
    if who == "protected":
        protect(chief)
    assert alerts(sign_in(coordinator)).startswith("Chefens chef saknas 1 enhet har en försenad uppföljning")
    assert alerts(sign_in(coordinator)).endswith("Tallbackens förskola")


def test_alert_counts_whoever_managed_the_unit_before_as_the_managers_manager(
    sign_in: SignIn, coordinator: User, manager: User, late: Unit
) -> None:
    factories.staff(late, role=MembershipRole.MANAGER)
    Unit.objects.update(superior=manager)
    assert alerts(sign_in(coordinator)).startswith("Chefens chef saknas")
    actions.end_membership(Membership.objects.get(user=manager), on=clock.today(), by=coordinator)
    assert alerts(sign_in(coordinator)) == ""


def test_alert_of_a_late_unit_follows_the_rule(sign_in: SignIn, coordinator: User, late: Unit) -> None:
    rule = ReminderRule.objects.create(
        kind=RuleKind.ESCALATED, to=Recipient.SUPERIOR, is_on=False, changed_by=coordinator
    )
    assert alerts(sign_in(coordinator)) == ""
    rule.is_on = True
    rule.save()
    assert alerts(sign_in(coordinator)) != ""
    rule.to = Recipient.COORDINATOR
    rule.save()
    assert alerts(sign_in(coordinator)) == ""


def test_alert_of_a_late_unit_waits_for_the_time_that_is_booked(sign_in: SignIn, coordinator: User, late: Unit) -> None:
    round_ = factories.open_round(late)
    window = window_of(round_, Programme.current(), clock.today())
    assert window is not None
    book_contact(round_, number=window.number, starts_at=ago(days=-3), place="Telefon", by=coordinator)
    assert alerts(sign_in(coordinator)) == ""


# --- The sweep -------------------------------------------------------------------------------------------------------


def test_alert_when_no_sweep_has_finished_for_26_hours(sign_in: SignIn, coordinator: User) -> None:
    client = sign_in(coordinator)
    SweepRun.objects.update(finished_at=ago(hours=25, minutes=59))
    assert alerts(client) == ""
    SweepRun.objects.update(finished_at=dt.datetime(2026, 3, 2, 5, 4, tzinfo=dt.UTC))
    assert alerts(client).startswith(
        "Påminnelserna står stilla De dagliga påminnelserna har stått stilla sedan den 2 mars 2026 kl. 06:04. "
        "När de kommer igång tar portalen igen det som har missats."
    )
    SweepRun.objects.update(on=clock.today() - dt.timedelta(days=3))
    sweep(clock.today())
    assert alerts(client) == ""


def test_alert_when_a_sweep_has_begun_and_never_finished(sign_in: SignIn, coordinator: User) -> None:
    SweepRun.objects.update(finished_at=None)
    assert alerts(sign_in(coordinator)) == ""  # the portal is younger than 26 hours
    User.objects.update(created_at=ago(hours=27))
    assert "De dagliga påminnelserna har aldrig kommit igång." in alerts(sign_in(coordinator))


# --- Mail ------------------------------------------------------------------------------------------------------------


def hold(to: User, key: str, **columns: Any) -> Message:
    """A letter that was tried a minute ago and not taken."""
    message = post(to, key)
    values = {"attempts": 1, "last_error": "[Errno 111] Connection refused", "created_at": ago(hours=3), **columns}
    Message.objects.filter(pk=message.pk).update(**values)
    return message


def sent(to: User, key: str, at: dt.datetime) -> None:
    Message.objects.filter(pk=post(to, key).pk).update(sent_at=at)


def test_alert_when_the_mail_server_takes_nothing(sign_in: SignIn, coordinator: User, manager: User) -> None:
    hold(manager, "held:1", created_at=dt.datetime(2026, 3, 2, 5, 4, tzinfo=dt.UTC))
    # Those behind it have not tried: the first one has found out for them.
    Message.objects.filter(pk=post(manager, "held:2").pk).update(not_before=ago(hours=2))
    post(manager, "new")
    client = sign_in(coordinator)
    assert alerts(client).startswith(
        "Mejl väntar 2 mejl väntar: e-postservern tar inte emot dem. "
        "Det som har väntat längst skrevs den 2 mars 2026 kl. 06:04. Portalen försöker av sig själv"
    )
    sent(manager, "sent", dt.datetime(2026, 3, 1, 12, 30, tzinfo=dt.UTC))
    assert "Senast gick ett mejl iväg den 1 mars 2026 kl. 13:30." in alerts(client)
    assert 'href="/utkorg/?status=held_up"' in html_of(client)
    Message.objects.update(sent_at=clock.now())
    assert alerts(client) == ""


def test_alert_when_the_mail_server_does_not_take_one_letter(sign_in: SignIn, coordinator: User, manager: User) -> None:
    hold(manager, "held:1")
    sent(manager, "sent", ago(minutes=1))
    Message.objects.filter(pk=post(manager, "long queue").pk).update(not_before=ago(hours=2))
    said = "Mejl väntar 1 mejl väntar: e-postservern tar inte emot det än, men andra mejl går iväg."
    assert alerts(sign_in(coordinator)).startswith(said)


def test_alert_is_not_about_a_long_queue_that_moves(sign_in: SignIn, coordinator: User, manager: User) -> None:
    sent(manager, "sent", ago(minutes=1))
    Message.objects.filter(pk=post(manager, "long queue").pk).update(not_before=ago(hours=2))
    assert alerts(sign_in(coordinator)) == ""


@pytest.mark.parametrize("has_tried", [True, False])
def test_alert_when_nobody_sends(sign_in: SignIn, coordinator: User, manager: User, has_tried: bool) -> None:
    hold(manager, "held:1", not_before=ago(minutes=6), last_error="Connection refused" if has_tried else "")
    said = "Mejl väntar 1 mejl väntar och portalen skickar det inte: bakgrundsjobben står stilla."
    assert alerts(sign_in(coordinator)).startswith(said)


def test_alert_counts_a_worker_that_talks_to_the_server_as_one_that_sends(
    sign_in: SignIn, coordinator: User, manager: User
) -> None:
    hold(manager, "held:1", not_before=ago(minutes=6))
    claim = {"claim": uuid.uuid4(), "claimed_until": ago(minutes=-2)}
    Message.objects.filter(pk=post(manager, "now").pk).update(**claim)
    assert "e-postservern tar inte emot det." in alerts(sign_in(coordinator))


def test_alert_of_mail_that_failed(sign_in: SignIn, coordinator: User, manager: User) -> None:
    Message.objects.filter(pk=post(manager).pk).update(failed_at=clock.now(), last_error=f"550 {manager.email}")
    client = sign_in(coordinator)
    assert alerts(client).startswith("Mejl kom inte fram 1 mejl kom inte fram och skickas inte igen av sig självt.")
    assert 'href="/utkorg/?status=failed"' in html_of(client)
    assert manager.email not in html_of(client)


# --- Coordinators, readers and staff ---------------------------------------------------------------------------------


def test_alert_when_no_coordinator_gets_mail(sign_in: SignIn, coordinator: User, manager: User) -> None:
    protect(coordinator)
    said = "Får inga mejl Ingen samordnare får portalens mejl"
    assert alerts(sign_in(coordinator)).startswith(said)
    # There is a coordinator, and who that is and why they get no mail is nobody's business.
    assert alerts(sign_in(manager)) == ""
    factories.user(role=UserRole.COORDINATOR)
    assert alerts(sign_in(coordinator)) == ""


def test_alert_without_a_coordinator_is_for_everybody(
    sign_in: SignIn, coordinator: User, manager: User, member: User, reader: User
) -> None:
    close(coordinator)
    for user in (manager, member, reader):
        assert alerts(sign_in(user)).startswith("Ingen samordnare Portalen har ingen samordnare just nu")


def test_alert_of_a_manager_who_gets_no_mail(sign_in: SignIn, coordinator: User, manager: User, member: User) -> None:
    protect(manager)
    protect(member)
    assert alerts(sign_in(manager)).startswith("Får inga mejl Portalen skickar inga mejl till dig.")
    assert alerts(sign_in(member)) == ""


def test_alert_of_a_manager_whose_mail_does_not_come_through(
    sign_in: SignIn, coordinator: User, manager: User, outsider: User
) -> None:
    message = post(manager)
    Message.objects.update(failed_at=clock.now())
    assert alerts(sign_in(manager)).startswith(f"Mejl kom inte fram 1 mejl till {manager.email} kom inte fram.")
    assert alerts(sign_in(outsider)) == ""
    Message.objects.filter(pk=message.pk).update(failed_at=ago(days=31))
    assert alerts(sign_in(manager)) == ""


def test_alerts_of_the_portal_are_the_coordinators(sign_in: SignIn, coordinator: User, manager: User) -> None:
    """A manager reads nothing of other units, of the queue and of the sweep."""
    factories.taking_part(factories.unit(name="Granbackens hemlighet"))
    hold(coordinator, "held:1")
    SweepRun.objects.update(finished_at=ago(hours=30))
    assert "Granbackens hemlighet" in html_of(sign_in(coordinator))
    assert HEADING not in html_of(sign_in(manager))


# --- How it is said --------------------------------------------------------------------------------------------------


def test_alerts_are_a_region_with_a_heading_and_words_beside_the_colour(sign_in: SignIn, coordinator: User) -> None:
    SweepRun.objects.update(finished_at=ago(hours=30))
    page = html_of(sign_in(coordinator))
    assert '<section class="alerts" role="region" aria-labelledby="alerts-title">' in page
    assert '<h2 id="alerts-title">Behöver åtgärdas</h2>' in page
    assert "<span>Påminnelserna står stilla</span>" in page


def test_alerts_ask_the_same_queries_for_1_and_3_of_everything(sign_in: SignIn, coordinator: User) -> None:
    client, counts = sign_in(coordinator), []
    SweepRun.objects.update(finished_at=ago(hours=30))
    for number in range(1, 4):
        unit = scenes.standing_at(3, by=coordinator, days_ago=400, name=f"Sen {number}")
        protect(factories.staff(unit, role=MembershipRole.MANAGER))
        factories.taking_part(factories.unit(name=f"Utan {number}"))
        guest = factories.staff(unit)
        hold(guest, f"held:{number}")
        Message.objects.filter(pk=post(guest, f"failed:{number}").pk).update(failed_at=clock.now())
        with CaptureQueriesContext(connection) as captured:
            said = alerts(client)
        kinds = ("Påminnelserna står stilla", "Mejl väntar", "Mejl kom inte fram", "Chef saknas", "Får inga mejl")
        assert [kind for kind in (*kinds, "Chefens chef saknas") if kind not in said] == []
        assert said.count("Utan ") == number
        counts.append(len(captured))
    assert counts == [counts[0]] * 3
