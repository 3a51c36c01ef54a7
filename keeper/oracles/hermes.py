"""One price service that speaks Hermes (API version 2), over HTTP; every answer is bounded in time and size.

https://hermes.pyth.network/docs; the wire format: `apps/hermes/server/src/api` of pyth-network/pyth-crosschain."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import aiohttp

from keeper.domain.chain import Timestamp
from keeper.domain.quote import PriceId, Quote, QuoteRefusal
from keeper.errors import ConfigError, PriceUnavailable
from keeper.oracles.bad_update import BadUpdate
from keeper.oracles.hermes_answer import signed_prices
from keeper.oracles.server_sent_events import EventParser
from keeper.oracles.update_reader import SignedPrice, UpdateReader
from keeper.service.log import redact

_PATH = "/v2/updates/price"
_HEADERS: Mapping[str, str] = {"Accept-Encoding": "identity"}
"""Updates are signatures and hashes, which do not compress; and nothing that is not compressed can be a bomb."""
_CHUNK = 1 << 16


def open_session() -> aiohttp.ClientSession:
    """A session for services. No limit of connections: a stream is one for ever."""
    connector = aiohttp.TCPConnector(limit=0)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False)


@dataclass(frozen=True, slots=True)
class HermesOptions:
    """`timeout_s` is for an answer and the beginning of a stream, `silence_s` for the next price of a stream; `max_bytes` is the most an
    answer or an event may hold; `fee_raw` is the chain's fee for an update of one price."""

    timeout_s: float
    silence_s: float
    max_bytes: int
    fee_raw: int


class HermesService:
    """Whatever goes wrong is PriceUnavailable; BadUpdate, its kind, where the service answered and the answer is at fault."""

    def __init__(self, session: aiohttp.ClientSession, url: str, reader: UpdateReader, options: HermesOptions) -> None:
        """Raises ConfigError for an address that is none."""
        if not url.startswith(("http://", "https://")):
            raise ConfigError("a price service's address begins with http:// or https://")
        self.name = redact(url)
        self._session = session
        self._url = url.rstrip("/")
        self._reader = reader
        self._options = options

    async def latest(self, price_ids: Sequence[PriceId]) -> Sequence[Quote]:
        """The newest price of each feed, in the order asked. Raises PriceUnavailable."""
        return self._quotes(signed_prices(await self._answer("latest", price_ids), price_ids, self._reader))

    async def first_at(self, price_ids: Sequence[PriceId], time: Timestamp) -> Sequence[Quote]:
        """The first price that each feed had at or after `time`. Raises PriceUnavailable, also while there is none yet."""
        prices = signed_prices(await self._answer(str(time), price_ids), price_ids, self._reader)
        for price in prices:
            message = price.message
            if not message.previous_publish_time < time <= message.publish_time:
                detail = f"a price of {message.publish_time} after one of {message.previous_publish_time} as the first since {time}"
                raise BadUpdate(QuoteRefusal.CONTRADICTION, detail)
        return self._quotes(prices)

    async def stream(self, price_ids: Sequence[PriceId]) -> AsyncGenerator[Sequence[Quote], None]:
        """The newest prices whenever there are new ones, until something goes wrong: raises PriceUnavailable."""
        async with self._open("stream", price_ids) as response:
            parser = EventParser(self._options.max_bytes)
            while True:
                event = await self._newest_event(response, parser)
                yield self._quotes(signed_prices(event, price_ids, self._reader))

    def _quotes(self, prices: Sequence[SignedPrice]) -> Sequence[Quote]:
        return [
            Quote(
                price_id=price.message.price_id,
                low_raw=price.message.price_raw,
                high_raw=price.message.price_raw,
                exponent=price.message.exponent,
                publish_time=price.message.publish_time,
                payload=price.payload,
                fee_raw=self._options.fee_raw,
            )
            for price in prices
        ]

    async def _answer(self, path: str, price_ids: Sequence[PriceId]) -> bytes:
        with self._faults(self._options.timeout_s):
            async with asyncio.timeout(self._options.timeout_s), self._open(path, price_ids) as response:
                body = bytearray()
                async for chunk in response.content.iter_chunked(_CHUNK):
                    body += chunk
                    if len(body) > self._options.max_bytes:
                        raise BadUpdate(QuoteRefusal.FORMAT, f"an answer of more than {self._options.max_bytes} bytes")
                return bytes(body)

    async def _newest_event(self, response: aiohttp.ClientResponse, parser: EventParser) -> bytes:
        """Of several events that have arrived only the last counts: each holds all feeds."""
        with self._faults(self._options.silence_s):
            async with asyncio.timeout(self._options.silence_s):
                while chunk := await response.content.readany():
                    events = parser.feed(chunk)
                    if any(event.name == "error" for event in events):
                        raise PriceUnavailable(f"{self.name}: the stream reports an error")
                    if events:
                        return events[-1].content
        raise PriceUnavailable(f"{self.name}: the stream ended")

    @asynccontextmanager
    async def _open(self, path: str, price_ids: Sequence[PriceId]) -> AsyncIterator[aiohttp.ClientResponse]:
        """A response with the status 200; the connection is closed behind it."""
        query = [("ids[]", price_id) for price_id in price_ids]
        with self._faults(self._options.timeout_s):
            async with asyncio.timeout(self._options.timeout_s):
                response = await self._session.get(
                    f"{self._url}{_PATH}/{path}",
                    params=[*query, ("encoding", "hex"), ("parsed", "true")],
                    headers=_HEADERS,
                    timeout=aiohttp.ClientTimeout(total=None),
                    allow_redirects=False,
                )
        try:
            self._check(response)
            yield response
        finally:
            response.close()

    def _check(self, response: aiohttp.ClientResponse) -> None:
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise BadUpdate(QuoteRefusal.FORMAT, f"{self.name}: a compressed answer, although none was asked for")
        if response.status == 404:
            raise PriceUnavailable(f"{self.name}: HTTP 404, it does not know a feed, or has nothing of that moment")
        if response.status != 200:
            raise PriceUnavailable(f"{self.name}: HTTP {response.status}")

    @contextmanager
    def _faults(self, limit_s: float) -> Iterator[None]:
        """The only place that knows aiohttp's exceptions."""
        try:
            yield
        except TimeoutError:
            raise PriceUnavailable(f"{self.name}: nothing in {limit_s} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # The words of the library may hold the whole address, and with it a key.
            cause = (error.strerror or "") if isinstance(error, OSError) else ""
            raise PriceUnavailable(f"{self.name}: {type(error).__name__} {cause}".rstrip()) from None
