"""People: what is theirs wherever they belong. Name, language, password, and where they are
signed in; their second step is in `second_steps.py` and can be called from here."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tearoff.accounts import audit
from tearoff.accounts.passwords import hash_password, is_password
from tearoff.accounts.second_steps import (
    WrongCode,
    begun_second_step,
    confirm_second_step,
    end_app_codes,
    end_passkey_step,
    end_second_step,
    is_app_code,
    mark_of_recovery_codes,
    new_recovery_codes,
    start_passkey_step,
    start_second_step,
    uri_of,
    use_code,
    use_recovery_code,
)
from tearoff.accounts.sign_ins import IDLE_LIVES, LinkOver, SignedIn, find_ticket, use_ticket
from tearoff.accounts.telling import tell
from tearoff.errors import Forbidden, NotFound
from tearoff.kit.db import Database, Handle
from tearoff.kit.rows import read

__all__ = [
    "NotConfirmed",
    "Person",
    "PersonNotFound",
    "SignInRow",
    "WrongCode",
    "begun_second_step",
    "change_name",
    "change_password",
    "check_confirmed",
    "check_password",
    "confirm_second_step",
    "end_app_codes",
    "end_other_sign_ins",
    "end_passkey_step",
    "end_second_step",
    "end_sign_in",
    "is_app_code",
    "mark_of_recovery_codes",
    "new_recovery_codes",
    "person",
    "person_of_mail",
    "set_language",
    "set_password_by_link",
    "sign_ins_of",
    "start_passkey_step",
    "start_second_step",
    "uri_of",
    "use_code",
    "use_recovery_code",
]  # fmt: skip


PASSWORD_VERB = "person.password"  # noqa: S105 - as the audit log calls it


class PersonNotFound(NotFound):
    """There is no such person."""


class NotConfirmed(Forbidden):
    """Your password or second step is asked for again before this."""


class Person(msgspec.Struct, frozen=True):
    """`has_second_step`: by an app; `has_passkey_step`: a passkey is asked for after the password;
    `recovery_left`: how many recovery codes are unused."""

    id: int
    email: str
    first_name: str
    last_name: str
    language: str
    has_password: bool
    has_second_step: bool
    recovery_left: int
    mail_proven_at: datetime | None
    has_passkey_step: bool

    @property
    def is_asked_twice(self) -> bool:
        """Whether the password alone does not let them in."""
        return self.has_second_step or self.has_passkey_step


class SignInRow(msgspec.Struct, frozen=True):
    """One of somebody's sign-ins. `account_name` is that of the account whose link made it, ""
    for one by password. The user agent is what a stranger's program has sent: escape it."""

    id: int
    created_at: datetime
    last_seen_at: datetime
    address: str
    user_agent: str
    account_name: str


_PERSON = (
    "SELECT id, email, first_name, last_name, language, password_hash IS NOT NULL AS has_password,"
    " totp_secret_sealed IS NOT NULL AS has_second_step,"
    " cardinality(recovery_codes) AS recovery_left, mail_proven_at,"
    " passkey_step AND EXISTS (SELECT FROM passkeys k WHERE k.person_id = people.id)"
    " AS has_passkey_step FROM people"
)


async def person(db: Handle, person_id: int) -> Person:
    """Raises `PersonNotFound`."""
    row = await db.fetchrow(f"{_PERSON} WHERE id = $1", person_id)
    if row is None:
        raise PersonNotFound
    return read(Person, row)


async def person_of_mail(db: Handle, email: str) -> Person | None:
    """By the canonical form of an address."""
    row = await db.fetchrow(f"{_PERSON} WHERE lower(email) = lower($1)", email)
    return row and read(Person, row)


async def set_language(db: Handle, who: SignedIn, language: str) -> None:
    """Two letters. Whoever came by an account's link changes what that account knows of them."""
    if who.only_account_id is None:
        await db.execute("UPDATE people SET language = $2 WHERE id = $1", who.person_id, language)
    await _change_member(db, who, "language", language)


async def change_name(db: Handle, who: SignedIn, first_name: str, last_name: str) -> None:
    """As `set_language`."""
    for column, value in (("first_name", first_name), ("last_name", last_name)):
        if who.only_account_id is None:
            await db.execute(f"UPDATE people SET {column} = $2 WHERE id = $1", who.person_id, value)
        await _change_member(db, who, column, value)


async def _change_member(db: Handle, who: SignedIn, column: str, value: str) -> None:
    await db.execute(
        f"UPDATE members SET {column} = $3 WHERE person_id = $1"
        " AND CASE WHEN $2::bigint IS NULL THEN accepted_at IS NOT NULL ELSE account_id = $2 END",
        who.person_id,
        who.only_account_id,
        value,
    )


def check_confirmed(who: SignedIn, now: datetime) -> None:
    """Before keys, providers, team, password and second step are touched, above all by whoever an
    account's link has signed in. Raises `NotConfirmed`."""
    if not who.is_confirmed(now):
        raise NotConfirmed


# passwords --------------------------------------------------------------------------------


async def check_password(db: Handle, person_id: int | None, password: str, network: str) -> bool:
    """Whether it is theirs; it costs the same for nobody (None) and for people without one. Never
    in a transaction. `network` is the caller's, of whom nothing is known. Raises `TooBusy`."""
    hashed = await db.fetchval("SELECT password_hash FROM people WHERE id = $1", person_id)
    return await is_password(hashed, password, network)


async def change_password(db: Database, who: SignedIn, password: str, now: datetime) -> None:
    """All other sign-ins of the person end, and links for them are over. Raises `NotConfirmed`,
    `WrongLength`, `WeakPassword` and `TooBusy`."""
    check_confirmed(who, now)
    hashed = await hash_password(password, [who.email, who.first_name, who.last_name])
    async with db.transaction() as work:
        await _end_links(work, who.person_id, now)
        await _keep_password(work, who.person_id, hashed, now)
        await end_other_sign_ins(work, who.person_id, who.id)


async def set_password_by_link(
    db: Database, token: str, purpose: str, password: str, now: datetime
) -> Person:
    """By a link of one's own: `reset`, which came by mail and proves the address, or `owner`, from
    the terminal of whoever runs the server, which ends the second step too. Every sign-in of the
    person ends. Raises `LinkOver`, `WrongLength`, `WeakPassword` and `TooBusy`."""
    ticket = await find_ticket(db, token, purpose)
    if ticket is None or not ticket.is_good(now) or ticket.person_id is None:
        raise LinkOver
    known = await person(db, ticket.person_id)
    hashed = await hash_password(password, [known.email, known.first_name, known.last_name])
    async with db.transaction() as work:
        await use_ticket(work, token, purpose, now)
        await _end_links(work, known.id, now)
        await _keep_password(work, known.id, hashed, now)
        if purpose == "owner":
            await end_second_step(work, known.id)
        else:
            await work.execute("UPDATE people SET mail_proven_at = $2 WHERE id = $1", known.id, now)
        await end_other_sign_ins(work, known.id, None)
    return known


async def _keep_password(db: Handle, person_id: int, hashed: str, now: datetime) -> None:
    await db.execute("UPDATE people SET password_hash = $2 WHERE id = $1", person_id, hashed)
    await audit.write_of_person(db, person_id, PASSWORD_VERB, now)
    await tell(db, PASSWORD_VERB, person_id)


async def _end_links(db: Handle, person_id: int, now: datetime) -> None:
    """Before sign-ins are ended: a link that is being used meanwhile is waited for."""
    await db.execute(
        "UPDATE one_time_tokens SET used_at = $2 WHERE used_at IS NULL AND (person_id = $1"
        " OR member_id IN (SELECT id FROM members WHERE person_id = $1))",
        person_id,
        now,
    )


# where they are signed in -----------------------------------------------------------------


async def sign_ins_of(db: Handle, person_id: int, now: datetime) -> list[SignInRow]:
    """The latest first."""
    rows = await db.fetch(
        "SELECT s.id, s.created_at, s.last_seen_at, s.address, s.user_agent,"
        " coalesce(a.name, '') AS account_name FROM sign_ins s"
        " LEFT JOIN accounts a ON a.id = s.only_account_id"
        " WHERE s.person_id = $1 AND s.expires_at > $2 AND s.last_seen_at > $3"
        " AND NOT s.second_step_due ORDER BY s.last_seen_at DESC, s.id DESC",
        person_id,
        now,
        now - IDLE_LIVES,
    )
    return [read(SignInRow, row) for row in rows]


async def end_sign_in(db: Handle, person_id: int, sign_in_id: int) -> bool:
    """False when there is none of theirs with this id."""
    done = await db.fetchval(
        "DELETE FROM sign_ins WHERE person_id = $1 AND id = $2 RETURNING true",
        person_id,
        sign_in_id,
    )
    return bool(done)


async def end_other_sign_ins(db: Handle, person_id: int, sign_in_id: int | None) -> int:
    """All but this one (None: all). Gives how many there were."""
    gone = await db.fetch(
        "DELETE FROM sign_ins WHERE person_id = $1 AND id IS DISTINCT FROM $2 RETURNING true",
        person_id,
        sign_in_id,
    )
    return len(gone)
