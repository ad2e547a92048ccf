"""Schema changes, forward only, as plain SQL; each is safe while the previous version runs."""
