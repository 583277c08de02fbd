"""Pages about units, staff lists, withdrawn steps, the outbox and the settings."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jarfalla import clock
from tests import factories
from tests.conftest import SignIn
from units import actions
from units.mail import Letter
from units.models import Membership, MembershipRole, Message, ParticipationState, Programme, Step, Unit, User, UserRole

pytestmark = pytest.mark.django_db

VALID_NUMBER = "640823-3234"  # the example number of the Swedish Tax Agency's own brochure


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_units_shows_each_person_their_own(
    sign_in: SignIn, unit: Unit, coordinator: User, member: User, outsider: User
) -> None:
    assert "Tallbackens förskola" in text_of(sign_in(member).get("/enheter/"))
    assert "Granbackens skola" not in text_of(sign_in(member).get("/enheter/"))
    everything = text_of(sign_in(coordinator).get("/enheter/"))
    assert "Tallbackens förskola" in everything
    assert "Granbackens skola" in everything


def test_units_shows_a_reader_no_names(sign_in: SignIn, unit: Unit, reader: User) -> None:
    page = text_of(sign_in(reader).get("/enheter/"))
    assert unit.name not in page
    assert "Som läsare ser du siffror" in page


def test_units_search_with_nonsense_answers_politely(sign_in: SignIn, unit: Unit, coordinator: User) -> None:
    page = sign_in(coordinator).get("/enheter/", {"q": "\x00%<b>", "page": "nio"})
    assert page.status_code == 200
    assert "Ingen enhet heter något med ”%&lt;b&gt;”." in text_of(page)


def test_units_asks_as_many_questions_for_one_unit_as_for_three(
    sign_in: SignIn, unit: Unit, coordinator: User, django_assert_num_queries: Any
) -> None:
    client = sign_in(coordinator)
    client.get("/enheter/")
    with CaptureQueriesContext(connection) as one:
        client.get("/enheter/")
    for _ in range(2):
        factories.taking_part(factories.unit())
    with django_assert_num_queries(len(one)):
        client.get("/enheter/")


def test_unit_new_with_a_taken_name_says_so_at_the_field(sign_in: SignIn, unit: Unit, coordinator: User) -> None:
    page = sign_in(coordinator).post(
        "/enheter/ny/", {"name": " tallbackens  FÖRSKOLA", "kind": "preschool", "ownership": "municipal"}
    )
    assert page.context["form"].errors == {"name": ["Det finns redan en enhet med det namnet."]}
    assert Unit.objects.count() == 1


def test_unit_new_with_a_headcount_of_0_says_so_at_the_field(sign_in: SignIn, coordinator: User) -> None:
    page = sign_in(coordinator).post(
        "/enheter/ny/", {"name": "Ny", "kind": "preschool", "ownership": "municipal", "declared_headcount": "0"}
    )
    assert list(page.context["form"].errors) == ["declared_headcount"]
    assert not Unit.objects.exists()


def test_unit_new_with_a_personnummer_says_so_at_the_field(sign_in: SignIn, coordinator: User) -> None:
    page = sign_in(coordinator).post(
        "/enheter/ny/", {"name": f"Familjen {VALID_NUMBER}", "kind": "preschool", "ownership": "municipal"}
    )
    assert "personnummer" in str(page.context["form"].errors["name"])
    assert not Unit.objects.exists()


def test_unit_edit_changes_the_unit_and_keeps_its_address(sign_in: SignIn, unit: Unit, coordinator: User) -> None:
    answer = sign_in(coordinator).post(
        reverse("unit_edit", args=[unit.slug]),
        {"name": "Nya namnet", "kind": "open_preschool", "ownership": "private", "declared_headcount": "7"},
    )
    changed = Unit.objects.get(slug=unit.slug)
    assert answer["Location"] == f"/enheter/{unit.slug}/"
    assert (changed.name, changed.kind, changed.size()) == ("Nya namnet", "open_preschool", 7)


UNIT = {"name": "Tallbackens förskola", "kind": "preschool", "ownership": "municipal"}


def test_unit_edit_saves_and_removes_the_managers_manager(sign_in: SignIn, unit: Unit, coordinator: User) -> None:
    client, path = sign_in(coordinator), reverse("unit_edit", args=[unit.slug])
    chief = factories.user(name="Vera Verksamhetschef")
    client.post(path, UNIT | {"superior": chief.email.upper()})
    assert Unit.objects.get(pk=unit.pk).superior == chief
    assert chief.email in text_of(client.get(path))
    client.post(path, UNIT | {"superior": ""})
    assert Unit.objects.get(pk=unit.pk).superior is None


def test_unit_edit_refuses_a_managers_manager_who_would_hear_nothing(
    sign_in: SignIn, unit: Unit, coordinator: User, manager: User
) -> None:
    """The last reminder skips whoever has got the earlier ones, and whoever has no account that is open."""
    closed = factories.user()
    User.objects.filter(pk=closed.pk).update(is_active=False)
    client, path = sign_in(coordinator), reverse("unit_edit", args=[unit.slug])
    for email, sentence in (
        (manager.email, "Den personen är chef för enheten och påminns redan själv."),
        (coordinator.email, "Den personen är samordnare och får redan veta när uppföljningen är försenad."),
        (closed.email, "Ingen med den adressen har ett konto i portalen."),
        ("ingen@example.org", "Ingen med den adressen har ett konto i portalen."),
    ):
        page = client.post(path, UNIT | {"superior": email})
        assert sentence in str(page.context["form"].errors["superior"]), email
        assert "<title>Fel: " in page.content.decode()
    assert Unit.objects.get(pk=unit.pk).superior is None


def test_unit_edit_takes_another_units_manager_as_the_managers_manager(
    sign_in: SignIn, unit: Unit, coordinator: User, manager: User
) -> None:
    client, other = sign_in(coordinator), factories.unit()
    client.post(reverse("unit_edit", args=[other.slug]), UNIT | {"name": other.name, "superior": manager.email})
    assert Unit.objects.get(pk=other.pk).superior == manager


def test_unit_new_refuses_a_coordinator_as_the_managers_manager(sign_in: SignIn, coordinator: User) -> None:
    page = sign_in(coordinator).post(reverse("unit_new"), UNIT | {"superior": coordinator.email})
    assert "Den personen är samordnare" in str(page.context["form"].errors["superior"])
    assert not Unit.objects.exists()


def test_unit_participation_starts_a_round(sign_in: SignIn, coordinator: User) -> None:
    unit = factories.unit()
    sign_in(coordinator).post(
        reverse("unit_participation", args=[unit.slug]), {"state": "taking_part", "since": clock.today()}
    )
    assert factories.open_round(unit).number == 1
    assert unit.participation_state == ParticipationState.TAKING_PART


def test_unit_participation_in_the_future_says_so_at_the_field(sign_in: SignIn, coordinator: User) -> None:
    unit = factories.unit()
    page = sign_in(coordinator).post(
        reverse("unit_participation", args=[unit.slug]), {"state": "invited", "since": "2999-01-01"}
    )
    assert "Datumet ligger i framtiden" in str(page.context["form"].errors["since"])
    assert not unit.participations.exists()


def test_unit_staff_adds_a_member_and_a_manager_cannot_make_managers(
    sign_in: SignIn, unit: Unit, manager: User
) -> None:
    sign_in(manager).post(
        reverse("unit_staff", args=[unit.slug]),
        {"name": "Bo Ek", "email": "bo@example.org", "role": "manager", "started_on": clock.today()},
    )
    assert Membership.objects.get(user__email="bo@example.org").role == MembershipRole.MEMBER


def test_unit_staff_keeps_protected_persons_out_of_the_list(
    sign_in: SignIn, unit: Unit, manager: User, member: User
) -> None:
    page = text_of(sign_in(manager).get(reverse("unit_staff", args=[unit.slug])))
    assert member.name in page
    User.objects.filter(pk=member.pk).update(is_protected=True)
    page = text_of(sign_in(manager).get(reverse("unit_staff", args=[unit.slug])))
    assert member.name not in page
    assert "1 person visas inte här, men räknas." in page


def test_membership_end_takes_the_person_off_the_list(sign_in: SignIn, unit: Unit, manager: User, member: User) -> None:
    membership = member.memberships.get()
    sign_in(manager).post(reverse("membership_end", args=[unit.slug, membership.pk]), {"on": clock.today()})
    assert not unit.memberships.present().filter(user=member).exists()


def test_membership_end_in_the_future_says_so_at_the_field(
    sign_in: SignIn, unit: Unit, manager: User, member: User
) -> None:
    membership = member.memberships.get()
    page = sign_in(manager).post(reverse("membership_end", args=[unit.slug, membership.pk]), {"on": "2999-01-01"})
    assert "Datumet ligger i framtiden" in page.context["form"].errors["on"][0]
    assert f'id="id_on_{membership.pk}"' in page.content.decode()
    assert unit.memberships.present().filter(user=member).exists()


def test_membership_end_of_another_units_person_is_not_found(
    sign_in: SignIn, unit: Unit, manager: User, outsider: User
) -> None:
    elsewhere = outsider.memberships.get()
    answer = sign_in(manager).post(reverse("membership_end", args=[unit.slug, elsewhere.pk]), {"on": clock.today()})
    elsewhere.refresh_from_db()
    assert (answer.status_code, elsewhere.ended_on) == (404, None)


def test_membership_end_twice_answers_as_the_first_time(
    sign_in: SignIn, unit: Unit, manager: User, member: User
) -> None:
    address = reverse("membership_end", args=[unit.slug, member.memberships.get().pk])
    client = sign_in(manager)
    for _ in range(2):
        answer = client.post(address, {"on": clock.today()}, follow=True)
        assert f"{member.name} har lämnat enheten." in text_of(answer)


def test_membership_end_of_a_protected_person_is_not_found(
    sign_in: SignIn, unit: Unit, manager: User, member: User
) -> None:
    User.objects.filter(pk=member.pk).update(is_protected=True)
    membership = member.memberships.get()
    client = sign_in(manager)
    answer = client.post(reverse("membership_end", args=[unit.slug, membership.pk]), {"on": clock.today()})
    assert answer.status_code == 404
    assert member.name not in text_of(client.get(reverse("unit_staff", args=[unit.slug])))


def test_unit_staff_does_not_tell_the_name_behind_a_protected_persons_address(
    sign_in: SignIn, unit: Unit, manager: User
) -> None:
    hidden = factories.user(name="Hemliga Hanna", is_protected=True)
    page = sign_in(manager).post(
        reverse("unit_staff", args=[unit.slug]),
        {"name": "H", "email": hidden.email, "started_on": clock.today()},
        follow=True,
    )
    assert "H finns nu i personallistan." in text_of(page)
    assert hidden.name not in text_of(page)


def test_unit_staff_with_a_line_break_in_a_name_says_so_at_the_field(
    sign_in: SignIn, unit: Unit, manager: User
) -> None:
    page = sign_in(manager).post(
        reverse("unit_staff", args=[unit.slug]),
        {"name": "Bo\r\nBcc: alla@example.org", "email": "bo@example.org", "started_on": clock.today()},
    )
    assert "ett tecken som inte går att spara" in str(page.context["form"].errors["name"])
    assert not User.objects.filter(email="bo@example.org").exists()


def test_pages_about_the_record_do_not_name_a_protected_person(
    sign_in: SignIn, unit: Unit, manager: User, coordinator: User
) -> None:
    actions.record_participation(unit, state=ParticipationState.PAUSED, by=coordinator)
    actions.record_participation(unit, state=ParticipationState.TAKING_PART, by=coordinator)
    actions.complete_step(factories.open_round(unit), Step.WEB_COURSE, on=clock.today(), by=manager)
    User.objects.update(is_protected=True)
    client = sign_in(factories.user(name="Siv", role=UserRole.COORDINATOR))
    for address in (reverse("unit_participation", args=[unit.slug]), reverse("step_withdraw", args=[unit.slug, 1])):
        page = text_of(client.get(address))
        assert "skyddad person" in page
        assert coordinator.name not in page
        assert manager.name not in page


def test_step_withdraw_asks_for_a_reason(sign_in: SignIn, unit: Unit, manager: User) -> None:
    round_ = factories.open_round(unit)
    actions.complete_step(round_, Step.WEB_COURSE, on=clock.today(), by=manager)
    address = reverse("step_withdraw", args=[unit.slug, 1])
    assert list(sign_in(manager).post(address, {"reason": ""}).context["form"].errors) == ["reason"]
    sign_in(manager).post(address, {"reason": "Fel datum"})
    assert round_.completions.get().withdrawn_reason == "Fel datum"


def test_step_withdraw_twice_says_that_nothing_stands(sign_in: SignIn, unit: Unit, manager: User) -> None:
    answer = sign_in(manager).post(reverse("step_withdraw", args=[unit.slug, 1]), {"reason": "Fel"}, follow=True)
    assert "Steg 1 är inte registrerat som klart." in text_of(answer)


def test_round_new_starts_the_next_round_once(sign_in: SignIn, unit: Unit, coordinator: User) -> None:
    round_ = factories.open_round(unit)
    for step in Step:
        actions.complete_step(round_, step, on=clock.today(), by=coordinator)
    actions.close_round(round_, by=coordinator)
    client = sign_in(coordinator)
    assert "Starta en ny omgång" in text_of(client.get(unit.get_absolute_url()))
    for _ in range(2):
        client.post(reverse("round_new", args=[unit.slug]))
    assert factories.open_round(unit).number == 2


def test_outbox_shows_what_the_mail_server_said(sign_in: SignIn, unit: Unit, coordinator: User, manager: User) -> None:
    letter = Letter(key="k", recipient=manager, subject="Hej", text="Text <b>", html="")
    message = actions.post_letter(letter, unit=unit)
    assert message is not None
    Message.objects.update(failed_at=clock.now(), last_error="550 Okänd mottagare")
    client = sign_in(coordinator)
    assert "Misslyckat" in text_of(client.get("/utkorg/", {"status": "failed"}))
    page = text_of(client.get(reverse("message", args=[message.pk])))
    assert "550 Okänd mottagare" in page
    assert "Text &lt;b&gt;" in page
    client.post(reverse("message_retry", args=[message.pk]))
    assert Message.objects.get().failed_at is None


def test_message_to_somebody_who_is_protected_now_does_not_name_them(
    sign_in: SignIn, coordinator: User, manager: User
) -> None:
    letter = Letter(key="k", recipient=manager, subject="Hej", text=f"Hej {manager.name}!", html="")
    message = actions.post_letter(letter)
    assert message is not None
    address = reverse("message", args=[message.pk])
    assert f"Hej {manager.name}!" in text_of(sign_in(coordinator).get(address))
    Message.objects.update(last_error=f"550 {manager.email}")
    User.objects.filter(pk=manager.pk).update(is_protected=True)
    page = text_of(sign_in(coordinator).get(address))
    assert "Skyddad person" in page
    assert manager.name not in page
    assert manager.email not in page


def test_outbox_asks_as_many_questions_for_one_message_as_for_three(
    sign_in: SignIn, unit: Unit, coordinator: User, manager: User, django_assert_num_queries: Any
) -> None:
    def post(key: str) -> None:
        actions.post_letter(Letter(key=key, recipient=manager, subject="Hej", text="", html=""), unit=unit)

    client = sign_in(coordinator)
    post("1")
    client.get("/utkorg/")
    with CaptureQueriesContext(connection) as one:
        client.get("/utkorg/")
    post("2")
    post("3")
    with django_assert_num_queries(len(one)):
        client.get("/utkorg/")


def test_programme_with_impossible_figures_says_so_at_the_fields(sign_in: SignIn, coordinator: User) -> None:
    fields = {name: getattr(Programme.current(), name) for name in ("municipality", "name", "web_course_url")}
    page = sign_in(coordinator).post(
        "/installningar/",
        {
            **fields,
            "coverage_threshold_percent": 101,
            "follow_up_months": "6, 6",
            "follow_up_anchor": 3,
            "follow_up_opens_before_months": 1,
            "follow_up_closes_after_months": 0,
            "follow_up_extra_months": 3,
            "sender_name": "Portalen",
            "sender_email": "inte en adress",
        },
    )
    assert set(page.context["form"].errors) == {
        "coverage_threshold_percent",
        "follow_up_months",
        "follow_up_closes_after_months",
        "sender_email",
    }
    assert Programme.current().follow_up_months == [6, 12]
