"""One file per command of the command line. Each takes plain values, prints with rich or as JSON, and returns an exit code."""
