"""Solidity sources, the ABIs the keeper reads, and the local chain (`contracts.devnet`)."""
