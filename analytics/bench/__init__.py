"""How long do the two heavy questions take on a large lake? `python -m analytics.bench` generates one, asks, and compares with plain
pandas."""
