"""The material library: what there is to learn from, and how the coordinator keeps it."""

import logging

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courses import actions, permissions, queries
from courses.forms import MaterialFilter, MaterialForm
from jarfalla import uploads
from units.models import Refused
from units.permissions import PortalRequest, require_coordinator

logger = logging.getLogger(__name__)


@require_safe
def materials(request: PortalRequest) -> HttpResponse:
    """The library, for everybody who has signed in: what is made for the own units stands first."""
    filters = MaterialFilter.from_query(request.GET)
    chosen = filters.cleaned_data
    found = queries.find_materials(search=chosen["q"], kind=chosen["typ"], audience=chosen["verksamhet"])
    kinds = [chosen["verksamhet"]] if chosen["verksamhet"] else queries.own_kinds(request.user)
    groups = queries.grouped_by_audience(found, kinds)
    context = {"groups": groups, "filter": filters, "count": sum(len(group.materials) for group in groups)}
    return render(request, "courses/materials.html", context)


@require_http_methods(["GET", "POST"])
def material_new(request: PortalRequest) -> HttpResponse:
    """Put a link or a file in the library."""
    require_coordinator(request.user)
    form = MaterialForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        try:
            material = actions.add_material(by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("%(title)s finns nu i biblioteket.") % {"title": material.title})
            return redirect("materials")
    return render(request, "courses/material_form.html", {"form": form})


@require_http_methods(["GET", "POST"])
def material_edit(request: PortalRequest, pk: int) -> HttpResponse:
    """Change what is known about a material, or its file."""
    require_coordinator(request.user)
    material = permissions.get_material(pk)
    form = MaterialForm(request.POST or None, request.FILES or None, material=material)
    if form.is_valid():
        try:
            material = actions.update_material(material, **form.cleaned_data)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("%(title)s är sparat.") % {"title": material.title})
            return redirect("materials")
    return render(request, "courses/material_form.html", {"form": form, "material": material})


@require_POST
def material_retire(request: PortalRequest, pk: int) -> HttpResponse:
    """Take a material out of the library."""
    require_coordinator(request.user)
    material = actions.retire_material(permissions.get_any_material(pk))
    messages.success(request, _("%(title)s är borttaget ur biblioteket.") % {"title": material.title})
    return redirect("materials")


@require_safe
@cache_control(private=True, max_age=300)
def material_file(request: PortalRequest, pk: int) -> HttpResponseBase:
    """The material's file, to keep: never shown as a page of the portal's."""
    material, stored = permissions.get_material_file(pk)
    try:
        file = default_storage.open(stored)
    except OSError:
        logger.exception("the file of material %s is not where it should be", material.pk)
        return render(request, "courses/material_missing.html", {"material": material}, status=404)
    content_type = uploads.SORTS[uploads.ending(stored)].content_type
    response = FileResponse(file, as_attachment=True, filename=material.file_name, content_type=content_type)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
