"""A program that is older than its database leaves it alone, and says which one to start."""

import asyncio
import os

import asyncpg
import pytest
import pytest_asyncio

from tearoff import __version__
from tearoff.kit import pgbackup, schema
from tearoff.kit.migrate import migrate
from tests.conftest import KEY


@pytest_asyncio.fixture
async def url(cluster, worker_id):
    """A database of a version that there is not yet."""
    name = f"tearoff_newer_{worker_id}"
    url = await cluster.create(name)
    await migrate(url)
    await ask(url, "UPDATE alembic_version SET version_num = '9999'")
    yield url
    await cluster.drop(name)


async def ask(url, question):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


def told(what):
    return (
        f"The {what} is of a newer Tearoff (schema 9999); this is version {__version__} (schema"
        f" {schema.revisions()[-1]})."
    )


def tearoff(commands, url, folder, *words):
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith("TEAROFF_")},
        "TEAROFF_DATABASE_URL": url, "TEAROFF_SECRET_KEY": KEY, "TEAROFF_DATA": str(folder),
    }  # fmt: skip
    done = commands.run(words, env)
    return done.returncode, done.stdout + done.stderr


async def test_a_schema_of_a_newer_version_is_left_alone(commands, url, tmp_path):
    for words in (
        ["serve", "--host", "127.0.0.1", "--port", "0"], ["work"], ["migrate"],
        ["optout", "list", "--account", "100001"], ["doctor"],
    ):  # fmt: skip
        code, said = await asyncio.to_thread(tearoff, commands, url, tmp_path, *words)
        assert code == 1, (words, said)
        assert told("database") in said, (words, said)
        assert "Start the newer version." in said and "Traceback" not in said
    assert await ask(url, "SELECT version_num FROM alembic_version") == "9999"
    await a_backup_of_it_replaces_nothing(commands, url, tmp_path)


async def a_backup_of_it_replaces_nothing(commands, url, tmp_path):
    file = tmp_path / "newer.dump"
    await asyncio.to_thread(pgbackup.backup, url, file)
    await ask(url, f"UPDATE alembic_version SET version_num = '{schema.revisions()[-1]}'")
    await ask(url, "INSERT INTO accounts (name, email) VALUES ('Ours', 'a@example.com')")
    code, said = await asyncio.to_thread(
        tearoff, commands, url, tmp_path, "restore", str(file), "--force"
    )
    assert (code, told("backup") in said) == (1, True), said
    assert await ask(url, "SELECT name FROM accounts") == "Ours"
    with pytest.raises(schema.NewerSchema):
        await asyncio.to_thread(pgbackup.restore, url, file, force=True)
