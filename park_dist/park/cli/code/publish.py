"""``park publish``: a release for everybody, on a service or on any other index."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from park.cli.options import add_json, add_service, service_of
from park.cli.output import print_json, say
from park.client.report import reporter
from park.digests import file_sha256
from park.errors import UsageError
from park.model.sizes import shown_size

if TYPE_CHECKING:
    from park.publish.destination import Destination
    from park.publish.release_files import Release

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """examples:
  park publish mymodel                     build and check a release, and upload it to the service
  park publish . --dry-run                 build and check it
  park publish dist/*                      files that were built before
  park publish . --repository pypi         to PyPI, or a section of ~/.pypirc
  park publish . --repository-url http://localhost:8080/
Needs park-dist[publish]. What runs on a service need not be published: `park install` sends the
tree as it is.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "target",
        nargs="*",
        default=["."],
        metavar="TARGET",
        help="a module or a source tree (by default that of this folder), or the files of one "
        "release",
    )
    where = parser.add_mutually_exclusive_group()
    add_service(where)
    where.add_argument("--repository", metavar="NAME", help="pypi, or a section of ~/.pypirc")
    where.add_argument("--repository-url", metavar="URL", help="where an index takes uploads")
    parser.add_argument("--dry-run", action="store_true", help="build and check, upload nothing")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="keep what is built in this folder"
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Build where there is something to build; check; upload."""
    from park.publish import by_twine

    by_twine.require_twine()
    destination = None if options.dry_run else _destination(options)  # asked before a long build
    with _release(options) as release:
        by_twine.check(release)
        if not options.json:
            for file in release.files:
                say(f"{file.name} ({shown_size(file.stat().st_size)})", flush=True)
        if destination is not None:
            by_twine.upload(release, destination)
        where = None if destination is None else destination.shown
        if options.json:
            print_json(_document(release, where))
        else:
            done = "would do: it passes the checks" if where is None else f"published to {where}"
            say(f"{release}: {done}")
    return 0


def _destination(options: argparse.Namespace) -> Destination:
    from park.publish.destination import of_index, of_pypirc, of_service

    if options.repository is not None:
        return of_pypirc(options.repository)
    if options.repository_url is not None:
        return of_index(options.repository_url)
    service = service_of(options)
    address = service.transport.address
    # where the token goes is decided here, and not by what the service answers
    return of_service(address.name or address.url, f"{address.url}/legacy/", address.bearer())


@contextmanager
def _release(options: argparse.Namespace) -> Iterator[Release]:
    """Give the files of the release, which may be gone after the block."""
    from park.build.cache import user_cache
    from park.publish.release_files import built, is_file_of_release, release_of

    if all(map(is_file_of_release, options.target)):
        yield release_of(map(Path, options.target))
        return
    if len(options.target) > 1:
        raise UsageError("one tree at a time, or the files of one release (…-1.0.tar.gz, ….whl)")
    with tempfile.TemporaryDirectory(prefix="park-release-") as temporary, reporter() as report:
        folder = options.output or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(f"{folder} has files already; a release is built into an empty folder")
        (target,) = options.target
        yield built(target, folder, cache=user_cache(), progress=report.step)


def _document(release: Release, where: str | None) -> dict[str, object]:
    """Return the JSON form; ``published_to`` is null where nothing was uploaded."""
    files = [
        {"filename": file.name, "sha256": file_sha256(file), "size": file.stat().st_size}
        for file in release.files
    ]
    return {
        "project": release.name,
        "version": str(release.version),
        "files": files,
        "published_to": where,
    }
