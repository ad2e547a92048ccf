"""Every column that can hold a text is in the table of what is kept."""

from tearoff.keeping import inventory, queries

TEXTS = """
SELECT c.relname AS "table", a.attname AS "column" FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND a.attnum > 0 AND NOT a.attisdropped
  AND coalesce(e.typname, t.typname)
    IN ('text', 'varchar', 'bpchar', 'name', 'citext', 'json', 'jsonb', 'bytea', 'date', 'inet')
"""


async def test_every_column_that_can_hold_a_text_is_classified(services):
    rows = await services.db.fetch(TEXTS)
    there = {(row["table"], row["column"]) for row in rows}
    known = inventory.classified()
    assert sorted(there - known) == [], "say in keeping/inventory.py what may stand in these"
    assert {one for one in known - there if one[0] != "pgqueuer"} == set(), "these are gone"


def test_nothing_is_classified_twice():
    pairs = [
        (h.table, column)
        for h in (*inventory.HOLDINGS, *inventory.COLLEAGUES)
        for column in h.columns.split()
    ] + [(t, column) for t, names in inventory.OTHERS.items() for column in names.split()]
    assert len(pairs) == len(set(pairs))


def test_what_is_emptied_is_what_the_table_says():
    by_table = {h.table: set(h.columns.split()) for h in inventory.HOLDINGS}
    for table, sets in (("sessions", queries.EMPTY_SESSION), ("messages", queries.EMPTY_MESSAGE)):
        assert {part.split(" = ")[0].strip() for part in sets.split(",")} == by_table[table]
