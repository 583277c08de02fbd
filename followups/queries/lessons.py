"""Lessons that units share, and what in a text tells who it is about."""

import functools
import re
from typing import TYPE_CHECKING, TypedDict, cast

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from followups.models import FollowUp, Lesson
from units.models import Unit, User

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    class _Crowd(TypedDict):
        of_its_kind: int

    CountedLesson = WithAnnotations[Lesson, _Crowd]

# The verksamhetstyp stands at a lesson when at least so many units are of it: of fewer, everybody knows which one.
ENOUGH_OF_A_KIND = 3
# Words of a unit's name that say what it is, not which; and how long another must be to be looked for without its s.
_COMMON = frozenset(
    {"förskola", "förskolan", "skola", "skolan", "grundskola", "gymnasium", "gymnasiet", "fritids", "fritidsgård"}
    | {"enhet", "enheten", "avdelning", "team", "teamet", "öppna", "förening", "föreningen", "bostäder", "kommun"}
    | {"kommunen", "socialtjänst", "socialtjänsten", "och", "för", "vid", "den", "det", "norra", "södra", "östra"}
    | {"västra", "centrum"}
)
_LONG = 5
_WORD = re.compile(r"[^\W\d_]{3,}")
_MAIL_OR_PHONE = re.compile(r"[\w.+-]+@[\w-]+\.\w+|(?<!\d)(?:\+46|0)[\d\s()/-]{6,14}\d")


def public_lessons() -> "models.QuerySet[CountedLesson, CountedLesson]":
    """What every unit reads, latest first; `of_its_kind` is how many units do the same sort of work."""
    same = Unit.objects.filter(kind=OuterRef("follow_up__round__unit__kind")).order_by()
    crowd = same.values("kind").annotate(n=Count("pk")).values("n")
    lessons = Lesson.objects.public().annotate(of_its_kind=Coalesce(Subquery(crowd), 0))
    in_order = lessons.select_related("follow_up__round__unit").order_by("-published_at", "-pk")
    return cast("models.QuerySet[CountedLesson, CountedLesson]", in_order)


def kind_of(lesson: "CountedLesson") -> str:
    """The verksamhetstyp as it may stand at the lesson; empty when it would tell which unit it is."""
    return lesson.follow_up.round.unit.get_kind_display() if lesson.of_its_kind >= ENOUGH_OF_A_KIND else ""


def waiting_lessons() -> models.QuerySet[FollowUp]:
    """Follow-ups whose unit wants to share its lesson, and that nobody has done anything about; longest wait first."""
    handled = Lesson.objects.filter(follow_up=OuterRef("pk")).filter(
        Q(published_at__isnull=False) | Q(withdrawn_at__isnull=False)
    )
    wanted = FollowUp.objects.filter(lesson_may_be_shared=True).exclude(lesson="").exclude(Exists(handled))
    return wanted.select_related("round__unit").order_by("recorded_at", "pk")


def withdrawn_lessons() -> models.QuerySet[Lesson]:
    """What was taken away or never published, and why, for the coordinator; latest first."""
    withdrawn = Lesson.objects.filter(withdrawn_at__isnull=False)
    return withdrawn.select_related("follow_up__round__unit").order_by("-withdrawn_at", "-pk")


def telling_words(text: str, follow_up: FollowUp) -> tuple[list[str], list[str]]:
    """What in `text` tells where it comes from, as it stands there: what surely does, and what may only look so.

    Surely: a unit's whole name, this one's or another's, somebody's whole name, an e-mail address, a telephone number.
    Perhaps: a word of the unit's name, a first name or surname of somebody who works there or held the call.
    """
    unit = follow_up.round.unit
    people = list(
        User.objects.filter(Q(memberships__unit=unit) | Q(pk=follow_up.recorded_by_id)).values_list("name", flat=True)
    )
    units = Unit.objects.values_list("name", flat=True)
    whole = [*units, *(name for name in people if " " in name.strip())]
    surely = [*_found(text, whole), *_MAIL_OR_PHONE.findall(text)]
    own = [word for word in _WORD.findall(unit.name) if word.lower() not in _COMMON]
    own += [word.removesuffix("s") for word in own if len(word) > _LONG]  # Tallbackens: Tallbacken
    parts = {part for name in people for part in _WORD.findall(name)}
    rest = functools.reduce(lambda left, said: left.replace(said, " "), surely, text)
    return list(dict.fromkeys(surely)), _found(rest, [*own, *sorted(parts)])


def _found(text: str, names: list[str]) -> list[str]:
    """Those of `names` that stand in `text`, as they are written there; the genitive and a definite form count."""
    found = []
    for name in dict.fromkeys(names):
        words = r"\s+".join(re.escape(part) for part in name.split())
        if words and (match := re.search(rf"(?<!\w){words}(?:s|n|en)?(?!\w)", text, re.IGNORECASE)):
            found.append(match.group())
    return list(dict.fromkeys(found))
