"""Campaigns as their owner has them: made, listed, sorted, changed, put away, their pictures, and
what a change of their limits means for what was used before."""
