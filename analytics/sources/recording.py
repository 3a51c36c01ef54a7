"""One file on disk: is it whole, what is its hash, how does it begin, and how its lines are read in SQL."""

import gzip
import hashlib
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pyarrow.parquet as pq

from analytics.sources.refusal import Refusal
from analytics.sources.source import Form, Sample

_CHUNK = 1 << 20
_INFLATED = 1 << 23
_SAMPLE_BYTES = 1 << 17
_GZIP_MAGIC = b"\x1f\x8b"
_PARQUET_MAGIC = b"PAR1"


@dataclass(frozen=True, slots=True)
class Recording:
    """A file that was read through once: it is whole, and this is its content."""

    path: Path
    size: int
    sha256: str
    compressed: bool
    sample: Sample

    @property
    def name(self) -> str:
        """The folder and the file: what rows carry as their source file."""
        return f"{self.path.absolute().parent.name}/{self.path.name}"


def open_recording(path: Path, advance: Callable[[int], None]) -> Recording:
    """Hash the file and prove a gz whole, in chunks; `advance` is told the bytes read. Refusal when there is no such file,
    it is cut short, or no text or Parquet."""
    try:
        size = path.stat().st_size
        sha256, compressed = _read_through(path, advance)
        return Recording(path, size, sha256, compressed, _sample(path, compressed))
    except OSError as error:
        raise Refusal(f"cannot be read: {error.strerror or error}") from error


def _read_through(path: Path, advance: Callable[[int], None]) -> tuple[str, bool]:
    """The hash of the bytes as they lie on disk, and whether they are gz. DuckDB reads a gz that ends early as if it were whole."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        compressed = file.read(2) == _GZIP_MAGIC
        file.seek(0)
        member = zlib.decompressobj(wbits=31)
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            advance(len(chunk))
            if compressed:
                member = _inflate(member, chunk)
    if compressed and not member.eof:
        raise Refusal("the gz file is cut short: download or copy it again")
    return digest.hexdigest(), compressed


def _inflate(member: "zlib._Decompress", chunk: bytes) -> "zlib._Decompress":
    """Run a chunk through the decompressor, whose check sums prove it; a gz may hold several members."""
    try:
        while chunk:
            if member.eof:
                member = zlib.decompressobj(wbits=31)
            out = member.decompress(chunk, _INFLATED)
            while member.unconsumed_tail or len(out) == _INFLATED:
                out = member.decompress(member.unconsumed_tail, _INFLATED)
            chunk = member.unused_data
    except zlib.error as error:
        raise Refusal(f"the gz file is damaged ({error}): download or copy it again") from error
    return member


def _sample(path: Path, compressed: bool) -> Sample:
    with _binary(path, compressed) as file:
        head = file.read(_SAMPLE_BYTES)
    if head.startswith(_PARQUET_MAGIC):
        try:
            return Sample(path.name, "parquet", tuple(pq.read_schema(path).names))
        except (ValueError, OSError) as error:
            raise Refusal(f"the Parquet file is damaged or cut short ({str(error).splitlines()[0]})") from error
    try:
        text = head.decode("utf-8") if len(head) < _SAMPLE_BYTES else head[: head.rfind(b"\n") + 1 or None].decode("utf-8", "replace")
    except UnicodeDecodeError as error:
        raise Refusal("is neither UTF-8 text, gz nor Parquet") from error
    lines = tuple(line for line in text.splitlines() if line.strip())
    return Sample(path.name, _form(lines), lines)


def _form(lines: tuple[str, ...]) -> Form:
    first = lines[0].lstrip() if lines else ""
    if first.startswith(("{", "[")):
        return "frames"
    stamp, _, rest = first.partition(" ")
    return "stamped" if stamp.isdigit() and rest.startswith("{") else "csv"


def _binary(path: Path, compressed: bool) -> IO[bytes]:
    return io.BufferedReader(gzip.open(path)) if compressed else path.open("rb")


@contextmanager
def lines_of(recording: Recording) -> Iterator[Iterator[bytes]]:
    """The lines, one after the other, for what SQL cannot do."""
    with _binary(recording.path, recording.compressed) as file:
        yield iter(file)
