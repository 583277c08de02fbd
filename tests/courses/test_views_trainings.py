"""Step 2, the trainings and the material: pages by role, and what their buttons do."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from courses import actions
from courses.models import Material, Training
from jarfalla import clock
from tests import factories
from tests.conftest import SignIn
from tests.courses import rows
from tests.courses.rows import DAY, booking
from units.actions import withdraw_step
from units.models import Message, Round, Step, StepCompletion, Unit, User

pytestmark = pytest.mark.django_db


def text(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


@pytest.fixture
def round_(unit: Unit, manager: User) -> Round:
    """The unit's round, with step 1 completed."""
    return rows.past_step_1(unit, manager)


def test_coordinator_books_and_the_unit_sees_it(
    unit: Unit, manager: User, member: User, coordinator: User, sign_in: SignIn
) -> None:
    response = sign_in(coordinator).post(reverse("training_book", args=[unit.slug]), booking(unit))
    training = Training.objects.get()
    assert response["Location"] == training.get_absolute_url()
    assert timezone.localtime(training.starts_at).time() == dt.time(13, 15)
    assert not Message.objects.exists()  # that is the worker's
    for user in (manager, member):
        html = text(sign_in(user).get(reverse("step_2", args=[unit.slug])))
        assert "Heder i förskolan" in html
        assert "Planerad" in html
        assert "Aspnässalen" in html
        assert "Planera en utbildning" not in html


def test_booking_error_stands_at_its_field(unit: Unit, coordinator: User, sign_in: SignIn) -> None:
    data = booking(unit, title="Samtal om 811218-9876", time="")
    html = text(sign_in(coordinator).post(reverse("training_book", args=[unit.slug]), data))
    assert "<title>Fel: Planera en utbildning" in html
    assert 'aria-invalid="true"' in html
    assert "Samtal om 811218-9876" in html  # shown back to its author
    assert not Training.objects.exists()


def test_one_click_after_the_training_completes_step_2(
    unit: Unit, round_: Round, coordinator: User, sign_in: SignIn
) -> None:
    training = rows.training(round_, by=coordinator, days=-2)
    client = sign_in(coordinator)
    html = text(client.get(reverse("step_2", args=[unit.slug])))
    assert "Hölls den?" in html
    assert "Ja, den hölls" in html
    assert "Nej, den blev inte av" in html
    on = clock.today() - 2 * DAY
    data = {"held_on": str(on), f"headcount_{round_.pk}": "9"}
    html = text(client.post(reverse("training_held", args=[training.pk]), data, follow=True))
    assert "Utbildningen är genomförd och steg 2 är klart." in html
    assert round_.standing()[Step.TRAINING].completed_on == on
    assert "Hölls den?" not in html


def test_training_held_before_step_1_says_why_step_2_waits(unit: Unit, coordinator: User, sign_in: SignIn) -> None:
    round_ = rows.covered_round(unit)
    training = rows.training(round_, by=coordinator, days=-2)
    client = sign_in(coordinator)
    held_on = clock.today() - 2 * DAY
    client.post(reverse("training_held", args=[training.pk]), {"held_on": str(held_on)})
    waits = "Utbildningen är genomförd, men steget väntar. Steg 1, webbkurs, måste vara klart först."
    assert waits in text(client.get(reverse("step_2", args=[unit.slug])))
    actions.complete_web_course(round_, on=clock.today(), by=coordinator)
    html = text(client.get(reverse("step_2", args=[unit.slug])))
    assert "Registrera steg 2 som klart" in html
    assert f'name="on" value="{held_on}"' in html
    response = client.post(reverse("training_complete", args=[unit.slug]), {"on": str(held_on)})
    assert response["Location"] == unit.get_absolute_url()
    assert round_.standing()[Step.TRAINING].completed_on == held_on


def test_step_2_without_a_training_needs_a_reason(
    unit: Unit, round_: Round, coordinator: User, member: User, sign_in: SignIn
) -> None:
    client, address = sign_in(coordinator), reverse("training_complete", args=[unit.slug])
    html = text(client.post(address, {"on": str(clock.today())}))
    assert "Ingen utbildning är registrerad som genomförd i den här omgången." in html
    assert Step.TRAINING not in round_.standing()
    client.post(address, {"on": str(clock.today()), "override_reason": "Gick länsstyrelsens dag"})
    html = text(sign_in(member).get(reverse("step_2", args=[unit.slug])))
    assert "Undantag: Gick länsstyrelsens dag" in html


def test_cancelled_training_shows_why(
    unit: Unit, coordinator: User, manager: User, member: User, sign_in: SignIn
) -> None:
    training = rows.training(factories.open_round(unit), by=coordinator)
    address = reverse("training_cancel", args=[training.pk])
    client = sign_in(coordinator)
    html = text(client.post(address, {"reason": ""}))
    assert "Fyll i det här." in html
    html = text(client.post(address, {"reason": "Ledaren är sjuk"}, follow=True))
    assert "Utbildningen är inställd." in html
    for path in (training.get_absolute_url(), reverse("step_2", args=[unit.slug])):
        html = text(sign_in(member).get(path))
        assert "Inställd" in html
        assert "Ledaren är sjuk" in html


def test_answers_that_come_too_late_are_sentences(unit: Unit, coordinator: User, sign_in: SignIn) -> None:
    training = rows.training(factories.open_round(unit), by=coordinator, days=-1)
    client = sign_in(coordinator)
    actions.cancel_training(training, reason="Sjukdom", by=coordinator)
    held = client.post(reverse("training_held", args=[training.pk]), {"held_on": str(clock.today())})
    assert "Utbildningen är inställd. Planera en ny om den hölls ändå." in text(held)
    other = rows.training(factories.open_round(unit), by=coordinator, days=-2, title="En annan")
    actions.hold_training(other, on=clock.today(), by=coordinator)
    cancelled = client.post(reverse("training_cancel", args=[other.pk]), {"reason": "Ångrar mig"})
    assert "registrerad som genomförd och kan inte ställas in" in text(cancelled)


def test_forms_of_step_2_are_closed_to_others(
    unit: Unit,
    round_: Round,
    coordinator: User,
    manager: User,
    member: User,
    outsider: User,
    reader: User,
    sign_in: SignIn,
) -> None:
    training = rows.training(round_, by=coordinator, days=-1)
    posts = [
        (reverse("training_book", args=[unit.slug]), booking(unit)),
        (reverse("training_complete", args=[unit.slug]), {"on": str(clock.today()), "override_reason": "x"}),
        (reverse("training_held", args=[training.pk]), {"held_on": str(clock.today())}),
        (reverse("training_cancel", args=[training.pk]), {"reason": "x"}),
    ]
    for user, status in ((manager, 403), (member, 403), (outsider, 404), (reader, 403)):
        client = sign_in(user)
        assert [client.post(path, data).status_code for path, data in posts] == [status] * len(posts)
    training.refresh_from_db()
    assert (training.is_open, Training.objects.count(), StepCompletion.objects.count()) == (True, 1, 1)


def test_pages_of_a_training_by_role(
    unit: Unit, coordinator: User, manager: User, member: User, outsider: User, reader: User, sign_in: SignIn
) -> None:
    training = rows.training(factories.open_round(unit), by=coordinator, days=-1)
    for user in (manager, member):
        html = text(sign_in(user).get(training.get_absolute_url()))
        assert "Väntar på att samordnaren bekräftar" in html
        assert "<form method=" not in html.split("<main")[1].split("</main>")[0]
    for user in (outsider, reader):
        assert sign_in(user).get(training.get_absolute_url()).status_code == 404
        assert sign_in(user).get(reverse("step_2", args=[unit.slug])).status_code == 404


def test_trainings_list_shows_own_units_only(
    unit: Unit, coordinator: User, member: User, outsider: User, reader: User, sign_in: SignIn
) -> None:
    rows.training(factories.open_round(unit), by=coordinator, title="Vår utbildning")
    other = outsider.memberships.get().unit
    rows.training(factories.open_round(other), by=coordinator, title="Deras utbildning", days=-1)
    address = reverse("trainings")
    html = text(sign_in(coordinator).get(address))
    assert html.index("Deras utbildning") < html.index("Vår utbildning")  # what waits for an answer comes first
    assert "Hölls den? (1)" in html
    html = text(sign_in(member).get(address))
    assert "Vår utbildning" in html
    assert "Deras" not in html
    assert "Alla (1)" in html
    assert "Vår" not in text(sign_in(outsider).get(address))
    assert sign_in(reader).get(address).status_code == 404


def test_trainings_list_filters_by_state_and_takes_nonsense(unit: Unit, coordinator: User, sign_in: SignIn) -> None:
    round_ = factories.open_round(unit)
    rows.training(round_, by=coordinator, title="Kommande")
    rows.training(round_, by=coordinator, title="Passerad", days=-1)
    client = sign_in(coordinator)
    html = text(client.get(reverse("trainings"), {"visa": "booked"}))
    assert "Kommande" in html
    assert "Passerad" not in html
    assert "Här finns inga utbildningar just nu." in text(client.get(reverse("trainings"), {"visa": "held"}))
    html = text(client.get(reverse("trainings"), {"visa": "%00'", "page": "-9"}))
    assert "Kommande" in html
    assert "Passerad" in html


def test_trainings_list_keeps_the_filter_from_page_to_page(unit: Unit, coordinator: User, sign_in: SignIn) -> None:
    for number in range(26):
        rows.training(factories.open_round(unit), by=coordinator, title=f"Utbildning nr {number:02}", days=number + 1)
    client = sign_in(coordinator)
    first = text(client.get(reverse("trainings"), {"visa": "booked"}))
    assert 'href="?visa=booked&amp;page=2"' in first
    second = text(client.get(reverse("trainings"), {"visa": "booked", "page": "2"}))
    assert ("nr 24" in first, "nr 25" in first, "nr 24" in second, "nr 25" in second) == (True, False, False, True)


@pytest.mark.parametrize(("name", "most"), [("trainings", 8), ("step_2", 14)])
def test_lists_make_the_same_queries_for_1_and_3_rows(
    unit: Unit, coordinator: User, sign_in: SignIn, name: str, most: int
) -> None:
    client, counted = sign_in(coordinator), []
    address = reverse(name, args=[unit.slug] if name == "step_2" else [])
    for titles in (["1"], ["2", "3"]):
        for title in titles:
            rows.training(factories.open_round(unit), by=coordinator, title=title)
            other = factories.taking_part(factories.unit())
            rows.training(factories.open_round(other), by=coordinator)
        client.get(address)
        with CaptureQueriesContext(connection) as queries_made:
            client.get(address)
        counted.append(len(queries_made))
    assert counted[0] == counted[1] <= most


def test_materials_are_for_everybody_who_has_signed_in(reader: User, member: User, sign_in: SignIn) -> None:
    assert "Här finns inget material än." in text(sign_in(member).get(reverse("materials")))
    actions.seed_materials()
    for user in (reader, member):
        html = text(sign_in(user).get(reverse("materials")))
        assert "Liten och trygg" in html
        assert "För: förskola" in html
        assert 'href="https://www.webbkursheder.se"' in html
    assert "/logga-in/" in sign_in(None).get(reverse("materials"))["Location"]


def test_series_that_has_begun_says_which_part_is_missing(
    unit: Unit, round_: Round, coordinator: User, member: User, sign_in: SignIn
) -> None:
    times = [(clock.now() - 9 * DAY, None), (clock.now() + 5 * DAY, None)]
    first, _ = actions.plan_trainings([round_], times=times, title="Två föreläsningar", by=coordinator)
    client = sign_in(coordinator)
    assert "Steg 2 blir klart när alla delar i serien har hållits." in text(client.get(first.get_absolute_url()))
    held = {"held_on": str(clock.today() - 9 * DAY)}
    html = text(client.post(reverse("training_held", args=[first.pk]), held, follow=True))
    assert "Utbildningen är genomförd." in html
    assert "Del 2 av 2, ”Två föreläsningar” den" in html
    assert "Del 2 av 2, ”Två föreläsningar” den" in text(sign_in(member).get(reverse("step_2", args=[unit.slug])))
    html = text(client.post(reverse("training_complete", args=[unit.slug]), {"on": str(clock.today())}))
    assert "är inte genomförd än." in html


def test_held_by_mistake_is_taken_back_with_a_reason(
    unit: Unit, round_: Round, coordinator: User, member: User, sign_in: SignIn
) -> None:
    training = rows.training(round_, by=coordinator, days=-2)
    actions.hold_training(training, on=clock.today(), by=coordinator)
    client, address = sign_in(coordinator), reverse("training_reopen", args=[training.pk])
    assert "Blev det fel?" in text(client.get(training.get_absolute_url()))
    assert "Fyll i det här." in text(client.post(address, {"reason": ""}))
    html = text(client.post(address, {"reason": "Fel enhet"}))
    assert "Steg 2 är registrerat för Tallbackens förskola och vilar på den här utbildningen." in html
    withdraw_step(round_.standing()[Step.TRAINING], reason="Fel enhet", by=coordinator)
    html = text(client.post(address, {"reason": "Fel enhet"}, follow=True))
    assert "Utbildningen är inte längre registrerad som genomförd." in html
    html = text(sign_in(member).get(training.get_absolute_url()))
    assert "Sam Samordnare: Fel enhet" in html
    assert "Blev det fel?" not in html


def test_training_that_did_not_come_about_says_so(unit: Unit, coordinator: User, member: User, sign_in: SignIn) -> None:
    training = rows.training(factories.open_round(unit), by=coordinator, days=-1)
    client = sign_in(coordinator)
    client.post(reverse("training_cancel", args=[training.pk]), {"reason": "Ledaren blev sjuk"})
    for user in (coordinator, member):
        html = text(sign_in(user).get(training.get_absolute_url()))
        assert "Blev inte av" in html
        assert "Varför den inte blev av" in html
    html = text(client.get(reverse("trainings"), {"visa": "not_held"}))
    assert "Blev inte av (1)" in html
    assert "Inställda (0)" in html
    assert "Ledaren blev sjuk" in html


def test_training_page_tells_the_coordinator_how_many_have_got_mail(
    unit: Unit, manager: User, coordinator: User, sign_in: SignIn
) -> None:
    training = rows.training(factories.open_round(unit), by=coordinator)
    client = sign_in(coordinator)
    assert "Mejlen skrivs just nu" in text(client.get(training.get_absolute_url()))
    actions.send_invitations(training.pk)
    assert "Cheferna. 1 person har fått mejl." in text(client.get(training.get_absolute_url()))
    assert "har fått mejl" not in text(sign_in(manager).get(training.get_absolute_url()))


def test_training_page_does_not_tell_where_other_units_stand(
    unit: Unit, round_: Round, coordinator: User, member: User, outsider: User, sign_in: SignIn
) -> None:
    other = factories.open_round(outsider.memberships.get().unit)
    times = [(clock.now() - DAY, None)]
    [training] = actions.plan_trainings([round_, other], times=times, title="Tillsammans", by=coordinator)
    actions.hold_training(training, on=clock.today(), by=coordinator)
    assert "Steg 2 är klart" in text(sign_in(member).get(training.get_absolute_url()))
    html = text(sign_in(outsider).get(training.get_absolute_url()))
    assert "Steg 1 är inte klart än" in html
    assert "Steg 2 är klart" not in html


def test_training_page_makes_the_same_queries_for_1_and_3_units(coordinator: User, sign_in: SignIn) -> None:
    client, counted = sign_in(coordinator), []
    for count in (1, 3):
        rounds = [factories.open_round(factories.taking_part(factories.unit())) for _ in range(count)]
        times = [(clock.now() + DAY, None)]
        [training] = actions.plan_trainings(rounds, times=times, title=f"För {count}", by=coordinator)
        client.get(training.get_absolute_url())
        with CaptureQueriesContext(connection) as made:
            client.get(training.get_absolute_url())
        counted.append(len(made))
    assert counted[0] == counted[1] <= 20


def test_material_of_a_training_is_linked(unit: Unit, coordinator: User, member: User, sign_in: SignIn) -> None:
    actions.seed_materials()
    material = Material.objects.get(title="Webbkurs Heder")
    times = [(clock.now() + DAY, None)]
    [training] = actions.plan_trainings(
        [factories.open_round(unit)], times=times, materials=[material], title="Heder", by=coordinator
    )
    assert f'<a href="{material.web}">Webbkurs Heder</a>' in text(sign_in(member).get(training.get_absolute_url()))
