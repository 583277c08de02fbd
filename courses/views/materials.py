"""What there is to learn from."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from courses.models import Material
from units.permissions import PortalRequest


@require_safe
def materials(request: PortalRequest) -> HttpResponse:
    """The material, for everybody who has signed in."""
    return render(request, "courses/materials.html", {"materials": Material.objects.all()})
