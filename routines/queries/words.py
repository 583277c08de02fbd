"""What somebody searches for, as PostgreSQL looks for it: stems, and the words that a mistyped one may have meant."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q

from routines.models import SearchWord

# More words than anybody remembers make no search better, and each one costs.
MOST_TERMS, LONGEST_TERM = 8, 40
# A word shorter than this must stand there whole: too many begin with two letters for it to say anything.
SHORTEST_BEGINNING = 2
# Below this a word is too short to have slips in it, or to be looked for inside others.
_SHORTEST_SLIP, _SHORTEST_INSIDE, _LONG = 4, 4, 6
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


def as_query(groups: Iterable[Iterable[str]]) -> str:
    """A query of stems, in the words of to_tsquery: of each group at least one, the first of each as a beginning."""
    return " & ".join(
        f"({' | '.join(_quoted(stem, first=not place) for place, stem in enumerate(group))})" for group in groups
    )


def _quoted(stem: str, *, first: bool) -> str:
    return f"'{stem}':*" if first and len(stem) >= SHORTEST_BEGINNING else f"'{stem}'"


def likened(terms: Sequence[Term]) -> list[tuple[Term, list[str]]]:
    """Each term with the stems that it, mistyped or half-finished, may have meant, or that it is a part of. One query.

    Which they are follows from the word and the stem alone, never from what other words there are.
    """
    near = Q(pk__in=[])
    for term in terms:
        if len(term.word) >= _SHORTEST_SLIP:
            near |= Q(word__trigram_similar=term.stem)
            if term.word != term.stem:
                near |= Q(word__trigram_similar=term.word)
        if len(term.stem) >= _SHORTEST_INSIDE:
            near |= Q(word__contains=term.stem)
    found = list(SearchWord.objects.filter(near).values_list("word", flat=True))
    return [(term, [stem for stem in found if _is_meant(term, stem)]) for term in terms]


def _is_meant(term: Term, stem: str) -> bool:
    if len(term.word) < _SHORTEST_SLIP:
        return False
    slips = 1 if len(term.stem) < _LONG else 2
    is_beginning = len(stem) >= _SHORTEST_SLIP and 0 <= len(term.word) - len(stem) <= _LONGEST_ENDING
    return (
        (len(term.stem) >= _SHORTEST_INSIDE and term.stem in stem)
        or (is_beginning and term.word.startswith(stem))
        or (len(stem) >= _SHORTEST_SLIP and slips_between(term.stem, stem, most=slips) <= slips)
    )


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
