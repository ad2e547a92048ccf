"""The second step of one's own sign-in: switched on and off, with codes for a lost phone."""

from __future__ import annotations

from urllib.parse import quote

from tearoff.accounts import audit, people, tries
from tearoff.accounts.people import WrongCode
from tearoff.accounts.telling import tell
from tearoff.accounts.tries import TooManyTries
from tearoff.kit import doorbook
from tearoff.kit.db import Handle
from tearoff.kit.doorbook import Event
from tearoff.web.coupon.qr import draw_qr
from tearoff.web.dashboard.pages import page, to
from tearoff.web.dashboard.profile import is_own
from tearoff.web.dashboard.saying import Problems
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import NotFoundHere, Visit
from tearoff.web.paper.html import Answer
from tearoff.web.paper.reading import patiently

_PATH = "/profile/second-step"


async def show(visit: Visit) -> Answer:
    """Shows the secret that was begun; beginning is a button on the profile."""
    _check_own(visit)
    return await _page(visit)


async def start(visit: Visit) -> Answer:
    _check_own(visit)
    services = visit.services
    await patiently(people.start_second_step(services.db, services.vault, visit.who.person_id))
    return to(visit, _PATH)


async def confirm(visit: Visit) -> Answer:
    """The codes for a lost phone stand on the answer and nowhere again."""
    _check_own(visit)
    services, person_id, now = visit.services, visit.who.person_id, visit.now
    tried, code = tries.of_app_code(person_id), visit.typed.text("code")
    try:
        await patiently(tries.count(services.db, tried, now))
        async with services.db.transaction() as db:
            codes = await people.confirm_second_step(db, services.vault, person_id, code, now)
            await _note(visit, db, "person.second_step_on")
    except WrongCode:
        told = visit.words("That is not the code of this minute. Look at the app once more.")
        return await _page(visit, Problems({"code": told}), 422)
    except TooManyTries:
        told = visit.words("Too many tries. Wait a minute and try again.")
        return await _page(visit, Problems({"code": told}), 429)
    await patiently(tries.forgive(services.db, tried, now))
    return await recovery_codes(visit, codes)


async def renew(visit: Visit) -> Answer:
    _check_own(visit)
    async with visit.services.db.transaction() as db:
        codes = await people.new_recovery_codes(db, visit.who.person_id, visit.typed.text("mark"))
        if codes:
            await _note(visit, db, "person.recovery_codes")
    if not codes:
        return to(visit, "/profile")
    return await recovery_codes(visit, codes, is_for_passkey=not visit.who.has_second_step)


async def end(visit: Visit) -> Answer:
    _check_own(visit)
    async with visit.services.db.transaction() as db:
        if await people.end_app_codes(db, visit.who.person_id):
            await _note(visit, db, "person.second_step_off")
    return to(
        visit, "/profile", said=visit.words("Signing in asks for no code of your app any more.")
    )


def _check_own(visit: Visit) -> None:
    if not is_own(visit):
        raise NotFoundHere


async def _note(visit: Visit, db: Handle, verb: str) -> None:
    """In the audit log of the account in which it was done, by mail, and at the door."""
    subject = str(visit.who.person_id)
    await audit.write(
        db, visit.account.id, visit.caller.actor, verb, visit.now, subject=subject
    )  # fmt: skip
    await tell(db, verb, visit.who.person_id)
    doorbook.note(Event.SECOND_STEP, person=visit.who.person_id, what=verb)


async def _page(visit: Visit, problems: Problems | None = None, status: int = 200) -> Answer:
    services, who = visit.services, visit.who
    secret = await patiently(
        people.begun_second_step(services.db, services.vault, who.person_id)
    )  # fmt: skip
    if secret is None:
        return to(visit, "/profile")
    uri = people.uri_of(secret, who.email, services.settings.product_name)
    groups = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return await page(
        visit,
        "second_step",
        title=visit.words("A code at each sign-in"),
        at="/profile",
        status=status,
        problems=problems,
        code=draw_qr(uri),
        uri=uri,
        secret=groups,
    )


async def recovery_codes(visit: Visit, codes: list[str], *, is_for_passkey: bool = False) -> Answer:
    """`is_for_passkey`: they stand in for a passkey, there being no app."""
    text = "\n".join(codes)
    product = visit.services.settings.product_name
    told = f"{product} · {visit.who.email}\n\n{text}\n"
    return await page(
        visit,
        "recovery_codes",
        title=visit.words("Codes for when you lose your device")
        if is_for_passkey
        else visit.words("Codes for when you lose your phone"),
        at="/profile",
        codes=codes,
        is_for_passkey=is_for_passkey,
        text=text,
        file=f"data:text/plain;charset=utf-8,{quote(told)}",
    )


SCREENS = (
    Screen(path=_PATH, right=None, act=show, confirmed=True),
    Screen(method="POST", path=f"{_PATH}/start", right=None, act=start, confirmed=True),
    Screen(method="POST", path=_PATH, right=None, act=confirm, confirmed=True),
    Screen(method="POST", path=f"{_PATH}/codes", right=None, act=renew, confirmed=True),
    Screen(method="POST", path=f"{_PATH}/off", right=None, act=end, confirmed=True),
)
