"""How the practice model routes: by words that a label is known for, and unsure when none or several fit."""

import re
from collections.abc import Mapping, Sequence

from dispatchdesk.practice.servers.scripts import read_prompt

ROUTED = ("label", "type", "destination", "queue", "route")

_NONE = ("none", "triage")
_LISTED = re.compile(r"^- ([\w.-]+): (.+)$", re.MULTILINE)
_WORD = re.compile(r"[a-z]{4,}")
_KNOWN_FOR = {
    "support": ("order", "parcel", "package", "deliver", "refund", "return", "broken", "leak", "lid", "lawyer", "k-1"),
    "marketing": ("campaign", "newsletter", "post", "launch", "advert", "slogan", "copy", "promot", "instagram"),
    "reporting": (
        "report",
        "figures",
        "sales",
        "revenue",
        "numbers",
        "quarter",
        "how many",
        "turnover",
        "returns rate",
    ),
    "website": ("website", "page", "homepage", "banner", "seo", "landing", "title tag", "typo on"),
    "finance": ("invoice", "payment", "charged", "bank", "vat"),
}


def enumerated(schema: Mapping[str, object]) -> dict[str, list[str]]:
    """Return the labels on offer by property, when the schema asks to route; else nothing."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or "confidence" not in properties:
        return {}
    offered = {}
    for name in ROUTED:
        part = properties.get(name)
        labels = part.get("enum") if isinstance(part, Mapping) else None
        if isinstance(labels, Sequence) and labels:
            offered[name] = [label for label in labels if isinstance(label, str)]
    return offered


def guesses(offered: Mapping[str, Sequence[str]], system: str, user: str) -> dict[str, object]:
    """Return a label for each property on offer, how sure that is (0 to 1), and why."""
    request = read_prompt(system, user).request.lower()
    described = dict(_LISTED.findall(system))
    answer: dict[str, object] = {}
    confidence = 1.0
    reasons = []
    for name, labels in offered.items():
        scores = {label: _fitting_words(label, described.get(label, ""), request) for label in labels}
        ranked = sorted(labels, key=lambda label: -len(scores[label]))
        first, second = len(scores[ranked[0]]), len(scores[ranked[1]]) if len(ranked) > 1 else 0
        if first == 0:
            answer[name] = next((label for label in _NONE if label in labels), labels[0])
            confidence = min(confidence, 0.2)
            reasons.append("no word of the request fits a label")
            continue
        answer[name] = ranked[0]
        confidence = min(confidence, 0.45 if first == second else 0.85 if first == second + 1 else 0.95)
        reasons.append(f"the request says {', '.join(scores[ranked[0]])}")
    return answer | {"confidence": confidence, "reason": "; ".join(dict.fromkeys(reasons))}


def _fitting_words(label: str, description: str, request: str) -> list[str]:
    """Return what in the request speaks for this label."""
    if label in _NONE:
        return []
    slug_words = label.lower().replace("_", "-").split("-")
    known_for = [word for name in slug_words for word in (name, *_KNOWN_FOR.get(name, ()))]
    described = [word for word in _WORD.findall(description.lower()) if word not in {"that", "with", "from", "this"}]
    return [word for word in dict.fromkeys([*known_for, *described]) if word in request]
