"""Step 3 in the demonstration: routines in every state, older versions, the plan, who has read, what is shared."""

from jarfalla import clock
from jarfalla.demo.evidence import days_ago
from jarfalla.demo.scenarios import Scenario
from routines import actions
from routines.models import Contact, RoutineVersion, Template
from units.models import Step, Unit, User

TITLE = "När vi är oroliga för hedersrelaterat våld"
RESPONSIBLE = (
    "<p>Chefen har ansvaret för att rutinen följs och för att nya läser den under sin första vecka. Den som är orolig "
    "anmäler själv, med stöd av chefen. Är chefen borta gäller det den som vikarierar.</p>"
)
WAY = ["draft", "in_review", "endorsed", "approved"]
# Of ten who work in the unit so many have read the version in force.
HAVE_READ_OF_TEN = 6
CHECKED = ["Akut fara", "Polisen, ej akut", "BRIS"]
REWORDED = "Järfälla kvinnojour"


def write_routine(
    unit: Unit, scenario: Scenario, *, coordinator: User, manager: User, staff: list[User], publish_now: bool
) -> None:
    """A routine from the template for the unit's kind, walked as far as the scenario says.

    What was decided before step 3 is dated before it. The worker makes the PDF of a version that is only approved
    after the demonstration has started, as it always does.
    """
    if not scenario.routine:
        return
    step_3 = scenario.steps[Step.ROUTINES - 1] if len(scenario.steps) >= Step.ROUTINES else None
    with days_ago(step_3 + 5 if step_3 is not None else 3):
        version = _walk(unit, scenario, coordinator=coordinator, manager=manager)
        if scenario.routine != "in_force" or not publish_now:
            return
        version = actions.publish(version)
        if step_3 is not None:
            where = "Verksamhetsplanen, avsnittet om trygghet"
            actions.record_plan_entry(version.routine, written_on=clock.today(), reference=where, by=manager)
    if scenario.second_version:
        version = _second_version(version, coordinator=coordinator, manager=manager)
    if scenario.shares:
        actions.share_routine(version.routine, by=manager)
    for person in staff[: len(staff) * HAVE_READ_OF_TEN // 10]:
        actions.note_read(version, by=person)


def _walk(unit: Unit, scenario: Scenario, *, coordinator: User, manager: User) -> RoutineVersion:
    """The first version, from the template to where the scenario leaves it."""
    template = Template.objects.filter(kinds__contains=[unit.kind]).first() or Template.objects.earliest("pk")
    routine = actions.create_routine(unit, template=template, title=TITLE, by=coordinator)
    version = routine.versions.get()
    reached = {"in_force": "approved", "returned": "in_review"}.get(scenario.routine, scenario.routine)
    if reached != "draft":
        _describe(version, by=manager)
    _decide(version, reached, coordinator=coordinator, manager=manager)
    if scenario.routine == "returned":
        actions.return_version(version, comment="Skriv vem som kontaktas när chefen är borta.", by=coordinator)
    return version


def _describe(version: RoutineVersion, *, by: User) -> None:
    """What the template leaves to the unit, and what a municipality prints about a document."""
    empty = [section for section in version.sections.filter(is_mandatory=True, body="") if section.is_empty]
    actions.write_sections(version, {section.key: RESPONSIBLE for section in empty}, by=by)
    number = f"{version.routine.unit.pk:03d}"
    RoutineVersion.objects.filter(pk=version.pk).update(
        owner_title="Enhetens chef", diary_number=f"Dnr {clock.today().year}-{number}"
    )
    version.refresh_from_db()


def _decide(version: RoutineVersion, reached: str, *, coordinator: User, manager: User) -> None:
    """Submit, endorse and approve, as far as it goes."""
    if WAY.index(reached) >= WAY.index("in_review"):
        actions.submit_version(version, by=manager)
    if WAY.index(reached) >= WAY.index("endorsed"):
        actions.endorse_version(version, by=coordinator)
    if reached == "approved":
        actions.approve_version(version, by=manager)


def _second_version(first: RoutineVersion, *, coordinator: User, manager: User) -> RoutineVersion:
    """What the unit learnt in half a year: the older version stays readable, and the two can be compared."""
    with days_ago(50):
        second = actions.start_version(first.routine, by=manager)
        section = second.sections.get(key="samtal")
        learnt = "<p>Vi använder det lilla mötesrummet på övervåningen. Där hörs inget ut.</p>"
        actions.write_sections(second, {section.key: section.body + learnt}, by=manager)
        RoutineVersion.objects.filter(pk=second.pk).update(change_note="Vilket rum vi använder för samtalet.")
        second.refresh_from_db()
        _decide(second, "approved", coordinator=coordinator, manager=manager)
        return actions.publish(second)


def check_contacts(*, by: User) -> None:
    """Somebody looked up three of the contacts before the first routine was written, and again this month."""
    for ago in (700, 20):
        with days_ago(ago):
            for contact in Contact.objects.filter(name__in=CHECKED):
                actions.check_entry(contact, by=by)


def reword_contact(*, by: User) -> None:
    """A change that marks every PDF in force that prints the contact: the coordinator can publish them anew."""
    contact = Contact.objects.get(name=REWORDED)
    actions.change_entry(contact, {"audience": "kvinnor som är utsatta, och deras barn"}, by=by)
