"""What `manage.py seed` puts in place, and what it leaves alone."""

import csv
import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from jarfalla import rich_text
from jarfalla.pdf import unprintable
from jarfalla.privacy import find_personal_numbers
from routines import actions
from routines.actions import seeding
from routines.models import Contact, LegalReference, SectionKind, Situation, Template, TemplateSection
from units.models import Kind

pytestmark = pytest.mark.django_db

SEED = Path(actions.__file__).parents[1] / "seed"
# What every routine must speak of (issue 4), by the sections' keys, in the order of the page.
EVERY_SECTION = [
    "akut",  # acute checklist
    "beslut",  # decision table
    "syfte",  # purpose and audience
    "definitioner",
    "ansvar",  # responsibilities
    "tecken",  # warning signs
    "samtal",  # first conversation
    "radgor",  # consultation, de-identified
    "anmalan",  # report of concern
    "vardnadshavare",  # whether to inform guardians
    "skydd",  # need of protection and risk assessment
    "polis",  # police report and secrecy
    "dokumentation",
    "resor",  # leave for journeys abroad
    "forebygg",  # prevention in everyday work
    "samverkan",  # cooperation
    "lagrum",  # laws
    "kontakter",
    "uppfoljning",  # follow-up
]
MUST_REPORT = ("Förskola och pedagogisk omsorg", "Skola", "Skola, elevhälsa", "Fritidsverksamhet och mötesplatser")
MAY_REPORT = ("Förening", "Bostadsbolag")


def seed() -> str:
    said = StringIO()
    call_command("seed", stdout=said)
    return said.getvalue()


@pytest.fixture
def templates() -> list[Template]:
    """Every first template, with what stands in the registries."""
    actions.seed_contacts()
    actions.seed_legal_references()
    actions.seed_templates()
    return list(Template.objects.prefetch_related("sections"))


def rows_of(name: str) -> list[dict[str, str]]:
    with (SEED / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def words_of(section: TemplateSection) -> str:
    """Everything that the section says, as a reader sees it."""
    return "\n".join([section.heading, rich_text.to_plain(section.body), *section.cells.values()])


def section_of(name: str, key: str) -> TemplateSection:
    return TemplateSection.objects.get(template__name=name, key=key)


def test_seed_twice_adds_nothing_the_second_time() -> None:
    assert seed() == "New contacts: 23, templates: 8, material: 9, statements: 11, quiet periods: 2.\n"
    assert seed() == "New contacts: 0, templates: 0, material: 0, statements: 0, quiet periods: 0.\n"


def test_seed_leaves_what_a_person_changed() -> None:
    seed()
    Contact.objects.filter(name="BRIS").update(phone="116 111 (chatt finns)")
    template = Template.objects.get(name="Skola")
    template.sections.filter(key="akut").update(body="Vår egen lista")
    template.sections.filter(key="beslut").delete()
    seed()
    assert Contact.objects.get(name="BRIS").phone == "116 111 (chatt finns)"
    assert template.sections.get(key="akut").body == "Vår egen lista"
    assert not template.sections.filter(key="beslut").exists()


def test_seeded_contacts_are_those_of_the_file_and_unchecked() -> None:
    actions.seed_contacts()
    assert list(Contact.objects.values_list("name", "phone", "hours", "audience")) == [
        (row["namn"], row["telefon"], row["oppettider"], row["malgrupp"]) for row in rows_of("kontakter.csv")
    ]
    assert not Contact.objects.filter(checked_on__isnull=False).exists()


def test_seeded_laws_are_those_of_the_file_and_unchecked() -> None:
    actions.seed_legal_references()
    assert list(LegalReference.objects.values_list("label", "law", "place", "about")) == [
        (row["beteckning"], row["lag"], row["lagrum"], row["handlar_om"]) for row in rows_of("lagrum.csv")
    ]
    assert not LegalReference.objects.filter(checked_on__isnull=False).exists()


def test_every_kind_of_unit_has_a_template_and_pupil_health_stands_behind_the_schools_own(
    templates: list[Template],
) -> None:
    made_for = {kind: [row.name for row in templates if kind in row.kinds] for kind in Kind.values}
    of_schools = {"compulsory_school", "adapted_school", "upper_secondary"}
    for kind, names in made_for.items():
        assert len(names) == (2 if kind in of_schools else 1), kind
    assert made_for["compulsory_school"] == ["Skola", "Skola, elevhälsa"]


def test_every_template_has_every_section_in_the_same_order(templates: list[Template]) -> None:
    assert len(templates) == 8
    for template in templates:
        assert [section.key for section in template.sections.all()] == EVERY_SECTION, template


def test_only_the_responsible_people_are_left_for_the_unit_to_write(templates: list[Template]) -> None:
    for template in templates:
        sections = {section.key: section for section in template.sections.all()}
        assert [key for key, section in sections.items() if not section.body] == ["ansvar"], template
        assert sections["ansvar"].is_mandatory
        assert "Skriv hellre roller än namn" in sections["ansvar"].guidance, template
        assert all(section.guidance for section in sections.values()), template


def test_the_acute_checklist_comes_first_and_sends_nobody_to_the_family(templates: list[Template]) -> None:
    for template in templates:
        [first] = [section for section in template.sections.all() if section.is_acute]
        assert (first.position, first.kind, first.heading) == (1, SectionKind.CHECKLIST, "Vad du gör akut")
        points = first.body.splitlines()
        assert "ring 112" in points[0], template
        assert len(points) >= 8
        assert any(re.search(r"Kontakta inte|Ring inte hem", point) for point in points), template


def test_contact_with_the_guardians_is_mandatory_and_locked_everywhere(templates: list[Template]) -> None:
    for template in templates:
        section = next(row for row in template.sections.all() if row.key == "vardnadshavare")
        assert section.is_mandatory, template
        assert section.is_locked, template
        assert "kontakta dem inte" in section.heading, template
        assert "ocialtjänsten" in section.body or template.name == "Socialtjänst"


def test_the_decision_table_has_four_ways_and_each_begins_with_safety(templates: list[Template]) -> None:
    for template in templates:
        section = next(row for row in template.sections.all() if row.key == "beslut")
        assert section.kind == SectionKind.DECISIONS
        assert set(section.cells) == set(Situation.values), template
        for situation, steps in section.cells.items():
            assert len(steps.splitlines()) >= 5, (template, situation)
        for situation in (Situation.MINOR_CRIME, Situation.ADULT_CRIME):
            assert section.cells[situation].startswith("Fara just nu: ring 112."), (template, situation)


def test_reporting_is_a_duty_in_preschool_and_school_and_a_choice_for_associations_and_housing(
    templates: list[Template],
) -> None:
    for name in MUST_REPORT:
        assert "är skyldig att genast anmäla till socialtjänsten" in section_of(name, "anmalan").body
    for name in MAY_REPORT:
        body = section_of(name, "anmalan").body
        assert re.search(r"Du (kan|får) alltid anmäla", body)
        assert "normalt en möjlighet och inte en skyldighet" in body
        everything = "\n".join(words_of(row) for row in TemplateSection.objects.filter(template__name=name))
        assert not re.search(r"(är|Du är) skyldiga? att", everything)
        assert "måste anmäla" not in everything
        assert "betyder inte att den lägger en skyldighet" in section_of(name, "lagrum").body


def test_no_running_text_names_a_section_of_a_law(templates: list[Template]) -> None:
    """A paragraph stands in the registry alone, so that one correction reaches every routine."""
    for section in TemplateSection.objects.all():
        text = f"{words_of(section)}\n{section.guidance}"
        assert not re.search(r"§|\bkap\.|\b(19|20)\d\d:\d+|\bLVU\b|\b\d+ [a-z] §", text), section


def test_laws_are_placed_from_the_registry_and_every_name_in_the_files_is_there(templates: list[Template]) -> None:
    common = seeding.read_sections(SEED / "templates" / seeding.COMMON)
    for template in templates:
        for section in template.sections.all():
            is_legal = section.kind == SectionKind.LEGAL
            assert section.legal_references.exists() == is_legal, section
            assert section.contacts.exists() == (section.kind == SectionKind.CONTACTS), section
    known = {row["beteckning"] for row in rows_of("lagrum.csv")}
    named = set(common["lagrum"]["laws"])
    for path in sorted((SEED / "templates").glob("*.toml")):
        named |= {law for section in seeding.read_sections(path).values() for law in section.get("laws", [])}
    assert named <= known
    assert "DOS-lagen" not in named
    placed = set(TemplateSection.legal_references.through.objects.values_list("legalreference__label", flat=True))
    assert placed == named


def test_laws_of_schools_and_of_social_services_stand_only_where_they_belong(templates: list[Template]) -> None:
    for template in templates:
        labels = set(section_of(template.name, "lagrum").legal_references.values_list("label", flat=True))
        assert ("Skollagen anmälan" in labels) == template.name.startswith(("Skola", "Förskola")), template
        health = ("Socialtjänst", "Skola, elevhälsa")
        assert ("Socialstyrelsens föreskrifter" in labels) == (template.name in health), template
        assert {"SoL anmälan", "BrB hedersförtryck", "Barnkonventionen"} <= labels, template


def test_templates_hold_only_what_a_pdf_can_show_and_no_numbers_of_people(templates: list[Template]) -> None:
    for section in TemplateSection.objects.all():
        text = words_of(section)
        assert unprintable(text) == []
        assert find_personal_numbers(text) == []
        assert '"' not in text
        assert "**" not in text
        assert "###" not in text


def test_templates_are_already_as_the_editor_would_leave_them(templates: list[Template]) -> None:
    for section in TemplateSection.objects.exclude(kind=SectionKind.CHECKLIST):
        assert rich_text.clean(section.body) == section.body, section


def test_light_markup_becomes_headings_lists_and_bold_and_nothing_else() -> None:
    assert seeding.html("### Fråga\n\n- **Vem:** chefen\n- När\n\nEn rad <b>till\noch en") == (
        "<h3>Fråga</h3><ul><li><strong>Vem:</strong> chefen</li><li>När</li></ul><p>En rad &lt;b&gt;till<br>och en</p>"
    )
