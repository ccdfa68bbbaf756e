"""Named points around each commit and each outgoing call, at which a process can be made to die on purpose.

``DESK_CRASH_POINTS`` names a directory. A process that comes to a point whose name is a file in there removes the file
and ends as by kill -9. Without the variable nothing is looked at.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from django.db import transaction

DIRECTORY = os.environ.get("DESK_CRASH_POINTS", "")


@contextmanager
def one_transaction(name: str, *, durable: bool = False) -> Iterator[None]:
    """Open an action's transaction, with the points ``name.committing`` before and ``name.committed`` after its commit.

    The second comes before anything else that waits for the commit: messages, and the answer to whoever asked.
    """
    with transaction.atomic(durable=durable):
        if DIRECTORY:
            transaction.on_commit(partial(_reach, f"{name}.committed"))
        yield
        _reach(f"{name}.committing")


@contextmanager
def outgoing(name: str) -> Iterator[None]:
    """Make a call that leaves the process, between the points ``name.calling`` and ``name.called``."""
    _reach(f"{name}.calling")
    yield
    _reach(f"{name}.called")


def _reach(point: str) -> None:
    if not DIRECTORY:
        return
    try:
        os.unlink(os.path.join(DIRECTORY, point))  # noqa: PTH108, PTH118 - on the way of every commit
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
