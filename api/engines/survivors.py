"""Engine processes that outlived their launcher.

Both engines work with their data directory as current directory, which identifies them better than a file with
a process number that another program may have by now.
"""

import signal
import time
from contextlib import suppress
from pathlib import Path

import psutil

from api.engines.errors import EngineError

_PATIENCE_SECONDS = 20


def stop_survivors(program: str, data: Path, *, goodbye: int) -> int:
    """Stop every `program` that works in `data`; how many processes there were. Call it holding the home's lock.

    The oldest is asked to stop with `goodbye`, which takes its helpers along; whoever stays is killed.
    """
    found = _processes_in(program, data)
    if not found:
        return 0
    _send(min(found, key=psutil.Process.create_time), goodbye)
    staying = _wait_for_the_end(found)
    for process in staying:
        _send(process, signal.SIGKILL)
    if staying := _wait_for_the_end(staying):
        raise EngineError(f"process {staying[0].pid} still uses {data} and cannot be stopped")
    return len(found)


def _send(process: psutil.Process, signal_number: int) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(signal_number)


def _wait_for_the_end(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those still running when patience ends. A zombie has ended: it only waits for a parent that may never ask."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (running := [one for one in processes if _runs(one)]) and time.monotonic() < deadline:
        time.sleep(0.01)
    return running


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _processes_in(program: str, data: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.name() == program and Path(process.cwd()) == data:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue  # It is gone, or somebody else's: nobody else's process can work in our private directory.
    return found
