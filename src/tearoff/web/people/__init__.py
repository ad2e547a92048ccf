"""People with an account: signing in, by password or by a link, and choosing a password."""
