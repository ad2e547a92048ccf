"""The doors for programs: `v3` speaks the public Coupontools API, `callbacks.py` is where
services report back. A door reads parameters, finds the caller, calls one verb of the
product, and puts the result or the error into its own words."""
