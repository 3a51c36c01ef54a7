"""What proves the toy exchange to the shared suite of perp-keeper (tests/contract)."""
