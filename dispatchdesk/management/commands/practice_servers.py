"""``manage.py practice_servers``: serve the practice model and the practice tools on loopback."""

import socket
import threading
import time

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from dispatchdesk.practice.servers.asgi import PracticeServers
from dispatchdesk.practice.servers.ledger import Ledger
from dispatchdesk.practice.servers.place import HOST, port_in_use, practice_delays, practice_port

STOP_SECONDS = 1
LOOK_SECONDS = 2.0


class Command(BaseCommand):
    help = "Serve the practice model and the practice tools on loopback until stopped (PRACTICE_PORT moves them)."
    requires_system_checks = ()

    def handle(self, *_args: object, **_options: object) -> None:
        try:
            port = settings.PRACTICE_PORT or practice_port(settings.PORT)
            model_delay_seconds, tool_delay_seconds = practice_delays()
        except ValueError as error:
            raise CommandError(str(error)) from error
        try:
            listener = socket.create_server((HOST, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} is in use, so the practice servers cannot start: set PRACTICE_PORT to a free one."
            ) from error
        application = PracticeServers(
            model_delay_seconds, tool_delay_seconds, Ledger(settings.DESK_DATA / "practice-tools.jsonl")
        )
        config = uvicorn.Config(
            application,
            lifespan="off",
            ws="none",
            access_log=False,
            log_level="warning",
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        with listener:
            self.stdout.write(f"Practice servers on http://{HOST}:{port}")
            server = uvicorn.Server(config)
            if settings.PRACTICE_PORT:
                threading.Thread(target=_stop_when_removed, args=(server,), daemon=True).start()
            server.run(sockets=[listener])


def _stop_when_removed(server: uvicorn.Server) -> None:
    """End the servers once the practice desk they belong to is removed."""
    while port_in_use(settings.DESK_DATA):
        time.sleep(LOOK_SECONDS)
    server.should_exit = True
