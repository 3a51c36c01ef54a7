"""The operator's word that nothing is to be sent: a file, so that it outlives the process and anybody can give it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class KillSwitch:
    """Engaged while the file at `path` exists, whatever is in it."""

    path: Path

    def engaged(self) -> bool:
        """Where that cannot be told, it is: a switch that cannot be seen must not be taken for open."""
        try:
            self.path.stat()
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return True

    def problem(self) -> str | None:
        """Why nothing is sent, in one sentence with its mend."""
        return f"{self.path} exists; remove it, or send SIGUSR2, or run `keeper kill --off`" if self.engaged() else None

    def engage(self, by: str) -> None:
        """Nothing is sent from now on. Raises OSError where the file cannot be written."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(f"{by}\n")

    def release(self) -> None:
        """Sending may go on. Raises OSError where the file cannot be removed."""
        self.path.unlink(missing_ok=True)
