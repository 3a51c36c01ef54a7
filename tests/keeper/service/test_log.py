"""One JSON object per event on stderr in production, colour on a terminal, and a wrong setting is refused by name."""

import json

import pytest

from keeper.service import log


def _last_line(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert captured.out == "", "stdout belongs to the program's answers"
    return captured.err.splitlines()[-1]


def test_json_holds_event_level_time_and_values(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("json", "info")
    log.logger(venue="toy").warning("endpoint", what="slow", ms=12)
    told = json.loads(_last_line(capsys))
    assert told.pop("timestamp").endswith("Z")
    assert told == {"event": "endpoint", "level": "warning", "venue": "toy", "what": "slow", "ms": 12}


def test_auto_is_json_where_stderr_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("auto", "info")
    log.logger().info("block", number=7)
    assert json.loads(_last_line(capsys))["number"] == 7


def test_console_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("console", "info")
    log.logger().info("block", number=7)
    line = _last_line(capsys)
    assert "block" in line
    assert "number" in line
    with pytest.raises(json.JSONDecodeError):
        json.loads(line)


def test_what_is_below_the_level_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("json", "warning")
    log.logger().info("block")
    log.logger().error("fatal")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["fatal"]


def test_an_exception_is_told_with_its_traceback_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("json", "info")
    log.logger().error("fatal", exc_info=ValueError("no such block"))
    assert "ValueError: no such block" in json.loads(_last_line(capsys))["exception"]


@pytest.mark.parametrize(("form", "level"), [("yaml", "info"), ("json", "loud"), ("", "info")])
def test_a_form_or_level_nobody_knows_is_refused_with_the_known_ones(form: str, level: str) -> None:
    with pytest.raises(ValueError, match=r"console, json or auto.*debug, info, warning, error"):
        log.configure(form, level)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://eth.example/v2/KEY", "https://eth.example/..."),
        ("wss://user:KEY@eth.example:8546/ws?key=KEY#KEY now", "wss://eth.example:8546/... now"),
        ("https://eth.example?key=KEY", "https://eth.example/..."),
        ("https://KEY@eth.example", "https://eth.example"),
        ("(http://127.0.0.1:8545/), http://[::1]:8545", "(http://127.0.0.1:8545), http://[::1]:8545"),
        ("postgres://keeper:KEY@db.example/lake", "postgres://db.example/..."),
        ('said "HTTPS://eth.example/KEY"', 'said "HTTPS://eth.example/..."'),
        ("no address here: a/b", "no address here: a/b"),
    ],
)
def test_of_an_address_only_scheme_host_and_port_are_told(text: str, expected: str) -> None:
    assert log.redact(text) == expected


@pytest.mark.parametrize("form", ["json", "console"])
def test_no_line_holds_what_may_be_a_key_wherever_it_comes_from(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(form, "info")
    try:
        raise ValueError("cannot reach https://user:HUNTER2@eth.example/v3/HUNTER2?key=HUNTER2")
    except ValueError as error:
        log.logger(url="https://eth.example/HUNTER2").error("fatal https://eth.example/HUNTER2", exc_info=error, urls=["wss://e/HUNTER2"])
    told = capsys.readouterr().err
    assert "eth.example" in told
    assert "HUNTER2" not in told
