"""A no to what is new in the template, what can not be refused, and answers in the same moment."""

from typing import Any

import pytest

from routines import actions, queries
from routines.models import (
    GUARDIANS,
    Routine,
    Template,
    VersionState,
)
from routines.queries import OfferKind
from tests.routines import stages
from tests.routines.edits import edit, open_keys, ours, plain, plain_after, texts
from tests.together import together
from units.models import Refused, Unit, User

pytestmark = pytest.mark.django_db


def test_declined_wording_is_not_offered_again_but_the_next_one_is(
    routine: Routine, template: Template, coordinator: User, manager: User
) -> None:
    section = edit(plain(template), by=coordinator, body="<p>Andra</p>")
    before = texts(stages.newest(routine))
    for _ in range(2):
        actions.decline_offer(routine, section.key, by=manager)
    assert open_keys(routine) == {}
    declined = routine.declined_offers.get()
    assert (declined.declined_by, declined.template_sha256) == (manager, section.content_sha256())
    assert texts(stages.newest(routine)) == before
    edit(section, by=coordinator, body="<p>Tredje</p>")
    assert open_keys(routine) == {section.key: OfferKind.CHANGED}


def test_declined_wording_can_still_be_taken(
    routine: Routine, template: Template, coordinator: User, manager: User
) -> None:
    section = edit(plain(template), by=coordinator, body="<p>Andra</p>")
    actions.decline_offer(routine, section.key, by=manager)
    [declined] = queries.template_offers(routine)
    assert declined.is_declined
    actions.take_offer(routine, section.key, by=manager)
    assert ours(stages.newest(routine), section.key).body == "<p>Andra</p>"
    assert queries.template_offers(routine) == []


def test_declined_new_and_removed_sections_are_left_as_they_are(
    routine: Routine, template: Template, coordinator: User, manager: User
) -> None:
    gone = plain(template)
    new = actions.add_section(template, kind="text", heading="Resor", after="", by=coordinator, body="Fråga")
    actions.remove_section(template, gone.key, by=coordinator)
    before = texts(stages.newest(routine))
    for key in (new.key, gone.key):
        actions.decline_offer(routine, key, by=manager)
    assert open_keys(routine) == {}
    assert texts(stages.newest(routine)) == before


def test_kept_section_that_was_locked_becomes_the_unit_s_own(
    routine: Routine, template: Template, coordinator: User, manager: User
) -> None:
    section = edit(plain(template), by=coordinator, is_locked=True, is_mandatory=True)
    actions.take_offer(routine, section.key, by=manager)
    actions.remove_section(template, section.key, by=coordinator)
    actions.decline_offer(routine, section.key, by=manager)
    kept = ours(stages.newest(routine), section.key)
    assert (kept.is_locked, kept.is_mandatory, kept.template_sha256) == (False, False, "")
    assert queries.template_offers(routine) == []


def test_version_in_force_is_never_changed_by_a_yes(
    in_force: Routine, template: Template, coordinator: User, manager: User
) -> None:
    before, first = texts(stages.newest(in_force)), stages.newest(in_force)
    sha256 = first.content_sha256()
    section = edit(plain(template), by=coordinator, body="<p>Nytt i mallen</p>")
    version = actions.take_offer(in_force, section.key, by=manager)
    assert version
    assert (version.number, version.state) == ("2.0", VersionState.DRAFT)
    assert ours(version, section.key).body == "<p>Nytt i mallen</p>"
    assert texts(first) == before
    assert first.content_sha256() == sha256
    assert open_keys(in_force) == {}


def test_no_while_a_version_is_in_force_starts_no_new_one_and_holds_for_the_next(
    in_force: Routine, template: Template, coordinator: User, manager: User
) -> None:
    section = edit(plain(template), by=coordinator, body="<p>Nytt i mallen</p>")
    actions.decline_offer(in_force, section.key, by=manager)
    assert in_force.versions.count() == 1
    actions.start_version(in_force, by=manager)
    assert open_keys(in_force) == {}


@pytest.mark.parametrize("state", [VersionState.IN_REVIEW, VersionState.ENDORSED])
def test_yes_under_review_takes_the_version_back_and_a_no_does_not(
    state: VersionState, unit: Unit, template: Template, coordinator: User, manager: User
) -> None:
    version = stages.walked(unit, state, template=template, by=coordinator, manager=manager)
    first = edit(plain(template), by=coordinator, body="<p>Nytt</p>")
    second = edit(plain_after(template, first), by=coordinator, body="<p>Nytt</p>")
    actions.decline_offer(version.routine, first.key, by=manager)
    assert stages.newest(version.routine).state == state
    actions.take_offer(version.routine, second.key, by=manager)
    assert stages.newest(version.routine).state == VersionState.DRAFT


@pytest.mark.parametrize("state", [VersionState.APPROVED, VersionState.FAILED])
def test_version_that_waits_for_its_pdf_takes_nothing(
    state: VersionState, unit: Unit, template: Template, coordinator: User, manager: User
) -> None:
    version = stages.walked(unit, state, template=template, by=coordinator, manager=manager)
    section = edit(plain(template), by=coordinator, body="<p>Nytt</p>")
    before = texts(version)
    with pytest.raises(Refused, match="Vänta tills PDF:en är klar"):
        actions.take_offer(version.routine, section.key, by=manager)
    assert texts(version) == before


def test_locked_text_must_be_taken_before_the_routine_is_submitted(
    routine: Routine, template: Template, coordinator: User, manager: User
) -> None:
    draft = stages.newest(routine)
    locked = template.sections.get(key=GUARDIANS)
    edit(locked, by=coordinator, body="<p>Ring först socialtjänsten.</p>")
    assert queries.locked_behind(draft) == [locked.heading]
    with pytest.raises(Refused, match="låst eller måste finnas"):
        actions.decline_offer(routine, GUARDIANS, by=manager)
    assert open_keys(routine) == {GUARDIANS: OfferKind.CHANGED}
    actions.take_offer(routine, GUARDIANS, by=manager)
    assert queries.locked_behind(draft) == []
    assert ours(draft, GUARDIANS).body == "<p>Ring först socialtjänsten.</p>"


def test_submit_is_refused_while_a_locked_section_lags_behind(
    unit: Unit, template: Template, coordinator: User, manager: User
) -> None:
    version = stages.walked(unit, VersionState.IN_REVIEW, template=template, by=coordinator, manager=manager)
    actions.return_version(version, comment="Se över.", by=coordinator)
    edit(template.sections.get(key=GUARDIANS), by=coordinator, body="<p>Ring först socialtjänsten.</p>")
    with pytest.raises(Refused, match="Mallen har ändrats"):
        actions.submit_version(version, by=manager)
    actions.take_offer(version.routine, GUARDIANS, by=manager)
    assert actions.submit_version(version, by=manager).state == VersionState.IN_REVIEW


@pytest.mark.parametrize("rule", ["is_locked", "is_mandatory"])
def test_new_section_that_all_must_have_can_not_be_declined(
    rule: str, routine: Routine, template: Template, coordinator: User, manager: User
) -> None:
    new = actions.add_section(
        template, kind="text", heading="Resor", after="", by=coordinator, body="Fråga", **{rule: True}
    )
    assert queries.locked_behind(stages.newest(routine)) == ["Resor"]
    with pytest.raises(Refused, match="måste finnas i alla rutiner"):
        actions.decline_offer(routine, new.key, by=manager)
    actions.take_offer(routine, new.key, by=manager)
    assert queries.locked_behind(stages.newest(routine)) == []


def test_retired_template_and_no_template_offer_nothing(
    routine: Routine, template: Template, coordinator: User
) -> None:
    edit(template.sections.get(key=GUARDIANS), by=coordinator, body="<p>Nytt</p>")
    actions.retire_template(template, by=coordinator)
    routine = Routine.objects.get(pk=routine.pk)
    assert queries.template_offers(routine) == []
    assert queries.locked_behind(stages.newest(routine)) == []
    routine.template = None
    routine.save()
    assert queries.template_offers(routine) == []


def test_answer_to_another_choice_than_the_page_showed_is_refused(
    routine: Routine, template: Template, coordinator: User, manager: User
) -> None:
    section = edit(plain(template), by=coordinator, body="<p>Andra</p>")
    [shown] = queries.open_offers(routine)
    edit(section, by=coordinator, body="<p>Tredje</p>")
    for answer in (actions.take_offer, actions.decline_offer):
        with pytest.raises(Refused, match="ändrats sedan du öppnade sidan"):
            answer(routine, section.key, by=manager, seen=shown.seen)
    [shown] = queries.open_offers(routine)
    draft = stages.newest(routine)
    actions.write_sections(draft, {section.key: "<p>Våra ord</p>"}, by=manager)
    with pytest.raises(Refused, match="ändrats sedan du öppnade sidan"):
        actions.take_offer(routine, section.key, by=manager, seen=shown.seen)
    assert ours(draft, section.key).body == "<p>Våra ord</p>"


def test_unit_s_own_section_is_never_offered_away(routine: Routine) -> None:
    draft = stages.newest(routine)
    draft.sections.create(key="eget", position=99, kind="text", heading="Eget", body="<p>Vårt</p>")
    assert queries.template_offers(routine) == []


def test_counts_for_many_routines_are_those_of_each_and_take_as_many_queries(
    unit: Unit, template: Template, coordinator: User, manager: User, django_assert_num_queries: Any
) -> None:
    routines = [stages.routine(unit, title=f"Rutin {number}", template=template, by=coordinator) for number in range(3)]
    section = edit(plain(template), by=coordinator, body="<p>Andra</p>")
    actions.remove_section(template, plain_after(template, section).key, by=coordinator)
    actions.decline_offer(routines[0], section.key, by=manager)
    actions.take_offer(routines[1], section.key, by=manager)
    for count in (1, 3):
        rows = Routine.objects.filter(pk__in=[row.pk for row in routines[:count]]).order_by("pk")
        listed = list(rows.prefetch_related("versions__approvals"))
        with django_assert_num_queries(5):
            counts = queries.open_offer_counts(listed)
        assert counts == {row.pk: len(queries.open_offers(row)) for row in rows}
    assert list(counts.values()) == [1, 1, 2]


@pytest.mark.django_db(transaction=True)
def test_two_who_take_the_same_at_the_same_moment_make_one_version(
    in_force: Routine, template: Template, coordinator: User, manager: User
) -> None:
    section = edit(plain(template), by=coordinator, body="<p>Nytt i mallen</p>")

    def take(_: int) -> str:
        version = actions.take_offer(Routine.objects.get(pk=in_force.pk), section.key, by=manager)
        return version.number if version else "redan"

    assert sorted(together(2, take)) == ["2.0", "redan"]
    assert in_force.versions.count() == 2


@pytest.mark.django_db(transaction=True)
def test_template_written_while_it_is_taken_is_taken_whole(
    routine: Routine, template: Template, coordinator: User, manager: User
) -> None:
    actions.seed_contacts()
    section = edit(plain(template), by=coordinator, body="<p>Andra</p>")

    def write_or_take(number: int) -> None:
        if number:
            actions.take_offer(Routine.objects.get(pk=routine.pk), section.key, by=manager)
        else:
            again = queries.template_sections(template).get(pk=section.pk)
            edit(again, by=coordinator, heading="Tredje", body="<p>Tredje</p>")

    together(2, write_or_take)
    taken = ours(stages.newest(routine), section.key)
    assert (taken.heading, taken.body) in [(section.heading, "<p>Andra</p>"), ("Tredje", "<p>Tredje</p>")]
    assert (open_keys(routine) == {}) == (taken.heading == "Tredje")
