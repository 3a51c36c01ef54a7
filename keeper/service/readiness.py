"""What stands between a lane and its work."""

from collections.abc import Mapping

from structlog.typing import FilteringBoundLogger

from keeper.service.alerts import Alert, Alerts


class Readiness:
    """What keeps a lane from doing its work, by part ("executor", "endpoints", ...); empty when nothing does.

    A part's problem is one alert from its beginning to its end. Another sentence about it meanwhile is a line in the log."""

    def __init__(self, alerts: Alerts, log: FilteringBoundLogger) -> None:
        self._alerts = alerts
        self._log = log
        self._problems: dict[str, str] = {}

    def report(self, part: str, problem: str | None) -> None:
        """What is wrong with a part, in one sentence with its mend; None when nothing is."""
        before = self._problems.get(part)
        if problem == before:
            return
        if problem is None:
            self._alerts.close(Alert(part, self._problems.pop(part)))
            return
        self._problems[part] = problem
        if before is None:
            self._alerts.open(Alert(part, problem))
        else:
            self._log.error("not ready", part=part, problem=problem)

    def problems(self) -> Mapping[str, str]:
        """The problems that stand."""
        return dict(self._problems)
