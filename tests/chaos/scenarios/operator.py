"""The operator's own side: rights, gas, margin, a second daemon, secrets, and questions to the lake."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from eth_account import Account

from contracts.devnet.calldata import calldata, returned
from contracts.devnet.executor import VENUE
from tests.chaos import faults
from tests.chaos.scenario import Scenario, Script
from tests.chaos.sent import Sent
from tests.chaos.stage import Set, Stage

_SECRET, _PASSWORD = "f00dcafe5ec4e7", "correct-horse-battery"
_READY_WITHIN_S = 40.0


def unready(spoil: Callable[[Stage], None], mend: Callable[[Stage], None], words: Sequence[str]) -> Script:
    """/readyz is red and says why while the operator cannot act, and green again when he can (F16)."""

    def script(stage: Stage) -> None:
        spoil(stage)
        stage.begin()
        stage.fall()
        deadline = time.monotonic() + _READY_WITHIN_S
        status, text = stage.daemon.readyz()
        while time.monotonic() < deadline and not (status == 503 and any(word in text for word in words)):
            time.sleep(0.2)
            status, text = stage.daemon.readyz()
        stage.expect(status == 503 and any(word in text for word in words), f"/readyz says {status} {text!r}: expected one of {words}")
        stage.notes["readyz"] = text[:300]
        mend(stage)
        stage.finish()
        stage.expect(stage.daemon.samples[-1].ready, f"not ready again at the end: {stage.daemon.samples[-1].words}")

    return script


def _no_gas(stage: Stage) -> None:
    stage.rpc.call("anvil_setBalance", stage.deployment.keeper, "0x0")


def _gas(stage: Stage) -> None:
    stage.rpc.call("anvil_setBalance", stage.deployment.keeper, hex(100 * 10**18))


def _allowed(stage: Stage, allowed: bool) -> None:
    """The executor's owner gives or takes the operator's right, through whatever the contract offers for it."""
    executor = stage.deployment.executor
    owner = returned(("address",), stage.rpc.call("eth_call", {"to": executor, "data": calldata("owner()")}, "latest"))[0]
    data = calldata("setOperator(address,bool)", stage.deployment.keeper, allowed)
    stage.rpc.call("anvil_impersonateAccount", owner)
    stage.rpc.call("anvil_setBalance", owner, hex(100 * 10**18))
    stage.rpc.call("eth_sendTransaction", Sent(owner, executor, data).fields())


def _not_allowed(stage: Stage) -> None:
    _allowed(stage, False)
    stage.rpc.call("evm_mine")


def _by_owner(stage: Stage, *calls: tuple[str, int, bytes, bool]) -> None:
    """The executor's owner takes margin out of the venue, or brings it back."""
    executor, owner = stage.deployment.executor, stage.deployment.executor_owner
    data = calldata("recover(bytes32,(address,uint256,bytes,bool)[])", VENUE, list(calls))
    stage.rpc.call("anvil_impersonateAccount", owner)
    stage.rpc.call("eth_sendTransaction", Sent(owner, executor, data).fields())


def _inner(to: str, signature: str, *arguments: object) -> tuple[str, int, bytes, bool]:
    return (to, 0, bytes.fromhex(calldata(signature, *arguments)[2:]), False)


def _no_margin(stage: Stage) -> None:
    vault, usdc = stage.deployment.core.vault, stage.deployment.usdc
    call = {"to": vault, "data": calldata("getBalance(address)", stage.deployment.executor)}
    margin = returned(("int256",), stage.rpc.call("eth_call", call, "latest"))[0]
    stage.notes["margin_6"] = margin
    _by_owner(stage, _inner(vault, "withdraw(address,uint256)", usdc, margin))
    stage.rpc.call("evm_mine")
    stage.expect(
        not returned(("int256",), stage.rpc.call("eth_call", call, "latest"))[0], "the scene did not come about: the margin is still there"
    )


def _with_margin(stage: Stage) -> None:
    vault, usdc, margin = stage.deployment.core.vault, stage.deployment.usdc, stage.notes["margin_6"]
    _by_owner(stage, _inner(usdc, "approve(address,uint256)", vault, margin), _inner(vault, "deposit(address,uint256)", usdc, margin))


def second_daemon(*, own_folders: bool) -> Script:
    """A second one with the same key is refused, and does not disturb the first (F23)."""

    def script(stage: Stage) -> None:
        stage.right_exits += ["another keeper", "another process", "another daemon", "holds", "lock"]
        stage.begin()
        stage.fall(steps=45)
        stage.blocks(5)
        other = stage.another_daemon("second", own_folders=own_folders)
        other.start()
        try:
            other.until(lambda: bool(other.exits), 25, "the second daemon was not refused")
            stage.expect(other.exits[0].code == 1, f"exit code {other.exits[0].code} of the second daemon")
        finally:
            other.kill()
        stage.finish()
        stage.expect(not any(each.code for each in stage.daemon.exits), "the first daemon ended because of the second")

    return script


def secrets(stage: Stage) -> None:
    """An API key in the endpoints' URLs, the keystore's password in the environment: nowhere to be seen (F13)."""
    password_file = stage.daemon.config.with_suffix(".password")
    urls = ",".join(f"{line.url}/v3/{_SECRET}" for line in stage.lines)
    stage.daemon.settings = {
        **stage.daemon.settings,
        "PERP_KEEPER__CHAINS__DEVNET__RPC_URLS": urls,
        "PERP_KEEPER__CHAINS__DEVNET__WS_URL": f"{stage.lines[0].ws_url}/v3/{_SECRET}",
        "PERP_KEEPER_PASSWORD": _PASSWORD,
        "PERP_KEEPER__EXECUTORS__DEVNET__PASSWORD_FILE": "",
    }
    _reencrypt(stage, password_file)
    stage.begin()
    stage.fall()
    has_children = False
    for _ in range(6):
        stage.blocks(4)
        has_children |= _look_at_children(stage)
    stage.expect(has_children, "the scene did not come about: the daemon has no child processes")
    with stage.fault(faults.Refuse()):
        stage.blocks(6)
    stage.finish()
    environment = os.environ | dict(stage.daemon.settings)
    command = [sys.executable, "-m", "keeper", "check-config", "--config", str(stage.daemon.config)]
    for options in ([], ["--json"]):
        answer = subprocess.run([*command, *options], capture_output=True, text=True, check=False, env=environment, timeout=60)
        _clean(stage, "check-config", answer.stdout + answer.stderr)
    _clean(stage, "the log", stage.daemon.log())


def _reencrypt(stage: Stage, password_file: Path) -> None:
    key = bytes.fromhex(stage.deployment.keeper_key[2:])
    keystore = Account.encrypt(key, _PASSWORD, kdf="pbkdf2", iterations=1_000)
    key_file = stage.daemon.config.with_suffix(".key.json")
    key_file.write_text(json.dumps(keystore))
    key_file.chmod(0o600)
    password_file.unlink()


def _look_at_children(stage: Stage) -> bool:
    """argv and environment of every process below the daemon, and its own argv."""
    pids = _descendants(stage.daemon.pid)
    _clean(stage, "the daemon's argv", _proc(stage.daemon.pid, "cmdline"))
    for pid in pids:
        _clean(stage, "a child's argv", _proc(pid, "cmdline"))
        _clean(stage, "a child's environment", _proc(pid, "environ"))
    return bool(pids)


def _descendants(pid: int) -> list[int]:
    children = [int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()]
    return children + [below for child in children for below in _descendants(child)]


def _proc(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes().replace(b"\0", b"\n").decode(errors="replace")
    except OSError:
        return ""


def _clean(stage: Stage, where: str, text: str) -> None:
    for secret in (_SECRET, _PASSWORD):
        words = f"{where} holds {'the API key' if secret == _SECRET else 'the password'}"
        if secret in text and words not in stage.failures:
            stage.failures.append(words)


def query_escapes(stage: Stage) -> None:
    """`analytics query` reads the lake and nothing else (F14)."""
    stage.begin()
    stage.blocks(6)
    stage.finish()
    target, password = stage.directory / "written.csv", stage.daemon.config.with_suffix(".password")
    inside = stage.lake / "data" / "written.parquet"
    harmless = _query(stage, "select count(*) as n from blocks")
    stage.expect(harmless.returncode == 0, f"an honest question fails: {harmless.stderr[-300:]}")
    for sql in (
        f"EXPLAIN ANALYZE COPY (select 1) TO '{target}'",
        f"COPY (select 1) TO '{target}'",
        f"COPY (select 1) TO '{inside}' (FORMAT parquet)",
        f"EXPLAIN ANALYZE COPY (select 1) TO '{inside}' (FORMAT parquet)",
        f"select * from read_text('{password}')",
        f"select * from read_csv('{password}', header=false)",
        f"select * from '{password}'",
        f"with x as (select content from read_blob('{password}')) select * from x",
        f"select * from sqlite_scan('{next(stage.state.glob('*.sqlite'))}', 'jobs')",
        f"ATTACH '{stage.directory / 'other.duckdb'}' AS other",
        "SET enable_external_access = true",
        "delete from lake.blocks",
        "EXPLAIN ANALYZE delete from lake.blocks",
        "select 1; delete from lake.blocks",
        "CALL ducklake_expire_snapshots('lake', older_than => now())",
        "select * from glob('/etc/*')",
        "INSTALL httpfs",
        "PRAGMA database_list",
        f"EXPORT DATABASE '{stage.directory / 'export'}'",
    ):
        answer = _query(stage, sql)
        text = answer.stdout + answer.stderr
        stage.expect("devnet" not in text, f"the password was read by: {sql}")
        allowed = sql.startswith("PRAGMA database_list")
        stage.expect(answer.returncode != 0 or allowed, f"was let through: {sql[:80]}")
    stage.expect(not target.exists() and not inside.exists(), "a file was written")
    after = _query(stage, "select count(*) as n from blocks")
    stage.expect(after.stdout == harmless.stdout, "rows were changed")


def _query(stage: Stage, sql: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "analytics", "query", "--json", sql, "--lake", str(stage.lake)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def observing(stage: Stage) -> None:
    """Without a key: everything recorded, nothing sent."""
    stage.begin()
    stage.fall()
    stage.finish()


SCENARIOS: Sequence[Scenario] = (
    Scenario(
        name="not-allowed",
        about="The operator may not act on the executor: red and says why, green when allowed (F16).",
        script=unready(_not_allowed, lambda stage: _allowed(stage, True), ("operator", "executor", "allowed")),
    ),
    Scenario(
        name="no-gas", about="The operator has no gas: red and says why (F16).", script=unready(_no_gas, _gas, ("gas", "balance", "coin"))
    ),
    Scenario(
        name="no-margin",
        about="The executor has no margin: red and says why (F16).",
        script=unready(_no_margin, _with_margin, ("margin", "capital", "funds")),
    ),
    Scenario(
        name="second-daemon-same-folders", about="A second daemon on the same folders is refused.", script=second_daemon(own_folders=False)
    ),
    Scenario(
        name="second-daemon-own-folders",
        about="A second daemon with the same key, folders of its own, is refused (F23).",
        script=second_daemon(own_folders=True),
    ),
    Scenario(
        name="secrets",
        about="Neither API key nor password in log, argv, environment or check-config (F13).",
        script=secrets,
        needs=Set(endpoints=2),
        short=True,
    ),
    Scenario(name="query-escapes", about="analytics query reads the lake and nothing else (F14).", script=query_escapes, short=True),
    Scenario(name="observing", about="Observe mode: recorded, nothing sent.", script=observing, needs=Set(mode="observe")),
)
