"""PostgreSQL and a broker of the harness's own, so that killing and emptying them hits nobody else."""

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import psutil
import psycopg
import redis
from kombu.connection import Connection
from kombu.exceptions import OperationalError

from dispatchdesk.runtime.postgres import DATABASE, USER, Cluster, cluster
from tests.runtime.processes import free_port, wait_for

RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
STARTS_WITHIN_SECONDS = 60.0


class Database:
    """A durable PostgreSQL cluster, killed and started at will."""

    def __init__(self, data: Path) -> None:
        self.cluster: Cluster = cluster(data)
        self.cluster.prepare()
        self._server = self.cluster.start()

    @property
    def socket(self) -> Path:
        """The server's Unix socket, where proxies lead."""
        return self.cluster.socket_directory / ".s.PGSQL.5432"

    def url(self, port: int) -> str:
        """The desk's DATABASE_URL when it goes through a proxy at this port."""
        return f"postgresql://{USER}:{quote(self.cluster.password)}@127.0.0.1:{port}/{DATABASE}"

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """Connect directly, as its superuser."""
        return psycopg.connect(self.cluster.url, autocommit=True, connect_timeout=5)

    def runs(self) -> bool:
        """Whether the server is still there."""
        return self._server.poll() is None

    def kill(self) -> None:
        """Kill -9 the postmaster; its backends notice by themselves."""
        self._server.kill()
        self._server.wait()

    def start(self) -> None:
        """Start it again, as after a crash of the machine."""
        deadline = time.monotonic() + STARTS_WITHIN_SECONDS
        while True:
            try:
                self._server = self.cluster.start()
            except Exception:  # backends of the killed one may still hold the shared memory
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
            else:
                return

    def end(self) -> None:
        """Stop it for good."""
        if self.runs():
            self._server.send_signal(signal.SIGINT)
            self._server.wait(30)


class Broker(Protocol):
    """A broker that can be stopped, started and emptied; ``url`` takes the port to reach it by."""

    port: int

    def url(self, port: int) -> str: ...
    def stop(self) -> None: ...
    def start(self) -> None: ...
    def flush(self, queue: str) -> None: ...


class Redis:
    """A redis-server that keeps nothing on disk: stopped, it has lost all."""

    def __init__(self, data: Path) -> None:
        self.port = free_port()
        self._data = data
        self.start()

    def url(self, port: int) -> str:
        return f"redis://127.0.0.1:{port}/0"

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._data)]
        self._process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
        wait_for(self._answers, seconds=STARTS_WITHIN_SECONDS, what="redis-server answers")

    def _answers(self) -> bool:
        try:
            return bool(self._client().ping())
        except redis.RedisError:
            return False

    def _client(self) -> "redis.Redis":
        return redis.Redis(port=self.port)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def flush(self, queue: str) -> None:  # noqa: ARG002 - others are asked for one queue
        """FLUSHALL."""
        self._client().flushall()


class RabbitMQ:
    """A RabbitMQ node of its own; its quorum queues outlive a kill."""

    def __init__(self, data: Path) -> None:
        self.port = free_port()
        self._home = data / "rabbitmq"
        self._home.mkdir()
        own = {
            "HOME": self._home,
            "RABBITMQ_NODENAME": f"chaos{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": self.port,
            "RABBITMQ_DIST_PORT": free_port(),
            "RABBITMQ_MNESIA_BASE": self._home / "data",
            "RABBITMQ_LOG_BASE": self._home / "logs",
            "RABBITMQ_ENABLED_PLUGINS_FILE": self._home / "plugins",
            "RABBITMQ_CONFIG_FILE": self._home / "none",
            "RABBITMQ_PID_FILE": self._home / "pid",
        }
        self._env = {"PATH": os.environ["PATH"]} | {name: str(value) for name, value in own.items()}
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    def url(self, port: int) -> str:
        return f"amqp://guest:guest@127.0.0.1:{port}//"

    def start(self) -> None:
        with (self._home / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [str(RABBITMQ)], env=self._env, stdout=output, stderr=output, start_new_session=True
            )
        wait_for(self._answers, seconds=STARTS_WITHIN_SECONDS, what="RabbitMQ answers")

    def _answers(self) -> bool:
        with suppress(OSError, OperationalError), Connection(self.url(self.port), connect_timeout=2) as connection:
            connection.ensure_connection(max_retries=1)
            return True
        return False

    def stop(self) -> None:
        kill_session(self._process.pid)
        self._process.wait()

    def flush(self, queue: str) -> None:
        """Purge the desk's queue."""
        with Connection(self.url(self.port)) as connection, connection.channel() as channel:
            channel.queue_purge(queue)


def kill_session(leader: int) -> None:
    """Kill -9 every process of the session that a process of ours leads."""
    for process in psutil.process_iter(["pid"]):
        with suppress(psutil.Error, ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == leader:
                process.kill()


BROKERS: dict[str, type[Redis] | type[RabbitMQ]] = {"redis": Redis, "rabbitmq": RabbitMQ}


def missing(broker: str) -> str:
    """Say what is not installed here; empty when all is."""
    if broker == "redis":
        return "" if shutil.which("redis-server") else "redis-server"
    return "" if RABBITMQ.exists() else "rabbitmq-server"
