"""Opening an encrypted keystore (web3 secret storage). Nothing that touched a key goes into a message or a traceback."""

import json
import stat
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount

from keeper.errors import ConfigError


@dataclass(frozen=True, slots=True)
class KeystoreNames:
    """The user's names of the keystore, its password file and the variable that may hold the password instead; and whose key it is."""

    key: str
    password: str
    variable: str
    whose: str


def open_keystore(key_file: Path, password_file: Path | None, environment: MutableMapping[str, str], names: KeystoreNames) -> LocalAccount:
    """Decrypt; the password is the first line of `password_file`, or the value of the variable, which is taken out of `environment`: no
    child process is to inherit it.

    Takes about a second on purpose (scrypt). Raises ConfigError naming the key, the file and the mend."""
    environment_password = environment.pop(names.variable, None)
    keystore = _keystore(key_file, names)
    password = _password(password_file, environment_password, names)
    try:
        account: LocalAccount = Account.from_key(Account.decrypt(keystore, password))
    except (ValueError, TypeError, KeyError) as error:
        # The library says "MAC mismatch" for a wrong password; other faults mean a damaged file. Neither text holds a secret,
        # but the cause is dropped all the same: nothing that touched the key goes into a traceback.
        raise ConfigError(f"{names.key}: {key_file} does not open: {_cause(error, names)}") from None
    return account


def _keystore(key_file: Path, names: KeystoreNames) -> dict[str, Any]:
    try:
        _must_be_private(names.key, key_file)
        keystore = json.loads(key_file.read_text())
    except OSError as error:
        raise ConfigError(f"{names.key}: {key_file} cannot be read ({error.strerror}); name the {names.whose} keystore") from error
    except ValueError:
        keystore = None
    if not isinstance(keystore, dict) or not {"crypto", "Crypto"} & keystore.keys():
        raise ConfigError(f"{names.key}: {key_file} is no keystore; make one in web3 secret storage format (a plain key is not accepted)")
    return keystore


def _password(password_file: Path | None, environment_password: str | None, names: KeystoreNames) -> str:
    if password_file is None:
        if environment_password is None:
            raise ConfigError(f"{names.password}: no password; name a file that holds it, or set {names.variable}")
        return environment_password
    try:
        _must_be_private(names.password, password_file)
        return password_file.read_text().partition("\n")[0].rstrip("\r")
    except OSError as error:
        raise ConfigError(f"{names.password}: {password_file} cannot be read ({error.strerror}); name the password's file") from error


def _must_be_private(key: str, path: Path) -> None:
    """Raises ConfigError where others than the owner may read or change the file, OSError where it cannot be looked at."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"{key}: {path} is open to others (mode {mode:04o}); `chmod 600 {path}`")


def _cause(error: Exception, names: KeystoreNames) -> str:
    if "MAC mismatch" in str(error):
        return f"wrong password; correct {names.password} or {names.variable}"
    return "the file is damaged; restore the keystore"
