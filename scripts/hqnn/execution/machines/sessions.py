"""Batches and sessions: in the ledger before a job goes in, gone on with after a kill, closed at the end."""

from __future__ import annotations

import logging
from types import TracebackType

from hqnn.errors import UserError
from hqnn.execution.machines.ledger import Ledger, Opened
from hqnn.execution.machines.provider import Provider
from hqnn.settings.machines import Machine

log = logging.getLogger(__name__)


class Session:
    """A block whose jobs a machine runs as one batch or session, where its settings ask for one.

    Its first job opens it. However the block ends, it is closed, since a session is billed until then; jobs that are in
    it run on. Only a process that is killed leaves it open: whoever comes back for the same purpose goes on in it if
    jobs still get in, and closes it. A block may be entered within itself.

    Args:
        provider: of the machine.
        ledger: of the machine.
        machine: its settings.
        owner: what its jobs are for, the same whenever they are asked for.
    """

    def __init__(self, provider: Provider, ledger: Ledger, machine: Machine, owner: str) -> None:
        self._provider, self._ledger, self._machine, self._owner = provider, ledger, machine, owner
        self._depth = 0

    def __enter__(self) -> Session:
        self._depth += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        if self._depth == 0:
            for left in self._left():
                close(left, self._provider, self._ledger)

    def open(self) -> None:
        """Let the jobs that are sent next go into it.

        Raises:
            UserError: the machine opens none, or cannot be asked.
        """
        if self._machine.mode == "job":
            return
        left = {one.session for one in self._left() if one.place.get("mode") == self._machine.mode}
        before = max(left, default=None)
        session = self._provider.enter(before)
        if session is not None and session != before:
            if before is not None:
                log.info("%s %s takes no more jobs, so %s follows it", self._machine.mode, before, session)
                self._ledger.append("session", before, state="closed")
            self._ledger.append(
                "session",
                session,
                state="open",
                owner=self._owner,
                machine=self._provider.machine,
                place=self._machine.place,
            )

    def _left(self) -> list[Opened]:
        return [one for one in self._ledger.open_sessions() if one.owner == self._owner]


def close(opened: Opened, provider: Provider, ledger: Ledger) -> None:
    """Let no more jobs in; where that fails it is said, and stays in the ledger for the next command."""
    try:
        provider.leave(opened.session)
    except UserError as error:
        log.warning(
            "%s; %s may be billed until it ends by itself, unless `make jobs` or the same command closes it",
            error,
            opened.in_words,
        )
    else:
        ledger.append("session", opened.session, state="closed")
