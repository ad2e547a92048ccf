"""Background work: rows in the same PostgreSQL, written in the same transaction as the change
they follow. A job can run twice; its effect needs a guard of its own."""
