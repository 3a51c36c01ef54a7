"""Compressed input in pieces of any size."""

import gzip
import zlib

import pytest

from keeper.chain.inflater import Inflater

BODY = b"0123456789" * 1_000


def _inflated(body: bytes, chunk_bytes: int) -> tuple[bytes, bool]:
    inflater = Inflater()
    output = b"".join(inflater.inflate(body[start : start + chunk_bytes], 1 << 20) for start in range(0, len(body), chunk_bytes))
    return output, inflater.complete


@pytest.mark.parametrize("chunk_bytes", [1, 7, 1 << 16])
def test_members_may_end_anywhere_in_a_chunk(chunk_bytes: int) -> None:
    """Also exactly at its end; an unfinished member is not complete."""
    members = gzip.compress(BODY) + gzip.compress(b"") + gzip.compress(BODY)
    assert _inflated(members, chunk_bytes) == (2 * BODY, True)
    assert _inflated(members[:-1], chunk_bytes) == (2 * BODY, False)
    assert _inflated(zlib.compress(BODY), chunk_bytes) == (BODY, True)


@pytest.mark.parametrize("chunk_bytes", [1, 1 << 16])
def test_zlib_has_no_second_member(chunk_bytes: int) -> None:
    """RFC 1950 knows none."""
    with pytest.raises(zlib.error):
        _inflated(2 * zlib.compress(BODY), chunk_bytes)


def test_no_input_yields_more_than_was_allowed() -> None:
    """However many members it takes."""
    assert len(Inflater().inflate(gzip.compress(bytes(1 << 20)), 100)) == 100
    assert len(Inflater().inflate(20 * gzip.compress(bytes(30)), 100)) == 100
