"""How long what is known of people is kept, and how somebody is erased.

`inventory.py` is the one table of what is kept where. Retention (`retention.py`) empties what is
old, by the account's own setting; erasing (`finding.py`, `erasing.py`) empties what is known of one
person at once, and notes it in a list outside of the database (`erased_list.py`), so that a backup
that is brought back erases them again (`again.py`)."""
