"""Who uses Tearoff: accounts, their API keys and locations, their limits, and the keys by
which a caller says "this is the same call again"."""
