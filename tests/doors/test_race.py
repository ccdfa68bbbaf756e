"""Fifty decisions at once on one review, over a real server: one is taken, and what follows happens once."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx
import pytest

from dispatchdesk.accounts.models import User
from dispatchdesk.accounts.tokens import make_token
from reviews.actions import claiming
from reviews.models import Membership, Review, Verdict
from routing.domain.roles import Actor, Role
from routing.models import Event, Step
from tests.desks import TestDesk, decide, fresh
from tests.feed.conftest import Web, _web, web

__all__ = ["_web", "web"]

AT_ONCE = 50
pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def review(transactional_db: None) -> Review:
    """The open review of a write, claimed by somebody with a token."""
    desk = TestDesk()
    desk.queue("triage", staff_role="operator")
    desk.queue("support", hold_seconds=60)
    desk.work_type("support")
    desk.destination(
        "refund", "tool", via="http", method="POST", effect="write", url="https://example.org/r", body={"a": 1}
    )
    desk.rules("support", {"when": {"all": []}, "then": {"do": "go", "to": ["refund"], "approved_by": "support"}})
    item = desk.send("A refund", type="support")
    decide()
    return Review.objects.get(item=fresh(item))


def token_of(name: str) -> tuple[Actor, str]:
    user = User.objects.create_user(username=name, role=Role.REVIEWER.value)
    Membership.objects.create(queue_id=Review.objects.get().queue_id, user=user)
    return Actor(Role.REVIEWER, name, user.pk), make_token(user=user, role=Role.REVIEWER, name=name)


def at_once(web: Web, path: str, tokens: list[str], bodies: list[dict[str, object]]) -> Counter[int]:
    barrier = Barrier(len(tokens))

    def post(token: str, body: dict[str, object]) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=f"{web.url}/api/v1", headers=headers, timeout=60, trust_env=False) as client:
            barrier.wait()
            return client.post(path, content=json.dumps(body)).status_code

    with ThreadPoolExecutor(len(tokens)) as pool:
        return Counter(pool.map(post, tokens, bodies))


def test_of_fifty_different_decisions_one_is_taken(web: Web, review: Review) -> None:
    actor, token = token_of("ana")
    held = claiming.claim(actor=actor, review_id=review.pk)
    common = {"verdict": "approve", "epoch": held.epoch, "digest": held.digest}
    bodies: list[dict[str, object]] = [{**common, "to": f"mine-{number}"} for number in range(AT_ONCE)]
    assert at_once(web, f"/reviews/{review.pk}/verdict", [token] * AT_ONCE, bodies) == {200: 1, 409: AT_ONCE - 1}
    assert Verdict.objects.count() == 1
    assert Step.objects.filter(writes=True).count() == 1
    assert Event.objects.filter(kind="decide_review").count() == 1


def test_of_fifty_people_one_claims(web: Web, review: Review) -> None:
    tokens = [token_of(f"person-{number}")[1] for number in range(AT_ONCE)]
    assert at_once(web, f"/reviews/{review.pk}/claim", tokens, [{}] * AT_ONCE) == {200: 1, 409: AT_ONCE - 1}
    review.refresh_from_db()
    assert review.epoch == 1
