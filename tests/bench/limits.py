"""The bare statements that any such desk needs, on the same database: the least that the work could cost."""

import threading
from collections.abc import Callable
from time import perf_counter

import psycopg
from django.db import connection

TEXT = "x" * 900
_PAYLOAD = f'{{"text": "{TEXT}"}}'
_TABLES = """
CREATE TABLE IF NOT EXISTS bare_item (
    id bigserial PRIMARY KEY, queue text, status text DEFAULT 'open', payload jsonb, at timestamptz DEFAULT now()
);
CREATE TABLE IF NOT EXISTS bare_event (
    id bigserial PRIMARY KEY, item_id bigint REFERENCES bare_item, kind text, data jsonb
);
CREATE INDEX IF NOT EXISTS bare_open ON bare_item (queue, id) WHERE status = 'open';
"""
_INSERT = """
WITH made AS (INSERT INTO bare_item (queue, payload) SELECT 'q', %s::jsonb FROM generate_series(1, %s) RETURNING id)
INSERT INTO bare_event (item_id, kind, data) SELECT id, 'created', '{}' FROM made
"""
_CLAIM = """
WITH one AS (SELECT id FROM bare_item WHERE queue = 'q' AND status = 'open' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED),
done AS (UPDATE bare_item b SET status = 'claimed' FROM one WHERE b.id = one.id RETURNING b.id)
INSERT INTO bare_event (item_id, kind, data) SELECT id, 'claimed', '{}' FROM done RETURNING item_id
"""


def rate(count: int, run: Callable[[], object]) -> float:
    """Return how many a second, of so many that are done by one run."""
    start = perf_counter()
    run()
    return count / (perf_counter() - start)


def together(threads: int, work: Callable[[int], None]) -> None:
    """Let so many threads work at the same time, each told its number; what one raises is raised here."""
    raised: list[BaseException] = []

    def one(number: int) -> None:
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001 - raised below, in the thread that waits
            raised.append(error)
        finally:
            connection.close()

    running = [threading.Thread(target=one, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if raised:
        raise raised[0]


def bare_connection() -> psycopg.Connection[tuple[object, ...]]:
    """Open a connection of psycopg's own to the database that is measured."""
    return psycopg.connect(database_url(), autocommit=True)


def database_url() -> str:
    """Return the address of the database that is measured."""
    given = connection.settings_dict
    port = f"&port={given['PORT']}" if given["PORT"] else ""
    return f"postgresql://{given['USER']}:{given['PASSWORD']}@/{given['NAME']}?host={given['HOST']}{port}"


def inserts(connections: int, *, each: int, batch: int = 1) -> float:
    """Return items a second: an item of about 1 KB and one event in one statement, ``batch`` of them a transaction."""

    def work(_: int) -> None:
        with bare_connection() as bare:
            for _ in range(each):
                bare.execute(_INSERT, [_PAYLOAD, batch])

    with bare_connection() as bare:
        bare.execute(_TABLES)
    return rate(connections * each * batch, lambda: together(connections, work))


def claims(connections: int, *, each: int) -> float:
    """Return claims a second by SKIP LOCKED, each with its event, of items that ``inserts`` made."""

    def work(_: int) -> None:
        with bare_connection() as bare:
            for _ in range(each):
                bare.execute(_CLAIM)

    inserts(1, each=connections * each // 100 + 1, batch=100)
    return rate(connections * each, lambda: together(connections, work))
