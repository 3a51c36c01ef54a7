"""JSON-RPC over HTTP: one POST, its answer bounded in time and size."""

import time
import zlib
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

import aiohttp

from keeper.chain.inflater import Inflater
from keeper.chain.redaction import redact, scrub
from keeper.chain.rpc import AnswerTooLarge, Reply, RpcTimeout
from keeper.errors import RpcUnavailable

_HEADERS: Mapping[str, str] = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}
_CHUNK = 1 << 16
_MAX_RETRY_AFTER_S = 60.0
"""An endpoint that wants a longer pause is asked again after this one: its wish may be a mistake, and there may be no other endpoint."""


def open_session() -> aiohttp.ClientSession:
    """A session for HttpTransport. No limit of connections: requests that hang at one endpoint must not hold up those to another."""
    connector = aiohttp.TCPConnector(limit=0)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False)


class HttpTransport:
    """POST over a shared session of `open_session`. `max_answer_bytes` is the most an answer may hold, decompressed.

    The library would decompress without a bound, and a gzip bomb of 100 kB is 100 MB; so decompression is done here."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        timeout_s: float,
        max_answer_bytes: int,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._session = session
        self._url = url
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._max_bytes = max_answer_bytes
        self._wall_clock = wall_clock

    async def post(self, body: bytes) -> Reply:
        """The only place that knows aiohttp's exceptions. Raises RpcUnavailable, RpcTimeout, AnswerTooLarge."""
        request = self._session.post(self._url, data=body, headers=_HEADERS, timeout=self._timeout, allow_redirects=False)
        try:
            async with request as response:
                return Reply(response.status, await self._read(response), self._retry_after_s(response.headers.get("Retry-After")))
        except TimeoutError:
            raise RpcTimeout(f"{redact(self._url)}: no answer in {self._timeout.total} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            reason = scrub(f"{type(error).__name__}: {error}", self._url)
            raise RpcUnavailable(f"{redact(self._url)}: {reason}") from None

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        encoding = response.headers.get("Content-Encoding", "identity").lower()
        if encoding not in ("identity", "gzip", "deflate"):
            raise RpcUnavailable(f"{redact(self._url)}: an answer encoded as {encoding[:20]!r}, asked for gzip")
        inflater = None if encoding == "identity" else Inflater()
        body = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            body += chunk if inflater is None else self._inflate(inflater, chunk, self._max_bytes + 1 - len(body))
            if len(body) > self._max_bytes:
                response.close()
                raise AnswerTooLarge(f"{redact(self._url)}: an answer of more than {self._max_bytes} bytes (max_answer_mib of the chain)")
        if inflater is not None and not inflater.complete:
            raise RpcUnavailable(f"{redact(self._url)}: a compressed answer that ends in the middle")
        return bytes(body)

    def _inflate(self, inflater: Inflater, chunk: bytes, max_bytes: int) -> bytes:
        try:
            return inflater.inflate(chunk, max_bytes)
        except zlib.error as error:
            raise RpcUnavailable(f"{redact(self._url)}: a broken compressed answer ({error})") from error

    def _retry_after_s(self, header: str | None) -> float | None:
        """Retry-After in seconds: a number, or an HTTP date against the wall clock. None where there is none, or nothing legible."""
        if header is None:
            return None
        try:
            pause_s = float(header)
        except ValueError:
            try:
                pause_s = parsedate_to_datetime(header).timestamp() - self._wall_clock()
            except (ValueError, TypeError, OverflowError):
                return None
        return min(max(pause_s, 0.0), _MAX_RETRY_AFTER_S) if pause_s == pause_s else None
