"""Breaks a running desk on purpose and counts what it promised; ``make chaos`` runs it, docs/reliability.md explains.

Everything is started here, listens on loopback and is ended here: PostgreSQL, the broker, the desk's processes, and
those it calls. The exit status is 1 when a count is not 0.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.chaos.desk import Desk
from tests.chaos.places import BROKERS, missing

REVIEWERS = 4
SMALL_DISK = "1g"
STARTS_WITHIN_SECONDS = 180.0
WELL_WITHIN_SECONDS = 150.0


def main() -> None:
    """Run what the command line asks for."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended then too
    given = _arguments()
    if lacking := missing(given.broker):
        raise SystemExit(f"tests.chaos: {lacking} is not installed")
    data = Path(tempfile.mkdtemp(prefix="desk-chaos-"))
    data.chmod(0o711)
    with ExitStack() as stack:
        if not given.keep:
            stack.callback(shutil.rmtree, data, ignore_errors=True)
        fills = given.walk is None and (not given.fault or "disk-full" in given.fault)
        disk = _small_disk(data, stack) if fills else None
        desk = Desk(data, broker=given.broker, seed=given.seed, small_disk=disk)
        stack.callback(desk.end)
        figures = _run(desk, given)
    _tell(figures, given)


def _small_disk(data: Path, stack: ExitStack) -> Path | None:
    """Mount a small disk in memory for PostgreSQL; None where that is not allowed."""
    disk = data / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK},mode=0711", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        return None
    stack.callback(subprocess.run, ["umount", str(disk)], check=False)
    return disk


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--broker", choices=sorted(BROKERS), default="redis")
    parser.add_argument("--fault", nargs="+", metavar="NAME", help="these faults in this order; 'list' names all")
    walk = "die at every crash point in turn, instead of faults; with START at those whose names begin so"
    parser.add_argument("--walk", nargs="?", const="", metavar="START", help=walk)
    parser.add_argument("--seed", type=int, default=1, help="of the random schedule and the load")
    parser.add_argument("--minutes", type=float, default=2.0, help="how long a random schedule injects faults")
    parser.add_argument("--items", type=int, default=0, help="stop sending after so many (0: when the faults are over)")
    parser.add_argument("--rate", type=float, default=6.0, help="items a second")
    parser.add_argument("--burst", type=int, default=1_000, help="items of the fault burst")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    parser.add_argument("--keep", action="store_true", help="keep the directory with logs and journals")
    return parser.parse_args()


def _run(desk: Desk, given: argparse.Namespace) -> dict[str, Any]:
    # Django reads its settings when they are imported, so the desk's come first; it is asked directly, not by proxy.
    os.environ |= desk.env | {
        "DATABASE_URL": desk.database.cluster.url,
        "DJANGO_SETTINGS_MODULE": "dispatchdesk.settings",
    }
    import django  # noqa: PLC0415

    django.setup()
    from tests.chaos.faults import FAULTS  # noqa: PLC0415
    from tests.chaos.races import RACES  # noqa: PLC0415
    from tests.chaos.run import Run  # noqa: PLC0415
    from tests.chaos.scene import HOLD_SECONDS, STORY_HOLD_SECONDS, make_scene  # noqa: PLC0415
    from tests.chaos.walk import walk  # noqa: PLC0415

    faults = FAULTS | RACES
    names = given.fault or []
    if unknown := sorted(set(names) - set(faults)):
        raise SystemExit(f"tests.chaos: no fault {', '.join(unknown)}; there are {', '.join(faults)}")
    began = time.monotonic()

    def say(words: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {words}", flush=True)

    desk.parts.run("migrate")
    scene = make_scene(
        f"http://{desk.tools_proxy.name}",
        REVIEWERS,
        hold_seconds=STORY_HOLD_SECONDS if given.walk is not None else HOLD_SECONDS,
    )
    if given.walk is not None:
        return {"broker": given.broker, "seed": given.seed, **walk(desk, given.walk, say)}
    desk.begin()
    if not desk.is_well_within(STARTS_WITHIN_SECONDS):
        raise SystemExit(f"tests.chaos: the desk did not start: {desk.parts.health()}")
    run = Run(desk, scene, given.seed, given.burst)
    run.load.rate, run.load.limit = given.rate, given.items
    say(f"the desk is up: broker {given.broker}, seed {given.seed}, data {desk.data}")
    run.begin()
    run.settle()
    until = time.monotonic() + given.minutes * 60
    for name in names or _schedule(list(faults), given.seed):
        if not names and time.monotonic() > until:
            break
        say(name)
        try:
            faults[name](run)
        except Exception as error:  # noqa: BLE001 - told at the end; what is counted matters most after that
            run.wrong.append(f"{name}: {type(error).__name__}: {error}")
        desk.heal()
        run.expect(f"all parts are well after {name}", desk.is_well_within(WELL_WITHIN_SECONDS), wanted=True)
    say("faults are over, draining")
    figures = run.end()
    say("drained")
    return {"broker": given.broker, "seed": given.seed, "faults": names or "at random", **figures}


def _schedule(names: list[str], seed: int) -> "list[str]":
    """Return every fault in random rounds; more than any run needs."""
    chance = random.Random(seed)
    return [name for _ in range(100) for name in chance.sample(names, len(names))]


def _tell(figures: dict[str, Any], given: argparse.Namespace) -> None:
    from tests.chaos.run import counted, is_kept, write  # noqa: PLC0415

    for name in ("behind", "injected", "restarts"):
        for what, how_many in figures[name].items():
            print(f"  {what}: {json.dumps(how_many)}")
    for name, found in figures["found"].items():
        print(f"{name}: {found}")
    for words in figures["wrong"][:20]:
        print(f"wrong: {words}")
    print("  ".join(f"{name} {figures[name]}" for name in counted(figures)), f" unfinished {figures['unfinished']}")
    if given.json:
        write(figures, given.json)
    sys.exit(0 if is_kept(figures) else 1)


if __name__ == "__main__":
    main()
