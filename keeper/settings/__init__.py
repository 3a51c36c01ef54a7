"""Settings as data: frozen dataclasses (`sections`), read from files and the environment (`source`), described for people and editors
(`documents`)."""

from keeper.settings.documents import documented, schema
from keeper.settings.sections import (
    ChainScope,
    ChainSettings,
    ExecutorScope,
    ExecutorSettings,
    GateSettings,
    KeeperSettings,
    L1Fee,
    LakeSettings,
    LimitSettings,
    LogSettings,
    Mode,
    OracleSettings,
    Settings,
    Settle,
    VenueSettings,
    Verify,
)
from keeper.settings.source import ENV_PREFIX, Loaded, load

__all__ = [
    "ENV_PREFIX",
    "ChainScope",
    "ChainSettings",
    "ExecutorScope",
    "ExecutorSettings",
    "GateSettings",
    "KeeperSettings",
    "L1Fee",
    "LakeSettings",
    "LimitSettings",
    "Loaded",
    "LogSettings",
    "Mode",
    "OracleSettings",
    "Settings",
    "Settle",
    "VenueSettings",
    "Verify",
    "documented",
    "load",
    "schema",
]
