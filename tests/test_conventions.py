"""Tests of the house itself: what it promises about its own code (design, section 2)."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django import forms
from django.apps import apps
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

from jarfalla.celery import app as celery_app
from jarfalla.privacy import find_personal_numbers, refuse_personal_numbers
from units.forms import GuardedFormMixin, PortalForm

ROOT = Path(__file__).resolve().parent.parent
APPS = ["units", "courses", "routines", "followups"]
ROLES = {
    "__init__",
    "apps",
    "models",
    "permissions",
    "queries",
    "imports",  # docs/decisions/0006: reading a file into checked rows
    "mail",
    "documents",
    "tasks",
    "actions",
    "forms",
    "views",
    "urls",
    "admin",
    "migrations",
    "management",
    "seed",
    "templatetags",
}


def source_files() -> list[Path]:
    """The Python files that git tracks or would track, without migrations."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [ROOT / name for name in sorted(set(listed.stdout.split()))]
    return [path for path in paths if path.exists() and "migrations" not in path.parts]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def named_patterns() -> Iterator[tuple[str, URLPattern]]:
    """Every pattern of the resolver with the module of its view."""

    def walk(resolver: URLResolver) -> Iterator[URLPattern]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLResolver):
                yield from walk(entry)
            else:
                yield entry

    for pattern in walk(get_resolver()):
        assert pattern.name, f"{pattern.pattern} has no name"
        yield pattern.name, pattern


def test_functions_are_under_40_lines() -> None:
    assert [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name} has {length(node)} lines"
        for path in source_files()
        for node in functions(path)
        if length(node) > 40
    ] == []


def test_views_are_at_most_25_lines() -> None:
    views = {pattern.callback.__name__ for _, pattern in named_patterns()}
    assert [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name} has {length(node)} lines"
        for path in source_files()
        if "views" in path.stem or "views" in path.parent.name
        for node in functions(path)
        if node.name in views and length(node) > 25
    ] == []


def test_files_are_under_400_lines() -> None:
    assert [path for path in source_files() if len(path.read_text().splitlines()) > 400] == []


@pytest.mark.parametrize("app", APPS)
def test_files_of_an_app_are_named_after_their_role(app: str) -> None:
    names = {path.stem for path in (ROOT / app).iterdir() if path.name != "__pycache__"}
    assert names - ROLES == set()


def test_tasks_that_are_enqueued_or_scheduled_exist() -> None:
    celery_app.loader.import_default_modules()
    enqueued = {name for path in source_files() for name in re.findall(r'enqueue\(\s*"([\w.]+)"', path.read_text())} | {
        entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()
    }
    assert enqueued, "the pattern above no longer finds what is enqueued"
    assert enqueued - set(celery_app.tasks) == set()


def test_clock_is_the_only_one_asked_for_the_time() -> None:
    asked = re.compile(r"date\.today\(|datetime\.now\(|timezone\.now\(|timezone\.localdate\(\)")
    assert [
        path.relative_to(ROOT)
        for path in source_files()
        if path != ROOT / "jarfalla" / "clock.py" and "tests" not in path.parts and asked.search(path.read_text())
    ] == []


def test_no_test_is_skipped() -> None:
    skipping = re.compile(r"mark\.(skip|xfail)|pytest\.(skip|importorskip)\(|unittest\.skip")
    assert [
        path
        for path in source_files()
        if "tests" in path.parts and path != Path(__file__) and skipping.search(path.read_text())
    ] == []


def all_forms() -> set[type[forms.BaseForm]]:
    """Every form class of our own."""
    for app in APPS:
        __import__(f"{app}.views")
    __import__("jarfalla.urls")
    found: set[type[forms.BaseForm]] = set()
    waiting: list[type[forms.BaseForm]] = [forms.BaseForm]
    while waiting:
        children: list[type[forms.BaseForm]] = waiting.pop().__subclasses__()
        for child in children:
            waiting.append(child)
            if child.__module__.split(".")[0] in {*APPS, "jarfalla"}:
                found.add(child)
    return found


def test_every_form_has_the_personnummer_guard() -> None:
    found = all_forms()
    assert len(found) > 8
    assert [form for form in found if not issubclass(form, GuardedFormMixin)] == []
    assert all(issubclass(form, GuardedFormMixin) for form in found)


def test_every_model_free_text_is_written_through_a_guarded_form_field() -> None:
    """A form field made straight from a model's text field has the guard as soon as the form is made."""
    from units.forms import UnitForm

    form = UnitForm()
    text_fields = [field for field in form.fields.values() if isinstance(field, forms.CharField)]
    assert text_fields
    assert all(refuse_personal_numbers in field.validators for field in text_fields)


def test_hidden_fields_are_compared_and_not_kept() -> None:
    """They pass no guard (GuardedFormMixin): look at what becomes of a new one before it is named here."""
    hidden = {
        name
        for form in all_forms()
        if issubclass(form, forms.Form | forms.ModelForm)
        for name, field in form.base_fields.items()
        if field.widget.is_hidden and isinstance(field, forms.CharField) and not isinstance(field, forms.UUIDField)
    }
    assert hidden == {"seen", "asked", "version"}


def test_portal_never_refuses_its_own_fingerprint() -> None:
    """In one of 1,800 are the digits of a personnummer: a text with that one could never have been approved."""
    fingerprint = "f80c4889479a50974111aeb0109e7aa7712747208b08bffc74051b96065b188f"
    assert find_personal_numbers(fingerprint)

    class Sent(PortalForm):
        seen = forms.CharField(widget=forms.HiddenInput)

    form = Sent({"seen": fingerprint})
    assert form.is_valid(), form.errors


def templates() -> list[Path]:
    return sorted((ROOT / "templates").rglob("*.html")) + sorted((ROOT / "templates").rglob("*.txt"))


# Named by allauth and Django themselves.
NAMED_ELSEWHERE = re.compile(r"^(account/|django/|400|403|404|500|bootstrap5/)")


def test_every_template_is_used() -> None:
    everything = "\n".join(path.read_text() for path in [*source_files(), *templates()])
    unused = []
    for path in templates():
        name = path.relative_to(ROOT / "templates").as_posix()
        stem = name.removeprefix("email/").rsplit(".", 1)[0] if name.startswith("email/") else name
        if not NAMED_ELSEWHERE.match(name) and f'"{name}"' not in everything and f'"{stem}"' not in everything:
            unused.append(name)
    assert unused == []


def test_pages_have_no_inline_script_or_style() -> None:
    """The Content-Security-Policy would refuse them; mails and PDFs are not pages."""
    inline = re.compile(r"<style|\sstyle=|<script(?![^>]*\bsrc=)|\son[a-z]+=|javascript:")
    pages = [path for path in templates() if not {"email", "pdf"} & set(path.parts)]
    assert pages
    assert [path.relative_to(ROOT) for path in pages if inline.search(path.read_text())] == []


# Formatted text is HTML: these show what jarfalla/rich_text.py has cleaned, and nothing else.
CLEANED = {ROOT / "jarfalla/differences.py", ROOT / "routines/models/section.py", ROOT / "routines/queries/marking.py"}


def test_nothing_is_marked_safe() -> None:
    unsafe = re.compile(r"\|\s*safe\b|mark_safe|autoescape off")
    allowed = {path for path in templates() if path.suffix == ".txt"}  # plain text is not HTML
    own = {Path(__file__)}
    assert [
        path.relative_to(ROOT)
        for path in [*source_files(), *templates()]
        if path not in allowed | own | CLEANED and unsafe.search(path.read_text())
    ] == []


def test_every_constraint_is_named_after_its_rule() -> None:
    names = [
        constraint.name
        for app in APPS
        for model in apps.get_app_config(app).get_models()
        for constraint in model._meta.constraints
    ]
    assert len(names) > 25
    assert [name for name in names if not re.fullmatch(r"[a-z0-9_]{8,63}", name)] == []
