"""Keeps signed links out of the logs: whoever reads a log must not get in by them, nor stop somebody's mail."""

import logging
import re

_LINK = re.compile(r"/(r|notices/stop)/(?!new/)[^\s/?\"']+")


class HideLinks(logging.Filter):
    """Replaces the token of every signed link in a line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record's message where it holds a link; every record is let through."""
        text = record.getMessage()
        if "/r/" in text or "/notices/stop/" in text:
            record.msg, record.args = _LINK.sub(r"/\1/…", text), ()
        return True
