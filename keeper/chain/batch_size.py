"""How many calls one endpoint takes in one request."""

_GROW_AFTER = 32
_MAX_PATIENCE = 4_096
_STEP = 8


class BatchSize:
    """Halves on refusal. Grows by an eighth after some requests of full size that were answered, after twice as many with every refusal:
    a limit that stands is tried ever more rarely."""

    def __init__(self, max_calls: int) -> None:
        """Starts with `max_calls` at once; never more."""
        self._ceiling = max_calls
        self._patience = _GROW_AFTER
        self._successes = 0
        self.calls = max_calls

    def record_refusal(self, calls: int) -> None:
        """A request with so many calls was refused for its size."""
        self.calls = max(1, min(self.calls, calls // 2))
        self._patience = min(2 * self._patience, _MAX_PATIENCE)
        self._successes = 0

    def record_success(self, calls: int) -> None:
        """A request with so many calls was answered."""
        if calls < self.calls or self.calls == self._ceiling:
            return
        self._successes += 1
        if self._successes >= self._patience:
            self._successes = 0
            self.calls = min(self._ceiling, self.calls + max(1, self.calls // _STEP))
