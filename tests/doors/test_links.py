"""A requester's link opens one request's page, and any other link opens nothing: one answer for all of them."""

import re
from datetime import timedelta

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from routing import requesters
from routing.actions import noting
from routing.models import WorkItem
from tests.doors.world import EMAIL, World, rows_now

# What is new on every page, whatever its address: the nonce of its scripts and the token of its forms.
_FRESH = re.compile(rb'nonce="[^"]*"|content="[A-Za-z0-9]{64}"|value="[A-Za-z0-9]{64}"|"X-CSRFToken": ?"[^"]*"')


def answer(token: str, *, post: bool = False, again: bool = False) -> tuple[int, bytes]:
    client = Client()
    path = f"/r/{token}/" + ("again/" if again else "")
    got = client.post(path, {"answer": "x"}) if post or again else client.get(path)
    return got.status_code, _FRESH.sub(b"", got.content)


def changed_bytes(token: str) -> list[str]:
    swap = {"A": "B"}
    return [token[:at] + swap.get(token[at], "A") + token[at + 1 :] for at in range(len(token)) if token[at] != "/"]


def forged(world: World) -> list[str]:
    item, other = world.items["asked"], world.items["refund"]
    whole = requesters.page_token(item)
    payload, stamp, signature = whole.split(":")
    theirs = requesters.page_token(other).split(":")
    body = [item.pk, item.requester_email]
    return [
        *changed_bytes(whole),
        whole[:-1],
        f"{whole}A",
        f"{theirs[0]}:{stamp}:{signature}",
        f"{payload}:{theirs[1]}x:{signature}",
        payload,
        "x",
        signing.dumps(body, salt="another"),
        signing.dumps(body),
        signing.dumps([item.pk, "kim@example.com"], salt=requesters.SALT),
        signing.dumps([10**9, EMAIL], salt=requesters.SALT),
        signing.dumps(body, salt=requesters.SALT, key="another key"),
        signing.dumps(body, salt=requesters.SALT, compress=True)[1:],
    ]


def test_a_link_that_is_not_ours_is_answered_alike_and_does_nothing(world: World) -> None:
    before = rows_now()
    nothing = answer("nothing")
    assert nothing[0] == 404
    strange = [token for token in forged(world) if answer(token) != nothing]
    assert strange == []
    for token in forged(world)[-12:]:
        assert answer(token, post=True) == nothing, token
        assert answer(token, again=True) == answer("nothing", again=True), token
    assert rows_now() == before


@pytest.mark.parametrize("email", ["", "someone@example.org"])
def test_a_link_ends_with_the_address_it_was_made_for(world: World, email: str) -> None:
    item = world.items["asked"]
    token = requesters.page_token(item)
    assert answer(token)[0] == 200
    WorkItem.objects.filter(pk=item.pk).update(requester_email=email)
    before = rows_now()
    assert {answer(token), answer(token, post=True)} == {answer("nothing")}
    assert answer(token, again=True) == answer("nothing", again=True)
    assert rows_now() == before


def test_an_expired_link_is_answered_as_one_that_never_was(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    token, nothing = requesters.page_token(world.items["asked"]), answer("nothing")
    later = (timezone.now() + timedelta(days=31)).timestamp()
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    before = rows_now()
    assert [answer(token), answer(token, post=True)] == [nothing, nothing]
    assert rows_now() == before
    assert answer(token, again=True) == answer("nothing", again=True)


def test_what_a_requester_sees_holds_nothing_of_the_desk_s_own(world: World) -> None:
    item, operator = world.items["asked"], world.actors["operator"]
    noting.add_note(actor=operator, item_id=item.pk, text="canary-note: he is difficult")
    for name, provider in (("router.reason", "model:router"), ("steps.reply.output.text", "agent:reply")):
        item.facts.create(
            seq=900 + len(name), name=name, status="known", value="canary-model", provider=provider, at=timezone.now()
        )
    page = Client().get(f"/r/{world.link('asked')}/").content.decode()
    staff = [person.username for person in world.desk.people.values() if person.username != "shop"]
    assert item.title in page
    for secret in ("canary-note", "canary-model", "insiders", "support", *staff):
        assert not re.search(rf"\b{secret}\b", page), secret
