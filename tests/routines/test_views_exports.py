"""The pages of exports: asking, waiting, fetching; and who never gets anything."""

import hashlib
import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jarfalla import clock
from routines import actions
from routines.models import Export, ExportKind, ExportState, RoutineVersion, Template, VersionState
from tests import factories
from tests.conftest import SignIn
from tests.routines.shelves import in_force, made
from tests.routines.stages import walked
from units.actions import end_membership
from units.models import Unit, User

pytestmark = pytest.mark.django_db

SECRET = "Granbackens hemliga rutin"


@pytest.fixture
def version(unit: Unit, manager: User) -> RoutineVersion:
    """A routine in force in `unit`."""
    return in_force(unit, "Vår rutin", by=manager)


def page(client: Client, name: str, *args: Any, **extra: Any) -> str:
    """The words of a page, on one line."""
    return words(client.get(reverse(name, args=args), **extra))


def words(response: Any) -> str:
    found = re.search(r"<main.*</main>", response.content.decode(), re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[0] if found else response.content.decode())).split())


def fetched(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def newest() -> Export:
    return Export.objects.latest("pk")


def test_binder_is_asked_for_waited_for_and_fetched(
    unit: Unit, template: Template, coordinator: User, manager: User, member: User, sign_in: SignIn
) -> None:
    walked(unit, VersionState.IN_FORCE, template=template, by=coordinator, manager=manager)
    client = sign_in(member)
    assert "Skapa pärmen" in page(client, "binder", unit.slug)
    answer = client.post(reverse("binder_new", args=[unit.slug]), follow=True)
    assert "Filen står på tur. Den börjar skapas inom en minut." in words(answer)
    assert "Skapa pärmen" not in words(answer)
    again = client.post(reverse("binder_new", args=[unit.slug]))
    assert again["Location"] == reverse("binder", args=[unit.slug])
    export = Export.objects.get()
    actions.make_export(export.pk)
    assert "Ladda ner (" in page(client, "binder", unit.slug)
    file = client.get(reverse("export_file", args=[export.pk]))
    assert hashlib.sha256(fetched(file)).hexdigest() == newest().sha256
    assert file["Content-Type"] == "application/pdf"
    assert file["Content-Disposition"] == f'attachment; filename="parm-tallbackens-forskola-{clock.today()}.pdf"'
    assert file["X-Content-Type-Options"] == "nosniff"
    in_force(unit, "En till", by=manager)
    stale = page(client, "binder", unit.slug)
    assert "Något har ändrats sedan pärmen skapades." in stale
    assert "Skapa pärmen" in stale
    assert "Något har ändrats sedan pärmen skapades." in page(client, "export", export.pk)


def test_coordinator_asks_for_the_packages(version: RoutineVersion, coordinator: User, sign_in: SignIn) -> None:
    client = sign_in(coordinator)
    assert "Ingen fil är skapad än." in page(client, "exports")
    for name, kind in (("alla", ExportKind.ALL), ("arkivpaket", ExportKind.ARCHIVE)):
        answer = client.post(reverse("export_new", args=[name]), follow=True)
        assert "Filen skapas. Du kan gå härifrån och komma tillbaka." in words(answer)
        export = newest()
        assert export.kind == kind
        assert answer.redirect_chain == [(reverse("export", args=[export.pk]), 302)]
        actions.make_export(export.pk)
        ready = page(client, "export", export.pk)
        assert newest().sha256 in ready
        assert "Sam Samordnare" in ready
        file = client.get(reverse("export_file", args=[export.pk]))
        assert fetched(file)[:2] == b"PK"
        answer = client.post(reverse("export_new", args=[name]), follow=True)
        assert "Inget har ändrats sedan filen skapades" in words(answer)
    assert Export.objects.count() == 2
    assert client.post(reverse("export_new", args=["binder"])).status_code == 404


def test_archive_package_counts_versions_and_the_others_routines(
    version: RoutineVersion, coordinator: User, sign_in: SignIn
) -> None:
    client = sign_in(coordinator)
    for kind, counted in ((ExportKind.ARCHIVE, "Versioner 45 Beställd"), (ExportKind.ALL, "Rutiner 45 Beställd")):
        export = made(kind, by=coordinator)
        Export.objects.filter(pk=export.pk).update(done=45)  # the worker counts on a connection of its own
        assert counted in page(client, "export", export.pk)


def test_refusal_stands_on_the_page(unit: Unit, coordinator: User, manager: User, sign_in: SignIn) -> None:
    answer = sign_in(manager).post(reverse("binder_new", args=[unit.slug]))
    assert "Enheten har ingen rutin som gäller än." in words(answer)
    assert b"<title>Fel:" in answer.content
    answer = sign_in(coordinator).post(reverse("export_new", args=["alla"]))
    assert "Ingen rutin har börjat gälla än." in words(answer)


def test_progress_asks_again_until_the_file_is_there(
    version: RoutineVersion, coordinator: User, sign_in: SignIn
) -> None:
    export = actions.ask_for_export(ExportKind.ALL, by=coordinator)
    client = sign_in(coordinator)
    htmx = {"HX-Request": "true"}
    part = client.get(reverse("export", args=[export.pk]), headers=htmx)
    assert b"<html" not in part.content
    assert f'hx-get="{reverse("export", args=[export.pk])}"'.encode() in part.content
    Export.objects.filter(pk=export.pk).update(attempts=1, started_at=clock.now())
    assert "Arbetet avbröts och tas om av sig själv." in page(client, "export", export.pk)
    actions.make_export(export.pk)
    assert client.get(reverse("export", args=[export.pk]), headers=htmx)["HX-Refresh"] == "true"


def test_cancelled_export_says_so_and_can_be_asked_for_again(
    version: RoutineVersion, manager: User, member: User, sign_in: SignIn
) -> None:
    unit, client = version.routine.unit, sign_in(member)
    client.post(reverse("binder_new", args=[unit.slug]))
    export = newest()
    answer = client.post(reverse("export_cancel", args=[export.pk]), follow=True)
    assert "Avbrutet. Ingen fil skapas." in words(answer)
    assert "Ingen fil finns." in words(answer)
    assert actions.make_export(export.pk) is False
    client.post(reverse("binder_new", args=[unit.slug]))
    assert newest() != export
    other = factories.staff(unit)
    assert sign_in(other).post(reverse("export_cancel", args=[newest().pk])).status_code == 403
    assert newest().state == ExportState.WAITING
    assert "Avbryt" not in page(sign_in(other), "binder", unit.slug)
    sign_in(manager).post(reverse("export_cancel", args=[newest().pk]))
    assert newest().state == ExportState.CANCELLED


def test_cancel_that_comes_too_late_says_so(version: RoutineVersion, coordinator: User, sign_in: SignIn) -> None:
    export = made(ExportKind.ALL, by=coordinator)
    answer = sign_in(coordinator).post(reverse("export_cancel", args=[export.pk]), follow=True)
    assert answer.redirect_chain == [(reverse("export", args=[export.pk]), 302)]
    assert "Filen är redan klar." in words(answer)
    assert "Det är något som behöver rättas" not in words(answer)
    assert "Ladda ner" in words(answer)
    assert newest().state == ExportState.READY


def test_failure_stands_there_with_a_way_on(version: RoutineVersion, coordinator: User, sign_in: SignIn) -> None:
    version.pdf.storage.delete(str(version.pdf.name))
    export, client = made(ExportKind.ALL, by=coordinator), sign_in(coordinator)
    for text in (page(client, "exports"), page(client, "export", export.pk)):
        assert "PDF:en till Vår rutin, version 1.0 (Tallbackens förskola), saknas eller är skadad." in text
        assert "Försök igen" in text
    assert client.get(reverse("export_file", args=[export.pk])).status_code == 404


def test_expired_file_is_not_served_and_the_page_says_why(
    version: RoutineVersion, coordinator: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    export, client = made(ExportKind.ALL, by=coordinator), sign_in(coordinator)
    until = export.kept_until
    assert until
    monkeypatch.setattr(clock, "now", lambda: until)
    assert client.get(reverse("export_file", args=[export.pk])).status_code == 404
    assert "Filen fanns kvar till den" in page(client, "export", export.pk)
    assert "Ladda ner" not in page(client, "exports")


def test_file_that_is_lost_is_told_with_a_way_on(
    version: RoutineVersion, coordinator: User, sign_in: SignIn, caplog: pytest.LogCaptureFixture
) -> None:
    export, client = made(ExportKind.ALL, by=coordinator), sign_in(coordinator)
    export.file.storage.delete(str(export.file.name))
    answer = client.get(reverse("export_file", args=[export.pk]))
    assert answer.status_code == 404
    assert "Filen går inte att hitta just nu." in words(answer)
    assert "is not where it should be" in caplog.text
    client.post(reverse("export_new", args=["alla"]))
    assert newest() != export


# --- Who never gets anything ----------------------------------------------------------------------------


def test_binder_of_another_unit_does_not_exist(
    unit: Unit, coordinator: User, manager: User, member: User, reader: User, sign_in: SignIn
) -> None:
    """Not its page, not its progress, not its file; and it can be neither asked for nor stopped."""
    other = factories.unit(name="Granbackens skola")
    in_force(other, SECRET, by=coordinator)
    waiting = actions.ask_for_export(ExportKind.BINDER, unit=other, by=coordinator)
    package = made(ExportKind.ALL, by=coordinator)
    for user in (manager, member, reader):
        client = sign_in(user)
        for address in [
            reverse("binder", args=[other.slug]),
            reverse("export", args=[waiting.pk]),
            reverse("export", args=[package.pk]),
            reverse("export_file", args=[package.pk]),
            reverse("exports"),
        ]:
            answer = client.get(address)
            assert answer.status_code == 404, (user, address)
            assert SECRET not in answer.content.decode()
        for address in [
            reverse("binder_new", args=[other.slug]),
            reverse("export_cancel", args=[waiting.pk]),
            reverse("export_new", args=["alla"]),
            reverse("export_new", args=["arkivpaket"]),
        ]:
            assert client.post(address).status_code == 404, (user, address)
    assert Export.objects.count() == 2
    assert Export.objects.get(pk=waiting.pk).is_under_way


def test_member_who_has_left_no_longer_gets_the_binder(
    version: RoutineVersion, manager: User, member: User, sign_in: SignIn
) -> None:
    unit = version.routine.unit
    export = actions.ask_for_export(ExportKind.BINDER, unit=unit, by=member)
    client = sign_in(member)
    assert client.get(reverse("export", args=[export.pk])).status_code == 200
    end_membership(member.memberships.get(), on=clock.today(), by=manager)
    for name, arg in (("export", export.pk), ("export_file", export.pk), ("binder", unit.slug)):
        assert client.get(reverse(name, args=[arg])).status_code == 404
    assert client.post(reverse("export_cancel", args=[export.pk])).status_code == 404


def test_page_of_the_binder_names_nothing_but_what_is_in_force(
    version: RoutineVersion, template: Template, coordinator: User, manager: User, member: User, sign_in: SignIn
) -> None:
    unit = version.routine.unit
    walked(unit, VersionState.DRAFT, template=template, by=coordinator, manager=manager, title="Hemligt utkast")
    gone = in_force(unit, "Upphävd hemlighet", by=manager)
    actions.withdraw_version(gone, reason="Fel", by=coordinator)
    text = page(sign_in(member), "binder", unit.slug)
    assert "Vår rutin" in text
    assert "Hemligt utkast" not in text
    assert "Upphävd hemlighet" not in text


def test_protected_person_who_asked_stands_on_no_page(
    version: RoutineVersion, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    actions.ask_for_export(ExportKind.BINDER, unit=version.routine.unit, by=manager)
    made(ExportKind.BINDER, unit=version.routine.unit, by=manager)
    User.objects.filter(pk=manager.pk).update(is_protected=True)
    client = sign_in(coordinator)
    for text in (page(client, "exports"), page(client, "export", newest().pk)):
        assert "Cia Chef" not in text
        assert manager.email not in text


def test_list_costs_the_same_for_one_row_and_for_three(
    version: RoutineVersion, coordinator: User, sign_in: SignIn
) -> None:
    client = sign_in(coordinator)
    costs = []
    for number in range(3):
        unit = factories.unit(name=f"Enhet {number}")
        by = factories.user()
        Export.objects.create(kind=ExportKind.BINDER, unit=unit, requested_by=by, failed_at=clock.now(), error="Nej")
        with CaptureQueriesContext(connection) as captured:
            text = page(client, "exports")
        costs.append(len(captured))
        assert text.count("Enhetens pärm, Enhet") == number + 1
    assert costs[0] == costs[2]


def test_binder_page_costs_the_same_for_one_routine_and_for_three(
    unit: Unit, manager: User, member: User, sign_in: SignIn
) -> None:
    client, costs = sign_in(member), []
    for number in range(3):
        in_force(unit, f"Rutin {number}", by=manager)
        Export.objects.create(
            kind=ExportKind.BINDER, unit=unit, finished_at=clock.now(), file="exports/x.pdf", sha256="0" * 64
        )
        with CaptureQueriesContext(connection) as captured:
            assert page(client, "binder", unit.slug).count("Rutin ") == number + 1
        costs.append(len(captured))
    assert costs[0] == costs[2]
