"""Decompression of an HTTP answer, bounded in size."""

import zlib

_GZIP_OR_ZLIB = 47
_GZIP = 31


class Inflater:
    """Reads gzip, of one or more members (RFC 1952), and zlib. Raises zlib.error for anything else, also behind the end."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP_OR_ZLIB)

    @property
    def complete(self) -> bool:
        """Whether the input so far ends with the end of a member."""
        return self._member.eof

    def inflate(self, chunk: bytes, max_bytes: int) -> bytes:
        """The output of the next input, at most `max_bytes` (> 0) of it; the rest of a chunk that holds more is lost."""
        output = bytearray()
        while chunk and len(output) < max_bytes:
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP)
            output += self._member.decompress(chunk, max_bytes - len(output))
            chunk = self._member.unused_data
        return bytes(output)
