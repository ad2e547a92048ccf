"""The counter: which coupon a scan means, what is done with it, and what is told of it."""
