"""A session is one person's copy of a campaign: made, found, opened, activated, taken in, changed.
It changes by one guarded UPDATE (`updates.py`) whose row count says who won."""
