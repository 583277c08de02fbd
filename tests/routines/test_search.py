"""Searching in routines: stems, beginnings, slips of the finger, and what leads where."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from routines import actions, queries
from routines.models import Contact, Routine, SearchWord, Sharing, VersionState
from routines.queries.synonyms import SAME, same_as
from routines.queries.words import slips_between
from tests import factories
from tests.conftest import SignIn
from tests.routines import shelf
from units.models import Kind, Unit, User

pytestmark = pytest.mark.django_db

CALL = "Gör en orosanmälan till socialtjänsten samma dag. Vårdnadshavarna ska inte kontaktas först."


@pytest.fixture
def routine(unit: Unit, manager: User) -> Routine:
    return shelf.put(
        unit,
        "När du blir orolig",
        {"heading": "Syfte", "body": "<p>Rutinen hjälper dig att se och handla.</p>"},
        {"heading": "Anmäla", "body": f"<p>{CALL}</p><p>Skriv ner vad du såg.</p>"},
        {"heading": "Gör nu", "kind": "checklist", "body": "Ring 112.\nStanna hos barnet <tills> polisen kommer."},
        {"heading": "Fyra vägar", "kind": "decisions", "cells": {"adult_crime": "Fråga om skyddat boende"}},
        by=manager,
    )


def titles(user: User, text: str) -> list[str]:
    return [hit.routine.title for hit in queries.search(user, text).hits]


# --- What is found ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("socialtjänst", "Anmäla"),  # without its ending
        ("socialtjänstens", "Anmäla"),  # with another
        ("vårdnadshavare", "Anmäla"),
        ("VÅRDNADSHAVARNA", "Anmäla"),
        ("orosanm", "Anmäla"),  # a beginning
        ("skyddat boende", "Fyra vägar"),
        ("polisen barn", "Gör nu"),
        ("handla!", "Syfte"),
        ("anmäla och", "Anmäla"),  # a word that says nothing is left out
    ],
)
def test_word_is_found_in_its_section(text: str, heading: str, routine: Routine, member: User) -> None:
    found = queries.search(member, text)
    assert [hit.routine for hit in found.hits] == [routine]
    assert not found.is_likened
    place = found.hits[0].place
    assert place is not None
    section = shelf.in_force(routine).sections.get(heading=heading)
    assert place.position == section.position
    assert found.hits[0].address == f"{routine.get_absolute_url()}#avsnitt-{section.position}"


@pytest.mark.parametrize(
    "text",
    [
        "socialtjensten",  # a wrong letter
        "socaltjänsten",  # one left out
        "vårdndashavare",  # two swapped
        "polissen",  # one too many
        "anmälan",  # the end of a longer word
        "socialtjensten orosanmällan",
    ],
)
def test_mistyped_word_finds_what_was_meant(text: str, routine: Routine, member: User) -> None:
    found = queries.search(member, text)
    assert [hit.routine for hit in found.hits] == [routine]
    assert found.is_likened
    assert "<mark>" in f"{found.hits[0].place}"


@pytest.mark.parametrize("text", ["xylofon", "ring xylofon", "112345", "bo"])
def test_word_of_no_text_finds_nothing(text: str, routine: Routine, member: User) -> None:
    assert titles(member, text) == (["När du blir orolig"] if text == "bo" else [])  # "bo" begins "boende"


def test_all_words_must_be_there(routine: Routine, unit: Unit, manager: User, member: User) -> None:
    shelf.put(unit, "Resor", "Fråga polisen om du är orolig för en resa.", by=manager)
    assert titles(member, "polisen resa") == ["Resor"]
    assert sorted(titles(member, "polisen")) == ["När du blir orolig", "Resor"]


def test_common_words_alone_are_said_to_be_too_common(routine: Routine, member: User) -> None:
    found = queries.search(member, "och på")
    assert (found.is_too_common, found.total) == (True, 0)
    assert not queries.search(member, " .!?_ ").is_too_common


def test_contact_is_found_where_it_is_placed(unit: Unit, manager: User, member: User) -> None:
    actions.seed_contacts()
    made = shelf.put(unit, "Vår rutin", "Syftet.", by=manager)
    version = shelf.draft(made, "Syftet.", by=manager)
    numbers = version.sections.create(key="nummer", position=5, kind="contacts", heading="Ring hit")
    numbers.placed_contacts.create(contact=Contact.objects.get(name="BRIS"))
    shelf.approve(version, by=manager)
    place = queries.search(member, "bris").hits[0].place
    assert place is not None
    assert (place.position, place.heading, place.text) == (5, "Ring hit", "<mark>BRIS</mark>")


def test_title_and_unit_are_found(routine: Routine, member: User) -> None:
    assert titles(member, "blir orolig") == ["När du blir orolig"]
    by_unit = queries.search(member, "tallbacken")
    assert [hit.routine for hit in by_unit.hits] == [routine]
    assert by_unit.hits[0].address == routine.get_absolute_url()


def test_only_the_version_in_force_is_searched(routine: Routine, unit: Unit, manager: User, coordinator: User) -> None:
    shelf.publish(routine, ["Helt nya ord"], by=manager, major=2)
    shelf.draft(routine, "Utkastets påfågel", by=manager, major=3)
    for user in (manager, coordinator):
        assert titles(user, "påfågel") == []
        assert titles(user, "orosanmälan") == []  # what was in force once
        assert titles(user, "helt nya") == ["När du blir orolig"]


def test_own_units_come_first_then_shared_ones(routine: Routine, member: User, coordinator: User) -> None:
    other = factories.unit(name="Andra skolan", kind=Kind.COMPULSORY_SCHOOL)
    theirs = shelf.put(other, "Aaa", *["Socialtjänsten, socialtjänsten, socialtjänsten."] * 9, by=coordinator)
    assert titles(member, "socialtjänsten") == ["När du blir orolig"]
    actions.share_routine(theirs, by=coordinator)
    found = queries.search(member, "socialtjänsten")
    assert [(hit.routine.title, hit.is_own) for hit in found.hits] == [("När du blir orolig", True), ("Aaa", False)]
    assert titles(coordinator, "socialtjänsten")[0] == "Aaa"  # whose text is most about it
    assert [hit.routine for hit in queries.search(coordinator, "socialtjänsten", kind="preschool").hits] == [routine]


def test_more_hits_than_the_page_shows_are_counted(unit: Unit, manager: User, member: User, coordinator: User) -> None:
    for number in range(queries.search.__globals__["SHOWN"] + 3):
        shelf.put(unit, f"Rutin {number}", "Ring polisen.", by=manager)
    for user in (member, coordinator):
        found = queries.search(user, "polisen")
        assert (len(found.hits), found.total, found.is_cut) == (10, 13, True)


# --- Words that mean the same, parts of words, short slips ------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hedersvåld", "Hedersrelaterat våld och förtryck."),
        ("hedersvåldet", "Hedersrelaterat förtryck och annat våld."),
        ("hedersrelaterat våld", "Om hedersvåld."),
        ("tvångsgifte", "Tvångsäktenskap är brottsligt."),
        ("bortgift", "Äktenskapstvång är brottsligt."),
        ("bortgift", "Hon blev tvångsgift."),
        ("barngifte", "Barnäktenskap gäller inte här."),
        ("könsstympad", "Omskärelse av flickor."),
        ("omskärelse", "Hon var könsstympad."),
        ("oroanmälan", "Gör en orosanmälan."),
        ("skolkurator", "Prata med kuratorn."),
        ("kurator", "Prata med skolkuratorn."),
        ("skolkuratorn", "En kurator kan hjälpa."),
        ("bup", "Barn- och ungdomspsykiatrin."),
        ("socialen", "Ring socialtjänsten."),
        ("soc", "Ring socialtjänsten."),
    ],
)
def test_word_that_means_the_same_finds_the_text(
    text: str, said: str, unit: Unit, manager: User, member: User, coordinator: User
) -> None:
    shelf.put(unit, "Vår rutin", "Syftet.", said, by=manager)
    shelf.put(unit, "Annan", "Våld i största allmänhet, förtryck, tvång och äktenskap.", by=manager)
    for user in (member, coordinator):
        found = queries.search(user, text)
        assert [hit.routine.title for hit in found.hits] == ["Vår rutin"]
        assert not found.is_likened
        place = found.hits[0].place
        assert place is not None
        assert place.position == 2
        assert "<mark>" in place.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("vold", "Fråga om våld."),  # short, and the letters on both sides of the slip say little
        ("vald", "Fråga om våld."),
        ("hedersvold", "Hedersrelaterat våld."),  # a word that means the same, mistyped
        ("tvångsjifte", "Tvångsäktenskap är brottsligt."),
        ("chefskontakt", "Din kontakt är rektor."),  # its last part
    ],
)
def test_short_slip_and_compound_find_what_is_like_it(text: str, said: str, unit: Unit, member: User) -> None:
    shelf.put(unit, "Vår rutin", said, by=member)
    shelf.put(unit, "Annan", "Något helt annat om barn.", by=member)
    found = queries.search(member, text)
    assert [hit.routine.title for hit in found.hits] == ["Vår rutin"]
    assert found.is_likened
    assert "<mark>" in f"{found.hits[0].place}"


def test_word_of_others_that_means_the_same_finds_nothing(unit: Unit, member: User, coordinator: User) -> None:
    shelf.put(unit, "Vår rutin", "Våld i största allmänhet.", by=member)
    shelf.put(factories.unit(name="Andra skolan"), "Deras", "Tvångsäktenskap och skolkurator.", by=coordinator)
    for text in ("tvångsgifte", "bortgift", "kurator", "tvongsgifte"):
        assert queries.search(member, text).total == 0
        assert titles(coordinator, text) == ["Deras"]


@pytest.mark.parametrize("text", ["orosanmälan", "orosanmelan", "oroanmälan"])
def test_section_whose_heading_has_the_word_comes_before_one_whose_text_has_it(
    text: str, unit: Unit, manager: User, member: User
) -> None:
    shelf.put(
        unit,
        "Vår rutin",
        {"heading": "Vad orden betyder", "body": "<p>Orosanmälan: det som orosanmälningar är. En anmälan.</p>"},
        {"heading": "Orosanmälan", "body": "<p>Ring socialtjänsten samma dag.</p>"},
        {"heading": "Sist", "body": "<p>Följ upp varje orosanmälan hos socialtjänsten.</p>"},
        by=manager,
    )
    assert [hit.place.position for hit in queries.search(member, text).hits if hit.place] == [2]
    # But more of the words come before a heading.
    both = queries.search(member, f"{text} följ").hits[0].place
    assert both is not None
    assert both.position == 3


FORMS = """
    hedersvåldet hedersrelaterade våldet hedersförtrycket förtryck tvångsgifte bortgifta tvångsäktenskapen barngifte
    äktenskapstvånget barnäktenskap könsstympning omskärelse FGM oroanmälningar orosanmälan skolkurator kuratorer
    skolsyster skolsköterskan BUP BVC ungdomspsykiatrin barnavårdscentralen socialtjänsten socialförvaltningen
    reseförbud utreseförbudet oskuldskontroller oskuldsundersökning månggifte polygami
"""


def test_words_that_mean_the_same_are_beginnings_of_the_stems_that_texts_have() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tsvector_to_array(to_tsvector('swedish', %s))", [FORMS])
        [stems] = cursor.fetchone()
    parts = {part for phrases in SAME for phrase in phrases for part in phrase}
    assert [part for part in parts if not any(stem.startswith(part) for stem in stems)] == []


@pytest.mark.parametrize("phrases", SAME)
def test_words_that_mean_the_same_stand_once_and_find_each_other(phrases: tuple[tuple[str, ...], ...]) -> None:
    for phrase in phrases:
        length, others = same_as([f"{part}et" if len(part) > 3 else part for part in phrase])
        assert (length, {phrase, *others}) == (len(phrase), set(phrases))


# --- What is marked --------------------------------------------------------------------------------------------------


def test_hits_are_marked_and_everything_else_is_text(routine: Routine, member: User) -> None:
    place = queries.search(member, "barnet polis").hits[0].place
    assert place is not None
    assert place.text == "Stanna hos <mark>barnet</mark> &lt;tills&gt; <mark>polisen</mark> kommer."
    heading = queries.search(member, "anmäla").hits[0].place
    assert heading is not None
    assert heading.heading == "<mark>Anmäla</mark>"


def test_long_paragraph_is_cut_around_the_hit(unit: Unit, manager: User, member: User) -> None:
    shelf.put(unit, "Lång", "före " * 100 + "kungsfågel" + " efter" * 100, by=manager)
    place = queries.search(member, "kungsfågel").hits[0].place
    assert place is not None
    assert place.text.startswith("… före ")
    assert "<mark>kungsfågel</mark> efter" in place.text
    assert place.text.endswith(" …")
    assert len(place.text) < 300


@pytest.mark.parametrize(
    ("typed", "word", "slips"),
    [("hedr", "heder", 1), ("heder", "heder", 0), ("hed", "heder", 0), ("ehder", "heder", 1), ("fågel", "heder", 4)],
)
def test_slips_are_counted_against_a_beginning(typed: str, word: str, slips: int) -> None:
    assert slips_between(typed, word, most=9) == slips
    assert (slips_between(typed, word, most=1) <= 1) == (slips <= 1)  # it may stop counting, never be wrong


# --- The words that searches know --------------------------------------------------------------------------------


def test_words_are_learned_at_publication_and_once(routine: Routine, unit: Unit, manager: User) -> None:
    known = SearchWord.objects.count()
    assert SearchWord.objects.filter(word="orosanmälan").exists()
    assert not SearchWord.objects.filter(word__regex=r"[0-9.]").exists()
    shelf.put(unit, "Samma ord", CALL, by=manager)
    assert SearchWord.objects.count() <= known + 2  # those of the title
    assert actions.note_all_words() == 0


def test_words_of_versions_from_before_are_learned(routine: Routine, member: User) -> None:
    SearchWord.objects.all().delete()
    assert titles(member, "polissen") == []
    assert actions.note_all_words() > 5
    assert titles(member, "polissen") == ["När du blir orolig"]


# --- The page --------------------------------------------------------------------------------------------------------


def test_page_shows_hits_that_lead_to_their_section(routine: Routine, member: User, sign_in: SignIn) -> None:
    shown = sign_in(member).get(reverse("routines"), {"q": "socialtjänst"}).content.decode()
    assert "<title>Sökning: socialtjänst" in shown
    assert f'href="{routine.get_absolute_url()}#avsnitt-2"' in shown
    assert "<mark>socialtjänsten</mark> samma dag" in shown
    assert "1 träff" in shown
    assert 'value="socialtjänst"' in shown


def test_page_without_hits_says_so(routine: Routine, member: User, sign_in: SignIn) -> None:
    shown = sign_in(member).get(reverse("routines"), {"q": "xylofon"}).content.decode()
    assert "Ingen träff. Pröva med färre eller andra ord." in shown
    common = sign_in(member).get(reverse("routines"), {"q": "och"}).content.decode()
    assert "Det ordet är för vanligt för att söka på." in common


def test_mistyped_word_is_not_shown_corrected(routine: Routine, member: User, sign_in: SignIn) -> None:
    shown = sign_in(member).get(reverse("routines"), {"q": "socialtjensten"}).content.decode()
    assert "Ingen rutin har precis de orden. Här är några som har liknande ord." in shown
    assert shown.count("socialtjänsten") == 1  # in the text of the hit


def test_coordinator_finds_titles_and_texts(routine: Routine, coordinator: User, sign_in: SignIn) -> None:
    page = sign_in(coordinator).get(reverse("routines"), {"q": "orolig"}).content.decode()
    assert "Titlar och enheter" in page
    assert "I texten" in page
    drafts = sign_in(coordinator).get(reverse("routines"), {"q": "orolig", "state": VersionState.DRAFT})
    assert "I texten" not in drafts.content.decode()


@pytest.mark.parametrize("who", ["coordinator", "member"])
def test_search_takes_the_same_queries_for_one_and_three_hits(
    who: str, request: pytest.FixtureRequest, unit: Unit, manager: User, sign_in: SignIn
) -> None:
    client, counts = sign_in(request.getfixturevalue(who)), []
    for number in range(3):
        made = shelf.put(unit, f"Rutin {number}", CALL, "Mer om socialtjänsten", by=manager)
        if number:
            Sharing.objects.create(routine=made, shared_by=manager)
        client.get(reverse("routines"), {"q": "socialtjänst"})
        with CaptureQueriesContext(connection) as captured:
            shown = client.get(reverse("routines"), {"q": "socialtjänst"}).content.decode()
        assert shown.count('<p class="hit-list__title">') == number + 1
        counts.append(len(captured))
    assert counts[0] == counts[2]


@pytest.mark.parametrize(
    "text", ["'", "a & b | !c", "\\", ":*", "<b>x</b>", "%", "_", "(((", "ring:*", "\u202e\x01å", "x" * 119]
)
def test_whatever_is_typed_is_answered(text: str, routine: Routine, member: User, sign_in: SignIn) -> None:
    answer = sign_in(member).get(reverse("routines"), {"q": text})
    assert answer.status_code == 200
    assert "<b>x</b>" not in answer.content.decode()
