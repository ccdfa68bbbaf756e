"""While the database is away, pages and the API answer 503 and say that nothing was stored."""

import pytest
from django.db import OperationalError, connection
from django.test import Client

pytestmark = pytest.mark.django_db


def away(*_: object) -> None:
    raise OperationalError("the connection is lost")


@pytest.mark.parametrize("path", ["/", "/api/v1/items"])
def test_a_lost_database_is_503_and_says_when_to_try_again(path: str) -> None:
    client = Client(raise_request_exception=False, HTTP_AUTHORIZATION="Bearer abc")
    client.cookies["sessionid"] = "x" * 32
    with connection.execute_wrapper(away):
        response = client.get(path)
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert b"othing" in response.content
