"""What is new in a template is offered to the routines made from it, and never changes them by itself."""

from typing import Any

import pytest

from routines import actions, queries
from routines.models import (
    Contact,
    LegalReference,
    Routine,
    SectionKind,
    Template,
)
from routines.queries import OfferKind
from tests.routines import stages
from tests.routines.edits import edit, open_keys, ours, plain, plain_after, texts
from units.models import Unit, User

pytestmark = pytest.mark.django_db


def test_routine_as_its_template_was_is_offered_nothing(routine: Routine) -> None:
    assert queries.template_offers(routine) == []
    assert queries.locked_behind(stages.newest(routine)) == []


def test_changes_in_a_template_change_no_routine_and_are_offered(
    routine: Routine, template: Template, coordinator: User
) -> None:
    before = texts(stages.newest(routine))
    changed = edit(plain(template), by=coordinator, body="<p>Nytt i mallen</p>")
    new = actions.add_section(template, kind="checklist", heading="Resor", after="", by=coordinator, body="Fråga")
    gone = plain_after(template, changed)
    actions.remove_section(template, gone.key, by=coordinator)
    actions.move_section(template, changed.key, up=False, position=changed.position + 1, by=coordinator)
    assert texts(stages.newest(routine)) == before
    assert open_keys(routine) == {
        changed.key: OfferKind.CHANGED,
        new.key: OfferKind.NEW,
        gone.key: OfferKind.REMOVED,
    }


def test_guidance_alone_is_not_offered(routine: Routine, template: Template, coordinator: User) -> None:
    edit(plain(template), by=coordinator, guidance="Skriv kortare.")
    assert open_keys(routine) == {}


@pytest.mark.parametrize(
    "change", [{"heading": "Ny rubrik"}, {"is_acute": True}, {"is_mandatory": True}, {"is_locked": True}]
)
def test_heading_and_rules_are_offered_and_taken(
    change: dict[str, Any], routine: Routine, template: Template, coordinator: User, manager: User
) -> None:
    section = edit(plain(template), by=coordinator, **change)
    assert open_keys(routine) == {section.key: OfferKind.CHANGED}
    version = actions.take_offer(routine, section.key, by=manager)
    assert version
    taken = ours(version, section.key)
    assert {name: getattr(taken, name) for name in change} == change
    assert open_keys(routine) == {}


def test_taken_text_replaces_the_unit_s_in_the_draft_and_stays_where_it_stands(
    routine: Routine, template: Template, coordinator: User, manager: User
) -> None:
    section = plain(template)
    draft = stages.newest(routine)
    position = ours(draft, section.key).position
    actions.write_sections(draft, {section.key: "<p>Våra ord</p>"}, by=manager)
    edit(section, by=coordinator, body="<p>Mallens nya ord</p>", guidance="Ny vägledning")
    version = actions.take_offer(routine, section.key, by=manager)
    assert version == draft
    taken = ours(draft, section.key)
    assert (taken.body, taken.guidance, taken.position) == ("<p>Mallens nya ord</p>", "Ny vägledning", position)
    assert taken.template_body == "<p>Mallens nya ord</p>"
    assert actions.take_offer(routine, section.key, by=manager) is None


def test_placed_contacts_laws_and_tables_are_taken(
    unit: Unit, template: Template, coordinator: User, manager: User
) -> None:
    actions.seed_contacts()
    actions.seed_legal_references()
    added = [
        actions.add_section(template, kind=kind, heading=f"Eget {kind}", after="", by=coordinator, body="<p>x</p>")
        for kind in (SectionKind.CONTACTS, SectionKind.LEGAL, SectionKind.DECISIONS)
    ]
    routine = stages.routine(unit, title="Vår rutin", template=template, by=coordinator)
    contact, law = Contact.objects.earliest("pk"), LegalReference.objects.earliest("pk")
    edit(added[0], by=coordinator, contacts=[contact])
    edit(added[1], by=coordinator, references=[law])
    edit(added[2], by=coordinator, cells={"minor_crime": "Ring 112"})
    assert set(open_keys(routine)) == {row.key for row in added}
    for row in added:
        actions.take_offer(routine, row.key, by=manager)
    draft = stages.newest(routine)
    assert [row.contact for row in ours(draft, added[0].key).placed_contacts.all()] == [contact]
    assert [row.reference for row in ours(draft, added[1].key).placed_references.all()] == [law]
    assert ours(draft, added[2].key).cells == {"minor_crime": "Ring 112"}
    assert open_keys(routine) == {}


def test_new_section_is_put_where_the_template_has_it(
    routine: Routine, template: Template, coordinator: User, manager: User
) -> None:
    draft = stages.newest(routine)
    before = [row[0] for row in texts(draft)]
    second = queries.template_sections(template).get(position=2)
    middle = actions.add_section(template, kind="text", heading="Resor", after=second.key, by=coordinator, body="Fråga")
    first = actions.add_section(template, kind="text", heading="Allra först", after="", by=coordinator, body="Läs")
    for key in (middle.key, first.key):
        actions.take_offer(routine, key, by=manager)
    assert [row[0] for row in texts(draft)] == [first.key, *before[:2], middle.key, *before[2:]]
    assert [row[1] for row in texts(draft)] == list(range(1, len(before) + 3))
    assert ours(draft, middle.key).body == "<p>Fråga</p>"


def test_removed_section_goes_when_the_unit_agrees(
    routine: Routine, template: Template, coordinator: User, manager: User
) -> None:
    section = plain(template)
    actions.remove_section(template, section.key, by=coordinator)
    actions.take_offer(routine, section.key, by=manager)
    assert not stages.newest(routine).sections.filter(key=section.key).exists()
    assert open_keys(routine) == {}
