"""Ending together: a process that was started by another one does not outlive it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

PARENT = "TEAROFF_PARENT"


def end_with_parent(end: Callable[[], object]) -> None:
    """Call `end` (from a thread) when the process that started this one is gone, however it
    went."""
    parent = int(os.environ.get(PARENT, "0"))
    if not parent:
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        end()

    threading.Thread(target=watch, daemon=True, name="end-with-parent").start()
