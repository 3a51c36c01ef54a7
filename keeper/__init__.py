"""perp-keeper's daemon: follows perpetual positions, finds margin breaches, simulates and executes liquidations."""
