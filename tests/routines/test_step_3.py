"""Step 3: a routine in force, written into the unit's plan."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from jarfalla import clock
from routines import actions
from routines.models import PlanEntry, Routine, Template, VersionState
from tests import factories
from tests.conftest import SignIn
from tests.routines import stages
from tests.together import together
from units.actions import complete_step, record_participation
from units.models import ParticipationState, Refused, Step, StepBlocked, StepCompletion, Unit, User

pytestmark = pytest.mark.django_db
NO_PLAN = "Steget är klart när chefen har skrivit in rutinen i verksamhetsplanen. Fyll i när och var."
NO_ROUTINE = "Enheten har ingen rutin som gäller än"


@pytest.fixture
def ready(unit: Unit, coordinator: User) -> Unit:
    """The unit with steps 1 and 2 done."""
    for step in (Step.WEB_COURSE, Step.TRAINING):
        complete_step(factories.open_round(unit), step, on=clock.today(), by=coordinator)
    return unit


@pytest.fixture
def in_force(ready: Unit, coordinator: User) -> Routine:
    return stages.in_force_without_pdf(ready, title="Gäller", by=coordinator)


def in_plan(routine: Routine, reference: str = "Verksamhetsplan 2026, 4.2") -> actions.InPlan:
    return actions.InPlan(routine=routine, written_on=clock.today(), reference=reference)


def entries() -> list[tuple[str, str, User]]:
    """What stands in plans."""
    rows = PlanEntry.objects.standing().select_related("routine", "recorded_by")
    return [(row.routine.title, row.reference, row.recorded_by) for row in rows]


def test_complete_routines_needs_a_routine_in_force(
    ready: Unit, template: Template, coordinator: User, manager: User
) -> None:
    version = stages.walked(ready, VersionState.APPROVED, template=template, by=coordinator, manager=manager)
    round_ = factories.open_round(ready)
    with pytest.raises(StepBlocked, match=NO_ROUTINE):
        actions.complete_routines(round_, on=clock.today(), by=manager)
    with pytest.raises(Refused, match="Rutinen gäller inte än"):
        actions.complete_routines(round_, on=clock.today(), by=manager, in_plan=in_plan(version.routine))
    actions.publish(version)
    said = in_plan(version.routine)
    done = actions.complete_routines(round_, on=clock.today(), by=manager, override_reason="behövs inte", in_plan=said)
    assert (done.step, done.recorded_by, done.override_reason) == (Step.ROUTINES, manager, "")
    assert entries() == [("Vår rutin", "Verksamhetsplan 2026, 4.2", manager)]
    assert actions.complete_routines(round_, on=clock.today() - dt.timedelta(1), by=coordinator) == done


def test_complete_routines_needs_the_plan(in_force: Routine, manager: User) -> None:
    round_ = factories.open_round(in_force.unit)
    with pytest.raises(StepBlocked, match=NO_PLAN):
        actions.complete_routines(round_, on=clock.today(), by=manager)
    actions.record_plan_entry(in_force, written_on=clock.today(), reference="4.2", by=manager)
    assert actions.complete_routines(round_, on=clock.today(), by=manager).recorded_by == manager


def test_complete_routines_counts_no_routine_that_has_ended(
    ready: Unit, in_force: Routine, coordinator: User, manager: User
) -> None:
    """What stands in the plan must be in force, and what is in force must stand in the plan."""
    actions.record_plan_entry(in_force, written_on=clock.today(), reference="4.2", by=manager)
    in_force.versions.update(ended_at=clock.now())
    stages.in_force_without_pdf(ready, title="En annan", by=coordinator)
    with pytest.raises(StepBlocked, match=NO_PLAN):
        actions.complete_routines(factories.open_round(ready), on=clock.today(), by=manager)


def test_complete_routines_with_another_units_routine_is_refused(
    ready: Unit, outsider: User, coordinator: User, manager: User
) -> None:
    other = stages.in_force_without_pdf(Unit.objects.exclude(pk=ready.pk).get(), title="Annan", by=coordinator)
    actions.record_plan_entry(other, written_on=clock.today(), reference="4.2", by=outsider)
    with pytest.raises(StepBlocked, match=NO_ROUTINE):
        actions.complete_routines(factories.open_round(ready), on=clock.today(), by=manager)


def test_complete_routines_without_a_routine_is_the_coordinators_exception(
    ready: Unit, coordinator: User, manager: User
) -> None:
    round_ = factories.open_round(ready)
    with pytest.raises(StepBlocked, match="Bara samordnaren kan göra undantag"):
        actions.complete_routines(round_, on=clock.today(), by=manager, override_reason="Finns på intranätet")
    done = actions.complete_routines(round_, on=clock.today(), by=coordinator, override_reason="Finns på intranätet")
    assert done.override_reason == "Finns på intranätet"


def test_complete_routines_that_is_refused_leaves_no_plan_entry(unit: Unit, coordinator: User, manager: User) -> None:
    routine = stages.in_force_without_pdf(unit, title="Gäller", by=coordinator)
    with pytest.raises(StepBlocked, match="Steg 1, webbkurs, måste vara klart först"):
        actions.complete_routines(factories.open_round(unit), on=clock.today(), by=manager, in_plan=in_plan(routine))
    assert entries() == []


def test_complete_routines_of_a_paused_unit_is_refused(in_force: Routine, coordinator: User, manager: User) -> None:
    record_participation(in_force.unit, state=ParticipationState.PAUSED, by=coordinator)
    with pytest.raises(StepBlocked, match="Enheten deltar inte just nu"):
        actions.complete_routines(
            factories.open_round(in_force.unit), on=clock.today(), by=manager, in_plan=in_plan(in_force)
        )
    assert entries() == []


def test_plan_entry_is_said_once_and_taken_back(in_force: Routine, coordinator: User, manager: User) -> None:
    first = actions.record_plan_entry(in_force, written_on=clock.today(), reference=" VP  2026 ", by=manager)
    assert actions.record_plan_entry(in_force, written_on=clock.today(), reference="VP 2026", by=coordinator) == first
    with pytest.raises(Refused, match="Det är redan registrerat"):
        actions.record_plan_entry(in_force, written_on=clock.today(), reference="VP 2027", by=manager)
    assert actions.withdraw_plan_entry(in_force, by=coordinator) == first
    assert actions.withdraw_plan_entry(in_force, by=coordinator) is None
    assert entries() == []
    assert PlanEntry.objects.get().withdrawn_by == coordinator


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"reference": ""}, "plan_entry_says_where"),
        ({"written_on": dt.date(2999, 1, 1)}, "plan_entry_not_in_the_future"),
        ({"withdrawn_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}, "plan_entry_withdrawn_by_somebody"),
    ],
)
def test_plan_entry_of_nonsense_is_refused_by_the_database(
    fields: dict[str, object], constraint: str, in_force: Routine, manager: User
) -> None:
    values = {"written_on": clock.today(), "reference": "VP", "recorded_by": manager, **fields}
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        PlanEntry.objects.create(routine=in_force, **values)


@pytest.mark.django_db(transaction=True)
def test_plan_entry_at_once_gives_one(in_force: Routine, manager: User) -> None:
    day = clock.today()
    made = together(4, lambda _: actions.record_plan_entry(in_force, written_on=day, reference="VP", by=manager))
    assert len({entry.pk for entry in made}) == 1
    assert entries() == [("Gäller", "VP", manager)]


# --- The page ----------------------------------------------------------------------------------------------------


def sent(client: Client, name: str, slug: str, data: dict[str, str]) -> str:
    """The page that a form leads to."""
    answer = client.post(reverse(name, args=[slug]), data, follow=True)
    return answer.content.decode()


def filled(**fields: str) -> dict[str, str]:
    today = clock.today().isoformat()
    return {"on": today, "written_on": today, "reference": "Verksamhetsplan 2026, 4.2", **fields}


def test_routines_complete_logs_the_step_and_the_plan(in_force: Routine, manager: User, sign_in: SignIn) -> None:
    shown = sent(sign_in(manager), "routines_complete", in_force.unit.slug, filled())
    assert "Steg 3 är klart. Nu använder ni rutinerna, och sedan följer vi upp." in shown
    assert StepCompletion.objects.filter(step=Step.ROUTINES, recorded_by=manager).count() == 1
    step_3 = sign_in(manager).get(reverse("step_3", args=[in_force.unit.slug])).content.decode()
    assert "Verksamhetsplan 2026, 4.2" in step_3
    assert "Skriv in att" not in step_3


def test_routines_complete_asks_which_of_two_routines(
    in_force: Routine, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    second = stages.in_force_without_pdf(in_force.unit, title="Åka utomlands", by=coordinator)
    slug = in_force.unit.slug
    assert (
        "Vilken rutin står i verksamhetsplanen?"
        in sign_in(manager).get(reverse("step_3", args=[slug])).content.decode()
    )
    assert "Välj rutin." in sent(sign_in(manager), "routines_complete", slug, filled(routine="0"))
    sent(sign_in(manager), "routines_complete", slug, filled(routine=str(second.pk)))
    assert entries() == [("Åka utomlands", "Verksamhetsplan 2026, 4.2", manager)]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"on": "2999-01-01"}, "Datumet ligger i framtiden. Välj dagens datum eller ett tidigare."),
        ({"on": "i går"}, "Fyll i ett giltigt datum."),
        ({"on": ""}, "Fyll i det här."),
        ({"written_on": "2999-01-01"}, "Datumet ligger i framtiden. Välj dagens datum eller ett tidigare."),
        ({"reference": ""}, "Skriv var i verksamhetsplanen rutinen står."),
        ({"reference": "Dnr 850709-9805"}, "Texten ser ut att innehålla ett personnummer."),
        ({"reference": "x" * 201}, "Texten är 201 tecken lång, och högst 200 får plats. Korta den."),
        # A manager's reason is no field of theirs: it changes nothing.
        ({"reference": "", "override_reason": "Ändå"}, "Skriv var i verksamhetsplanen rutinen står."),
    ],
)
def test_routines_complete_with_bad_input_says_so_at_the_field(
    fields: dict[str, str], sentence: str, in_force: Routine, manager: User, sign_in: SignIn
) -> None:
    assert sentence in sent(sign_in(manager), "routines_complete", in_force.unit.slug, filled(**fields))
    assert not StepCompletion.objects.filter(step=Step.ROUTINES).exists()
    assert entries() == []


def test_routines_complete_as_an_exception_is_for_the_coordinator(
    in_force: Routine, coordinator: User, sign_in: SignIn
) -> None:
    reason = {"override_reason": "Planen skrivs i januari"}
    shown = sent(sign_in(coordinator), "routines_complete", in_force.unit.slug, filled(reference="", **reason))
    assert "Steg 3 är klart." in shown
    step_3 = sign_in(coordinator).get(reverse("step_3", args=[in_force.unit.slug])).content.decode()
    assert "Undantag: Planen skrivs i januari" in step_3
    # The plan can be filled in later.
    assert "Skriv in att ”Gäller” också finns i planen" in step_3


def test_plan_entry_new_and_withdraw_lead_back(
    in_force: Routine, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    fields = {f"{in_force.slug}-written_on": clock.today().isoformat(), f"{in_force.slug}-reference": "VP 2026"}
    assert "Nu står det här att rutinen finns i verksamhetsplanen." in sent(
        sign_in(manager), "plan_entry_new", in_force.slug, fields
    )
    assert entries() == [("Gäller", "VP 2026", manager)]
    assert "Uppgiften om verksamhetsplanen är borttagen." in sent(
        sign_in(coordinator), "plan_entry_withdraw", in_force.slug, {}
    )
    assert entries() == []


def test_plan_entry_new_with_bad_input_says_so_at_its_own_form(
    in_force: Routine, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    second = stages.in_force_without_pdf(in_force.unit, title="Åka utomlands", by=coordinator)
    actions.record_plan_entry(in_force, written_on=clock.today(), reference="VP", by=manager)
    shown = sent(sign_in(manager), "plan_entry_new", second.slug, {f"{second.slug}-written_on": "2026-01-01"})
    assert "Skriv var i verksamhetsplanen rutinen står." in shown
    assert "<title>Fel:" in shown
    assert entries() == [("Gäller", "VP", manager)]


def test_step_3_tells_members_nothing_of_the_plan(
    in_force: Routine, manager: User, member: User, sign_in: SignIn
) -> None:
    actions.record_plan_entry(in_force, written_on=clock.today(), reference="Hemlig plats i planen", by=manager)
    page = reverse("step_3", args=[in_force.unit.slug])
    assert "Hemlig plats i planen" in sign_in(manager).get(page).content.decode()
    assert "Hemlig plats i planen" not in sign_in(member).get(page).content.decode()
