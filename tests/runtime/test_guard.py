"""The guard ends what its owner started when the owner dies, and nothing else."""

import os
import signal
import subprocess
import sys

import psutil

from tests.runtime.processes import ROOT, wait_for

OWNER = """
import signal, subprocess, sys, time
from dispatchdesk.runtime.guard import Guard
guard = Guard()
sleepers = [subprocess.Popen(["sleep", "100"], start_new_session=True) for _ in range(2)]
guard.watch(sleepers[0].pid, signal.SIGTERM)
guard.watch(sleepers[1].pid, signal.SIGTERM)
guard.forget(sleepers[1].pid)
print(guard.pid, *[sleeper.pid for sleeper in sleepers], flush=True)
time.sleep(100)
"""


def test_killed_owner_takes_along_what_is_watched_and_leaves_the_rest() -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    with owner.stdout:
        guard, watched, forgotten = (psutil.Process(int(word)) for word in owner.stdout.readline().split())

    owner.send_signal(signal.SIGKILL)
    owner.wait()

    wait_for(lambda: not watched.is_running() and not guard.is_running(), seconds=10, what="guard and watched gone")
    assert forgotten.is_running()
    os.kill(forgotten.pid, signal.SIGKILL)
