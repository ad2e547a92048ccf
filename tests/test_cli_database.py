"""What a database refuses is told in a line, with what would help."""

import asyncio
import os
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio

from tearoff.kit import migrate
from tests.conftest import KEY
from tests.running import free_port

ROLE, PASSWORD = "tearoff_stranger", "a password of the tests"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def places(cluster, worker_id):
    """Addresses of databases that a command cannot use."""
    if cluster.app == cluster.admin:
        pytest.skip("the tests were given a server and its role")
    empty, full = f"tearoff_empty_{worker_id}", f"tearoff_full_{worker_id}"
    role = f"{ROLE}_{worker_id}"
    for name in (empty, full):
        await cluster.create(name)
    at = cluster.app.replace
    await migrate.migrate(at("/tearoff?", f"/{full}?"))
    user = urlsplit(cluster.app)
    admin = await asyncpg.connect(cluster.admin)
    await admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
    stranger = f"postgresql://{role}:{PASSWORD.replace(' ', '%20')}@/{{}}?{user.query}"
    yield {
        "empty": stranger.format(empty),
        "full": stranger.format(full),
        "nowhere": stranger.format("tearoff_nowhere"),
        "wrong": stranger.format(full).replace(":a%20", ":another%20"),
        "away": f"postgresql://{role}@127.0.0.1:{free_port()}/tearoff",
    }
    for name in (empty, full):
        await cluster.drop(name)
    await admin.execute(f"DROP ROLE {role}")
    await admin.close()


def tearoff(commands, url, folder, words):
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith("TEAROFF_")},
        "TEAROFF_DATABASE_URL": url, "TEAROFF_SECRET_KEY": KEY, "TEAROFF_DATA": str(folder),
    }  # fmt: skip
    done = commands.run(words.split(), env)
    return done.returncode, done.stdout, done.stderr


OWN = "Let the role of TEAROFF_DATABASE_URL own the database"
LOOK = "Look at TEAROFF_DATABASE_URL."


@pytest.mark.parametrize(
    ("place", "words", "said", "helps"),
    [
        ("full", "optout list --account 100001", "permission denied for table alembic_ver", OWN),
        ("full", "migrate", "permission denied for table alembic_version", OWN),
        ("full", "work", "permission denied for table alembic_version", OWN),
        ("empty", "migrate", "permission denied for schema public", OWN),
        ("empty", "serve --port 0", "permission denied for schema public", OWN),
        ("nowhere", "migrate", 'database "tearoff_nowhere" does not exist', LOOK),
        ("away", "migrate", "The database is away: ", "Is the server"),
        ("wrong", "optout list --account 100001", "password authentication failed", LOOK),
    ],
)
async def test_what_a_database_refuses_is_told_in_a_line(
    commands, places, tmp_path, place, words, said, helps
):
    code, out, err = await asyncio.to_thread(tearoff, commands, places[place], tmp_path, words)
    # Lines of the record come before; a worker that runs as root writes one.
    lines = [line for line in err.splitlines() if not line.startswith("{")]
    assert (code, out, len(lines)) == (1, "", 2), out + err
    assert lines[0].startswith("tearoff: ") and said in lines[0]
    assert lines[1].startswith(f"  {helps}")


async def test_the_doctor_tells_it_among_its_findings(commands, places, tmp_path):
    code, out, err = await asyncio.to_thread(tearoff, commands, places["full"], tmp_path, "doctor")
    assert (code, err) == (1, "")
    assert f"NO   database: permission denied for table alembic_version\n       {OWN}" in out
    assert "NO   database role:" in out
