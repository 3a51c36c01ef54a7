"""Moves values between the pure core and the adapters, in one direction."""
