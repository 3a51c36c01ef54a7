"""Endpoints on different forks are told apart, and who is alone among three is asked last."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from keeper.engine.forks import ForkWatch
from keeper.errors import RpcError


@dataclass
class FakeEndpoints:
    """`blocks` is what each says of the block asked for."""

    blocks: list[Any]
    asked: list[Any] = field(default_factory=list)
    distrusted: list[str] = field(default_factory=list)

    async def opinions(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> Sequence[tuple[str, list[Any]]]:
        self.asked += calls
        return [(f"http://{place}", [block]) for place, block in enumerate(self.blocks)]

    def distrust(self, endpoint: str, reason: str) -> None:
        self.distrusted.append(endpoint)


def _checked(*blocks: Any) -> tuple[list[str | None], list[str], FakeEndpoints]:
    chain = FakeEndpoints(list(blocks))
    problems: list[str | None] = []
    asyncio.run(ForkWatch(chain, lambda _, problem: problems.append(problem)).check(10))
    return problems, chain.distrusted, chain


OURS, THEIRS = {"hash": "0xaa"}, {"hash": "0xbb"}


def test_the_same_block_a_little_below_the_head_is_the_same_chain() -> None:
    problems, distrusted, chain = _checked(OURS, OURS)
    assert (problems, distrusted) == ([None], [])
    assert chain.asked == [("eth_getBlockByNumber", ["0x7", False])]


def test_two_that_differ_are_both_named() -> None:
    problems, distrusted, _ = _checked(OURS, THEIRS)
    assert "http://0 has 0xaa; http://1 has 0xbb" in str(problems[0])
    assert distrusted == []


def test_of_three_the_one_alone_is_distrusted() -> None:
    problems, distrusted, _ = _checked(OURS, THEIRS, OURS)
    assert (problems, distrusted) == ([None], ["http://1"])


def test_who_is_behind_or_fails_has_no_voice() -> None:
    assert _checked(OURS, None, RpcError(-32_603, "internal error"))[:2] == ([None], [])
    assert _checked(None)[:2] == ([], [])
