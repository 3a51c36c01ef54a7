"""Shared by the tests of the estimators."""

import pytest

from analytics.models.figure import Scope


@pytest.fixture(scope="session")
def scope() -> Scope:
    return Scope("generated", "exact")
