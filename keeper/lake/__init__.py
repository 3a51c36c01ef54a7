"""The lake: where it is, opening it, its tables and who may write when, for both programs; and the keeper's recorder."""
