"""`python -m contracts.devnet.rivals NAME`: one rival on a chain, until the chain or the process ends."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any, Protocol

import aiohttp
from rich.console import Console

from contracts.devnet.deployment import Deployment
from contracts.devnet.rivals.announcements import announcements
from contracts.devnet.rivals.front_running import FrontRunning
from contracts.devnet.rivals.reacting import Reacting
from contracts.devnet.rivals.rival import FRONT_RUNNING, NAMES, SNIPING, TIP_WEI
from contracts.devnet.rivals.sniping import Sniping
from contracts.devnet.rivals.wallet import Wallet
from contracts.devnet.rpc import Rpc, RpcError, RpcUnavailable

READY = "ready"
"""The one line it prints, once it listens."""


class Script(Protocol):
    """What a rival does at each announcement of its topic."""

    topic: str

    def hear(self, announcement: Any, /) -> None:
        """Whatever it does about it."""


def main() -> int:
    """Exit code 0 when the node closed the socket, 1 with one line when it did not answer."""
    options = _parser().parse_args()
    screen = Console(stderr=True, soft_wrap=True, highlight=False)
    try:
        with Rpc(options.rpc) as rpc:
            wallet = Wallet(rpc, options.key, options.executor, lambda refusal: screen.print(str(refusal)))
            asyncio.run(_listen(options.rpc.replace("http", "ws", 1), _script(options, rpc, wallet)))
    except (RpcError, RpcUnavailable, aiohttp.ClientError) as error:
        screen.print(f"[bold red]error[/] {error}")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m contracts.devnet.rivals", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--rpc", required=True, help="HTTP endpoint of the chain; its websocket is taken to be at the same port")
    parser.add_argument("--deployment", type=Path, required=True, help="the addresses, as `make devnet` writes them")
    parser.add_argument("--key", required=True, help="of the executor's operator, hex: only ever a published one")
    parser.add_argument("--executor", required=True, help="its KeeperExecutor")
    parser.add_argument("--tip-wei", type=int, default=TIP_WEI, help="per unit of gas")
    return parser


def _script(options: argparse.Namespace, rpc: Rpc, wallet: Wallet) -> Script:
    if options.name == FRONT_RUNNING:
        return FrontRunning(rpc, wallet)
    kind = Sniping if options.name == SNIPING else Reacting
    return kind(rpc, Deployment.load(options.deployment), wallet, options.tip_wei)


async def _listen(url: str, script: Script) -> None:
    async with announcements(url, script.topic) as heard:
        Console().print(READY)
        async for announcement in heard:
            script.hear(announcement)


if __name__ == "__main__":
    sys.exit(main())
