"""What the pool is asked: calls, and the decoder of their answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from keeper.chain.header import parse_header
from keeper.chain.rpc import Answer, RpcCall
from keeper.domain.chain import Purpose

T = TypeVar("T")
Decode: TypeAlias = Callable[[Sequence[Answer]], T]
"""Checks and decodes the answers of one query. Raises BlockUnknown, RpcError, Untrustworthy; KeyError, TypeError and ValueError mean a
malformed answer."""
MALFORMED = (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError, RecursionError)
"""What decoding a malformed answer may raise."""


@dataclass(frozen=True, slots=True)
class Query(Generic[T]):
    """`bulky`: an answer may take long at a sound endpoint, and the caller can ask for less."""

    calls: Sequence[RpcCall]
    decode: Decode[T]
    purpose: Purpose = Purpose.READ
    bulky: bool = False


LATEST = RpcCall("eth_getBlockByNumber", ("latest", False))
CHAIN_ID = RpcCall("eth_chainId", ())
HEAD_NUMBER = Query([LATEST], lambda answers: parse_header(answers[0]).ref.number, Purpose.HEAD)
