"""Lists that people bring as files: one reader for every import.

`reading.opened` judges how a file is written (charset, delimiter, heading, the column that is
wanted) before anything is taken from it, and says so; then it gives the column's values with
their lines, a lot at a time, so that a million of them need no memory. Who imports says what the
column is called, and judges the values.
"""
