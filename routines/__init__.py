"""Step 3: routines that are written, approved, found and read."""
