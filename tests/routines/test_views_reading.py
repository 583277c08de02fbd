"""Finding, reading and downloading routines."""

import datetime as dt
import logging
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pypdf import PdfReader

from jarfalla import clock
from routines import actions
from routines.models import Contact, LegalReference, Routine, RoutineVersion, Template, VersionState
from tests.conftest import SignIn
from tests.routines import shelf, stages
from units.models import Unit, User

pytestmark = pytest.mark.django_db

SECRET = "Hemligt utkast om flytten"
METADATA = ("change_note", "document_type", "owner_title", "applies_to", "diary_number")


@pytest.fixture
def registry(db: None) -> None:
    """What templates refer to, before they are seeded."""
    actions.seed_contacts()
    actions.seed_legal_references()


@pytest.fixture
def in_force(registry: None, template: Template, unit: Unit, coordinator: User, manager: User) -> Routine:
    """A routine in force whose next version is being written, with words that only its writers may see."""
    version = stages.walked(unit, VersionState.IN_FORCE, template=template, by=coordinator, manager=manager)
    draft = actions.start_version(version.routine, by=manager)
    actions.write_sections(draft, {"akut": SECRET}, by=manager)
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
    assert "Version 1.0, gäller sedan" in shown
    assert f"<dd>{manager.name}</dd>" in shown
    assert "<dd>Alla som arbetar på enheten</dd>" in shown
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
        assert "Version 2.0: utkast" in shown
        assert "Chefen skriver klart texten och skickar den till samordnaren." in shown
        assert f'href="/rutiner/{in_force.slug}/skriv/"' in shown
        assert SECRET not in shown


def test_routine_names_no_protected_person(in_force: Routine, sign_in: SignIn, member: User, manager: User) -> None:
    User.objects.filter(pk=manager.pk).update(is_protected=True)
    shown = page(sign_in(member), "routine", in_force.slug)
    assert manager.name not in shown
    assert "enhetens chef" in shown


def test_routine_shows_text_as_text(unit: Unit, manager: User, sign_in: SignIn) -> None:
    """Also what a bulk write put there past the forms."""
    made = shelf.put(
        unit,
        "Vår <b>rutin</b>",
        "<script>alert(1)</script>Se &lt;i&gt;här&lt;/i&gt; <a href='javascript:x'>länk</a>",
        {"kind": "checklist", "body": "<img src=x onerror=alert(1)> https://www.bris.se"},
        {"kind": "decisions", "cells": {"adult_risk": "<b>Fråga</b>"}},
        by=manager,
    )
    shown = page(sign_in(manager), "routine", made.slug)
    for dangerous in ("<script>alert", "<img src=x", "<b>", "javascript:"):
        assert dangerous not in shown
    assert "Vår &lt;b&gt;rutin&lt;/b&gt;" in shown
    assert "&lt;i&gt;här&lt;/i&gt;" in shown
    assert "&lt;b&gt;Fråga&lt;/b&gt;" in shown
    assert '<a href="https://www.bris.se" rel="nofollow">https://www.bris.se</a>' in shown


def queries(client: Client, address: str) -> int:
    client.get(address)  # whatever the first visit alone costs
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


# --- What stands on the page, and where ----------------------------------------------------------------------------


@pytest.fixture
def full(unit: Unit, manager: User, registry: None) -> Routine:
    """Every kind of section, the acute one not first."""
    made = shelf.put(
        unit,
        "När du blir orolig",
        {"heading": "Syfte", "body": "<p>Vi hjälps åt.</p><table><tr><th>A</th></tr><tr><td>B</td></tr></table>"},
        {"heading": "Gör nu", "kind": "checklist", "body": "Ring 112.\nStanna kvar.", "is_acute": True},
        {
            "heading": "Fyra vägar",
            "kind": "decisions",
            "cells": {"minor_crime": "Ring polisen\nAnmäl", "adult_risk": "Fråga"},
        },
        {"heading": "Tomt avsnitt", "body": ""},
        by=manager,
        change_note="Nya nummer",
        diary_number="BUN 2026/12",
        owner_title="Rektor",
        applies_to="Alla på avdelningarna",
        document_type="guideline",
    )
    version = shelf.in_force(made)
    RoutineVersion.objects.filter(pk=version.pk).update(ended_at=clock.now())
    correction = shelf.draft(made, by=manager, major=1, minor=1, **{name: getattr(version, name) for name in METADATA})
    for row in version.sections.order_by("position"):
        row.pk, row.version = None, correction
        row.save()
    numbers = correction.sections.create(key="nummer", position=8, kind="contacts", heading="Ring hit")
    numbers.placed_contacts.create(contact=Contact.objects.get(name="BRIS"), printed_revision=1)
    laws = correction.sections.create(key="lag", position=9, kind="legal", heading="Det här säger lagen")
    laws.placed_references.create(reference=LegalReference.objects.earliest("position"), printed_revision=1)
    return shelf.approve(correction, by=manager).routine


def test_acute_section_comes_first_and_empty_ones_not_at_all(full: Routine, sign_in: SignIn, member: User) -> None:
    shown = page(sign_in(member), "routine", full.slug)
    headings = re.findall(r'<h2 id="rubrik-\d+">([^<]*)</h2>', shown)
    assert headings == ["Gör nu", "Syfte", "Fyra vägar", "Ring hit", "Det här säger lagen"]
    assert "Tomt avsnitt" not in shown
    for later in ("Ladda ner som PDF", "Jag har läst och förstått", 'class="contents', "<dl"):
        assert shown.index("Stanna kvar.") < shown.index(later), later
    assert shown.index('href="tel:112"') < shown.index("Gör nu</h2>")
    links = re.findall(r'<li><a href="#avsnitt-(\d+)">', shown)
    assert links[: len(headings)] == ["2", "1", "3", "8", "9"]


def test_decision_table_contacts_and_laws_are_readable(full: Routine, sign_in: SignIn, member: User) -> None:
    shown = page(sign_in(member), "routine", full.slug)
    assert "<h3>Under 18 år och utsatt för brott</h3>" in shown
    assert shown.index("<li>Ring polisen</li>") < shown.index("<li>Anmäl</li>") < shown.index("<h3>Vuxen och riskerar")
    assert "Vuxen och utsatt för brott" not in shown  # nothing is written there
    bris, law = Contact.objects.get(name="BRIS"), LegalReference.objects.earliest("position")
    assert f'<a href="tel:{bris.tel}">{bris.phone}</a>' in shown
    assert str(law) in shown
    assert law.about in shown
    assert "Inte kontrollerad" in shown
    bris.phone = "08-123 45"
    bris.save()
    assert '<a href="tel:+46812345">08-123 45</a>' in page(sign_in(member), "routine", full.slug)  # at once


def test_metadata_stands_as_municipalities_print_it(
    full: Routine, sign_in: SignIn, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = page(sign_in(member), "routine", full.slug)
    for said in ("Riktlinje", "Alla på avdelningarna", "1.1: Nya nummer", "Rektor", "BUN 2026/12"):
        assert f"<dd>{said}</dd>" in shown
    review_on = shelf.in_force(full).review_on
    assert review_on is not None
    assert f'<time datetime="{review_on:%Y-%m-%d}">' in shown
    assert "Skulle ha setts över" not in shown + page(sign_in(member), "routines")
    monkeypatch.setattr(clock, "today", lambda: review_on + dt.timedelta(days=1))
    for name, arguments in (("routine", [full.slug]), ("routines", [])):
        assert "Skulle ha setts över senast" in page(sign_in(member), name, *arguments)


def test_page_says_which_details_the_pdf_shows_in_an_older_wording(
    full: Routine, sign_in: SignIn, member: User
) -> None:
    assert "PDF:en visar äldre uppgifter" not in page(sign_in(member), "routine", full.slug)
    Contact.objects.filter(name="BRIS").update(revision=2)
    shown = page(sign_in(member), "routine", full.slug)
    assert "PDF:en visar äldre uppgifter om BRIS. På den här sidan står de nya." in shown


def test_routine_takes_the_same_queries_for_one_and_three_sections(
    unit: Unit, manager: User, member: User, registry: None, sign_in: SignIn
) -> None:
    counts = []
    for sections in (1, 3):
        made = shelf.put(unit, f"Rutin {sections}", by=manager)
        shelf.in_force(made).receipts.create(user=member)
        RoutineVersion.objects.filter(routine=made).update(ended_at=clock.now())
        version = shelf.draft(made, *["Text"] * sections, by=manager)
        for row in version.sections.all():
            row.placed_contacts.create(contact=Contact.objects.order_by("?")[0])
            row.placed_references.create(reference=LegalReference.objects.order_by("?")[0])
        shelf.approve(version, by=manager)
        counts.append(queries(sign_in(member), made.get_absolute_url()))
    assert counts[0] == counts[1]


# --- The PDF ---------------------------------------------------------------------------------------------------------


def test_pdf_is_the_version_in_force(in_force: Routine, sign_in: SignIn, member: User) -> None:
    answer = sign_in(member).get(reverse("routine_pdf", args=[in_force.slug]))
    content = answer.getvalue()
    assert content.startswith(b"%PDF-")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"] == f'inline; filename="{in_force.slug}-v1.0.pdf"'
    assert "private" in answer["Cache-Control"]
    text = " ".join("\n".join(sheet.extract_text() for sheet in PdfReader(BytesIO(content)).pages).split())
    assert "Vad du gör akut" in text
    assert "Vårdnadshavare: kontakta dem inte på egen hand" in text
    assert SECRET not in text


def test_pdf_to_keep_is_an_attachment(in_force: Routine, sign_in: SignIn, member: User) -> None:
    answer = sign_in(member).get(reverse("routine_pdf", args=[in_force.slug]) + "?ladda-ner=1")
    assert answer["Content-Disposition"] == f'attachment; filename="{in_force.slug}-v1.0.pdf"'
    assert answer.getvalue().startswith(b"%PDF-")


def test_pdf_that_is_gone_from_disk_is_a_page_that_says_so(
    in_force: Routine, sign_in: SignIn, member: User, media: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for path in media.rglob("*.pdf"):
        path.unlink()
    with caplog.at_level(logging.ERROR, logger="routines.views.stored"):
        shown = page(sign_in(member), "routine_pdf", in_force.slug, status=404)
    assert "Filen går inte att hitta just nu. Rutinen gäller ändå, och du kan läsa den i portalen." in shown
    assert f'href="/rutiner/{in_force.slug}/"' in shown
    assert [record.levelname for record in caplog.records if record.name == "routines.views.stored"] == ["ERROR"]


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
