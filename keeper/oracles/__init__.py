"""One file per price service. Empty until a venue needs a pull oracle."""
