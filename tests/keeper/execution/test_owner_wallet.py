"""Trying the owner's steps out where the node can run several after one another, and where it cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from eth_account import Account

from keeper.domain.chain import Address
from keeper.errors import RpcError
from keeper.execution.owner_wallet import OwnerWallet
from keeper.execution.ownership import Step

_TARGET = Address("0x" + "11" * 20)


class _Node:
    """Estimates any call but those that ask for a failure; knows eth_simulateV1 or not."""

    def __init__(self, *, simulates: bool) -> None:
        self._simulates = simulates

    async def request(self, method: str, params: Sequence[Any]) -> Any:
        if method == "eth_simulateV1":
            if not self._simulates:
                raise RpcError(-32601, "method not found")
            return [{"calls": [self._answer(call["data"]) for call in params[0]["blockStateCalls"][0]["calls"]]}]
        assert method == "eth_estimateGas"
        if params[0]["data"] == "0xff":
            raise RpcError(3, "execution reverted", b"\1\2\3\4")
        return "0x5208"

    async def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> Sequence[Any]:
        return [await self.request(method, params) for method, params in calls]

    def _answer(self, data: str) -> dict[str, Any]:
        if data == "0xff":
            return {"status": "0x0", "gasUsed": "0x1", "returnData": "0x01020304", "error": {"code": 3, "message": "execution reverted"}}
        return {"status": "0x1", "gasUsed": "0x5208", "returnData": "0x"}


def _step(data: bytes, *, follows: bool = False) -> Step:
    return Step("f()", (), _TARGET, data, "something", follows=follows)


def _tried(node: _Node) -> list[Any]:
    wallet = OwnerWallet(node, Account.from_key("0x" + "22" * 32), 1)
    results = asyncio.run(wallet.try_out([_step(b""), _step(b"", follows=True), _step(b"\xff")]))
    return [one.data if isinstance(one, RpcError) else one for one in results]


def test_steps_run_after_one_another() -> None:
    assert _tried(_Node(simulates=True)) == [21_000, 21_000, b"\1\2\3\4"]


def test_without_that_each_is_tried_alone_and_what_needs_another_is_not() -> None:
    assert _tried(_Node(simulates=False)) == [21_000, None, b"\1\2\3\4"]


def test_the_key_is_not_shown() -> None:
    wallet = OwnerWallet(_Node(simulates=True), Account.from_key("0x" + "22" * 32), 1)
    assert repr(wallet) == f"OwnerWallet({wallet.address})"
