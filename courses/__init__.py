"""Steps 1 and 2: the web course and the targeted training."""
