"""A part's problem is one alert from its beginning to its end."""

import structlog

from keeper.service.alerts import Alert, LogAlerts
from keeper.service.readiness import Readiness


class _Alerts:
    def __init__(self) -> None:
        self.opened: list[Alert] = []
        self.closed: list[Alert] = []

    def open(self, alert: Alert) -> None:
        self.opened.append(alert)

    def close(self, alert: Alert) -> None:
        self.closed.append(alert)


def test_a_condition_is_one_alert_while_it_stands_and_one_when_it_is_over() -> None:
    alerts = _Alerts()
    with structlog.testing.capture_logs() as lines:
        readiness = Readiness(alerts, structlog.get_logger())
        for problem in ("no gas", "no gas", "no gas, and no margin", None, None):
            readiness.report("executor", problem)
    assert alerts.opened == [Alert("executor", "no gas")]
    assert alerts.closed == [Alert("executor", "no gas, and no margin")]
    assert [(line["log_level"], line["problem"]) for line in lines] == [("error", "no gas, and no margin")]


def test_a_condition_that_returns_is_a_new_alert_and_each_part_has_its_own() -> None:
    alerts = _Alerts()
    readiness = Readiness(alerts, structlog.get_logger())
    readiness.report("executor", "no gas")
    readiness.report("lane", "stopped")
    readiness.report("executor", None)
    readiness.report("executor", "no gas")
    assert alerts.opened == [Alert("executor", "no gas"), Alert("lane", "stopped"), Alert("executor", "no gas")]
    assert readiness.problems() == {"executor": "no gas", "lane": "stopped"}


def test_alerts_of_the_log_are_an_error_line_and_an_info_line() -> None:
    with structlog.testing.capture_logs() as lines:
        alerts = LogAlerts(structlog.get_logger())
        alerts.open(Alert("lane", "stopped"))
        alerts.close(Alert("lane", "stopped"))
    assert lines == [
        {"event": "not ready", "log_level": "error", "part": "lane", "problem": "stopped"},
        {"event": "ready again", "log_level": "info", "part": "lane", "was": "stopped"},
    ]
