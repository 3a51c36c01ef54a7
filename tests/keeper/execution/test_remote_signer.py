"""A signer elsewhere: what it signs is used when it is right, and when it is silent, refuses or lies, that is said and nothing is used."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from eth_account import Account

from keeper.domain.chain import Address
from keeper.domain.fees import Fees
from keeper.errors import SignerUnavailable
from keeper.execution.local_signer import LocalSigner
from keeper.execution.remote_signer import RemoteSigner
from keeper.execution.signer import Unsigned
from keeper.execution.signing_service import SigningService
from tests.keeper.execution.web3signer import Web3Signer, serving

_KEY, _OTHER = b"\x01" * 32, b"\x02" * 32
_LOCAL = LocalSigner(Account.from_key(_KEY))
_UNSIGNED = Unsigned(1, 7, Address("0x" + "ab" * 20), b"\x01\x02", 100_000, Fees(2_000, 30))


@dataclass
class _Desk:
    """A signer beside the stand-in it asks, what it reported, and the time it goes by."""

    service: Web3Signer
    signer: RemoteSigner
    reports: list[str | None]
    now: list[float] = field(default_factory=lambda: [0.0])


@asynccontextmanager
async def _desk(service: Web3Signer, path: str = "", timeout_s: float = 5.0) -> AsyncIterator[_Desk]:
    reports: list[str | None] = []
    now = [0.0]
    async with serving(service) as url, aiohttp.ClientSession(auto_decompress=False) as session:
        remote = SigningService(session, url + path, timeout_s, lambda: now[0])
        yield _Desk(service, RemoteSigner(remote, _LOCAL.address, reports.append), reports, now)


def _run(test: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(20):
            await test()

    asyncio.run(limited())


def test_it_signs_what_a_key_of_this_process_would() -> None:
    async def test() -> None:
        async with _desk(Web3Signer.of_keys(_KEY)) as desk:
            assert await desk.signer.sign(_UNSIGNED) == await _LOCAL.sign(_UNSIGNED)
            assert desk.reports == [None]

    _run(test)


@pytest.mark.parametrize(
    ("lie", "words"),
    [
        ({"nonce": 8}, "another nonce"),
        ({"to": b"\xac" * 20}, "another recipient"),
        ({"value": 1}, "another value"),
        ({"data": "0x"}, "another calldata"),
        ({"gas": 1}, "another gas limit"),
        ({"maxFeePerGas": 2_001}, "another fee"),
        ({"maxPriorityFeePerGas": 29}, "another priority fee"),
        ({"chainId": 10}, "another chain id"),
    ],
)
def test_a_signer_that_signs_something_else_is_not_believed(lie: dict[str, Any], words: str) -> None:
    async def test() -> None:
        async with _desk(Web3Signer.of_keys(_KEY)) as desk:
            desk.service.lie = lambda fields: fields | lie
            with pytest.raises(SignerUnavailable, match=rf"answered wrongly: {words} was signed"):
                await desk.signer.sign(_UNSIGNED)
            desk.service.lie = None
            await desk.signer.sign(_UNSIGNED)
            assert len(desk.reports) == 2
            assert desk.reports[1] is None

    _run(test)


def test_a_signature_of_another_key_is_not_believed() -> None:
    async def test() -> None:
        async with _desk(Web3Signer.of_keys(_KEY)) as desk:
            desk.service.impostor = Account.from_key(_OTHER)
            with pytest.raises(SignerUnavailable, match=rf"not of {_LOCAL.address}"):
                await desk.signer.sign(_UNSIGNED)

    _run(test)


def test_a_refusal_is_told_in_the_signers_words_and_the_next_one_may_be_asked_at_once() -> None:
    """A policy may forbid one transaction and allow another."""

    async def test() -> None:
        async with _desk(Web3Signer.of_keys(_KEY)) as desk:
            desk.service.refusal = {"code": -32000, "message": "over the limit of http://user:secret@vault/policy"}
            with pytest.raises(SignerUnavailable, match="refuses: over the limit of") as raised:
                await desk.signer.sign(_UNSIGNED)
            assert "secret" not in str(raised.value)
            await desk.signer.probe()
            assert desk.reports == [str(raised.value)], "that it answers is no news"
            desk.service.refusal = None
            await desk.signer.sign(_UNSIGNED)

    _run(test)


@pytest.mark.parametrize("body", [b"", b"<html>502</html>", b"[]", b'{"id": 1}', b"[" * 100_000, b'"' + b"x" * (1 << 21) + b'"'])
def test_what_is_no_answer_is_told_and_bounded(body: bytes) -> None:
    async def test() -> None:
        async with _desk(Web3Signer.of_keys(_KEY)) as desk:
            desk.service.body = body
            with pytest.raises(SignerUnavailable, match="no JSON-RPC answer"):
                await desk.signer.sign(_UNSIGNED)

    _run(test)


@pytest.mark.parametrize("result", [b"null", b"7", b'"0x"', b'"0x02zz"', b'{"raw": "0x02"}'])
def test_an_answer_without_a_signed_transaction_is_told(result: bytes) -> None:
    async def test() -> None:
        async with _desk(Web3Signer.of_keys(_KEY)) as desk:
            desk.service.body = b'{"jsonrpc": "2.0", "id": 1, "result": ' + result + b"}"
            with pytest.raises(SignerUnavailable, match=r"no signed transaction|no EIP-1559 transaction"):
                await desk.signer.sign(_UNSIGNED)

    _run(test)


def test_a_signer_that_hangs_is_left_alone_for_a_moment_and_asked_again() -> None:
    """Whoever comes meanwhile is told at once."""

    async def test() -> None:
        async with _desk(Web3Signer.of_keys(_KEY), timeout_s=0.2) as desk:
            desk.service.open.clear()
            with pytest.raises(SignerUnavailable, match=r"no answer in 0\.2 s"):
                await desk.signer.sign(_UNSIGNED)
            with pytest.raises(SignerUnavailable, match=r"no answer in 0\.2 s"):
                await desk.signer.sign(_UNSIGNED)
            assert desk.service.requests == ["eth_signTransaction"]
            desk.service.open.set()
            desk.now[0] += 2.0
            await desk.signer.sign(_UNSIGNED)
            assert desk.reports[-1] is None

    _run(test)


def test_a_signer_that_is_not_there_is_told_without_what_its_address_hides() -> None:
    async def test() -> None:
        async with aiohttp.ClientSession() as session:
            reports: list[str | None] = []
            remote = SigningService(session, "http://user:secret@127.0.0.1:9/key-f00d", 5.0)
            signer = RemoteSigner(remote, _LOCAL.address, reports.append)
            with pytest.raises(SignerUnavailable, match=r"^http://127\.0\.0\.1:9"):
                await signer.sign(_UNSIGNED)
            await signer.probe()
            for text in (*map(str, reports), repr(signer)):
                assert "secret" not in text
                assert "f00d" not in text

    _run(test)


def test_an_address_may_have_a_path_and_a_query() -> None:
    async def test() -> None:
        async with _desk(Web3Signer.of_keys(_KEY), path="/eth1/key?token=f00d") as desk:
            await desk.signer.sign(_UNSIGNED)

    _run(test)


def test_a_probe_looks_for_the_key_at_the_start_and_after_a_silence_only() -> None:
    async def test() -> None:
        async with _desk(Web3Signer.of_keys(_OTHER)) as desk:
            await desk.signer.probe()
            assert f"does not hold the key of {_LOCAL.address}; load it there" in str(desk.reports[-1])
            desk.service.accounts = {_LOCAL.address: Account.from_key(_KEY)}
            await desk.signer.probe()
            await desk.signer.probe()
            assert desk.reports[-1] is None
            assert desk.service.requests == ["eth_accounts"] * 2

    _run(test)


def test_a_signer_that_does_not_tell_its_accounts_is_taken_at_its_word() -> None:
    async def test() -> None:
        async with _desk(Web3Signer.of_keys(_KEY)) as desk:
            desk.service.tells_accounts = False
            await desk.signer.probe()
            assert desk.reports == [None]

    _run(test)
