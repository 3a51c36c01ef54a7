"""A stand-in for Pythnet: prices set by a script, slot by slot, each slot signed by a local guardian."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from contracts.devnet.accumulator import Accumulator, PriceMessage
from contracts.devnet.guardian import Guardian

_MAX_SLOTS = 20_000


@dataclass(frozen=True, slots=True)
class FeedPrice:
    """What a script says a feed is worth: `price_raw` ± `confidence_raw`, times 10^`exponent`."""

    price_raw: int
    exponent: int = -8
    confidence_raw: int = 0


@dataclass(frozen=True, slots=True)
class Slot:
    """Every feed's message at one moment. `number` starts at 1."""

    number: int
    messages: Mapping[bytes, PriceMessage]
    accumulator: Accumulator


@dataclass(slots=True)
class Pythnet:
    """All slots so far, of which the oldest are forgotten. May be written and read from different threads."""

    guardian: Guardian = field(default_factory=Guardian)
    _slots: deque[Slot] = field(default_factory=lambda: deque(maxlen=_MAX_SLOTS))
    _listeners: list[Callable[[], None]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def publish(self, prices: Mapping[bytes, FeedPrice], publish_time: int) -> Slot:
        """Adds a slot with these prices (by feed, 32 bytes); other feeds repeat theirs. `publish_time` in unix seconds, as the
        devnet's blocks have it. The moving average is the price itself."""
        with self._lock:
            before = self._slots[-1].messages if self._slots else {}
            messages = {price_id: _repetition(message) for price_id, message in before.items()}
            for price_id, price in prices.items():
                messages[price_id] = _message(price_id, price, publish_time, before.get(price_id))
            number = self._slots[-1].number + 1 if self._slots else 1
            slot = Slot(number, messages, Accumulator(list(messages.values()), self.guardian, number))
            self._slots.append(slot)
            listeners = list(self._listeners)
        for listener in listeners:
            listener()
        return slot

    @property
    def newest(self) -> Slot | None:
        """The last slot; None before the first."""
        return self._slots[-1] if self._slots else None

    def update(self, price_ids: Sequence[bytes]) -> bytes:
        """The newest slot's update for these feeds. Raises KeyError for a feed without a price."""
        slot = self.newest
        if slot is None:
            raise KeyError(price_ids[0])
        return slot.accumulator.update(price_ids)

    def first_at(self, price_id: bytes, time: int) -> Slot | None:
        """The first slot that has a price of the feed published at or after `time` (unix seconds)."""
        with self._lock:
            slots = list(self._slots)
        return next((slot for slot in slots if price_id in slot.messages and slot.messages[price_id].publish_time >= time), None)

    def add_listener(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every new slot, on the thread that publishes it."""
        with self._lock:
            self._listeners.append(listener)

    def remove_listener(self, listener: Callable[[], None]) -> None:
        """Call it no more."""
        with self._lock:
            self._listeners.remove(listener)


def _repetition(message: PriceMessage) -> PriceMessage:
    """A slot without news of a feed has the price of the slot before, which is then also the previous one."""
    return replace(message, previous_publish_time=message.publish_time)


def _message(price_id: bytes, price: FeedPrice, publish_time: int, before: PriceMessage | None) -> PriceMessage:
    previous = before.publish_time if before is not None else 0
    return PriceMessage(
        price_id,
        price.price_raw,
        price.confidence_raw,
        price.exponent,
        publish_time,
        previous,
        price.price_raw,
        price.confidence_raw,
    )
