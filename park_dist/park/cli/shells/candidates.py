"""The values that may stand at a place: from here, the configuration, and the service meant.

A person waits for the answer with a finger on the tab key, so a service is asked once, with
little patience and with the standard library alone: httpx2 takes longer to import.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any
from urllib.parse import quote

from park.cli.shells.place import Place
from park.cli.shells.words import Kind

__all__ = ["PATIENCE_S", "Ask", "Candidate", "candidates", "in_time"]

Candidate = tuple[str, str]
"""A value, and what it is, in a few words."""

Ask = Callable[..., Any]
"""Asks the service of a name for a path, with the keywords as its query; gives JSON data."""

PATIENCE_S = 1.0
"""For all that a completion does: about as long as a pause that does not interrupt a thought
(J. Nielsen, Usability Engineering, 1993, chapter 5)."""

_LOCK_DIGITS = 12
_MANY = 50

_ENDED = frozenset({"completed", "failed", "cancelled"})


def candidates(place: Place, ask: Ask) -> list[Candidate]:
    """Return the values for ``place`` that begin with what is there, each once, in order."""
    found: dict[str, str] = {}
    chosen = [(choice, "") for choice in place.choices]
    for value, text in chosen or _KNOWN[place.kind](place, ask):
        if value.startswith(place.text):
            found.setdefault(value, text)
    return list(found.items())


def in_time(find: Callable[[], list[Candidate]], patience_s: float) -> list[Candidate]:
    """Return what ``find`` finds within ``patience_s``; nothing where it fails, or takes longer.

    Whatever it waits for, be it a name that is looked up, is left behind in a thread that does
    not keep the process.
    """
    found: list[Candidate] = []

    def look() -> None:
        try:
            found.extend(find())
        except Exception:  # noqa: BLE001 (a line that is being written is no place for errors)
            return

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(patience_s)
    return [] if thread.is_alive() else found


def _services(place: Place, ask: Ask) -> Iterator[Candidate]:
    from park.client.access.local_services import running_services

    yield from _named_services(place, ask)
    yield from ((each.url, "runs on this machine") for each in running_services())


def _named_services(place: Place, ask: Ask) -> Iterator[Candidate]:
    from park.client.access.config import Configuration, configuration_file

    del place, ask
    yield from ((each.name, each.url) for each in Configuration(configuration_file()).services())


def _jobs(place: Place, ask: Ask) -> Iterator[Candidate]:
    """Yield the jobs by the ends of their ids, as park shows them; whole, where that was begun."""
    from park.model.conditions import brief

    known = ask(place.value("service"), "/jobs", limit=_MANY)
    if place.path[-1] == "cancel":
        known = [job for job in known if job["status"] not in _ENDED]
    said = [(job["id"], f"{job['label'] or job['entry_point']}, {job['status']}") for job in known]
    yield from ((brief(name).removeprefix("…"), text) for name, text in said)
    if place.text:
        yield from said


def _job_files(place: Place, ask: Ask) -> Iterator[Candidate]:
    job = place.value("job")
    if job:
        record = ask(place.value("service"), f"/jobs/{_part(job)}")
        yield from ((each["name"], f"{each['size']} bytes") for each in record["files"])


def _labels(place: Place, ask: Ask) -> Iterator[Candidate]:
    for job in ask(place.value("service"), "/jobs", limit=_MANY):
        yield job["label"] or "", job["status"]


def _locks(place: Place, ask: Ask) -> Iterator[Candidate]:
    for each in ask(place.value("service"), "/environments", newest=_MANY):
        name, text = each["lock_hash"], ", ".join(each["projects"])
        yield name[:_LOCK_DIGITS], text
        if len(place.text) > _LOCK_DIGITS:
            yield name, text


def _sides(place: Place, ask: Ask) -> Iterator[Candidate]:
    here = [("local", "what is installed here")]
    return chain(here, _pins(place, ask) if "=" in place.text else _locks(place, ask))


def _versions_there(place: Place, ask: Ask, newest: int) -> Any:
    return ask(place.value("service"), "/versions", newest=newest)


def _projects(place: Place, ask: Ask) -> Iterator[Candidate]:
    return ((each["project"], each["version"]) for each in _versions_there(place, ask, 1))


def _pins(place: Place, ask: Ask) -> Iterator[Candidate]:
    for each in _versions_there(place, ask, 10):
        yield f"{each['project']}=={each['version']}", f"Python {each['python']}"


def _indexed(place: Place, ask: Ask) -> Iterator[Candidate]:
    for each in ask(place.value("service"), "/index/projects"):
        yield each["name"], f"{each['versions']} versions, {each['trees']} trees"


def _indexed_versions(place: Place, ask: Ask) -> Iterator[Candidate]:
    """Yield the versions of the project that stands before, the newest first."""
    project = place.value("project")
    if project:
        named = f"/index/projects/{_part(project)}"
        for file in reversed(ask(place.value("service"), named, newest=_MANY)["files"]):
            yield file["version"], f"{file['uploaded'][:10]} by {file['uploaded_by']}"


def _released(place: Place, ask: Ask) -> Iterator[Candidate]:
    """Yield the projects of the other service; once one is whole, its released versions."""
    source, (project, equals, _) = place.value("source"), place.text.partition("==")
    if not equals:
        names = (each for each in ask(source, "/index/projects") if each["versions"])
        yield from ((f"{each['name']}==", f"{each['versions']} versions") for each in names)
        return
    for file in reversed(ask(source, f"/index/projects/{_part(project)}", newest=_MANY)["files"]):
        if file["layer"] == "projects":
            yield f"{project}=={file['version']}", f"{file['uploaded'][:10]}"


def _offers(place: Place, ask: Ask) -> Iterator[Candidate]:
    for each in ask(place.value("service"), "/offers"):
        yield f"{each['project']}=={each['version']}", f"Python {each['python']}, {each['state']}"


def _offered(place: Place, ask: Ask) -> Iterator[Candidate]:
    found = list(_offers(place, ask))
    whole = found if "=" in place.text else []
    return chain(((pin.partition("==")[0], pin) for pin, _ in found), whole)


def _modules(place: Place, ask: Ask) -> Iterator[Candidate]:
    from park.cli.shells.local_names import modules

    del ask
    if not place.text.startswith((".", "/", "~")):
        yield from modules(place.text)


def _callables(place: Place, ask: Ask) -> Iterator[Candidate]:
    from park.cli.shells.local_names import callables, modules

    del ask
    module, colon, _ = place.text.partition(":")
    if colon:
        yield from ((f"{module}:{name}", text) for name, text in callables(module))
    else:
        yield from ((f"{name}:", text) for name, text in modules(place.text))


def _installed(place: Place, ask: Ask) -> Iterator[Candidate]:
    from park.cli.shells.local_names import projects

    del place, ask
    yield from projects()


def _area_paths(place: Place, ask: Ask) -> Iterator[Candidate]:
    """Yield the areas, then what is in the folder that is begun; a folder with its slash."""
    service, (folder, slash, _) = place.value("service"), place.text.rpartition("/")
    if not slash or not folder:
        for each in ask(service, "/areas"):
            yield f"{each['name']}/", "yours" if each["writable"] else "of the operator"
        return
    named = quote(folder.removeprefix("/"), safe="/~")
    for each in ask(service, f"/areas/folders/{named}"):
        is_folder = each["kind"] == "folder"
        text = "folder" if is_folder else f"{each['size']} bytes"
        yield f"{folder}/{each['name']}{'/' if is_folder else ''}", text


def _part(text: str) -> str:
    return quote(text, safe="")


_KNOWN: dict[Kind, Callable[[Place, Ask], Iterable[Candidate]]] = {
    Kind.SERVICE: _services,
    Kind.NAMED_SERVICE: _named_services,
    Kind.JOB: _jobs,
    Kind.JOB_FILE: _job_files,
    Kind.LABEL: _labels,
    Kind.LOCK: _locks,
    Kind.SIDE: _sides,
    Kind.PROJECT: _projects,
    Kind.INDEXED: _indexed,
    Kind.VERSION: _indexed_versions,
    Kind.OFFER: _offers,
    Kind.OFFERED_PROJECT: _offered,
    Kind.PIN: _pins,
    Kind.RELEASED_PIN: _released,
    Kind.MODULE: _modules,
    Kind.CALLABLE: _callables,
    Kind.INSTALLED: _installed,
    Kind.AREA_PATH: _area_paths,
    Kind.OTHER: lambda *_: (),
}
