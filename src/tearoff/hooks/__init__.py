"""What other programs are told: events are written in the transaction of what they tell of,
delivered at least once, in order per session, signed twice, and kept for the log.

Rooms above build the payloads; this one knows nobody.
"""
