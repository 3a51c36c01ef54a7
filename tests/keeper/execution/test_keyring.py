"""Where the operators' keys come from, as the settings say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from keeper.domain.chain import Address
from keeper.errors import ConfigError
from keeper.execution.keyring import open_signers
from keeper.execution.local_signer import PASSWORD_VARIABLE
from keeper.execution.remote_signer import RemoteSigner
from keeper.settings import ExecutorScope, ExecutorSettings
from tests.keeper.execution.web3signer import Web3Signer, serving

_KEYS = (b"\x01" * 32, b"\x02" * 32, b"\x03" * 32)
_ACCOUNTS = tuple(Address(Account.from_key(key).address.lower()) for key in _KEYS)
_OPERATORS: Mapping[str, Any] = {"operator": _ACCOUNTS[0], "more_operators": _ACCOUNTS[1:2]}
_PASSWORD: Mapping[str, str] = {PASSWORD_VARIABLE: "right"}


def _private(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text)
    return path


def _keystore(folder: Path, number: int, password: str) -> Path:
    return _private(folder / f"key-{number}.json", json.dumps(Account.encrypt(_KEYS[number], password, iterations=2)))


def _opened(settings: ExecutorSettings, environment: MutableMapping[str, str] | None = None) -> Sequence[str]:
    """The accounts that can sign."""

    async def opened() -> Sequence[str]:
        scope = ExecutorScope("hot", settings, ("first",))
        async with open_signers(scope, {} if environment is None else environment, lambda part, problem: None) as signers:
            return [signer.address for signer in signers]

    return asyncio.run(opened())


def test_keystores_open_with_one_password_and_sign_for_the_operators_in_their_order(tmp_path: Path) -> None:
    settings = ExecutorSettings(**_OPERATORS, key_file=tuple(_keystore(tmp_path, number, "right") for number in (1, 0)))
    environment = dict(_PASSWORD)
    assert _opened(settings, environment) == list(_ACCOUNTS[:2])
    assert environment == {}, "no child process inherits the password"


def test_each_keystore_may_have_a_password_of_its_own(tmp_path: Path) -> None:
    keystores = (_keystore(tmp_path, 0, "one"), _keystore(tmp_path, 1, "two"))
    passwords = (_private(tmp_path / "one", "one\n"), _private(tmp_path / "two", "two\n"))
    assert _opened(ExecutorSettings(**_OPERATORS, key_file=keystores, password_file=passwords)) == list(_ACCOUNTS[:2])
    with pytest.raises(ConfigError, match=r"executors\.hot\.password_file names 2 files for 1 keystores"):
        _opened(ExecutorSettings(operator=_ACCOUNTS[0], key_file=keystores[:1], password_file=passwords))


def test_keys_of_the_environment(tmp_path: Path) -> None:
    environment = {"KEY_A": _KEYS[1].hex(), "KEY_B": _KEYS[0].hex(), "PATH": "/bin"}
    assert _opened(ExecutorSettings(**_OPERATORS, key_env=("KEY_A", "KEY_B")), environment) == list(_ACCOUNTS[:2])
    assert environment == {"PATH": "/bin"}


def test_a_remote_signer_is_one_for_all_operators_and_need_not_be_there_yet() -> None:
    async def test() -> None:
        service = Web3Signer.of_keys(*_KEYS)
        async with serving(service) as url:
            scope = ExecutorScope("hot", ExecutorSettings(**_OPERATORS, signer_url=url), ("first",))
            reports: dict[str, str | None] = {}
            async with open_signers(scope, {}, reports.__setitem__) as signers:
                assert all(isinstance(signer, RemoteSigner) for signer in signers)
                for signer in signers:
                    await signer.probe()
            assert reports == {f"signer of {account}": None for account in _ACCOUNTS[:2]}

    asyncio.run(test())
    assert _opened(ExecutorSettings(**_OPERATORS, signer_url="http://127.0.0.1:9")) == list(_ACCOUNTS[:2])


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        ({}, "all are missing"),
        ({"key_env": ("KEY_A",), "signer_url": "http://127.0.0.1:9"}, "there are key_env and signer_url"),
        ({"key_env": ("KEY_A",), "key_file": (Path("a"),)}, "there are key_file and key_env"),
    ],
)
def test_exactly_one_source_is_wanted_and_all_three_are_named(sources: Mapping[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=rf"executors\.hot\.key_file, key_env or signer_url: {words}"):
        _opened(ExecutorSettings(operator=_ACCOUNTS[0], **sources))


def test_a_key_of_somebody_else_and_an_operator_without_a_key_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"executors\.hot\.operator is {_ACCOUNTS[0]}, but KEY_C holds the key of {_ACCOUNTS[2]}"):
        _opened(ExecutorSettings(operator=_ACCOUNTS[0], key_env=("KEY_C",)), {"KEY_C": _KEYS[2].hex()})
    with pytest.raises(ConfigError, match=rf"executors\.hot\.key_env: the key of operator {_ACCOUNTS[1]} is missing"):
        _opened(ExecutorSettings(**_OPERATORS, key_env=("KEY_A",)), {"KEY_A": _KEYS[0].hex()})


def test_a_remote_signers_address_is_one_and_is_not_shown() -> None:
    with pytest.raises(ConfigError, match=r"executors\.hot\.signer_url must begin with http") as raised:
        _opened(ExecutorSettings(operator=_ACCOUNTS[0], signer_url="user:f00d@vault"))
    assert "f00d" not in str(raised.value)
