"""Installs by a service's handle: what is meant, what it comes to here, and the request."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from park.build.cache import user_cache
from park.build.local_set import local_set
from park.client.installs.bundle_install import install_bundle
from park.client.installs.index_memory import completed, known_lacking
from park.client.installs.request import InstallOutcome, install
from park.client.queries import ServiceQueries
from park.client.report import Report
from park.client.voice import background, drawn_while_waiting
from park.local.set_options import SetOptions, set_options

__all__ = ["ServiceInstalls"]


class ServiceInstalls(ServiceQueries):
    """A service, as far as code of here is installed there; see `park.Service`."""

    def install(
        self,
        target: str | ModuleType,
        *,
        with_: str | Sequence[str] = (),
        as_installed: bool = False,
        report: Report | None = None,
        until_compiled: bool = True,
    ) -> InstallOutcome:
        """Make the environment of what is installed here for ``target``; returns when it is there.

        Jobs can run in it before its bytecode is all compiled; without ``until_compiled``
        this returns then.
        ``target`` is a module, its name (``"mymodel[fast]"`` asks for an extra), the path of a
        source tree or of a bundle, or a release that the service resolves (``"refl1d==1.0.1"``).
        ``with_`` names what is installed here and goes along, though nothing requires it: a
        plugin, an undeclared import. ``as_installed`` takes the pins as they are where what is
        installed here contradicts itself. Raises a `CannotSatisfy` that says what is in the way.
        """
        with drawn_while_waiting():
            options = set_options(with_, as_installed=as_installed)
            heard = report or background
            return self._install(target, options, heard, until_compiled=until_compiled)

    def _install(
        self,
        target: str | ModuleType,
        options: SetOptions,
        report: Report,
        *,
        until_compiled: bool,
    ) -> InstallOutcome:
        if isinstance(target, str) and Path(target).is_file():
            from park.client.installs.bundle import is_bundle, read_bundle

            if is_bundle(Path(target)):
                bundle = read_bundle(Path(target))
                return install_bundle(
                    self._transport, bundle, report, until_compiled=until_compiled
                )
        name = _name_of(target)
        self._connection.bindings.said(name, options)
        local = local_set(
            name,
            cache=user_cache(),
            progress=report.step,
            options=options.copying(known_lacking(self.url)),
        )
        local = completed(self._transport, local, report)
        return install(self._transport, local, report, until_compiled=until_compiled)


def _name_of(target: str | ModuleType) -> str:
    return target if isinstance(target, str) else target.__name__
