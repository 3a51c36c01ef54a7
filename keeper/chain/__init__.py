"""Reads one chain: RPC pool, heads, follower, pinned reads."""
