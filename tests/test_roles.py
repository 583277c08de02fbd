"""Every address × every member of the cast. The list of addresses is the resolver's: a new one must get a row here."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests import arguments as of
from tests.conftest import SignIn
from tests.test_conventions import named_patterns
from tests.world import World
from units.models import User

pytestmark = pytest.mark.django_db

CAST = ["coordinator", "manager", "member", "reader", "outsider", "anonymous"]
Arguments = Callable[[World], list[Any]]

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
    "account_login": (of.nothing, "ok ok ok ok ok 200", "ok ok ok ok ok ok"),
    "account_request_login_code": (of.nothing, "ok ok ok ok ok 200", "ok ok ok ok ok ok"),
    "account_confirm_login_code": (of.nothing, "ok ok ok ok ok ok", "ok ok ok ok ok ok"),
    "account_logout": (of.nothing, "200 200 200 200 200 ok", "ok ok ok ok ok ok"),
    "demo_login": (of.nothing, "405 405 405 405 405 405", "404 404 404 404 404 404"),
    "set_language": (of.nothing, "405 405 405 405 405 405", "ok ok ok ok ok ok"),
    "healthz": (of.nothing, PUBLIC, "405 405 405 405 405 405"),
    "readyz": (of.nothing, PUBLIC, "405 405 405 405 405 405"),
    "start": (of.nothing, SIGNED_IN, NO_POST),
    "service_worker": (of.nothing, PUBLIC, "405 405 405 405 405 405"),
    "offline_list": (of.nothing, SIGNED_IN, NO_POST),
    "offline_start": (of.nothing, SIGNED_IN, NO_POST),
    "offline_routine": (of.routine_in_force, "404 200 200 404 404 in", NO_POST),
    "calendar": (of.nothing, "200 200 200 404 200 in", NO_POST),
    "calendar_open": (of.nothing, NO_GET, "ok ok ok 404 ok in"),
    "calendar_revoke": (of.nothing, NO_GET, "ok ok ok 404 ok in"),
    "calendar_feed": (of.calendar_feed, PUBLIC, "405 405 405 405 405 405"),
    "overview": (of.nothing, COORDINATOR, NO_POST),
    "statistics": (of.nothing, "200 404 404 200 404 in", NO_POST),
    "units": (of.nothing, SIGNED_IN, NO_POST),
    "unit": (of.unit, OWN_UNIT, NO_POST),
    "unit_new": (of.nothing, COORDINATOR, COORDINATOR_POST),
    "unit_import": (of.nothing, COORDINATOR, COORDINATOR_POST),
    "unit_import_preview": (of.unit_import, COORDINATOR, COORDINATOR_POST),
    "imports": (of.nothing, COORDINATOR, NO_POST),
    "import_new": (of.list_kind, COORDINATOR, COORDINATOR_POST),
    "import_columns": (of.list_import, COORDINATOR, COORDINATOR_POST),
    "list_import": (of.list_import, COORDINATOR, NO_POST),
    "import_save": (of.list_import, NO_GET, COORDINATOR_POST),
    "import_exclude": (of.import_row, NO_GET, COORDINATOR_POST),
    "import_cancel": (of.list_import, NO_GET, COORDINATOR_POST),
    "unit_edit": (of.unit, COORDINATED, COORDINATED_POST),
    "unit_participation": (of.unit, COORDINATED, COORDINATED_POST),
    "unit_staff": (of.unit, MANAGED, MANAGED_POST),
    "membership_end": (of.membership, NO_GET, MANAGED_POST),
    "step_withdraw": (of.step, MANAGED, MANAGED_POST),
    "round_new": (of.unit, NO_GET, COORDINATED_POST),
    "outbox": (of.nothing, COORDINATOR, NO_POST),
    "message": (of.message, COORDINATOR, NO_POST),
    "message_retry": (of.message, NO_GET, COORDINATOR_POST),
    "programme": (of.nothing, COORDINATOR, COORDINATOR_POST),
    "programme_logo": (of.nothing, COORDINATOR, COORDINATOR_POST),
    "step_1": (of.unit, OWN_UNIT, NO_POST),
    "group_session_new": (of.unit, NO_GET, MANAGED_POST),
    "course_completions": (of.unit, NO_GET, MANAGED_POST),
    "group_session_withdraw": (of.session, NO_GET, MANAGED_POST),
    "completion_withdraw": (of.completion, NO_GET, MANAGED_POST),
    "web_course_complete": (of.unit, NO_GET, MANAGED_POST),
    "own_completion_new": (of.unit, NO_GET, "403 ok ok 403 404 in"),
    "own_completion_withdraw": (of.unit, NO_GET, "403 ok ok 403 404 in"),
    "headcount_declare": (of.unit, NO_GET, MANAGED_POST),
    "coverage_trend": (of.unit, OWN_UNIT, NO_POST),
    "discussion_guide": (of.nothing, SIGNED_IN, NO_POST),
    "step_2": (of.unit, OWN_UNIT, NO_POST),
    "training_book": (of.unit, COORDINATED, COORDINATED_POST),
    "training_complete": (of.unit, NO_GET, COORDINATED_POST),
    "trainings": (of.nothing, "200 200 200 404 200 in", NO_POST),
    "training_new": (of.nothing, COORDINATOR, COORDINATOR_POST),
    "training": (of.training, OWN_UNIT, NO_POST),
    "training_edit": (of.training, COORDINATED, COORDINATED_POST),
    "training_held": (of.training, NO_GET, COORDINATED_POST),
    "training_calendar": (of.training, OWN_UNIT, NO_POST),
    "training_cancel": (of.training, NO_GET, COORDINATED_POST),
    "training_reopen": (of.held_training, NO_GET, COORDINATED_POST),
    "pulses": (of.unit, OWN_UNIT, NO_POST),
    "pulse_open": (of.unit, NO_GET, MANAGED_POST),
    "survey_show": (of.pulse, NO_GET, MANAGED_POST),
    "survey_close": (of.pulse, NO_GET, MANAGED_POST),
    "survey_poster": (of.pulse, MANAGED, NO_POST),
    "survey": (of.survey, PUBLIC, PUBLIC),
    "survey_thanks": (of.survey, "ok ok ok ok ok ok", "405 405 405 405 405 405"),
    "statements": (of.nothing, COORDINATOR, COORDINATOR_POST),
    "statement_retire": (of.statement, NO_GET, COORDINATOR_POST),
    "evaluation": (of.evaluated_training, "200 200 403 404 404 in", NO_POST),
    "evaluation_open": (of.evaluated_training, NO_GET, COORDINATED_POST),
    "attendance": (of.held_training, MANAGED, MANAGED_POST),
    "attendance_list": (of.held_training, MANAGED, NO_POST),
    "attendance_poster": (of.training, MANAGED, NO_POST),
    "attend": (of.code_on_the_wall, SIGNED_IN, "ok ok ok ok ok in"),
    "open_trainings": (of.nothing, PUBLIC, "405 405 405 405 405 405"),
    "sign_up": (of.training, PUBLIC, PUBLIC),
    "sign_up_done": (of.sign_up, PUBLIC, "405 405 405 405 405 405"),
    "sign_up_withdraw": (of.sign_up, "405 405 405 405 405 405", "ok ok ok ok ok ok"),
    "sign_ups": (of.training, COORDINATED, NO_POST),
    "sign_ups_mail": (of.training, NO_GET, COORDINATED_POST),
    "materials": (of.nothing, SIGNED_IN, NO_POST),
    "material_new": (of.nothing, COORDINATOR, COORDINATOR_POST),
    "material_edit": (of.material, COORDINATOR, COORDINATOR_POST),
    "material_retire": (of.material, NO_GET, COORDINATOR_POST),
    "material_file": (of.material, SIGNED_IN, NO_POST),
    "step_3": (of.unit, OWN_UNIT, NO_POST),
    "routine_new": (of.unit, NO_GET, COORDINATED_POST),
    "routines_complete": (of.unit, NO_GET, MANAGED_POST),
    "plan_entry_new": (of.routine_in_force, NO_GET, "ok ok 403 403 404 in"),
    "plan_entry_withdraw": (of.routine_in_force, NO_GET, "ok ok 403 403 404 in"),
    "routines": (of.nothing, "200 200 200 404 200 in", NO_POST),
    "routine": (of.routine_in_force, OWN_UNIT, NO_POST),
    "routine_pdf": (of.routine_in_force, OWN_UNIT, NO_POST),
    "routine_read": (of.routine_in_force, NO_GET, "403 ok ok 403 404 in"),
    "receipts": (of.routine_in_force, "200 200 404 404 404 in", NO_POST),
    "receipts_remind": (of.routine_in_force, NO_GET, "ok ok 404 404 404 in"),
    "shared_routines": (of.nothing, "200 200 200 404 200 in", NO_POST),
    "routine_share": (of.routine_in_force, NO_GET, MANAGED_POST),
    "routine_unshare": (of.routine_in_force, NO_GET, MANAGED_POST),
    "routine_adopt": (of.shared_routine, "200 403 403 403 200 in", "ok 403 403 403 ok in"),
    "routine_write": (of.draft, "200 200 404 403 404 in", "ok ok 404 403 404 in"),
    "version_details": (of.draft, "200 200 404 403 404 in", "ok ok 404 403 404 in"),
    "section_save": (of.draft_section, NO_GET, "ok ok 404 403 404 in"),
    "section_presence": (of.draft_section, NO_GET, "ok ok 404 403 404 in"),
    "routine_submit": (of.draft, NO_GET, "ok ok 404 403 404 in"),
    "routine_review": (of.routine_in_review, "200 403 404 403 404 in", "ok 403 404 403 404 in"),
    "routine_approve": (of.endorsed_routine, "200 200 404 403 404 in", "ok ok 404 403 404 in"),
    "routine_publish_again": (of.endorsed_routine, NO_GET, "ok ok 404 403 404 in"),
    "routine_versions": (of.routine_in_force, "200 200 403 403 404 in", NO_POST),
    "routine_version": (of.draft_version, "200 200 404 404 404 in", NO_POST),
    "routine_version_pdf": (of.version_in_force, "200 200 ok 404 404 in", NO_POST),
    "routine_compare": (of.draft, "200 200 404 403 404 in", NO_POST),
    "routine_discard": (of.draft, NO_GET, "ok ok 404 403 404 in"),
    "routine_withdraw": (of.routine_in_force, "200 200 403 403 404 in", "ok ok 403 403 404 in"),
    "routine_new_version": (of.routine_in_force, NO_GET, "ok ok 403 403 404 in"),
    "contacts": (of.nothing, SIGNED_IN, NO_POST),
    "check": (of.check_code, PUBLIC, "405 405 405 405 405 405"),
    "contact_new": (of.nothing, COORDINATOR, COORDINATOR_POST),
    "contact_edit": (of.contact, COORDINATOR, COORDINATOR_POST),
    "contact_checked": (of.contact, NO_GET, COORDINATOR_POST),
    "contact_retire": (of.contact, NO_GET, COORDINATOR_POST),
    "laws": (of.nothing, SIGNED_IN, NO_POST),
    "law_new": (of.nothing, COORDINATOR, COORDINATOR_POST),
    "law_edit": (of.law, COORDINATOR, COORDINATOR_POST),
    "law_checked": (of.law, NO_GET, COORDINATOR_POST),
    "law_retire": (of.law, NO_GET, COORDINATOR_POST),
    "affected": (of.nothing, COORDINATOR, NO_POST),
    "republish": (of.nothing, NO_GET, COORDINATOR_POST),
    "routine_templates": (of.nothing, COORDINATOR, NO_POST),
    "template_new": (of.nothing, COORDINATOR, COORDINATOR_POST),
    "template": (of.template, COORDINATOR, COORDINATOR_POST),
    "template_retire": (of.template, NO_GET, COORDINATOR_POST),
    "template_section_new": (of.template, COORDINATOR, COORDINATOR_POST),
    "template_section": (of.template_section, COORDINATOR, COORDINATOR_POST),
    "template_section_move": (of.template_section, NO_GET, COORDINATOR_POST),
    "template_section_remove": (of.template_section, NO_GET, COORDINATOR_POST),
    "offers": (of.routine_in_force, "200 200 403 403 404 in", NO_POST),
    "offer_answer": (of.offer, NO_GET, "ok ok 403 403 404 in"),
    "exports": (of.nothing, "200 404 404 404 404 in", NO_POST),
    "export_new": (of.sort_of_package, NO_GET, "ok 404 404 404 404 in"),
    "export": (of.binder, OWN_UNIT, NO_POST),
    "export_cancel": (of.binder, NO_GET, "ok ok 403 404 404 in"),
    "export_file": (of.package, "200 404 404 404 404 in", NO_POST),
    "binder": (of.unit, OWN_UNIT, NO_POST),
    "binder_new": (of.unit, NO_GET, "ok ok ok 404 404 in"),
    "step_4": (of.unit, OWN_UNIT, NO_POST),
    "protocol": (of.unit, COORDINATED, COORDINATED_POST),
    "protocol_save": (of.unit, NO_GET, COORDINATED_POST),
    "contact_book": (of.unit, COORDINATED, COORDINATED_POST),
    "booking_cancel": (of.unit, COORDINATED, COORDINATED_POST),
    "contact_not_held": (of.unit, COORDINATED, COORDINATED_POST),
    "contact_withdraw": (of.unit, NO_GET, COORDINATED_POST),
    "booking_calendar": (of.unit, "200 200 404 404 404 in", NO_POST),
    "reminders": (of.nothing, COORDINATOR, NO_POST),
    "reminder_rule": (of.rule, COORDINATOR, COORDINATOR_POST),
    "reminder_rule_reset": (of.rule, NO_GET, COORDINATOR_POST),
    "quiet_periods": (of.nothing, COORDINATOR, COORDINATOR_POST),
    "quiet_period_remove": (of.quiet_period, NO_GET, COORDINATOR_POST),
    "own_reminders": (of.nothing, SIGNED_IN, "ok ok ok ok ok in"),
    "digest_pause": (of.pause, PUBLIC, PUBLIC),
    "follow_ups": (of.nothing, "200 200 404 404 200 in", NO_POST),
    "follow_up_pdf": (of.follow_up, MANAGED, NO_POST),
    "follow_up_pdf_again": (of.follow_up, NO_GET, MANAGED_POST),
    "lessons": (of.nothing, SIGNED_IN, NO_POST),
    "lesson_publish": (of.lesson, COORDINATOR, COORDINATOR_POST),
    "lesson_withdraw": (of.lesson, NO_GET, COORDINATOR_POST),
    "lesson_refuse": (of.lesson, NO_GET, MANAGED_POST),
    "lesson_share": (of.lesson, NO_GET, MANAGED_POST),
    "support_action_done": (of.support_action, NO_GET, MANAGED_POST),
    "support_action_reopen": (of.support_action, NO_GET, MANAGED_POST),
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
