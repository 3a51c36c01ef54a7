"""Every venue in turn, and the parts of its proof. A test names the part it rests on; where a venue has none, the test's result is the
reason, which pytest lists at the end."""

from collections.abc import Mapping, Sequence

import pytest

from keeper.domain.options import build
from keeper.domain.venue import Venue
from keeper.venues import protocols
from tests.contract.chain import Chain
from tests.contract.contract_abi import ContractAbi
from tests.contract.page import gaps
from tests.contract.path import Paths
from tests.contract.plan_case import PlanCase
from tests.contract.proof import Proof, require
from tests.contract.proofs import proofs
from tests.contract.recording import Recording


@pytest.fixture(scope="session", params=sorted(protocols()))
def name(request: pytest.FixtureRequest) -> str:
    """Every protocol of ours and of the packages installed."""
    protocol: str = request.param
    return protocol


@pytest.fixture(scope="session")
def proof(name: str) -> Proof:
    """Raises KeyError for a protocol without one."""
    return proofs()[name]


@pytest.fixture(scope="session")
def venue(name: str, proof: Proof) -> Venue:
    """With the options of its recording."""
    protocol = protocols()[name]
    return protocol.make(build(protocol.options, proof.options))


@pytest.fixture(scope="session")
def abis(proof: Proof) -> Sequence[ContractAbi]:
    return require(proof.abis)


@pytest.fixture(scope="session")
def recording(proof: Proof) -> Recording:
    return require(proof.recording)


@pytest.fixture(scope="session")
def paths(proof: Proof) -> Paths:
    return require(proof.paths)


@pytest.fixture(scope="session")
def plans(proof: Proof) -> Sequence[PlanCase]:
    return require(proof.plans)


@pytest.fixture(scope="session")
def reverts(proof: Proof) -> Mapping[str, bytes]:
    return require(proof.reverts)


@pytest.fixture(scope="session")
def chain(proof: Proof) -> Chain:
    return require(proof.chain)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What is not proven stands at the end of a run of the suite."""
    terminalreporter.section("not proven")
    for line in gaps(proofs()):
        terminalreporter.write_line(line)
