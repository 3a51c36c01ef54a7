"""Lakes that several folders ask."""

from pathlib import Path

import pytest

from analytics.lake import open_market
from tests.analytics.report.cascade_lake import write_cascade
from tests.analytics.two_chains import FIRST, SECOND, cascade_blocks, write_chains


@pytest.fixture(scope="session")
def cascade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a keeper's lake with a cascade of known size and recordings beside it."""
    directory = tmp_path_factory.mktemp("cascade")
    write_cascade(directory)
    return directory


@pytest.fixture(scope="session")
def two_chains(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a lake with the cascade on two chains, without its pool, and no recordings."""
    directory = tmp_path_factory.mktemp("two_chains")
    write_chains(directory, cascade_blocks(), FIRST, SECOND)
    return directory


@pytest.fixture(scope="session")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a lake with empty market tables and no keeper."""
    directory = tmp_path_factory.mktemp("nothing")
    open_market(directory).close()
    return directory
