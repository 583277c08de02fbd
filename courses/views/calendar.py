"""One training as a calendar file, for those who would rather fetch it than subscribe."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from courses import permissions
from courses.queries import training_event
from jarfalla import calendars
from units.models import Programme
from units.permissions import PortalRequest


@require_safe
def training_calendar(request: PortalRequest, pk: int) -> HttpResponse:
    """The training as a file that a calendar program opens, for those who may open the training."""
    training = permissions.get_visible_training(request.user, pk)
    event = training_event(training, Programme.current())
    response = HttpResponse(calendars.invitation(event, method="PUBLISH"), content_type=calendars.CONTENT_TYPE)
    response.headers["Content-Disposition"] = 'attachment; filename="utbildning.ics"'
    return response
