"""The second step of signing in: codes of an app (TOTP, RFC 6238), each good once, or a passkey;
and ten recovery codes for whoever has lost the phone."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime

import pyotp

from tearoff.errors import Invalid
from tearoff.kit.codes import SPOKEN_ALPHABET
from tearoff.kit.db import Handle
from tearoff.kit.vault import Vault

STEP = 30
"""Seconds of one code; the one before and the one after are taken too, for clocks that differ."""
DIGITS = 6
RECOVERY_CODES = 10
_GROUPS, _GROUP = 3, 4


class WrongCode(Invalid):
    """This is not the code that the app shows now."""

    def __init__(self) -> None:
        super().__init__(field="code")


async def start_second_step(db: Handle, vault: Vault, person_id: int) -> str:
    """A new secret (Base32), for an app to take in; it counts once `confirm_second_step` has
    seen a code of it. What counted before goes on counting until then."""
    secret = pyotp.random_base32()
    await db.execute(
        "UPDATE people SET totp_begun_sealed = $2 WHERE id = $1",
        person_id,
        vault.seal(secret.encode()),
    )
    return secret


async def begun_second_step(db: Handle, vault: Vault, person_id: int) -> str | None:
    """The secret that was started and not confirmed, to show it once more."""
    sealed = await db.fetchval("SELECT totp_begun_sealed FROM people WHERE id = $1", person_id)
    return vault.open(sealed).decode() if sealed else None


def uri_of(secret: str, email: str, product: str) -> str:
    """What apps read from a QR code (`otpauth://`)."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=product)


async def confirm_second_step(
    db: Handle, vault: Vault, person_id: int, code: str, now: datetime
) -> list[str]:
    """The app shows the right code: from now on it is asked for. Gives ten recovery codes, seen
    here and never again. Raises `WrongCode`, also when nothing was started."""
    sealed = await db.fetchval("SELECT totp_begun_sealed FROM people WHERE id = $1", person_id)
    step = _step_of(vault.open(sealed).decode(), code, now) if sealed else None
    if step is None:
        raise WrongCode
    made = _recovery_codes()
    done = await db.fetchval(
        "UPDATE people SET totp_secret_sealed = $2, totp_begun_sealed = NULL, totp_last_step = $3,"
        " recovery_codes = $4 WHERE id = $1 AND totp_begun_sealed = $2 RETURNING true",
        person_id,
        sealed,
        step,
        [_hash(one) for one in made],
    )
    if not done:
        raise WrongCode
    return made


async def end_app_codes(db: Handle, person_id: int) -> bool:
    """A passkey that is asked for after the password goes on being asked for. False without an
    app, or when somebody else was first."""
    done = await db.fetchval(
        "UPDATE people SET totp_secret_sealed = NULL, totp_begun_sealed = NULL,"
        " recovery_codes = CASE WHEN passkey_step THEN recovery_codes ELSE '{}' END"
        " WHERE id = $1 AND totp_secret_sealed IS NOT NULL RETURNING true",
        person_id,
    )
    return bool(done)


async def start_passkey_step(db: Handle, person_id: int) -> list[str] | None:
    """From now on a passkey is asked for after the password. Gives ten recovery codes to somebody
    who had no second step, seen here and never again. Does nothing and gives None without a
    passkey, or when it is asked for already."""
    made = _recovery_codes()
    done = await db.fetchval(
        "UPDATE people SET passkey_step = true, recovery_codes ="
        "  CASE WHEN totp_secret_sealed IS NULL THEN $2 ELSE recovery_codes END"
        " WHERE id = $1 AND NOT passkey_step"
        " AND EXISTS (SELECT FROM passkeys k WHERE k.person_id = $1)"
        " RETURNING totp_secret_sealed IS NULL",
        person_id,
        [_hash(one) for one in made],
    )
    if done is None:
        return None
    return made if done else []


async def end_passkey_step(db: Handle, person_id: int) -> bool:
    """The codes of an app go on being asked for. False when no passkey was asked for."""
    done = await db.fetchval(
        "UPDATE people SET passkey_step = false, recovery_codes ="
        "  CASE WHEN totp_secret_sealed IS NULL THEN '{}' ELSE recovery_codes END"
        " WHERE id = $1 AND passkey_step RETURNING true",
        person_id,
    )
    return bool(done)


async def end_second_step(db: Handle, person_id: int) -> None:
    """Whatever it is: the password alone lets in again."""
    await db.execute(
        "UPDATE people SET totp_secret_sealed = NULL, totp_begun_sealed = NULL,"
        " recovery_codes = '{}', passkey_step = false WHERE id = $1",
        person_id,
    )


async def mark_of_recovery_codes(db: Handle, person_id: int) -> str:
    """Another one for any other codes."""
    mark: str | None = await db.fetchval(
        "SELECT md5(recovery_codes::text) FROM people WHERE id = $1", person_id
    )
    return mark or ""


async def new_recovery_codes(db: Handle, person_id: int, mark: str) -> list[str]:
    """Ten others; the old ones are over. None for a person without a second step, nor when the
    codes are others than those of the `mark`: of two presses one makes the codes that are good."""
    made = _recovery_codes()
    done = await db.fetchval(
        "UPDATE people SET recovery_codes = $2 WHERE id = $1"
        " AND (totp_secret_sealed IS NOT NULL OR passkey_step) AND md5(recovery_codes::text) = $3"
        " RETURNING true",
        person_id,
        [_hash(one) for one in made],
        mark,
    )
    return made if done else []


async def use_code(db: Handle, vault: Vault, person_id: int, code: str, now: datetime) -> bool:
    """Whether it is the app's code of now. Each is good once, and none that is older than one
    that was used: a guarded update decides."""
    sealed = await db.fetchval("SELECT totp_secret_sealed FROM people WHERE id = $1", person_id)
    step = _step_of(vault.open(sealed).decode(), code, now) if sealed else None
    if step is None:
        return False
    used = await db.fetchval(
        "UPDATE people SET totp_last_step = $2 WHERE id = $1 AND totp_last_step < $2"
        " AND totp_secret_sealed = $3 RETURNING true",
        person_id,
        step,
        sealed,
    )
    return bool(used)


async def use_recovery_code(db: Handle, person_id: int, code: str) -> bool:
    """Whether it is one of those that are left; it is used up by that."""
    used = await db.fetchval(
        "UPDATE people SET recovery_codes = array_remove(recovery_codes, $2)"
        " WHERE id = $1 AND recovery_codes @> ARRAY[$2::bytea] RETURNING true",
        person_id,
        _hash(code),
    )
    return bool(used)


def is_app_code(given: str) -> bool:
    """Whether it looks like what an app shows: six digits, blanks aside."""
    bare = "".join(given.split())
    return len(bare) == DIGITS and bare.isascii() and bare.isdigit()


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """Which half minute (since 1970) the code is of, near now."""
    if not is_app_code(code):
        return None
    bare, app = "".join(code.split()), pyotp.TOTP(secret)
    current = int(now.timestamp()) // STEP
    near = (current, current - 1, current + 1)
    fitting = [step for step in near if hmac.compare_digest(app.generate_otp(step), bare)]
    return fitting[0] if fitting else None


def _recovery_codes() -> list[str]:
    """Each of some 59 bits, in groups that are easy to type: `abcd-efgh-jkmn`."""
    return [
        "-".join(
            "".join(secrets.choice(SPOKEN_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS)
        )
        for _ in range(RECOVERY_CODES)
    ]


def _hash(code: str) -> bytes:
    """However it is written: capitals, blanks and dashes do not matter."""
    bare = "".join(sign for sign in code.lower() if sign.isalnum())
    return hashlib.sha256(bare.encode("utf-8", "replace")).digest()
