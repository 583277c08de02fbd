"""What happens to the lesson of a follow-up: published, taken away, or refused by the unit. The follow-up stays."""

from django.db import transaction
from django.utils.translation import gettext as _

from followups.models import FollowUp, Lesson
from jarfalla import clock
from units.models import Refused, User

# What a lesson is when nobody has taken it away.
_STANDING = {"withdrawn_at": None, "withdrawn_by": None, "withdrawn_reason": "", "is_refused": False}


@transaction.atomic
def publish_lesson(follow_up: FollowUp, *, title: str, text: str, by: User) -> Lesson:
    """Let other units read the lesson in these words; the same words again change nothing.

    Raises Refused when the unit has not said yes to that, or has taken its yes back.
    """
    lesson = _lock(follow_up)
    _require_yes(lesson, by=by)
    if lesson.is_public and (lesson.title, lesson.text) == (title, text):
        return lesson
    lesson.title, lesson.text = title, text
    if not lesson.is_public:  # better words for one that is read already are no news
        lesson.published_at, lesson.published_by = clock.now(), by
    return _save(lesson, **_STANDING)


@transaction.atomic
def withdraw_lesson(follow_up: FollowUp, *, reason: str, by: User) -> Lesson:
    """Take the lesson from the page, or decide that it never comes there; one that is gone stays as it is.

    Raises Refused for anybody but a coordinator, and without a reason.
    """
    lesson = _lock(follow_up)
    _require_coordinator(by)
    if lesson.withdrawn_at:
        return lesson
    if not reason.strip():
        raise Refused(_("Skriv varför lärdomen inte ska läsas av andra."))
    return _save(lesson, withdrawn_at=clock.now(), withdrawn_by=by, withdrawn_reason=reason.strip())


@transaction.atomic
def refuse_sharing(follow_up: FollowUp, *, by: User) -> Lesson:
    """The unit takes its yes back: the lesson is gone at once, and the coordinator can't bring it back."""
    lesson = _lock(follow_up)
    if lesson.is_refused:
        return lesson
    return _save(lesson, withdrawn_at=clock.now(), withdrawn_by=by, withdrawn_reason="", is_refused=True)


@transaction.atomic
def share_again(follow_up: FollowUp, *, by: User) -> Lesson:
    """The unit says yes once more: the lesson waits for the coordinator, as it did the first time.

    Raises Refused for anybody but the unit's manager: a no is not turned into a yes by the one who publishes.
    """
    lesson = _lock(follow_up)
    if not lesson.follow_up.round.unit.managers().filter(pk=by.pk).exists():
        raise Refused(_("Det är enhetens chef som kan säga ja igen."))
    if not lesson.is_refused:
        return lesson
    return _save(lesson, published_at=None, published_by=None, **_STANDING)


def _require_coordinator(by: User) -> None:
    if not by.is_coordinator:
        raise Refused(_("Lärdomar sköts av samordnaren."))


def _require_yes(lesson: Lesson, *, by: User) -> None:
    """Raise Refused unless the coordinator asks and the unit's yes stands."""
    _require_coordinator(by)
    if not lesson.follow_up.lesson_may_be_shared:
        raise Refused(_("Enheten har inte sagt ja till att lärdomen delas."))
    if lesson.is_refused:
        raise Refused(_("Enheten har tagit tillbaka sitt ja. Lärdomen kan inte publiceras."))


def _lock(follow_up: FollowUp) -> Lesson:
    """The follow-up's lesson as it is now, or a new one that is not saved; the follow-up is locked meanwhile."""
    follow_up = FollowUp.objects.select_for_update(of=("self",)).select_related("round__unit").get(pk=follow_up.pk)
    lesson = Lesson.objects.filter(follow_up=follow_up).first() or Lesson()
    lesson.follow_up = follow_up
    return lesson


def _save(lesson: Lesson, **values: object) -> Lesson:
    """The lesson with these values, written down."""
    for name, value in values.items():
        setattr(lesson, name, value)
    lesson.save()
    return lesson
