"""Settings from TOML files and the environment. Opens no socket, reads no key.

Every value knows where it came from (`Loaded.origins`), every wrong one gives a `ConfigError` with file, key and mend."""

import difflib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import combinations
from pathlib import Path
from typing import Any, TypeAlias

from keeper.domain.options import OptionError, read
from keeper.errors import ConfigError
from keeper.settings.refusal import refusals
from keeper.settings.sections import COMMON, VENUE_KEYS, ChainSettings, ExecutorSettings, OracleSettings, Settings, VenueSettings
from keeper.venues import protocols

ENV_PREFIX = "PERP_KEEPER__"
Tree: TypeAlias = Mapping[str, Any]


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
        raise ConfigError(f"{path}: no such file. Copy config/keeper.toml and fill it in, or make one with `make devnet`.") from None
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
        """Everything read and checked. Raises ConfigError."""
        self._refuse_single_chain()
        names = [item.name for item in fields(Settings)]
        for section in self._tree:
            if section not in names:
                raise self._unknown(section, names)
        common = {name: self._section(name, kind, self._tree.get(name, {})) for name, kind in COMMON.items()}
        chains = {name: self._section(f"chains.{name}", ChainSettings, raw) for name, raw in self._named("chains", _CHAIN_HINT).items()}
        executors = {name: self._section(f"executors.{name}", ExecutorSettings, raw) for name, raw in self._named("executors").items()}
        oracles = {name: self._section(f"oracles.{name}", OracleSettings, raw) for name, raw in self._named("oracles").items()}
        known = {"chain": chains, "executor": executors, "oracle": oracles}
        venues = {name: self._venue(name, raw, known) for name, raw in self._named("venues", _VENUE_HINT).items()}
        self._one_key_each(venues, executors)
        settings = Settings(chains=chains, executors=executors, oracles=oracles, venues=venues, **common)
        self._refuse_unfit(settings)
        return settings

    def _named(self, group: str, hint: str = "") -> Mapping[str, Tree]:
        """The sections of a group. Raises ConfigError with the `hint` where there must be one."""
        sections = self._tree.get(group, {})
        if not isinstance(sections, dict) or (hint and not sections):
            raise ConfigError(f"{self.path}: [{group}.NAME] is missing. {hint}")
        for name, raw in sections.items():
            if not isinstance(raw, dict):
                raise ConfigError(f"{self.path}: {group}.{name} must be a section, [{group}.{name}].")
        return sections

    def _venue(self, name: str, raw: Tree, known: Mapping[str, Mapping[str, Any]]) -> VenueSettings:
        """`known`: the named sections a venue may speak of, by kind."""
        protocol = self._choice(f"venues.{name}.protocol", raw.get("protocol"), protocols(), "protocol")
        chain = self._choice(f"venues.{name}.chain", raw.get("chain"), known["chain"], "chain")
        executor, oracle = (
            None if raw.get(kind) is None else self._choice(f"venues.{name}.{kind}", raw[kind], known[kind], kind)
            for kind in ("executor", "oracle")
        )
        own = {key: value for key, value in raw.items() if key not in VENUE_KEYS}
        for key in VENUE_KEYS:
            self._note(f"venues.{name}.{key}", key in raw)
        return VenueSettings(protocol, chain, executor, oracle, self._section(f"venues.{name}", protocols()[protocol].options, own))

    def _choice(self, dotted: str, value: Any, known: Mapping[str, Any], kind: str) -> str:
        names = ", ".join(sorted(known)) or "none"
        if value is None:
            raise ConfigError(f"{self.path}: {dotted} is missing. Name the {kind}; configured: {names}.")
        if value not in known:
            raise ConfigError(f"{self._origin(dotted)}: {dotted} = {value!r}: no such {kind}. Known: {names}.")
        return str(value)

    def _one_key_each(self, venues: Mapping[str, VenueSettings], executors: Mapping[str, ExecutorSettings]) -> None:
        """A signing key has one order of nonces on a chain, an executor one margin. Raises ConfigError where two executors share either,
        where an executor, a contract on one chain, is to act on two, or where it names an operator twice."""
        for name, executor in executors.items():
            if len(set(executor.operators)) < len(executor.operators):
                raise ConfigError(f"{self.path}: executors.{name}.more_operators names an operator twice. Name each key once.")
        places = {(venue.executor, venue.chain): name for name, venue in venues.items() if venue.executor is not None}
        for (one, chain), (other, elsewhere) in combinations(places, 2):
            if one == other:
                raise ConfigError(
                    f"{self.path}: venues.{places[one, chain]} and venues.{places[other, elsewhere]} are on different chains and both name "
                    f"executor {one}, which is a contract on one of them. Give each chain an executor of its own."
                )
            shared = _shared(executors[one], executors[other]) if chain == elsewhere else {}
            for key, value in shared.items():
                raise ConfigError(
                    f"{self.path}: executors.{one}.{key} and executors.{other}.{key} are the same, {value}, on chain {chain}. "
                    "Give each executor a key and a contract of its own, or let the venues share one executor."
                )

    def _refuse_unfit(self, settings: Settings) -> None:
        """Raises ConfigError for what a protocol rules out."""
        capabilities = {name: protocols()[venue.protocol].make(venue.options).capabilities for name, venue in settings.venues.items()}
        for refusal in refusals(settings, capabilities):
            raise ConfigError(f"{self._origin(refusal.key)}: {refusal.key}{refusal.problem}")

    def _refuse_single_chain(self) -> None:
        """A file of before chains, executors and venues had names. Raises ConfigError that shows it in the new form."""
        old = [name for name in ("chain", "execution") if name in self._tree]
        if old:
            raise ConfigError(
                f"{self.path}: [{old[0]}] is of the single-chain form. In the new form this file reads:\n\n{renamed(self._tree)}"
            )

    def _section(self, name: str, kind: type[Any], raw: Any) -> Any:
        if not isinstance(raw, dict):
            raise ConfigError(f"{self.path}: {name} must be a section, [{name}].")
        try:
            section = read(kind, raw)
        except OptionError as error:
            dotted = f"{name}.{error.key}"
            if error.known:
                raise self._unknown(dotted, [f"{name}.{other}" for other in error.known]) from None
            verb = " is " if dotted not in self._overridden else " = "
            raise ConfigError(f"{self._origin(dotted)}: {dotted}{verb}{error}.") from None
        for key in section.values:
            self._note(f"{name}.{key}", key not in section.defaults)
        return kind(**section.values)

    def _note(self, dotted: str, explicit: bool) -> None:
        self.origins[dotted] = self._origin(dotted) if explicit else "default"

    def _origin(self, dotted: str) -> str:
        return self._overridden.get(dotted, str(self.path))

    def _unknown(self, dotted: str, known: Sequence[str]) -> ConfigError:
        near = difflib.get_close_matches(dotted, sorted(known), n=1)
        mend = f"Did you mean {near[0]}?" if near else f"Known keys: {', '.join(sorted(known))}."
        return ConfigError(f"{self._origin(dotted)}: unknown key {dotted}. {mend}")


_CHAIN_HINT = "Add for example [chains.optimism] with id, rpc_urls and start_block."
_VENUE_HINT = 'Add for example [venues.perps] with its protocol, chain = "optimism" and the keys of the protocol, as in config/venues.'


def _shared(one: ExecutorSettings, other: ExecutorSettings) -> Mapping[str, str]:
    """What two executors have in common and must not, by key."""
    operators = [operator for operator in one.operators if operator in other.operators]
    addresses = [one.address] if one.address is not None and one.address == other.address else []
    return {key: values[0] for key, values in (("operator", operators), ("address", addresses)) if values}


def renamed(tree: Tree) -> str:
    """A file of the single-chain form in the new one, as TOML."""
    chain, execution = dict(tree.get("chain", {})), dict(tree.get("execution", {}))
    for key in ("send_urls", "gas_coin_market"):
        if key in execution:
            chain[key] = execution.pop(key)
    if "executor" in execution:
        execution = {"address": execution.pop("executor"), **execution}
    sections: list[tuple[str, Tree]] = [(name, tree[name]) for name in COMMON if name in tree]
    sections.append(("chains.main", chain))
    sections += [("executors.main", execution)] if execution else []
    for name, own in tree.get("venues", {}).items():
        executor = {"executor": "main"} if execution else {}
        sections.append((f"venues.{name}", {"protocol": name, "chain": "main", **executor, **own}))
    return "\n".join(f"[{name}]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in keys.items()) for name, keys in sections)


def _toml(value: Any) -> str:
    """JSON's numbers, texts and flat lists are written the same way in TOML."""
    return json.dumps(value, default=str)


def _leaves(tree: Tree, prefix: str = "") -> Sequence[tuple[str, Any]]:
    """(dotted key, value) of everything in a tree that is not a section; an empty section is a leaf of its own."""
    rows: list[tuple[str, Any]] = []
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            rows += _leaves(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", value))
    return rows
