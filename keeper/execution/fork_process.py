"""The anvil process behind the simulator: started on a free port, and ended with this process, however that ends."""

import asyncio
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from typing import IO, Self

from keeper.errors import ConfigError, RpcError, RpcUnavailable
from keeper.execution.fork_connection import ForkConnection

# No accounts: each would be fetched from the node at every reset. No cache on disk: it is keyed by block number and would outlive a
# reorg. No rate limit of anvil's own: the node knows its limits. Any sender is impersonated: simulating needs no key.
_ARGUMENTS = (
    *("--accounts", "0", "--auto-impersonate", "--no-mining", "--no-storage-caching", "--no-rate-limit"),
    *("--no-request-size-limit", "--disable-console-log", "--quiet"),
    # The gateway retries: it knows the endpoints.
    *("--retries", "0"),
)
_PORT_ATTEMPTS = 5
_POLL_S = 0.02
_STOP_S = 1.0
_ERROR_TAIL = 400
# Run between fork and exec, in a small interpreter of its own: prctl(PR_SET_PDEATHSIG, SIGKILL) has the kernel end anvil when this
# process dies in any way, kill -9 included. A preexec_fn would do the same but is not safe beside threads.
_TETHER = (
    "import ctypes, os, sys\n"
    "ctypes.CDLL(None).prctl(1, 9)\n"
    "os.getppid() == int(sys.argv[1]) or sys.exit(1)\n"
    "os.execvp(sys.argv[2], sys.argv[2:])\n"
)


class ForkProcess:
    """A running anvil. `url` is where it listens."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process = process
        self.url = f"http://127.0.0.1:{port}"

    @property
    def pid(self) -> int:
        """Process id, and id of its process group."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """False once it has ended."""
        return self._process.returncode is None

    @classmethod
    async def start(cls, command: Sequence[str], fork_url: str, timeout_s: float) -> Self:
        """Start anvil as a fork of the node at `fork_url` and wait until it answers.

        Raises ConfigError when there is no such program, RpcUnavailable when it ends (the node is down) or does not answer in time."""
        if shutil.which(command[0]) is None:
            raise ConfigError(f"anvil of the executor: no program {command[0]!r}; install Foundry's anvil or name its path")
        arguments = [*command[1:], *_ARGUMENTS, "--fork-url", fork_url]
        reason = ""
        for _ in range(_PORT_ATTEMPTS):
            with tempfile.TemporaryFile() as output:
                fork = await cls._spawn([command[0], *arguments], output)
                try:
                    if await fork._answers(timeout_s):
                        return fork
                except BaseException:
                    await fork.stop()
                    raise
                # The address is a password to the gateway: it must not reach a log.
                reason = _tail(output).replace(fork_url, "<the gateway>")
            # Only a port lost to another program before anvil bound it is worth a retry.
            if "in use" not in reason:
                break
        raise RpcUnavailable(f"the fork did not start: {reason or 'no reason given'}")

    @classmethod
    async def _spawn(cls, command: Sequence[str], output: IO[bytes]) -> Self:
        port = _free_port()
        argv = [*command, "--host", "127.0.0.1", "--port", str(port)]
        if sys.platform == "linux":
            argv = [sys.executable, "-I", "-S", "-c", _TETHER, str(os.getpid()), *argv]
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, env=_environment()
        )
        return cls(process, port)

    async def _answers(self, timeout_s: float) -> bool:
        """True once it answers, False when it ended first."""
        async with ForkConnection(self.url, timeout_s) as connection:
            try:
                async with asyncio.timeout(timeout_s):
                    while self.alive:
                        try:
                            await connection.request("web3_clientVersion", [])
                        except (RpcUnavailable, RpcError):
                            await asyncio.sleep(_POLL_S)
                        else:
                            # Another program may answer on a port lost in the race: anvil must still be alive.
                            await asyncio.sleep(_POLL_S)
                            return self.alive
            except TimeoutError as error:
                raise RpcUnavailable(f"the fork did not answer in {timeout_s} s") from error
        return False

    async def stop(self) -> None:
        """End the whole process group by SIGTERM, then by SIGKILL. Returns when it is gone."""
        for signal_number in (signal.SIGTERM, signal.SIGKILL):
            if not self.alive:
                return
            try:
                os.killpg(self.pid, signal_number)
            except ProcessLookupError:
                await self._process.wait()
                return
            try:
                async with asyncio.timeout(_STOP_S):
                    await self._process.wait()
            except TimeoutError:
                continue


def _environment() -> dict[str, str]:
    """The part of the environment that anvil needs. The rest holds the keystore's password and endpoints' keys."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _tail(output: IO[bytes]) -> str:
    output.seek(0)
    return output.read()[-_ERROR_TAIL:].decode(errors="replace").strip()
