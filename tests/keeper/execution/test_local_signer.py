"""The key of this process: opened with the right password or taken from the environment, useless and silent otherwise."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from keeper.domain.fees import Fees
from keeper.domain.parse import address
from keeper.errors import ConfigError
from keeper.execution.local_signer import PASSWORD_VARIABLE, LocalSigner
from keeper.execution.signer import Unsigned

SECRET = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
ADDRESS = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "operator.json"
    return _private(path, json.dumps(Account.encrypt(SECRET, "right", iterations=2)))


def _private(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text)
    return path


def test_it_opens_with_the_password_of_a_file_or_of_the_environment(key_file: Path, tmp_path: Path) -> None:
    password_file = _private(tmp_path / "password", "right\n")
    assert LocalSigner.open(key_file, password_file, {}).address == ADDRESS
    environment = {PASSWORD_VARIABLE: "right", "PATH": "/bin"}
    assert LocalSigner.open(key_file, None, environment).address == ADDRESS
    assert environment == {"PATH": "/bin"}, "no child process inherits the password"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_files_that_others_can_read_or_change_are_refused_with_the_mend(key_file: Path, tmp_path: Path, mode: int) -> None:
    password_file = _private(tmp_path / "password", "right\n")
    password_file.chmod(mode)
    with pytest.raises(ConfigError, match=rf"password_file of the executor: .* \(mode {mode:04o}\); `chmod 600 {password_file}`"):
        LocalSigner.open(key_file, password_file, {})
    keystore = _private(tmp_path / "key", key_file.read_text())
    keystore.chmod(mode)
    with pytest.raises(ConfigError, match=rf"key_file of the executor: .* `chmod 600 {keystore}`"):
        LocalSigner.open(keystore, None, {PASSWORD_VARIABLE: "right"})


def test_what_is_wrong_is_named_with_file_key_and_mend(key_file: Path, tmp_path: Path) -> None:
    password = {PASSWORD_VARIABLE: "right"}
    plain = _private(tmp_path / "plain", SECRET.hex())
    damaged = _private(tmp_path / "damaged", json.dumps({"version": 3, "crypto": {}}))
    absent = tmp_path / "absent"
    for path, environment, expected in [
        (
            key_file,
            {PASSWORD_VARIABLE: "wrong"},
            rf"key_file of the executor: {key_file} .*wrong password; correct password_file of the executor",
        ),
        (absent, password, rf"key_file of the executor: {absent} cannot be read \(No such file"),
        (plain, password, rf"key_file of the executor: {plain} is no keystore; make one"),
        (damaged, password, rf"key_file of the executor: {damaged} does not open: the file is damaged"),
        (key_file, {}, rf"password_file of the executor: no password; .* {PASSWORD_VARIABLE}"),
    ]:
        with pytest.raises(ConfigError, match=expected):
            LocalSigner.open(path, None, dict(environment))
    with pytest.raises(ConfigError, match=rf"password_file of the executor: {absent} cannot be read"):
        LocalSigner.open(key_file, absent, {})


def test_no_secret_is_ever_shown(key_file: Path) -> None:
    signer = LocalSigner.open(key_file, None, {PASSWORD_VARIABLE: "right"})
    assert repr(signer) == str(signer) == f"LocalSigner({ADDRESS})"
    with pytest.raises(ConfigError) as raised:
        LocalSigner.open(key_file, None, {PASSWORD_VARIABLE: "hunter2"})
    text = repr(raised.value) + repr(raised.value.__cause__)
    assert "hunter2" not in text
    assert SECRET.hex() not in text
    assert raised.value.__cause__ is None


def test_what_is_signed_is_what_was_asked_for() -> None:
    signer = LocalSigner(Account.from_key(SECRET))
    unsigned = Unsigned(10, 7, address("0x" + "ab" * 20), b"\x01\x02", 100_000, Fees(2_000, 30))
    signed = asyncio.run(signer.sign(unsigned))
    assert asyncio.run(signer.sign(unsigned)) == signed, "the same transaction always has the same bytes"
    assert Account.recover_transaction(signed.raw).lower() == ADDRESS
    fields = TypedTransaction.from_bytes(HexBytes(signed.raw)).as_dict()
    assert signed.hash == "0x" + keccak(signed.raw).hex()
    assert (fields["chainId"], fields["nonce"], fields["gas"], fields["value"]) == (10, 7, 100_000, 0)
    assert (fields["maxFeePerGas"], fields["maxPriorityFeePerGas"]) == (2_000, 30)
    assert (bytes(fields["to"]), bytes(fields["data"])) == (b"\xab" * 20, b"\x01\x02")


@pytest.mark.parametrize("text", [SECRET.hex(), "0x" + SECRET.hex(), f" {SECRET.hex()}\n"])
def test_the_environment_may_hold_the_key_and_holds_it_no_longer(text: str) -> None:
    environment = {"PERP_KEEPER_KEY_MAIN": text, "PATH": "/bin"}
    assert LocalSigner.from_environment("PERP_KEEPER_KEY_MAIN", environment).address == ADDRESS
    assert environment == {"PATH": "/bin"}, "no child process inherits the key"


@pytest.mark.parametrize("text", [SECRET.hex()[:-1], SECRET.hex() + "00", "00" * 32, "ff" * 32, "operator.json"])
def test_what_is_no_key_is_named_by_its_variable_and_never_shown(text: str) -> None:
    environment = {"PERP_KEEPER_KEY_MAIN": text}
    with pytest.raises(ConfigError, match=r"key_env of the executor: PERP_KEEPER_KEY_MAIN") as raised:
        LocalSigner.from_environment("PERP_KEEPER_KEY_MAIN", environment)
    assert text not in repr(raised.value)
    assert raised.value.__cause__ is None
    assert environment == {}


def test_a_variable_that_is_not_set_is_asked_for() -> None:
    with pytest.raises(ConfigError, match="PERP_KEEPER_KEY_MAIN is not set; put the operator's key there"):
        LocalSigner.from_environment("PERP_KEEPER_KEY_MAIN", {})
