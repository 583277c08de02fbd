"""Step 4: follow-ups and reminders."""
