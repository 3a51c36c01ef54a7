"""Why a whole file was not imported."""

from analytics.errors import AnalyticsError


class Refusal(AnalyticsError):
    """The file is left out and nothing of it is in the lake. The message is one line for the user; importing the other files goes on."""
