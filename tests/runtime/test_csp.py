"""The content security policy on real responses."""

import re

import pytest
from django.test import Client


@pytest.mark.django_db
def test_response_carries_the_policy_with_a_fresh_nonce(client: Client) -> None:
    policies = [client.get("/healthz").headers["Content-Security-Policy"] for _ in range(2)]

    nonces = [re.findall(r"'nonce-([^']+)'", policy) for policy in policies]
    assert [len(found) for found in nonces] == [1, 1]
    assert nonces[0] != nonces[1]
    assert policies[0].split("; ") == [
        "default-src 'self'",
        f"script-src 'self' 'nonce-{nonces[0][0]}'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self' ws://testserver wss://testserver",
        "form-action 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]


@pytest.mark.django_db
def test_policy_opens_sockets_to_the_own_host_only(client: Client) -> None:
    policy = client.get("/healthz", headers={"host": "localhost:8000"}).headers["Content-Security-Policy"]

    assert "connect-src 'self' ws://localhost:8000 wss://localhost:8000" in policy.split("; ")
