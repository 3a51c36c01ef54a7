"""`python -m keeper`."""

from keeper.cli import main

main()
