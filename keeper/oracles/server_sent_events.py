"""Server-sent events (WHATWG HTML, 9.2) out of the chunks of a connection, bounded in size. Lines end with LF or CRLF."""

from collections.abc import Sequence
from dataclasses import dataclass

from keeper.domain.quote import QuoteRefusal
from keeper.oracles.bad_update import BadUpdate


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """`name` is "message" where the server gives none."""

    name: str
    content: bytes


class EventParser:
    """Holds the beginning of the next event, at most `max_bytes` of it."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._rest = b""

    def feed(self, chunk: bytes) -> Sequence[ServerSentEvent]:
        """The events that the chunk completes. Raises BadUpdate (format) for one that is too large."""
        *blocks, self._rest = (self._rest + chunk).replace(b"\r\n", b"\n").split(b"\n\n")
        if len(self._rest) > self._max_bytes:
            raise BadUpdate(QuoteRefusal.FORMAT, f"an event of more than {self._max_bytes} bytes")
        return [event for event in map(_event, blocks) if event is not None]


def _event(block: bytes) -> ServerSentEvent | None:
    """None for comments, with which servers keep connections alive."""
    name = "message"
    lines: list[bytes] = []
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            lines.append(value)
        elif field == b"event":
            name = value.decode(errors="replace")
    return ServerSentEvent(name, b"\n".join(lines)) if lines else None
