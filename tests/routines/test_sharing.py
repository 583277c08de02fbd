"""Offering a routine to other units, and making one's own of another's."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from routines import actions
from routines.models import Routine, Sharing, VersionState
from tests import factories
from tests.conftest import SignIn
from tests.routines import shelf
from tests.together import together
from units.models import Refused, Unit, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def routine(unit: Unit, manager: User) -> Routine:
    return shelf.put(
        unit,
        "När du blir orolig",
        {"heading": "Gör nu", "kind": "checklist", "body": "Ring 112.", "is_acute": True, "position": 3},
        {"heading": "Syfte", "body": "<p>Vi <strong>hjälps</strong> åt.</p>", "is_mandatory": True},
        by=manager,
        document_type="guideline",
        review_months=6,
        diary_number="BUN 2026/12",
        owner_title="Rektor på Tallbacken",
    )


@pytest.fixture
def shared(routine: Routine, manager: User) -> Routine:
    actions.share_routine(routine, by=manager)
    return routine


@pytest.fixture
def other(outsider: User) -> Unit:
    return outsider.memberships.get().unit


# --- Offering --------------------------------------------------------------------------------------------------------


def test_manager_shares_and_others_read(
    routine: Routine, manager: User, outsider: User, reader: User, sign_in: SignIn
) -> None:
    page = routine.get_absolute_url()
    assert sign_in(outsider).get(page).status_code == 404
    answer = sign_in(manager).post(reverse("routine_share", args=[routine.slug]), follow=True)
    assert "Nu kan alla enheter läsa rutinen" in answer.content.decode()
    shown = sign_in(outsider).get(page).content.decode()
    assert "Ring 112." in shown
    assert "Använd som grund för en egen rutin" in shown
    assert "För dig som sköter rutinen" not in shown
    assert f'href="{routine.unit.get_absolute_url()}"' not in shown  # a page that they may not open
    assert "När du blir orolig" in sign_in(outsider).get(reverse("shared_routines")).content.decode()
    assert sign_in(reader).get(page).status_code == 404
    stopped = sign_in(manager).post(reverse("routine_unshare", args=[routine.slug]), follow=True)
    assert "Rutinen delas inte längre." in stopped.content.decode()
    assert sign_in(outsider).get(page).status_code == 404
    assert "När du blir orolig" not in sign_in(outsider).get(reverse("shared_routines")).content.decode()


def test_sharing_twice_is_once_and_stopping_twice_too(routine: Routine, manager: User) -> None:
    first = actions.share_routine(routine, by=manager)
    assert actions.share_routine(routine, by=manager) == first
    actions.stop_sharing(routine, by=manager)
    actions.stop_sharing(routine, by=manager)
    row = Sharing.objects.get()
    assert (row.ended_by, row.ended_at is None) == (manager, False)
    assert actions.share_routine(routine, by=manager) != first


def test_draft_is_not_shared(routine: Routine, manager: User, sign_in: SignIn) -> None:
    routine.versions.in_force().update(ended_at=routine.created_at)
    shown = sign_in(manager).post(reverse("routine_share", args=[routine.slug]), follow=True).content.decode()
    assert "Rutinen gäller inte än. Dela den när den är fastställd." in shown
    assert not Sharing.objects.exists()


def test_shared_routine_that_is_withdrawn_is_gone(shared: Routine, outsider: User, sign_in: SignIn) -> None:
    shared.versions.in_force().update(ended_at=shared.created_at)
    assert sign_in(outsider).get(shared.get_absolute_url()).status_code == 404
    assert shared.title not in sign_in(outsider).get(reverse("shared_routines")).content.decode()
    assert sign_in(outsider).get(reverse("routine_adopt", args=[shared.slug])).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_two_who_share_at_once_make_one_offer(routine: Routine, manager: User) -> None:
    together(3, lambda _: actions.share_routine(routine, by=manager).pk)
    assert Sharing.objects.count() == 1


def test_own_routine_is_not_among_those_of_others(shared: Routine, member: User, sign_in: SignIn) -> None:
    assert shared.title not in sign_in(member).get(reverse("shared_routines")).content.decode()
    assert "som en annan enhet delar" not in sign_in(member).get(reverse("routines")).content.decode()


def test_shared_routines_are_counted_on_the_own_page(shared: Routine, outsider: User, sign_in: SignIn) -> None:
    assert "1 rutin som en annan enhet delar" in sign_in(outsider).get(reverse("routines")).content.decode()


def test_list_takes_the_same_queries_for_one_and_three(
    unit: Unit, manager: User, outsider: User, sign_in: SignIn
) -> None:
    client, counts = sign_in(outsider), []
    for number in range(3):
        actions.share_routine(shelf.put(unit, f"Delad {number}", "Text", by=manager), by=manager)
        client.get(reverse("shared_routines"))
        with CaptureQueriesContext(connection) as captured:
            shown = client.get(reverse("shared_routines")).content.decode()
        assert shown.count("routine-list__title") == number + 1
        counts.append(len(captured))
    assert counts[0] == counts[2]


# --- Making one's own ------------------------------------------------------------------------------------------------


def test_manager_adopts_a_copy_and_its_origin_stays_visible(
    shared: Routine, manager: User, outsider: User, other: Unit, sign_in: SignIn
) -> None:
    client = sign_in(outsider)
    form = client.get(reverse("routine_adopt", args=[shared.slug])).content.decode()
    assert 'value="När du blir orolig"' in form
    sent = {"unit": other.pk, "title": "  Vår   egen "}
    shown = client.post(reverse("routine_adopt", args=[shared.slug]), sent, follow=True).content.decode()
    assert "Ni har ett eget utkast." in shown
    adopted = Routine.objects.get(unit=other)
    assert (adopted.title, adopted.origin, adopted.created_by) == ("Vår egen", shelf.in_force(shared), outsider)
    draft = adopted.versions.get()
    assert (draft.state, draft.number) == (VersionState.DRAFT, "1.0")
    assert (draft.document_type, draft.review_months) == ("guideline", 6)
    assert (draft.diary_number, draft.owner_title) == ("", "")  # the other unit's own
    copied = [(row.key, row.heading, row.body, row.is_acute, row.is_mandatory) for row in draft.sections.all()]
    assert copied == [
        (row.key, row.heading, row.body, row.is_acute, row.is_mandatory)
        for row in shelf.in_force(shared).sections.all()
    ]
    assert f'<a href="{shared.get_absolute_url()}">När du blir orolig</a>' in shown
    assert "Tallbackens förskola, version 1.0" in shown
    actions.stop_sharing(shared, by=manager)
    later = client.get(adopted.get_absolute_url()).content.decode()
    assert "Tallbackens förskola, version 1.0" in later
    assert "När du blir orolig" not in later  # the title is no longer theirs to read


def test_change_of_the_original_leaves_the_copy_alone(
    shared: Routine, outsider: User, other: Unit, manager: User
) -> None:
    adopted = actions.adopt_routine(shelf.in_force(shared), unit=other, title="Vår", by=outsider)
    shelf.publish(shared, ["Helt annat"], by=manager, major=2)
    assert [row.heading for row in adopted.versions.get().sections.all()] == ["Syfte", "Gör nu"]


def test_adopting_twice_is_once(shared: Routine, outsider: User, other: Unit) -> None:
    version = shelf.in_force(shared)
    first = actions.adopt_routine(version, unit=other, title="Vår", by=outsider)
    assert actions.adopt_routine(version, unit=other, title="vår", by=outsider) == first
    assert first.versions.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_copy(shared: Routine, outsider: User, other: Unit) -> None:
    version = shelf.in_force(shared)
    made = together(3, lambda _: actions.adopt_routine(version, unit=other, title="Vår", by=outsider).pk)
    assert len(set(made)) == 1


def test_title_that_the_unit_has_is_refused_at_the_form(
    shared: Routine, outsider: User, other: Unit, sign_in: SignIn
) -> None:
    shelf.put(other, "Vår rutin", "Text", by=outsider)
    answer = sign_in(outsider).post(
        reverse("routine_adopt", args=[shared.slug]), {"unit": other.pk, "title": "vår rutin"}
    )
    assert "Enheten har redan en rutin med den titeln." in answer.content.decode()
    assert Routine.objects.filter(unit=other).count() == 1


def test_routine_is_adopted_only_to_a_unit_that_one_manages(
    shared: Routine, outsider: User, member: User, manager: User, sign_in: SignIn
) -> None:
    third = factories.unit(name="Tredje enheten")
    for unit in (third, shared.unit):
        sent = {"unit": unit.pk, "title": "Vår"}
        answer = sign_in(outsider).post(reverse("routine_adopt", args=[shared.slug]), sent)
        assert "Välj en av enheterna i listan." in answer.content.decode()
    for person in (member, manager):
        assert sign_in(person).get(reverse("routine_adopt", args=[shared.slug])).status_code == 403
    assert Routine.objects.count() == 1


def test_routine_that_is_not_shared_any_more_is_refused(
    shared: Routine, manager: User, outsider: User, other: Unit
) -> None:
    version = shelf.in_force(shared)
    actions.stop_sharing(shared, by=manager)
    with pytest.raises(Refused):
        actions.adopt_routine(version, unit=other, title="Vår", by=outsider)
    actions.share_routine(shared, by=manager)
    shelf.publish(shared, ["Nytt"], by=manager, major=2)
    with pytest.raises(Refused):  # what was on the page is not in force
        actions.adopt_routine(version, unit=other, title="Vår", by=outsider)
    with pytest.raises(Refused):
        actions.adopt_routine(shelf.in_force(shared), unit=shared.unit, title="Vår", by=manager)


def test_coordinator_adopts_for_any_other_unit(
    shared: Routine, coordinator: User, other: Unit, sign_in: SignIn
) -> None:
    sent = {"unit": other.pk, "title": "Vår"}
    sign_in(coordinator).post(reverse("routine_adopt", args=[shared.slug]), sent)
    assert Routine.objects.get(unit=other).origin == shelf.in_force(shared)
