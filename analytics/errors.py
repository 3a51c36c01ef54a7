"""What analytics raises on purpose. The command line prints the message in one line and exits with the class's code."""


class AnalyticsError(Exception):
    """Base of all. Consequence: exit 1."""

    exit_code = 1


class LakeError(AnalyticsError):
    """There is no lake where one was named, it cannot be opened, or it is newer than this program. Consequence: exit 2."""

    exit_code = 2


class QueryError(AnalyticsError):
    """A question DuckDB could not answer, or one that would have changed the lake."""


class CallError(AnalyticsError):
    """What was asked for cannot be read: no such time, event or market. Consequence: exit 2."""

    exit_code = 2
