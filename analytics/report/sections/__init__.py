"""The sections of a report, one file each: a question, its answer as tables, and a chart for every figure that is a curve."""
