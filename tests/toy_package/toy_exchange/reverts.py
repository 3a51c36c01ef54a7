"""The exchange's errors by their ABI signatures."""

ERRORS = (
    "NotOwner(address)",
    "NoPosition(address)",
    "PositionExists(address)",
    "Undercollateralised(address,int256,uint256)",
    "Healthy(address,int256,uint256)",
)
