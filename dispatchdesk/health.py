"""Tells whether database, broker, worker and sweeper answer, each by itself."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

from dispatchdesk.celery import app
from dispatchdesk.models import Moment
from dispatchdesk.runtime.environment import EMBEDDED_BROKER_SCHEME

CONNECT_SECONDS = 2
SILENCE_LIMIT = timedelta(seconds=30)


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    """One entry per part, each with ``ok``; 503 when the database is down, as nothing can be taken in then."""
    ages = _seconds_since()
    body: dict[str, Any] = {"database": {"ok": ages is not None}, "broker": {"ok": broker_answers()}}
    for part in (Moment.WORKER, Moment.SWEEPER):
        age = None if ages is None else ages.get(part)
        body[part] = {"ok": age is not None and age < SILENCE_LIMIT.total_seconds(), "seen_seconds_ago": age}
    body["ok"] = all(part["ok"] for part in body.values())
    return JsonResponse(body, status=503 if ages is None else 200)


def _seconds_since() -> dict[str, float] | None:
    """Age of each moment by the database's clock; None when the database can't be asked.

    On a connection of its own: a busy pool is not a dead database, and a dead one must be told at once.
    """
    parameters = connection.get_connection_params() | {"connect_timeout": CONNECT_SECONDS}
    statement = "SELECT name, extract(epoch FROM clock_timestamp() - at) FROM dispatchdesk_moment"
    try:
        with psycopg.connect(**parameters) as plain:
            return {name: round(float(age), 1) for name, age in plain.execute(statement).fetchall()}
    except psycopg.Error:
        return None


def broker_answers() -> bool:
    """Whether a message could be handed to the broker now."""
    if settings.BROKER_SCHEME == EMBEDDED_BROKER_SCHEME:
        return Path(settings.BROKER_DIRECTORY).is_dir()
    try:
        with app.connection_for_write(connect_timeout=CONNECT_SECONDS) as broker:
            broker.ensure_connection(max_retries=1, timeout=CONNECT_SECONDS)
    except (OperationalError, OSError):
        return False
    return True
