"""keeper kill: nothing is sent, whether a daemon runs now or later."""

from pathlib import Path

from rich.console import Console

from keeper import daemon
from keeper.commands import session
from keeper.errors import ConfigError
from keeper.service.kill_switch import KillSwitch


def kill(path: Path, off: bool) -> int:
    """Engage the kill switch of these settings, or release it. Raises ConfigError where its file cannot be written or removed."""
    kill_switch = KillSwitch(session.settings(path).settings.keeper.stop_file)
    try:
        if off:
            kill_switch.release()
        else:
            kill_switch.engage("keeper kill")
    except OSError as error:
        raise ConfigError(f"keeper.kill_file: {kill_switch.path}: {error.strerror}.") from error
    words = "Sending goes on" if off else "Nothing is sent from now on"
    Console(stderr=True, soft_wrap=True).print(f"{words}: {kill_switch.path} {'is gone' if off else 'stands'}.", highlight=False)
    return daemon.OK
