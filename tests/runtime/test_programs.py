"""How the programs of a desk are started: alike by ``manage.py desk`` and by the deployment guide."""

import shlex

import pytest

from dispatchdesk.runtime.programs import web_arguments
from tests.runtime.distributed import documented


def given(arguments: list[str], option: str) -> str:
    """What stands after an option; the option itself when it takes nothing."""
    following = arguments[arguments.index(option) + 1 :]
    return following[0] if following and not following[0].startswith("--") else option


@pytest.mark.parametrize("option", ["--lifespan", "--ws", "--ws-max-size", "--no-server-header", "--no-access-log"])
def test_the_documented_web_server_is_as_strict_as_the_embedded_one(option: str) -> None:
    embedded = web_arguments(host="127.0.0.1", port=8000, behind_proxy=True)
    assert given(shlex.split(documented("uvicorn")), option) == given(embedded, option)


def test_the_documented_web_server_believes_a_proxy_on_its_own_machine_alone() -> None:
    assert given(shlex.split(documented("uvicorn")), "--forwarded-allow-ips") == "127.0.0.1"
