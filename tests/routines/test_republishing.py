"""A changed contact or law: which PDFs are marked, and how all of them are published again."""

import pytest

from routines import actions, queries, tasks
from routines.models import (
    Contact,
    LegalReference,
    Markup,
    PlacedContact,
    RoutineVersion,
    Template,
    Verdict,
    VersionState,
)
from tests.routines import printed
from tests.routines.republished import NEW, OLD, call_another, corrections, stale
from units.models import Message, Refused, Unit, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def contact(coordinator: User) -> Contact:
    return printed.contact()


@pytest.fixture
def law(coordinator: User) -> LegalReference:
    return printed.law()


@pytest.fixture
def version(unit: Unit, manager: User, contact: Contact, law: LegalReference) -> RoutineVersion:
    """In force, with a PDF that shows the contact and the law."""
    return printed.in_force(unit, by=manager, contacts=[contact], laws=[law])


# --- Which PDFs show an older wording ------------------------------------------------------------------------------


def test_published_version_shows_what_the_registries_say(version: RoutineVersion) -> None:
    text = printed.pdf_text(version)
    assert OLD in text
    assert "Lag om Anmälan" in text
    assert stale() == []


def test_changed_number_marks_the_pdf_that_has_it_and_no_other(
    version: RoutineVersion, contact: Contact, unit: Unit, manager: User
) -> None:
    printed.in_force(unit, by=manager, contacts=[printed.contact("Polisen")], title="Annan")
    call_another(contact)
    assert stale() == [version]
    assert queries.changed_since_printed(stale()) == {version.pk: ["Socialjouren"]}
    assert OLD in printed.pdf_text(version)


def test_changed_law_marks_the_pdf(version: RoutineVersion, law: LegalReference, coordinator: User) -> None:
    fields = {name: getattr(law, name) for name in law.EDITED}
    actions.change_entry(law, {**fields, "place": "2 §"}, by=coordinator)
    assert queries.changed_since_printed(stale()) == {version.pk: ["Lag om Anmälan 2 §"]}


def test_first_check_marks_the_pdf_because_it_says_not_checked(unit: Unit, manager: User, coordinator: User) -> None:
    contact = printed.contact(checked_on=None, checked_by=None)
    version = printed.in_force(unit, by=manager, contacts=[contact])
    assert "inte kontrollerad" in printed.pdf_text(version).lower()
    actions.check_entry(contact, by=coordinator)
    assert stale() == [version]
    actions.republish_affected(by=coordinator)
    tasks.publish_approved_versions()
    [newest] = RoutineVersion.objects.in_force()
    assert "inte kontrollerad" not in printed.pdf_text(newest).lower()


def test_change_that_is_not_printed_marks_nothing(version: RoutineVersion, contact: Contact, coordinator: User) -> None:
    fields = {name: getattr(contact, name) for name in contact.EDITED}
    actions.change_entry(contact, {**fields, "source": "Ringde"}, by=coordinator)
    assert stale() == []


def test_only_versions_in_force_are_marked(
    version: RoutineVersion, contact: Contact, coordinator: User, manager: User
) -> None:
    """Neither what was, nor what is being written, nor what was withdrawn."""
    actions.start_version(version.routine, by=manager)
    actions.withdraw_version(version, reason="Slogs ihop", by=coordinator)
    call_another(contact)
    assert stale() == []
    assert actions.republish_affected(by=coordinator) == actions.Republished()
    assert corrections(version) == ["2.0"]


# --- Entries that were taken out ------------------------------------------------------------------------------------


def test_retired_contact_marks_the_pdf_and_leaves_pages_and_new_versions(
    version: RoutineVersion, contact: Contact, law: LegalReference, coordinator: User, manager: User
) -> None:
    actions.retire_entry(contact, by=coordinator)
    assert stale() == [version]
    draft = actions.start_version(version.routine, by=manager)
    assert not PlacedContact.objects.filter(section__version=draft).exists()
    assert [row.contacts for row in printed.now(version).sections.all()] == [[], [], []]
    actions.republish_affected(by=coordinator)
    tasks.publish_approved_versions()
    [newest] = RoutineVersion.objects.in_force()
    assert (newest.number, stale()) == ("1.1", [])
    assert OLD not in printed.pdf_text(newest)
    assert not PlacedContact.objects.filter(section__version=newest).exists()


def test_new_routine_carries_no_retired_entry_of_its_template(
    unit: Unit, coordinator: User, contact: Contact, law: LegalReference
) -> None:
    actions.seed_templates()
    template = Template.objects.earliest("pk")
    kept = printed.contact("Polisen")
    section = template.sections.create(key="vem", position=99, heading="Vem", kind="contacts")
    section.contacts.set([contact, kept])
    section.legal_references.set([law])
    actions.retire_entry(contact, by=coordinator)
    actions.retire_entry(law, by=coordinator)
    made = actions.create_routine(unit, template=template, title="Ny", by=coordinator)
    taken = made.versions.get().sections.get(key="vem")
    assert [row.contact for row in taken.placed_contacts.all()] == [kept]
    assert not taken.placed_references.exists()


def test_contact_retired_while_a_version_waits_is_not_printed_and_not_marked(
    unit: Unit, manager: User, contact: Contact, coordinator: User
) -> None:
    version = printed.approved(unit, by=manager, contacts=[contact, printed.contact("Polisen", phone="114 14")])
    actions.retire_entry(contact, by=coordinator)
    published = printed.publish(version)
    assert "114 14" in printed.pdf_text(published)
    assert OLD not in printed.pdf_text(published)
    assert stale() == []
    actions.add_entry(Contact(name=contact.name, phone=OLD), by=coordinator)
    assert stale() == [published]


# --- All of them again, in one action --------------------------------------------------------------------------------


def test_republish_makes_a_correction_with_the_same_text_and_approval(
    version: RoutineVersion, contact: Contact, coordinator: User, manager: User
) -> None:
    call_another(contact)
    [made] = actions.republish_affected(by=coordinator).versions
    made = printed.now(made)
    assert (made.number, made.state, made.based_on) == ("1.1", VersionState.APPROVED, version)
    assert (made.approved_by, made.approved_at) == (manager, version.approved_at)
    assert (made.applies_to, made.review_months, made.discarded_at) == ("Alla", 18, None)
    assert made.change_note == "Aktuella uppgifter ur registret: Socialjouren."
    assert [(row.key, row.heading, row.body, row.markup) for row in made.sections.all()] == [
        (row.key, row.heading, row.body, row.markup) for row in version.sections.all()
    ]
    approval = made.approvals.get()
    assert (approval.verdict, approval.by) == (Verdict.CARRIED, coordinator)
    assert approval.content_sha256 == made.content_sha256()


def test_old_version_applies_until_the_new_pdf_is_there(
    version: RoutineVersion, contact: Contact, coordinator: User
) -> None:
    call_another(contact)
    [made] = actions.republish_affected(by=coordinator).versions
    assert printed.now(version).state == VersionState.IN_FORCE
    tasks.publish_version(made.pk)
    assert printed.now(version).state == VersionState.SUPERSEDED
    made = printed.now(made)
    assert (made.state, stale()) == (VersionState.IN_FORCE, [])
    assert NEW in printed.pdf_text(made)
    assert OLD not in printed.pdf_text(made)
    assert OLD in printed.pdf_text(printed.now(version))


def test_correction_moves_no_review_date_and_mails_no_coordinator(
    version: RoutineVersion, contact: Contact, coordinator: User, manager: User
) -> None:
    call_another(contact)
    before = Message.objects.filter(recipient=coordinator).count()
    actions.republish_affected(by=coordinator)
    tasks.publish_approved_versions()
    [newest] = RoutineVersion.objects.in_force()
    assert newest.review_on == version.review_on
    assert Message.objects.filter(recipient=coordinator).count() == before


def test_text_of_the_old_markup_is_carried_as_it_was_written(unit: Unit, manager: User, coordinator: User) -> None:
    contact = printed.contact()
    old = printed.in_force(unit, by=manager, contacts=[contact], markup=Markup.PLAIN)
    call_another(contact)
    [made] = actions.republish_affected(by=coordinator).versions
    first = made.sections.get(key="syfte")
    assert (first.markup, first.body) == (Markup.PLAIN, old.sections.get(key="syfte").body)


def test_again_after_that_is_the_next_correction(version: RoutineVersion, contact: Contact, coordinator: User) -> None:
    for number in (NEW, "08-333 33 33"):
        call_another(Contact.objects.get(pk=contact.pk), number)
        actions.republish_affected(by=coordinator)
        tasks.publish_approved_versions()
    [newest] = RoutineVersion.objects.in_force()
    assert newest.number == "1.2"
    assert "08-333 33 33" in printed.pdf_text(newest)


def test_second_press_makes_nothing_new(version: RoutineVersion, contact: Contact, coordinator: User) -> None:
    call_another(contact)
    first = actions.republish_affected(by=coordinator)
    second = actions.republish_affected(by=coordinator)
    assert (second.versions, second.passed_over) == (first.versions, [])
    assert corrections(version) == ["1.1"]
    tasks.publish_approved_versions()
    assert actions.republish_affected(by=coordinator) == actions.Republished()


def test_many_corrections_are_made_by_the_worker_after_the_first_ones(
    version: RoutineVersion, contact: Contact, coordinator: User, manager: User, unit: Unit
) -> None:
    others = [printed.in_force(unit, by=manager, contacts=[contact], title=title) for title in ("A", "B")]
    call_another(contact)
    result = actions.republish_affected(by=coordinator, at_once=1)
    assert (len(result.versions), result.left, len(queries.stale_without_new_pdf())) == (1, 2, 2)
    tasks.republish_affected(coordinator.pk)
    tasks.republish_affected(coordinator.pk)
    assert [corrections(row) for row in (version, *others)] == [["1.1"]] * 3
    tasks.republish_affected(0)


def test_only_a_coordinator_republishes(version: RoutineVersion, contact: Contact, manager: User) -> None:
    call_another(contact)
    with pytest.raises(Refused, match="samordnaren"):
        actions.republish(version, by=manager)
    assert corrections(version) == []


# --- Whoever else works on the routine ----------------------------------------------------------------------------


def test_managers_draft_stays_as_it_is(
    version: RoutineVersion, contact: Contact, coordinator: User, manager: User
) -> None:
    draft = actions.start_version(version.routine, by=manager)
    draft.sections.filter(key="syfte").update(body="<p>Mitt halvfärdiga.</p>")
    call_another(contact)
    actions.republish_affected(by=coordinator)
    tasks.publish_approved_versions()
    draft = printed.now(draft)
    assert (draft.number, draft.state) == ("2.0", VersionState.DRAFT)
    assert draft.sections.get(key="syfte").body == "<p>Mitt halvfärdiga.</p>"
    assert [row.number for row in RoutineVersion.objects.in_force()] == ["1.1"]


def test_draft_with_the_number_of_the_correction_gets_the_next(
    version: RoutineVersion, contact: Contact, coordinator: User, manager: User
) -> None:
    draft = actions.start_version(version.routine, by=manager, is_minor=True)
    draft.sections.filter(key="syfte").update(body="<p>Mitt halvfärdiga.</p>")
    call_another(contact)
    actions.republish_affected(by=coordinator)
    draft = printed.now(draft)
    assert (draft.number, draft.state, draft.approvals.count()) == ("1.2", VersionState.DRAFT, 0)
    assert draft.sections.get(key="syfte").body == "<p>Mitt halvfärdiga.</p>"
    tasks.publish_approved_versions()
    assert [row.number for row in RoutineVersion.objects.in_force()] == ["1.1"]


@pytest.mark.parametrize("state", [VersionState.IN_REVIEW, VersionState.ENDORSED])
def test_version_under_review_that_gets_another_number_is_reviewed_again(
    state: VersionState, version: RoutineVersion, contact: Contact, coordinator: User, manager: User
) -> None:
    """What was endorsed bound to the number too. Its text is not touched, and the routine says why."""
    draft = actions.start_version(version.routine, by=manager, is_minor=True)
    actions.submit_version(draft, by=manager)
    if state == VersionState.ENDORSED:
        actions.endorse_version(draft, by=coordinator)
    call_another(contact)
    assert queries.reviews_to_start_over() == [draft]
    actions.republish_affected(by=coordinator)
    draft = printed.now(draft)
    assert (draft.number, draft.state) == ("1.2", VersionState.DRAFT)
    last = draft.last_approval
    assert last is not None
    assert (last.verdict, last.by) == (Verdict.REOPENED, coordinator)
    assert "heter nu 1.2" in last.comment
    tasks.publish_approved_versions()
    actions.submit_version(draft, by=manager)
    actions.endorse_version(draft, by=coordinator)
    actions.approve_version(draft, by=manager)
    assert printed.publish(draft).number == "1.2"


def test_version_under_review_with_a_number_of_its_own_stays_under_review(
    version: RoutineVersion, contact: Contact, coordinator: User, manager: User
) -> None:
    draft = actions.start_version(version.routine, by=manager)
    actions.submit_version(draft, by=manager)
    actions.endorse_version(draft, by=coordinator)
    call_another(contact)
    assert queries.reviews_to_start_over() == []
    actions.republish_affected(by=coordinator)
    tasks.publish_approved_versions()
    actions.approve_version(draft, by=manager)
    assert printed.publish(draft).number == "2.0"


@pytest.mark.parametrize("has_failed", [False, True])
def test_routine_with_another_version_on_its_way_is_passed_over_and_named(
    has_failed: bool, version: RoutineVersion, contact: Contact, coordinator: User, manager: User
) -> None:
    newer = actions.start_version(version.routine, by=manager)
    actions.submit_version(newer, by=manager)
    actions.endorse_version(newer, by=coordinator)
    actions.approve_version(newer, by=manager)
    if has_failed:
        actions.note_publish_failure(newer, error="Disken är full.")
    call_another(contact)
    result = actions.republish_affected(by=coordinator)
    assert (result.versions, result.passed_over) == ([], [version])
    assert corrections(version) == ["2.0"]


def test_one_that_is_passed_over_stops_none_behind_it(
    version: RoutineVersion, contact: Contact, coordinator: User, manager: User, unit: Unit
) -> None:
    other = printed.in_force(unit, by=manager, contacts=[contact], title="Annan")
    newer = actions.start_version(version.routine, by=manager)
    for decide, by in [
        (actions.submit_version, manager),
        (actions.endorse_version, coordinator),
        (actions.approve_version, manager),
    ]:
        decide(newer, by=by)
    call_another(contact)
    result = actions.republish_affected(by=coordinator)
    assert [row.routine for row in result.versions] == [other.routine]
    assert result.passed_over == [version]


def test_correction_of_a_routine_that_is_withdrawn_meanwhile_is_thrown_away(
    version: RoutineVersion, contact: Contact, coordinator: User
) -> None:
    call_another(contact)
    [made] = actions.republish_affected(by=coordinator).versions
    actions.withdraw_version(version, reason="Slogs ihop med skolans", by=coordinator)
    tasks.publish_version(made.pk)
    tasks.publish_approved_versions()
    assert (printed.now(made).state, made.routine.in_force) == (VersionState.DISCARDED, None)


# --- How far it has come -------------------------------------------------------------------------------------------


def test_progress_counts_what_was_published_again_together(
    contact: Contact, unit: Unit, coordinator: User, manager: User
) -> None:
    for title in ("A", "B", "C"):
        printed.in_force(unit, by=manager, contacts=[contact], title=title)
    assert queries.republishing_progress() is None
    call_another(contact)
    first, second, third = actions.republish_affected(by=coordinator).versions
    assert counted() == (3, 0, 3)
    tasks.publish_version(first.pk)
    tasks.publish_version(second.pk)
    assert counted() == (3, 2, 1)
    tasks.publish_version(third.pk)
    assert counted() == (3, 3, 0)
    call_another(Contact.objects.get(pk=contact.pk), "112")
    actions.republish_affected(by=coordinator)
    assert counted() == (3, 0, 3)


def counted() -> tuple[int, int, int]:
    progress = queries.republishing_progress()
    assert progress is not None
    return progress.total, progress.done, progress.remaining
