"""What stands between a lane and its work."""

from collections.abc import Mapping

from structlog.typing import FilteringBoundLogger


class Readiness:
    """What keeps a lane from doing its work, by part ("executor", "endpoints", ...); empty when nothing does.

    Every change is a line in the log: an operator reads there why /readyz is red."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        self._log = log
        self._problems: dict[str, str] = {}

    def report(self, part: str, problem: str | None) -> None:
        """What is wrong with a part, in one sentence with its mend; None when nothing is."""
        if problem == self._problems.get(part):
            return
        if problem is None:
            self._log.info("ready again", part=part, was=self._problems.pop(part))
        else:
            self._problems[part] = problem
            self._log.error("not ready", part=part, problem=problem)

    def problems(self) -> Mapping[str, str]:
        """The problems that stand."""
        return dict(self._problems)
