"""Passes in wallets: which there are, and which must be made anew."""
