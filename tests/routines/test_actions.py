"""The way of a routine: who may do what, when, and what a second click does."""

import datetime as dt
from collections.abc import Callable

import pytest

from jarfalla import clock
from routines import actions
from routines.models import Contact, Routine, RoutineVersion, Template, VersionState
from tests import factories
from tests.routines import stages
from tests.together import together
from units.actions import complete_step, record_participation
from units.models import MembershipRole, Message, ParticipationState, Refused, Step, StepBlocked, Unit, User, UserRole

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(template: Template, unit: Unit, coordinator: User) -> RoutineVersion:
    return stages.newest(stages.routine(unit, title="Vår rutin", template=template, by=coordinator))


def texts(version: RoutineVersion) -> list[tuple[int, str, str, str, bool]]:
    """What stands in a version."""
    return list(version.sections.values_list("position", "kind", "heading", "body", "is_mandatory"))


# --- Writing -------------------------------------------------------------------------------------------------


def test_create_routine_copies_the_template(draft: RoutineVersion, template: Template) -> None:
    assert texts(draft) == list(template.sections.values_list("position", "kind", "heading", "body", "is_mandatory"))
    assert (draft.number, draft.state, draft.routine.slug) == (1, VersionState.DRAFT, "var-rutin-tallbackens-forskola")


def test_create_routine_twice_returns_the_first(
    draft: RoutineVersion, template: Template, unit: Unit, coordinator: User
) -> None:
    again = actions.create_routine(unit, template=template, title="  Vår   rutin ", by=coordinator)
    assert again == draft.routine
    assert RoutineVersion.objects.count() == 1


def test_create_routine_with_a_title_in_use_is_refused(
    template: Template, unit: Unit, coordinator: User, manager: User
) -> None:
    stages.walked(unit, VersionState.IN_REVIEW, template=template, by=coordinator, manager=manager)
    with pytest.raises(Refused, match="Enheten har redan en rutin med den titeln"):
        actions.create_routine(unit, template=template, title="vår rutin", by=coordinator)


def test_create_routine_with_the_same_title_in_another_unit_gets_its_own_address(
    draft: RoutineVersion, template: Template, coordinator: User
) -> None:
    other = actions.create_routine(
        factories.unit(name="Ekens skola"), template=template, title="Vår rutin", by=coordinator
    )
    assert other.slug == "var-rutin-ekens-skola"


def test_write_sections_tidies_what_was_typed(draft: RoutineVersion, manager: User) -> None:
    actions.write_sections(
        draft, {1: "- Ring 112  \r\n\r\n• Stanna\x0bhos barnet\r\n", 2: "Ett stycke \r\n\r\nEtt till\n\n"}, by=manager
    )
    assert dict(draft.sections.filter(position__lte=2).values_list("position", "body")) == {
        1: "Ring 112\nStanna hos barnet",
        2: "Ett stycke\n\nEtt till",
    }


@pytest.mark.parametrize(
    "state", [VersionState.IN_REVIEW, VersionState.ENDORSED, VersionState.APPROVED, VersionState.FAILED]
)
def test_write_sections_of_a_version_that_is_decided_on_is_refused(
    state: VersionState, draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    stages.walk_on(draft, state, by=coordinator, manager=manager)
    before = texts(draft)
    with pytest.raises(Refused, match="Texten kan inte ändras nu"):
        actions.write_sections(draft, {1: "Något annat"}, by=manager)
    assert texts(draft) == before


def test_write_sections_over_a_colleagues_words_is_refused_once(
    draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    seen = draft.content_sha256()
    actions.write_sections(draft, {1: "Chefens ord"}, by=manager, seen=seen)
    with pytest.raises(Refused, match="Någon annan har ändrat texten medan du skrev"):
        actions.write_sections(draft, {1: "Samordnarens ord"}, by=coordinator, seen=seen)
    assert draft.sections.get(position=1).body == "Chefens ord"
    actions.write_sections(draft, {1: "Samordnarens ord"}, by=coordinator, seen=draft.content_sha256())
    assert draft.sections.get(position=1).body == "Samordnarens ord"


def test_write_sections_twice_with_the_same_words_is_no_conflict(draft: RoutineVersion, manager: User) -> None:
    seen = draft.content_sha256()
    for _click in range(2):
        actions.write_sections(draft, {1: "Chefens ord"}, by=manager, seen=seen)
    assert draft.sections.get(position=1).body == "Chefens ord"


def test_start_version_copies_the_one_in_force_and_twice_returns_the_first(
    draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    first = stages.walk_on(draft, VersionState.IN_FORCE, by=coordinator, manager=manager)
    second = actions.start_version(first.routine, by=manager)
    assert (second.number, second.state, texts(second)) == (2, VersionState.DRAFT, texts(first))
    assert actions.start_version(first.routine, by=coordinator) == second


# --- Deciding ------------------------------------------------------------------------------------------------


def test_whole_walk_puts_a_version_in_force(draft: RoutineVersion, coordinator: User, manager: User) -> None:
    version = stages.walk_on(draft, VersionState.IN_FORCE, by=coordinator, manager=manager)
    assert version.state == VersionState.IN_FORCE
    assert [(row.verdict, row.by) for row in version.approvals.order_by("pk")] == [
        ("submitted", manager),
        ("endorsed", coordinator),
        ("approved", manager),
    ]
    assert {row.content_sha256 for row in version.approvals.all()} == {version.content_sha256()}
    assert version.approved_by == manager


def test_submit_without_what_must_be_there_is_refused(draft: RoutineVersion, manager: User) -> None:
    with pytest.raises(Refused, match=r"Det här måste fyllas i innan rutinen skickas: Ansvar\."):
        actions.submit_version(draft, by=manager)
    assert draft.state == VersionState.DRAFT


ILLEGAL: list[tuple[VersionState, Callable[[RoutineVersion, User, User], RoutineVersion], str]] = [
    (VersionState.DRAFT, lambda v, c, m: actions.endorse_version(v, by=c), "inte skickad till granskning"),
    (VersionState.DRAFT, lambda v, c, m: actions.approve_version(v, by=m), "måste granska versionen först"),
    (VersionState.DRAFT, lambda v, c, m: actions.return_version(v, comment="x", by=c), "kan lämnas tillbaka"),
    (VersionState.RETURNED, lambda v, c, m: actions.endorse_version(v, by=c), "inte skickad till granskning"),
    (VersionState.RETURNED, lambda v, c, m: actions.approve_version(v, by=m), "måste granska versionen först"),
    (VersionState.IN_REVIEW, lambda v, c, m: actions.approve_version(v, by=m), "måste granska versionen först"),
    (VersionState.IN_REVIEW, lambda v, c, m: actions.endorse_version(v, by=m), "samordnaren som granskar"),
    (VersionState.IN_REVIEW, lambda v, c, m: actions.return_version(v, comment=" ", by=c), "vad som behöver ändras"),
    (VersionState.ENDORSED, lambda v, c, m: actions.submit_version(v, by=m), "redan granskad"),
    (VersionState.ENDORSED, lambda v, c, m: actions.approve_version(v, by=c), "enhetens chef som fastställer"),
    (VersionState.APPROVED, lambda v, c, m: actions.return_version(v, comment="x", by=c), "kan lämnas tillbaka"),
    (VersionState.APPROVED, lambda v, c, m: actions.submit_version(v, by=m), "redan granskad"),
]


@pytest.mark.parametrize(("state", "act", "sentence"), ILLEGAL)
def test_illegal_transition_is_refused_with_a_sentence(
    state: VersionState,
    act: Callable[[RoutineVersion, User, User], RoutineVersion],
    sentence: str,
    draft: RoutineVersion,
    coordinator: User,
    manager: User,
) -> None:
    version = stages.walk_on(draft, state, by=coordinator, manager=manager)
    rows = version.approvals.count()
    with pytest.raises(Refused, match=sentence):
        act(version, coordinator, manager)
    assert (version.approvals.count(), RoutineVersion.objects.get(pk=version.pk).state) == (rows, state)


def test_same_person_neither_reviews_and_approves(draft: RoutineVersion, unit: Unit, manager: User) -> None:
    """A coordinator who also manages the unit."""
    both = factories.staff(unit, name="Båda", role=MembershipRole.MANAGER)
    both.role = UserRole.COORDINATOR
    both.save()
    version = stages.walk_on(draft, VersionState.ENDORSED, by=both, manager=manager)
    with pytest.raises(Refused, match="Du har granskat den här versionen"):
        actions.approve_version(version, by=both)
    assert actions.approve_version(version, by=manager).approved_by == manager


def test_former_manager_approves_nothing(draft: RoutineVersion, coordinator: User, manager: User) -> None:
    version = stages.walk_on(draft, VersionState.ENDORSED, by=coordinator, manager=manager)
    manager.memberships.update(ended_on=clock.today())
    with pytest.raises(Refused, match="enhetens chef som fastställer"):
        actions.approve_version(version, by=manager)


def test_second_click_returns_the_first_result(draft: RoutineVersion, coordinator: User, manager: User) -> None:
    factories.write_what_is_missing(draft, by=manager)
    clicks: list[Callable[[], RoutineVersion]] = [
        lambda: actions.submit_version(draft, by=manager),
        lambda: actions.return_version(draft, comment="Mer", by=coordinator),
        lambda: actions.submit_version(draft, by=manager),
        lambda: actions.endorse_version(draft, by=coordinator),
        lambda: actions.approve_version(draft, by=manager),
    ]
    for act in clicks:
        assert act() == act() == draft
    assert [row.verdict for row in draft.approvals.order_by("pk")] == [
        "submitted",
        "returned",
        "submitted",
        "endorsed",
        "approved",
    ]


def test_endorsed_version_can_be_given_back_and_must_be_reviewed_again(
    draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    version = stages.walk_on(draft, VersionState.ENDORSED, by=coordinator, manager=manager)
    actions.return_version(version, comment="Jag såg ett fel.", by=manager)
    actions.write_sections(version, {1: "Rättat"}, by=manager)
    with pytest.raises(Refused, match="måste granska versionen först"):
        actions.approve_version(version, by=manager)


def test_text_that_changed_behind_the_back_is_not_approved(
    draft: RoutineVersion, coordinator: User, manager: User
) -> None:
    version = stages.walk_on(draft, VersionState.ENDORSED, by=coordinator, manager=manager)
    version.sections.filter(position=1).update(body="Smuget in")
    with pytest.raises(Refused, match="Texten är inte den som granskades"):
        actions.approve_version(version, by=manager)


def test_endorsement_binds_to_the_text_that_was_seen(draft: RoutineVersion, coordinator: User, manager: User) -> None:
    version = stages.walk_on(draft, VersionState.IN_REVIEW, by=coordinator, manager=manager)
    seen = version.content_sha256()
    actions.return_version(version, comment="Mer", by=coordinator)
    actions.write_sections(version, {1: "Nytt"}, by=manager)
    actions.submit_version(version, by=manager)
    with pytest.raises(Refused, match="Texten har ändrats sedan du öppnade sidan"):
        actions.endorse_version(version, by=coordinator, seen=seen)


# --- At the same moment -----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_approvals_at_once_give_one_row_and_one_version_in_force(
    draft: RoutineVersion, unit: Unit, coordinator: User, manager: User
) -> None:
    second_manager = factories.staff(unit, name="Två Chef", role=MembershipRole.MANAGER)
    version = stages.walk_on(draft, VersionState.ENDORSED, by=coordinator, manager=manager)
    people = [manager, second_manager]

    def approve_and_publish(number: int) -> str:
        approved = actions.approve_version(version, by=people[number % 2])
        return actions.publish(approved).pdf_sha256

    assert len(set(together(4, approve_and_publish))) == 1
    assert version.approvals.filter(verdict="approved").count() == 1
    assert RoutineVersion.objects.in_force().count() == 1
    assert Message.objects.filter(key__startswith="routine_in_force:").count() == 3


@pytest.mark.django_db(transaction=True)
def test_create_routine_at_once_gives_one(template: Template, unit: Unit, coordinator: User) -> None:
    made = together(
        4, lambda _number: actions.create_routine(unit, template=template, title="Vår rutin", by=coordinator).pk
    )
    assert len(set(made)) == 1
    assert Routine.objects.count() == RoutineVersion.objects.count() == 1


# --- Step 3 ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def ready(unit: Unit, coordinator: User) -> Unit:
    """The unit with steps 1 and 2 done."""
    for step in (Step.WEB_COURSE, Step.TRAINING):
        complete_step(factories.open_round(unit), step, on=clock.today(), by=coordinator)
    return unit


def test_complete_routines_needs_a_routine_in_force(
    ready: Unit, template: Template, coordinator: User, manager: User
) -> None:
    version = stages.walked(ready, VersionState.APPROVED, template=template, by=coordinator, manager=manager)
    round_ = factories.open_round(ready)
    with pytest.raises(StepBlocked, match="Enheten har ingen rutin som gäller än"):
        actions.complete_routines(round_, on=clock.today(), by=manager)
    actions.publish(version)
    done = actions.complete_routines(round_, on=clock.today(), by=manager, override_reason="behövs inte")
    assert (done.step, done.recorded_by, done.override_reason) == (Step.ROUTINES, manager, "")
    assert actions.complete_routines(round_, on=clock.today() - dt.timedelta(1), by=coordinator) == done


def test_complete_routines_with_another_units_routine_is_refused(
    ready: Unit, outsider: User, coordinator: User, manager: User
) -> None:
    stages.in_force_without_pdf(Unit.objects.exclude(pk=ready.pk).get(), title="Annan", by=coordinator)
    with pytest.raises(StepBlocked, match="Enheten har ingen rutin som gäller än"):
        actions.complete_routines(factories.open_round(ready), on=clock.today(), by=manager)


def test_complete_routines_without_a_routine_is_the_coordinators_exception(
    ready: Unit, coordinator: User, manager: User
) -> None:
    round_ = factories.open_round(ready)
    with pytest.raises(StepBlocked, match="Bara samordnaren kan göra undantag"):
        actions.complete_routines(round_, on=clock.today(), by=manager, override_reason="Finns på intranätet")
    done = actions.complete_routines(round_, on=clock.today(), by=coordinator, override_reason="Finns på intranätet")
    assert done.override_reason == "Finns på intranätet"


def test_complete_routines_out_of_order_is_refused(unit: Unit, coordinator: User, manager: User) -> None:
    stages.in_force_without_pdf(unit, title="Gäller", by=coordinator)
    with pytest.raises(StepBlocked, match="Steg 1, webbkurs, måste vara klart först"):
        actions.complete_routines(factories.open_round(unit), on=clock.today(), by=manager)


def test_complete_routines_of_a_paused_unit_is_refused(ready: Unit, coordinator: User, manager: User) -> None:
    stages.in_force_without_pdf(ready, title="Gäller", by=coordinator)
    record_participation(ready, state=ParticipationState.PAUSED, by=coordinator)
    with pytest.raises(StepBlocked, match="Enheten deltar inte just nu"):
        actions.complete_routines(factories.open_round(ready), on=clock.today(), by=manager)


# --- Contacts -------------------------------------------------------------------------------------------------------


def test_check_contact_dates_it_with_a_name(coordinator: User) -> None:
    actions.seed_contacts()
    contact = Contact.objects.get(name="BRIS")
    assert contact.checked_on is None
    checked = actions.check_contact(contact, by=coordinator)
    assert (checked.checked_on, checked.checked_by) == (clock.today(), coordinator)
