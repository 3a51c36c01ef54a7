"""`python -m contracts.devnet.rivals`: what it says where it cannot begin."""

import subprocess
import sys

from contracts.devnet.rivals.rival import key_of

_PLACE = ("--deployment", "deployment.json", "--key", key_of("reacting"), "--executor", "0x" + "11" * 20)


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "contracts.devnet.rivals", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_an_unknown_rival_is_refused_with_the_known_ones() -> None:
    answer = _run("gambling", "--rpc", "http://127.0.0.1:1", *_PLACE)
    assert answer.returncode == 2
    assert all(name in answer.stderr for name in ("reacting", "front_running", "sniping"))


def test_a_chain_that_does_not_answer_is_one_line_and_nothing_is_ready() -> None:
    answer = _run("reacting", "--rpc", "http://127.0.0.1:1", *_PLACE)
    assert answer.returncode == 1
    assert len(answer.stderr.splitlines()) == 1
    assert answer.stdout == ""


def test_keys_differ_by_name() -> None:
    assert len({key_of(name) for name in ("reacting", "front_running", "sniping")}) == 3
