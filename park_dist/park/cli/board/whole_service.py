"""``park watch --all``: the board of a service, on a terminal, in a pipe, or once."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from park.cli.options import service_of
from park.cli.output import print_json, print_json_line, say, tell
from park.errors import ServiceUnreachable, UsageError
from park.wire import encode

if TYPE_CHECKING:
    from rich.console import Console

    from park.client.workflows.service_news import ServiceNews
    from park.drawing.board.board_state import Board
    from park.wire import NowRecord

__all__ = ["watch_all"]


def watch_all(options: argparse.Namespace) -> int:
    """Show what goes on at the service; return 0 when somebody quits."""
    from park.client.workflows.service_news import ServiceNews
    from park.drawing.board.board_state import Board

    if options.job:
        raise UsageError(
            "park watch --all shows everything of yours, and takes no JOB",
            hint=f"the workflow of one job: park watch {options.job[0]}",
        )
    service = service_of(options)
    source = ServiceNews(service)
    now = source.now()
    if options.once:
        return _printed(now, service.url, as_json=options.json)
    board = Board(where=service.url, now=now, chosen=_first(now))
    if options.json or not _is_shown(board, source):
        _told(source, now, as_json=options.json)
    return 0


def _first(now: NowRecord) -> str | None:
    from park.drawing.board.board_state import sections

    return next((job.id for _, jobs in sections(now) for job in jobs), None)


def _is_shown(board: Board, source: ServiceNews) -> bool:
    """Show the board where there is a screen with a keyboard; tell whether there was."""
    from park.drawing.look import console

    terminal = console()
    if terminal is None:
        return False
    from park.drawing.board.keyboard import keyboard
    from park.drawing.board.live_board import live_board

    with keyboard() as keys:
        if keys is None:
            return False
        live_board(board, source, terminal, keys)
    return True


def _printed(now: NowRecord, url: str, *, as_json: bool) -> int:
    from park.drawing.board.board_picture import overview
    from park.drawing.board.board_state import Board
    from park.drawing.look import console, glyphs_for

    if as_json:
        print_json(encode(now))
        return 0
    terminal = console() or _plain()
    board = Board(where=url, now=now)
    for line in overview(board, datetime.now(UTC), glyphs_for(sys.stdout), terminal.width):
        terminal.print(line)
    return 0


def _plain() -> Console:
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True, no_color=True)


def _told(source: ServiceNews, now: NowRecord, *, as_json: bool) -> None:
    """Print a line for each change, until somebody ends it."""
    from park.drawing.board.board_picture import change_line
    from park.drawing.board.board_state import changes
    from park.drawing.look import glyphs_for

    glyphs = glyphs_for(sys.stdout)
    before: NowRecord | None = None
    is_silent = False
    while True:
        for job in changes(before, now):
            if as_json:
                print_json_line(encode(job))
            else:
                say(change_line(job, datetime.now(UTC), glyphs), flush=True)
        try:
            before, now = now, source.now()
            is_silent = False
        except ServiceUnreachable as error:
            if not is_silent:
                tell(f"park: {error.message}; trying again")
            is_silent = True
