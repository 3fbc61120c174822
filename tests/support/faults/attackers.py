"""What modules of jobs that attack begin with: each tries, and tells what came of it."""

from __future__ import annotations

__all__ = ["ATTACKERS_TOOLS"]

ATTACKERS_TOOLS = '''
import os


def tried(action, *arguments):
    """Return what ``action`` returns where JSON has it, or why the system refused it."""
    try:
        found = action(*arguments)
    except OSError as error:
        return error.strerror
    return found if isinstance(found, (str, int, list)) else "done"


def text(path):
    with open(path, errors="replace") as file:
        return file.read()
'''
"""Source: of a module that a job imports, where no package of these tests is."""
