"""A child process that does not outlive us.

On Linux the kernel signals the child when the thread that started it ends, so even a kill -9 of this process
stops it. Elsewhere (macOS) the next start finds what was left: see `survivors`. Start children from a thread that
lives as long as they should.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from api.engines.account import Account

_PR_SET_PDEATHSIG = 1  # from Linux's <sys/prctl.h>
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def start_child(
    arguments: Sequence[str | Path],
    *,
    account: Account | None = None,
    output: IO[bytes] | None = None,
    stdin: int = subprocess.DEVNULL,
    environment: Mapping[str, str] | None = None,
    goodbye: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own (a terminal's Ctrl-C reaches only us: we decide the order of stopping).

    `goodbye` is the signal that stops it in order; the kernel sends it when we die. `account` defaults to ours.
    """
    switch = account is not None and not account.is_ours
    return subprocess.Popen(
        arguments,
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        env=environment,
        start_new_session=True,
        user=account.uid if account and switch else None,
        group=account.gid if account and switch else None,
        extra_groups=[] if switch else None,
        # It runs after the change of user, which would clear the request, and calls nothing that takes a lock.
        preexec_fn=_die_with_parent(os.getpid(), goodbye),
    )


def stop_child(process: subprocess.Popen[bytes], *signals: signal.Signals, patience_seconds: float) -> int:
    """Send each signal in turn, giving the child that long to end after each, then kill it; its exit status."""
    for attempt in (*signals, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(attempt)
        try:
            return process.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            continue
    return process.wait()


def end_with_parent(goodbye: signal.Signals = signal.SIGTERM) -> None:
    """Let this process be sent ``goodbye`` when the one that started it ends, which a library may have done."""
    if ask_the_kernel := _die_with_parent(os.getppid(), goodbye):
        ask_the_kernel()


def _die_with_parent(parent_pid: int, goodbye: signal.Signals) -> Callable[[], None] | None:
    if _libc is None:
        return None
    prctl = _libc.prctl

    def ask_the_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, int(goodbye), 0, 0, 0)
        if os.getppid() != parent_pid:  # The parent died before the request was made.
            os._exit(1)

    return ask_the_kernel
