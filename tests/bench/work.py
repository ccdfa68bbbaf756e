"""Intake, deciding, claims and verdicts by the actions themselves, in one process and without HTTP."""

from concurrent.futures import ThreadPoolExecutor

from django.db import connection
from django.db.models import F

from reviews.actions import claiming, judging
from reviews.actions.judging import Judgement
from reviews.models import Review
from routing.actions import deciding, intake
from routing.actions.intake import Request
from routing.domain.roles import DESK, Actor, Role
from routing.models import WorkItem
from tests.bench import langgraph_work, limits
from tests.bench.limits import TEXT, rate, together
from tests.bench.report import CLAIM, DONE, WAITING, Part, row
from tests.desks import TestDesk

ITEMS = 1_200
PEERS_ITEMS = 300
THREADS = 8
ROUNDS = 5
CLAIMS_A_ROUND = 15  # by each contender; as many people as claims, so that each claim is a new one


def support_desk() -> TestDesk:
    """Return a desk whose rules find a request's type, and give it to the people of a queue."""
    desk = TestDesk()
    desk.queue("triage", staff_role="operator")
    desk.queue("support", staff_role="reviewer", hold_seconds=0)
    desk.work_type("support")
    refund = {"fact": "item.title", "op": "contains", "value": "refund"}
    desk.rules(None, {"when": refund, "set": {"type": "support"}})
    desk.rules("support", {"when": {"all": []}, "then": {"do": "go", "to": ["support"]}})
    return desk


def figures() -> dict[str, Part]:
    """Return claims, and the two ways of an item beside LangGraph's, a second."""
    desk = support_desk()
    people = [desk.person(f"person{number}", Role.REVIEWER) for number in range(THREADS * CLAIMS_A_ROUND)]
    waiting = rate(ITEMS, _take_in)
    claims = {f"{THREADS} contenders": _claims(people)}
    done = _verdicts(people[:THREADS])
    name = f"{THREADS} threads"
    peer = langgraph_work.rates(PEERS_ITEMS, THREADS)
    return {
        WAITING: {name: row(waiting, peer[0], unit="items a second") if peer else {"per_second": waiting}},
        DONE: {name: row(done, peer[1], unit="verdicts a second") if peer else {"per_second": done}},
        CLAIM: claims,
    }


def _take_in() -> None:
    """Receive requests one by one, each in a transaction of its own, and decide them."""

    def work(number: int) -> None:
        for one in range(ITEMS // THREADS):
            request = Request(title=f"refund {number} {one}", text=TEXT)
            intake.receive(actor=DESK, request=request, trigger_kind="bench")

    together(THREADS, work)
    deciding.decide_due()


def _claims(people: list[Actor]) -> dict[str, float | str]:
    """Let contenders claim as ever new people; between rounds, untimed, what they hold is closed."""
    served: list[int] = []

    def work(number: int) -> None:
        for actor in people[number::THREADS]:
            review = claiming.claim_next(actor=actor)
            assert review is not None
            served.append(review.pk)

    rates, bare = [], []
    for _ in range(ROUNDS):
        bare.append(limits.claims(THREADS, each=CLAIMS_A_ROUND * 4))
        rates.append(rate(len(people), lambda: together(THREADS, work)))
        held = Review.objects.filter(status=Review.OPEN, claimed_by__isnull=False)
        held.update(status=Review.WITHDRAWN, closed_at=F("arrived_at"))
    twice = len(served) - len(set(served))
    return row(sorted(rates)[ROUNDS // 2], sorted(bare)[ROUNDS // 2], unit="claims a second", served_twice=twice)


def _verdicts(people: list[Actor]) -> float:
    """Decide all reviews, which were taken before, and let what follows from it be decided."""
    reviews = list(Review.objects.filter(status=Review.OPEN))
    held = []
    for number, review in enumerate(reviews):
        actor = people[number % THREADS]
        held.append((actor, claiming.claim(actor=actor, review_id=review.pk)))

    def judge(one: tuple[Actor, Review]) -> None:
        actor, review = one
        judging.judge(
            actor=actor,
            review_id=review.pk,
            epoch=review.epoch,
            digest=review.digest,
            judgement=Judgement("complete"),
        )

    def all_of_it() -> None:
        with ThreadPoolExecutor(THREADS, initializer=connection.ensure_connection) as workers:
            list(workers.map(judge, held))
        deciding.decide_due()

    found = rate(len(held), all_of_it)
    if WorkItem.objects.exclude(state="done").filter(pk__in=[review.item_id for review in reviews]).exists():
        raise RuntimeError("not all items are done")
    return found
