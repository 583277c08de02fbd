"""What staff find at the old addresses of a routine that has been withdrawn."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import Http404, HttpResponseBase
from django.shortcuts import render

from routines import permissions
from units.permissions import PortalRequest

P = ParamSpec("P")


def or_no_longer(
    view: Callable[Concatenate[PortalRequest, P], HttpResponseBase],
) -> Callable[Concatenate[PortalRequest, P], HttpResponseBase]:
    """The view, but where it finds nothing, those who work by the routine are told that it has been withdrawn.

    For everybody else it stays the same 404 as for a routine that does not exist.
    """

    @wraps(view)
    def answer(request: PortalRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except Http404:
            found = permissions.get_withdrawn_routine(request.user, str(kwargs["slug"]))
        context = {"routine": found, "unit": found.unit, "withdrawn": found.withdrawn}
        return render(request, "routines/withdrawn.html", context, status=410)

    return answer
