"""The daemon as a supervisor runs it: a process of its own, started again when it ends, watched over its status port."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_WATCH_SECONDS = 0.1
_SAMPLE_SECONDS = 0.25
_RESTART_SECONDS = 0.5
_STOP_SECONDS = 60.0
_CHAIN_LABEL = re.compile(r'chain="[^"]*",?')
_SECRET_ENVIRONMENT = "PERP_KEEPER_PASSWORD"


@dataclass(frozen=True, slots=True)
class Exit:
    """An end nobody asked for. `words` is what the log said last."""

    code: int
    at: float
    words: str


@dataclass(frozen=True, slots=True)
class Sample:
    """What /readyz said at a moment (monotonic)."""

    at: float
    ready: bool
    words: str


@dataclass
class Daemon:
    """`keeper run` on a configuration. `settings` are PERP_KEEPER__ variables on top of the file.

    `supervised`: started again after an exit of its own. All its exits are in `exits`, what /readyz said in `samples`."""

    config: Path
    log_path: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    supervised: bool = True
    prefix: tuple[str, ...] = ()
    """A command line in front of the program's, e.g. `prlimit`."""
    exits: list[Exit] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    kills: int = 0
    memory_mb: float = 0.0
    """Largest resident size seen, MiB."""

    def __post_init__(self) -> None:
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._wanted = False
        self._lock = threading.RLock()
        self._closing = threading.Event()
        self._watch = threading.Thread(target=self._watching, name="supervisor", daemon=True)
        self._watch.start()

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether there is a process."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """A new process, which is wanted from now on."""
        with self._lock:
            self._wanted = True
            self._launch()

    def kill(self) -> None:
        """SIGKILL, as a power cut does it; not wanted until the next start. Counted when it struck a living process."""
        with self._lock:
            self._wanted = False
            if self._process is None:
                return
            if self._process.poll() is None:
                self.kills += 1
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def stop(self, seconds: float = _STOP_SECONDS) -> float:
        """SIGTERM and the end; how long it took (s). Exit codes other than 0 are recorded; who does not end is killed and recorded."""
        with self._lock:
            self._wanted = False
            process, self._process = self._process, None
        if process is None:
            return 0.0
        started = time.monotonic()
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            self.exits.append(Exit(-9, time.monotonic(), f"did not stop within {seconds:.0f} s of SIGTERM"))
            return time.monotonic() - started
        if process.returncode:
            self.exits.append(Exit(process.returncode, time.monotonic(), self.last_words()))
        return time.monotonic() - started

    def freeze(self) -> None:
        """SIGSTOP."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    def close(self) -> None:
        """Nothing is left behind."""
        self._closing.set()
        self._watch.join()
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()

    def metrics(self) -> Mapping[str, float]:
        """Its own figures; empty while it does not answer."""
        status, text = self._get("metrics")
        if status != 200:
            return {}
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        # Of a single chain: its name is left out.
        return {_CHAIN_LABEL.sub("", name).replace("{}", ""): float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    def head(self) -> int:
        """The newest block it has finished; 0 for none."""
        return int(self.metrics().get("keeper_head_block", 0))

    def readyz(self) -> tuple[int, str]:
        """Status and words; (0, "") while it does not answer."""
        return self._get("readyz")

    def until(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Raises TimeoutError naming `what`."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} (in {seconds:.0f} s); the log ends with: {self.last_words()}")
            time.sleep(0.05)

    def log(self) -> str:
        """Everything it printed."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def last_words(self) -> str:
        """The line that says why it ended, or the last one."""
        lines = [line for line in self.log().splitlines() if line.strip()]
        telling = [line for line in lines[-60:] if re.search(r'"(fatal|unexpected|configuration|crash\w*)"|Traceback|Error', line)]
        return (telling or lines or ["(nothing)"])[-1][:600]

    def _launch(self) -> None:
        command = [*self.prefix, sys.executable, "-m", "keeper", "run", "--config", str(self.config), *self.options]
        # Devnets share their keys: only the daemons of one scenario are to meet.
        meeting = {"XDG_RUNTIME_DIR": str(self.config.parent)}
        environment = os.environ | meeting | {"PERP_KEEPER__KEEPER__STATUS_PORT": str(self.port)} | dict(self.settings)
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment, start_new_session=True
            )

    def _watching(self) -> None:
        ended: float | None = None
        sampled = 0.0
        while not self._closing.wait(_WATCH_SECONDS):
            with self._lock:
                process = self._process
                if process is not None and process.poll() is not None and self._wanted and ended is None:
                    ended = time.monotonic()
                    self.exits.append(Exit(process.returncode, ended, self.last_words()))
                if ended is not None and not self._wanted:
                    ended = None
                if ended is not None and self.supervised and time.monotonic() - ended > _RESTART_SECONDS:
                    ended = None
                    self._launch()
            if time.monotonic() - sampled > _SAMPLE_SECONDS and self.running:
                sampled = time.monotonic()
                self._sample()

    def _sample(self) -> None:
        status, words = self.readyz()
        if status:
            self.samples.append(Sample(time.monotonic(), status == 200, words.strip()))
        try:
            resident = Path(f"/proc/{self.pid}/statm").read_text().split()[1]
            self.memory_mb = max(self.memory_mb, int(resident) * os.sysconf("SC_PAGE_SIZE") / 2**20)
        except (OSError, AssertionError, IndexError):
            return

    def _get(self, page: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{page}", timeout=1) as answer:  # our own address
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except (OSError, ValueError):
            return 0, ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
