"""Opens what signs for an executor's operators, as its settings say: keystores, variables of the environment, or a signer elsewhere."""

from collections.abc import AsyncIterator, Callable, MutableMapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import aiohttp

from keeper.errors import ConfigError
from keeper.execution.local_signer import PASSWORD_VARIABLE, LocalSigner
from keeper.execution.remote_signer import RemoteSigner
from keeper.execution.signer import Signer
from keeper.execution.signing_service import SigningService
from keeper.settings import ExecutorScope

_SOURCES = ("key_file", "key_env", "signer_url")


def key_source(executor: ExecutorScope) -> str:
    """The setting that says where the keys are. Raises ConfigError unless it is exactly one."""
    sources = [name for name in _SOURCES if getattr(executor.settings, name)]
    if len(sources) != 1:
        names = f"{executor.key('key_file')}, key_env or signer_url"
        count = "all are missing" if not sources else f"there are {' and '.join(sources)}"
        raise ConfigError(f"{names}: {count}. Execute mode signs with exactly one of a keystore, the environment, or a remote signer.")
    return sources[0]


@asynccontextmanager
async def open_signers(
    executor: ExecutorScope, environment: MutableMapping[str, str], report: Callable[[str, str | None], None]
) -> AsyncIterator[Sequence[Signer]]:
    """One for each operator, in their order, until left. What is secret is taken out of `environment`. `report` is told of a part ("signer
    of 0x…") what is wrong with it, and None when nothing is.

    Raises ConfigError: not exactly one source, a key that does not open, an operator without a key, a key of somebody else."""
    source = key_source(executor)
    if executor.settings.signer_url is None:
        yield _in_order(executor, source, _local_signers(executor, environment))
        return
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False) as session:
        service = _service(executor, session, executor.settings.signer_url)
        operators = executor.settings.operators
        yield [RemoteSigner(service, operator, partial(report, f"signer of {operator}")) for operator in operators]


def _local_signers(executor: ExecutorScope, environment: MutableMapping[str, str]) -> Sequence[LocalSigner]:
    settings = executor.settings
    if settings.key_env:
        return [LocalSigner.from_environment(variable, environment) for variable in settings.key_env]
    password_files: Sequence[Path | None] = settings.password_file or (None,)
    if len(password_files) == 1:
        password_files = [*password_files] * len(settings.key_file)
    if len(password_files) != len(settings.key_file):
        raise ConfigError(
            f"{executor.key('password_file')} names {len(password_files)} files for {len(settings.key_file)} keystores. Name one for all, "
            "or one for each in their order."
        )
    pairs = zip(settings.key_file, password_files, strict=True)
    # Each opening takes the password out of the environment it is given.
    signers = [LocalSigner.open(key_file, password_file, dict(environment)) for key_file, password_file in pairs]
    environment.pop(PASSWORD_VARIABLE, None)
    return signers


def _in_order(executor: ExecutorScope, source: str, signers: Sequence[LocalSigner]) -> Sequence[Signer]:
    """Each operator's."""
    operators = executor.settings.operators
    places = getattr(executor.settings, source)
    for place, signer in zip(places, signers, strict=True):
        if signer.address not in operators:
            known = " and ".join(operators)
            raise ConfigError(f"{executor.key('operator')} is {known}, but {place} holds the key of {signer.address}. Correct one of them.")
    by_address = {signer.address: signer for signer in signers}
    for operator in operators:
        if operator not in by_address:
            raise ConfigError(
                f"{executor.key(source)}: the key of operator {operator} is missing. Name it there, or take the operator out."
            )
    return [by_address[operator] for operator in operators]


def _service(executor: ExecutorScope, session: aiohttp.ClientSession, url: str) -> SigningService:
    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"{executor.key('signer_url')} must begin with http:// or https://.")
    return SigningService(session, url, executor.settings.signer_timeout_s)
