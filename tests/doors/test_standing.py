"""Who somebody is counts at each request anew: role, account, and the queues they staff."""

import json

from tests.doors.world import World, claim


def test_a_closed_account_and_a_lower_role_count_from_the_next_click(world: World) -> None:
    admin, operator = world.client("admin"), world.client("operator")
    assert [admin.get("/settings/people/").status_code, operator.get("/").status_code] == [200, 200]
    ada, olga = world.desk.people["ada"], world.desk.people["olga"]
    ada.role, olga.is_active = "reviewer", False
    ada.save()
    olga.save()
    assert [admin.get("/settings/people/").status_code, operator.get("/").status_code] == [403, 302]
    assert world.program("operator").get("/api/v1/items").status_code == 401


def test_who_no_longer_staffs_a_queue_decides_nothing_there(world: World) -> None:
    held = claim(world, "refund", "reviewer")
    world.desk.people["rene"].memberships.all().delete()
    body = {"verdict": "approve", "epoch": held.epoch, "digest": held.digest}
    program = world.program("reviewer")

    def post(verb: str) -> int:
        path = f"/api/v1/reviews/{held.pk}/{verb}"
        return program.post(path, json.dumps(body), content_type="application/json").status_code

    assert [post("verdict"), post("renew"), post("release")] == [403, 403, 200]
    held.refresh_from_db()
    assert (held.status, held.claimed_by) == ("open", None)
