"""Questions answered from the lake: marts for the rows, models for the numbers. One file per question."""
