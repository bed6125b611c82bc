"""Tests of the widgets, as a kernel would have them."""

import functools
from concurrent.futures import ThreadPoolExecutor


def apart(test):
    """Run a test in a thread of its own: browser tests leave an event loop that runs in this one."""

    @functools.wraps(test)
    def run(*arguments, **named):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(test, *arguments, **named).result()

    return run
