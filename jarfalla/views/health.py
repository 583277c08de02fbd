"""Whether the process lives, and whether it can do its work: for load balancers and monitoring."""

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from followups.models import SweepRun
from jarfalla import clock


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

    A broker that is down is reported and is no reason to take the page away: everything waits in the database.
    """
    sweep = _sweep()
    parts = {
        "database": "down" if sweep is None else "ok",
        "broker": "ok" if _broker_answers() else "down",
        "sweep": sweep or "unknown",
    }
    return JsonResponse({"ready": sweep is not None, "parts": parts}, status=503 if sweep is None else 200)


def _sweep() -> str | None:
    """Whether today's sweep is done: "done" or "waiting"; None when the database does not answer."""
    try:
        connection.ensure_connection()
        done = SweepRun.objects.filter(on=clock.today(), finished_at__isnull=False).exists()
    except DatabaseError:
        return None
    return "done" if done else "waiting"


def _broker_answers() -> bool:
    """Whether Redis answers within a second."""
    client = redis.Redis.from_url(settings.CELERY_BROKER_URL, socket_connect_timeout=1, socket_timeout=1, retry=None)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
