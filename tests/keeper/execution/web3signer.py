"""A stand-in for Web3Signer, of which only the wire format is taken: `eth_signTransaction` and `eth_accounts` as its JSON-RPC page has them
(https://docs.web3signer.consensys.io/reference/api/json-rpc). The real one is a Java program and not among our packages. This one signs
really, and misbehaves on demand."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from aiohttp import web
from eth_account import Account
from eth_account.signers.local import LocalAccount

Lie: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
"""Gets the fields that were to be signed, returns those that are."""
_NO_ACCOUNT: Mapping[str, Any] = {"code": -32000, "message": "No unlocked account matches the Sender"}
_INVALID: Mapping[str, Any] = {"code": -32602, "message": "Invalid params"}
_UNKNOWN: Mapping[str, Any] = {"code": -32601, "message": "Method not found"}
_NUMBERS = ("nonce", "gas", "value", "maxFeePerGas", "maxPriorityFeePerGas")
_READY_SECONDS = 10.0


@dataclass
class Web3Signer:
    """The stand-in. Holds keys and signs for the chain of its own settings, whatever a request says of a chain.

    `open` lets answers out; while it is not set, requests hang. `lie` alters what is signed, `refusal` is answered instead, `body` sent as
    it is, `impostor` signs in place of the sender. `requests` are the methods asked."""

    accounts: Mapping[str, LocalAccount]
    chain_id: int
    open: asyncio.Event = field(default_factory=asyncio.Event)
    lie: Lie | None = None
    refusal: Mapping[str, Any] | None = None
    body: bytes | None = None
    impostor: LocalAccount | None = None
    tells_accounts: bool = True
    requests: list[str] = field(default_factory=list)

    @classmethod
    def of_keys(cls, *keys: bytes | str, chain_id: int = 1) -> Web3Signer:
        """Answers at once."""
        accounts = [Account.from_key(key) for key in keys]
        service = cls({account.address.lower(): account for account in accounts}, chain_id)
        service.open.set()
        return service

    async def handle(self, request: web.Request) -> web.Response:
        """One POST: a call, or a batch of them."""
        question = json.loads(await request.read())
        calls = question if isinstance(question, list) else [question]
        self.requests += [call["method"] for call in calls]
        await self.open.wait()
        if self.body is not None:
            return web.Response(body=self.body, content_type="application/json")
        answers = [{"jsonrpc": "2.0", "id": call["id"], **self._answer(call["method"], call["params"])} for call in calls]
        return web.json_response(answers if isinstance(question, list) else answers[0])

    def _answer(self, method: str, params: Any) -> Mapping[str, Any]:
        if self.refusal is not None:
            return {"error": self.refusal}
        if method == "eth_accounts" and self.tells_accounts:
            return {"result": list(self.accounts)}
        if method != "eth_signTransaction":
            return {"error": _UNKNOWN}
        if not isinstance(params, list) or len(params) != 1 or not {"from", "nonce", *_NUMBERS} <= params[0].keys():
            return {"error": _INVALID}
        account = self.accounts.get(params[0]["from"].lower())
        return {"error": _NO_ACCOUNT} if account is None else {"result": self._signed(self.impostor or account, params[0])}

    def _signed(self, account: LocalAccount, params: Mapping[str, str]) -> str:
        fields: dict[str, Any] = {name: int(params[name], 16) for name in _NUMBERS}
        fields |= {"type": 2, "chainId": self.chain_id, "to": bytes.fromhex(params["to"][2:]), "data": params["data"]}
        raw = account.sign_transaction(self.lie(fields) if self.lie is not None else fields).raw_transaction
        return "0x" + bytes(raw).hex()


@asynccontextmanager
async def serving(service: Web3Signer) -> AsyncIterator[str]:
    """Its address, until left."""
    app = web.Application()
    app.router.add_post("/{any:.*}", service.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield str(site.name)
    finally:
        await runner.cleanup()


@contextmanager
def served(service: Web3Signer) -> Iterator[str]:
    """The same in a thread of its own, for a daemon that is another process."""
    addresses: list[str] = []
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()

    async def serve() -> None:
        async with serving(service) as address:
            addresses.append(address)
            ready.set()
            await ended.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), name="signing service", daemon=True)
    thread.start()
    assert ready.wait(_READY_SECONDS), "the signing service does not start"
    try:
        yield addresses[0]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()
