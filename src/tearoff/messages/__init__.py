"""One message to one person over one channel: its route, its text in segments, its states,
and what services report about it.

A message does not care what it carries; `about` is an opaque reference. Its state only
climbs (`rules.py`), and nothing is ever sent again on a guess.
"""
