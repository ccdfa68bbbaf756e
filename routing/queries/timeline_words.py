"""What the lines of a timeline are called."""

VERDICTS = {
    "approve": "Approved",
    "correct": "Fixed and approved",
    "retype": "Found it of another type; nothing that was proposed is used",
    "reassign": "Given to somebody else",
    "first": "Approved first; somebody else must approve it too",
    "first_undone": "Took the first approval back",
    "reject": "Declined",
    "ask": "Asked the requester",
    "redo": "Sent back to the AI agent",
    "complete": "Done with the task",
}
OUTCOMES = {
    "approve": "Found that what was sent before had gone through",
    "reject": "Found that what was sent before had not gone through",
    "reassign": "Given to somebody else",
}
CHECKS = {
    "approve": "Looked at afterwards: it was right",
    "reject": "Looked at afterwards: it was not right",
    "reassign": "Given to somebody else to look at afterwards",
}
AFTERWARDS = {"decide_outcome": OUTCOMES, "decide_check": CHECKS}
CAUSES = {
    "approval": "Approval needed",
    "missing": "Something is missing that a person must know",
    "unavailable": "Something could not be had",
    "no_rule": "No rule decides",
    "circles": "It goes in circles",
    "limit": "It was moved too often",
    "failed": "A step did not work",
    "unknown_outcome": "Nobody knows whether a step went through",
    "error": "The rules could not be applied",
    "changed": "What was approved has changed since",
    "declined": "Nobody went on as proposed",
}
PLAIN = {
    "wait": "Waits",
    "finish": "Finished",
    "stop_by_rule": "Closed, not done",
    "wake": "The wait is over",
    "question_expired": "The requester did not answer in time",
    "hand_on": "Nobody took it in time, so another queue gets it",
    "undo": "Taken back before it left",
    "undo_move": "The move by hand was undone",
    "spam": "Closed as spam",
    "duplicate": "Closed as a duplicate",
    "requeue": "Sent back to be decided again",
    "hold": "Put on hold",
    "stop": "Closed, not done",
    "close_done": "Closed as done",
    "reopen": "Reopened",
    "ask_check": "A problem was reported",
    "erase": "Personal data erased",
}


_CHANNELS = {
    "api": "through the API",
    "web": "through the desk's form",
    "public form": "through the public form",
    "mail": "by mail",
    "email": "by mail",
}


def channel_words(channel: str) -> str:
    """Return how a request came in, in words that follow “came in”."""
    return _CHANNELS.get(channel) or f"by {channel}"
