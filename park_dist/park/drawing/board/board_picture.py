"""The board drawn: lines for a terminal of any size, from a value and the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rich.text import Text

from park.drawing.board.board_state import Board, Log, sections
from park.drawing.job_table import duration
from park.drawing.look import look_of
from park.drawing.progress_text import progress_text
from park.drawing.tree import Glyphs, one_line, shortened
from park.inert_text import inert_log
from park.wire import JobLine, NowRecord

__all__ = ["KEYS", "board_lines", "change_line", "overview", "shared"]

KEYS = "↑↓ choose   enter log   c cancel   q quit   ? help"
_KEYS_OF_LOG = "↑↓ scroll   end newest   q back"
_HELP = (
    "up, down, k, j      choose a job; page-up, page-down, home, end",
    "enter, l            its log, as it is written; q comes back",
    "c                   cancel it, once you have said y",
    "q, escape           quit: the jobs go on",
)
_TWO_COLUMNS = 118
_LEAST_LABEL = 18
_WHOLE = 1_000
"""Lines for all that a service tells of what goes on."""
_METER = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class _Screen:
    """Where something is drawn: so many columns and lines, with these signs, at that time."""

    now: datetime
    glyphs: Glyphs
    width: int
    height: int
    chosen: str | None


def board_lines(
    board: Board, now: datetime, *, glyphs: Glyphs, width: int, height: int
) -> list[Text]:
    """Return at most ``height`` lines of at most ``width`` columns."""
    if board.log is not None:
        return _log(board.log, width, height)
    head = [*_head(board, glyphs, width), Text()]
    foot = _foot(board, width)
    room = max(height - len(head) - len(foot), 4)
    screen = _Screen(now=now, glyphs=glyphs, width=width, height=room, chosen=board.chosen)
    body = _help() if board.helps else _body(board.now, screen)
    lines = [*head, *body[:room]]
    lines += [Text()] * (height - len(lines) - len(foot))
    return [_cut(line, width) for line in (*lines, *foot)]


def overview(board: Board, now: datetime, glyphs: Glyphs, width: int) -> list[Text]:
    """Return all that there is, in as many lines as it takes."""
    screen = _Screen(now=now, glyphs=glyphs, width=width, height=_WHOLE, chosen=None)
    lines = [*_head(board, glyphs, width), Text(), *_body(board.now, screen)]
    while not lines[-1].plain.strip():
        lines.pop()
    for line in lines:
        _cut(line, width).rstrip()
    return lines


def _cut(line: Text, width: int) -> Text:
    line.no_wrap = True
    line.truncate(width, overflow="ellipsis")
    return line


def _head(board: Board, glyphs: Glyphs, width: int) -> list[Text]:
    title = Text.assemble(("park", "bold"), "  ", (board.where, "dim"))
    if board.silence is not None:
        title.append(f"   {one_line(board.silence)}", style="bold red")
    counts = Text()
    for state, count in board.now.counts.items():
        if count:
            counts.append(
                f"{glyphs.of(state)} {count:,} {one_line(state)}", style=look_of(state).style
            )
            counts.append("   ")
    if not counts:
        counts.append("no jobs of yours", style="dim")
    return [title, counts, _meters(board.now, glyphs, width)]


def _meters(now: NowRecord, glyphs: Glyphs, width: int) -> Text:
    line = Text()
    meters = [("slots", now.slots_taken, now.slots)]
    meters += [(pool.name, pool.taken, pool.size) for pool in now.pools]
    for name, taken, size in meters:
        filled = round(_METER * min(taken / size, 1.0)) if size else 0
        style = "yellow" if size and taken >= size else "blue"
        piece = Text.assemble(
            f"{one_line(name)} ",
            (glyphs.full * filled, style),
            (glyphs.empty * (_METER - filled), "dim"),
            f" {taken:,} of {size:,}   ",
        )
        if len(line) + len(piece) > width and line:
            break
        line.append(piece)
    return line


def _body(now: NowRecord, screen: _Screen) -> list[Text]:
    shown = [(title, jobs) for title, jobs in sections(now) if jobs or title == "Running"]
    if screen.width < _TWO_COLUMNS:
        return _column(shown, screen)
    half = replace(screen, width=(screen.width - 3) // 2)
    left, right = (_column(_side(shown, live=live), half) for live in (True, False))
    return _beside(left, right, half.width)


_Sections = Sequence[tuple[str, Sequence[JobLine]]]


def _side(shown: _Sections, *, live: bool) -> _Sections:
    """Return the sections of one column: of what is not over, or of what is."""
    return [each for each in shown if (each[0] in {"Running", "Waiting"}) is live]


def _beside(left: Sequence[Text], right: Sequence[Text], width: int) -> list[Text]:
    lines = []
    for place in range(max(len(left), len(right))):
        line = left[place].copy() if place < len(left) else Text()
        line = _cut(line, width)
        line.pad_right(width - line.cell_len)
        line.append("   ")
        line.append(right[place] if place < len(right) else Text())
        lines.append(line)
    return lines


def _column(shown: _Sections, screen: _Screen) -> list[Text]:
    """Return sections one below the other; each has a line for its title, and one below."""
    rooms = shared([len(jobs) or 1 for _, jobs in shown], screen.height - 2 * len(shown))
    wide = _label_width(shown, screen.width)
    lines: list[Text] = []
    for (title, jobs), room in zip(shown, rooms, strict=True):
        lines.append(Text.assemble((title, "bold"), (f"  {len(jobs)}", "dim")))
        first = _first(jobs, screen.chosen, room)
        lines += [_row(job, screen, wide) for job in jobs[first : first + room]]
        if not jobs:
            lines.append(Text("  nothing", style="dim"))
        lines.append(Text())
    return lines


def shared(wanted: Sequence[int], room: int) -> list[int]:
    """Return how many lines each section gets: those before others, but each at least one.

    >>> shared([3, 40, 12], 20), shared([1, 2], 20)
    ([3, 9, 8], [1, 2])
    """
    found = [0] * len(wanted)
    left = max(room, len(wanted))
    while left > 0 and found != list(wanted):
        for place, most in enumerate(wanted):
            if found[place] < most and left > 0:
                found[place] += 1
                left -= 1
    return found


def _first(jobs: Sequence[JobLine], chosen: str | None, room: int) -> int:
    """Return the first line that is shown, so that the chosen one is among them."""
    place = next((number for number, job in enumerate(jobs) if job.id == chosen), 0)
    return max(0, place - room + 1)


def _label_width(shown: _Sections, width: int) -> int:
    """Return how wide labels are in a column: as the longest, but not over two fifths."""
    longest = max((len(one_line(_name(job))) for _, jobs in shown for job in jobs), default=0)
    return min(longest, max(_LEAST_LABEL, width * 2 // 5))


def _name(job: JobLine) -> str:
    return job.label or job.entry_point


def _row(job: JobLine, screen: _Screen, wide: int) -> Text:
    style, age = look_of(job.status).style, _age(job, screen.now)
    ellipsis = screen.glyphs.ellipsis
    line = Text(">" if job.id == screen.chosen else " ")
    line.append(f" {screen.glyphs.of(job.status)} ", style=style)
    line.append(shortened(one_line(_name(job)), wide, ellipsis=ellipsis).ljust(wide))
    note = one_line(progress_text(job.progress) or job.why or "").replace("…", ellipsis)
    left = max(screen.width - len(age) - wide - 8, 0)
    if len(note) > left:
        note = note[: max(left - len(ellipsis), 0)] + ellipsis[:left]
    line.append(f"  {note}", style="red" if job.status == "failed" else "dim")
    line.pad_right(max(screen.width - line.cell_len - len(age), 1))
    line.append(age, style="dim")
    if job.id == screen.chosen:
        line.stylize("reverse")
    return line


def _age(job: JobLine, now: datetime) -> str:
    """Return how long it runs or waits, or how long ago it ended."""
    moment = job.finished or job.started or job.submitted
    age = duration(now - datetime.fromisoformat(moment))
    return f"{age} ago" if job.finished else age


def _foot(board: Board, width: int) -> list[Text]:
    if board.said:
        return [Text(shortened(one_line(board.said), width), style="bold")]
    return [Text(KEYS, style="dim")]


def _help() -> list[Text]:
    return [Text("Keys", style="bold"), *(Text(f"  {line}") for line in _HELP)]


def _log(log: Log, width: int, height: int) -> list[Text]:
    """Return the part of a log that is looked at: as it was written, colours and all."""
    room = max(height - 3, 1)
    end = len(log.lines) - log.back
    some = log.lines[max(0, end - room) : end]
    state = "all of it" if log.is_over else "as it is written"
    head = Text.assemble((one_line(log.label), "bold"), (f"  log, {state}", "dim"))
    lines = [head, Text()]
    lines += [Text.from_ansi(inert_log(line.rstrip("\r"))) for line in some] or [
        Text("nothing yet", "dim")
    ]
    lines += [Text()] * (height - len(lines) - 1)
    return [_cut(line, width) for line in (*lines, Text(_KEYS_OF_LOG, style="dim"))]


def change_line(job: JobLine, now: datetime, glyphs: Glyphs) -> str:
    """Return the line that a change of a job is in a pipe."""
    parts = [f"{glyphs.of(job.status)} {job.status:<9}", f"{glyphs.ellipsis}{job.id[-6:]}"]
    parts += [one_line(_name(job)), _age(job, now)]
    if job.why:
        parts.append(one_line(job.why))
    return "  ".join(parts).replace("…", glyphs.ellipsis)
