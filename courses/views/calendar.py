"""One training as a calendar file, for those who would rather fetch it than subscribe."""

from dataclasses import replace

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
    # What has been mailed to this person may have a higher number than the training itself (Invitation.shift).
    shift = training.invitations.filter(user=request.user).values_list("shift", flat=True).first() or 0
    event = replace(event, sequence=event.sequence + shift)
    response = HttpResponse(calendars.invitation(event, method="PUBLISH"), content_type=calendars.CONTENT_TYPE)
    response.headers["Content-Disposition"] = 'attachment; filename="utbildning.ics"'
    return response
