"""Why something could not be had, in words for people; the codes themselves are never shown."""

_CAUSES = {
    "untrained": "the router has not been trained yet",
    "unreachable": "the model could not be reached",
    "unparsed": "the model's answer could not be read",
    "off_list": "the model named a place that does not exist",
    "unconfident": "the model is not sure",
    "refused": "the model refused to answer",
    "over_budget": "the model's limit was used up",
    "no_key": "what it is looked up by is not known",
    "error": "something broke on our side",
}


def cause_words(cause: str) -> str:
    """Return a cause in words for people; empty when there is nothing to add."""
    return _CAUSES.get(cause, "")
