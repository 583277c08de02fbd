"""The discussion guide: a page to print for the staff meeting where the course is taken together."""

from django.db.models import TextChoices
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from units.models import Kind, Programme
from units.permissions import PortalRequest


class Audience(TextChoices):
    """Whose questions the guide asks, beside those that it asks everybody."""

    PRESCHOOL = "preschool", _("Förskola")
    SCHOOL = "school", _("Skola")
    SOCIAL_SERVICES = "social_services", _("Socialtjänst")
    YOUTH_CENTRE = "youth_centre", _("Fritidsverksamhet")
    HOUSING_COMPANY = "housing_company", _("Bostadsbolag")
    ASSOCIATION = "association", _("Förening")
    GENERAL = "general", _("Alla verksamheter")


# The kinds of unit that are asked the same questions as another kind; the rest have their own or the general ones.
SAME_QUESTIONS: dict[str, Audience] = {
    Kind.PEDAGOGICAL_CARE: Audience.PRESCHOOL,
    Kind.OPEN_PRESCHOOL: Audience.PRESCHOOL,
    Kind.COMPULSORY_SCHOOL: Audience.SCHOOL,
    Kind.ADAPTED_SCHOOL: Audience.SCHOOL,
    Kind.UPPER_SECONDARY: Audience.SCHOOL,
}


@require_safe
def discussion_guide(request: PortalRequest) -> HttpResponse:
    """The guide with the questions of ?verksamhet=, a kind of unit; with the general ones when it is unknown."""
    audience = audience_of(request.GET.get("verksamhet", ""))
    context = {"audience": audience, "audiences": list(Audience), "course_url": Programme.current().web_course_url}
    return render(request, "courses/discussion_guide.html", context)


def audience_of(kind: str) -> Audience:
    """Whose questions a unit of this kind gets."""
    if kind in SAME_QUESTIONS:
        return SAME_QUESTIONS[kind]
    return Audience(kind) if kind in Audience.values else Audience.GENERAL
