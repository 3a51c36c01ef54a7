"""The commands of `analytics`, one file each; analytics/cli.py puts them together."""
