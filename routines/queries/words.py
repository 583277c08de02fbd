"""What somebody searches for, as PostgreSQL looks for it: stems, and the words that a mistyped one may have meant."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q

from routines.models import SearchWord
from routines.queries.synonyms import SAME, Phrase, same_as

# More words than anybody remembers make no search better, and each one costs.
MOST_TERMS, LONGEST_TERM = 8, 40
# A word shorter than this must stand there whole: too many begin with two letters for it to say anything.
SHORTEST_BEGINNING = 2
# Below this a word is too short to have slips in it, or to be looked for inside others.
_SHORTEST_SLIP, _SHORTEST_INSIDE, _LONG = 4, 4, 6
# The last part of a compound says what it is: "barnkonsert" is a "konsert". A shorter part is as often a chance.
_SHORTEST_HEAD = 5
_LETTERS = "abcdefghijklmnopqrstuvwxyzåäöé"
# So many letters of an ending that the stemming knows only when it is whole: "skolorn" on the way to "skolorna".
_LONGEST_ENDING = 3


@dataclass(frozen=True)
class Term:
    """One word of a search, and its stem; no stem for a word so common that no text is found by it ("och")."""

    word: str
    stem: str


def terms(text: str) -> list[Term]:
    """The words of a search in order, each once, with its stem. One query."""
    words = list(dict.fromkeys(re.findall(r"[^\W_]+", text.lower())))[:MOST_TERMS]
    if not words:
        return []
    with connection.cursor() as cursor:
        # The stem that the text search configuration "swedish" makes of a word; words with digits it leaves alone.
        cursor.execute(
            """
            SELECT word, CASE WHEN word ~ '[0-9]' THEN ARRAY[word] ELSE ts_lexize('swedish_stem', word) END
            FROM unnest(%s::text[]) WITH ORDINALITY AS typed(word, place) ORDER BY place
            """,
            [[word[:LONGEST_TERM] for word in words]],
        )
        return [Term(word, stems[0] if stems else "") for word, stems in cursor.fetchall()]


@dataclass(frozen=True)
class Wanted:
    """What a text must have for one word of a search: all words of a phrase, or one of those that it is likened to."""

    phrases: tuple[Phrase, ...]  # what was typed, and what means the same; beginnings of words
    likely: tuple[str, ...] = ()  # stems


def wanted(terms: Sequence[Term]) -> list[Wanted]:
    """What a text must have, for each term, or for several that mean something together. Without a query."""
    found, at = [], 0
    while at < len(terms):
        length, others = same_as([term.word for term in terms[at:]])
        found.append(Wanted((tuple(term.stem for term in terms[at : at + length]), *others)))
        at += length
    return found


def as_query(words: Iterable[Wanted]) -> str:
    """A query in the words of to_tsquery."""
    return " & ".join(f"({' | '.join([*map(_phrase, one.phrases), *map(_quoted, one.likely)])})" for one in words)


def _phrase(phrase: Phrase) -> str:
    parts = (f"{_quoted(stem)}:*" if len(stem) >= SHORTEST_BEGINNING else _quoted(stem) for stem in phrase)
    return f"({' & '.join(parts)})"


def _quoted(stem: str) -> str:
    return f"'{stem}'"


def likened(terms: Sequence[Term]) -> list[Wanted]:
    """For each term, what it, mistyped or half-finished, may have meant, what it is a part of, or what is the last part
    of it. One query.

    Which stems they are follows from the word and the stem alone, never from what other words there are.
    """
    near = Q(pk__in=[])
    exact: set[str] = set()
    for term in terms:
        if len(term.word) >= _SHORTEST_SLIP:
            near |= Q(word__trigram_similar=term.stem)
            if term.word != term.stem:
                near |= Q(word__trigram_similar=term.word)
            exact.update(_one_letter_off(term.stem))
        if len(term.stem) >= _SHORTEST_INSIDE:
            near |= Q(word__contains=term.stem)
        exact.update(term.stem[at:] for at in range(1, len(term.stem) - _SHORTEST_HEAD + 1))
    found = list(SearchWord.objects.filter(near | Q(word__in=exact)).values_list("word", flat=True))
    return [
        Wanted(((term.stem,), *_same_as_mistyped(term)), tuple(stem for stem in found if _is_meant(term, stem)))
        for term in terms
    ]


def _one_letter_off(stem: str) -> Iterator[str]:
    """The words with one other letter, for a word so short that three letters in a row are seldom right then."""
    if len(stem) < _LONG:
        for at in range(len(stem)):
            yield from (stem[:at] + letter + stem[at + 1 :] for letter in _LETTERS)


def _is_meant(term: Term, stem: str) -> bool:
    if len(term.word) < _SHORTEST_SLIP:
        return False
    is_beginning = len(stem) >= _SHORTEST_SLIP and 0 <= len(term.word) - len(stem) <= _LONGEST_ENDING
    return (
        (len(term.stem) >= _SHORTEST_INSIDE and term.stem in stem)
        or (is_beginning and term.word.startswith(stem))
        or (len(stem) >= _SHORTEST_HEAD and term.stem.endswith(stem))
        or (len(stem) >= _SHORTEST_SLIP and _is_slip(term, stem))
    )


def _same_as_mistyped(term: Term) -> list[Phrase]:
    """What means the same as a word of the field that the term may be, mistyped."""
    found: list[Phrase] = []
    if len(term.stem) >= _LONG:
        for phrases in SAME:
            if any(len(first) >= _LONG and not more and _is_slip(term, first) for first, *more in phrases):
                found += phrases
    return found


def _is_slip(term: Term, word: str) -> bool:
    most = 1 if len(term.stem) < _LONG else 2
    return slips_between(term.stem, word, most=most) <= most


def slips_between(typed: str, word: str, *, most: int) -> int:
    """How many letters must be put in, taken out, changed or swapped to make a beginning of `word` of `typed`.

    It stops counting above `most`: nearly all words differ much more than anybody mistypes.
    """
    # No slip mends more than one letter that the word does not have, or that it is too short for.
    if (fewest := max(len(set(typed) - set(word)), len(typed) - len(word))) > most:
        return fewest
    before: list[int] = []
    row = list(range(len(word) + 1))
    for place, letter in enumerate(typed, start=1):
        above, before, row = before, row, [place]
        for column, other in enumerate(word, start=1):
            cost = min(before[column] + 1, row[-1] + 1, before[column - 1] + (letter != other))
            is_swapped = place > 1 and column > 1 and letter == word[column - 2] and typed[place - 2] == other
            row.append(min(cost, above[column - 2] + 1) if is_swapped else cost)
        if min(*row, *before) > most:
            break
    return min(row)
