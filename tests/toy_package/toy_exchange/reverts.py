"""The exchange's errors by their ABI signatures."""

ERRORS = (
    "NotOwner(address)",
    "NoPosition(address)",
    "PositionExists(address)",
    "Healthy(address,int256,uint256)",
)
