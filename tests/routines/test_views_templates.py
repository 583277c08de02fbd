"""The coordinator's pages of templates."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from routines import actions, queries
from routines.models import GUARDIANS, Contact, LegalReference, SectionKind, Template, TemplateSection
from tests.conftest import SignIn
from tests.routines import stages
from units.models import Unit, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(coordinator: User, sign_in: SignIn) -> Client:
    """The coordinator's browser."""
    return sign_in(coordinator)


def plain(template: Template) -> TemplateSection:
    """A section of running text that is neither locked nor mandatory."""
    return template.sections.filter(kind="text", is_locked=False, is_mandatory=False).earliest("pk")


def sent(section: TemplateSection, **changed: Any) -> dict[str, Any]:
    """What the browser sends when the coordinator saves the section as it is, but for what changed."""
    flags = {name: "on" for name in ("is_mandatory", "is_locked", "is_acute") if getattr(section, name)}
    values = {"heading": section.heading, "guidance": section.guidance, "body": section.body}
    return {**values, **flags, "seen": queries.section_seen(section), **changed}


def test_list_shows_every_template_in_use_with_what_it_is_for(
    client: Client, template: Template, unit: Unit, coordinator: User
) -> None:
    stages.routine(unit, title="Vår rutin", template=template, by=coordinator)
    retired = Template.objects.exclude(pk=template.pk).earliest("pk")
    actions.retire_template(retired, by=coordinator)
    page = client.get(reverse("routine_templates"))
    shown = {row.template: row for row in page.context["rows"]}
    assert set(shown) == set(Template.objects.current())
    assert (shown[template].section_count, shown[template].routine_count) == (template.sections.count(), 1)
    assert "Förskola" in shown[template].kinds
    assert [row.template for row in page.context["retired"]] == [retired]
    assert retired.name in page.content.decode()


def test_template_is_made_from_another_one(client: Client, template: Template) -> None:
    form = client.get(reverse("template_new"), {"kopia": template.pk}).context["form"]
    assert form["copy_of"].value() == template.pk
    page = client.post(
        reverse("template_new"), {"name": "Öppen förskola", "kinds": ["open_preschool"], "copy_of": template.pk}
    )
    made = Template.objects.get(name="Öppen förskola")
    assert page["Location"] == made.get_absolute_url()
    assert made.kinds == ["open_preschool"]
    assert made.sections.count() == template.sections.count()


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "Skriv vad mallen ska heta."),
        ("name", "x" * 121, "högst 120 får plats"),
        ("name", "Om 640823-3234", "personnummer"),
        ("kinds", ["church"], "Välj bland verksamhetstyperna."),
        ("copy_of", "999999", "Välj en av mallarna."),
    ],
)
def test_new_template_that_is_not_right_gets_a_sentence_at_its_field(
    field: str, value: Any, sentence: str, client: Client, template: Template
) -> None:
    before = Template.objects.count()
    page = client.post(reverse("template_new"), {"name": "Kyrka", "kinds": [], "copy_of": "", field: value})
    assert sentence in str(page.context["form"].errors[field])
    assert page.content.decode().split("<title>")[1].startswith("Fel: ")
    assert Template.objects.count() == before


def test_template_with_a_name_that_is_taken_gets_a_sentence_at_the_name(client: Client, template: Template) -> None:
    other = Template.objects.exclude(pk=template.pk).earliest("pk")
    for address in (reverse("template_new"), template.get_absolute_url()):
        page = client.post(address, {"name": other.name.upper(), "kinds": []})
        assert "Det finns redan en mall med det namnet." in page.context["form"].errors["name"]


def test_name_and_kinds_are_saved(client: Client, template: Template) -> None:
    seen = queries.template_seen(template)
    values = {"name": "Förskolan", "kinds": ["preschool", "open_preschool"], "seen": seen}
    page = client.post(template.get_absolute_url(), values)
    assert page["Location"] == template.get_absolute_url()
    template.refresh_from_db()
    assert (template.name, template.kinds) == ("Förskolan", ["open_preschool", "preschool"])


def test_name_that_somebody_else_changed_is_said_and_the_next_save_counts(
    client: Client, template: Template, coordinator: User
) -> None:
    seen = queries.template_seen(template)
    actions.update_template(template, name="Den andras", kinds=[], by=coordinator)
    page = client.post(template.get_absolute_url(), {"name": "Min", "kinds": [], "seen": seen})
    assert "Någon annan har ändrat" in str(page.context["form"].errors["name"])
    assert page.context["form"]["name"].value() == "Min"
    template.refresh_from_db()
    assert template.name == "Den andras"
    again = {"name": "Min", "kinds": [], "seen": page.context["form"]["seen"].value()}
    assert client.post(template.get_absolute_url(), again).status_code == 302


def test_page_shows_sections_in_order_with_what_holds_for_them(client: Client, template: Template) -> None:
    page = client.get(template.get_absolute_url())
    rows = page.context["sections"]
    assert [row for row, _ in rows] == list(template.sections.order_by("position"))
    assert {row.key: [str(rule) for rule in rules] for row, rules in rows}[GUARDIANS] == [
        "måste fyllas i",
        "låst text",
    ]
    for row, _ in rows:
        assert row.get_absolute_url() in page.content.decode()


def test_page_counts_what_waits_in_each_routine_with_as_many_queries_for_three_as_for_one(
    client: Client, template: Template, unit: Unit, coordinator: User, django_assert_max_num_queries: Any
) -> None:
    actions.write_section(plain(template), heading="Nytt", body="<p>Nytt</p>", by=coordinator)
    counts = []
    for number in range(3):
        stages.routine(unit, title=f"Rutin {number}", template=template, by=coordinator)
        if number != 1:
            with django_assert_max_num_queries(60) as asked:
                page = client.get(template.get_absolute_url())
            counts.append(len(asked))
    assert counts[0] == counts[1]
    assert [waiting for _, waiting in page.context["routines"]] == [0, 0, 0]
    actions.write_section(plain(template), heading="Nyare", body="<p>Nyare</p>", by=coordinator)
    page = client.get(template.get_absolute_url())
    assert [waiting for _, waiting in page.context["routines"]] == [1, 1, 1]
    assert "1 ändring att ta ställning till" in page.content.decode()


@pytest.mark.parametrize("kind", SectionKind.values)
def test_section_of_every_kind_is_added_and_edited(kind: str, client: Client, template: Template) -> None:
    actions.seed_contacts()
    actions.seed_legal_references()
    contact, law = Contact.objects.earliest("pk"), LegalReference.objects.earliest("pk")
    address = f"{reverse('template_section_new', args=[template.pk])}?sort={kind}"
    assert client.get(address).context["form"].kind == kind
    values = {
        "heading": "Nytt avsnitt",
        "after": template.sections.get(position=1).key,
        "body": "Ett" if kind == SectionKind.CHECKLIST else "<p>Ett</p>",
        "cells_minor_crime": "Ring 112",
        "contacts": [contact.pk],
        "references": [law.pk],
        "is_acute": "on",
    }
    page = client.post(address, values)
    section = template.sections.get(heading="Nytt avsnitt")
    assert page["Location"] == f"{template.get_absolute_url()}#avsnitt-nytt-avsnitt"
    assert (section.kind, section.position, section.body) == (kind, 2, values["body"])
    assert section.cells == ({"minor_crime": "Ring 112"} if kind == SectionKind.DECISIONS else {})
    assert list(section.contacts.all()) == ([contact] if kind == SectionKind.CONTACTS else [])
    assert list(section.legal_references.all()) == ([law] if kind == SectionKind.LEGAL else [])

    form = client.get(section.get_absolute_url()).context["form"]
    assert form["heading"].value() == "Nytt avsnitt"
    again = {**values, "heading": "Annan rubrik", "seen": form["seen"].value()}
    assert client.post(section.get_absolute_url(), again).status_code == 302
    section.refresh_from_db()
    assert (section.heading, section.key) == ("Annan rubrik", "nytt-avsnitt")


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("heading", "", "Skriv en rubrik."),
        ("heading", "x" * 121, "högst 120 får plats"),
        ("heading", "Om 640823-3234", "personnummer"),
        ("heading", "Emoji 😀", "😀"),
        ("guidance", "x" * 4001, "högst 4000 får plats"),
        ("guidance", "Ring 640823-3234", "personnummer"),
        ("body", "<p>640823<b>-3234</b></p>", "personnummer"),
        ("body", "<p>" + "x" * 20_001 + "</p>", "högst 20000 får plats"),
        ("after", "finns-inte", "Välj ett av mallens avsnitt."),
        ("after", "", "Välj var avsnittet ska stå."),
    ],
)
def test_section_that_is_not_right_gets_a_sentence_at_its_field(
    field: str, value: str, sentence: str, client: Client, template: Template
) -> None:
    before = template.sections.count()
    values = {"heading": "Nytt", "guidance": "", "body": "<p>Ett</p>", "after": "-", field: value}
    page = client.post(reverse("template_section_new", args=[template.pk]), values)
    assert sentence in str(page.context["form"].errors[field])
    assert page.content.decode().split("<title>")[1].startswith("Fel: ")
    assert template.sections.count() == before


def test_locked_section_without_a_text_is_refused_at_the_text(client: Client, template: Template) -> None:
    values = {"heading": "Nytt", "body": "<p> </p>", "after": "-", "is_locked": "on"}
    page = client.post(reverse("template_section_new", args=[template.pk]), values)
    assert "Avsnittet är låst, så enheterna kan inte fylla i det." in str(page.context["form"].errors["body"])
    assert not template.sections.filter(heading="Nytt").exists()


def test_section_about_guardians_stays_locked_whatever_is_sent(client: Client, template: Template) -> None:
    section = template.sections.get(key=GUARDIANS)
    page = client.get(section.get_absolute_url())
    assert reverse("template_section_remove", args=[template.pk, GUARDIANS]) not in page.content.decode()
    values = {"heading": section.heading, "body": "<p>Nya ord</p>", "seen": queries.section_seen(section)}
    assert client.post(section.get_absolute_url(), values).status_code == 302
    section.refresh_from_db()
    assert (section.body, section.is_mandatory, section.is_locked) == ("<p>Nya ord</p>", True, True)
    emptied = client.post(section.get_absolute_url(), {"heading": section.heading, "body": "<p></p>"})
    assert emptied.context["form"].errors["body"]
    answer = client.post(reverse("template_section_remove", args=[template.pk, GUARDIANS]), follow=True)
    assert "måste finnas i alla mallar" in answer.content.decode()
    assert template.sections.filter(key=GUARDIANS, body="<p>Nya ord</p>").exists()


def test_section_that_somebody_else_changed_keeps_both_texts_on_the_page(
    client: Client, template: Template, coordinator: User
) -> None:
    section = plain(template)
    old = sent(section)
    actions.write_section(
        section, heading="Den andras rubrik", body="<p>Den andras ord</p>", guidance="Den andras råd", by=coordinator
    )
    page = client.post(section.get_absolute_url(), old | {"body": "<p>Mina ord</p>"})
    text = page.content.decode()
    assert "Någon annan har ändrat avsnittet medan du skrev" in str(page.context["form"].non_field_errors())
    assert "Mina ord" in page.context["form"]["body"].value()
    assert all(words in text for words in ("Den andras rubrik", "Den andras ord", "Den andras råd"))
    section.refresh_from_db()
    assert section.body == "<p>Den andras ord</p>"
    again = old | {"body": "<p>Våra ord</p>", "seen": page.context["form"]["seen"].value()}
    assert client.post(section.get_absolute_url(), again).status_code == 302
    section.refresh_from_db()
    assert section.body == "<p>Våra ord</p>"


def test_section_with_a_heading_that_is_taken_is_refused(client: Client, template: Template) -> None:
    section = plain(template)
    other = template.sections.exclude(pk=section.pk).earliest("pk")
    page = client.post(section.get_absolute_url(), sent(section, heading=other.heading))
    assert "redan ett avsnitt med den rubriken" in str(page.context["form"].errors)
    values = {"heading": other.heading, "body": "<p>x</p>", "after": "-"}
    page = client.post(reverse("template_section_new", args=[template.pk]), values)
    assert "redan ett avsnitt med den rubriken" in str(page.context["form"].errors["heading"])


def test_section_moves_with_a_button_and_an_old_page_moves_nothing(client: Client, template: Template) -> None:
    second = template.sections.get(position=2)
    address = reverse("template_section_move", args=[template.pk, second.key])
    page = client.post(address, {"direction": "up", "position": "2"})
    assert page["Location"] == f"{template.get_absolute_url()}#avsnitt-{second.key}"
    assert template.sections.get(position=1) == second
    for position in ("2", "", "x", "9" * 5000, "²"):
        answer = client.post(address, {"direction": "down", "position": position}, follow=True)
        assert "stod inte där längre" in answer.content.decode()
    assert template.sections.get(position=1) == second


def test_section_is_removed_once(client: Client, template: Template) -> None:
    section = plain(template)
    address = reverse("template_section_remove", args=[template.pk, section.key])
    assert "borttaget ur mallen" in client.post(address, follow=True).content.decode()
    assert "redan borttaget" in client.post(address, follow=True).content.decode()
    assert not template.sections.filter(key=section.key).exists()


def test_retired_template_is_read_and_not_written(client: Client, template: Template) -> None:
    section = plain(template)
    client.post(reverse("template_retire", args=[template.pk]))
    page = client.get(template.get_absolute_url()).content.decode()
    assert "används inte längre" in page
    assert section.heading in page
    assert reverse("template_section_new", args=[template.pk]) not in page
    answer = client.post(section.get_absolute_url(), sent(section, body="<p>Nytt</p>"))
    assert "används inte längre" in str(answer.context["form"].errors)
    for name, values in (("template_section_move", {"position": "1"}), ("template_section_remove", {})):
        answer = client.post(reverse(name, args=[template.pk, section.key]), values, follow=True)
        assert "används inte längre" in answer.content.decode()
    section.refresh_from_db()
    assert section.body != "<p>Nytt</p>"


def test_hostile_text_in_a_section_is_harmless(client: Client, template: Template) -> None:
    hostile = "<p>Ord<img src=x onerror=alert(1)><script>alert(1)</script><a href='javascript:alert(1)'>här</a></p>"
    values = {"heading": "<b>Nytt</b>", "body": hostile, "after": "-", "guidance": "<script>alert(2)</script>"}
    client.post(reverse("template_section_new", args=[template.pk]), values)
    section = template.sections.get(heading="<b>Nytt</b>")
    assert "<script" not in section.body
    assert "javascript:" not in section.body
    for address in (section.get_absolute_url(), template.get_absolute_url()):
        text = client.get(address).content.decode()
        assert "alert(1)" not in text
        assert "<script>alert(2)" not in text
        assert "<b>Nytt" not in text


def test_templates_are_nowhere_for_those_who_do_not_coordinate(
    sign_in: SignIn, template: Template, manager: User, member: User, reader: User, outsider: User
) -> None:
    section = plain(template)
    addresses = [
        reverse("routine_templates"),
        template.get_absolute_url(),
        section.get_absolute_url(),
        reverse("template_section_new", args=[template.pk]),
    ]
    for user in (manager, member, outsider, reader):
        for address in addresses:
            page = sign_in(user).get(address)
            assert page.status_code == (403 if user == reader else 404)
            assert template.name not in page.content.decode()
            assert section.heading not in page.content.decode()
