"""Adapters to the services that carry messages.

An adapter translates between our words (`base.py`) and one service's words. It has no
database, looks up no settings and keeps no secret longer than it lives: credentials are
handed in. `registry.py` is the one list of them.
"""
