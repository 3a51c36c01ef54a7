"""Amounts that know how many decimals their integer has."""

from dataclasses import dataclass
from typing import ClassVar, Self


@dataclass(frozen=True, slots=True)
class Money:
    """`raw` / 10^`decimals` of something. Each number of decimals is a class of its own, and arithmetic is within one class only: across
    classes it is a type error at lint time, and a TypeError where only `Money` is known."""

    raw: int
    decimals: ClassVar[int]

    @classmethod
    def of_units(cls, units: float) -> Self:
        """From whole units, as people write settings; what is less than one `raw` is cut off."""
        return cls(int(units * 10**cls.decimals))

    @property
    def units(self) -> float:
        """In whole units, for charts and people."""
        units: float = self.raw / 10**self.decimals
        return units

    def __add__(self, other: Self) -> Self:
        return type(self)(self.raw + self._raw_of(other))

    def __sub__(self, other: Self) -> Self:
        return type(self)(self.raw - self._raw_of(other))

    def __neg__(self) -> Self:
        return type(self)(-self.raw)

    def __lt__(self, other: Self) -> bool:
        return self.raw < self._raw_of(other)

    def __le__(self, other: Self) -> bool:
        return self.raw <= self._raw_of(other)

    def _raw_of(self, other: Self) -> int:
        if type(other) is not type(self):
            raise TypeError(f"{type(self).__name__} and {type(other).__name__} have different decimals: convert one of them first")
        return other.raw


@dataclass(frozen=True, slots=True)
class Usd18(Money):
    """US dollars with 18 decimals: what plans, limits and the executor contract count in."""

    decimals: ClassVar[int] = 18


@dataclass(frozen=True, slots=True)
class Usd30(Money):
    """US dollars with 30 decimals."""

    decimals: ClassVar[int] = 30


ZERO_USD = Usd18(0)
"""No dollars."""
