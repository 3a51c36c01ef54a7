"""Writes the lake."""
