"""The board's first page with a thousand and with a million items: time, queries and bytes."""

from time import perf_counter

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from routing.domain.roles import Role
from routing.models import WorkItem
from tests.bench.report import PAGE, Part, row
from tests.bench.work import support_desk

SIZES = (1_000, 1_000_000)
LOOKS = 15
EVERYTHING = "/?show=all"

# Items like one that came in, most of them finished long ago as on a desk that has been used for years: two in a
# hundred are open, spread over the columns, and one in a hundred was finished today.
_VALUES = {
    "id": "one.id + n",
    "state": """CASE WHEN n %% 50 = 0 THEN (ARRAY['incoming', 'working', 'waiting', 'in_review'])[1 + n / 50 %% 4]
        WHEN n %% 20 = 1 THEN 'stopped' ELSE 'done' END""",
    "wait_kind": "CASE WHEN n %% 50 = 0 AND n / 50 %% 4 = 2 THEN 'hold' ELSE '' END",
    "decide_due_at": "NULL",
    "priority": "n %% 4",
    "due_at": "now() + make_interval(mins => (n %% 5000)::int)",
    "created_at": "now() - make_interval(mins => (n %% 50000)::int)",
    "updated_at": """CASE WHEN n %% 50 = 0 OR n %% 100 = 1 THEN now() - n * interval '1 microsecond'
        ELSE now() - make_interval(mins => (2000 + n %% 50000)::int) END""",
    "owner_since": "now() - make_interval(mins => (n %% 5000)::int)",
}
_COLUMNS = [str(field.column) for field in WorkItem._meta.concrete_fields]
_FILL = f"""
INSERT INTO routing_workitem ({", ".join(_COLUMNS)})
SELECT {", ".join(_VALUES.get(column, f"one.{column}") for column in _COLUMNS)}
FROM routing_workitem one, generate_series(%(first)s::bigint, %(last)s::bigint) n WHERE one.id = %(item)s
"""  # noqa: S608 - put together from the constants above


def figures() -> dict[str, Part]:
    """Return the shortest milliseconds of the page at both sizes, and its queries and bytes at the larger."""
    desk = support_desk()
    desk.person("olga", Role.OPERATOR)
    item = desk.send("Please refund my order K-1042, it arrived broken and I need it by Friday")
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(desk.people["olga"])
    first, times = 1, []
    for size in SIZES:
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = off")
            cursor.execute(_FILL, {"first": first, "last": size - 1, "item": item.pk})
            cursor.execute("VACUUM ANALYZE routing_workitem")
        first = size
        times.append(_shortest(client))
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(EVERYTHING)
    cards = answer.content.count(b'<li class="card"')
    return {
        PAGE: {
            f"{SIZES[1]:,} items, time": row(times[1], times[0], unit="ms"),
            "queries": {"ours": len(captured)},
            "bytes": {"ours": len(answer.content), "cards": cards},
            "a word that all hold": {"ours": _shortest(client, f"{EVERYTHING}&q=refund"), "unit": "ms"},
            "a word that none holds": {"ours": _shortest(client, f"{EVERYTHING}&q=zebra"), "unit": "ms"},
        }
    }


def _shortest(client: Client, address: str = EVERYTHING) -> float:
    times = []
    for _ in range(LOOKS):
        begun = perf_counter()
        assert client.get(address).status_code == 200
        times.append((perf_counter() - begun) * 1000)
    return min(times)
