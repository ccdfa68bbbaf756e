"""A dump made under load, by the commands of docs/deploy.md, restored into another cluster."""

import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from dispatchdesk.feed.position import PRESENT
from tests.runtime.processes import ROOT, environment, manage, wait_for

pytestmark = [pytest.mark.services, pytest.mark.timeout(180)]

# Sends requests, and writes each down once it is acknowledged.
WRITER = """
import sys
from routing.actions import deciding, intake
from routing.domain.roles import DESK

for number in range(100_000):
    request = intake.Request(title=f"request {number}", key=f"k-{number}")
    received = intake.receive(actor=DESK, request=request, trigger_kind="test")
    deciding.decide_due()
    print(received.item.pk, flush=True)
"""


def documented(word: str) -> str:
    """The first command in the guide that starts with a word."""
    text = (ROOT / "docs" / "deploy.md").read_text()
    return next(line for line in text.splitlines() if line.startswith(f"{word} "))


@pytest.fixture
def urls(database_url: str) -> Iterator[tuple[str, str]]:
    """Addresses of a database on the server under test and of one in the embedded cluster, both empty."""
    name = f"desk_{uuid.uuid4().hex[:12]}"
    servers = (os.environ["TEST_POSTGRES_URL"], database_url)
    for server in servers:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
    yield tuple(re.sub(r"/[^/?]*($|\?)", rf"/{name}\1", server, count=0) for server in servers)  # type: ignore[misc]
    for server in servers:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def run(env: dict[str, str], *words: str) -> str:
    """Run a management command that must succeed, and return what it prints."""
    done = manage(*words, env=env, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def cluster_of(url: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute(PRESENT.encode()).fetchone()
    assert row is not None
    return str(row[0])


def test_a_dump_under_load_is_a_whole_desk_in_another_cluster(urls: tuple[str, str], tmp_path: Path) -> None:
    source, target = urls
    data = Path(settings.DESK_DATA) / uuid.uuid4().hex
    data.mkdir()
    common = {"BROKER_URL": os.environ["TEST_REDIS_URL"], "SECRET_KEY": "s" * 40, "BACKUP": str(tmp_path)}
    here = environment(data, DATABASE_URL=source, **common)
    there = environment(data, DATABASE_URL=target, **common)
    checkpoints, journal = str(tmp_path / "checkpoints"), tmp_path / "journal"
    run(here, "migrate")
    with journal.open("w") as out:
        writer = subprocess.Popen(
            [sys.executable, "manage.py", "shell", "--no-imports", "--command", WRITER], cwd=ROOT, env=here, stdout=out
        )
        try:
            wait_for(lambda: len(journal.read_text().splitlines()) >= 20, seconds=60, what="some requests are in")
            run(here, "checkpoint_ledger", "--to", checkpoints)
            acknowledged = [int(line) for line in journal.read_text().split("\n")[:-1]]
            subprocess.run(["sh", "-c", documented("pg_dump")], env=here, check=True, timeout=60)
        finally:
            writer.kill()
            writer.wait()
    subprocess.run(["sh", "-c", documented("pg_restore")], env=there, check=True, timeout=60)
    assert "The ledger is whole." in run(there, "verify_ledger", "--checkpoints", checkpoints)
    with psycopg.connect(target) as connection:
        rows = connection.execute("SELECT w.id, w.version FROM routing_workitem w").fetchall()
    assert set(acknowledged) - {item_id for item_id, _ in rows} == set()
    # Open boards know the cluster they have seen, and load anew; the desk goes on, with transaction ids of its own.
    assert cluster_of(source) != cluster_of(target)
    run(
        there,
        "shell",
        "--no-imports",
        "--command",
        WRITER.replace("100_000", "100_100").replace("range(", "range(100_000, "),
    )
    assert "The ledger is whole." in run(there, "verify_ledger", "--checkpoints", checkpoints)
