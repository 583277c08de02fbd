"""The pages of versions: the list, one of them, two side by side, and ending one; and who sees what."""

import re
from collections.abc import Callable
from http import HTTPStatus

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jarfalla import clock
from routines import actions
from routines.models import Routine, RoutineVersion, SectionKind, Template, VersionState
from tests.conftest import SignIn
from tests.routines import stages
from units.models import Unit, User

pytestmark = pytest.mark.django_db

SECRET = "Hemliga utkastet"


@pytest.fixture
def in_force(unit: Unit, coordinator: User, manager: User) -> RoutineVersion:
    """Version 1.0 in force, version 2.0 a draft with words that must not leak."""
    routine = stages.in_force_without_pdf(unit, title="Vår rutin", by=coordinator)
    first = routine.versions.get()
    second = routine.versions.create(
        major=2, created_by=manager, based_on=first, change_note=f"{SECRET} är nytt", diary_number="KS 2026/7"
    )
    second.sections.create(
        key="syfte", position=2, kind=SectionKind.TEXT, heading="Syfte", body=f"<p>Text och {SECRET}</p>"
    )
    second.sections.create(key="nytt", position=1, kind=SectionKind.CHECKLIST, heading="Akut", body="Ring 112")
    return first


@pytest.fixture
def draft(in_force: RoutineVersion) -> RoutineVersion:
    return in_force.routine.versions.get(major=2)


def page(client: Client, name: str, *arguments: str, query: str = "") -> str:
    answer = client.get(reverse(name, args=arguments) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def words(html: str) -> str:
    """What a page says, without tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def sent(client: Client, name: str, slug: str, data: dict[str, str]) -> str:
    """The words of the page that a click leads to."""
    answer = client.post(reverse(name, args=[slug]), data, follow=True)
    assert answer.status_code == 200
    return words(answer.content.decode())


# --- The list -----------------------------------------------------------------------------------------------------


def test_list_shows_every_version_and_what_was_done_with_it(
    in_force: RoutineVersion, draft: RoutineVersion, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    actions.submit_version(draft, by=manager)
    actions.return_version(draft, comment="Skriv vem som ringer.", by=coordinator)
    actions.discard_version(draft, by=manager)
    third = actions.start_version(in_force.routine, by=coordinator)
    shown = words(page(sign_in(manager), "routine_versions", in_force.routine.slug))
    assert third.number == "2.0"
    assert shown.index("Version 2.0") < shown.index("Version 1.0")
    assert f"Kastad av {manager.name}" in shown
    assert f"Skickad till granskning av {manager.name}" in shown
    assert f"Återlämnad av {coordinator.name}" in shown
    assert "Skriv vem som ringer." in shown


def test_list_names_no_protected_person(
    in_force: RoutineVersion, draft: RoutineVersion, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    actions.submit_version(draft, by=manager)
    actions.discard_version(draft, by=manager)
    actions.withdraw_version(in_force, reason="Enheten läggs ner.", by=manager)
    User.objects.filter(pk=manager.pk).update(is_protected=True)
    shown = words(page(sign_in(coordinator), "routine_versions", in_force.routine.slug))
    assert manager.name not in shown
    assert "Upphävd av skyddad person" in shown
    assert "Kastad av skyddad person" in shown


def test_list_costs_as_many_queries_for_four_versions_as_for_two(
    in_force: RoutineVersion, draft: RoutineVersion, manager: User, sign_in: SignIn
) -> None:
    client, address = sign_in(manager), reverse("routine_versions", args=[in_force.routine.slug])
    client.get(address)
    with CaptureQueriesContext(connection) as two:
        client.get(address)
    for _more in range(2):
        actions.discard_version(draft, by=manager)
        draft = actions.start_version(in_force.routine, by=manager)
        actions.submit_version(draft, by=manager)
    with CaptureQueriesContext(connection) as four:
        client.get(address)
    assert len(four) == len(two)


# --- Who sees what ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["routine_version", "routine_version_pdf"])
@pytest.mark.parametrize("who", ["member", "reader", "outsider"])
def test_draft_does_not_exist_for_those_who_only_read(
    name: str, who: str, in_force: RoutineVersion, request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    answer = sign_in(request.getfixturevalue(who)).get(reverse(name, args=[in_force.routine.slug, "2.0"]), follow=True)
    assert answer.status_code == 404
    assert SECRET not in answer.content.decode()


def test_list_names_the_version_in_force_and_one_day_once(
    in_force: RoutineVersion, draft: RoutineVersion, manager: User, sign_in: SignIn
) -> None:
    actions.discard_version(draft, by=manager)
    client = sign_in(manager)
    shown = words(page(client, "routine_versions", in_force.routine.slug))
    assert "Version 1.0 gäller tills den nya är fastställd." in shown

    RoutineVersion.objects.filter(pk=in_force.pk).update(ended_at=in_force.in_force_at)
    shown = words(page(client, "routine_versions", in_force.routine.slug))
    assert re.search(r"Gällde \d+ \w+ \d+\.", shown)
    assert "Gällde från" not in shown


@pytest.mark.parametrize("name", ["routine_versions", "routine_compare"])
def test_history_is_for_those_who_write(
    name: str, in_force: RoutineVersion, member: User, outsider: User, sign_in: SignIn
) -> None:
    for person, code in ((member, 403), (outsider, 404)):
        answer = sign_in(person).get(reverse(name, args=[in_force.routine.slug]))
        assert (answer.status_code, SECRET in answer.content.decode()) == (code, False)


def test_old_link_leads_a_member_to_the_version_in_force(
    in_force: RoutineVersion, draft: RoutineVersion, coordinator: User, manager: User, member: User, sign_in: SignIn
) -> None:
    RoutineVersion.objects.filter(pk=in_force.pk).update(ended_at=clock.now())
    draft.approved_at, draft.approved_by, draft.in_force_at = clock.now(), manager, clock.now()
    draft.pdf.name, draft.pdf_sha256 = "routines/borta.pdf", "0" * 64
    draft.save()
    slug, client = in_force.routine.slug, sign_in(member)
    for number in ("1.0", "2.0"):
        answer = client.get(reverse("routine_version", args=[slug, number]))
        assert (answer.status_code, answer["Location"]) == (302, reverse("routine", args=[slug]))
        answer = client.get(reverse("routine_version_pdf", args=[slug, number]))
        assert (answer.status_code, answer["Location"]) == (302, reverse("routine_pdf", args=[slug]))


@pytest.mark.parametrize("number", ["3.0", "2", "x", "1.0.0", "-1.0", "1,0"])
def test_version_that_does_not_exist_is_not_found(
    number: str, in_force: RoutineVersion, coordinator: User, sign_in: SignIn
) -> None:
    answer = sign_in(coordinator).get(reverse("routine_version", args=[in_force.routine.slug, number]))
    assert (answer.status_code, SECRET in answer.content.decode()) == (404, False)


def test_version_page_shows_the_text_and_what_is_printed_about_it(
    draft: RoutineVersion, manager: User, sign_in: SignIn
) -> None:
    shown = words(page(sign_in(manager), "routine_version", draft.routine.slug, "2.0"))
    assert f"Text och {SECRET}" in shown
    assert "Ring 112" in shown
    assert "KS 2026/7" in shown
    assert "gäller inte än" in shown


def test_pdf_of_a_version_that_was_never_in_force_is_not_found(
    draft: RoutineVersion, coordinator: User, sign_in: SignIn
) -> None:
    answer = sign_in(coordinator).get(reverse("routine_version_pdf", args=[draft.routine.slug, "2.0"]))
    assert (answer.status_code, SECRET in answer.content.decode()) == (404, False)


# --- Side by side -----------------------------------------------------------------------------------------------------


def test_comparison_marks_what_differs_in_text_and_facts(
    in_force: RoutineVersion, draft: RoutineVersion, manager: User, sign_in: SignIn
) -> None:
    shown = page(sign_in(manager), "routine_compare", in_force.routine.slug, query="?fran=1.0&till=2.0")
    assert "Från version 1.0 till version 2.0" in shown
    assert re.search(rf"<ins><span[^>]*>\[tillagt: </span>och {SECRET}<span", shown)
    assert re.search(r"<ins><span[^>]*>\[tillagt: </span>KS 2026/7<span", shown)
    assert re.search(r"Akut\s*<span class=\"compare__change\">\(nytt\)", shown)
    assert "Avsnittet finns inte här." in shown


def test_comparison_begins_with_the_newest_beside_the_one_in_force(
    in_force: RoutineVersion, draft: RoutineVersion, manager: User, sign_in: SignIn
) -> None:
    shown = page(sign_in(manager), "routine_compare", in_force.routine.slug)
    assert "Från version 1.0 till version 2.0" in shown


def test_comparison_puts_the_older_one_to_the_left_whatever_was_asked(
    in_force: RoutineVersion, draft: RoutineVersion, manager: User, sign_in: SignIn
) -> None:
    shown = page(sign_in(manager), "routine_compare", in_force.routine.slug, query="?fran=2.0&till=1.0")
    assert "Från version 1.0 till version 2.0" in shown


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?fran=1.0&till=1.0", "Välj två olika versioner."),
        ("?fran=1.0&till=9.9", "Den versionen finns inte."),
        ("?fran=1.0", "Välj en version."),
    ],
)
def test_comparison_of_what_cannot_be_compared_says_so(
    query: str, sentence: str, in_force: RoutineVersion, draft: RoutineVersion, manager: User, sign_in: SignIn
) -> None:
    shown = page(sign_in(manager), "routine_compare", in_force.routine.slug, query=query)
    assert sentence in shown
    assert "<title>Fel:" in shown
    assert SECRET not in shown


def test_comparison_with_one_version_says_that_there_is_nothing_to_compare(
    unit: Unit, coordinator: User, sign_in: SignIn
) -> None:
    routine = stages.in_force_without_pdf(unit, title="Ensam", by=coordinator)
    shown = page(sign_in(coordinator), "routine_compare", routine.slug)
    assert "Det finns bara en version" in shown


def test_review_page_says_what_differs_from_the_one_in_force(
    in_force: RoutineVersion, draft: RoutineVersion, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    actions.submit_version(draft, by=manager)
    shown = page(sign_in(coordinator), "routine_review", in_force.routine.slug)
    assert "Det här skiljer från version 1.0, som gäller nu" in shown
    assert (
        f'href="{reverse("routine_compare", args=[in_force.routine.slug])}?fran=1.0&amp;till=2.0#skillnad-syfte"'
        in shown
    )
    assert "Diarienummer" in words(shown)


# --- Ending one -------------------------------------------------------------------------------------------------------


def test_discard_throws_away_the_draft_and_says_so(
    in_force: RoutineVersion, draft: RoutineVersion, manager: User, sign_in: SignIn
) -> None:
    client = sign_in(manager)
    assert "Version 2.0 är kastad." in sent(client, "routine_discard", in_force.routine.slug, {"version": "2.0"})
    assert "Den är kanske redan kastad." in sent(client, "routine_discard", in_force.routine.slug, {"version": "2.0"})
    assert RoutineVersion.objects.get(pk=draft.pk).discarded_by == manager


def test_discard_of_the_version_in_force_is_refused_with_a_sentence(
    in_force: RoutineVersion, manager: User, sign_in: SignIn
) -> None:
    said = sent(sign_in(manager), "routine_discard", in_force.routine.slug, {"version": "1.0"})
    assert "En version som gäller eller har gällt kan inte kastas." in said
    assert Routine.objects.in_state(VersionState.IN_FORCE).exists()


def test_withdraw_asks_for_a_reason_and_then_ends_the_routine(
    in_force: RoutineVersion, manager: User, member: User, sign_in: SignIn
) -> None:
    slug, client = in_force.routine.slug, sign_in(manager)
    refused = client.post(reverse("routine_withdraw", args=[slug]), {"reason": " "}).content.decode()
    assert "<title>Fel:" in refused
    assert "Skriv varför rutinen inte längre ska gälla." in refused
    said = sent(client, "routine_withdraw", slug, {"reason": "Enheten läggs ner."})
    assert "Rutinen är upphävd." in said
    assert "Enheten läggs ner." in said
    assert sign_in(member).get(reverse("routine", args=[slug])).status_code == HTTPStatus.GONE
    assert "det finns inget att upphäva" in sent(client, "routine_withdraw", slug, {"reason": "Igen."})


def test_withdraw_refuses_a_personal_identity_number(in_force: RoutineVersion, manager: User, sign_in: SignIn) -> None:
    answer = sign_in(manager).post(
        reverse("routine_withdraw", args=[in_force.routine.slug]), {"reason": "Om 850709-9805"}
    )
    assert "<title>Fel:" in answer.content.decode()
    assert RoutineVersion.objects.in_force().filter(pk=in_force.pk).exists()


def test_failed_correction_can_be_tried_again_or_thrown_away_beside_a_draft(
    in_force: RoutineVersion, draft: RoutineVersion, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    waiting = in_force.routine.versions.create(
        major=1, minor=1, created_by=coordinator, approved_at=clock.now(), approved_by=manager
    )
    actions.note_publish_failure(waiting, error="Disken är full.")
    slug, client = in_force.routine.slug, sign_in(manager)
    shown = page(client, "routine_versions", slug)
    assert "Disken är full." in shown
    assert "Portalen försöker skapa PDF:en igen." in sent(client, "routine_publish_again", slug, {})
    assert RoutineVersion.objects.get(pk=waiting.pk).state == VersionState.APPROVED
    actions.note_publish_failure(waiting, error="Disken är full.")
    assert "Version 1.1 är kastad." in sent(client, "routine_discard", slug, {"version": "1.1"})
    assert RoutineVersion.objects.get(pk=draft.pk).state == VersionState.DRAFT


ADDRESSES: list[Callable[[str], str]] = [
    lambda slug: reverse("routine_review", args=[slug]),
    lambda slug: reverse("routine_approve", args=[slug]),
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_decision_about_a_version_that_was_thrown_away_says_so(
    address: Callable[[str], str], draft: RoutineVersion, unit: Unit, coordinator: User, sign_in: SignIn
) -> None:
    routine = Routine.objects.create(unit=unit, title="Ny", slug="ny", created_by=coordinator)
    version = routine.versions.create(major=1, created_by=coordinator)
    actions.discard_version(version, by=coordinator)
    answer = sign_in(coordinator).get(address("ny"), follow=True)
    assert "Versionen är kastad, så det finns inget att besluta om." in answer.content.decode()


# --- The next version ------------------------------------------------------------------------------------------------


def started(client: Client, version: RoutineVersion, **button: str) -> str:
    """The number of the version that the button on the routine's page begins."""
    page = client.get(version.routine.get_absolute_url()).content.decode()
    address = reverse("routine_new_version", args=[version.routine.slug])
    assert f'action="{address}"' in page
    assert all(f'name="{name}"' in page for name in button)
    client.post(address, button)
    return stages.newest(version.routine).number


@pytest.mark.parametrize(("button", "number"), [({}, "2.0"), ({"minor": "1"}, "1.1")])
def test_next_version_is_a_new_one_or_a_small_correction(
    unit: Unit,
    template: Template,
    coordinator: User,
    manager: User,
    sign_in: SignIn,
    button: dict[str, str],
    number: str,
) -> None:
    version = stages.walked(unit, VersionState.IN_FORCE, template=template, by=coordinator, manager=manager)
    assert started(sign_in(manager), version, **button) == number


def test_routine_whose_only_version_was_thrown_away_can_begin_again(
    unit: Unit, template: Template, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    version = stages.walked(unit, VersionState.DISCARDED, template=template, by=coordinator, manager=manager)
    client = sign_in(manager)
    assert 'name="minor"' not in client.get(version.routine.get_absolute_url()).content.decode()
    assert started(client, version) == "1.0"
