"""The environments of what is submitted, found in the background: each is asked for once.

What is installed here is looked at once for all that is submitted together, since that takes
a while: until nothing is left to send. Then the next submission looks again.
"""

from __future__ import annotations

import os
import re
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from park.client.access.config import Configuration, configuration_file
from park.client.access.transport import patient
from park.client.by_value.module_ways import ModuleWays
from park.client.choosing.choice import EXACT, Wanted
from park.client.installs.asked_binding import Asked, is_here, roots_of, set_asked_for
from park.client.installs.known_binding import KnownBindings
from park.client.installs.stale import StaleModules
from park.client.report import Report
from park.client.submission.binding import Binding, InstallPolicy, of_whole_lock
from park.client.submission.callers_line import callers_line
from park.client.submission.reach import Reach, Stale
from park.client.submission.shared_by_calls import KnownCalls
from park.errors import StaleSession, StaleSessionWarning, UnknownItem
from park.local.set_options import PLAIN, SetOptions
from park.model.entry_point import EntryPoint
from park.model.states import InstallState
from park.wire import API

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

    from park.build.local_set import LocalSet
    from park.client.access.transport import Transport
    from park.client.choosing.use import Use
    from park.client.installs.outcome import Requested
    from park.client.submission.item import Item
    from park.client.submission.outbox import Outbox
    from park.wire import InstallRecord

__all__ = ["Bindings", "Installing"]

_Value = TypeVar("_Value")

_NAME = re.compile(r"([\w-]*)(.*)", re.DOTALL)

_LOOKING = threading.Lock()
"""What is installed here is looked at by one thread at a time: they would share the caches."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Installing:
    """An install on its way: the set hash that it is of, then accepted, then all sent."""

    item: Item
    set_hash: Future[str] = field(default_factory=Future)
    accepted: Future[InstallRecord] = field(default_factory=Future)
    sent: Future[Requested] = field(default_factory=Future)

    def fail(self, error: BaseException) -> None:
        """Tell all who wait that it will not be."""
        for future in (self.set_hash, self.accepted, self.sent):
            if not future.done():
                future.set_exception(error)


class Bindings:
    """Finds the environments of jobs on one service, in threads of its own."""

    def __init__(self, transport: Transport, outbox: Outbox) -> None:
        self._transport = transport
        self._outbox = outbox
        self._lock = threading.Lock()
        self._bindings: dict[tuple[object, ...], Future[Binding]] = {}
        self._sets: dict[object, Future[LocalSet]] = {}
        self._stale = StaleModules()
        self._remembered = KnownBindings(transport)
        self.ways = ModuleWays()
        self.known_calls = KnownCalls()
        self._said: dict[str, SetOptions] = {}
        self._uses: dict[NormalizedName, Use] = {}
        self._installs: list[Installing] = []
        _all_of_them.add(self)

    def forked(self) -> None:
        """Begin anew in a forked process: what is looked at in its parent never ends here."""
        self._lock = threading.Lock()
        self._clear_bindings()
        self._sets.clear()
        self._installs = [each for each in self._installs if each.sent.done()]

    def of(
        self,
        entry_point: EntryPoint,
        *,
        lock: str | None = None,
        offer: str | None = None,
        install: InstallPolicy = "auto",
        report: Report,
        options: SetOptions = PLAIN,
        reach: Reach | None = None,
        stale: Stale = "warn",
        wanted: Wanted = EXACT,
    ) -> Future[Binding]:
        """Return the environment of a job of ``entry_point``, as `binding_of` finds it.

        Without ``options`` of its own it has those with which its package was installed.
        ``reach`` is what its pickles refer to, where it is more than that module; ``stale``
        says what becomes of modules that this session has imported in another state, ``wanted``
        which version it may be where the service does not take that of here.
        """
        what = entry_point.module if reach is None else reach
        with self._lock:
            if options == PLAIN:
                options = self._said.get(entry_point.module.partition(".")[0], PLAIN)
            key = (what, entry_point.module, lock, offer, install, options, stale, wanted)
            known = self._bindings.get(key)
            if known is not None:
                return known
            future = self._bindings[key] = Future()
            before = tuple(self._installs)
        named = of_whole_lock(lock) if offer is None else None
        if named is not None:
            future.set_result(named)
            return future
        asking = callers_line()

        def bind() -> Binding:
            if lock is not None or offer is not None:
                from park.client.installs.matching import binding_named  # looks at nothing here

                return binding_named(self._transport, lock=lock, offer=offer)
            asked = Asked(entry_point, reach, options, install, report, stale, wanted, asking)
            return self._known_of(asked, before) or self._looked_for(asked, before)

        future.add_done_callback(lambda _: self._outbox.poke())
        _in_background(lambda: _fill(future, bind))
        return future

    def _known_of(self, asked: Asked, before: tuple[Installing, ...]) -> Binding | None:
        """Return the environment of a job where nothing has changed since an earlier one."""
        if not asked.is_plain or self._uses or self._said_in_configuration():
            return None
        known = self._remembered.recalled(asked.entry_point)
        if known is None:
            return None
        self._look_for_stale(map(Path, known.trees), (), asked)
        return self._installed(known.request["set_hash"], before) or self._remembered.binding(
            known, asked.report
        )

    def _looked_for(self, asked: Asked, before: tuple[Installing, ...]) -> Binding:
        """Return the environment of a job, from a look at all that is installed here."""
        # to walk closures and to read trees takes what most jobs do without
        from park.client.installs.matching import binding_here
        from park.client.installs.used_version import binding_used, binding_used_unseen

        self._transport.knock()  # whoever waits hears at once where nobody answers
        entry_point, reach = asked.entry_point, asked.reach
        unseen = self._use_of(entry_point.module)
        if unseen is not None and not is_here(entry_point.module):
            return binding_used_unseen(self._transport, unseen, entry_point)
        started_ns = time.time_ns()
        here = self._set_of(
            (asked.what, asked.options),
            lambda: set_asked_for(asked, self._as_known(asked.options)),
        )
        use = self._use_of(here.project.name)
        if use is not None:
            return binding_used(self._transport, here, use, entry_point, asked.report)
        self._look_for_stale(roots_of(here), () if reach is None else reach.files, asked)

        def remember(said: Sequence[str]) -> None:
            if asked.is_plain:
                self._remembered.remember(entry_point, here, said, started_ns)

        return self._installed(here.requirements.hash, before) or binding_here(
            self._transport,
            here,
            asked.install,
            asked.report,
            entry_point=entry_point,
            wanted=asked.wanted,
            remember=remember,
        )

    def said(self, target: str, options: SetOptions) -> None:
        """Note with which ``options`` a package is installed: its jobs have the same.

        What ``target`` itself asks for (``mymodel[fast]``, ``refl1d==1.0.1``) is among them.
        """
        name, rest = _NAME.match(target.strip()).groups()  # type: ignore[union-attr]
        from park.build.beyond.required import as_requirement  # with the library of versions

        if as_requirement(target) is not None:
            options = replace(options, required=(target, *options.required))
        elif rest.startswith("["):
            options = replace(options, taken=(target, *options.taken))
        with self._lock:
            self._said[name.replace("-", "_")] = options
            self.known_calls = KnownCalls()

    def use(self, use: Use) -> None:
        """Have jobs of a project that are submitted from now on run as ``use`` says."""
        with self._lock:
            self._uses[use.project] = use
            self._clear_bindings()

    def _use_of(self, name: str) -> Use | None:
        """Return what was said of a project, in this session or else by `park install --use`."""
        if not self._uses and not self._said_in_configuration():
            return None
        from packaging.utils import canonicalize_name

        from park.client.choosing.use import kept_use

        project = canonicalize_name(name.partition(".")[0])
        with self._lock:
            return self._uses.get(project) or kept_use(self._transport.address.url, project)

    def _said_in_configuration(self) -> bool:
        return bool(Configuration(configuration_file()).used(self._transport.address.url))

    def install(
        self, target: str, item: Item, report: Report, options: SetOptions = PLAIN
    ) -> Installing:
        """Begin the install ``item`` of what is here for ``target``."""
        installing = Installing(item=item)
        self.said(target, options)
        with self._lock:
            self._installs.append(installing)

        def begin() -> None:
            self._transport.knock()  # whoever waits hears at once where nobody answers
            try:
                self._install(target, installing, report, options)
            except BaseException as error:  # noqa: BLE001 (told where it is waited for)
                installing.fail(error)
                self._outbox.settle(item, None, error)

        _in_background(begin)
        return installing

    def forget(self) -> None:
        """Look again at what is installed here, the next time; nothing is left to send."""
        with self._lock:
            self._clear_bindings()
            self._sets.clear()
            self.ways = ModuleWays()

    def _clear_bindings(self) -> None:
        self._bindings.clear()
        self.known_calls = KnownCalls()  # which have them as well

    def _look_for_stale(self, roots: Iterable[Path], modules: Sequence[str], asked: Asked) -> None:
        """Tell, or raise, what this session has imported in another state than its files are."""
        if asked.stale == "ignore":
            return
        found = self._stale.stale([root for root in roots if root.is_dir()], modules)
        if found and asked.stale == "error":
            raise StaleSession(
                "\n".join(map(str, found)),
                hint="importlib.reload(module), or begin a new session",
            )
        for each in self._stale.untold(found):
            asked.line.warn(str(each), StaleSessionWarning)

    def _install(
        self, target: str, installing: Installing, report: Report, options: SetOptions
    ) -> None:
        from park.build.cache import user_cache
        from park.build.local_set import local_set
        from park.client.installs.index_memory import completed
        from park.client.installs.request import requested
        from park.wire import encode

        here = self._set_of(
            (target, options),
            lambda: local_set(target, cache=user_cache(), options=self._as_known(options)),
        )
        here = completed(self._transport, here, report)
        installing.set_hash.set_result(here.requirements.hash)
        sent = requested(
            self._transport,
            here,
            report,
            id=installing.item.id,
            accepted=installing.accepted.set_result,
        )
        installing.sent.set_result(sent)
        self._outbox.settle(installing.item, encode(sent.record), None)

    def _as_known(self, options: SetOptions) -> SetOptions:
        """Return ``options`` with the releases that are known to have no wheel there."""
        from park.client.installs.index_memory import known_lacking

        return options.copying(known_lacking(self._transport.address.url))

    def _set_of(self, key: object, look: Callable[[], LocalSet]) -> LocalSet:
        with self._lock:
            known = self._sets.get(key)
            is_first = known is None
            future: Future[LocalSet] = Future() if known is None else known
            self._sets[key] = future
        if is_first:

            def looked() -> LocalSet:
                with _LOOKING:
                    return look()

            _fill(future, looked)
        return future.result()

    def _installed(self, set_hash: str, before: tuple[Installing, ...]) -> Binding | None:
        """Return the binding to the last of the installs ``before`` that is of the same set."""
        for each in reversed(before):
            if each.set_hash.exception() is not None or each.set_hash.result() != set_hash:
                continue
            record = self._state_of(each)
            if record is None or (each.sent.done() and record.state == InstallState.FAILED):
                with self._lock:
                    self._installs.remove(each)
                return None
            if record.state == InstallState.READY:
                return Binding(lock_hash=record.lock_hash, set_hash=set_hash)
            return Binding(install=record.id, set_hash=set_hash)
        return None

    def _state_of(self, installing: Installing) -> InstallRecord | None:
        """Return the install as it is now; raises what its request raised."""
        from park.wire import InstallRecord, decode

        is_old = installing.sent.done()
        record = installing.accepted.result()
        if not is_old:
            return record
        try:
            path = f"{API}/installs/{quote(record.id, safe='')}"
            return decode(InstallRecord, self._transport.json("GET", path))
        except UnknownItem:
            return None


def _fill(future: Future[_Value], compute: Callable[[], _Value]) -> None:
    try:
        value = compute()
    except BaseException as error:  # noqa: BLE001 (raised where the result is asked for)
        future.set_exception(error)
    else:
        future.set_result(value)


def _in_background(work: Callable[[], None]) -> None:
    """Do ``work`` in a thread, or here where the interpreter ends and starts no more."""

    def patiently() -> None:
        with patient():
            work()

    try:
        threading.Thread(target=patiently, name="park prepares", daemon=True).start()
    except RuntimeError:
        patiently()


_all_of_them: weakref.WeakSet[Bindings] = weakref.WeakSet()


def _after_fork() -> None:
    global _LOOKING  # noqa: PLW0603 (a thread of the parent may have held it)
    _LOOKING = threading.Lock()
    for bindings in list(_all_of_them):
        bindings.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
