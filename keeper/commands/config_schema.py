"""keeper config schema: what editors complete and check the settings file with."""

import json
import sys

from keeper import daemon
from keeper.settings import schema


def text() -> str:
    """The schema as it stands in config/schema.json."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def config_schema() -> int:
    """Print it, for a file."""
    sys.stdout.write(text())
    return daemon.OK
