"""Installs by a service's handle."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from park.client.queries import ServiceQueries
from park.client.report import Report
from park.client.voice import background, drawn_while_waiting
from park.errors import ParkError, as_raised_here
from park.local.set_options import set_options

if TYPE_CHECKING:
    from park.client.installs.outcome import InstallOutcome

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
        from park.client.installs.target_install import install_target  # what jobs do without

        with drawn_while_waiting():
            options = set_options(with_, as_installed=as_installed)
            name = _name_of(target)
            self._connection.bindings.said(name, options)
            heard = report or background
            try:
                return install_target(
                    self._transport, name, options, heard, until_compiled=until_compiled
                )
            except ParkError as error:
                raise as_raised_here(error)  # noqa: B904 (it is the same one)


def _name_of(target: str | ModuleType) -> str:
    return target if isinstance(target, str) else target.__name__
