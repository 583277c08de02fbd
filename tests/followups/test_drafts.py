"""A protocol is kept while it is written: never an empty one, and whoever is in the way is called by the right name."""

from typing import Any

import pytest

from followups.actions import DraftChanged, save_draft
from followups.models import ProtocolDraft
from followups.queries import seen_of
from jarfalla import clock
from tests import factories
from tests.followups import stages
from units.models import Round, Unit, User, UserRole

pytestmark = pytest.mark.django_db


@pytest.fixture
def round_(unit: Unit) -> Round:
    """The unit's round, with its follow-up due."""
    return stages.routines_done(unit, stages.due())


def save(round_: Round, by: User, *, seen: str = "", **answers: Any) -> ProtocolDraft | None:
    return save_draft(round_, number=1, answers=answers, seen=seen, by=by)


def test_draft_without_a_word_is_never_made(round_: Round, coordinator: User) -> None:
    """The page itself puts today's date there."""
    assert save(round_, coordinator) is None
    assert save(round_, coordinator, held_on=clock.today().isoformat()) is None
    assert not ProtocolDraft.objects.exists()
    assert seen_of(None) == ""


@pytest.mark.parametrize("answers", [{"process": "yes"}, {"held_on": "2026-01-0"}, {"lesson_may_be_shared": True}])
def test_draft_with_one_answer_is_made(round_: Round, coordinator: User, answers: dict[str, Any]) -> None:
    assert save(round_, coordinator, **answers) == ProtocolDraft.objects.get()


def test_draft_that_is_emptied_is_kept_empty(round_: Round, coordinator: User) -> None:
    """Whoever opens the page again finds what the writer left: nothing."""
    draft = save(round_, coordinator, effect="Vi")
    assert save(round_, coordinator, seen=seen_of(draft)) == draft
    assert ProtocolDraft.objects.get().answers == {}


def test_draft_in_the_way_is_the_writers_own(round_: Round, coordinator: User) -> None:
    save(round_, coordinator, effect="Vi")
    with pytest.raises(DraftChanged) as changed:
        save(round_, coordinator, effect="Vi vågar")
    sentence = str(changed.value)
    assert sentence.startswith("Du har själv sparat något annat i protokollet (")
    assert sentence.endswith("), kanske i en annan flik. Det du ser är inte det.")
    assert coordinator.shown_name not in sentence


def test_draft_in_the_way_is_somebody_elses(round_: Round, coordinator: User) -> None:
    other = factories.user(name="Siv Samordnare", role=UserRole.COORDINATOR)
    save(round_, other, effect="Vi")
    with pytest.raises(DraftChanged, match=r"^Siv Samordnare har sparat något annat i protokollet \("):
        save(round_, coordinator, effect="Vi vågar")
    assert ProtocolDraft.objects.get().answers == {"effect": "Vi"}
