"""The desk under test: its processes behind proxies, started again when they end, as an init system does."""

import os
import signal
import sys
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil

from tests.chaos.others import MailServer, ModelServer, ToolServer
from tests.chaos.places import BROKERS, Broker, Database, kill_session
from tests.chaos.proxy import Proxy
from tests.runtime.distributed import Distributed
from tests.runtime.processes import environment, free_port

WORDS = {"web": "uvicorn", "worker": "celery", "sweeper": "sweeper"}
RESTART_SECONDS = 1.0
QUEUE = "chaos"


class Desk:
    """Everything that runs: PostgreSQL, the broker, tool and model server, proxies, and the desk's own processes."""

    def __init__(self, data: Path, *, broker: str, seed: int, small_disk: Path | None = None) -> None:
        """Start what the desk needs; ``begin`` starts the desk itself. PostgreSQL is on ``small_disk`` if given."""
        self.data = data
        self.small_disk = small_disk
        self.points = data / "points"
        self.points.mkdir()
        with ExitStack() as stack:
            self.database = Database(small_disk or data)
            stack.callback(self.database.end)
            self.broker: Broker = BROKERS[broker](data)
            stack.callback(self.broker.stop)
            self.tools = ToolServer(data / "tool-calls.jsonl", seed)
            stack.callback(self.tools.end)
            self.model = ModelServer(seed)
            stack.callback(self.model.end)
            self.mail = MailServer()
            stack.callback(self.mail.end)
            self.database_proxy, self.broker_proxy, self.tools_proxy = self.proxies = [
                Proxy(target)
                for target in (self.database.socket, ("127.0.0.1", self.broker.port), ("127.0.0.1", self.tools.port))
            ]
            for proxy in self.proxies:
                stack.callback(proxy.end)
            self._open = stack.pop_all()
        self.port = free_port()
        self.env = environment(
            data,
            DATABASE_URL=self.database.url(self.database_proxy.port),
            BROKER_URL=self.broker.url(self.broker_proxy.port),
            BROKER_QUEUE=QUEUE,
            HOST="127.0.0.1",
            PORT=str(self.port),
            WORKER_PROCESSES="2",
            AI_BASE_URL=f"http://127.0.0.1:{self.model.port}/v1",
            AI_MODEL="scripted-1",
            ROUTER="model",
            EMAIL_URL=f"smtp://127.0.0.1:{self.mail.port}",
            DESK_ALLOW_HOSTS=f"{self.tools_proxy.name},127.0.0.1:{self.model.port}",
            SPOT_CHECK_PERCENT="5",
            DESK_CRASH_POINTS=str(self.points),
            API_REQUESTS_PER_SECOND="10000",
            LOG_LEVEL="WARNING",
        )
        self.env["PATH"] = f"{Path(sys.executable).parent}:{self.env['PATH']}"
        self.restarts: dict[str, int] = dict.fromkeys(WORDS, 0)
        self._held: set[str] = set()
        self._sessions: list[int] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self.parts = Distributed(env=self.env, port=self.port, logs=data)

    @property
    def url(self) -> str:
        """Address of the web process."""
        return f"http://127.0.0.1:{self.port}"

    def begin(self) -> None:
        """Start the processes and keep them running."""
        for name in WORDS:
            self._start(name)
        self._keeper.start()

    def _start(self, name: str) -> None:
        self.parts.start(WORDS[name])
        self._sessions.append(self.pid(name))

    def _keep(self) -> None:
        while not self._ended.wait(RESTART_SECONDS):
            with self._lock:
                for name in WORDS:
                    if name not in self._held and self.parts.processes[WORDS[name]].poll() is not None:
                        self.restarts[name] += 1
                        self._start(name)

    def pid(self, name: str) -> int:
        """Process id of a part: its parent process."""
        return self.parts.processes[WORDS[name]].pid

    def children(self, name: str) -> list[int]:
        """Process ids below a part."""
        with suppress(psutil.Error):
            return [child.pid for child in psutil.Process(self.pid(name)).children(recursive=True)]
        return []

    def kill(self, name: str) -> None:
        """Kill -9 a part's parent process alone; it is started again a second later."""
        with suppress(ProcessLookupError):
            os.kill(self.pid(name), signal.SIGKILL)

    def restart(self, name: str, **settings: str) -> None:
        """End a part with all below it and start it with other settings from now on."""
        with self._lock:
            kill_session(self.pid(name))
            self.parts.processes[WORDS[name]].wait()
            self.parts.env = self.env | settings
            self._start(name)
            self.parts.env = self.env

    def arm(self, point: str) -> None:
        """Let the next process that comes to this crash point die there."""
        (self.points / point).touch()

    def disarm(self) -> list[str]:
        """Remove the points that nobody came to, and return their names."""
        left = [path.name for path in self.points.iterdir()]
        for name in left:
            (self.points / name).unlink(missing_ok=True)
        return left

    def heal(self) -> None:
        """End every fault that is still on."""
        self.disarm()
        for proxy in self.proxies:
            proxy.mode = "pass"
            proxy.up()
        self.tools.behaviours = self.model.behaviours = ("good",)

    def is_well_within(self, seconds: float) -> bool:
        """Wait until all parts answer, at most so long; returns whether they do."""
        until = time.monotonic() + seconds
        while not self.parts.health().get("ok"):
            if time.monotonic() > until:
                return False
            time.sleep(0.5)
        return True

    def end(self) -> None:
        """End everything that was started here."""
        self._ended.set()
        if self._keeper.is_alive():
            self._keeper.join(30)
        for session in self._sessions:
            kill_session(session)
        for process in self.parts.processes.values():
            process.wait()
        self._open.close()
