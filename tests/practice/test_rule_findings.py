"""What the desk proves about the practice desk's own rulebooks."""

import json

from reviews.models import Membership
from routing.actions import publishing
from routing.domain.factfile import read_facts
from routing.models import RulebookVersion
from routing.queries.findings import draft_findings


def test_the_practice_rules_ask_customers_about_every_request_and_show_it(live_desk: None) -> None:
    draft = RulebookVersion.objects.select_related("rulebook").get(status=RulebookVersion.DRAFT)
    lines = draft_findings(draft)
    assert [(line.level, line.rule, line.undetermined) for line in lines] == [
        ("warning", 2, False),
        ("warning", 0, False),
    ]
    assert lines[0].text == (
        "Rule 2 “Regular customers first” asks Customers about every request, whatever else is known of it."
    )
    assert "source.customers" not in read_facts(json.loads(lines[0].facts))


def test_a_queue_that_lost_its_people_stops_publishing(live_desk: None) -> None:
    draft = RulebookVersion.objects.select_related("rulebook").get(status=RulebookVersion.DRAFT)
    Membership.objects.filter(queue__destination__slug="finance").delete()
    assert [fault.pointer for fault in publishing.draft_faults(draft)] == ["/rules/7/then/approved_by"]
