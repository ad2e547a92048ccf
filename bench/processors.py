"""What a process and all that it has started take of processors and memory, from /proc."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def seconds_of(root: int) -> float:
    """User and system time so far of the process and everything below it, in seconds; of those
    that have ended too, once their parents have heard of it."""
    return sum(_ticks(pid) for pid in family_of(root)) / _TICKS


def proportional_memory(root: int) -> float:
    """Of the process and everything below it, in MB; what several processes share counts once."""
    return sum(_kilobytes(pid, "smaps_rollup", "Pss:") for pid in family_of(root)) / 1024


def resident_memory(root: int) -> float:
    """The same, in MB, where what is shared counts for each."""
    return sum(_kilobytes(pid, "status", "VmRSS:") for pid in family_of(root)) / 1024


def family_of(root: int) -> list[int]:
    """The process and everything below it."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        fields = _fields(int(stat.parent.name))
        if fields:
            children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found = [root]
    for pid in found:  # grows while it is read
        found += children.get(pid, [])
    return found


def _ticks(pid: int) -> int:
    """utime, stime, and those of children that were waited for (proc(5), fields 14 to 17)."""
    return sum(map(int, _fields(pid)[11:15]))


def _kilobytes(pid: int, file: str, name: str) -> int:
    found = _read(pid, file).partition(name)[2].split()
    return int(found[0]) if found else 0


def _fields(pid: int) -> list[str]:
    """From the third on: the second, the name, may hold blanks."""
    return _read(pid, "stat").rpartition(")")[2].split()


def _read(pid: int, file: str) -> str:
    """Nothing of a process that is gone."""
    try:
        return Path(f"/proc/{pid}/{file}").read_text()
    except OSError:
        return ""
