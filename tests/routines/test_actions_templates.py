"""Templates: made, copied, written, put in order, and never without what must stand in all of them."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from routines import actions, queries
from routines.models import GUARDIANS, Contact, LegalReference, SectionKind, Template, TemplateSection
from tests.together import together
from units.models import Refused, User

pytestmark = pytest.mark.django_db


def headings(template: Template) -> list[str]:
    return list(template.sections.order_by("position").values_list("heading", flat=True))


def section_of(template: Template, **fields: Any) -> TemplateSection:
    return queries.template_sections(template).filter(**fields).earliest("position")


def said(section: TemplateSection) -> dict[str, Any]:
    """What the section says, as the form sends it."""
    names = ("heading", "guidance", "body", "cells", "is_mandatory", "is_locked", "is_acute")
    placed = {"contacts": list(section.contacts.all()), "references": list(section.legal_references.all())}
    return {name: getattr(section, name) for name in names} | placed


def test_copy_of_a_template_has_its_sections_and_what_is_placed_in_them(template: Template, coordinator: User) -> None:
    actions.seed_contacts()
    contacts = section_of(template, kind=SectionKind.CONTACTS)
    contacts.contacts.set(Contact.objects.all())
    copy = actions.make_template(name=" Kulturskola  öst ", kinds=["school"], copy_of=template, by=coordinator)
    assert (copy.name, copy.kinds) == ("Kulturskola öst", ["school"])
    assert [row.content_sha256() for row in queries.template_sections(copy)] == [
        row.content_sha256() for row in queries.template_sections(template)
    ]
    assert section_of(copy, key=contacts.key).contacts.count() == Contact.objects.count() > 0


def test_template_from_nothing_has_only_what_all_must_have(template: Template, coordinator: User) -> None:
    empty = actions.make_template(name="Kyrka", kinds=[], copy_of=None, by=coordinator)
    only = empty.sections.get()
    assert (only.key, only.is_mandatory, only.is_locked) == (GUARDIANS, True, True)
    assert "socialtjänsten" in only.body


def test_template_made_twice_by_one_click_is_one_and_another_with_its_name_is_refused(
    template: Template, coordinator: User
) -> None:
    first = actions.make_template(name="Kyrka", kinds=[], copy_of=None, by=coordinator)
    assert actions.make_template(name="Kyrka", kinds=[], copy_of=None, by=coordinator) == first
    for name, copy_of in (("KYRKA", template), (template.name, None)):
        with pytest.raises(Refused, match="redan en mall med det namnet"):
            actions.make_template(name=name, kinds=[], copy_of=copy_of, by=coordinator)


def test_name_and_kinds_changed_by_somebody_else_meanwhile_are_not_lost(template: Template, coordinator: User) -> None:
    seen = queries.template_seen(template)
    actions.update_template(template, name="Förskola", kinds=["preschool"], by=coordinator, seen=seen)
    with pytest.raises(Refused, match="Någon annan har ändrat mallens namn"):
        actions.update_template(template, name=template.name, kinds=["school"], by=coordinator, seen=seen)
    template.refresh_from_db()
    assert (template.name, template.kinds) == ("Förskola", ["preschool"])


def test_retired_template_starts_no_routine_and_is_not_edited(template: Template, unit: Any, coordinator: User) -> None:
    assert template in queries.templates_for(unit)
    first = actions.retire_template(template, by=coordinator)
    again = actions.retire_template(template, by=coordinator)
    assert first.retired_at == again.retired_at
    assert again.retired_by == coordinator
    assert template not in queries.templates_for(unit)
    section = section_of(template, kind=SectionKind.TEXT)
    for write in (
        lambda: actions.write_section(section, by=coordinator, **said(section) | {"heading": "Annat"}),
        lambda: actions.remove_section(template, section.key, by=coordinator),
        lambda: actions.move_section(template, section.key, up=True, position=section.position, by=coordinator),
        lambda: actions.add_section(template, kind="text", heading="Nytt", after="", by=coordinator),
        lambda: actions.update_template(template, name="Annat", kinds=[], by=coordinator),
    ):
        with pytest.raises(Refused, match="används inte längre"):
            write()


@pytest.mark.parametrize("kind", SectionKind.values)
def test_section_of_every_kind_is_added_where_it_was_asked_for_and_once(
    kind: str, template: Template, coordinator: User
) -> None:
    actions.seed_contacts()
    actions.seed_legal_references()
    before = headings(template)
    second = section_of(template, position=2)
    values: dict[str, Any] = {
        "body": "- Ett\n\n* Två" if kind == SectionKind.CHECKLIST else "<p onclick='x'>Ett</p><script>x</script>",
        "cells": {"minor_crime": "Ring 112"} if kind == SectionKind.DECISIONS else {},
        "contacts": list(Contact.objects.all()[:2]) if kind == SectionKind.CONTACTS else [],
        "references": list(LegalReference.objects.all()[:2]) if kind == SectionKind.LEGAL else [],
        "guidance": "Så gör ni",
        "is_acute": True,
    }
    added = [
        actions.add_section(template, kind=kind, heading=" Nytt  avsnitt", after=second.key, by=coordinator, **values)
        for _ in range(2)
    ]
    assert added[0] == added[1]
    assert headings(template) == [*before[:2], "Nytt avsnitt", *before[2:]]
    section = section_of(template, key="nytt-avsnitt")
    assert section.body == ("Ett\nTvå" if kind == SectionKind.CHECKLIST else "<p>Ett</p>")
    assert (section.cells, section.guidance, section.is_acute) == (values["cells"], "Så gör ni", True)
    assert list(section.contacts.all()) == values["contacts"]
    assert list(section.legal_references.all()) == values["references"]


def test_keys_are_never_two_sections_and_never_the_address_of_a_new_one(template: Template, coordinator: User) -> None:
    first = actions.add_section(template, kind="text", heading="Nytt", after="", by=coordinator)
    assert first.key == "nytt-2"
    actions.write_section(first, by=coordinator, **said(first) | {"heading": "Nu heter det annat"})
    second = actions.add_section(template, kind="text", heading="Nytt", after="", by=coordinator)
    assert second.key == "nytt-3"
    odd = actions.add_section(template, kind="text", heading="！？", after="", by=coordinator)
    assert odd.key == "avsnitt"
    with pytest.raises(Refused, match="redan ett avsnitt med den rubriken"):
        actions.add_section(template, kind="checklist", heading="NYTT", after="", by=coordinator)


def test_written_section_is_saved_and_the_same_again_changes_nothing(template: Template, coordinator: User) -> None:
    section = section_of(template, kind=SectionKind.TEXT)
    seen = queries.section_seen(section)
    values = said(section) | {"body": "<p>Ny text</p>", "guidance": "Ny vägledning", "is_mandatory": True}
    for _ in range(2):
        actions.write_section(section, by=coordinator, seen=seen, **values)
    now = section_of(template, key=section.key)
    assert (now.body, now.guidance, now.is_mandatory) == ("<p>Ny text</p>", "Ny vägledning", True)
    assert now.template_id == section.template_id


@pytest.mark.parametrize("changed", [{"body": "<p>Min text</p>"}, {"guidance": "Min"}, {"is_acute": True}])
def test_section_that_somebody_else_changed_meanwhile_is_not_written_over(
    changed: dict[str, Any], template: Template, coordinator: User
) -> None:
    section = section_of(template, kind=SectionKind.TEXT, is_acute=False)
    seen, before = queries.section_seen(section), said(section)
    actions.write_section(section, by=coordinator, seen=seen, **before | changed)
    with pytest.raises(Refused, match="Någon annan har ändrat avsnittet medan du skrev"):
        actions.write_section(section, by=coordinator, seen=seen, **before | {"body": "<p>Den andras</p>"})
    assert said(section_of(template, key=section.key)) == before | changed


@pytest.mark.django_db(transaction=True)
def test_two_who_write_one_section_at_the_same_moment_one_is_refused(template: Template, coordinator: User) -> None:
    section = section_of(template, kind=SectionKind.TEXT)
    seen, before = queries.section_seen(section), said(section)

    def write(number: int) -> str:
        try:
            actions.write_section(
                TemplateSection.objects.get(pk=section.pk),
                by=coordinator,
                seen=seen,
                **before | {"body": f"<p>Text {number}</p>"},
            )
        except Refused:
            return ""
        return f"<p>Text {number}</p>"

    written = [text for text in together(2, write) if text]
    assert written == [section_of(template, key=section.key).body]


@pytest.mark.django_db(transaction=True)
def test_two_who_make_a_template_with_one_name_at_the_same_moment_one_is_refused(
    template: Template, coordinator: User
) -> None:
    def make(number: int) -> str:
        try:
            return actions.make_template(name="Kyrka", kinds=[str(number)], copy_of=None, by=coordinator).name
        except Refused as refused:
            return str(refused)

    assert sorted(together(2, make)) == ["Det finns redan en mall med det namnet.", "Kyrka"]


def test_sections_change_places_and_a_second_click_on_an_old_page_moves_nothing(
    template: Template, coordinator: User
) -> None:
    before = headings(template)
    third = section_of(template, position=3)
    assert actions.move_section(template, third.key, up=True, position=3, by=coordinator)
    assert not actions.move_section(template, third.key, up=True, position=3, by=coordinator)
    assert headings(template) == [before[0], before[2], before[1], *before[3:]]
    first, last = section_of(template, position=1), section_of(template, position=len(before))
    assert not actions.move_section(template, first.key, up=True, position=1, by=coordinator)
    assert not actions.move_section(template, last.key, up=False, position=len(before), by=coordinator)


def test_removed_section_is_gone_and_the_others_close_the_gap(template: Template, coordinator: User) -> None:
    before = headings(template)
    second = section_of(template, position=2)
    assert actions.remove_section(template, second.key, by=coordinator)
    assert not actions.remove_section(template, second.key, by=coordinator)
    assert headings(template) == [before[0], *before[2:]]
    assert list(template.sections.order_by("position").values_list("position", flat=True)) == list(
        range(1, len(before))
    )


def test_section_that_somebody_else_removed_is_refused_with_a_sentence(template: Template, coordinator: User) -> None:
    section = section_of(template, kind=SectionKind.TEXT)
    before = said(section)
    actions.remove_section(template, section.key, by=coordinator)
    with pytest.raises(Refused, match="tagit bort avsnittet"):
        actions.write_section(section, by=coordinator, **before | {"body": "<p>Ny</p>"})


def test_guardians_section_is_never_removed_or_unlocked_by_a_person(template: Template, coordinator: User) -> None:
    section = section_of(template, key=GUARDIANS)
    with pytest.raises(Refused, match="måste finnas i alla mallar"):
        actions.remove_section(template, GUARDIANS, by=coordinator)
    values = said(section) | {"is_locked": False, "is_mandatory": False, "heading": "Familjen"}
    actions.write_section(section, by=coordinator, **values)
    now = section_of(template, key=GUARDIANS)
    assert (now.heading, now.is_locked, now.is_mandatory) == ("Familjen", True, True)


BREAK_THE_RULE = [
    "UPDATE routines_templatesection SET is_locked = false WHERE key = 'vardnadshavare'",
    "UPDATE routines_templatesection SET is_mandatory = false WHERE key = 'vardnadshavare'",
    "UPDATE routines_templatesection SET body = '' WHERE key = 'vardnadshavare'",
    "UPDATE routines_templatesection SET key = 'annat' WHERE key = 'vardnadshavare'",
    "UPDATE routines_templatesection SET kind = 'contacts' WHERE key = 'vardnadshavare'",
    "DELETE FROM routines_templatesection WHERE key = 'vardnadshavare'",
    "INSERT INTO routines_template (name, kinds) VALUES ('Utan', '{}')",
]


@pytest.mark.parametrize("sql", BREAK_THE_RULE)
def test_database_refuses_a_template_without_the_locked_section_about_guardians(template: Template, sql: str) -> None:
    before = list(TemplateSection.objects.filter(key=GUARDIANS).values_list("pk", "body", "is_locked", "is_mandatory"))
    assert len(before) == Template.objects.count() > 1
    refused = pytest.raises(DatabaseError, match=r"guardians|pgtrigger: Cannot")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert before == list(
        TemplateSection.objects.filter(key=GUARDIANS).values_list("pk", "body", "is_locked", "is_mandatory")
    )
