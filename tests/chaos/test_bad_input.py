"""Whatever is wrong outside, the daemon says what, and what to do, in one line, and ends with the right code."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from contracts.devnet import Devnet, write_config
from contracts.devnet.mining import everyone_unlocked
from keeper.commands import session
from keeper.commands.run import run
from keeper.lake.connection import connect
from keeper.lake.options import LakeOptions
from keeper.settings import load
from tests.keeper.lake.one_chain import OneChain

pytestmark = [pytest.mark.chaos, pytest.mark.fork]


@pytest.fixture
def config(tmp_path: Path, devnet: Devnet) -> Path:
    """A good configuration in execute mode; each test spoils one thing."""
    path = tmp_path / "keeper.toml"
    write_config(devnet.deployment, path, url=devnet.url, ws_url=devnet.anvil.ws_url, mode="execute", lake_dir=tmp_path / "lake")
    return path


def _run(path: Path, capsys: pytest.CaptureFixture[str], **overrides: Any) -> tuple[int, str]:
    """Exit code of `keeper run` and what it said."""
    code = session.guarded(lambda: run(path, overrides))
    output = capsys.readouterr()
    assert "Traceback" not in output.err
    return code, output.err


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_an_unknown_key_names_file_key_and_mend(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _edit(config, "block_seconds", "block_second")
    code, output = _run(config, capsys)
    assert code == 2
    assert str(config) in output
    assert "chains.devnet.block_second" in output
    assert "Did you mean chains.devnet.block_seconds?" in output


def test_a_missing_key_names_file_key_and_mend(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _edit(config, "start_block", "#")
    code, output = _run(config, capsys)
    assert code == 2
    assert f"{config}: chains.devnet.start_block is missing" in output


def test_a_wrong_chain_id_is_a_matter_of_configuration(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _edit(config, "id = 31337", "id = 10")
    code, output = _run(config, capsys)
    assert code == 2
    assert "31337" in output
    assert "chain" in output


def test_an_address_without_code_names_the_key(config: Path, devnet: Devnet, capsys: pytest.CaptureFixture[str]) -> None:
    _edit(config, devnet.deployment.core.vault, "0x" + "12" * 20)
    code, output = _run(config, capsys)
    assert code == 2
    assert "venues.perp_v2" in output
    assert "vault" in output


def test_an_address_of_another_contract_names_the_key(config: Path, devnet: Devnet, capsys: pytest.CaptureFixture[str]) -> None:
    _edit(config, devnet.deployment.core.exchange, devnet.deployment.core.order_book)
    code, output = _run(config, capsys)
    assert code == 2
    assert "venues.perp_v2" in output


def _stopped_after(seconds: float, path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, float]:
    """`_run`, ended by SIGTERM after so long; and how long the end took."""
    told_at: list[float] = []

    def stop() -> None:
        told_at.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGTERM)

    timer = threading.Timer(seconds, stop)
    timer.start()
    code, output = _run(path, capsys)
    timer.join()
    return code, output, time.monotonic() - told_at[0]


def test_an_endpoint_that_is_down_is_waited_for_and_said_so(config: Path, devnet: Devnet, capsys: pytest.CaptureFixture[str]) -> None:
    _edit(config, f'["{devnet.url}"]', '["http://127.0.0.1:9"]')
    code, output, ending_s = _stopped_after(6.0, config, capsys)
    assert code == 0
    assert "not ready" in output
    assert "127.0.0.1:9" in output
    assert ending_s < 3


def test_an_endpoint_that_answers_html_is_waited_for_and_said_so(config: Path, devnet: Devnet, capsys: pytest.CaptureFixture[str]) -> None:
    with _web_page() as url:
        _edit(config, f'["{devnet.url}"]', f'["{url}"]')
        code, output, ending_s = _stopped_after(6.0, config, capsys)
    assert code == 0
    assert "not ready" in output
    assert url.removeprefix("http://") in output
    assert ending_s < 3


def test_an_endpoint_that_never_answers_does_not_keep_the_daemon_from_ending(
    config: Path, devnet: Devnet, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        _edit(config, f'["{devnet.url}"]', f'["http://127.0.0.1:{silent.getsockname()[1]}"]')
        code, output, ending_s = _stopped_after(6.0, config, capsys)
    assert code == 0
    assert "not ready" in output
    assert ending_s < 3


def test_a_log_that_does_not_decode_stops_the_venue_and_loses_nothing(
    config: Path, devnet: Devnet, capsys: pytest.CaptureFixture[str]
) -> None:
    vault = devnet.deployment.core.vault
    code_before = devnet.rpc.call("eth_getCode", vault, "latest")
    # PUSH32 topic, PUSH1 0, PUSH1 0, LOG1: an event no version of the protocol has.
    devnet.rpc.call("anvil_setCode", vault, "0x7f" + "ab" * 32 + "60006000a100")
    with everyone_unlocked(devnet.rpc):
        devnet.rpc.call("eth_sendTransaction", {"from": devnet.deployment.owner, "to": vault, "gas": hex(100_000)})
        devnet.rpc.call("evm_mine")
    devnet.rpc.call("anvil_setCode", vault, code_before)
    code, output = _run(config, capsys)
    assert code == 1
    events = [json.loads(line) for line in output.splitlines()]
    assert any(event.get("kind") == "Fatal" and "DecodeError" in event["problem"] and vault.lower() in event["problem"] for event in events)


def test_a_lake_of_a_newer_schema_names_both_versions(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = load(config, {}).settings
    options = LakeOptions.at(settings.lake.dir)
    with OneChain(options, settings.scopes()[0].chain.id, ("perp_v2",)) as recorder:
        recorder.flush()
    _add_migration(options, 9999)
    code, output = _run(config, capsys)
    assert code == 1
    assert "9999" in output
    assert "newer perp-keeper" in output


def test_a_wrong_password_names_the_key_file(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.with_suffix(".password").write_text("not it\n")
    code, output = _run(config, capsys)
    assert code == 2
    assert "key_file of the executor" in output
    assert str(config.with_suffix(".key.json")) in output
    assert "not it" not in output


def test_a_missing_executor_names_the_key(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _edit(config, "address = ", "# ")
    code, output = _run(config, capsys)
    assert code == 2
    assert "executors.devnet.address is missing" in output


def test_observing_needs_neither_key_nor_executor(config: Path, devnet: Devnet, capsys: pytest.CaptureFixture[str]) -> None:
    _edit(config, "[executors.devnet]", "[executors.devnet]\n#")
    config.write_text("\n".join(line for line in config.read_text().splitlines() if not line.startswith(("operator", "key_", "password_"))))
    config.with_suffix(".key.json").unlink()
    # The daemon would follow for ever: a wrong address shows that it came past the keys.
    _edit(config, devnet.deployment.core.vault, "0x" + "12" * 20)
    code, output = _run(config, capsys, **{"keeper.mode": "observe"})
    assert code == 2
    assert "vault" in output
    assert "key" not in output


def _add_migration(options: LakeOptions, version: int) -> None:
    with connect(options.place.keeper) as connection:
        connection.execute("INSERT INTO schema_migrations VALUES (?, 'future', TIMESTAMP '2030-01-01')", [version])


@contextmanager
def _web_page() -> Iterator[str]:
    """A server that answers every request with a page, as captive portals and error pages do."""

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = b"<html><body>Please log in</body></html>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name the base class gives it
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
