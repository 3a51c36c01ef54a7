"""Big-endian fields of a byte string, one after the other."""

from keeper.domain.quote import QuoteRefusal
from keeper.oracles.bad_update import BadUpdate


class ByteReader:
    """Reads from the start. Raises BadUpdate (format) where the bytes end too early."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self.position = 0

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        start, self.position = self.position, self.position + size
        if self.position > len(self._source):
            raise BadUpdate(QuoteRefusal.FORMAT, f"{len(self._source)} bytes, needs {self.position}")
        return self._source[start : self.position]

    def unsigned(self, size: int) -> int:
        """An unsigned integer of `size` bytes."""
        return int.from_bytes(self.take(size), "big")

    def signed(self, size: int) -> int:
        """An integer of `size` bytes in two's complement."""
        return int.from_bytes(self.take(size), "big", signed=True)

    def since(self, start: int) -> bytes:
        """What was read from position `start` on."""
        return self._source[start : self.position]

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(len(self._source) - self.position)
