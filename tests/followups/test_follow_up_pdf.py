"""The follow-up on paper: right, kept, fetched by those who may, and made again when it went wrong."""

import datetime as dt
import hashlib
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from pypdf import PdfReader
from pytest_django import Settings

from followups import documents, tasks
from followups.actions import Said, complete_support_action, make_pdf, make_pdf_again, record_follow_up
from followups.forms import DraftForm, ProtocolForm
from followups.models import Decision, FollowUp, PdfState, Promise
from followups.queries import window_held, window_of
from jarfalla import clock
from tests import factories
from tests.conftest import SignIn
from tests.followups import stages
from tests.jarfalla.pdfs import elements
from tests.together import together
from tests.verapdf import failures
from units.models import Programme, Round, Unit, User

pytestmark = pytest.mark.django_db

SAID = Said(
    process="yes",
    process_note="Arbetslaget frågar.\n\nDet tar tid.",
    routines_used="partly",
    in_plan="no",
    routines_note="De står på väggen.",
    effect="Vi vågar fråga.",
    needs="Mer tid för samtal.",
    lesson="Börja i arbetslaget.",
    lesson_may_be_shared=True,
)
HOSTILE = (
    "<script>alert(1)</script><img src=file:///etc/passwd><link href='http://evil.example/x.css'>{% now 'Y' %}{{ x }}"
    "\"'&amp;\x0b\x01 \u202eomvänd\u202c 🌻 سلام " + "Hedersrelateratvåldochförtryck" * 12
)


@pytest.fixture(autouse=True)
def _own_files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def round_(unit: Unit) -> Round:
    """The unit's round, with its follow-up due."""
    return stages.routines_done(unit, stages.due())


@pytest.fixture
def follow_up(round_: Round, coordinator: User) -> FollowUp:
    """Held today, with everything in it."""
    return recorded(round_, coordinator)


def recorded(round_: Round, by: User, said: Said = SAID, promised: str = "Handledning i arbetslaget") -> FollowUp:
    return record_follow_up(
        round_,
        held_on=clock.today(),
        decision=Decision.MORE_SUPPORT,
        by=by,
        said=said,
        support_actions=[Promise(promised, "Rektor Rut", dt.date(2030, 1, 31))],
    )


def text_of(content: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages).split())


def fresh(follow_up: FollowUp) -> FollowUp:
    return FollowUp.objects.get(pk=follow_up.pk)


def address(follow_up: FollowUp) -> str:
    return f"/enheter/tallbackens-forskola/steg-4/uppfoljning/{follow_up.pk}/pdf/"


# --- What stands in it -------------------------------------------------------------------------------------------


def test_everything_that_was_said_and_decided_stands_in_it(follow_up: FollowUp) -> None:
    window = window_held(follow_up, Programme.current())
    assert window is not None
    text = text_of(documents.follow_up_pdf(follow_up))
    for words in (
        "Tallbackens förskola",
        "Järfälla kommun",
        "Samtal 1 av 2",
        "Sam Samordnare",
        "Fungerar arbetssättet? Ja Arbetslaget frågar. Det tar tid.",
        "Används rutinerna? Delvis De står på väggen.",
        "Finns de i verksamhetsplanen? Nej",
        "Vi vågar fråga.",
        "Mer tid för samtal.",
        "Börja i arbetslaget.",
        "Mer stöd: omgången fortsätter, med insatser som följs upp",
        "Handledning i arbetslaget Rektor Rut 31 januari 2030",
    ):
        assert words in text
    with translation.override("sv"):
        assert documents.context(follow_up)["printed"].window == window


def test_picture_of_the_steps_says_that_those_before_are_done(follow_up: FollowUp) -> None:
    with pikepdf.open(BytesIO(documents.follow_up_pdf(follow_up))) as document:
        [picture] = [row for row in elements(document.Root.StructTreeRoot.K) if row.S == "/Figure"]
    assert str(picture.Alt).endswith("Det här dokumentet hör till steg 4. Stegen före det är klara.")
    text = render_to_string("pdf/follow_up.html", documents.context(follow_up))
    stones = text.split("<svg", 1)[1].split("</svg>")[0]
    assert re.findall(r">(\d)</text>", stones) == ["4"]


def test_questions_that_were_left_open_say_so(round_: Round, coordinator: User) -> None:
    follow_up = recorded(round_, coordinator, Said())
    assert text_of(documents.follow_up_pdf(follow_up)).count("Inget antecknat.") == 6


def test_window_is_the_one_of_that_contact_also_after_the_steps_are_taken_back(
    round_: Round, coordinator: User
) -> None:
    before = window_of(Round.objects.get(pk=round_.pk), Programme.current(), clock.today())
    follow_up = record_follow_up(
        round_, held_on=clock.today(), decision=Decision.BACK_TO_TRAINING, by=coordinator, said=SAID
    )
    after = window_held(fresh(follow_up), Programme.current())
    assert before is not None
    assert after is not None
    assert window_of(Round.objects.get(pk=round_.pk), Programme.current(), clock.today()) is None
    assert (after.number, after.opens_on, after.closes_on) == (1, before.opens_on, before.closes_on)


def test_second_contact_has_its_own_window(unit: Unit, coordinator: User) -> None:
    round_ = stages.routines_done(unit, stages.ago(months=13))
    first = record_follow_up(
        round_, held_on=stages.ago(months=7), decision=Decision.GO_ON, by=coordinator, said=Said(effect="Ett")
    )
    second = record_follow_up(round_, held_on=clock.today(), decision=Decision.DONE, by=coordinator, said=SAID)
    windows = [window_held(row, Programme.current()) for row in (first, second)]
    assert [window and (window.number, window.target_on) for window in windows] == [
        (1, windows[0] and windows[0]._after(6)),
        (2, windows[1] and windows[1]._after(12)),
    ]
    assert "Samtal 2 av 2" in text_of(documents.follow_up_pdf(second))


def test_protected_person_who_recorded_it_is_not_named(follow_up: FollowUp, coordinator: User) -> None:
    User.objects.filter(pk=coordinator.pk).update(is_protected=True)
    text = text_of(documents.follow_up_pdf(fresh(follow_up)))
    assert "Sam Samordnare" not in text
    assert "Registrerat av samordnaren" in text


# --- How it is made ----------------------------------------------------------------------------------------------


def test_pdf_is_for_everybody_and_for_ever(round_: Round, unit: Unit, coordinator: User, tmp_path: Path) -> None:
    long = "\n\n".join([f"Stycke {n}. " + "Vi frågar och lyssnar. " * 12 for n in range(9)])
    nasty = Said(process_note=HOSTILE, routines_note=HOSTILE, effect=HOSTILE, needs=HOSTILE, lesson=HOSTILE)
    documents_ = {
        "full": recorded(round_, coordinator),
        "empty": recorded(another_round(), coordinator, Said()),
        "long": recorded(another_round(), coordinator, Said(process_note=long, effect=long, needs=long)),
        "hostile": recorded(another_round(f"<b>Ö & Å</b> 🌻 {'lång' * 25}"), coordinator, nasty, HOSTILE[:300]),
    }
    paths = []
    for name, follow_up in documents_.items():
        paths.append(tmp_path / f"{name}.pdf")
        paths[-1].write_bytes(documents.follow_up_pdf(fresh(follow_up)))
    assert failures(paths) == []


def another_round(name: str = "") -> Round:
    return stages.routines_done(factories.taking_part(factories.unit(name=name)), stages.due())


def test_hostile_text_is_text_and_what_cannot_be_printed_is_said(round_: Round, coordinator: User) -> None:
    follow_up = recorded(round_, coordinator, Said(effect=HOSTILE))
    text = text_of(documents.follow_up_pdf(follow_up))
    assert "<script>alert(1)</script><img src=file:///etc/passwd>" in text
    assert "{% now 'Y' %}" in text
    assert "{{ x }}" in text
    assert "□" in text
    assert "Ett tecken som inte kan tryckas visas som □." in text
    assert "omvänd □" in text
    assert "root:" not in text


def test_same_follow_up_gives_the_same_bytes_whoever_asks_and_whatever_happened_since(
    follow_up: FollowUp, coordinator: User
) -> None:
    first = documents.follow_up_pdf(fresh(follow_up))
    complete_support_action(follow_up.support_actions.get(), by=coordinator)
    with translation.override("en"):
        second = documents.follow_up_pdf(fresh(follow_up))
    assert first == second
    with pikepdf.open(BytesIO(first)) as document:
        assert str(document.Root.Lang) == "sv"


def test_pdf_is_kept_with_its_sum_and_made_once(follow_up: FollowUp) -> None:
    assert fresh(follow_up).pdf_state == PdfState.MAKING
    made = make_pdf(follow_up)
    with made.pdf.open("rb") as file:
        content = file.read()
    assert hashlib.sha256(content).hexdigest() == made.pdf_sha256
    assert str(made.pdf.name).startswith(f"follow-ups/tallbackens-forskola-{follow_up.pk}-")
    assert made.pdf_state == PdfState.READY
    with CaptureQueriesContext(connection) as queries:
        assert make_pdf(follow_up).pdf.name == made.pdf.name
    assert not [query for query in queries.captured_queries if query["sql"].startswith("UPDATE")]


def test_net_makes_what_is_missing_and_leaves_what_failed(follow_up: FollowUp, coordinator: User) -> None:
    failed = recorded(another_round(), coordinator)
    FollowUp.objects.filter(pk=failed.pk).update(pdf_error="Fel.", pdf_attempts=3)
    tasks.make_follow_up_pdfs()
    assert fresh(follow_up).pdf_state == PdfState.READY
    assert (fresh(failed).pdf_state, fresh(failed).pdf.name) == (PdfState.FAILED, "")


@pytest.mark.django_db(transaction=True)
def test_full_disk_is_tried_three_times_then_waits_for_a_person(
    follow_up: FollowUp, coordinator: User, settings: Settings, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "full"
    in_the_way.write_text("a file where a folder should be")
    settings.MEDIA_ROOT = in_the_way
    states = []
    for _try in range(5):
        tasks.make_follow_up_pdfs()
        states.append((fresh(follow_up).pdf_attempts, fresh(follow_up).pdf_state))
    assert states == [(1, "sending"), (2, "sending"), *[(3, "failed")] * 3]
    assert "Error: " in fresh(follow_up).pdf_error

    settings.MEDIA_ROOT = tmp_path
    make_pdf_again(follow_up, by=coordinator)
    assert (fresh(follow_up).pdf_attempts, fresh(follow_up).pdf_state) == (0, "sending")
    tasks.make_follow_up_pdf(follow_up.pk)
    assert fresh(follow_up).pdf_state == PdfState.READY


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_make_it_once(follow_up: FollowUp) -> None:
    made = together(3, lambda _worker: make_pdf(follow_up).pdf_sha256)
    assert {sha for sha in made if sha} == {fresh(follow_up).pdf_sha256}
    assert (fresh(follow_up).pdf_attempts, fresh(follow_up).pdf_state) == (1, PdfState.READY)


def test_worker_that_died_three_times_is_said(follow_up: FollowUp) -> None:
    FollowUp.objects.filter(pk=follow_up.pk).update(pdf_attempts=3)
    made = make_pdf(follow_up)
    assert made.pdf_error == "Portalen började om tre gånger utan att bli klar med PDF:en."


def test_asking_again_for_what_is_there_changes_nothing(follow_up: FollowUp, coordinator: User) -> None:
    made = make_pdf(follow_up)
    again = make_pdf_again(follow_up, by=coordinator)
    assert (again.pdf.name, again.pdf_sha256) == (made.pdf.name, made.pdf_sha256)


def test_old_follow_up_without_a_contact_of_its_own_gets_a_pdf(follow_up: FollowUp) -> None:
    FollowUp.objects.filter(pk=follow_up.pk).update(contact=None)
    assert "Vi vågar fråga." in text_of(documents.follow_up_pdf(fresh(follow_up)))


# --- Who fetches it ----------------------------------------------------------------------------------------------


def test_manager_and_coordinator_fetch_the_stored_bytes(
    follow_up: FollowUp, coordinator: User, manager: User, sign_in: SignIn
) -> None:
    made = make_pdf(follow_up)
    for person in (coordinator, manager):
        response = sign_in(person).get(address(follow_up))
        content = b"".join(response.streaming_content)  # type: ignore[attr-defined]  # a file, which the types do not know
        assert hashlib.sha256(content).hexdigest() == made.pdf_sha256
        assert response["Content-Type"] == "application/pdf"
        assert response["Cache-Control"] == "private, no-cache"
        assert "Content-Security-Policy" not in response
        assert f"uppfoljning-tallbackens-forskola-{made.held_on}.pdf" in response["Content-Disposition"]
        page = sign_in(person).get("/enheter/tallbackens-forskola/steg-4/").content.decode()
        assert address(follow_up) in page


def test_nobody_else_fetches_it_or_sees_the_way_there(
    follow_up: FollowUp, member: User, reader: User, outsider: User, sign_in: SignIn
) -> None:
    make_pdf(follow_up)
    for person, code in ((member, 403), (reader, 403), (outsider, 404)):
        response = sign_in(person).get(address(follow_up))
        assert response.status_code == code
        assert "Vi vågar fråga" not in response.content.decode()
    assert "/pdf/" not in sign_in(member).get("/enheter/tallbackens-forskola/steg-4/").content.decode()


def test_another_units_manager_does_not_get_it_by_the_own_units_address(
    follow_up: FollowUp, outsider: User, sign_in: SignIn
) -> None:
    make_pdf(follow_up)
    own = address(follow_up).replace("tallbackens-forskola", "granbackens-skola")
    response = sign_in(outsider).get(own)
    assert response.status_code == 404
    assert "Vi vågar fråga" not in response.content.decode()


def test_page_says_how_far_it_has_come_and_tries_again_with_one_click(
    follow_up: FollowUp, manager: User, sign_in: SignIn
) -> None:
    client = sign_in(manager)
    page = client.get(address(follow_up))
    assert "PDF:en görs nu" in page.content.decode()
    assert "Content-Security-Policy" in page
    FollowUp.objects.filter(pk=follow_up.pk).update(pdf_error="Disken är full.", pdf_attempts=3)
    failed = client.get(address(follow_up)).content.decode()
    assert "Disken är full." in failed
    assert "Försök igen" in failed
    again = client.post(f"{address(follow_up)}igen/", follow=True)
    assert "Portalen gör PDF:en." in again.content.decode()
    assert (fresh(follow_up).pdf_error, fresh(follow_up).pdf_attempts) == ("", 0)
    tasks.make_follow_up_pdf(follow_up.pk)
    assert "PDF:en är redan klar." in client.post(f"{address(follow_up)}igen/", follow=True).content.decode()


def test_file_that_is_gone_is_said_and_made_again(follow_up: FollowUp, manager: User, sign_in: SignIn) -> None:
    made = make_pdf(follow_up)
    default_storage.delete(str(made.pdf.name))
    client = sign_in(manager)
    response = client.get(address(follow_up))
    assert response.status_code == 404
    assert "Filen går inte att hitta just nu." in response.content.decode()
    client.post(f"{address(follow_up)}igen/")
    tasks.make_follow_up_pdf(follow_up.pk)
    assert fresh(follow_up).pdf_sha256 == made.pdf_sha256


def test_worker_makes_it_when_the_protocol_is_recorded(
    round_: Round, coordinator: User, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        recorded(round_, coordinator)
    assert [row.args for row in callbacks if "make_follow_up_pdf" in str(row)]


# --- What the form refuses ---------------------------------------------------------------------------------------


def test_protocol_refuses_what_the_paper_cannot_show_and_the_draft_keeps_it(round_: Round) -> None:
    window = window_of(round_, Programme.current(), clock.today())
    assert window is not None
    typed = {"held_on": clock.today(), "decision": "more_support", "effect": "Glatt 🌻", "support_1_what": "Blommor 🌻"}
    form = ProtocolForm(typed, window=window)
    for name in ("effect", "support_1_what"):
        [sentence] = form.errors[name]
        assert "🌻" in sentence
    assert DraftForm(typed, window=window).is_valid()
