"""Lessons that units share: waiting, published without who told it, taken away, and the unit's own yes and no."""

import re
from contextlib import suppress

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from followups.actions import (
    Said,
    publish_lesson,
    record_follow_up,
    refuse_sharing,
    share_again,
    withdraw_lesson,
)
from followups.models import Decision, FollowUp, Lesson
from followups.queries import telling_words, waiting_lessons
from jarfalla import clock
from tests import factories
from tests.conftest import SignIn
from tests.followups import stages
from tests.together import together
from units.models import Kind, Refused, Unit, User

pytestmark = pytest.mark.django_db

LESSONS = "/lardomar/"
STEP_4 = "/enheter/tallbackens-forskola/steg-4/"
ORIGINAL = "På Tallbacken började Mia Medarbetare fråga varje förälder i hallen."
TITLE, TEXT = "Börja i hallen", "Fråga varje förälder, varje dag.\n\nDet blir lättare."
CHECKED = {"no_place": "on", "no_person": "on", "no_event": "on"}
GOOD = {"title": TITLE, "text": TEXT, **CHECKED}


@pytest.fixture
def follow_up(unit: Unit, coordinator: User) -> FollowUp:
    """Held today; the unit wants to share its lesson."""
    return told(unit, coordinator)


def told(unit: Unit, by: User, lesson: str = ORIGINAL, *, may_be_shared: bool = True) -> FollowUp:
    return record_follow_up(
        stages.routines_done(unit, stages.due()),
        held_on=clock.today(),
        decision=Decision.DONE,
        by=by,
        said=Said(lesson=lesson, effect="Hemlig effekt", lesson_may_be_shared=may_be_shared),
    )


def another(by: User, **fields: object) -> FollowUp:
    unit = factories.taking_part(factories.unit(**fields))  # type: ignore[arg-type]  # a name or a kind
    return told(unit, by, f"Lärdom från {unit.name}")


def publish(follow_up: FollowUp, by: User, title: str = TITLE) -> Lesson:
    return publish_lesson(follow_up, title=title, text=TEXT, by=by)


def seen(client: Client, path: str = LESSONS) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


# --- What others read --------------------------------------------------------------------------------------------


def test_everybody_reads_the_words_and_nobody_but_the_coordinator_whose_they_are(
    follow_up: FollowUp,
    coordinator: User,
    manager: User,
    member: User,
    reader: User,
    outsider: User,
    sign_in: SignIn,
) -> None:
    publish(follow_up, coordinator)
    told_on = ["Tallbacken", "Mia Medarbetare", ORIGINAL, "Hemlig effekt", "tallbackens-forskola", "Sam Samordnare"]
    for person in (outsider, reader):
        page = seen(sign_in(person))
        assert TITLE in page
        assert "<p>Fråga varje förälder, varje dag.</p>" in page
        assert [words for words in told_on if words in page] == []
    for person in (manager, member):
        main = seen(sign_in(person)).split("<main")[1]
        assert [words for words in told_on if words in main] == []
    assert "Från Tallbackens förskola (bara du ser det)." in seen(sign_in(coordinator))


def test_what_waits_is_refused_or_withdrawn_is_read_by_no_other(
    follow_up: FollowUp, coordinator: User, outsider: User, manager: User, sign_in: SignIn
) -> None:
    client = sign_in(outsider)
    nothing = "Ingen lärdom är publicerad än."
    assert nothing in seen(client)
    publish(follow_up, coordinator)
    assert TITLE in seen(client)
    withdraw_lesson(follow_up, reason="Alla förstod vem det var", by=coordinator)
    page = seen(client)
    assert nothing in page
    assert "Alla förstod" not in page
    publish(follow_up, coordinator)
    refuse_sharing(follow_up, by=manager)
    assert nothing in seen(client)


def test_kind_of_unit_stands_there_only_when_enough_units_are_of_it(
    follow_up: FollowUp, coordinator: User, outsider: User, sign_in: SignIn
) -> None:
    publish(follow_up, coordinator)
    assert "Förskola" not in seen(sign_in(outsider)).split("<main")[1]
    factories.unit(kind=Kind.PRESCHOOL)
    factories.unit(kind=Kind.PRESCHOOL)
    assert "Förskola ·" in seen(sign_in(outsider))


def test_number_of_queries_does_not_grow(coordinator: User, sign_in: SignIn, follow_up: FollowUp) -> None:
    counts = []
    rows = [follow_up, another(coordinator), another(coordinator)]
    for published, waiting in (rows[:1], rows[1:2]), (rows, [another(coordinator), another(coordinator)]):
        for row in published:
            publish(row, coordinator)
        assert waiting
        client = sign_in(coordinator)
        seen(client)
        with CaptureQueriesContext(connection) as queries:
            seen(client)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_pages_of_25(coordinator: User, outsider: User, sign_in: SignIn, follow_up: FollowUp) -> None:
    publish(follow_up, coordinator, "Den äldsta")
    for number in range(25):
        publish(another(coordinator), coordinator, f"Nummer {number}")
    client = sign_in(outsider)
    assert "Den äldsta" not in seen(client)
    assert "Den äldsta" in seen(client, f"{LESSONS}?page=2")


# --- What the coordinator does -----------------------------------------------------------------------------------


def test_coordinator_sees_what_waits_and_publishes_it(follow_up: FollowUp, coordinator: User, sign_in: SignIn) -> None:
    client = sign_in(coordinator)
    assert "1 lärdom som en enhet vill dela." in seen(client)
    form = seen(client, f"{LESSONS}{follow_up.pk}/publicera/")
    assert ORIGINAL in form
    response = client.post(f"{LESSONS}{follow_up.pk}/publicera/", GOOD, follow=True)
    assert "Lärdomen är publicerad. Nu kan alla läsa den." in response.content.decode()
    lesson = Lesson.objects.get()
    assert (lesson.title, lesson.text.split(), lesson.published_by) == (TITLE, TEXT.split(), coordinator)
    assert "Väntar på dig" not in seen(client)
    assert FollowUp.objects.get().lesson == ORIGINAL


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("text", "På Tallbackens förskola frågar vi.", "Tallbackens förskola"),
        ("text", "Vi på TALLBACKEN frågar.", "kommer från: TALLBACKEN?"),
        ("title", "Tallbackens väg", "kommer från: Tallbackens?"),
        ("text", "Fråga mia  medarbetares råd.", "mia  medarbetares"),
        ("text", "Vi lånade av granbackens skola.", "granbackens skola"),
        ("text", "Ring Sam Samordnare.", "Sam Samordnare"),
        ("text", "Skriv till chefen@example.org.", "chefen@example.org"),
        ("text", "Ring 08-580 285 00 så svarar vi.", "08-580 285 00"),
        ("text", "Fråga Mia om det.", "kommer från: Mia?"),
        ("text", "Pojken 640823-3234 fick hjälp.", "personnummer"),
        ("text", "", "Fyll i det här."),
        ("no_person", "", "Läs texten en gång till"),
    ],
)
def test_words_that_tell_who_it_is_are_refused_at_their_field(
    field: str,
    value: str,
    sentence: str,
    follow_up: FollowUp,
    coordinator: User,
    member: User,
    outsider: User,
    sign_in: SignIn,
) -> None:
    client = sign_in(coordinator)
    response = client.post(f"{LESSONS}{follow_up.pk}/publicera/", GOOD | {field: value})
    assert response.status_code == 200
    assert sentence in " ".join(response.context["form"].errors[field])
    assert "<title>Fel: " in response.content.decode()
    assert Lesson.objects.count() == 0


def test_word_that_only_looks_like_a_name_passes_when_somebody_has_looked(
    follow_up: FollowUp, coordinator: User, sign_in: SignIn
) -> None:
    factories.staff(follow_up.round.unit, name="Sol Lund")
    client, typed = sign_in(coordinator), GOOD | {"text": "Vi gick ut i en lund med Sol."}
    page, asked = sent_to_publish(client, follow_up, typed)
    assert box_in(page) == "unchecked"
    assert "Det här visar inte var lärdomen kommer från: lund, Sol" in page
    sent_to_publish(client, follow_up, typed | asked | {"no_doubt": "on"})
    assert Lesson.objects.get().text == "Vi gick ut i en lund med Sol."


def test_yes_to_some_words_is_no_yes_to_words_that_are_written_afterwards(
    follow_up: FollowUp, coordinator: User, member: User, sign_in: SignIn
) -> None:
    factories.staff(follow_up.round.unit, name="Sol Lund")
    client = sign_in(coordinator)
    typed = GOOD | {"title": "", "text": "Vi gick ut i en lund."}
    _page, asked = sent_to_publish(client, follow_up, typed)
    page, asked = sent_to_publish(client, follow_up, typed | asked | {"no_doubt": "on"})
    assert box_in(page) == "checked"  # the title is missing; the yes stands, and is there to see
    told_on = typed | asked | {"title": TITLE, "text": "Vi gick ut i en lund med Mia.", "no_doubt": "on"}
    page, asked = sent_to_publish(client, follow_up, told_on)
    assert "Visar det här var lärdomen kommer från: lund, Mia?" in page
    assert box_in(page) == "unchecked"
    assert Lesson.objects.count() == 0
    sent_to_publish(client, follow_up, told_on | asked)
    assert "Mia" in Lesson.objects.get().text


def test_yes_does_not_outlive_the_words_that_it_was_about(
    follow_up: FollowUp, coordinator: User, member: User, sign_in: SignIn
) -> None:
    client, typed = sign_in(coordinator), GOOD | {"text": "Fråga Mia."}
    _page, asked = sent_to_publish(client, follow_up, typed)
    without = typed | asked | {"title": "", "text": "Fråga.", "no_doubt": "on"}
    page, asked = sent_to_publish(client, follow_up, without)
    assert (box_in(page), asked) == ("", {"asked": ""})
    assert 'name="no_doubt" value' not in page
    sent_to_publish(client, follow_up, typed | asked | {"no_doubt": "on"})
    assert Lesson.objects.count() == 0


def sent_to_publish(client: Client, follow_up: FollowUp, typed: dict[str, str]) -> tuple[str, dict[str, str]]:
    """The page that answers, and the hidden words that a browser would send with it the next time."""
    response = client.post(f"{LESSONS}{follow_up.pk}/publicera/", typed)
    page = " ".join(response.content.decode().split())
    hidden = re.search(r'<input type="hidden" name="asked"([^>]*)>', page)
    value = re.search(r'value="([^"]*)"', hidden.group(1)) if hidden else None
    return page, {"asked": value.group(1) if value else ""}


def box_in(page: str) -> str:
    """How the box about doubtful words stands: checked, unchecked, or not there."""
    box = re.search(r'<input type="checkbox" name="no_doubt"[^>]*>', page)
    if box is None:
        return ""
    return "checked" if re.search(r"\bchecked\b", box.group()) else "unchecked"


def test_common_words_of_a_units_name_do_not_tell(coordinator: User) -> None:
    follow_up = another(coordinator, name="Norra skolan")
    assert telling_words("Skolan i norra delen frågar. Från 2026-11-22 till 2027.", follow_up) == ([], [])


def test_coordinator_withdraws_with_a_reason_that_the_manager_reads(
    follow_up: FollowUp, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    publish(follow_up, coordinator)
    client, path = sign_in(coordinator), f"{LESSONS}{follow_up.pk}/ta-bort/"
    refused = client.post(path, {"reason": ""})
    assert refused.status_code == 200
    assert "Fyll i det här." in " ".join(refused.context["form"].errors["reason"])
    assert Lesson.objects.get().is_public
    client.post(path, {"reason": "Alla förstod vem det var"})
    client.post(path, {"reason": "En gång till"})
    lesson = Lesson.objects.get()
    assert (lesson.is_public, lesson.withdrawn_reason) == (False, "Alla förstod vem det var")
    assert "Alla förstod vem det var" in seen(client)
    assert "Alla förstod vem det var" in seen(sign_in(manager), STEP_4)


def test_lesson_that_is_set_aside_waits_no_more_and_can_be_published_later(
    follow_up: FollowUp, coordinator: User
) -> None:
    withdraw_lesson(follow_up, reason="Ingen lärdom för andra", by=coordinator)
    assert list(waiting_lessons()) == []
    publish(follow_up, coordinator)
    assert Lesson.objects.public().count() == 1


def test_publishing_twice_is_publishing_once_and_better_words_are_no_news(
    follow_up: FollowUp, coordinator: User
) -> None:
    first = publish(follow_up, coordinator)
    assert publish(follow_up, coordinator).published_at == first.published_at
    assert publish(follow_up, coordinator, "En bättre rubrik").published_at == first.published_at
    assert Lesson.objects.get().title == "En bättre rubrik"


def test_nobody_else_publishes_withdraws_or_sees_the_form(
    follow_up: FollowUp, manager: User, member: User, reader: User, outsider: User, sign_in: SignIn
) -> None:
    for person in (manager, member, outsider, reader):
        for path in (f"{LESSONS}{follow_up.pk}/publicera/", f"{LESSONS}{follow_up.pk}/ta-bort/"):
            response = sign_in(person).post(path, GOOD | {"reason": "Nej"})
            assert response.status_code == (403 if person.is_reader else 404)
            assert ORIGINAL not in response.content.decode()
        with pytest.raises(Refused):
            publish(follow_up, person)
        with pytest.raises(Refused):
            withdraw_lesson(follow_up, reason="Nej", by=person)
    assert Lesson.objects.count() == 0


def test_lesson_without_the_units_yes_cannot_be_published(unit: Unit, coordinator: User, sign_in: SignIn) -> None:
    follow_up = told(unit, coordinator, may_be_shared=False)
    with pytest.raises(Refused, match="inte sagt ja"):
        publish(follow_up, coordinator)
    response = sign_in(coordinator).post(f"{LESSONS}{follow_up.pk}/publicera/", GOOD)
    assert "Enheten har inte sagt ja till att lärdomen delas." in response.content.decode()
    assert list(waiting_lessons()) == []


# --- The unit's yes and no ---------------------------------------------------------------------------------------


def test_manager_takes_the_yes_back_and_gives_it_again(
    follow_up: FollowUp, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    publish(follow_up, coordinator)
    client = sign_in(manager)
    assert "Lärdomen är publicerad" in seen(client, STEP_4)
    client.post(f"{LESSONS}{follow_up.pk}/dela-inte/")
    assert "enheten har tagit tillbaka sitt ja" in seen(client, STEP_4)
    assert Lesson.objects.public().count() == 0
    with pytest.raises(Refused, match="tagit tillbaka"):
        publish(follow_up, coordinator)
    assert "Enheten tog tillbaka sitt ja" in seen(sign_in(coordinator))

    client.post(f"{LESSONS}{follow_up.pk}/dela/")
    assert list(waiting_lessons()) == [follow_up]
    assert Lesson.objects.public().count() == 0
    assert "väntar på att samordnaren" in seen(client, STEP_4)


def test_coordinator_does_not_turn_a_no_into_a_yes(
    follow_up: FollowUp, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    refuse_sharing(follow_up, by=manager)
    response = sign_in(coordinator).post(f"{LESSONS}{follow_up.pk}/dela/", follow=True)
    assert "Det är enhetens chef som kan säga ja igen." in response.content.decode()
    with pytest.raises(Refused):
        share_again(follow_up, by=coordinator)
    assert Lesson.objects.get().is_refused


def test_members_and_others_decide_nothing_for_the_unit(
    follow_up: FollowUp, coordinator: User, member: User, reader: User, outsider: User, sign_in: SignIn
) -> None:
    publish(follow_up, coordinator)
    for person, code in ((member, 403), (reader, 403), (outsider, 404)):
        for what in ("dela", "dela-inte"):
            assert sign_in(person).post(f"{LESSONS}{follow_up.pk}/{what}/").status_code == code
    assert Lesson.objects.public().count() == 1
    assert "dela-inte" not in seen(sign_in(member), STEP_4)


def test_refusal_after_a_withdrawal_is_the_units(follow_up: FollowUp, coordinator: User, manager: User) -> None:
    withdraw_lesson(follow_up, reason="Ingen lärdom", by=coordinator)
    lesson = refuse_sharing(follow_up, by=manager)
    assert (lesson.is_refused, lesson.withdrawn_by, lesson.withdrawn_reason) == (True, manager, "")


@pytest.mark.django_db(transaction=True)
def test_yes_taken_back_while_it_is_published_wins(follow_up: FollowUp, coordinator: User, manager: User) -> None:
    def decide(number: int) -> None:
        if number:
            refuse_sharing(follow_up, by=manager)
            return
        with suppress(Refused):
            publish(follow_up, coordinator)

    together(2, decide)
    assert Lesson.objects.get().is_refused
    assert Lesson.objects.public().count() == 0


def test_database_refuses_a_published_lesson_without_words_and_a_withdrawal_without_a_reason(
    follow_up: FollowUp, coordinator: User
) -> None:
    now = clock.now()
    for values in (
        {"published_at": now, "published_by": coordinator, "title": "", "text": "Ord"},
        {"withdrawn_at": now, "withdrawn_by": coordinator},
        {"withdrawn_at": None, "is_refused": True},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Lesson.objects.create(follow_up=follow_up, **values)
