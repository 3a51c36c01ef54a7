"""What a rollup of the OP Stack charges for putting a transaction on L1, as GasPriceOracle computes it since Fjord.

Specification: OP Stack specs, "Fjord L1-Cost fee changes (FastLZ estimator)"; compression as Solady's LibZip.flzCompress."""

import json
from dataclasses import asdict, dataclass
from functools import lru_cache

from keeper.domain.chain import Address, Call, Reads

GAS_PRICE_ORACLE = Address("0x420000000000000000000000000000000000000f")
"""The predeploy of every OP Stack chain."""
_VIEWS = {"base_fee_wei": "519b4bd3", "blob_base_fee_wei": "f8206140", "base_fee_scalar": "c5985918", "blob_base_fee_scalar": "68d5dca6"}
"""Selectors of l1BaseFee(), blobBaseFee(), baseFeeScalar(), blobBaseFeeScalar()."""
_INTERCEPT = -42_585_600
_COEFFICIENT = 836_500
_LEAST_SIZE_E6 = 100_000_000
_ENVELOPE_BYTES = 150
"""Signature and header of a dynamic fee transaction, which do not compress, and a little for a guard of another size."""


@dataclass(frozen=True, slots=True)
class DataFee:
    """The prices of one block: L1's base fee and blob base fee (wei), and by how much the chain scales them (millionths)."""

    base_fee_wei: int
    blob_base_fee_wei: int
    base_fee_scalar: int
    blob_base_fee_scalar: int

    def of_size(self, compressed_bytes: int) -> int:
        """Wei for a signed transaction that FastLZ compresses to this size."""
        size_e6 = max(_LEAST_SIZE_E6, _INTERCEPT + _COEFFICIENT * compressed_bytes)
        per_byte = 16 * self.base_fee_scalar * self.base_fee_wei + self.blob_base_fee_scalar * self.blob_base_fee_wei
        return size_e6 * per_byte // 10**12

    def of_calldata(self, calldata: bytes) -> int:
        """Wei for a dynamic fee transaction with this calldata: never less than it will be, and about a tenth more."""
        return self.of_size(compressed_size(calldata) + _ENVELOPE_BYTES)

    def to_json(self) -> str:
        """For the lake; integers as text."""
        return json.dumps({name: str(value) for name, value in asdict(self).items()})

    @classmethod
    def of_json(cls, text: str) -> "DataFee":
        """Back from the lake."""
        return cls(**{name: int(value) for name, value in json.loads(text).items()})


def optimism() -> Reads[DataFee | None]:
    """The prices at a block; None where nothing answers as the oracle."""
    answers = yield [Call(GAS_PRICE_ORACLE, bytes.fromhex(selector)) for selector in _VIEWS.values()]
    if not all(answer.success and len(answer.data) == 32 for answer in answers):
        return None
    return DataFee(**{name: int.from_bytes(answer.data) for name, answer in zip(_VIEWS, answers, strict=True)})


@lru_cache(maxsize=1024)
def compressed_size(data: bytes) -> int:
    """Bytes that FastLZ (level 1) makes of the data: a match of three bytes or more, at most 8 kB back, is told in two or three."""
    limit, size, start, position = len(data) - 13, 0, 0, 2
    last_seen = [0] * 8192
    while position < limit:
        window = data[position] | data[position + 1] << 8 | data[position + 2] << 16
        bucket = _bucket(window)
        before, last_seen[bucket] = last_seen[bucket], position
        position += 1
        if position >= limit:
            break
        if position - 1 - before > 8191 or data[before : before + 3] != data[position - 1 : position + 2]:
            continue
        position -= 1
        size += _literals(position - start)
        length = _match(data, before + 3, position + 3, limit + 9)
        size += 3 * ((length - 1) // 262) + (3 if (length - 1) % 262 >= 6 else 2)
        position += length
        for _ in range(2):
            last_seen[_bucket(data[position] | data[position + 1] << 8 | data[position + 2] << 16)] = position
            position += 1
        start = position
    return size + _literals(len(data) - start)


def _bucket(window: int) -> int:
    return (2_654_435_769 * window >> 19) & 8191


def _literals(count: int) -> int:
    """Runs of at most 32 bytes, each with a byte before it."""
    runs, rest = divmod(count, 32)
    return 33 * runs + (rest + 1 if rest else 0)


def _match(data: bytes, first: int, second: int, end: int) -> int:
    """How far both places agree, counting the first byte that differs: bytes beyond the three that were found."""
    length = 0
    while second + length < end:
        length += 1
        if data[first + length - 1] != data[second + length - 1]:
            break
    return length
