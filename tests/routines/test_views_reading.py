"""Finding, reading and downloading routines."""

import logging
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pypdf import PdfReader

from routines import actions
from routines.models import Contact, Routine, Template, VersionState
from tests import factories
from tests.conftest import SignIn
from tests.routines import stages
from units.models import Kind, Unit, User

pytestmark = pytest.mark.django_db

SECRET = "Hemligt utkast om flytten"


@pytest.fixture
def in_force(template: Template, unit: Unit, coordinator: User, manager: User) -> Routine:
    """A routine in force whose next version is being written, with words that only its writers may see."""
    actions.seed_contacts()
    version = stages.walked(unit, VersionState.IN_FORCE, template=template, by=coordinator, manager=manager)
    draft = actions.start_version(version.routine, by=manager)
    actions.write_sections(draft, {1: SECRET}, by=manager)
    return version.routine


@pytest.fixture
def draft(template: Template, unit: Unit, coordinator: User) -> Routine:
    return stages.routine(unit, title=SECRET, template=template, by=coordinator)


def page(client: Client, name: str, *args: object, status: int = 200, query: str = "") -> str:
    answer = client.get(reverse(name, args=args) + query)
    assert answer.status_code == status
    return answer.content.decode()


# --- Who sees what ----------------------------------------------------------------------------------------------


def test_routine_is_read_by_a_member(in_force: Routine, sign_in: SignIn, member: User, manager: User) -> None:
    shown = page(sign_in(member), "routine", in_force.slug)
    version = in_force.in_force
    assert version is not None
    assert shown.count("<h1") == 1
    for section in version.sections.all():
        assert f'<h2 id="rubrik-{section.position}">{section.heading}</h2>' in shown
    assert (
        "Fråga socialtjänsten eller polisen vad ni gör när någon kommer för att hämta, och håll er till det.</li>"
        in shown
    )
    assert '<a href="tel:+46858028500">08-580 285 00 (tonval 2)</a>' in shown
    assert "Version 1, gäller sedan" in shown
    assert f"<dd>{manager.name}</dd>" in shown
    assert f"Alla som arbetar på {in_force.unit.name}" in shown
    assert f'href="/rutiner/{in_force.slug}/pdf/?ladda-ner=1"' in shown
    for kept_from_readers in (SECRET, "Skriv hellre roller än namn", "utkast", "Börja på en ny version", "/skriv/"):
        assert kept_from_readers not in shown


def test_draft_does_not_exist_for_members_and_outsiders(
    in_force: Routine, draft: Routine, sign_in: SignIn, member: User, outsider: User, reader: User
) -> None:
    for person in (member, outsider, reader):
        client = sign_in(person)
        for name in ("routine", "routine_pdf", "routine_write", "routine_review", "routine_approve"):
            answer = client.get(reverse(name, args=[draft.slug]))
            assert answer.status_code == (403 if person == reader and name not in ("routine", "routine_pdf") else 404)
            assert SECRET not in answer.content.decode()
    for name in ("routines", "contacts"):
        assert SECRET not in page(sign_in(member), name)
        assert SECRET not in page(sign_in(outsider), name)
    assert SECRET not in page(sign_in(member), "step_3", in_force.unit.slug)


def test_outsider_and_reader_find_no_routine_in_force(
    in_force: Routine, sign_in: SignIn, outsider: User, reader: User
) -> None:
    for person in (outsider, reader):
        for name in ("routine", "routine_pdf"):
            page(sign_in(person), name, in_force.slug, status=404)
    assert in_force.title not in page(sign_in(outsider), "routines")
    page(sign_in(reader), "routines", status=404)


def test_former_member_reads_nothing(in_force: Routine, sign_in: SignIn, member: User, unit: Unit) -> None:
    membership = member.memberships.get()
    membership.ended_on = membership.started_on
    membership.save()
    page(sign_in(member), "routine", in_force.slug, status=404)
    page(sign_in(member), "routine_pdf", in_force.slug, status=404)
    assert in_force.title not in page(sign_in(member), "routines")


def test_manager_sees_the_version_that_is_written_and_what_comes_next(
    in_force: Routine, sign_in: SignIn, manager: User
) -> None:
    for shown in (page(sign_in(manager), "routine", in_force.slug), page(sign_in(manager), "routines")):
        assert "Version 2: utkast" in shown
        assert "Chefen skriver klart texten och skickar den till samordnaren." in shown
        assert f'href="/rutiner/{in_force.slug}/skriv/"' in shown
        assert SECRET not in shown


def test_routine_names_no_protected_person(in_force: Routine, sign_in: SignIn, member: User, manager: User) -> None:
    User.objects.filter(pk=manager.pk).update(is_protected=True)
    shown = page(sign_in(member), "routine", in_force.slug)
    assert manager.name not in shown
    assert "enhetens chef" in shown


def test_routine_shows_text_as_text(
    template: Template, unit: Unit, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    version = stages.newest(stages.routine(unit, title="Vår <b>rutin</b>", template=template, by=coordinator))
    actions.write_sections(version, {2: "<script>alert(1)</script> se https://www.bris.se"}, by=manager)
    stages.walk_on(version, VersionState.IN_FORCE, by=coordinator, manager=manager)
    shown = page(sign_in(manager), "routine", version.routine.slug)
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "Vår &lt;b&gt;rutin&lt;/b&gt;" in shown
    assert '<a href="https://www.bris.se" rel="nofollow">https://www.bris.se</a>' in shown


# --- The PDF ---------------------------------------------------------------------------------------------------------


def test_pdf_is_the_version_in_force(in_force: Routine, sign_in: SignIn, member: User) -> None:
    answer = sign_in(member).get(reverse("routine_pdf", args=[in_force.slug]))
    content = answer.getvalue()
    assert content.startswith(b"%PDF-")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"] == f'inline; filename="{in_force.slug}-v1.pdf"'
    assert "private" in answer["Cache-Control"]
    text = " ".join("\n".join(sheet.extract_text() for sheet in PdfReader(BytesIO(content)).pages).split())
    assert "Vad du gör akut" in text
    assert "Vårdnadshavare: kontakta dem inte på egen hand" in text
    assert SECRET not in text


def test_pdf_to_keep_is_an_attachment(in_force: Routine, sign_in: SignIn, member: User) -> None:
    answer = sign_in(member).get(reverse("routine_pdf", args=[in_force.slug]) + "?ladda-ner=1")
    assert answer["Content-Disposition"] == f'attachment; filename="{in_force.slug}-v1.pdf"'
    assert answer.getvalue().startswith(b"%PDF-")


def test_pdf_that_is_gone_from_disk_is_a_page_that_says_so(
    in_force: Routine, sign_in: SignIn, member: User, media: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for path in media.rglob("*.pdf"):
        path.unlink()
    with caplog.at_level(logging.ERROR, logger="routines.views.reading"):
        shown = page(sign_in(member), "routine_pdf", in_force.slug, status=404)
    assert "Filen går inte att hitta just nu. Rutinen gäller ändå, och du kan läsa den i portalen." in shown
    assert f'href="/rutiner/{in_force.slug}/"' in shown
    assert [record.levelname for record in caplog.records if record.name == "routines.views.reading"] == ["ERROR"]


# --- Lists ---------------------------------------------------------------------------------------------------------


def test_member_without_routines_is_told_what_to_do(sign_in: SignIn, member: User) -> None:
    assert "Din enhet har ingen rutin som gäller än." in page(sign_in(member), "routines")


def rows(shown: str) -> list[str]:
    """The titles in a list, in order."""
    return [part.split(">", 1)[1].split("<", 1)[0] for part in shown.split('<p class="routine-list__title">')[1:]]


@pytest.fixture
def municipality(template: Template, unit: Unit, coordinator: User, manager: User) -> dict[str, Routine]:
    """Routines of two units in several states."""
    school = factories.unit(name="Åsens skola", kind=Kind.COMPULSORY_SCHOOL)
    waiting = stages.walked(
        unit, VersionState.IN_REVIEW, template=template, by=coordinator, manager=manager, title="Väntar"
    )
    return {
        "Åttan": stages.in_force_without_pdf(school, title="Åttan", by=coordinator),
        "Ängen": stages.routine(school, title="Ängen", template=template, by=coordinator),
        "Väntar": waiting.routine,
    }


def test_coordinator_sees_first_what_waits_for_review(
    municipality: dict[str, Routine], sign_in: SignIn, coordinator: User
) -> None:
    shown = page(sign_in(coordinator), "routines")
    assert rows(shown) == ["Väntar", "Åttan", "Ängen"]
    assert "3 rutiner" in shown


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("?q=åttan", ["Åttan"]),
        ("?q=åsens", ["Åttan", "Ängen"]),
        ("?kind=compulsory_school&state=draft", ["Ängen"]),
        ("?kind=preschool", ["Väntar"]),
        ("?state=in_force", ["Åttan"]),
        ("?state=in_review", ["Väntar"]),
        ("?state=superseded", ["Väntar", "Åttan", "Ängen"]),  # not a choice: left out
        ("?kind=%00&page=99&q=%00", ["Väntar", "Åttan", "Ängen"]),
        ("?q=finns+inte", []),
    ],
)
def test_coordinator_filters_the_list(
    query: str, titles: list[str], municipality: dict[str, Routine], sign_in: SignIn, coordinator: User
) -> None:
    shown = page(sign_in(coordinator), "routines", query=query)
    assert rows(shown) == titles
    assert ("Ingen rutin stämmer med det du har valt." in shown) == (not titles)


def test_list_is_paged_and_keeps_the_filter(unit: Unit, sign_in: SignIn, coordinator: User) -> None:
    for number in range(26):
        stages.in_force_without_pdf(unit, title=f"Rutin-{number:02}", by=coordinator)
    first = page(sign_in(coordinator), "routines", query="?q=rutin")
    assert (len(rows(first)), "Sida 1 av 2" in first) == (25, True)
    assert 'href="?q=rutin&amp;page=2"' in first
    assert rows(page(sign_in(coordinator), "routines", query="?q=rutin&page=2")) == ["Rutin-25"]


def queries(client: Client, address: str) -> int:
    client.get(address)  # whatever the first visit alone costs
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


@pytest.mark.parametrize("who", ["coordinator", "manager", "member"])
@pytest.mark.parametrize("name", ["routines", "step_3"])
def test_list_takes_the_same_queries_for_one_and_three(
    name: str,
    who: str,
    request: pytest.FixtureRequest,
    template: Template,
    unit: Unit,
    sign_in: SignIn,
    coordinator: User,
    manager: User,
) -> None:
    client = sign_in(request.getfixturevalue(who))
    address = reverse(name, args=[unit.slug] if name == "step_3" else [])
    counts = []
    for number in range(3):
        made = stages.in_force_without_pdf(unit, title=f"Gäller{number}", by=coordinator)
        factories.write_what_is_missing(actions.start_version(made, by=manager), by=manager)
        actions.submit_version(stages.newest(made), by=manager)
        actions.return_version(stages.newest(made), comment="Mer", by=coordinator)
        counts.append(queries(client, address))
    assert counts[0] == counts[2]


# --- Contacts ------------------------------------------------------------------------------------------------------


def test_contacts_are_for_everybody_who_has_signed_in(
    sign_in: SignIn, coordinator: User, member: User, reader: User, outsider: User
) -> None:
    actions.seed_contacts()
    for person in (coordinator, member, reader, outsider):
        shown = page(sign_in(person), "contacts")
        assert '<a href="tel:+46858028500">08-580 285 00 (tonval 2)</a>' in shown
        assert '<a href="tel:112">112</a>' in shown
        assert shown.count("Inte kontrollerad") == 11
        assert ("Stämmer i dag" in shown) == (person == coordinator)
    assert sign_in(None).get(reverse("contacts")).url.startswith("/logga-in/")  # type: ignore[attr-defined]  # a redirect has one


def test_contacts_are_grouped_by_whom_they_are_for(sign_in: SignIn, member: User) -> None:
    actions.seed_contacts()
    shown = page(sign_in(member), "contacts")
    where: Callable[[str], int] = shown.index
    assert (
        where("Vid fara, och när du är orolig")
        < where("Polisen, ej akut")
        < where("Råd till dig i ditt arbete")
        < where("Nationella stödtelefonen för yrkesverksamma")
        < where("Stöd att hänvisa till")
        < where("Rätt att välja")
    )


def test_contact_checked_dates_it_for_all_to_see(sign_in: SignIn, coordinator: User, member: User) -> None:
    actions.seed_contacts()
    contact = Contact.objects.get(name="BRIS")
    answer = sign_in(coordinator).post(reverse("contact_checked", args=[contact.pk]), follow=True)
    assert "BRIS är kontrollerad i dag." in answer.content.decode()
    shown = page(sign_in(member), "contacts")
    assert (shown.count("Inte kontrollerad"), shown.count("Kontrollerad ")) == (10, 1)
    assert sign_in(member).post(reverse("contact_checked", args=[contact.pk])).status_code == 404
