"""One package per protocol. `REGISTRY` holds the one line per venue."""
