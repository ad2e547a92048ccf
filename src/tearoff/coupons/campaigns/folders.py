"""Folders and categories: what an account sorts its campaigns into."""

from __future__ import annotations

import asyncpg
import msgspec

from tearoff.errors import Invalid, NotFound
from tearoff.kit import caps
from tearoff.kit.caps import Cap
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read

LEVELS = 3
MOST = 1_000
"""Folders, and categories, of one account."""
_FOLDERS, _CATEGORIES = (
    Cap(
        name=name,
        most=MOST,
        rows=f"{name} WHERE account_id = $1",
        text=f"An account has at most {MOST:,} {name}. Delete those that are not needed any more.",
    )
    for name in ("folders", "categories")
)


class FolderNotFound(NotFound):
    """Folder not found"""


class CategoryNotFound(NotFound):
    """Category not found"""


class Folder(msgspec.Struct, frozen=True):
    id: int
    name: str
    campaigns: int


class Category(msgspec.Struct, frozen=True):
    """`level` 1 is the top; a third-level category has two above it."""

    id: int
    parent_id: int | None
    level: int
    name: str

    @property
    def ref(self) -> str:
        return f"cat_{self.id}"


async def folders(db: Handle, account_id: int) -> list[Folder]:
    rows = await db.fetch(
        "SELECT f.id, f.name, count(c.id) AS campaigns FROM folders f LEFT JOIN campaigns c"
        " ON c.folder_id = f.id AND c.account_id = $1 AND c.removed_at IS NULL"
        " AND NOT c.is_template"
        " WHERE f.account_id = $1"
        " GROUP BY f.id ORDER BY f.id",
        account_id,
    )
    return [read(Folder, row) for row in rows]


async def check_folder(db: Handle, account_id: int, folder_id: int) -> None:
    """Raises `FolderNotFound`."""
    found = await db.fetchval(
        "SELECT true FROM folders WHERE account_id = $1 AND id = $2", account_id, folder_id
    )
    if not found:
        raise FolderNotFound


async def create_folder(db: asyncpg.Connection, account_id: int, name: str) -> Folder:
    """In a transaction. Raises `CapReached`."""
    _check_name(name)
    await caps.make_room(db, _FOLDERS, account_id)
    made: int = await db.fetchval(
        "INSERT INTO folders (account_id, name) VALUES ($1, $2) RETURNING id", account_id, name
    )
    return Folder(made, name, 0)


async def delete_folder(db: Handle, account_id: int, folder_id: int) -> None:
    """Its campaigns stay, in no folder."""
    done = await db.fetchval(
        "DELETE FROM folders WHERE account_id = $1 AND id = $2 RETURNING true",
        account_id,
        folder_id,
    )
    if not done:
        raise FolderNotFound


async def categories(db: Handle, account_id: int, level: int | None = None) -> list[Category]:
    rows = await db.fetch(
        f"SELECT {columns(Category)} FROM categories WHERE account_id = $1"
        " AND ($2::integer IS NULL OR level = $2) ORDER BY id",
        account_id,
        level,
    )
    return [read(Category, row) for row in rows]


async def category(db: Handle, account_id: int, category_id: int) -> Category:
    """Raises `CategoryNotFound`."""
    row = await db.fetchrow(
        f"SELECT {columns(Category)} FROM categories WHERE account_id = $1 AND id = $2",
        account_id,
        category_id,
    )
    if row is None:
        raise CategoryNotFound
    return read(Category, row)


async def create_category(
    db: asyncpg.Connection, account_id: int, name: str, parent_id: int | None = None
) -> Category:
    """In a transaction. Raises `CategoryNotFound` for the parent, `Invalid` below the third
    level, `CapReached`."""
    _check_name(name)
    await caps.make_room(db, _CATEGORIES, account_id)
    level = 1
    if parent_id is not None:
        level = (await category(db, account_id, parent_id)).level + 1
    if level > LEVELS:
        raise Invalid("A category has at most two levels above it.", field="parent")
    made: int = await db.fetchval(
        "INSERT INTO categories (account_id, parent_id, level, name) VALUES ($1, $2, $3, $4)"
        " RETURNING id",
        account_id,
        parent_id,
        level,
        name,
    )
    return Category(made, parent_id, level, name)


async def delete_category(db: Handle, account_id: int, category_id: int) -> None:
    """With the categories below it; its campaigns stay, in no category."""
    await category(db, account_id, category_id)
    await db.execute(
        "WITH RECURSIVE gone AS (SELECT id FROM categories WHERE account_id = $1 AND id = $2"
        " UNION SELECT c.id FROM categories c JOIN gone g ON c.parent_id = g.id)"
        " DELETE FROM categories WHERE id IN (SELECT id FROM gone)",
        account_id,
        category_id,
    )


def _check_name(name: str) -> None:
    if not name.strip():
        raise Invalid("It needs a name.", field="name")
