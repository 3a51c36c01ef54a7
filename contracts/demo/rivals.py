"""Rivals as programs in the background, as the keeper is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from contracts.demo.programs import ProgramFailed, log_tail
from contracts.devnet import Devnet
from contracts.devnet.rivals import Rival
from contracts.devnet.rivals.rival import TIP_WEI

_STOP_SECONDS = 5.0


class RivalProgram:
    """A running rival whose complaints go to a file."""

    def __init__(self, name: str, process: subprocess.Popen[str], log_path: Path) -> None:
        self._name = name
        self._process = process
        self._log_path = log_path

    def must_run(self) -> None:
        """Raises ProgramFailed when it has ended: against a rival that is gone any share is won."""
        if self._process.poll() is not None:
            raise ProgramFailed(f"the {self._name} rival ended with exit code {self._process.returncode}:\n{log_tail(self._log_path)}")

    def wait_ready(self) -> None:
        """Returns when it listens to the chain. Raises ProgramFailed."""
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            self._process.wait()
            self.must_run()


@contextmanager
def running_rivals(devnet: Devnet, rivals: Sequence[Rival], directory: Path, tip_wei: int = TIP_WEI) -> Iterator[Sequence[RivalProgram]]:
    """A process each, listening to the chain; ended on leaving. Their logs are in `directory`, as is the deployment they read. Raises
    ProgramFailed."""
    deployment = directory / "deployment.json"
    devnet.deployment.save(deployment)
    with ExitStack() as stack:
        programs = [stack.enter_context(_running(devnet.url, rival, deployment, tip_wei)) for rival in rivals]
        for program in programs:
            program.wait_ready()
        yield programs


@contextmanager
def _running(url: str, rival: Rival, deployment: Path, tip_wei: int) -> Iterator[RivalProgram]:
    module = (sys.executable, "-m", "contracts.devnet.rivals", rival.name)
    place = ("--rpc", url, "--deployment", str(deployment), "--key", rival.key, "--executor", rival.executor, "--tip-wei", str(tip_wei))
    log_path = deployment.with_name(f"rival.{rival.name}.log")
    with (
        log_path.open("wb") as log,
        subprocess.Popen([*module, *place], stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, text=True) as process,
    ):
        try:
            yield RivalProgram(rival.name, process, log_path)
        finally:
            process.terminate()
            process.wait(_STOP_SECONDS)
