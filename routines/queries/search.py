"""Finding routines by their words: stems, beginnings of words, and slips of the finger.

What somebody may not read leaves no trace, not even in how long an answer takes:

- The answer is worked out from the versions that `user` may read and from nothing else. For everybody but the
  coordinator they are picked first, and only their words are looked at. The index over all versions is not asked: it
  takes longer the more versions hold a word, those of others too.
- A mistyped word is likened to all words of the municipality, but each of them stands or falls by itself: none is
  crowded out by one that stands in another unit's routine only, and such a word finds nothing. What was searched for
  instead is never shown.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple

from django.contrib.postgres.search import SearchQuery, SearchRank, SearchVectorField
from django.db import connection, transaction
from django.db.models import BooleanField, Count, ExpressionWrapper, F, Func, Q, Value, Window
from django.utils.safestring import SafeString

from routines.models import PlacedContact, PlacedReference, Routine, RoutineSection, RoutineVersion, Sharing
from routines.models.version import RoutineVersionQuerySet
from routines.queries.marking import Looked, Place, best_place, marked
from routines.queries.words import Wanted, as_query, likened, terms, wanted
from units.models import Membership, User

# So many hits stand on a page; whoever gets more adds a word rather than turns pages.
SHOWN = 10
# Among so many hits, those of the own units and then the newest, the best are looked for: a word that stands in every
# routine says nothing about which one is meant.
_RANKED = 200
# More than there will ever be: a part of a query with a limit is answered by itself, before what stands around it.
_ALL = 10_000_000


@dataclass(frozen=True)
class Hit:
    """A routine that a search found. `place` is None when only its title or its unit has the words."""

    version: RoutineVersion
    title: SafeString
    is_own: bool
    place: Place | None

    @property
    def routine(self) -> Routine:
        """The routine."""
        return self.version.routine

    @property
    def address(self) -> str:
        """The section that answers best."""
        anchor = f"#avsnitt-{self.place.position}" if self.place else ""
        return self.routine.get_absolute_url() + anchor


@dataclass(frozen=True)
class Found:
    """The answer to a search: the best hits, and how many there are."""

    hits: Sequence[Hit] = ()
    total: int = 0
    is_likened: bool = False  # nothing has the very words; these have something like them
    is_too_common: bool = False  # "och", "på": no text is found by them

    @property
    def is_cut(self) -> bool:
        """Whether there are more than the page shows."""
        return self.total > len(self.hits)


def search(user: User, text: str, *, kind: str = "") -> Found:
    """What `user` may read, in force, that has all the words of `text`; the own units first, then the best."""
    typed = terms(text)
    telling = [term for term in typed if term.stem]
    if not telling:
        return Found(is_too_common=bool(typed))
    within = _Within(user, kind)
    with _by_index():
        if found := within.having(wanted(telling), names=text):
            return found
        # Also when no word is like it: whether one is, in somebody else's routine, must not show in the time it takes.
        return within.having(likened(telling), is_likened=True) or Found()


class _Within:
    """The versions that a search may find."""

    def __init__(self, user: User, kind: str) -> None:
        self.is_of_all = user.is_coordinator
        self.versions = RoutineVersion.objects.in_force()
        if kind:
            self.versions = self.versions.filter(routine__unit__kind=kind)
        self.readable = [] if self.is_of_all else self._readable_by(user)

    def _readable_by(self, user: User) -> list["_Readable"]:
        """What RoutineQuerySet.readable_by says of routines in force, asked in a way that takes a third of the time; a
        test compares the two."""
        if user.is_reader:
            return []
        own = set(Membership.objects.present().filter(user=user).values_list("unit", flat=True))
        shared = Sharing.objects.standing().order_by().values("routine")
        rows = self.versions.filter(Q(routine__unit__in=own) | Q(routine__in=shared))
        columns = rows.order_by().values_list("pk", "routine__unit", "routine__unit__name")
        return [_Readable(pk, unit in own, name.lower()) for pk, unit, name in columns]

    def having(self, words: list[Wanted], *, names: str = "", is_likened: bool = False) -> Found | None:
        """Those that have all that is wanted, or whose unit is called `names`; None when there are none."""
        query = SearchQuery(as_query(words), config="simple", search_type="raw")
        matching = self._matching(query, names)
        if not matching:
            return None
        best = _best(matching, query)
        hits = _hits(best, _present(words, best) if is_likened else words)
        return Found(hits=hits, total=matching[0].total, is_likened=is_likened)

    def _matching(self, query: SearchQuery, names: str) -> list["_Match"]:
        """Each candidate, and how many there are in all."""
        if self.is_of_all:
            # By itself, or PostgreSQL looks into the text of each version in force when several words are common.
            having = self.versions.filter(
                pk__in=RoutineVersion.objects.filter(search=query).order_by().values("pk")[:_ALL]
            )
        else:
            named = [row.pk for row in self.readable if names and names.lower() in row.unit_name]
            readable = RoutineVersion.objects.filter(pk__in=[row.pk for row in self.readable])
            having = _without_index(readable).filter(Q(vector=query) | Q(pk__in=named))
        own = [row.pk for row in self.readable if row.is_own]
        is_own = ExpressionWrapper(Q(pk__in=own), BooleanField()) if own else Value(False)
        ordered = having.annotate(is_own=is_own, total=Window(Count("pk"))).order_by("-is_own", "-in_force_at")
        return [_Match(*row) for row in ordered.values_list("pk", "is_own", "total")[:_RANKED]]


class _Readable(NamedTuple):
    """A version in force that may be read by somebody who may not read all."""

    pk: int
    is_own: bool  # of a unit where they work
    unit_name: str  # in small letters


class _Match(NamedTuple):
    """A version that has the words."""

    pk: int
    is_own: bool
    total: int  # how many have them


def _best(matching: Sequence[_Match], query: SearchQuery) -> list[RoutineVersion]:
    """Those to show, in order: own ones first, then those that are most about it, then the newest."""
    own = Q(pk__in=[row.pk for row in matching if row.is_own])
    rows = RoutineVersion.objects.filter(pk__in=[row.pk for row in matching]).defer("words", "search")
    ranked = rows.annotate(is_own=ExpressionWrapper(own, BooleanField()), rank=SearchRank(F("search"), query))
    return list(ranked.select_related("routine__unit").order_by("-is_own", "-rank", "-in_force_at")[:SHOWN])


def _without_index(versions: RoutineVersionQuerySet) -> RoutineVersionQuerySet:
    """The same versions with the words to look at in `vector`, which is no indexed column."""
    vector = Func(F("search"), template="(%(expressions)s || ''::tsvector)", output_field=SearchVectorField())
    return versions.alias(vector=vector)


@contextmanager
def _by_index() -> Iterator[None]:
    """Inside, words are looked up in the indexes made for it: PostgreSQL does not know what it costs to look into long
    texts or to liken words, and does it to all rows, through the table or another index, when a word is common."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_switch("off"))
        yield
        cursor.execute(_switch("on"))


def _switch(to: str) -> str:
    # What is left are bitmaps, the only way in which the indexes over words can be asked.
    ways = ("enable_seqscan", "enable_indexscan", "enable_indexonlyscan")
    return ";".join(f"SET LOCAL {way} = {to}" for way in ways)


def _present(words: list[Wanted], versions: Iterable[RoutineVersion]) -> list[Wanted]:
    """The same, likened to those stems alone that stand in one of the versions: only they are marked."""
    stems = list({stem for one in words for stem in one.likely})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT lexeme FROM routines_routineversion, unnest(tsvector_to_array(search)) AS lexeme"
            " WHERE id = ANY(%s::bigint[]) AND lexeme = ANY(%s::text[])",
            [[version.pk for version in versions], stems],
        )
        there = {stem for (stem,) in cursor.fetchall()}
    return [replace(one, likely=tuple(stem for stem in one.likely if stem in there)) for one in words]


def _hits(versions: list[RoutineVersion], words: list[Wanted]) -> list[Hit]:
    """The versions as the page shows them: three queries for their sections, whatever their number."""
    looked = Looked(words)
    columns = ("version", "position", "kind", "heading", "body", "markup", "cells")
    rows = RoutineSection.objects.filter(version__in=versions).order_by("version_id", "position").only(*columns)
    of = {pk: list(group) for pk, group in groupby(rows, key=lambda row: row.version_id)}
    placed = _placed(versions)
    return [
        Hit(
            version=version,
            title=marked(version.routine.title, looked.pattern),
            is_own=version.is_own,  # type: ignore[attr-defined]  # _best adds it
            place=best_place(of.get(version.pk, []), placed, looked),
        )
        for version in versions
    ]


def _placed(versions: list[RoutineVersion]) -> dict[int, list[str]]:
    """The names of what is placed in each section of the versions, by the section's key."""
    names: dict[int, list[str]] = {}
    contacts = PlacedContact.objects.filter(section__version__in=versions, contact__retired_at__isnull=True)
    for section, name in contacts.order_by("contact__position").values_list("section", "contact__name"):
        names.setdefault(section, []).append(name)
    laws = PlacedReference.objects.filter(section__version__in=versions, reference__retired_at__isnull=True)
    columns = ("section", "reference__law", "reference__place")
    for section, law, place in laws.order_by("reference__position").values_list(*columns):
        names.setdefault(section, []).append(f"{law} {place}".strip())
    return names
