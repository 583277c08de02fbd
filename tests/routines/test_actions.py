"""The way of a routine: who may do what, when, and what a second click does."""

from typing import Any

import pytest
from django.utils.text import slugify

from jarfalla import clock
from routines import actions, queries
from routines.actions.presence import SILENT_AFTER
from routines.actions.writing import RESERVED, free_slug
from routines.models import Contact, Routine, RoutineVersion, Template, Verdict, VersionState, Writing
from routines.urls import urlpatterns
from tests import factories
from tests.routines import stages
from tests.together import together
from units.models import Refused, Unit, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(template: Template, unit: Unit, coordinator: User) -> RoutineVersion:
    actions.seed_contacts()
    return stages.newest(stages.routine(unit, title="Vår rutin", template=template, by=coordinator))


def texts(version: RoutineVersion) -> list[tuple[int, str, str, str, bool]]:
    """What stands in a version."""
    return list(version.sections.values_list("position", "kind", "heading", "body", "is_mandatory"))


# --- Writing -------------------------------------------------------------------------------------------------


def test_create_routine_copies_the_template(draft: RoutineVersion, template: Template) -> None:
    assert texts(draft) == list(template.sections.values_list("position", "kind", "heading", "body", "is_mandatory"))
    assert (draft.major, draft.state, draft.routine.slug) == (1, VersionState.DRAFT, "var-rutin-tallbackens-forskola")


def test_create_routine_twice_returns_the_first(
    draft: RoutineVersion, template: Template, unit: Unit, coordinator: User
) -> None:
    again = actions.create_routine(unit, template=template, title="  Vår   rutin ", by=coordinator)
    assert again == draft.routine
    assert RoutineVersion.objects.count() == 1


def test_create_routine_with_a_title_in_use_is_refused(
    template: Template, unit: Unit, coordinator: User, manager: User
) -> None:
    stages.walked(unit, VersionState.IN_REVIEW, template=template, by=coordinator, manager=manager)
    with pytest.raises(Refused, match="Enheten har redan en rutin med den titeln"):
        actions.create_routine(unit, template=template, title="vår rutin", by=coordinator)


def test_create_routine_with_the_same_title_in_another_unit_gets_its_own_address(
    draft: RoutineVersion, template: Template, coordinator: User
) -> None:
    other = actions.create_routine(
        factories.unit(name="Ekens skola"), template=template, title="Vår rutin", by=coordinator
    )
    assert other.slug == "var-rutin-ekens-skola"


def seen(version: RoutineVersion) -> dict[str, str]:
    """What somebody who opens the page now begins from."""
    tokens = queries.seen_of(version.sections.prefetch_related("placed_contacts", "placed_references"))
    return {row.key: tokens[row.pk] for row in version.sections.all()}


def body(version: RoutineVersion, key: str) -> str:
    return version.sections.get(key=key).body


def test_write_sections_tidies_what_was_typed(draft: RoutineVersion, manager: User) -> None:
    actions.write_sections(
        draft,
        {
            "akut": "- Ring 112  \r\n\r\n• Stanna\x0bhos barnet\r\n",
            "ansvar": "<h1>Vem</h1><p onclick=x>Rektor \ud800</p><script>x</script>",
            "beslut": {"body": "", "cells": {"minor_crime": " - Ring 112\r\n\r\n", "adult_risk": "  ", "hittepå": "x"}},
        },
        by=manager,
    )
    assert (body(draft, "akut"), body(draft, "ansvar")) == (
        "Ring 112\nStanna hos barnet",
        "<h3>Vem</h3><p>Rektor</p>",
    )
    assert draft.sections.get(key="beslut").cells == {"minor_crime": "Ring 112"}


def test_write_sections_places_what_is_ticked_and_keeps_what_stays(draft: RoutineVersion, manager: User) -> None:
    section = draft.sections.get(key="kontakter")
    first, second, third = Contact.objects.order_by("position")[:3]
    actions.write_sections(draft, {"kontakter": {"contacts": [first, second]}}, by=manager)
    kept = section.placed_contacts.get(contact=second)
    actions.write_sections(draft, {"kontakter": {"contacts": [second, third]}}, by=manager)
    assert set(section.placed_contacts.values_list("contact", flat=True)) == {second.pk, third.pk}
    assert section.placed_contacts.get(contact=second) == kept


def test_write_sections_of_a_locked_section_is_refused_and_saves_nothing(draft: RoutineVersion, manager: User) -> None:
    before = texts(draft)
    with pytest.raises(Refused, match="är låst: texten kommer från mallen"):
        actions.write_sections(draft, {"ansvar": "<p>Rektor</p>", "vardnadshavare": "<p>Ring hem</p>"}, by=manager)
    with pytest.raises(Refused, match="finns inte kvar"):
        actions.write_sections(draft, {"finns-inte": "<p>Rektor</p>"}, by=manager)
    assert texts(draft) == before


@pytest.mark.parametrize("state", [VersionState.APPROVED, VersionState.FAILED])
def test_write_sections_of_an_approved_version_is_refused(
    state: VersionState, draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    stages.walk_on(draft, state, by=coordinator, manager=manager)
    before = texts(draft)
    with pytest.raises(Refused, match="Texten kan inte ändras nu"):
        actions.write_sections(draft, {"akut": "Något annat"}, by=manager)
    assert texts(draft) == before


@pytest.mark.parametrize("state", [VersionState.IN_REVIEW, VersionState.ENDORSED])
def test_write_sections_of_a_version_under_review_takes_it_back(
    state: VersionState, draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    stages.walk_on(draft, state, by=coordinator, manager=manager)
    actions.write_sections(draft, {"akut": body(draft, "akut")}, by=manager)
    assert RoutineVersion.objects.get(pk=draft.pk).state == state, "the same words change nothing"
    before = texts(draft)
    with pytest.raises(actions.UnderReview):
        actions.write_sections(draft, {"akut": "Något annat"}, by=manager, may_reopen=False)
    assert texts(draft) == before
    actions.write_sections(draft, {"akut": "Något annat"}, by=manager)
    assert RoutineVersion.objects.get(pk=draft.pk).state == VersionState.DRAFT
    assert draft.approvals.latest("pk").verdict == Verdict.REOPENED


def test_write_sections_where_a_colleague_has_written_gives_both_back_and_saves_neither_over_the_other(
    draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    actions.write_sections(draft, {"ansvar": "<p>Ett</p><p>Två</p>"}, by=coordinator)
    began = seen(draft)
    actions.write_sections(draft, {"ansvar": "<p>Ett, chefen</p><p>Två</p>"}, by=manager, seen=began)
    [overlap] = actions.write_sections(
        draft, {"ansvar": "<p>Ett</p><p>Två, samordnaren</p>", "akut": "Ring 112"}, by=coordinator, seen=began
    )
    assert overlap.merged.body == "<p>Ett, chefen</p><p>Två, samordnaren</p>"
    assert overlap.theirs.body == body(draft, "ansvar") == "<p>Ett, chefen</p><p>Två</p>"
    assert overlap.clashes == []
    assert body(draft, "akut") == "Ring 112", "what nobody else wrote is saved"
    again = {"ansvar": overlap.seen}
    assert actions.write_sections(draft, {"ansvar": overlap.merged.body}, by=coordinator, seen=again) == []
    assert body(draft, "ansvar") == overlap.merged.body


def test_write_sections_from_an_old_page_takes_nothing_back(
    draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    actions.write_sections(draft, {"ansvar": "<p>Ett</p>"}, by=coordinator)
    first, second = Contact.objects.order_by("position")[:2]
    actions.write_sections(draft, {"kontakter": {"contacts": [first]}}, by=coordinator)
    began = seen(draft)
    actions.write_sections(
        draft, {"ansvar": "<p>Nytt</p>", "kontakter": {"contacts": [first, second]}}, by=manager, seen=began
    )
    old_page: dict[str, Any] = {"ansvar": "<p>Ett</p>", "kontakter": {"contacts": []}, "akut": "Ring 112"}
    assert actions.write_sections(draft, old_page, by=coordinator, seen=began) == []
    assert body(draft, "ansvar") == "<p>Nytt</p>"
    placed = draft.sections.get(key="kontakter").placed_contacts.values_list("contact", flat=True)
    assert list(placed) == [second.pk], "the one that was taken away is gone, the one that was added stays"


def test_write_sections_twice_with_the_same_words_is_no_overlap(draft: RoutineVersion, manager: User) -> None:
    began = seen(draft)
    for _click in range(2):
        assert actions.write_sections(draft, {"akut": "Chefens ord"}, by=manager, seen=began) == []
    assert body(draft, "akut") == "Chefens ord"


@pytest.mark.parametrize("token", ["0::", "x", "999999999999999999999:1.x.2:::", "١٢:٣:", "-1:-1:-1"])
def test_a_token_that_says_nothing_loses_nothing(
    token: str, draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    actions.write_sections(draft, {"ansvar": "<p>Ett</p>"}, by=coordinator)
    [overlap] = actions.write_sections(draft, {"ansvar": "<p>Två</p>"}, by=manager, seen={"ansvar": token})
    assert overlap.merged.body == "<p>Ett</p><p>Två</p>"
    assert body(draft, "ansvar") == "<p>Ett</p>"


def test_update_details_and_the_number_that_goes_with_them(
    draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    began = queries.details_seen(draft)
    for _click in range(2):
        saved = actions.update_details(draft, by=manager, is_minor=True, owner_title="Rektor", seen=began)
        assert (saved.owner_title, saved.number) == ("Rektor", "1.0"), "the first version is never a correction"
    with pytest.raises(Refused, match="Någon annan har ändrat uppgifterna"):
        actions.update_details(draft, by=coordinator, owner_title="Förskolechef", seen=began)
    stages.walk_on(draft, VersionState.IN_FORCE, by=coordinator, manager=manager)
    second = actions.start_version(draft.routine, by=manager)
    assert (second.number, second.owner_title) == ("2.0", "Rektor")
    assert actions.update_details(second, by=manager, is_minor=True).number == "1.1"
    assert actions.update_details(second, by=manager, is_minor=False).number == "2.0"
    with pytest.raises(Refused, match="Läge: gäller"):
        actions.update_details(draft, by=manager, owner_title="Någon")


def test_update_details_takes_a_version_back_from_its_review(
    draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    stages.walk_on(draft, VersionState.ENDORSED, by=coordinator, manager=manager)
    actions.update_details(draft, by=manager, diary_number="KS 2026/1")
    assert RoutineVersion.objects.get(pk=draft.pk).state == VersionState.DRAFT


def test_note_writing_tells_who_else_is_there_and_forgets_who_left(
    draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    section, other = draft.sections.get(key="ansvar"), draft.sections.get(key="akut")
    assert actions.note_writing(section, by=manager) == []
    assert actions.note_writing(other, by=coordinator) == []
    assert actions.note_writing(section, by=coordinator) == [manager]
    assert actions.note_writing(section, by=manager) == [coordinator]
    Writing.objects.filter(user=manager).update(at=clock.now() - SILENT_AFTER * 2)
    assert actions.note_writing(section, by=coordinator) == []
    assert not Writing.objects.filter(user=manager).exists(), "who was where is not kept"
    actions.note_left(section, by=coordinator)
    assert actions.note_writing(section, by=manager) == []


def test_no_routine_takes_an_address_beside_the_routines(unit: Unit) -> None:
    """A fixed address under /rutiner/ would hide the routine, or the routine it."""
    fixed = {
        path.split("/")[1]
        for pattern in urlpatterns
        if (path := str(pattern.pattern)).startswith("rutiner/")
        and path != "rutiner/"
        and "<" not in path.split("/")[1]
    }
    slugs = {name for name in fixed if slugify(name) == name}
    assert slugs <= RESERVED
    unit.slug = "igen"
    assert free_slug("Att ge ut", unit) == "att-ge-ut-igen-2"


def test_start_version_copies_the_one_in_force_and_twice_returns_the_first(
    draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    first = stages.walk_on(draft, VersionState.IN_FORCE, by=coordinator, manager=manager)
    second = actions.start_version(first.routine, by=manager)
    assert (second.major, second.state, texts(second)) == (2, VersionState.DRAFT, texts(first))
    assert actions.start_version(first.routine, by=coordinator) == second


# --- At the same moment -----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_create_routine_at_once_gives_one(template: Template, unit: Unit, coordinator: User) -> None:
    made = together(
        4, lambda _number: actions.create_routine(unit, template=template, title="Vår rutin", by=coordinator).pk
    )
    assert len(set(made)) == 1
    assert Routine.objects.count() == RoutineVersion.objects.count() == 1
