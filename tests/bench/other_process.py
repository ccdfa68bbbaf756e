"""A process beside the one that measures; imports no models, since it is loaded there before Django is set up."""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import django


def other_process(url: str) -> ProcessPoolExecutor:
    """Return a process that works on a database: what it does after a commit holds up no viewer in this one."""
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_begin, initargs=(url,))


def _begin(url: str) -> None:
    os.environ["DATABASE_URL"] = url
    django.setup()
