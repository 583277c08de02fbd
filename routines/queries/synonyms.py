"""Words of the field that mean the same, so that whoever searches need not know which one a text uses.

Only words that mean the same: one that is wider or narrower would find what nobody asked for. Each is a beginning of
the word's stem, so that it holds all forms of it; two words stand for both of them, in the text in any order. What a
search looks for follows from what is typed and from this list, never from what other routines say.
"""

from collections.abc import Sequence

# One word, or several that only together mean it.
Phrase = tuple[str, ...]

_SAME = """
    hedersvåld / hedersrelat våld
    hedersförtryck / hedersrelat förtryck
    tvångsgift / bortgift / tvångsäktenskap / äktenskapstvång
    barngift / barnäktenskap
    könsstymp / omskär / fgm
    oroanmäl / orosanmäl
    skolkurat / kurat
    skolsyst / skolsköt
    bup / ungdomspsykiatr
    bvc / barnavårdscentral
    socialtjänst / socialförvaltning
    utreseförbud / reseförbud
    oskuldskontroll / oskuldsundersökning
    månggift / polygami
"""
# A shorter one is an abbreviation, which has no endings.
_SHORTEST_BEGINNING = 4
SAME: tuple[tuple[Phrase, ...], ...] = tuple(
    tuple(tuple(phrase.split()) for phrase in line.split("/")) for line in _SAME.strip().splitlines()
)


def same_as(words: Sequence[str]) -> tuple[int, tuple[Phrase, ...]]:
    """How many of the words, from the first on, have others that mean the same, and those others; (1, ()) for none."""
    for phrases in SAME:
        for phrase in phrases:
            if len(words) >= len(phrase) and all(map(_is_form, words, phrase)):
                return len(phrase), tuple(other for other in phrases if other != phrase)
    return 1, ()


def _is_form(word: str, beginning: str) -> bool:
    return word == beginning or (len(beginning) >= _SHORTEST_BEGINNING and word.startswith(beginning))
