"""The own codes of a campaign: brought in from a list, given to one session each."""
