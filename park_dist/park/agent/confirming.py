"""The person at the screen, asked for each use of a key that wants it: as ssh-add -c does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence

from park.errors import NotPermitted

__all__ = ["LIMIT_S", "command_of", "confirmed", "shown"]

LIMIT_S = 60.0
"""Nobody is there who has not answered by then."""

_MOST_CHARACTERS = 300
"""Of a question: more than a name of a service and of a file take, and less than a screen."""

_NO_MARKUP = str.maketrans("<>&", "()+")

_DIALOGS: tuple[tuple[str, ...], ...] = (
    ("zenity", "--question", "--title=park", "--text={}"),
    ("kdialog", "--title", "park", "--yesno", "{}"),
)


def command_of(environ: Mapping[str, str], question: str) -> Sequence[str] | None:
    """Return the program that asks ``question`` and exits with 0 for yes; None: there is none.

    It is ``PARK_ASKPASS``, else ``SSH_ASKPASS``, else what the desktop has.
    """
    for variable in ("PARK_ASKPASS", "SSH_ASKPASS"):
        if program := environ.get(variable):
            return [program, question]
    if sys.platform == "darwin":
        text = question.replace("\\", "").replace('"', "'")
        script = f'display dialog "{text}" with title "park" buttons {{"No", "Yes"}} '
        return ["osascript", "-e", f'{script} default button "No" cancel button "No"']
    if environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"):
        path = environ.get("PATH")
        for program, *words in (*_DIALOGS, ("ssh-askpass", "{}")):
            if shutil.which(program, path=path):
                return [program, *(word.format(question) for word in words)]
    return None


def shown(question: str) -> str:
    """Return ``question`` as one line of plain text, with an end.

    What is asked for is told by whoever asks: a service, or any program. Dialogs read markup, and
    a line that is long or broken would push out of sight what it is about.

    >>> shown("sns wants to read <b>nothing</b>")
    'sns wants to read (b)nothing(/b)'
    """
    plain = "".join(each if each.isprintable() else " " for each in question)
    return plain[:_MOST_CHARACTERS].translate(_NO_MARKUP)


def confirmed(question: str, environ: Mapping[str, str] | None = None) -> None:
    """Return once the user has said yes; raises `NotPermitted`.

    ``details["refused"]`` tells that he said no, and was not just away.
    """
    variables = dict(os.environ if environ is None else environ)
    command = command_of(variables, shown(question))
    if command is None:
        raise NotPermitted(
            "each use of this key is to be confirmed, and the agent has nothing to ask with",
            hint="start it where there is a screen, or with PARK_ASKPASS or SSH_ASKPASS: a program "
            "that gets the question as its argument, and exits with 0 for yes",
        )
    asking = variables | {"SSH_ASKPASS_PROMPT": "confirm"}  # what ssh tells it, too
    try:
        done = subprocess.run(
            list(command), env=asking, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, timeout=LIMIT_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotPermitted(f"nobody confirmed it: {type(error).__name__}") from error
    if done.returncode != 0:
        raise NotPermitted("its user did not confirm it", details={"refused": True})
