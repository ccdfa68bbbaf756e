"""The exact commands of docs/deploy.md, as separate processes on PostgreSQL with RabbitMQ and with Redis."""

import os
import re
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import psycopg
import pytest
from django.conf import settings

from tests.runtime.distributed import Distributed, delete_queue
from tests.runtime.processes import environment, free_port, wait_for

pytestmark = [pytest.mark.services, pytest.mark.timeout(180)]


SET_UP = """
from tests.desks import TestDesk

desk = TestDesk()
desk.queue("triage", staff_role="operator")
desk.work_type("done")
desk.work_type("people")
desk.rules("done", {"when": {"all": []}, "then": {"do": "finish"}})
desk.rules("people", {"when": {"all": []}, "then": {"do": "go", "to": ["triage"]}})
"""


def server_url(broker: str) -> str:
    """Address of the broker under test."""
    return os.environ[{"rabbitmq": "TEST_AMQP_URL", "redis": "TEST_REDIS_URL"}[broker]]


@pytest.fixture(params=["rabbitmq", "redis"])
def distributed(request: pytest.FixtureRequest) -> Iterator[Distributed]:
    """A migrated database and a queue of its own, and the three kinds of processes."""
    name = f"desk_{uuid.uuid4().hex[:12]}"
    admin_url = os.environ["TEST_POSTGRES_URL"]
    broker_url = server_url(request.param)
    data = Path(settings.DESK_DATA) / name
    data.mkdir()
    port = free_port()
    env = environment(
        data,
        DATABASE_URL=re.sub(r"/[^/?]*($|\?)", rf"/{name}\1", admin_url),
        BROKER_URL=broker_url,
        BROKER_QUEUE=name,
        HOST="127.0.0.1",
        PORT=str(port),
        WORKER_PROCESSES="2",
    )
    env["PATH"] = f"{Path(sys.executable).parent}:{env['PATH']}"
    with ExitStack() as stack:
        with psycopg.connect(admin_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        stack.callback(drop_database, admin_url, name)
        stack.callback(delete_queue, broker_url, name)
        desk = Distributed(env=env, port=port, logs=data)
        stack.callback(desk.stop)
        desk.run("migrate")
        for word in ("uvicorn", "celery", "sweeper"):
            desk.start(word)
        wait_for(lambda: desk.health().get("ok"), seconds=60, what=f"all parts well: {desk.health()}")
        yield desk


def drop_database(url: str, name: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def test_documented_commands_make_a_working_desk(distributed: Distributed) -> None:
    """Items come in over HTTP, are decided by the worker, and what a worker's nudge missed is swept up."""
    distributed.command("shell", "-c", SET_UP)
    token = distributed.command("create_token", "shop", "--role", "operator").split()[-1]
    with httpx.Client(
        base_url=f"http://127.0.0.1:{distributed.port}/api/v1", headers={"Authorization": f"Bearer {token}"}
    ) as client:
        codes = [
            client.post(
                "/items",
                json={"title": f"request {number}", "text": "hello", "type": kind},
                headers={"Idempotency-Key": str(number)},
            )
            .raise_for_status()
            .json()["code"]
            for number, kind in enumerate(["done", "people"] * 10)
        ]

        def states() -> list[str]:
            return [client.get(f"/items/{code}").json()["state"] for code in codes]

        wait_for(lambda: states() == ["done", "in_review"] * 10, seconds=30, what="all items where they belong")
        assert [queue["depth"] for queue in client.get("/queues").json()] == [10]
