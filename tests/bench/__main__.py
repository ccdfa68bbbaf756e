"""What the desk costs, as ratios to bare limits measured in the same run; ``make bench`` prints them.

Absolutes depend on the machine; ratios carry over. Takes some minutes, of which the board's million items are one
and the back-tests one, on a database of its own that is dropped at the end. ``docs/performance.md`` says how to read
it. Parts run alone by their names::

    python -m tests.bench [work|intake|feed|minute|board|storage|restart|rules|engines|backtest ...] [--json FILE]
"""

import argparse
import json
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

from tests.bench import report


def parts() -> dict[str, Callable[[], dict[str, report.Part]]]:
    """Return what can be measured, in order, by name; settings must be configured. What fills tables comes last."""
    from tests.bench import backtest, board, feed, intake, minute, peers, restart, rules, storage, work  # noqa: PLC0415

    measured = (storage, work, intake, feed, minute, restart, rules, peers, backtest, board)
    names = {"peers": "engines"}
    return {names.get(name, name): one.figures for one in measured for name in [one.__name__.rpartition(".")[2]]}


@contextmanager
def database_of_its_own() -> Iterator[None]:
    """Give a part a copy of the empty desk."""
    from django.db import connection  # noqa: PLC0415

    empty, name = connection.settings_dict["NAME"], f"{connection.settings_dict['NAME']}_part"
    with connection._nodb_cursor() as cursor:
        _leave()
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{empty}"')
        connection.settings_dict["NAME"] = name
        try:
            yield
        finally:
            _leave()
            connection.settings_dict["NAME"] = empty
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _leave() -> None:
    from django.db import connection  # noqa: PLC0415

    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]


def main() -> None:
    """Run the parts named, or all, and print their figures."""
    import django  # noqa: PLC0415 - settings read the environment when they are imported

    django.setup()
    from django.conf import settings  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import get_runner  # noqa: PLC0415

    from dispatchdesk.runtime import environment  # noqa: PLC0415
    from dispatchdesk.runtime.bootstrap import use  # noqa: PLC0415
    from dispatchdesk.runtime.postgres import cluster  # noqa: PLC0415

    known = parts()
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure what the desk costs.")
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(known)}; all without")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    given = parser.parse_args()
    if unknown := [name for name in given.parts if name not in known]:
        parser.error(f"there is no part {unknown[0]}: {', '.join(known)}")

    begun, figures = perf_counter(), dict[str, report.Part]()
    with ExitStack() as stack:
        if not environment.text("DATABASE_URL"):
            stack.enter_context(use(cluster(Path(settings.DESK_DATA), is_durable=True)))
        settings.DATABASES["default"].update(environment.database(os.environ["DATABASE_URL"], pool_size=40))
        runner = get_runner(settings)(verbosity=0)
        databases = runner.setup_databases()
        stack.callback(runner.teardown_databases, databases)
        stack.callback(connection.close)
        for name in given.parts or known:
            part_begun = perf_counter()
            with database_of_its_own():
                found = known[name]()
            for kind, rows in found.items():
                figures.setdefault(kind, {}).update(rows)
            print("\n".join(report.lines(found)), flush=True)
            print(f"  ({name}: {perf_counter() - part_begun:.0f} s)", flush=True)
    about = {
        "at": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "seconds": round(perf_counter() - begun),
        "processors": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "system": platform.platform(),
    }
    print(f"\n{about['seconds']} s; load at the end {about['load']:.1f} on {about['processors']} processors")
    if given.json:
        given.json.write_text(json.dumps(report.document(figures, about), indent=2) + "\n")


if __name__ == "__main__":
    main()
