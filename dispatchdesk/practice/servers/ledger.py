"""What the practice tools were told to do: refunds and pages, kept in a file so that a restart forgets nothing."""

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from dispatchdesk.practice.servers import shop

Answer = tuple[int, dict[str, object]]
"""An HTTP status and a JSON body."""

MOST_REFUNDED = Decimal(1000)


def problem(status: int, detail: str) -> Answer:
    """Return an error as problem details (RFC 9457)."""
    return status, {"type": "about:blank", "title": "The tool refused", "status": status, "detail": detail}


@dataclass(slots=True)
class Ledger:
    """Writes by idempotency key, and the pages they published. ``path`` None keeps them in memory only."""

    path: Path | None = None
    _answers: dict[str, tuple[str, Answer]] = field(default_factory=dict)
    _pages: dict[str, dict[str, object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.path is not None and self.path.exists():
            for line in self.path.read_text().splitlines():
                try:
                    entry = json.loads(line)
                except ValueError:
                    continue  # the last line of a server that was killed while writing it
                self._keep(entry["key"], entry["fingerprint"], (entry["status"], entry["body"]))

    def write(self, tool: str, key: str, body: bytes, today: datetime | None = None) -> Answer:
        """Do what the body asks of the tool (``refunds`` or ``pages``), once for each idempotency key.

        The same key with the same body gets the first answer again, with another body a 409, without a key a 400.
        """
        if not key:
            return problem(400, "A write needs an Idempotency-Key.")
        fingerprint = hashlib.sha256(tool.encode() + b"\n" + body).hexdigest()
        if key in self._answers:
            first_fingerprint, answer = self._answers[key]
            return answer if first_fingerprint == fingerprint else problem(409, "This key came with another request.")
        try:
            data = json.loads(body)
        except ValueError:
            return problem(400, "The body is not JSON.")
        if not isinstance(data, dict):
            return problem(422, "The body must be a JSON object.")
        now = today or datetime.now(UTC)
        answer = _refund(data, key, now) if tool == "refunds" else _page(data, now)
        if answer[0] < 400:
            self._keep(key, fingerprint, answer)
            self._append(key, fingerprint, answer)
        return answer

    def page(self, slug: str) -> Answer:
        """Return a published page as a visitor's check would find it."""
        page = self._pages.get(slug)
        if page is None:
            return problem(404, f"There is no page {slug}.")
        return 200, {**page, "status": "live"}

    def _keep(self, key: str, fingerprint: str, answer: Answer) -> None:
        self._answers[key] = (fingerprint, answer)
        _, body = answer
        if "slug" in body:
            self._pages[str(body["slug"])] = body

    def _append(self, key: str, fingerprint: str, answer: Answer) -> None:
        if self.path is None:
            return
        entry = {"key": key, "fingerprint": fingerprint, "status": answer[0], "body": answer[1]}
        with self.path.open("a") as file:
            file.write(json.dumps(entry) + "\n")


def _refund(data: dict[str, object], key: str, now: datetime) -> Answer:
    number = str(data.get("order", ""))
    if shop.order(number, now.date()) is None:
        return problem(404, f"There is no order {number[:20]}.")
    wanted = data.get("amount")
    amount, currency = wanted, data.get("currency", shop.CURRENCY)
    if isinstance(wanted, dict):
        amount, currency = wanted.get("amount"), wanted.get("currency")
    if currency != shop.CURRENCY:
        return problem(422, f"Refunds are paid in {shop.CURRENCY}.")
    try:
        value = Decimal(str(amount))
    except InvalidOperation:
        return problem(422, "The amount must be a number.")
    if not value.is_finite() or not 0 < value <= MOST_REFUNDED:
        return problem(422, f"The amount must be over 0 and at most {MOST_REFUNDED} {shop.CURRENCY}.")
    refund_id = f"R-{hashlib.sha256(key.encode()).hexdigest()[:8].upper()}"
    return 201, {"refund_id": refund_id, "status": "accepted", "order": number, "amount": shop.money(value)}


def _page(data: dict[str, object], now: datetime) -> Answer:
    name = str(data.get("slug") or data.get("page") or data.get("title") or "")
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:80]
    title = str(data.get("seo_title") or data.get("title") or "").strip()
    text = str(data.get("body") or data.get("text") or "").strip()
    if not slug or not title or not text:
        return problem(422, "A page needs a slug, a title and a body.")
    return 201, {
        "slug": slug,
        "status": "published",
        "title": title,
        "url": f"https://shop.example/{slug}",
        "words": len(text.split()),
        "image": str(data.get("image") or ""),
        "published_at": now.isoformat(timespec="seconds"),
    }
