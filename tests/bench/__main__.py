"""What the desk costs, as ratios to bare limits measured in the same run; ``make bench`` prints them.

Absolutes depend on the machine; ratios carry over. A smoke version: a few seconds each, on a database of its own that
is dropped at the end.
"""

import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")


def main() -> None:
    """Run every part and print its figures; ``--json FILE`` also writes them."""
    import django  # noqa: PLC0415 - settings read the environment when they are imported

    django.setup()
    from django.conf import settings  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import get_runner  # noqa: PLC0415

    from dispatchdesk.runtime import environment  # noqa: PLC0415
    from dispatchdesk.runtime.bootstrap import use  # noqa: PLC0415
    from dispatchdesk.runtime.postgres import cluster  # noqa: PLC0415
    from tests.bench import backtest, peers, rules, work  # noqa: PLC0415

    with ExitStack() as stack:
        if not environment.text("DATABASE_URL"):
            stack.enter_context(use(cluster(Path(settings.DESK_DATA), is_durable=True)))
        settings.DATABASES["default"].update(environment.database(os.environ["DATABASE_URL"], pool_size=20))
        runner = get_runner(settings)(verbosity=0)
        databases = runner.setup_databases()
        stack.callback(runner.teardown_databases, databases)
        stack.callback(connection.close)
        figures = {
            "rules": rules.figures(),
            "other rule engines": peers.figures(),
            "work": work.figures(),
            "back-test": backtest.figures(),
        }
    for part, rows in figures.items():
        print(f"\n{part}")
        for name, row in rows.items():
            print(f"  {name:<40}" + "".join(f"  {key} {value:,}" for key, value in row.items()))
    if "--json" in sys.argv:
        Path(sys.argv[sys.argv.index("--json") + 1]).write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
