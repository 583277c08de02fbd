"""Reading without a network: the service worker, the list of what it keeps, and the copies that it keeps.

The worker (static/js/worker.js) keeps copies that are made for keeping: no menu, no form, no token and no draft. A
copy says itself that it is one, and from when.
"""

import hashlib
import json
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Max, Sum
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe

from jarfalla import clock
from routines import queries
from routines.models import Contact, LegalReference, Routine, RoutineVersion, RoutineVersionQuerySet
from units.models import User
from units.permissions import PortalRequest
from units.queries import swedish_order

WORKER = Path(settings.BASE_DIR) / "static" / "js" / "worker.js"
# What a copy needs to look like a page.
FILES = [
    "css/bootstrap.min.css",
    "css/portal.css",
    "css/routines.css",
    "css/offline.css",
    "fonts/portal-sans.woff2",
    "fonts/portal-serif.woff2",
    "img/mark.svg",
    "img/favicon.svg",
]


@login_not_required
@require_safe
@cache_control(no_cache=True)
def service_worker(request: HttpRequest) -> HttpResponse:
    """The worker's script with its version: what a browser has from another version is thrown away."""
    source = WORKER.read_text()
    made_of = [source, *(static(name) for name in FILES)]
    version = hashlib.sha256("\n".join(made_of).encode()).hexdigest()[:16]
    given = f'const VERSION = "{version}";\nconst KEPT_SECONDS = {settings.SESSION_COOKIE_AGE};\n'
    return HttpResponse(given + source, content_type="text/javascript; charset=utf-8")


@require_safe
@never_cache
def offline_list(request: PortalRequest) -> JsonResponse:
    """What the worker may keep for whoever is signed in: everything else that it has must go."""
    versions, said = list(_own_versions(request.user)), _said()
    pages = [{"address": reverse("offline_start"), "copy": reverse("offline_start"), "tag": _tag(said, *versions)}]
    pages += [
        {
            "address": row.routine.get_absolute_url(),
            "copy": reverse("offline_routine", args=[row.routine.slug]),
            "tag": _tag(said, row),
        }
        for row in versions
    ]
    # Who it is for, without saying who that is.
    reader = salted_hmac("offline", str(request.user.pk)).hexdigest()[:16]
    return JsonResponse({"reader": reader, "files": [static(name) for name in FILES], "pages": pages})


@require_safe
@never_cache
def offline_start(request: PortalRequest) -> HttpResponse:
    """What every address but the kept ones shows without a network: the routines that are kept, and whom to call."""
    versions = list(_own_versions(request.user))
    context = {"versions": versions, "groups": queries.contact_groups()}
    return _copy(request, "jarfalla/offline_start.html", context, tag=_tag(_said(), *versions))


@require_safe
@never_cache
def offline_routine(request: PortalRequest, slug: str) -> HttpResponse:
    """A routine in force of a unit where the user works, as the worker keeps it; 404 for every other."""
    version = get_object_or_404(_own_versions(request.user), routine__slug=slug)
    context = {
        "version": version,
        "routine": version.routine,
        "unit": version.routine.unit,
        "sections": queries.reading_order(version),
        "is_overdue": version.is_review_overdue(clock.today()),
        "approved_by": queries.approver(version),
    }
    return _copy(request, "jarfalla/offline_routine.html", context, tag=_tag(_said(), version))


def _own_versions(user: User) -> RoutineVersionQuerySet:
    """The versions in force of the routines that apply to `user`, in one query."""
    versions: RoutineVersionQuerySet = (
        RoutineVersion.objects.in_force()
        .filter(routine__in=Routine.objects.applying_to(user))
        .select_related("routine__unit", "approved_by")
        .defer("words", "search")
        .order_by(swedish_order("routine__title"), swedish_order("routine__unit__name"), "pk")
    )
    return versions


def _copy(request: PortalRequest, template: str, context: dict[str, object], *, tag: str) -> HttpResponse:
    # Without a user the partials show no buttons: what is kept can do nothing but be read.
    response = render(request, template, {**context, "user": AnonymousUser(), "now": clock.now()})
    response.headers["X-Copy-Tag"] = tag
    return response


def _said() -> list[str]:
    """What tells whether copies would show something else than before, apart from the routines: the day (so that a copy
    says on which day it was last known to be right), the language, and the registries."""
    stamps = [
        model.objects.current().aggregate(Count("pk"), Sum("revision"), Max("checked_on"))
        for model in (Contact, LegalReference)
    ]
    return [str(clock.today()), str(get_language()), *(str(value) for row in stamps for value in row.values())]


def _tag(said: list[str], *versions: RoutineVersion) -> str:
    """What a copy shows, as a hash: another one when the worker must fetch it anew."""
    shown = [[str(row.pk), row.routine.title, row.routine.slug, row.routine.unit.name] for row in versions]
    return hashlib.sha256(json.dumps([said, shown]).encode()).hexdigest()[:32]
