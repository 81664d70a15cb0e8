"""Runs the quick start's programs side by side: starts them, restarts what dies, ends all of them together."""

import contextlib
import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from platform_mark.embedded import die_with_parent
from platform_mark.quickstart import MARK, ROOT, Fault

# Longer than what gunicorn and the worker are given to finish what they do.
STOP_TIMEOUT = 15.0
# A program that dies more often than this is broken, and restarting it only hides that.
MOST_RESTARTS = 5
RESTART_WINDOW = 60.0
LARGEST_LOG = 5_000_000


class Patience:
    """Counts deaths; raises `Fault` when something dies again and again."""

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self.log = log
        self._deaths: deque[float] = deque(maxlen=MOST_RESTARTS)

    def note_death(self) -> None:
        """Raise where restarting again makes no sense."""
        now = time.monotonic()
        if len(self._deaths) == MOST_RESTARTS and now - self._deaths[0] < RESTART_WINDOW:
            raise Fault(f"{self.name} endet immer wieder. Protokoll: {self.log}")
        self._deaths.append(now)


class Program:
    """One program that shall run as long as the portal does, in a process group of its own."""

    def __init__(
        self, name: str, arguments: Sequence[str], *, data: Path, log: Path | None, pass_fds: Sequence[int] = ()
    ) -> None:
        self.name = name
        self.arguments = arguments
        self.data = data
        self.log = log
        self.pass_fds = pass_fds
        self.patience = Patience(name, log or data)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; its messages go to its log, or to ours where it has none."""
        output = None
        if self.log:
            if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
                self.log.replace(self.log.with_suffix(".log.1"))
            output = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        environment = {name: value for name, value in os.environ.items() if name != "GUNICORN_CMD_ARGS"}
        try:
            self.process = subprocess.Popen(  # noqa: S603
                self.arguments,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output is not None else None,
                env={**environment, MARK: str(self.data), "PYTHONUNBUFFERED": "1"},
                # Ctrl-C reaches the whole group of a terminal; the order in which things end is ours.
                start_new_session=True,
                pass_fds=self.pass_fds,
                preexec_fn=die_with_parent,
            )
        finally:
            if output is not None:
                os.close(output)

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def end(self, timeout: float) -> None:
        """Wait until it has ended by itself, then end it and whatever it left behind."""
        if self.process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(timeout, 0))
        # The group outlives its first process as long as one of its members lives.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def end_all(programs: Sequence[Program]) -> None:
    """Ask all to end at once, wait for each, and leave none."""
    for program in programs:
        if program.process is not None and program.is_alive:
            with contextlib.suppress(ProcessLookupError):
                program.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + STOP_TIMEOUT
    for program in programs:
        program.end(deadline - time.monotonic())
