"""How much of the processor a job uses, in words: one that hangs is told apart from a slow one."""

from __future__ import annotations

from park.model.durations import shown_duration

__all__ = ["hangs", "running_line"]

_IDLE_SHARE = 0.05
"""Who waits for a thread that is not there uses next to nothing: some turns of a loop at first."""

_SHORTEST_HANG_S = 1.0
"""Within less nobody can tell a job that hangs from one that is slow."""

_FORKED = (
    "where it waits for threads that its fork does not have (OpenMP's, say), --fresh gives it an "
    "interpreter of its own"
)


def hangs(cpu_s: float, of_s: float) -> str:
    """Return what a forked job may wait for that used so little in ``of_s`` seconds, else nothing.

    >>> hangs(11.0, 12.0), hangs(0.0, 0.5)
    ('', '')
    """
    return "" if of_s < _SHORTEST_HANG_S or cpu_s > _IDLE_SHARE * of_s else _FORKED


def running_line(cpu_s: float, of_s: float, *, is_forked: bool) -> str:
    """Return how much of its time a running job used the processor; nothing when it just began.

    Several threads and processes use more than there is time.

    >>> running_line(110.0, 60.0, is_forked=True), running_line(0.1, 0.9, is_forked=True)
    ('used the processor for 1 min of 1 min', '')
    """
    if of_s < _SHORTEST_HANG_S:
        return ""
    line = f"used the processor for {shown_duration(cpu_s)} of {shown_duration(of_s)}"
    why = hangs(cpu_s, of_s) if is_forked else ""
    return f"{line}: {why}" if why else line
