"""The templates that routines start from, for the coordinator."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from routines import actions, permissions, queries
from routines.forms import NewSectionForm, NewTemplateForm, TemplateForm, TemplateSectionForm
from routines.models import SectionKind, Template, TemplateSection
from units.models import Refused
from units.permissions import PortalRequest, require_coordinator

ROUTINES_PER_PAGE = 50
# What a row's number may have in an address or a form; PostgreSQL takes no more.
_MOST_DIGITS = 9


@require_safe
def routine_templates(request: PortalRequest) -> HttpResponse:
    """Every template, with what it is made for and how much it is used."""
    require_coordinator(request.user)
    context = {"rows": queries.listed_templates(), "retired": queries.listed_templates(retired=True)}
    return render(request, "routines/templates.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def template_new(request: PortalRequest) -> HttpResponse:
    """Make a template, from another one (?kopia=) or from nothing."""
    require_coordinator(request.user)
    copied = Template.objects.filter(pk=_number(request.GET.get("kopia")) or 0).first()
    form = NewTemplateForm(request.POST or None, initial={"copy_of": copied, "kinds": copied.kinds if copied else []})
    if request.method == "POST" and form.is_valid():
        try:
            template = actions.make_template(by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_error("name", str(refused))
        else:
            messages.success(request, _("Mallen är skapad."))
            return redirect(template)
    return render(request, "routines/template_new.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def template(request: PortalRequest, pk: int) -> HttpResponse:
    """A template: its sections in order, and the routines that were made from it. Save its name and kinds."""
    found = permissions.get_template(request.user, pk)
    form = TemplateForm(request.POST if request.method == "POST" else None, template=found)
    if request.method == "POST" and form.is_valid():
        try:
            actions.update_template(found, by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_error("name", str(refused))
            form.start_again_from(permissions.get_template(request.user, pk))
        else:
            messages.success(request, _("Mallen är sparad."))
            return redirect(found)
    return render(request, "routines/template.html", _template_context(request, found, form))


def _template_context(request: PortalRequest, found: Template, form: TemplateForm) -> dict[str, Any]:
    routines = found.routines.select_related("unit").prefetch_related("versions__approvals")
    page = Paginator(queries.in_order(routines), ROUTINES_PER_PAGE).get_page(request.GET.get("page"))
    waiting = queries.open_offer_counts(page)
    sections = queries.template_sections(found)
    return {
        "template": found,
        "kinds": queries.kind_labels(found),
        "sections": [(row, queries.rules(row)) for row in sections],
        "form": form,
        "page_obj": page,
        "routines": [(row, waiting.get(row.pk, 0)) for row in page],
    }


@require_POST
def template_retire(request: PortalRequest, pk: int) -> HttpResponse:
    """Use a template no longer."""
    found = actions.retire_template(permissions.get_template(request.user, pk), by=request.user)
    messages.success(request, _("Mallen %(name)s används inte längre.") % {"name": found.name})
    return redirect("routine_templates")


@require_http_methods(["GET", "HEAD", "POST"])
def template_section_new(request: PortalRequest, pk: int) -> HttpResponse:
    """Put a section in a template; its kind stands in the address (?sort=)."""
    found = permissions.get_template(request.user, pk)
    kind = request.GET.get("sort", "")
    kind = kind if kind in SectionKind.values else SectionKind.TEXT.value
    form = NewSectionForm(request.POST if request.method == "POST" else None, kind=kind, template=found)
    if request.method == "POST" and form.is_valid():
        after = form.cleaned_data["after"]
        try:
            section = actions.add_section(found, kind=kind, after=after, by=request.user, **form.values())
        except Refused as refused:
            form.add_error("heading", str(refused))
        else:
            messages.success(request, _("Avsnittet är tillagt. Enheterna får ta ställning till det i sina rutiner."))
            return redirect(f"{found.get_absolute_url()}#avsnitt-{section.key}")
    context = {"template": found, "form": form, "kind": kind, "kinds": SectionKind.choices}
    return render(request, "routines/template_section.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def template_section(request: PortalRequest, pk: int, key: str) -> HttpResponse:
    """Write a section of a template."""
    section = permissions.get_template_section(request.user, pk, key)
    form = TemplateSectionForm(request.POST if request.method == "POST" else None, kind=section.kind, section=section)
    if request.method == "POST" and form.is_valid():
        seen = form.cleaned_data["seen"]
        try:
            actions.write_section(section, by=request.user, seen=seen, **form.values())
        except Refused as refused:
            return _not_saved(request, section, form, str(refused))
        messages.success(request, _("Avsnittet är sparat. Enheterna får ta ställning till det som är nytt."))
        return redirect(f"{section.template.get_absolute_url()}#avsnitt-{section.key}")
    return render(request, "routines/template_section.html", _section_context(section, form))


def _not_saved(request: PortalRequest, section: TemplateSection, form: TemplateSectionForm, why: str) -> HttpResponse:
    """The page again, with what was typed and, when somebody else was quicker, what is saved now."""
    form.add_error(None, why)
    now = queries.template_sections(section.template).filter(pk=section.pk).first()
    context = _section_context(section, form)
    if now and form.cleaned_data.get("seen") != queries.section_seen(now):
        context["saved"], context["saved_text"] = now, queries.difference(now, now).new
        form.start_again_from(now)
    return render(request, "routines/template_section.html", context)


def _section_context(section: TemplateSection, form: TemplateSectionForm) -> dict[str, Any]:
    return {"template": section.template, "section": section, "form": form, "must_stay": queries.must_stay(section)}


@require_POST
def template_section_move(request: PortalRequest, pk: int, key: str) -> HttpResponse:
    """Let a section change places with the one above or below it."""
    found = permissions.get_template(request.user, pk)
    position = _number(request.POST.get("position")) or 0
    up = request.POST.get("direction") == "up"
    try:
        moved = actions.move_section(found, key, up=up, position=position, by=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        if not moved:
            messages.info(request, _("Avsnittet stod inte där längre. Så här är ordningen nu."))
    return redirect(f"{found.get_absolute_url()}#avsnitt-{key}")


@require_POST
def template_section_remove(request: PortalRequest, pk: int, key: str) -> HttpResponse:
    """Take a section out of a template."""
    found = permissions.get_template(request.user, pk)
    try:
        removed = actions.remove_section(found, key, by=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        said = _("Avsnittet är borttaget ur mallen.") if removed else _("Avsnittet var redan borttaget.")
        messages.success(request, said)
    return redirect(found)


def _number(value: str | None) -> int | None:
    """The number that an address or a form holds, if a row may have it."""
    fits = value and value.isascii() and value.isdecimal() and len(value) <= _MOST_DIGITS
    return int(value) if value and fits else None
