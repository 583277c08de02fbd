"""The public page behind the code on a printed routine."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from routines import queries


@login_not_required
@never_cache
@require_safe
def check(request: HttpRequest, code: str) -> HttpResponse:
    """Whether the very version that somebody holds on paper is in force; nothing else about it, not even its name."""
    version = queries.printed_with(code)
    known = version is not None
    context = {"is_known": known, "is_in_force": version is not None and version.ended_at is None}
    return render(request, "routines/check.html", context, status=200 if known else 404)
