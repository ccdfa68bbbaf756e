"""The same work by LangGraph with checkpoints in PostgreSQL: classify, ask a person by an interrupt, finish."""

from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any, TypedDict

from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from tests.bench.limits import TEXT, database_url, rate


class _State(TypedDict, total=False):
    item: dict[str, str]
    label: str
    verdict: str
    status: str


def rates(items: int, threads: int) -> tuple[float, float] | None:
    """Return items a second until they wait for a person, and verdicts a second until done; None if not installed."""
    try:
        checkpoints: Any = import_module("langgraph.checkpoint.postgres")
        graphs: Any = import_module("langgraph.graph")
        types: Any = import_module("langgraph.types")
    except ImportError:
        print("  LangGraph is left out: langgraph is not installed (requirements-bench.txt)")
        return None

    def classify(state: _State) -> _State:
        return {"label": "refund" if "refund" in state["item"]["title"] else "other"}

    def ask(state: _State) -> _State:
        return {"verdict": types.interrupt({"label": state["label"]})}

    def finish(state: _State) -> _State:
        return {"status": f"done: {state['verdict']}"}

    graph = graphs.StateGraph(_State)
    for name, node in (("classify", classify), ("ask", ask), ("finish", finish)):
        graph.add_node(name, node)
    for before, after in ((graphs.START, "classify"), ("classify", "ask"), ("ask", "finish"), ("finish", graphs.END)):
        graph.add_edge(before, after)
    options = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    with ConnectionPool(database_url(), min_size=threads, max_size=threads, kwargs=options) as pool:
        saver = checkpoints.PostgresSaver(pool)
        saver.setup()
        app = graph.compile(checkpointer=saver)

        def config(number: int) -> dict[str, Any]:
            return {"configurable": {"thread_id": f"item {number}"}}

        def start(number: int) -> None:
            found = app.invoke({"item": {"title": f"refund {number}", "text": TEXT}}, config(number))
            assert "__interrupt__" in found

        def resume(number: int) -> None:
            assert app.invoke(types.Command(resume="approve"), config(number))["status"] == "done: approve"

        with ThreadPoolExecutor(threads) as workers:
            start(-1)
            waiting = rate(items, lambda: list(workers.map(start, range(items))))
            done = rate(items, lambda: list(workers.map(resume, range(items))))
    return waiting, done
