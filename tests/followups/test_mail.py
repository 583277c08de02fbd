"""What the reminders say, in text and HTML, in the reader's language."""

import datetime as dt
import re
from typing import Any

import pytest

from followups import mail, queries
from followups.mail.wording import HEADINGS
from followups.models import Reminder, RuleKind
from tests import factories
from units.mail import Letter
from units.models import Programme, Unit, User, UserRole

pytestmark = pytest.mark.django_db

WINDOW = {"opens_on": "2026-10-22", "target_on": "2026-11-22", "closes_on": "2027-01-22", "routines_on": "2026-05-22"}
DETAILS: dict[RuleKind, dict[str, str]] = {
    RuleKind.OPENS: WINDOW,
    RuleKind.TWO_MONTHS_LEFT: WINDOW,
    RuleKind.ONE_MONTH_LEFT: WINDOW,
    RuleKind.OVERDUE: WINDOW,
    RuleKind.ESCALATED: WINDOW,
    RuleKind.MEETING: {"starts_at": "2026-12-03T09:30:00+01:00", "place": "Rådhuset, rum 3"},
    RuleKind.SUPPORT_ACTION: {"what": "Handledning", "owner": "Sam", "due_on": "2026-11-02"},
    RuleKind.NEW_MANAGER: {"membership": "1", "is_named": "1"},
    RuleKind.ROUTINE_REVIEW: {"title": "När ett barn är utsatt", "slug": "nar-ett-barn", "due_on": "2026-12-01"},
    RuleKind.STALLED: {"step": "2", "since": "2026-08-01"},
    RuleKind.COVERAGE_FELL: {
        "covered": "7",
        "size": "10",
        "percent": "70",
        "threshold": "80",
        "missing": "1",
        "newcomers": "2",
    },
}
STEP_4 = "http://localhost:8000/enheter/tallbackens-forskola/steg-4/"
COORDINATOR, MANAGER, SUPERIOR = "coordinator", "manager", "superior"


def reader(role: str, unit: Unit, **fields: Any) -> User:
    name = {COORDINATOR: "Sam Samordnare", MANAGER: "Cia Chef", SUPERIOR: "Rut Rektor"}[role]
    return factories.user(name=name, role=UserRole.COORDINATOR if role == COORDINATOR else UserRole.STAFF, **fields)


def sender() -> mail.Sender:
    return mail.Sender(Programme.current(), list(queries.coordinators()))


def row(kind: RuleKind, unit: Unit, to: User, *, on: dt.date = dt.date(2026, 10, 22)) -> Reminder:
    return Reminder(kind=kind, unit=unit, recipient=to, occasion_on=on, swept_on=on, details=DETAILS[kind])


def alone(kind: RuleKind, unit: Unit, to: User, **fields: Any) -> Letter:
    return mail.reminder(row(kind, unit, to, **fields), key="k", to=to, sender=sender())


@pytest.mark.parametrize(
    ("kind", "role", "subject", "sentences", "link"),
    [
        (
            RuleKind.OPENS,
            COORDINATOR,
            "Dags att boka uppföljningen med Tallbackens förskola",
            [
                "Hej Sam Samordnare!",
                "Sikta på den 22 november 2026. Sista dagen är den 22 januari 2027.",
                "så får chefen en inbjudan med kalenderfil.",
            ],
            STEP_4,
        ),
        (
            RuleKind.OPENS,
            MANAGER,
            "Snart följer vi upp arbetet hos Tallbackens förskola",
            [
                "Hej Cia Chef!",
                "omkring den 22 november 2026, senast den 22 januari 2027.",
                "inte registrera något själv",
            ],
            STEP_4,
        ),
        (
            RuleKind.TWO_MONTHS_LEFT,
            COORDINATOR,
            "Högst två månader kvar: uppföljningen med Tallbackens förskola",
            ["ska vara gjord senast den 22 januari 2027, och ingen tid är bokad."],
            STEP_4,
        ),
        (
            RuleKind.ONE_MONTH_LEFT,
            MANAGER,
            "Högst en månad kvar: uppföljningen med Tallbackens förskola",
            ["Har du inte hört av samordnaren?"],
            STEP_4,
        ),
        (
            RuleKind.OVERDUE,
            COORDINATOR,
            "Försenad uppföljning: Tallbackens förskola",
            ["skulle ha varit gjord senast den 22 januari 2027", "Det går bra att göra den nu"],
            STEP_4,
        ),
        (
            RuleKind.ESCALATED,
            SUPERIOR,
            "Uppföljningen med Tallbackens förskola har länge varit försenad",
            ["sedan den 22 maj 2026", "Du får det här som chefens chef."],
            "",
        ),
        (
            RuleKind.MEETING,
            MANAGER,
            "Bokat samtal torsdag 3 december: uppföljning med Tallbackens förskola",
            ["Ni hörs torsdag 3 december kl. 09:30. Plats, telefon eller länk: Rådhuset, rum 3"],
            STEP_4,
        ),
        (
            RuleKind.SUPPORT_ACTION,
            COORDINATOR,
            "En utlovad stödinsats är sen: Tallbackens förskola",
            ["”Handledning” skulle ha varit klart den 2 november 2026. Den som lovade var Sam."],
            STEP_4,
        ),
        (
            RuleKind.NEW_MANAGER,
            MANAGER,
            "Du är ny chef för Tallbackens förskola: så ligger ni till",
            ["På enhetens sida ser du vad som är klart"],
            "http://localhost:8000/enheter/tallbackens-forskola/",
        ),
        (
            RuleKind.ROUTINE_REVIEW,
            MANAGER,
            "Dags att se över rutinen ”När ett barn är utsatt”, Tallbackens förskola",
            ["Den ska ses över senast den 1 december 2026."],
            "http://localhost:8000/rutiner/nar-ett-barn/",
        ),
        (
            RuleKind.STALLED,
            MANAGER,
            "Steg 2 har stått stilla: Tallbackens förskola",
            ["Nästa steg är riktad utbildning. Inget steg har registrerats sedan den 1 augusti 2026."],
            "http://localhost:8000/enheter/tallbackens-forskola/steg-2/",
        ),
        (
            RuleKind.COVERAGE_FELL,
            MANAGER,
            "Påfyllning behövs: webbkursen hos Tallbackens förskola",
            ["7 av 10 har gått webbkursen. Det är 70 procent", "2 av dem som saknar kursen", "När 1 person till"],
            "http://localhost:8000/enheter/tallbackens-forskola/steg-1/",
        ),
    ],
)
def test_letter_says_when_what_and_who_in_text_and_html(
    kind: RuleKind, role: str, subject: str, sentences: list[str], link: str, unit: Unit
) -> None:
    letter = alone(kind, unit, reader(role, unit))
    assert letter.subject == subject
    for sentence in sentences:
        assert sentence in letter.text
        assert sentence in letter.html
    assert re.findall(r"^http.*$", letter.text, re.M) == [link] * bool(link)
    assert re.findall(r'href="([^"]*)"', letter.html) == [link] * bool(link)
    assert not re.search(r"[{}%]|None|\n\n\n", letter.text + letter.subject)


@pytest.mark.parametrize("kind", [RuleKind.OPENS, RuleKind.TWO_MONTHS_LEFT, RuleKind.ONE_MONTH_LEFT, RuleKind.OVERDUE])
@pytest.mark.parametrize("role", [COORDINATOR, MANAGER])
def test_contact_whose_booked_time_has_passed_is_asked_about_and_not_said_to_be_unbooked(
    kind: RuleKind, role: str, unit: Unit
) -> None:
    to = reader(role, unit)
    about = row(kind, unit, to)
    about.details = {**about.details, "was_booked_on": "2026-11-27"}
    letter = mail.reminder(about, key="k", to=to, sender=sender())
    title = "Försenad uppföljning: %s" if kind == RuleKind.OVERDUE else "Hölls uppföljningen med %s?"
    assert letter.subject == title % unit.name
    assert "var bokat den 27 november 2026" in letter.text
    assert "protokollet är inte skrivet" in letter.text
    said = (
        "Skriv protokollet om det hölls." if role == COORDINATOR else "Har ni redan hörts behöver du inte göra något."
    )
    assert said in letter.text
    for wrong in ("ingen tid är bokad", "hör av sig till dig", "Det går bra att göra den nu", "i portalen, så får"):
        assert wrong not in letter.text


@pytest.mark.parametrize("role", [COORDINATOR, MANAGER])
def test_day_to_aim_at_is_not_named_once_it_has_passed(role: str, unit: Unit) -> None:
    """As after a quiet period that is longer than a month."""
    to = reader(role, unit)
    about = row(RuleKind.OPENS, unit, to)
    about.swept_on = dt.date(2026, 11, 22)
    assert "den 22 november 2026" in mail.reminder(about, key="k", to=to, sender=sender()).text
    about.swept_on = dt.date(2026, 11, 23)
    letter = mail.reminder(about, key="k", to=to, sender=sender())
    assert "22 november 2026" not in letter.text
    assert "den 22 januari 2027" in letter.text


@pytest.mark.parametrize("role", [MANAGER, SUPERIOR])
def test_whoever_does_not_coordinate_reads_whom_they_can_ask(role: str, unit: Unit) -> None:
    first = reader(COORDINATOR, unit, email="sam@example.org")
    factories.user(name="Dolda Data", email="dold@example.org", role=UserRole.COORDINATOR, is_protected=True)
    factories.user(name="Slutat Nu", email="slut@example.org", role=UserRole.COORDINATOR, is_active=False)
    to = reader(role, unit)
    for letter in (alone(RuleKind.ESCALATED, unit, to), digest(unit, to, [RuleKind.ESCALATED] * 2)):
        for body in (letter.text, letter.html):
            assert "Sam Samordnare, " in body
            assert "sam@example.org" in body
            assert "dold@" not in body
            assert "slut@" not in body
    assert "sam@example.org" not in alone(RuleKind.OVERDUE, unit, first).text


def test_late_review_says_that_the_routine_still_applies(unit: Unit) -> None:
    letter = alone(RuleKind.ROUTINE_REVIEW, unit, reader(MANAGER, unit), on=dt.date(2026, 12, 2))
    assert letter.subject == "Rutinen ”När ett barn är utsatt”, Tallbackens förskola, skulle ha setts över"
    assert "Den gäller fortfarande" in letter.text


@pytest.mark.parametrize("kind", RuleKind)
@pytest.mark.parametrize("role", [COORDINATOR, MANAGER])
def test_every_kind_has_its_words_for_everybody(kind: RuleKind, role: str, unit: Unit) -> None:
    letter = alone(kind, unit, reader(role, unit))
    assert unit.name in letter.subject
    assert letter.subject in letter.text
    assert kind in HEADINGS


def test_letter_escapes_the_unit_in_html_only(unit: Unit) -> None:
    unit.name = "Lek & Lär <3"
    letter = alone(RuleKind.OPENS, unit, reader(COORDINATOR, unit))
    assert letter.subject == "Dags att boka uppföljningen med Lek & Lär <3"
    assert letter.subject in letter.text
    assert "med Lek &amp; Lär &lt;3</h1>" in letter.html
    assert "<3" not in letter.html


def test_invitation_that_is_too_late_is_of_no_use(unit: Unit) -> None:
    letter = alone(RuleKind.MEETING, unit, reader(MANAGER, unit))
    assert letter.not_after == dt.datetime(2026, 12, 3, 8, 30, tzinfo=dt.UTC)
    assert alone(RuleKind.OPENS, unit, reader(MANAGER, unit)).not_after is None


# --- Several at once ---------------------------------------------------------------------------------------------


def digest(unit: Unit, to: User, kinds: list[RuleKind], *, total: int = 0, **fields: Any) -> Letter:
    rows = [row(kind, unit, to) for kind in kinds]
    late = sum(kind in (RuleKind.OVERDUE, RuleKind.ESCALATED) for kind in kinds)
    total = total or len(rows)
    return mail.digest(rows, total=total, late=late, key="k", to=to, sender=sender(), **fields)


def test_digest_says_the_most_urgent_first_under_a_heading_each(unit: Unit) -> None:
    letter = digest(unit, reader(COORDINATOR, unit), list(RuleKind))
    assert letter.subject == "11 påminnelser från Järfällamodellen: 2 försenade uppföljningar"
    headings = [str(HEADINGS[kind]) for kind in RuleKind]
    places = [letter.text.index(f"\n{heading}\n") for heading in headings]
    assert places == sorted(places)
    assert re.findall(r"<h2[^>]*>([^<]*)</h2>", letter.html) == headings
    assert len(re.findall(r"^• ", letter.text, re.M)) == 11
    assert "  Sikta på den 22 november 2026." in letter.text
    assert f"  {STEP_4}\n" in letter.text
    assert "http://localhost:8000/uppfoljningar/" in letter.text
    assert "\n\n\n" not in letter.text


def test_digest_to_who_has_no_page_says_what_to_do_and_names_no_address(unit: Unit) -> None:
    letter = digest(unit, reader(SUPERIOR, unit), [RuleKind.ESCALATED] * 2)
    for body in (letter.text, letter.html):
        assert body.count("Du får det här som chefens chef. Tala med enhetens chef") == 2
        assert "Se allt i portalen" not in body
    assert "http" not in letter.text
    assert "\n\n\n" not in letter.text


def test_digest_of_more_than_fit_says_how_many_more_there_are(unit: Unit) -> None:
    letter = digest(unit, reader(MANAGER, unit), [RuleKind.OPENS] * 3, total=50)
    assert letter.subject == "50 påminnelser från Järfällamodellen"
    assert "\noch 47 till.\n" in letter.text
    assert "<p>och 47 till.</p>" in letter.html


def test_digest_can_be_paused_and_sorted(unit: Unit) -> None:
    letter = digest(unit, reader(MANAGER, unit), [RuleKind.OPENS] * 2, pause_url="http://localhost:8000/p/abc/")
    assert (letter.list_name, letter.pause_url) == ("paminnelser", "http://localhost:8000/p/abc/")
    assert "\nhttp://localhost:8000/p/abc/\n" in letter.text
    assert 'href="http://localhost:8000/p/abc/"' in letter.html


def test_letters_are_in_the_readers_language(unit: Unit) -> None:
    """Dates and words; which English words is the catalogue's business."""
    to = reader(COORDINATOR, unit, language="en")
    letters = [alone(RuleKind.OPENS, unit, to), digest(unit, to, [RuleKind.OPENS, RuleKind.STALLED])]
    for letter in letters:
        assert 'lang="en"' in letter.html
        assert "november 2026" not in letter.text
        assert "November 2026" in letter.text
