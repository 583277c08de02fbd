"""What goes through the steps, the people in it, the record, and the outbox."""
