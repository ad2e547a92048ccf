"""What people are told by mail, read where it is ordered: a worker of another test that shares the
database may take what waits."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import msgspec

from tearoff.accounts.telling import TOLD_MAIL, ToldMail
from tearoff.kit.services import Services


class Told:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def read(self) -> list[ToldMail]:
        rows = await self._services.db.fetch("SELECT what FROM told_jobs")
        return [msgspec.json.decode(row["what"], type=ToldMail) for row in rows]

    async def verbs(self) -> list[str]:
        return [mail.what for mail in await self.read()]


@contextlib.asynccontextmanager
async def told_mails(services: Services) -> AsyncIterator[Told]:
    await services.db.execute("CREATE TABLE told_jobs (what text)")
    await services.db.execute(
        "CREATE FUNCTION keep_told() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " INSERT INTO told_jobs VALUES (convert_from(NEW.payload, 'utf8')); RETURN NULL; END $$"
    )
    await services.db.execute(
        "CREATE TRIGGER keep_told BEFORE INSERT ON pgqueuer FOR EACH ROW"
        f" WHEN (NEW.entrypoint = '{TOLD_MAIL}') EXECUTE FUNCTION keep_told()"
    )
    try:
        yield Told(services)
    finally:
        await services.db.execute("DROP TRIGGER keep_told ON pgqueuer")
        await services.db.execute("DROP FUNCTION keep_told")
        await services.db.execute("DROP TABLE told_jobs")
