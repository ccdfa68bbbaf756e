"""Settings that something depends on, as the desk's programs really have them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.runtime.processes import ROOT, environment

CELERY = "from dispatchdesk.celery import app; conf = app.conf; print(json.dumps({name: conf[name] for name in NAMES}))"
DJANGO = "from dispatchdesk import settings; print(json.dumps({name: getattr(settings, name) for name in NAMES}))"


def told(program: str, *names: str, **given: str) -> dict[str, Any]:
    """What a program of its own says of these settings, with this environment."""
    data = Path(settings.DESK_DATA) / "settings"
    data.mkdir(exist_ok=True)
    env = environment(data, DJANGO_SETTINGS_MODULE="dispatchdesk.settings", **given)
    code = f"import json; NAMES = {names!r}; {program}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


BROKERS = {"embedded": "", "redis": "redis://127.0.0.1:1/0", "rabbitmq": "amqp://127.0.0.1:1//"}


@pytest.mark.parametrize("broker", BROKERS)
def test_a_task_is_lost_with_no_worker_and_read_as_json_alone(broker: str) -> None:
    wanted = {
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_prefetch_multiplier": 1,
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "broker_connection_max_retries": None,
    }
    limits = ("task_time_limit", "task_soft_time_limit", "worker_soft_shutdown_timeout")
    found = told(CELERY, *wanted, *limits, BROKER_URL=BROKERS[broker])
    assert {name: found[name] for name in wanted} == wanted
    assert 0 < found["task_soft_time_limit"] < found["task_time_limit"]
    assert 0 < found["worker_soft_shutdown_timeout"] < found["task_soft_time_limit"]


def test_redis_delivers_no_task_again_while_it_may_still_run() -> None:
    found = told(CELERY, "broker_transport_options", "task_time_limit", BROKER_URL=BROKERS["redis"])
    assert found["broker_transport_options"]["visibility_timeout"] > found["task_time_limit"]


def test_rabbitmq_keeps_what_it_confirmed() -> None:
    names = ("broker_transport_options", "task_default_queue_type", "worker_detect_quorum_queues")
    found = told(CELERY, *names, BROKER_URL=BROKERS["rabbitmq"])
    assert found["broker_transport_options"]["confirm_publish"] is True
    assert (found["task_default_queue_type"], found["worker_detect_quorum_queues"]) == ("quorum", True)


COOKIES = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_HSTS_SECONDS")


@pytest.mark.parametrize(
    ("url", "is_https"), [("https://desk.example.com", True), ("http://127.0.0.1:8000", False)], ids=["https", "http"]
)
def test_over_https_cookies_are_sent_over_it_alone_and_browsers_stay_with_it(url: str, *, is_https: bool) -> None:
    found = told(DJANGO, *COOKIES, PUBLIC_URL=url)
    assert [bool(found[name]) for name in COOKIES] == [is_https] * len(COOKIES)


def test_only_addresses_that_the_desk_has_are_answered() -> None:
    found = told(DJANGO, "ALLOWED_HOSTS", "SOCKET_ORIGINS", PUBLIC_URL="https://desk.example.com", PORT="8001")
    assert set(found["ALLOWED_HOSTS"]) == {"desk.example.com", "localhost", "127.0.0.1", "[::1]"}
    mine = {f"http://{name}:8001" for name in ("localhost", "127.0.0.1", "[::1]")}
    assert set(found["SOCKET_ORIGINS"]) == {"https://desk.example.com"} | mine
