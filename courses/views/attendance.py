"""Who came to a training: the list to tick, the list to print, and the code on the wall."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.signing import BadSignature, Signer
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from courses import actions, permissions, queries
from courses.forms import AttendanceForm
from courses.models import Training
from jarfalla import clock
from jarfalla.qr import qr_code
from units.models import Refused, Unit
from units.permissions import PortalRequest

# Rows on the printed list for those who stand nowhere in it.
EMPTY_ROWS = 8
# The code says which training, and that we wrote it; no row is needed for that.
signer = Signer(salt="courses.attendance", sep=".")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def attendance(request: PortalRequest, pk: int) -> HttpResponse:
    """Tick off who came, and count the rest; for a manager the own staff only."""
    training = permissions.get_attended_training(request.user, pk)
    form = attendance_form(request, training)
    if form.is_valid():
        try:
            count = actions.record_attendance(training, actions.Roll(**form.roll()), by=request.user)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            said = ngettext("Sparat. %(n)s person är avprickad.", "Sparat. %(n)s personer är avprickade.", count)
            messages.success(request, said % {"n": count})
            return redirect("attendance", pk=training.pk)
    return render(request, "courses/attendance.html", {"training": training, "form": form, **when(training)})


def attendance_form(request: PortalRequest, training: Training) -> AttendanceForm:
    """The form with the groups that the user may record; what was sent, if something was."""
    is_coordinator = request.user.is_coordinator
    groups = queries.groups(training, Unit.objects.managed_by(request.user), others=is_coordinator)
    counts_others = is_coordinator and training.is_for_others
    data = request.POST if request.method == "POST" else None
    return AttendanceForm(data, training=training, groups=groups, counts_others=counts_others)


def when(training: Training) -> dict[str, Any]:
    """Whether there is anything to record yet."""
    return {"has_begun": training.starts_at <= clock.now() and not training.cancelled_at}


@require_safe
@never_cache
def attendance_list(request: PortalRequest, pk: int) -> HttpResponse:
    """The names with a box and a line to sign on, for the wall or the table."""
    training = permissions.get_attended_training(request.user, pk)
    managed = Unit.objects.managed_by(request.user)
    groups = queries.groups(training, managed, others=request.user.is_coordinator)
    guests = queries.guests(training) if request.user.is_coordinator else []
    context = {"training": training, "groups": groups, "guests": guests, "empty_rows": range(EMPTY_ROWS)}
    return render(request, "courses/attendance_list.html", context)


@require_safe
def attendance_poster(request: PortalRequest, pk: int) -> HttpResponse:
    """The code to put on the wall."""
    training = permissions.get_attended_training(request.user, pk)
    address = settings.BASE_URL + reverse("attend", args=[signer.sign(str(training.pk))])
    return render(request, "courses/attendance_poster.html", {"training": training, "qr": qr_code(address)})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def attend(request: PortalRequest, code: str) -> HttpResponse:
    """Say that one is here, after having scanned the code; nothing is said of a training that is for others."""
    training = get_coded_training(code)
    if not queries.may_attend(training).filter(pk=request.user.pk).exists():
        return render(request, "courses/attend.html", {"is_for_others": True})
    refusal = ""
    if request.method == "POST":
        try:
            actions.attend(training, request.user)
        except Refused as refused:
            refusal = str(refused)
        else:
            return redirect("attend", code=code)
    own = training.attendances.filter(user=request.user, withdrawn_at__isnull=True).first()
    return render(request, "courses/attend.html", {"training": training, "own": own, "refusal": refusal})


def get_coded_training(code: str) -> Training:
    """The training that a code on a wall is for; 404 when the code is not one of ours."""
    try:
        return get_object_or_404(Training, pk=signer.unsign(code))
    except BadSignature as bad:
        raise Http404 from bad
