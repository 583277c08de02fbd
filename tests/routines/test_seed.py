"""What `manage.py seed` puts in place, and what it leaves alone."""

import csv
import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from jarfalla.pdf import unprintable
from jarfalla.privacy import find_personal_numbers
from routines import actions
from routines.models import Contact, Template, TemplateSection
from units.models import Kind

pytestmark = pytest.mark.django_db

KEEP_AWAY = ("kontakta dem inte", "Kontakta dem inte")
# What lagrum.csv of the project holds; a template may cite nothing else.
KNOWN_LAW = {
    "19 kap. 1 §",
    "29 kap. 13 §",
    "10 kap. 21 §",
    "10 kap. 23 §",
    "4 kap. 4 e §",
    "4 kap. 4 c och 4 d §§",
    "4 kap. 4 d §",
    "31 a §",
}
KNOWN_STATUTES = {"2025:400", "2010:800", "2009:400", "1982:316", "2018:1197", "2022:39"}


def seed() -> str:
    said = StringIO()
    call_command("seed", stdout=said)
    return said.getvalue()


def test_seed_twice_adds_nothing_the_second_time() -> None:
    assert seed() == "New contacts: 11, templates: 7, material: 9, statements: 11.\n"
    assert seed() == "New contacts: 0, templates: 0, material: 0, statements: 0.\n"


def test_seed_leaves_what_a_person_changed() -> None:
    seed()
    Contact.objects.filter(name="BRIS").update(phone="116 111 (chatt finns)")
    template = Template.objects.get(name="Skola")
    template.sections.filter(position=1).update(body="Vår egen lista")
    template.sections.filter(position=2).delete()
    seed()
    assert Contact.objects.get(name="BRIS").phone == "116 111 (chatt finns)"
    assert template.sections.get(position=1).body == "Vår egen lista"
    assert not template.sections.filter(position=2).exists()


def test_seeded_contacts_are_those_of_the_file_and_unchecked() -> None:
    actions.seed_contacts()
    with (Path(actions.__file__).parents[1] / "seed" / "kontakter.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert list(Contact.objects.values_list("name", "phone", "hours", "audience")) == [
        (row["namn"], row["telefon"], row["oppettider"], row["malgrupp"]) for row in rows
    ]
    assert not Contact.objects.filter(checked_on__isnull=False).exists()


def test_every_kind_of_unit_has_one_template_made_for_it() -> None:
    actions.seed_templates()
    kinds = [kind for template in Template.objects.all() for kind in template.kinds]
    assert sorted(kinds) == sorted(Kind.values)


def test_every_template_says_what_must_be_said_and_lets_the_unit_name_who_is_responsible() -> None:
    actions.seed_templates()
    for template in Template.objects.all():
        sections = {section.heading: section for section in template.sections.all()}
        mandatory = [section for section in sections.values() if section.is_mandatory]
        assert template.sections.get(position=1).heading == "Vad du gör akut", template
        assert sum("kontakta dem inte" in section.heading for section in mandatory) == 1, template
        assert [section.heading for section in mandatory if not section.body] == ["Ansvar"], template
        assert "Skriv hellre roller än namn" in sections["Ansvar"].guidance, template
        assert all(section.body for section in sections.values() if section.heading != "Ansvar"), template


def test_reporting_is_a_duty_in_preschool_and_school_and_a_choice_for_associations_and_housing() -> None:
    actions.seed_templates()

    def reporting(name: str) -> str:
        return TemplateSection.objects.get(template__name=name, heading__startswith="Orosanmälan").body

    for name in ("Förskola och pedagogisk omsorg", "Skola"):
        assert "är skyldig att genast anmäla" in reporting(name)
        assert "socialtjänstlagen (2025:400) 19 kap. 1 § och skollagen (2010:800) 29 kap. 13 §" in reporting(name)
    for name in ("Förening", "Bostadsbolag"):
        assert "Du kan alltid anmäla" in reporting(name)
        assert "normalt en möjlighet och inte en skyldighet" in reporting(name)
        assert "är skyldig" not in reporting(name)


def test_templates_cite_only_the_law_that_was_given() -> None:
    actions.seed_templates()
    text = "\n".join(f"{row.body}\n{row.guidance}" for row in TemplateSection.objects.all())
    cited = set(re.findall(r"(?:\d+ kap\. )?\d+(?: [a-z])?(?: och \d+ [a-z])? §+", text))
    assert cited == KNOWN_LAW
    assert set(re.findall(r"\b(?:19|20)\d\d:\d+", text)) <= KNOWN_STATUTES


def test_templates_hold_only_what_a_pdf_can_show_and_no_numbers_of_people() -> None:
    actions.seed_templates()
    for section in TemplateSection.objects.all():
        assert unprintable(section.heading + section.body) == []
        assert find_personal_numbers(section.body) == []
        assert '"' not in section.body
