"""Two texts side by side: what is marked, what is left alone, and what hostile text becomes."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jarfalla.differences import lines_side_by_side, side_by_side, text_side_by_side
from tests.timing import processor_seconds


def marked(html: str, tag: str) -> list[str]:
    """The texts that stand in `tag`, without the words for those who do not see the marks."""
    found = re.findall(rf"<{tag}>(.*?)</{tag}>", html)
    return [re.sub(r'<span class="visually-hidden">.*?</span>', "", text) for text in found]


def test_changed_words_are_marked_on_each_side() -> None:
    old, new = side_by_side(
        "<p>Rektor ringer socialtjänsten samma dag.</p>", "<p>Rektor ringer polisen och socialtjänsten samma dag.</p>"
    )
    assert (marked(old, "del"), marked(new, "ins")) == ([], ["polisen och"])
    assert "<ins" not in old
    assert "<del" not in new


def test_marks_say_what_they_are_in_words() -> None:
    old, new = text_side_by_side("Rektor", "Chefen")
    assert old == (
        '<p><del><span class="visually-hidden">[borttaget: </span>Rektor'
        '<span class="visually-hidden"> slut på borttaget]</span></del></p>'
    )
    assert '<span class="visually-hidden">[tillagt: </span>Chefen' in new


def test_same_text_has_no_marks() -> None:
    text = "<h3>Rubrik</h3><ul><li>Ett <strong>fett</strong> ord</li></ul>"
    assert side_by_side(text, text) == (text, text)


def test_each_side_keeps_its_own_structure() -> None:
    old, new = side_by_side("<p>Ett</p><p>Två</p>", "<ul><li>Ett</li><li>Två</li></ul>")
    assert re.sub(r"</?(del|span)[^>]*>", "", old).count("<p>") == 2
    assert new.count("<li>") == 2
    assert marked(old, "del") == ["Ett", "Två"], "a paragraph that became a list is a change"


def test_new_point_in_a_list_is_the_only_mark() -> None:
    old, new = lines_side_by_side(["Ring 112", "Stanna kvar"], ["Ring 112", "Lås dörren", "Stanna kvar"])
    assert (marked(old, "del"), marked(new, "ins")) == ([], ["Lås dörren"])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<p><a href="https://a.se/">Läs mer</a></p>', '<p><a href="https://b.se/">Läs mer</a></p>'),
        ("<p>Läs mer</p>", "<p><strong>Läs mer</strong></p>"),
        ("<h3>Läs mer</h3>", "<p>Läs mer</p>"),
    ],
)
def test_same_words_with_another_meaning_are_marked(before: str, after: str) -> None:
    old, new = side_by_side(before, after)
    assert (marked(old, "del"), marked(new, "ins")) == (["Läs mer"], ["Läs mer"])


def test_lone_common_word_between_two_changes_is_marked_with_them() -> None:
    old, new = text_side_by_side("alfa beta gamma och delta epsilon zeta", "ett två tre och fyra fem sex")
    assert marked(old, "del") == ["alfa beta gamma och delta epsilon zeta"]
    assert marked(new, "ins") == ["ett två tre och fyra fem sex"]


@pytest.mark.parametrize(("before", "after"), [("", "<p>Nytt</p>"), ("<p>Gammalt</p>", ""), ("", "")])
def test_side_without_text_is_empty(before: str, after: str) -> None:
    old, new = side_by_side(before, after)
    assert (bool(old), bool(new)) == (bool(before), bool(after))


def test_hostile_text_is_harmless_on_both_sides() -> None:
    hostile = "<p onclick=x>Hej <script>alert(1)</script><img src=x onerror=y><del class=z>&lt;b&gt; \x00\x0b</del></p>"
    for side in side_by_side(hostile, "<p>Något annat</p>") + side_by_side("<p>Något annat</p>", hostile):
        assert "onclick" not in side
        assert "<script" not in side
        assert "<img" not in side
        assert "<b>" not in side


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<p>" + "a b " * 20_000 + "</p>", "<p>c " + "b a " * 20_000 + "d</p>"),
        ("<p>a</p>" * 20_000, "<p>b</p>" + "<p>c</p><p>a</p>" * 10_000),
    ],
)
def test_very_long_texts_are_compared_in_time(before: str, after: str) -> None:
    assert processor_seconds(lambda: side_by_side(before, after)) < 20
    old, new = side_by_side(before, after)
    assert marked(old, "del")
    assert marked(new, "ins")


_WORDS = st.lists(st.sampled_from(["Rektor", "ringer", "och", "112", "åäö", "<", "&"]), max_size=12).map(" ".join)
_TEXTS = st.lists(_WORDS, max_size=5)


@given(before=_TEXTS, after=_TEXTS)
@settings(max_examples=60)
def test_unmarked_words_are_the_same_on_both_sides_in_the_same_order(before: list[str], after: list[str]) -> None:
    old, new = lines_side_by_side(before, after)

    def unmarked(html: str, tag: str) -> list[str]:
        return re.sub(r"<[^>]*>", " ", re.sub(rf"<{tag}>.*?</{tag}>", " ", html)).split()

    assert unmarked(old, "del") == unmarked(new, "ins")
    words = re.sub(r"<[^>]*>", " ", re.sub(r'<span class="visually-hidden">.*?</span>', "", old)).split()
    assert words == [word.replace("&", "&amp;").replace("<", "&lt;") for line in before for word in line.split()]
