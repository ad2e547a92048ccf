"""People with an account: signing in and setting a password, by a link."""
