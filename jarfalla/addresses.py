"""Which addresses are pages: some only take what a button sends, and nobody can stand on them. Imports no app."""

import inspect
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme

# No address has more parts than this.
_PARTS = 8


def readable_page(path: str) -> str:
    """`path` when it can be opened, else the nearest address above it that can; the start page when none can."""
    for _ in range(_PARTS):
        if path == "/" or not path.startswith("/"):
            break
        if _can_be_opened(path):
            return path
        path = path.rstrip("/").rpartition("/")[0] + "/"
    return "/"


def page_with_the_button(request: HttpRequest) -> str:
    """Where the person was who sent this: what the browser says it was, when that is one of our pages, else the start
    page. After a form that was refused the browser stands on the form's own address; then it is the page above."""
    referer = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(referer, {request.get_host()}, require_https=request.is_secure()):
        return "/"
    asked = urlsplit(referer)
    page = readable_page(asked.path)
    return f"{page}?{asked.query}" if asked.query and page == asked.path else page


def asks_for_a_page(request: HttpRequest) -> bool:
    """Whether a person will see the answer: a browser that opens a page says so, a script takes anything."""
    return "text/html" in request.headers.get("Accept", "text/html")


def _can_be_opened(path: str) -> bool:
    try:
        view = resolve(unquote(path)).func
    except Resolver404:
        return False
    return "GET" in _methods(view)


def _methods(view: Callable[..., Any]) -> list[str]:
    """What the view's decorator lets through; Django's decorators keep it in a closure only."""
    methods: list[str] = inspect.getclosurevars(view).nonlocals.get("request_method_list", ["GET"])
    return methods
