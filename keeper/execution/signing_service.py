"""A signer elsewhere as a JSON-RPC service over HTTP, bounded in time and size, and left alone for a moment when it is silent."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

import aiohttp
import orjson

from keeper.errors import SignerUnavailable
from keeper.execution.node import Json
from keeper.service.log import redact

_HEADERS: Mapping[str, str] = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
_CHUNK = 1 << 16
_MAX_ANSWER_BYTES = 1 << 20
_MAX_WORDS = 200
_PAUSE_S = 1.0
"""For which a service that gave no answer is not asked again: whoever comes meanwhile need not wait for it."""


class SignerSilent(SignerUnavailable):
    """The service gives no answer. Whatever it was asked it may have done all the same."""


class SigningService:
    """One service, for all the keys it holds. `timeout_s` is for one answer; `name` is its address without what may be secret."""

    def __init__(self, session: aiohttp.ClientSession, url: str, timeout_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = redact(url)
        self._session = session
        self._url = url
        self._timeout_s = timeout_s
        self._clock = clock
        self._silence = ""
        self._silent_until = 0.0

    async def ask(self, method: str, params: Sequence[Json]) -> Json:
        """The result of one call. Raises SignerSilent, at once while the service is left alone; SignerUnavailable when it says no."""
        if self._clock() < self._silent_until:
            raise SignerSilent(self._silence)
        body = orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        try:
            async with asyncio.timeout(self._timeout_s):
                document = orjson.loads(await self._post(body))
        except TimeoutError:
            raise self._silent(f"no answer in {self._timeout_s:g} s") from None
        except ValueError:
            raise self._silent("no JSON-RPC answer") from None
        except (aiohttp.ClientError, OSError) as error:
            # The library's words may hold the whole address, and with it a password.
            cause = (error.strerror or "") if isinstance(error, OSError) else ""
            raise self._silent(f"{type(error).__name__} {cause}".rstrip()) from None
        if not isinstance(document, dict) or not {"result", "error"} & document.keys():
            raise self._silent("no JSON-RPC answer")
        refusal = document.get("error")
        if refusal is not None:
            words = redact(str(refusal.get("message") if isinstance(refusal, dict) else refusal))
            raise SignerUnavailable(f"{self.name} refuses: {words[:_MAX_WORDS]}")
        return document.get("result")

    async def _post(self, body: bytes) -> bytes:
        try:
            return await self._read(body)
        except aiohttp.ServerDisconnectedError:
            # A connection that was kept open had been closed over there: asked once more, with the same bytes.
            return await self._read(body)

    async def _read(self, body: bytes) -> bytes:
        async with self._session.post(self._url, data=body, headers=_HEADERS, allow_redirects=False) as response:
            answer = bytearray()
            async for chunk in response.content.iter_chunked(_CHUNK):
                answer += chunk
                if len(answer) > _MAX_ANSWER_BYTES:
                    response.close()
                    raise ValueError("too long an answer")
            return bytes(answer)

    def _silent(self, words: str) -> SignerSilent:
        self._silent_until = self._clock() + _PAUSE_S
        self._silence = f"{self.name}: {words}; see that it runs, or correct signer_url of the executor"
        return SignerSilent(self._silence)
