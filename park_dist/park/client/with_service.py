"""The block of a service: what begins with it, and what its end waits for and raises."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from park.blocks import entered, left
from park.client.queries import ServiceQueries
from park.client.submission.first_error import first_error
from park.client.submission.seconds import seconds_said
from park.client.voice import drawn_while_waiting

__all__ = ["ServiceBlock"]


class ServiceBlock(ServiceQueries):
    """A service, as far as calls go to it in a block of its own; see `park.Service`."""

    def __enter__(self) -> Self:
        """Begin a block: what is submitted in it goes here, unless ``service=`` says otherwise.

        It holds for this thread, or this task, and the threads that are started in it; blocks
        nest.
        """
        entered(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the block once all that was submitted in it is there; raise where it is not.

        That is the first error, with the others as its notes; where the block itself has
        raised, they are notes of that.
        """
        block = left(self)
        if error is None or isinstance(error, Exception):  # at Ctrl-C nobody wants to wait
            with drawn_while_waiting():
                failed = first_error(block.submitted)
            _tell(failed, error)

    async def __aenter__(self) -> Self:
        """Begin a block of this task, as `__enter__`; its end lets other tasks go on."""
        entered(self)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the block as `__exit__`, which would block the event loop until all is there."""
        from asyncio import to_thread  # whose caller has it

        block = left(self)
        if error is None or isinstance(error, Exception):
            with drawn_while_waiting():
                failed = await to_thread(first_error, block.submitted)
            _tell(failed, error)

    def flush(self, timeout: float | None = None) -> None:
        """Wait until the service has all that was submitted so far.

        Errors are told by the jobs themselves. Raises `TimeoutError` after ``timeout`` seconds.
        """
        timeout = seconds_said(timeout)
        with drawn_while_waiting(timeout):
            is_flushed = self._connection.outbox.flush(timeout)
        if not is_flushed:
            raise TimeoutError(f"{self.url} does not have all of the jobs after {timeout:g} s")


def _tell(failed: BaseException | None, error: BaseException | None) -> None:
    """Raise what failed in a block, or note it on the ``error`` that the block itself raised."""
    if failed is None:
        return
    if error is None:
        raise failed
    error.add_note(f"what was submitted before failed as well: {failed}")
