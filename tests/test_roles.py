"""Every address × every member of the cast. The list of addresses is the resolver's: a new one must get a row here."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from courses.views.attendance import signer
from routines.models import LegalReference
from tests import world
from tests.conftest import SignIn
from tests.test_conventions import named_patterns
from tests.world import World
from units.models import User

pytestmark = pytest.mark.django_db

CAST = ["coordinator", "manager", "member", "reader", "outsider", "anonymous"]
Arguments = Callable[[World], list[Any]]


def nothing(_: World) -> list[Any]:
    return []


def of_unit(world: World) -> list[Any]:
    return [world.unit.slug]


def of_step(world: World) -> list[Any]:
    return [world.unit.slug, 3]


def of_membership(world: World) -> list[Any]:
    return [world.unit.slug, world.membership.pk]


def of_session(world: World) -> list[Any]:
    return [world.unit.slug, world.session.pk]


def of_completion(world: World) -> list[Any]:
    return [world.unit.slug, world.completion.pk]


def of_training(world: World) -> list[Any]:
    return [world.training.pk]


def of_held_training(world: World) -> list[Any]:
    return [world.held.pk]


def of_code_on_the_wall(world: World) -> list[Any]:
    return [signer.sign(str(world.training.pk))]


def of_sign_up(world: World) -> list[Any]:
    return [world.sign_up.token]


def of_routine_in_force(world: World) -> list[Any]:
    return [world.in_force.slug]


def of_shared_routine(world: World) -> list[Any]:
    return [world.shared.slug]


def of_draft(world: World) -> list[Any]:
    return [world.draft.slug]


def of_draft_section(world: World) -> list[Any]:
    return [world.draft.slug, "akut"]


def of_routine_in_review(world: World) -> list[Any]:
    return [world.in_review.slug]


def of_endorsed_routine(world: World) -> list[Any]:
    return [world.endorsed.slug]


def of_version_in_force(world: World) -> list[Any]:
    return [world.in_force.slug, "1.0"]


def of_draft_version(world: World) -> list[Any]:
    return [world.draft.slug, "1.0"]


def of_check_code(world: World) -> list[Any]:
    version = world.in_force.in_force
    assert version is not None
    return [version.check_code]


def of_binder(world: World) -> list[Any]:
    return [world.binder.pk]


def of_package(world: World) -> list[Any]:
    return [world.package.pk]


def of_sort_of_package(_: World) -> list[Any]:
    return ["alla"]


def of_template(world: World) -> list[Any]:
    return [world.template_section.template_id]


def of_template_section(world: World) -> list[Any]:
    return [world.template_section.template_id, world.template_section.key]


def of_offer(world: World) -> list[Any]:
    return [world.in_force.slug, world.template_section.key]


def of_contact(world: World) -> list[Any]:
    return [world.contact.pk]


def of_law(_: World) -> list[Any]:
    return [LegalReference.objects.earliest("position").pk]


def of_support_action(world: World) -> list[Any]:
    return [world.support_action.pk]


def of_message(world: World) -> list[Any]:
    return [world.message.pk]


def of_material(world: World) -> list[Any]:
    return [world.material.pk]


def of_calendar_feed(world: World) -> list[Any]:
    return [world.calendar_feed.token]


def of_survey(world: World) -> list[Any]:
    return [world.pulse.code]


def of_pulse(world: World) -> list[Any]:
    return [world.pulse.pk]


def of_statement(world: World) -> list[Any]:
    return [world.statement.pk]


def of_evaluated_training(world: World) -> list[Any]:
    return [world.evaluation.training_id]


def of_import(world: World) -> list[Any]:
    return [world.unit_import.pk]


def of_list_kind(_: World) -> list[Any]:
    return ["personal"]


def of_list_import(world: World) -> list[Any]:
    return [world.list_import.pk]


def of_import_row(world: World) -> list[Any]:
    return [world.list_import.pk, world.list_import.rows.earliest("pk").pk]


# What GET and POST answer to coordinator, manager, member, reader, outsider and anonymous, in that order.
# 200: a page. ok: a page or a redirect within the portal. in: sent to sign in. 403, 404, 405: refused.
PUBLIC = "200 200 200 200 200 200"
SIGNED_IN = "200 200 200 200 200 in"
OWN_UNIT = "200 200 200 404 404 in"
MANAGED = "200 200 403 403 404 in"
MANAGED_POST = "ok ok 403 403 404 in"
COORDINATED = "200 403 403 403 404 in"
COORDINATED_POST = "ok 403 403 403 404 in"
COORDINATOR = "200 404 404 403 404 in"
COORDINATOR_POST = "ok 404 404 403 404 in"
NO_GET = NO_POST = "405 405 405 405 405 in"

EXPECTED: dict[str, tuple[Arguments, str, str]] = {
    "account_login": (nothing, "ok ok ok ok ok 200", "ok ok ok ok ok ok"),
    "account_request_login_code": (nothing, "ok ok ok ok ok 200", "ok ok ok ok ok ok"),
    "account_confirm_login_code": (nothing, "ok ok ok ok ok ok", "ok ok ok ok ok ok"),
    "account_logout": (nothing, "200 200 200 200 200 ok", "ok ok ok ok ok ok"),
    "demo_login": (nothing, "405 405 405 405 405 405", "404 404 404 404 404 404"),
    "set_language": (nothing, "405 405 405 405 405 405", "ok ok ok ok ok ok"),
    "healthz": (nothing, PUBLIC, "405 405 405 405 405 405"),
    "readyz": (nothing, PUBLIC, "405 405 405 405 405 405"),
    "start": (nothing, SIGNED_IN, NO_POST),
    "service_worker": (nothing, PUBLIC, "405 405 405 405 405 405"),
    "offline_list": (nothing, SIGNED_IN, NO_POST),
    "offline_start": (nothing, SIGNED_IN, NO_POST),
    "offline_routine": (of_routine_in_force, "404 200 200 404 404 in", NO_POST),
    "calendar": (nothing, "200 200 200 404 200 in", NO_POST),
    "calendar_open": (nothing, NO_GET, "ok ok ok 404 ok in"),
    "calendar_revoke": (nothing, NO_GET, "ok ok ok 404 ok in"),
    "calendar_feed": (of_calendar_feed, PUBLIC, "405 405 405 405 405 405"),
    "overview": (nothing, COORDINATOR, NO_POST),
    "statistics": (nothing, "200 404 404 200 404 in", NO_POST),
    "units": (nothing, SIGNED_IN, NO_POST),
    "unit": (of_unit, OWN_UNIT, NO_POST),
    "unit_new": (nothing, COORDINATOR, COORDINATOR_POST),
    "unit_import": (nothing, COORDINATOR, COORDINATOR_POST),
    "unit_import_preview": (of_import, COORDINATOR, COORDINATOR_POST),
    "imports": (nothing, COORDINATOR, NO_POST),
    "import_new": (of_list_kind, COORDINATOR, COORDINATOR_POST),
    "import_columns": (of_list_import, COORDINATOR, COORDINATOR_POST),
    "list_import": (of_list_import, COORDINATOR, NO_POST),
    "import_save": (of_list_import, NO_GET, COORDINATOR_POST),
    "import_exclude": (of_import_row, NO_GET, COORDINATOR_POST),
    "import_cancel": (of_list_import, NO_GET, COORDINATOR_POST),
    "unit_edit": (of_unit, COORDINATED, COORDINATED_POST),
    "unit_participation": (of_unit, COORDINATED, COORDINATED_POST),
    "unit_staff": (of_unit, MANAGED, MANAGED_POST),
    "membership_end": (of_membership, NO_GET, MANAGED_POST),
    "step_withdraw": (of_step, MANAGED, MANAGED_POST),
    "round_new": (of_unit, NO_GET, COORDINATED_POST),
    "outbox": (nothing, COORDINATOR, NO_POST),
    "message": (of_message, COORDINATOR, NO_POST),
    "message_retry": (of_message, NO_GET, COORDINATOR_POST),
    "programme": (nothing, COORDINATOR, COORDINATOR_POST),
    "programme_logo": (nothing, COORDINATOR, COORDINATOR_POST),
    "step_1": (of_unit, OWN_UNIT, NO_POST),
    "group_session_new": (of_unit, NO_GET, MANAGED_POST),
    "course_completions": (of_unit, NO_GET, MANAGED_POST),
    "group_session_withdraw": (of_session, NO_GET, MANAGED_POST),
    "completion_withdraw": (of_completion, NO_GET, MANAGED_POST),
    "web_course_complete": (of_unit, NO_GET, MANAGED_POST),
    "own_completion_new": (of_unit, NO_GET, "403 ok ok 403 404 in"),
    "own_completion_withdraw": (of_unit, NO_GET, "403 ok ok 403 404 in"),
    "headcount_declare": (of_unit, NO_GET, MANAGED_POST),
    "coverage_trend": (of_unit, OWN_UNIT, NO_POST),
    "discussion_guide": (nothing, SIGNED_IN, NO_POST),
    "step_2": (of_unit, OWN_UNIT, NO_POST),
    "training_book": (of_unit, COORDINATED, COORDINATED_POST),
    "training_complete": (of_unit, NO_GET, COORDINATED_POST),
    "trainings": (nothing, "200 200 200 404 200 in", NO_POST),
    "training_new": (nothing, COORDINATOR, COORDINATOR_POST),
    "training": (of_training, OWN_UNIT, NO_POST),
    "training_edit": (of_training, COORDINATED, COORDINATED_POST),
    "training_held": (of_training, NO_GET, COORDINATED_POST),
    "training_calendar": (of_training, OWN_UNIT, NO_POST),
    "training_cancel": (of_training, NO_GET, COORDINATED_POST),
    "training_reopen": (of_held_training, NO_GET, COORDINATED_POST),
    "pulses": (of_unit, OWN_UNIT, NO_POST),
    "pulse_open": (of_unit, NO_GET, MANAGED_POST),
    "survey_show": (of_pulse, NO_GET, MANAGED_POST),
    "survey_close": (of_pulse, NO_GET, MANAGED_POST),
    "survey_poster": (of_pulse, MANAGED, NO_POST),
    "survey": (of_survey, PUBLIC, PUBLIC),
    "survey_thanks": (of_survey, "ok ok ok ok ok ok", "405 405 405 405 405 405"),
    "statements": (nothing, COORDINATOR, COORDINATOR_POST),
    "statement_retire": (of_statement, NO_GET, COORDINATOR_POST),
    "evaluation": (of_evaluated_training, "200 200 403 404 404 in", NO_POST),
    "evaluation_open": (of_evaluated_training, NO_GET, COORDINATED_POST),
    "attendance": (of_held_training, MANAGED, MANAGED_POST),
    "attendance_list": (of_held_training, MANAGED, NO_POST),
    "attendance_poster": (of_training, MANAGED, NO_POST),
    "attend": (of_code_on_the_wall, SIGNED_IN, "ok ok ok ok ok in"),
    "open_trainings": (nothing, PUBLIC, "405 405 405 405 405 405"),
    "sign_up": (of_training, PUBLIC, PUBLIC),
    "sign_up_done": (of_sign_up, PUBLIC, "405 405 405 405 405 405"),
    "sign_up_withdraw": (of_sign_up, "405 405 405 405 405 405", "ok ok ok ok ok ok"),
    "sign_ups": (of_training, COORDINATED, NO_POST),
    "sign_ups_mail": (of_training, NO_GET, COORDINATED_POST),
    "materials": (nothing, SIGNED_IN, NO_POST),
    "material_new": (nothing, COORDINATOR, COORDINATOR_POST),
    "material_edit": (of_material, COORDINATOR, COORDINATOR_POST),
    "material_retire": (of_material, NO_GET, COORDINATOR_POST),
    "material_file": (of_material, SIGNED_IN, NO_POST),
    "step_3": (of_unit, OWN_UNIT, NO_POST),
    "routine_new": (of_unit, NO_GET, COORDINATED_POST),
    "routines_complete": (of_unit, NO_GET, MANAGED_POST),
    "plan_entry_new": (of_routine_in_force, NO_GET, "ok ok 403 403 404 in"),
    "plan_entry_withdraw": (of_routine_in_force, NO_GET, "ok ok 403 403 404 in"),
    "routines": (nothing, "200 200 200 404 200 in", NO_POST),
    "routine": (of_routine_in_force, OWN_UNIT, NO_POST),
    "routine_pdf": (of_routine_in_force, OWN_UNIT, NO_POST),
    "routine_read": (of_routine_in_force, NO_GET, "403 ok ok 403 404 in"),
    "receipts": (of_routine_in_force, "200 200 404 404 404 in", NO_POST),
    "receipts_remind": (of_routine_in_force, NO_GET, "ok ok 404 404 404 in"),
    "shared_routines": (nothing, "200 200 200 404 200 in", NO_POST),
    "routine_share": (of_routine_in_force, NO_GET, MANAGED_POST),
    "routine_unshare": (of_routine_in_force, NO_GET, MANAGED_POST),
    "routine_adopt": (of_shared_routine, "200 403 403 403 200 in", "ok 403 403 403 ok in"),
    "routine_write": (of_draft, "200 200 404 403 404 in", "ok ok 404 403 404 in"),
    "version_details": (of_draft, "200 200 404 403 404 in", "ok ok 404 403 404 in"),
    "section_save": (of_draft_section, NO_GET, "ok ok 404 403 404 in"),
    "section_presence": (of_draft_section, NO_GET, "ok ok 404 403 404 in"),
    "routine_submit": (of_draft, NO_GET, "ok ok 404 403 404 in"),
    "routine_review": (of_routine_in_review, "200 403 404 403 404 in", "ok 403 404 403 404 in"),
    "routine_approve": (of_endorsed_routine, "200 200 404 403 404 in", "ok ok 404 403 404 in"),
    "routine_publish_again": (of_endorsed_routine, NO_GET, "ok ok 404 403 404 in"),
    "routine_versions": (of_routine_in_force, "200 200 403 403 404 in", NO_POST),
    "routine_version": (of_draft_version, "200 200 404 404 404 in", NO_POST),
    "routine_version_pdf": (of_version_in_force, "200 200 ok 404 404 in", NO_POST),
    "routine_compare": (of_draft, "200 200 404 403 404 in", NO_POST),
    "routine_discard": (of_draft, NO_GET, "ok ok 404 403 404 in"),
    "routine_withdraw": (of_routine_in_force, "200 200 403 403 404 in", "ok ok 403 403 404 in"),
    "routine_new_version": (of_routine_in_force, NO_GET, "ok ok 403 403 404 in"),
    "contacts": (nothing, SIGNED_IN, NO_POST),
    "check": (of_check_code, PUBLIC, "405 405 405 405 405 405"),
    "contact_new": (nothing, COORDINATOR, COORDINATOR_POST),
    "contact_edit": (of_contact, COORDINATOR, COORDINATOR_POST),
    "contact_checked": (of_contact, NO_GET, COORDINATOR_POST),
    "contact_retire": (of_contact, NO_GET, COORDINATOR_POST),
    "laws": (nothing, SIGNED_IN, NO_POST),
    "law_new": (nothing, COORDINATOR, COORDINATOR_POST),
    "law_edit": (of_law, COORDINATOR, COORDINATOR_POST),
    "law_checked": (of_law, NO_GET, COORDINATOR_POST),
    "law_retire": (of_law, NO_GET, COORDINATOR_POST),
    "affected": (nothing, COORDINATOR, NO_POST),
    "republish": (nothing, NO_GET, COORDINATOR_POST),
    "routine_templates": (nothing, COORDINATOR, NO_POST),
    "template_new": (nothing, COORDINATOR, COORDINATOR_POST),
    "template": (of_template, COORDINATOR, COORDINATOR_POST),
    "template_retire": (of_template, NO_GET, COORDINATOR_POST),
    "template_section_new": (of_template, COORDINATOR, COORDINATOR_POST),
    "template_section": (of_template_section, COORDINATOR, COORDINATOR_POST),
    "template_section_move": (of_template_section, NO_GET, COORDINATOR_POST),
    "template_section_remove": (of_template_section, NO_GET, COORDINATOR_POST),
    "offers": (of_routine_in_force, "200 200 403 403 404 in", NO_POST),
    "offer_answer": (of_offer, NO_GET, "ok ok 403 403 404 in"),
    "exports": (nothing, "200 404 404 404 404 in", NO_POST),
    "export_new": (of_sort_of_package, NO_GET, "ok 404 404 404 404 in"),
    "export": (of_binder, OWN_UNIT, NO_POST),
    "export_cancel": (of_binder, NO_GET, "ok ok 403 404 404 in"),
    "export_file": (of_package, "200 404 404 404 404 in", NO_POST),
    "binder": (of_unit, OWN_UNIT, NO_POST),
    "binder_new": (of_unit, NO_GET, "ok ok ok 404 404 in"),
    "step_4": (of_unit, OWN_UNIT, COORDINATED_POST),
    "follow_ups": (nothing, "200 200 404 404 200 in", NO_POST),
    "support_action_done": (of_support_action, NO_GET, MANAGED_POST),
}


def answered(response: HttpResponse, expected: str) -> str:
    """The response in the words of the table above; "ok" where the table asks for no more than that."""
    if response.status_code == 302:
        to_sign_in = response["Location"].startswith("/logga-in/?next=")
        return "in" if to_sign_in else "ok"
    return "ok" if response.status_code == 200 and expected == "ok" else str(response.status_code)


def ask(client: Client, method: str, address: str, expected: str) -> str:
    """What the address answers, with whatever it wrote taken back."""
    with transaction.atomic():
        answer = answered(getattr(client, method)(address), expected)
        transaction.set_rollback(True)
    return answer


def test_every_address_has_expectations() -> None:
    assert {name for name, _ in named_patterns()} == set(EXPECTED)


@pytest.mark.parametrize("who", CAST)
def test_every_address_answers_as_expected(
    who: str, request: pytest.FixtureRequest, rows: World, sign_in: SignIn
) -> None:
    user: User | None = None if who == "anonymous" else request.getfixturevalue(who)
    found, wanted = {}, {}
    for name, (arguments, get, post) in EXPECTED.items():
        for method, answers in (("get", get), ("post", post)):
            expected = answers.split()[CAST.index(who)]
            wanted[f"{method} {name}"] = expected
            found[f"{method} {name}"] = ask(sign_in(user), method, reverse(name, args=arguments(rows)), expected)
    assert found == wanted


def test_draft_does_not_exist_for_those_who_do_not_write_it(
    rows: World, sign_in: SignIn, member: User, reader: User, outsider: User
) -> None:
    """The draft's title is on no page that they can open, and its address is not found."""
    pages = ["start", "units", "routines", "contacts", "materials"]
    for user in (member, reader, outsider):
        client = sign_in(user)
        for name in ("routine", "routine_pdf"):
            assert client.get(reverse(name, args=[rows.draft.slug])).status_code == 404
        assert not [page for page in pages if world.DRAFT_TITLE in client.get(reverse(page)).content.decode()]
    own = sign_in(member).get(reverse("step_3", args=[rows.unit.slug])).content.decode()
    assert "Vår rutin" in own
    assert world.DRAFT_TITLE not in own
