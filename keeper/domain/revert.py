"""Revert payloads of Solidity in words."""

from collections.abc import Callable, Mapping, Sequence

from eth_utils.crypto import keccak

_PANICS: Mapping[int, str] = {
    0x01: "assertion failed",
    0x11: "arithmetic overflow",
    0x12: "division by zero",
    0x21: "bad enum value",
    0x32: "index out of bounds",
    0x41: "out of memory",
}
_WORD = 32
_ERROR_STRING = keccak(text="Error(string)")[:4]
_PANIC = keccak(text="Panic(uint256)")[:4]


def solidity_reason(data: bytes, codes: Mapping[str, str]) -> str:
    """The text of `Error(string)` with what it means where `codes` knows it, a panic by name; the raw hex of anything else."""
    if not data:
        return "no reason given: an address without code, or out of gas"
    selector, body = data[:4], data[4:]
    if selector == _ERROR_STRING:
        text = _string(body)
        return f"{text}: {codes[text]}" if text in codes else text
    if selector == _PANIC:
        code = int.from_bytes(body[:_WORD], "big")
        return f"panic 0x{code:02x}: {_PANICS.get(code, 'unknown')}"
    return "0x" + data.hex()


class CustomErrors:
    """A contract's own errors by their signatures; `otherwise` reads every other payload, also one that an error carries."""

    def __init__(self, signatures: Sequence[str], otherwise: Callable[[bytes], str]) -> None:
        self._signatures = {keccak(text=signature)[:4]: signature for signature in signatures}
        self._otherwise = otherwise

    def __call__(self, data: bytes) -> str:
        """The error with its arguments: addresses and words as hex, numbers in decimals, errors inside of it by name."""
        signature = self._signatures.get(data[:4])
        if signature is None:
            return self._otherwise(data)
        name, kinds = signature[:-1].split("(")
        arguments = (self._argument(kind, data[4:], index) for index, kind in enumerate(kinds.split(",") if kinds else ()))
        return f"{name}({', '.join(arguments)})"

    def _argument(self, kind: str, body: bytes, index: int) -> str:
        word = body[index * _WORD : (index + 1) * _WORD]
        if kind == "address":
            return "0x" + word[-20:].hex()
        if kind in ("bytes4", "bytes32"):
            return "0x" + word[: int(kind.removeprefix("bytes"))].hex()
        if kind == "bytes":
            return self(_bytes(body, int.from_bytes(word, "big")))
        if kind == "string":
            return _bytes(body, int.from_bytes(word, "big")).decode("utf-8", errors="replace")
        if kind == "bytes[]":
            return f"[{', '.join(self(one) for one in _items(body, int.from_bytes(word, 'big')))}]"
        return str(int.from_bytes(word, "big", signed=True))


def _string(body: bytes) -> str:
    return _bytes(body, _WORD).decode("utf-8", errors="replace")


def _items(body: bytes, offset: int) -> Sequence[bytes]:
    """An array of bytes; the offsets of its items count from behind its length."""
    items = body[offset + _WORD :]
    count = min(int.from_bytes(body[offset : offset + _WORD], "big"), len(items) // _WORD)
    return [_bytes(items, int.from_bytes(items[index * _WORD : (index + 1) * _WORD], "big")) for index in range(count)]


def _bytes(body: bytes, offset: int) -> bytes:
    length = int.from_bytes(body[offset : offset + _WORD], "big")
    return body[offset + _WORD : offset + _WORD + length]
