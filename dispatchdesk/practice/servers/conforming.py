"""Fits what an agent has to say into the JSON schema it was asked for."""

from collections.abc import Mapping, Sequence

Values = Mapping[str, object]

_DEEPEST = 8
_SAME = (
    ("text", "body", "reply", "message", "answer", "content", "draft", "email", "email_text", "post", "report", "html"),
    ("title", "headline", "subject", "heading", "name", "seo_title"),
    ("summary", "description", "meta_description", "intro", "teaser", "reason", "note", "explanation"),
    ("claims", "statements"),
    ("banned_claims", "problems", "warnings", "violations"),
    ("sure", "certain", "is_sure"),
)


def fitted(schema: Mapping[str, object], values: Values) -> object:
    """Return JSON data that keeps to the schema, made from named values where their names or meanings match."""
    return _fit(schema, values, name="", root=schema, depth=0)


def _fit(part: Mapping[str, object], values: Values, *, name: str, root: Mapping[str, object], depth: int) -> object:
    part = _resolved(part, root)
    if "const" in part:
        return part["const"]
    found = _value_for(name, values)
    choices = part.get("enum")
    if isinstance(choices, Sequence) and choices:
        return found if found in choices else choices[0]
    for kind in ("anyOf", "oneOf", "allOf"):
        options = part.get(kind)
        if isinstance(options, Sequence) and options and isinstance(options[0], Mapping):
            return _fit(options[0], values, name=name, root=root, depth=depth + 1)
    wanted = part.get("type", "string")
    if isinstance(wanted, Sequence) and not isinstance(wanted, str):
        wanted = wanted[0]
    if wanted == "object":
        properties = part.get("properties")
        if depth > _DEEPEST or not isinstance(properties, Mapping):
            return {}
        inner = {**values, **found} if isinstance(found, Mapping) else values
        return {key: _fit(value, inner, name=key, root=root, depth=depth + 1) for key, value in properties.items()}
    if wanted == "array":
        return _array(part, found, values, root=root, depth=depth)
    return _scalar(str(wanted), part, found, values)


def _resolved(part: Mapping[str, object], root: Mapping[str, object]) -> Mapping[str, object]:
    """Follow a reference into the schema itself."""
    reference = part.get("$ref")
    if not isinstance(reference, str):
        return part
    target: object = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        target = target.get(step, {}) if isinstance(target, Mapping) and step else target
    return target if isinstance(target, Mapping) and "$ref" not in target else {}


def _value_for(name: str, values: Values) -> object:
    """Return the value of this name, or of one that means the same."""
    key = name.lower().replace("-", "_").replace(" ", "_")
    if key in values:
        return values[key]
    for group in _SAME:
        if key in group:
            return next((values[other] for other in group if other in values), None)
    return None


def _array(
    part: Mapping[str, object], found: object, values: Values, *, root: Mapping[str, object], depth: int
) -> list[object]:
    items = part.get("items")
    items = items if isinstance(items, Mapping) else {}
    entries = found if isinstance(found, list) else [found] if isinstance(found, str) and found else []
    fewest, most = _whole(part.get("minItems"), 0), _whole(part.get("maxItems"), 20)
    fitting = [_fit(items, {**values, "": entry}, name="", root=root, depth=depth + 1) for entry in entries[:most]]
    while len(fitting) < fewest and depth <= _DEEPEST:
        fitting.append(_fit(items, values, name="text", root=root, depth=depth + 1))
    return fitting


def _scalar(wanted: str, part: Mapping[str, object], found: object, values: Values) -> object:
    if wanted == "null":
        return None
    if wanted == "boolean":
        return found if isinstance(found, bool) else False
    if wanted in {"number", "integer"}:
        lowest, highest = part.get("minimum"), part.get("maximum")
        number = found if isinstance(found, int | float) and not isinstance(found, bool) else 0
        if isinstance(lowest, int | float):
            number = max(number, lowest)
        if isinstance(highest, int | float):
            number = min(number, highest)
        return int(number) if wanted == "integer" else number
    if found is None:
        found = values.get("summary", "")
    text = ", ".join(map(str, found)) if isinstance(found, list) else str(found)
    text = text[: _whole(part.get("maxLength"), 100_000)]
    return text.ljust(_whole(part.get("minLength"), 0), ".")


def _whole(limit: object, otherwise: int) -> int:
    return limit if isinstance(limit, int) and not isinstance(limit, bool) else otherwise
