"""One anvil process, started on a free port and surely stopped."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from contracts.devnet.rpc import Rpc, RpcUnavailable

# A fixed birth makes every timestamp of a devnet a function of the seed: 2023-11-14 22:13:20 UTC.
GENESIS_TIMESTAMP = 1_700_000_000
BASE_FEE = 20_000_000
"""0.02 gwei, in wei: what a busy rollup asks."""
_CONTRACTS = Path(__file__).resolve().parents[1]
_START_ATTEMPTS = 5
_START_SECONDS = 20.0
_STOP_SECONDS = 5.0
_BOUND, _ERRORS = "bound.json", "errors"


class AnvilError(RuntimeError):
    """anvil is not installed or did not come up; the message says what to do."""


@dataclass(frozen=True, slots=True)
class AnvilOptions:
    """How to start anvil.

    `gas_limit` is per block; mind that anvil drops a sender's later transactions when one does not fit any more.
    `block_time` is in wall seconds; None mines on every transaction, unless `no_mining` leaves all mining to the
    caller (evm_mine). `cap_transactions` limits a transaction to 2^24 gas (EIP-7825). `slots_in_epoch` sets finality:
    the `finalized` block is two epochs behind the head.
    `max_persisted_states` bounds the block states kept on disk once they leave memory, `prune_history` keeps that
    many states in memory and none on disk. `fork_url` and `fork_block` start from another node's state; the chain id
    is then the fork's. Money and order: `order="fees"` is what a public chain does, `"fifo"` is first come first served.
    """

    port: int | None = None
    chain_id: int = 31_337
    block_time: float | None = None
    no_mining: bool = False
    gas_limit: int = 200_000_000
    cap_transactions: bool = False
    base_fee: int | None = BASE_FEE
    order: Literal["fees", "fifo"] = "fees"
    slots_in_epoch: int = 8
    timestamp: int | None = GENESIS_TIMESTAMP
    fork_url: str | None = None
    fork_block: int | None = None
    max_persisted_states: int | None = None
    prune_history: int | None = None
    log_path: Path | None = None

    def arguments(self, port: int) -> list[str]:
        """The command line after the program's name."""
        line = ["--host", "127.0.0.1", "--port", str(port), "--order", self.order]
        line += ["--slots-in-an-epoch", str(self.slots_in_epoch), "--gas-limit", str(self.gas_limit)]
        line += ["--no-cors", "--no-request-size-limit", "--disable-console-log"]
        line += ["--block-time", str(self.block_time)] if self.block_time is not None else []
        line += ["--no-mining"] if self.no_mining else []
        line += ["--enable-tx-gas-limit"] if self.cap_transactions else []
        line += ["--block-base-fee-per-gas", str(self.base_fee)] if self.base_fee is not None else []
        line += ["--max-persisted-states", str(self.max_persisted_states)] if self.max_persisted_states else []
        line += ["--prune-history", str(self.prune_history)] if self.prune_history is not None else []
        line += ["--quiet"] if self.log_path is None else []
        return line + self._origin()

    def _origin(self) -> list[str]:
        if self.fork_url is None:
            born = ["--timestamp", str(self.timestamp)] if self.timestamp is not None else []
            return ["--chain-id", str(self.chain_id), *born]
        # A cached answer of another devnet at the same port would be a silent lie, and a local node limits nobody.
        at = ["--fork-block-number", str(self.fork_block)] if self.fork_block is not None else []
        return ["--fork-url", self.fork_url, *at, "--no-storage-caching", "--no-rate-limit"]


@dataclass(frozen=True, slots=True)
class Anvil:
    """A running anvil. `pid` is also the id of its process group."""

    url: str
    ws_url: str
    pid: int
    options: AnvilOptions

    @staticmethod
    @contextmanager
    def start(options: AnvilOptions | None = None) -> Iterator[Anvil]:
        """Starts anvil, waits until it answers, and kills its process group on leaving.

        Raises AnvilError if it is not installed or does not answer in 20 s.
        """
        settings = options or AnvilOptions()
        process, port = _launch(settings)
        try:
            yield Anvil(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}", process.pid, settings)
        finally:
            _stop(process)


def anvil_path() -> Path:
    """The anvil to run: the one on PATH if there is one, else the one npm installed. Raises AnvilError."""
    return tool_path("anvil")


def tool_path(tool: Literal["anvil", "forge"]) -> Path:
    """Where a Foundry program is: on PATH, else in contracts/node_modules. Raises AnvilError if nowhere."""
    on_path = shutil.which(tool)
    if on_path is not None:
        return Path(on_path)
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    package = f"{tool}-{platform.system().lower()}-{machine}"
    installed = _CONTRACTS / "node_modules" / "@foundry-rs" / package / "bin" / tool
    if installed.is_file():
        return installed
    raise AnvilError(f"{tool} not found: run `npm ci --prefix contracts`, or put Foundry's {tool} on PATH")


def _launch(options: AnvilOptions) -> tuple[subprocess.Popen[bytes], int]:
    """A port found free may be taken before anvil binds it: then anvil exits and another port is tried."""
    ports = [options.port] if options.port is not None else [None] * _START_ATTEMPTS
    reason = ""
    for number in ports:
        port = number if number is not None else _free_port()
        with TemporaryDirectory(prefix="anvil-") as scratch:
            process = _spawn(options, port, Path(scratch))
            try:
                if _answers(process, port, Path(scratch)):
                    return process, port
            except BaseException:
                _stop(process)
                raise
            _stop(process)
            reason = (Path(scratch) / _ERRORS).read_text(errors="replace").strip()
    raise AnvilError(f"anvil did not come up at port {options.port or '(any)'}: {reason or 'no answer'}")


def _spawn(options: AnvilOptions, port: int, scratch: Path) -> subprocess.Popen[bytes]:
    command = [str(anvil_path()), *options.arguments(port), "--config-out", str(scratch / _BOUND)]
    output = options.log_path or Path(os.devnull)
    with output.open("ab") as log, (scratch / _ERRORS).open("wb") as errors:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=errors,
            env={**os.environ, "NO_COLOR": "1"},
            start_new_session=True,
        )


def _answers(process: subprocess.Popen[bytes], port: int, scratch: Path) -> bool:
    """Whether it came up. anvil writes the file once the port is its own: else another's anvil might be taken for it."""
    deadline = time.monotonic() + _START_SECONDS
    with Rpc(f"http://127.0.0.1:{port}", timeout=2.0) as rpc:
        while time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.02)
            if not (scratch / _BOUND).exists():
                continue
            try:
                rpc.call("eth_chainId")
            except RpcUnavailable:
                continue
            return True
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ends the process group: politely, then not."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        try:
            os.killpg(process.pid, sign)
            process.wait(timeout=_STOP_SECONDS)
        except ProcessLookupError:
            process.wait()
        except subprocess.TimeoutExpired:
            continue


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
