"""Settings as data: frozen dataclasses read from TOML and the environment. Opens no socket, reads no key.

Every value knows where it came from (`Loaded.origins`), every wrong one gives a `ConfigError` with file, key and mend."""

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Any, TypeAlias, Union, get_args, get_origin, get_type_hints

from keeper.domain import parse
from keeper.domain.chain import Address
from keeper.errors import ConfigError

ENV_PREFIX = "PERP_KEEPER__"
Tree: TypeAlias = Mapping[str, Any]


class Mode(StrEnum):
    """How far the daemon goes with a candidate."""

    OBSERVE = "observe"
    SIMULATE = "simulate"
    EXECUTE = "execute"


class Verify(StrEnum):
    """How a block's logs are proven complete."""

    RECEIPTS = "receipts"
    BLOOM = "bloom"


class Settle(StrEnum):
    """When a plan is settled on the fork."""

    UNLESS_GUARDED = "unless_guarded"
    ALWAYS = "always"


class L1Fee(StrEnum):
    """How a rollup charges for putting transactions on L1."""

    OPTIMISM = "optimism"


def _option(doc: str, default: Any = MISSING) -> Any:
    if default is MISSING:
        return field(metadata={"doc": doc})
    return field(default=default, metadata={"doc": doc})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainSettings:
    """[chain]: which chain, and how to reach it."""

    id: int = _option("chain id; every endpoint must answer with it")
    rpc_urls: tuple[str, ...] = _option("HTTP endpoints in order of preference")
    start_block: int = _option("first block that may hold an event of the venues (their deployment)")
    ws_url: str | None = _option("websocket endpoint for new heads; polling alone without it", None)
    multicall: Address | None = _option("Multicall3 contract; without it reads go as plain JSON-RPC batches", None)
    block_seconds: int = _option("expected time between blocks, for the forecast of the next block", 2)
    finality_depth: int = _option("blocks below the head that are taken for final", 64)
    poll_interval_s: float = _option("seconds between polls of the head", 1.0)
    request_timeout_s: float = _option("seconds until a request counts as failed", 10.0)
    max_answer_mib: int = _option("largest answer of an endpoint that is read, decompressed, MiB", 32)
    wall_clock: bool = _option("report a head that is old by this machine's clock; not for devnets, whose time is made up", False)
    max_log_range: int = _option("most blocks in one eth_getLogs of the backfill; adapts downwards by itself", 2000)
    prove_reads: bool = _option("prove by EIP-2935 that a read ran on its block's state; anvil needs it", False)
    verify: Verify = _option(
        "how a block's logs are proven: receipts (all receipts against the header, where an endpoint offers them) or bloom alone",
        Verify.RECEIPTS,
    )
    l1_fee: L1Fee | None = _option('"optimism" where the chain charges an L1 data fee by its GasPriceOracle (OP Stack)', None)
    forecast: bool = _option("evaluate at the next block's time with an eth_call block override; false where the provider has none", True)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeeperSettings:
    """[keeper]: what the daemon does."""

    mode: Mode = _option("observe (no key is loaded), simulate (settle on a local fork) or execute", Mode.OBSERVE)
    state_dir: Path = _option("directory of the outbox and the lock", Path("var/keeper"))
    position_snapshot_blocks: int = _option("blocks between snapshots of all positions for the maps; 0 for never", 150)
    tripwire_blocks: int = _option("blocks between comparisons of local margin with the contract's own view; 0 for never", 10)
    tripwire_accounts: int = _option("accounts per comparison, in rotation", 60)
    cooldown_blocks: int = _option("blocks an account rests after a pre-check or simulation reverted for a lasting reason", 5)
    record_reads: bool = _option("keep per-block market reads in the lake, so that any block can be replayed", True)
    status_port: int = _option("port of /livez, /readyz and /metrics on 127.0.0.1; 0 for none", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """[limits]: what may be spent and on whom."""

    min_profit_usd: float = _option("least expected profit after gas and trading cost, USD", 1.0)
    min_notional_usd: float = _option("smallest liquidation worth a look, USD", 0.0)
    max_fee_gwei: float = _option("highest fee per gas ever offered, gwei", 50.0)
    priority_fee_gwei: float = _option("tip per gas, gwei", 0.001)
    spending_cap_eth: float = _option("most gas spent in 24 hours, in the chain's coin", 0.1)
    bump_after_blocks: int = _option("blocks without inclusion until fees are raised at the same nonce", 3)
    max_bumps: int = _option("raises until the transaction is given up", 3)
    allow: tuple[str, ...] = _option("only these accounts; empty for all", ())
    deny: tuple[str, ...] = _option("never these accounts", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionSettings:
    """[execution]: who sends. Nothing of this is read in observe mode."""

    executor: Address | None = _option("the operator's KeeperExecutor contract", None)
    operator: Address | None = _option("account that calls the executor; impersonated by simulations, checked against the key", None)
    key_file: Path | None = _option("encrypted keystore (web3 secret storage) of the operator", None)
    password_file: Path | None = _option("file with the keystore's password; or environment PERP_KEEPER_PASSWORD", None)
    send_urls: tuple[str, ...] = _option("endpoints for sending; the reading ones when empty", ())
    anvil: str | None = _option("anvil program of the fork; PATH, then the npm package", None)
    forks: int = _option("candidates settled at the same time, each on a fork process of its own", 2)
    settle: Settle = _option(
        '"unless_guarded": a plan the executor guards is sent on its pre-check and settled on the fork later; "always": first',
        Settle.UNLESS_GUARDED,
    )
    gas_coin_market: str = _option("market whose index price values the gas coin", "ETH")


@dataclass(frozen=True, slots=True, kw_only=True)
class LakeSettings:
    """[lake]: where records go."""

    dir: Path = _option("directory with catalog.sqlite and data/", Path("var/lake"))
    queue_blocks: int = _option("most blocks waiting to be written; more stops the daemon (no unrecorded trading)", 2000)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """[log]: what is printed."""

    format: str = _option('"console", "json" or "auto" (console on a terminal)', "auto")
    level: str = _option("debug, info, warning or error", "info")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything. `venues` maps each venue's name to its own options, which the venue itself checks."""

    chain: ChainSettings
    keeper: KeeperSettings
    limits: LimitSettings
    execution: ExecutionSettings
    lake: LakeSettings
    log: LogSettings
    venues: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings with, for each dotted key, its value's origin: "default", the file, or the environment variable."""

    settings: Settings
    origins: Mapping[str, str]
    path: Path


def load(path: Path, environ: Mapping[str, str], overrides: Mapping[str, Any] | None = None) -> Loaded:
    """Read `path`, let PERP_KEEPER__SECTION__KEY and then `overrides` (dotted keys) win.

    Raises ConfigError for an unreadable file, an unknown or missing key, or a value of the wrong kind."""
    source = _Source(path)
    source.include(path)
    for name in sorted(environ):
        if name.startswith(ENV_PREFIX):
            dotted = name.removeprefix(ENV_PREFIX).lower().replace("__", ".")
            source.override(dotted, environ[name], f"environment {name}")
    for dotted, value in (overrides or {}).items():
        if value is not None:
            source.override(dotted, value, "command line")
    return Loaded(source.settings(), source.origins, path)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file. Copy config/keeper.toml and fill it in, or let `make devnet` write one.") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}). Check its permissions.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}.") from error


class _Source:
    """The raw tree of a file, what it includes and what overrides it, turned into settings step by step."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.origins: dict[str, str] = {}
        self._tree: dict[str, Any] = {}
        self._overridden: dict[str, str] = {}

    def include(self, path: Path) -> None:
        """Take in a file: first what its `include` names (relative to it), then its own keys, which win."""
        tree = _read(path)
        included = tree.pop("include", [])
        if not isinstance(included, list) or not all(isinstance(name, str) for name in included):
            raise ConfigError(f'{path}: include must be a list of files, for example include = ["chains/optimism.toml"].')
        for name in included:
            self.include(path.parent / name)
        for dotted, value in _leaves(tree):
            self.override(dotted, value, str(path))

    def override(self, dotted: str, value: Any, origin: str) -> None:
        """Set one key, whatever it was before."""
        *sections, key = dotted.split(".")
        node = self._tree
        for section in sections:
            child = node.setdefault(section, {})
            if not isinstance(child, dict):
                raise ConfigError(f"{origin}: {section} is not a section of {self.path}.")
            node = child
        node[key] = value
        self._overridden[dotted] = origin

    def settings(self) -> Settings:
        known = {item.name for item in fields(Settings)}
        for section in self._tree:
            if section not in known:
                raise self._unknown(section, known)
        parts = {name: self._section(name, kind) for name, kind in get_type_hints(Settings).items() if name != "venues"}
        return Settings(venues=self._venues(), **parts)

    def _venues(self) -> Mapping[str, Mapping[str, str]]:
        venues = self._tree.get("venues", {})
        if not isinstance(venues, dict) or not venues:
            raise ConfigError(f"{self.path}: [venues.<name>] is missing. Add for example [venues.perp_v2] with the contract addresses.")
        for name, options in venues.items():
            if not isinstance(options, dict):
                raise ConfigError(f"{self.path}: venues.{name} must be a section, [venues.{name}].")
            for key, value in options.items():
                dotted = f"venues.{name}.{key}"
                if not isinstance(value, str):
                    raise ConfigError(f"{self.path}: {dotted} must be a string, not {value!r}.")
                self.origins[dotted] = self._overridden.get(dotted, str(self.path))
        return venues

    def _section(self, name: str, kind: type[Any]) -> Any:
        raw = self._tree.get(name, {})
        if not isinstance(raw, dict):
            raise ConfigError(f"{self.path}: {name} must be a section, [{name}].")
        hints = get_type_hints(kind)
        known = {item.name: item for item in fields(kind)}
        for key in raw:
            if key not in known:
                raise self._unknown(f"{name}.{key}", {f"{name}.{other}" for other in known})
        return kind(**{key: self._value(f"{name}.{key}", item, hints[key], raw) for key, item in known.items()})

    def _value(self, dotted: str, item: "Field[Any]", kind: Any, raw: Tree) -> Any:
        if item.name not in raw:
            if item.default is MISSING:
                raise ConfigError(f"{self.path}: {dotted} is missing. Add it: {item.metadata['doc']}.")
            self.origins[dotted] = "default"
            return item.default
        origin = self._overridden.get(dotted, str(self.path))
        self.origins[dotted] = origin
        try:
            return _convert(raw[item.name], kind)
        except ValueError as error:
            raise ConfigError(f"{origin}: {dotted} = {raw[item.name]!r}: {error}. Expected: {item.metadata['doc']}.") from None

    def _unknown(self, dotted: str, known: set[str]) -> ConfigError:
        near = difflib.get_close_matches(dotted, sorted(known), n=1)
        mend = f"Did you mean {near[0]}?" if near else f"Known keys: {', '.join(sorted(known))}."
        return ConfigError(f"{self._overridden.get(dotted, self.path)}: unknown key {dotted}. {mend}")


def _leaves(tree: Tree, prefix: str = "") -> Sequence[tuple[str, Any]]:
    """(dotted key, value) of everything in a tree that is not a section; an empty section is a leaf of its own."""
    rows: list[tuple[str, Any]] = []
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            rows += _leaves(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", value))
    return rows


def _convert(value: Any, kind: Any) -> Any:
    """The value as the field's type. Text from the environment is read as the field's type too. Raises ValueError."""
    if get_origin(kind) in (Union, UnionType):
        return None if value in (None, "") else _convert(value, get_args(kind)[0])
    if get_origin(kind) is tuple:
        items = [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        if not isinstance(items, Sequence):
            raise ValueError("not a list")
        return tuple(_convert(part, get_args(kind)[0]) for part in items)
    return _scalar(value, kind)


def _scalar(value: Any, kind: Any) -> Any:
    if kind is Address:
        return parse.address(str(value))
    if kind is Path:
        return Path(str(value)).expanduser()
    if kind is bool:
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise ValueError("not true or false")
        return value
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError(f"not a {kind.__name__}")
    if kind is str and not isinstance(value, str):
        raise ValueError("not a text")
    if kind is int and isinstance(value, float):
        raise ValueError("not a whole number")
    return kind(value)


def documented(settings: Settings) -> Sequence[tuple[str, Any, str]]:
    """(dotted key, value, what it means) for every setting, in order."""
    rows: list[tuple[str, Any, str]] = []
    for part in fields(settings):
        section = getattr(settings, part.name)
        if part.name == "venues":
            rows += [(f"venues.{name}.{key}", value, "venue option") for name, options in section.items() for key, value in options.items()]
        else:
            rows += [(f"{part.name}.{item.name}", getattr(section, item.name), item.metadata["doc"]) for item in fields(section)]
    return rows
