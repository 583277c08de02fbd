"""Whether the process lives, and whether it can do its work: for load balancers and monitoring."""

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from followups.models import SweepRun
from followups.queries import is_heart_beating
from jarfalla import clock
from units.models import User, UserRole
from units.queries import held_mail


@login_not_required
@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers; asks nobody else."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers, else 503.

    A broker that is down, a sweep that is late, mails that are held up and a portal without a coordinator are reported
    and are no reason to take the page away: everything waits in the database.
    """
    known = _known_to_database()
    parts = {
        "database": "ok" if known else "down",
        "broker": "ok" if _broker_answers() else "down",
        **(known or dict.fromkeys(("sweep", "mail", "coordinator"), "unknown")),
    }
    return JsonResponse({"ready": bool(known), "parts": parts}, status=200 if known else 503)


def _known_to_database() -> dict[str, str]:
    """The sweep: "done" or "waiting" today, or "late" when none has finished within HEARTBEAT; the mails: "ok" or
    "held"; the coordinator: "ok" or "none". Nothing when the database does not answer."""
    try:
        connection.ensure_connection()
        done = SweepRun.objects.filter(on=clock.today(), finished_at__isnull=False).exists()
        sweep = ("done" if done else "waiting") if is_heart_beating(clock.now()) else "late"
        has_coordinator = User.objects.filter(role=UserRole.COORDINATOR, is_active=True).exists()
        return {
            "sweep": sweep,
            "mail": "held" if held_mail() else "ok",
            "coordinator": "ok" if has_coordinator else "none",
        }
    except DatabaseError:
        return {}


def _broker_answers() -> bool:
    """Whether Redis answers within a second."""
    client = redis.Redis.from_url(settings.CELERY_BROKER_URL, socket_connect_timeout=1, socket_timeout=1, retry=None)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
