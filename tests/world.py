"""One unit with a bit of everything: what the role matrix and the accessibility tests walk through."""

import datetime as dt
import uuid
from dataclasses import dataclass

from courses import actions as courses
from courses.models import Completion, GroupSession, Material, Purpose, SignUp, Statement, Survey, Training
from followups import actions as followups
from followups.models import Decision, Promise, SupportAction
from jarfalla import clock
from jarfalla.tables import open_table
from routines import actions as routines
from routines.models import Contact, Export, ExportKind, Routine, Template, TemplateSection
from tests import factories
from units import actions
from units.mail import Letter
from units.models import (
    CalendarFeed,
    ImportKind,
    ListImport,
    Membership,
    Message,
    Round,
    Step,
    Unit,
    UnitImport,
    User,
)

NEW_UNIT = {"name": "Ny förskola", "kind": "preschool", "ownership": "municipal"}
DRAFT_TITLE = "Hemligt utkast som ingen annan ska se"
# As the editor makes it: wider than a telephone.
WIDE_TABLE = (
    "<table><thead><tr><th>Ålder</th><th>Tecken</th><th>Vem du ringer</th><th>Telefonnummer</th></tr></thead><tbody>"
    "<tr><td>0–5 år</td><td>Nedstämdhet</td><td>Socialtjänstens mottagning</td><td>08-580 285 00</td></tr>"
    "</tbody></table>"
)


@dataclass(frozen=True)
class World:
    """The rows that addresses need."""

    unit: Unit
    round: Round
    membership: Membership
    session: GroupSession
    completion: Completion
    training: Training
    held: Training
    sign_up: SignUp
    in_force: Routine
    draft: Routine
    in_review: Routine
    shared: Routine
    endorsed: Routine
    contact: Contact
    support_action: SupportAction
    message: Message
    unit_import: UnitImport
    list_import: ListImport
    pulse: Survey
    evaluation: Survey
    statement: Statement
    calendar_feed: CalendarFeed
    material: Material
    binder: Export
    package: Export
    template_section: TemplateSection


def build(unit: Unit, *, coordinator: User, manager: User, member: User) -> World:
    """Take `unit` to its follow-up, seven months after step 3, with a routine in each state."""
    long_ago, round_ = clock.today() - dt.timedelta(days=215), factories.open_round(unit)
    seed()
    answered(courses.open_pulse(round_, purpose=Purpose.BEFORE, by=manager), value=2)
    session, completion = web_course(round_, on=long_ago, manager=manager, member=member)
    training, held = booked(round_, "Tidiga tecken", 3, by=coordinator), held_training(round_, long_ago, by=coordinator)
    answered(courses.open_pulse(round_, purpose=Purpose.AFTER, by=manager), value=4)
    evaluation = answered(courses.open_evaluation(held, by=coordinator), value=5, comment="Tack för en bra dag")
    people = {"coordinator": coordinator, "manager": manager}
    in_force = walk(unit, "Vår rutin", **people, as_far_as="in_force")
    actions.complete_step(round_, Step.ROUTINES, on=long_ago, by=manager)
    return World(
        unit=unit,
        pulse=courses.open_pulse(round_, purpose=Purpose.FOLLOW_UP, by=manager),
        evaluation=evaluation,
        statement=Statement.objects.earliest("pk"),
        calendar_feed=actions.open_feed(member),
        material=factories.material(by=coordinator),
        round=round_,
        membership=member.memberships.get(),
        session=session,
        completion=completion,
        training=training,
        held=held,
        sign_up=signed_up(training),
        in_force=in_force,
        draft=walk(unit, DRAFT_TITLE, **people, as_far_as="draft"),
        in_review=walk(unit, "Granskas", **people, as_far_as="in_review"),
        shared=shared_routine(unit, like=in_force, by=manager),
        endorsed=walk(unit, "Fastställs", **people, as_far_as="endorsed"),
        contact=Contact.objects.earliest("position"),
        support_action=support_promised(round_, by=coordinator),
        message=letter_to(manager, unit),
        binder=routines.ask_for_export(ExportKind.BINDER, unit=unit, by=coordinator),
        package=packed(by=coordinator),
        unit_import=UnitImport.objects.create(file_name="lista.csv", rows=[NEW_UNIT], uploaded_by=coordinator),
        list_import=staff_list(unit, by=coordinator),
        template_section=changed_section(in_force, by=coordinator),
    )


def web_course(round_: Round, *, on: dt.date, manager: User, member: User) -> tuple[GroupSession, Completion]:
    """Step 1: the manager took the course in a group, the member alone."""
    session = courses.record_group_session(round_.unit, held_on=on, members=[manager], headcount=None, by=manager)
    [completion] = courses.record_completions(round_.unit, users=[member], on=on, by=manager)
    courses.complete_web_course(round_, on=on, by=manager)
    return session, completion


def held_training(round_: Round, on: dt.date, *, by: User) -> Training:
    """A training that took place."""
    return courses.hold_training(booked(round_, "Samtalet", -215, by=by), on=on, by=by)


def changed_section(routine: Routine, *, by: User) -> TemplateSection:
    """A section of the routine's template that the coordinator has changed since: offered to all routines made from it.

    Another one has come, and a third one is gone.
    """
    template = routine.template
    assert template is not None
    free = list(template.sections.filter(kind="text", is_locked=False, is_mandatory=False).order_by("position"))
    routines.remove_section(template, free[-1].key, by=by)
    routines.add_section(template, kind="checklist", heading="Resor", after="", by=by, body="Fråga varför.")
    return routines.write_section(free[0], heading="Ny rubrik i mallen", body="<p>Mallens nya ord.</p>", by=by)


def seed() -> None:
    """What every municipality starts with."""
    courses.seed_materials()
    courses.seed_statements()
    routines.seed_contacts()
    routines.seed_legal_references()
    routines.seed_templates()


def booked(round_: Round, title: str, days: int, *, by: User) -> Training:
    """A training so many days from now, or ago."""
    return courses.book_training(round_, title=title, starts_at=clock.now() + dt.timedelta(days=days), by=by)


def answered(survey: Survey, *, value: int, comment: str = "") -> Survey:
    """The survey, closed with five answers that chose `value` for everything."""
    ratings = dict.fromkeys(survey.statements.values_list("pk", flat=True), value)
    for _ in range(5):
        courses.answer_survey(survey, token=uuid.uuid4(), ratings=ratings, comment=comment)
    return courses.close_survey(survey)


def signed_up(training: Training) -> SignUp:
    """Somebody who waits for a place, behind another who has the only one."""
    Training.objects.filter(pk=training.pk).update(takes_sign_ups=True, capacity=2)
    rows = [
        courses.sign_up(
            training, name=name, email=email, organisation="Solna stad", seats=2, token=uuid.uuid4(), language="sv"
        )
        for name, email in [("Gun Gäst", "gun@solna.example"), ("Vera Väntar", "vera@solna.example")]
    ]
    return rows[-1]


def support_promised(round_: Round, *, by: User) -> SupportAction:
    """What a follow-up that led to more support promised; the next contact is booked."""
    follow_up = followups.record_follow_up(
        round_,
        held_on=clock.today(),
        decision=Decision.MORE_SUPPORT,
        said=followups.Said(
            routines_note="Ja, hemliga anteckningen", lesson="Fråga varje förälder i hallen", lesson_may_be_shared=True
        ),
        support_actions=[Promise("Gå igenom rutinen", "Chefen", clock.today() + dt.timedelta(days=30))],
        by=by,
    )
    starts_at = clock.now() + dt.timedelta(days=14)
    followups.book_contact(round_, starts_at=starts_at, place="Hemlig möteslänk", by=by)
    return follow_up.support_actions.get()


def shared_routine(unit: Unit, *, like: Routine, by: User) -> Routine:
    """A routine that the unit offers to the others, with another's PDF: rendering one more would only take time."""
    printed = like.in_force
    assert printed is not None
    routine = Routine.objects.create(unit=unit, title="Delad rutin", slug="delad-rutin", created_by=by)
    version = routine.versions.create(major=1, created_by=by, change_note="Första versionen")
    version.sections.create(key="syfte", position=1, heading="Syfte", body="<p>Vi hjälps åt.</p>")
    version.approved_at, version.approved_by, version.in_force_at = clock.now(), by, clock.now()
    version.pdf.name, version.pdf_sha256 = printed.pdf.name, printed.pdf_sha256
    version.save()
    routines.share_routine(routine, by=by)
    return routine


def packed(*, by: User) -> Export:
    """A ZIP of everything in force, made."""
    asked = routines.ask_for_export(ExportKind.ALL, by=by)
    routines.make_export(asked.pk)
    return Export.objects.get(pk=asked.pk)


def staff_list(unit: Unit, *, by: User) -> ListImport:
    """A staff list that has been read and waits for a decision: somebody new, somebody left out, and a bad row."""
    content = f"E-post;Namn;Enhet\nny@example.org;Ny Person;{unit.name}\nfel;Fel Person;{unit.name}\n".encode()
    table = open_table("personal.csv", content)
    kept = actions.upload_list(ImportKind.STAFF, table, file_name="personal.csv", content=content, by=by)
    actions.map_columns(kept, mapping={"email": 0, "name": 1, "unit": 2}, is_complete=True)
    actions.read_import(kept.pk)
    return ListImport.objects.get(pk=kept.pk)


def letter_to(user: User, unit: Unit) -> Message:
    """A letter that waits in the outbox."""
    message = actions.post_letter(
        Letter(key="world", recipient=user, subject="Hej", text="Hej\n", html="<p>Hej</p>"), unit=unit
    )
    assert message is not None
    return message


def walk(unit: Unit, title: str, *, coordinator: User, manager: User, as_far_as: str) -> Routine:
    """A routine that has come as far as draft, in_review, endorsed or in_force; its PDF is a real one."""
    routine = routines.create_routine(unit, template=Template.objects.earliest("pk"), title=title, by=coordinator)
    version = routine.versions.get()
    empty = version.sections.filter(is_mandatory=True, body="")
    routines.write_sections(version, {row.key: "Det här gör rektor Eva." for row in empty}, by=manager)
    text = version.sections.filter(is_mandatory=True, is_locked=False, kind="text").first()
    assert text is not None
    routines.write_sections(version, {text.key: WIDE_TABLE}, by=manager)
    way = ["draft", "in_review", "endorsed", "in_force"]
    reached = way.index(as_far_as)
    if reached >= way.index("in_review"):
        factories.write_what_is_missing(version, by=manager)
        routines.submit_version(version, by=manager)
    if reached >= way.index("endorsed"):
        routines.endorse_version(version, by=coordinator)
    if as_far_as == "in_force":
        routines.approve_version(version, by=manager)
        published = routines.publish(version)
        assert published.in_force_at, published.publish_error
    return Routine.objects.get(pk=routine.pk)
