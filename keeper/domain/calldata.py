"""Calldata and answers in plain ABI words. Selectors are computed from the signatures, once per venue."""

from collections.abc import Sequence

from eth_utils.crypto import keccak

from keeper.domain.chain import Address, Call, CallResult

_WORD = 32
UINT256_MAX = (1 << 256) - 1


class Encoder:
    """Encodes calls whose arguments are static words (integers, flags, addresses)."""

    def __init__(self) -> None:
        self._selectors: dict[str, bytes] = {}

    def data(self, signature: str, *arguments: int | str) -> bytes:
        """Calldata of `signature`, for example "balanceOf(address)", with its arguments in order; structs flattened."""
        return self._selector(signature) + b"".join(word(argument) for argument in arguments)

    def call(self, to: str, signature: str, *arguments: int | str) -> Call:
        """A call to a contract."""
        return Call(Address(to), self.data(signature, *arguments))

    def call_array(self, to: str, signature: str, *items: int) -> Call:
        """A call whose only argument is a dynamic array."""
        return self.call(to, signature, _WORD, len(items), *items)

    def _selector(self, signature: str) -> bytes:
        selector = self._selectors.get(signature)
        if selector is None:
            selector = self._selectors[signature] = keccak(text=signature)[:4]
        return selector


def word(value: int | str) -> bytes:
    """One ABI word: an address, or an integer in two's complement."""
    if isinstance(value, str):
        return bytes.fromhex(value[2:]).rjust(_WORD, b"\0")
    return (value & UINT256_MAX).to_bytes(_WORD, "big")


def bytes_array(items: Sequence[bytes]) -> bytes:
    """The encoding of a bytes[] that is the only argument."""
    tails = [word(len(item)) + item + bytes(-len(item) % _WORD) for item in items]
    offsets, offset = b"", len(items) * _WORD
    for tail in tails:
        offsets, offset = offsets + word(offset), offset + len(tail)
    return word(_WORD) + word(len(items)) + offsets + b"".join(tails)


def number(result: CallResult, index: int = 0) -> int | None:
    """The unsigned word at `index` of an answer; None when the call reverted or told less."""
    data = result.data[index * _WORD : (index + 1) * _WORD]
    return int.from_bytes(data, "big") if result.success and len(data) == _WORD else None


def signed(result: CallResult, index: int = 0) -> int | None:
    """The signed word at `index` of an answer; None when the call reverted or told less."""
    value = number(result, index)
    return value if value is None or value <= UINT256_MAX >> 1 else value - UINT256_MAX - 1


def address(result: CallResult) -> Address | None:
    """The address an answer holds; None when the call reverted or told less."""
    value = number(result)
    return None if value is None else Address(f"0x{value:040x}")


def text(result: CallResult) -> str | None:
    """The string an answer holds; None when it holds none."""
    length = number(result, 1)
    if length is None:
        return None
    return result.data[2 * _WORD : 2 * _WORD + length].decode("utf-8", errors="replace")


def signed_array(result: CallResult) -> Sequence[int] | None:
    """The first array of an answer, as signed words; None when the call reverted."""
    offset = number(result)
    if offset is None:
        return None
    start = offset // _WORD
    length = number(result, start)
    if length is None:
        return None
    values = [signed(result, start + 1 + index) for index in range(length)]
    return [value for value in values if value is not None] if None not in values else None
