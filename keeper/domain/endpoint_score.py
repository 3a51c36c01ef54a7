"""How well an endpoint does, for people and metrics."""

from dataclasses import dataclass

from keeper.domain.chain import Purpose


@dataclass(frozen=True, slots=True)
class EndpointScore:
    """One endpoint's moving averages for one purpose. `endpoint` is its name without secrets; `value` is about 1 where it does as usual and
    0 where it never answers; `lag_blocks` is how far its head is behind the newest."""

    endpoint: str
    purpose: Purpose
    value: float
    latency_s: float
    error_rate: float
    lag_blocks: float
