"""The arguments that an address takes: those of the world's row (tests/world.py) that it is about."""

from typing import Any

from courses.views.attendance import signer
from followups.permissions import pause_token
from jarfalla import clock
from routines.models import LegalReference
from tests.world import World


def nothing(_: World) -> list[Any]:
    return []


def unit(world: World) -> list[Any]:
    return [world.unit.slug]


def step(world: World) -> list[Any]:
    return [world.unit.slug, 3]


def membership(world: World) -> list[Any]:
    return [world.unit.slug, world.membership.pk]


def session(world: World) -> list[Any]:
    return [world.unit.slug, world.session.pk]


def completion(world: World) -> list[Any]:
    return [world.unit.slug, world.completion.pk]


def training(world: World) -> list[Any]:
    return [world.training.pk]


def held_training(world: World) -> list[Any]:
    return [world.held.pk]


def code_on_the_wall(world: World) -> list[Any]:
    return [signer.sign(str(world.training.pk))]


def sign_up(world: World) -> list[Any]:
    return [world.sign_up.token]


def routine_in_force(world: World) -> list[Any]:
    return [world.in_force.slug]


def shared_routine(world: World) -> list[Any]:
    return [world.shared.slug]


def draft(world: World) -> list[Any]:
    return [world.draft.slug]


def draft_section(world: World) -> list[Any]:
    return [world.draft.slug, "akut"]


def routine_in_review(world: World) -> list[Any]:
    return [world.in_review.slug]


def endorsed_routine(world: World) -> list[Any]:
    return [world.endorsed.slug]


def version_in_force(world: World) -> list[Any]:
    return [world.in_force.slug, "1.0"]


def draft_version(world: World) -> list[Any]:
    return [world.draft.slug, "1.0"]


def check_code(world: World) -> list[Any]:
    version = world.in_force.in_force
    assert version is not None
    return [version.check_code]


def binder(world: World) -> list[Any]:
    return [world.binder.pk]


def package(world: World) -> list[Any]:
    return [world.package.pk]


def sort_of_package(_: World) -> list[Any]:
    return ["alla"]


def template(world: World) -> list[Any]:
    return [world.template_section.template_id]


def template_section(world: World) -> list[Any]:
    return [world.template_section.template_id, world.template_section.key]


def offer(world: World) -> list[Any]:
    return [world.in_force.slug, world.template_section.key]


def contact(world: World) -> list[Any]:
    return [world.contact.pk]


def law(_: World) -> list[Any]:
    return [LegalReference.objects.earliest("position").pk]


def support_action(world: World) -> list[Any]:
    return [world.support_action.pk]


def rule(_: World) -> list[Any]:
    return ["overdue"]


def quiet_period(_: World) -> list[Any]:
    return [1]


def pause(world: World) -> list[Any]:
    return [pause_token(world.membership.user, clock.today())]


def follow_up(world: World) -> list[Any]:
    return [world.unit.slug, world.support_action.follow_up_id]


def lesson(world: World) -> list[Any]:
    return [world.support_action.follow_up_id]


def message(world: World) -> list[Any]:
    return [world.message.pk]


def material(world: World) -> list[Any]:
    return [world.material.pk]


def calendar_feed(world: World) -> list[Any]:
    return [world.calendar_feed.token]


def survey(world: World) -> list[Any]:
    return [world.pulse.code]


def pulse(world: World) -> list[Any]:
    return [world.pulse.pk]


def statement(world: World) -> list[Any]:
    return [world.statement.pk]


def evaluated_training(world: World) -> list[Any]:
    return [world.evaluation.training_id]


def unit_import(world: World) -> list[Any]:
    return [world.unit_import.pk]


def list_kind(_: World) -> list[Any]:
    return ["personal"]


def list_import(world: World) -> list[Any]:
    return [world.list_import.pk]


def import_row(world: World) -> list[Any]:
    return [world.list_import.pk, world.list_import.rows.earliest("pk").pk]
