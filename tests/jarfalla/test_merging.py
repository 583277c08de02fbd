"""Two people's changes of one text: nothing of either's is lost, the same change is made once, a clash keeps both."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jarfalla import merging, rich_text

line = st.sampled_from(["ett", "två", "tre", "fyra", "fem", "sex", "sju"])
texts = st.lists(line, max_size=8)


@st.composite
def changed(draw: st.DrawFn, base: list[str], mark: str) -> list[str]:
    """The base with some lines changed, added and taken away; what is new carries the writer's mark."""
    new: list[str] = []
    for number, text in enumerate(base):
        what = draw(st.sampled_from(["keep", "keep", "keep", "change", "remove", "add"]))
        if what == "add":
            new.append(f"{mark}{number} ny")
        if what in ("keep", "add"):
            new.append(text)
        elif what == "change":
            new.append(f"{mark}{number} {text}")
    if draw(st.booleans()):
        new.append(f"{mark} sist")
    return new


@st.composite
def triples(draw: st.DrawFn) -> tuple[list[str], list[str], list[str]]:
    base = draw(texts)
    return base, draw(changed(base, "M")), draw(changed(base, "T"))


def merge_lines(base: list[str], mine: list[str], theirs: list[str]) -> merging.Merged:
    return merging.merge_lines("\n".join(base), mine="\n".join(mine), theirs="\n".join(theirs))


@settings(max_examples=600)
@given(triples())
def test_no_change_of_either_side_is_lost(three: tuple[list[str], list[str], list[str]]) -> None:
    base, mine, theirs = three
    merged = Counter(merge_lines(base, mine, theirs).text.split("\n"))
    for side in (mine, theirs):
        for text, count in (Counter(side) - Counter(base)).items():
            assert merged[text] >= count, f"{text} is gone"


@settings(max_examples=300)
@given(triples())
def test_the_same_change_is_made_once_and_no_change_changes_nothing(
    three: tuple[list[str], list[str], list[str]],
) -> None:
    base, mine, theirs = three
    assert merge_lines(base, mine, mine) == merging.Merged("\n".join(mine))
    assert merge_lines(base, base, theirs) == merging.Merged("\n".join(theirs))
    assert merge_lines(base, mine, base) == merging.Merged("\n".join(mine))


@settings(max_examples=300)
@given(triples())
def test_who_is_first_makes_no_difference_to_what_is_there(three: tuple[list[str], list[str], list[str]]) -> None:
    base, mine, theirs = three
    one, other = merge_lines(base, mine, theirs), merge_lines(base, theirs, mine)
    assert Counter(one.text.split("\n")) == Counter(other.text.split("\n"))
    assert len(one.clashes) == len(other.clashes)


@settings(max_examples=300)
@given(triples())
def test_saving_the_merged_text_again_is_no_clash(three: tuple[list[str], list[str], list[str]]) -> None:
    base, mine, theirs = three
    merged = merge_lines(base, mine, theirs).text.split("\n")
    assert merge_lines(theirs, merged, theirs) == merging.Merged("\n".join(merged))


def html(blocks: list[str]) -> str:
    return rich_text.clean("".join(f"<p>{text}</p>" for text in blocks))


@settings(max_examples=200)
@given(triples())
def test_paragraphs_go_together_as_lines_do(three: tuple[list[str], list[str], list[str]]) -> None:
    base, mine, theirs = three
    merged = merging.merge_html(html(base), mine=html(mine), theirs=html(theirs))
    assert rich_text.to_plain(merged.text).split("\n") == merge_lines(base, mine, theirs).text.split("\n")
    assert rich_text.clean(merged.text) == merged.text


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "expected", "clashes"),
    [
        # Neighbours that each of the two has changed one of.
        ("<p>1</p><p>2</p>", "<p>1m</p><p>2</p>", "<p>1</p><p>2t</p>", "<p>1m</p><p>2t</p>", []),
        # The same paragraph, differently.
        ("<p>1</p>", "<p>1m</p>", "<p>1t</p>", "<p>1t</p><p>1m</p>", [("<p>1m</p>", "<p>1t</p>")]),
        # One takes away what the other changes.
        ("<p>1</p><p>2</p>", "<p>2</p>", "<p>1t</p><p>2</p>", "<p>1t</p><p>2</p>", [("", "<p>1t</p>")]),
        # Both add in the same place: no clash, for nothing was changed.
        ("<p>1</p>", "<p>1</p><p>m</p>", "<p>1</p><p>t</p>", "<p>1</p><p>t</p><p>m</p>", []),
        # Items of one list.
        (
            "<ul><li>a</li><li>b</li></ul>",
            "<ul><li>a</li><li>b</li><li>m</li></ul>",
            "<ul><li>t</li><li>a</li><li>b</li></ul>",
            "<ul><li>t</li><li>a</li><li>b</li><li>m</li></ul>",
            [],
        ),
        # Numbered lists beside each other stay two.
        (
            "<ol><li>a</li></ol><ol><li>b</li></ol>",
            "<ol><li>a</li><li>m</li></ol><ol><li>b</li></ol>",
            "<ol><li>a</li></ol><ol><li>b</li><li>t</li></ol>",
            "<ol><li>a</li><li>m</li></ol><ol><li>b</li><li>t</li></ol>",
            [],
        ),
        ("", "<p>m</p>", "<p>t</p>", "<p>t</p><p>m</p>", []),
    ],
)
def test_merge_html(base: str, mine: str, theirs: str, expected: str, clashes: list[tuple[str, str]]) -> None:
    assert merging.merge_html(base, mine=mine, theirs=theirs) == merging.Merged(
        expected, [merging.Clash(*clash) for clash in clashes]
    )


def test_ticks_go_together() -> None:
    assert merging.merge_sets({1, 2}, mine={2, 3}, theirs={1, 2, 4}) == {2, 3, 4}


def test_long_texts_with_nothing_in_common_take_no_long_time() -> None:
    mine, theirs = (["x", f"{mark}"] * 5_000 for mark in "mt")
    merged = merge_lines(["y"] * 8_000, mine, theirs)
    assert Counter(merged.text.split("\n")) >= Counter({"m": 5_000, "t": 5_000})
