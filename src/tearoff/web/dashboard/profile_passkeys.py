"""Passkeys of one's own: made, named, removed, and asked for after the password."""

from __future__ import annotations

from tearoff.accounts import audit, passkey_challenges, passkey_questions, passkeys, people
from tearoff.accounts.passkey_answers import read_answer
from tearoff.accounts.passkey_sites import Site
from tearoff.accounts.telling import tell
from tearoff.errors import TearoffError
from tearoff.kit import doorbook
from tearoff.kit.db import Handle
from tearoff.kit.doorbook import Event
from tearoff.kit.words import words_in
from tearoff.web.dashboard.pages import PASSKEY, page, to
from tearoff.web.dashboard.profile import device_in_words, is_own
from tearoff.web.dashboard.profile_codes import recovery_codes
from tearoff.web.dashboard.saying import Problems
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import NotFoundHere, Visit
from tearoff.web.paper.html import Answer
from tearoff.web.paper.reading import header, patiently
from tearoff.web.people import passkey_offers, passkey_words

_PATH = "/profile/passkeys"
_BACK = "/profile#passkeys"


async def show(visit: Visit) -> Answer:
    return await _page(visit, _site(visit))


async def add(visit: Visit) -> Answer:
    site, words = _site(visit), visit.words
    name = " ".join(visit.typed.text("name").split())
    if not name or len(name) > passkeys.LONGEST_NAME or not name.isprintable():
        told = words("A name of at most {n} characters.", n=passkeys.LONGEST_NAME)
        return await _page(visit, site, Problems({"name": told}), 422)
    try:
        await patiently(_added(visit, site, name))
    except TearoffError as error:
        told = passkey_words.of_error(words_in("people", visit.language), error, site)
        return await _page(visit, site, Problems(page=told), 422)
    return to(visit, _BACK, said=words("{name} lets you in from now on.", name=name))


async def _added(visit: Visit, site: Site, name: str) -> None:
    services, person_id = visit.services, visit.who.person_id
    given, handle = read_answer(visit.typed.text("answer")), _bytes(visit.typed.text("handle"))
    about = passkey_offers.about(passkey_offers.NEW, visit.token, handle)
    fitting = passkeys.check(services.vault, given, site, about, visit.now)
    async with services.db.transaction() as db:
        made = await passkeys.add(db, person_id, fitting, name, handle, visit.now)
        await _note(visit, db, "person.passkey_add", made)


async def remove(visit: Visit) -> Answer:
    """Sign-ins that it has made go on; they are ended beside it."""
    _check_own(visit)
    async with visit.services.db.transaction() as db:
        is_removed = await passkeys.remove(db, visit.who.person_id, visit.path["id"])
        if is_removed:
            await _note(visit, db, "person.passkey_remove", visit.path["id"])
    if not is_removed:
        return to(visit, _BACK)
    return to(visit, _BACK, said=visit.words("The passkey is removed."))


async def switch_on(visit: Visit) -> Answer:
    """The codes for a lost device stand on the answer and nowhere again."""
    _check_own(visit)
    async with visit.services.db.transaction() as db:
        codes = await people.start_passkey_step(db, visit.who.person_id)
        if codes is not None:
            await _note(visit, db, "person.passkey_step_on")
    if codes is None:
        return to(visit, _BACK)
    said = visit.words("A passkey is asked for after your password.")
    if not codes:
        return to(visit, _BACK, said=said)
    return await recovery_codes(visit, codes, is_for_passkey=True)


async def switch_off(visit: Visit) -> Answer:
    _check_own(visit)
    async with visit.services.db.transaction() as db:
        if await people.end_passkey_step(db, visit.who.person_id):
            await _note(visit, db, "person.passkey_step_off")
    return to(visit, _BACK, said=visit.words("No passkey is asked for after your password."))


def _check_own(visit: Visit) -> None:
    if not is_own(visit):
        raise NotFoundHere


def _site(visit: Visit) -> Site:
    """Whoever came by an account's link, and an address without passkeys, have no such page."""
    _check_own(visit)
    site = passkey_offers.site_of(visit.services)
    if not isinstance(site, Site):
        raise NotFoundHere
    return site


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)[:64]
    except ValueError:
        return b""


async def _note(visit: Visit, db: Handle, verb: str, passkey_id: int | None = None) -> None:
    """In the audit log of the account in which it was done, by mail, and at the door."""
    person_id = visit.who.person_id
    after = {"passkey": passkey_id} if passkey_id else None
    await audit.write(
        db, visit.account.id, visit.caller.actor, verb, visit.now, subject=str(person_id),
        after=after,
    )  # fmt: skip
    await tell(db, verb, person_id)
    doorbook.note(Event.PASSKEY, person=person_id, what=verb, passkey=passkey_id)


async def _page(
    visit: Visit, site: Site, problems: Problems | None = None, status: int = 200
) -> Answer:
    services, who = visit.services, visit.who
    known = await patiently(passkeys.known_of(services.db, who.person_id, site))
    handle = await patiently(passkeys.handle_of(services.db, who.person_id, site))
    about = passkey_offers.about(passkey_offers.NEW, visit.token, handle)
    question = passkey_questions.to_make_one(
        site,
        passkey_challenges.make(services.vault, about, visit.now),
        product=services.settings.product_name,
        email=who.email,
        shown=" ".join(filter(None, (who.first_name, who.last_name))),
        handle=handle,
        known=known,
    )
    return await page(
        visit,
        "passkey_new",
        title=visit.words("A new passkey"),
        at="/profile",
        status=status,
        problems=problems,
        offer=passkey_offers.offer(words_in("people", visit.language), site, question),
        handle=handle.hex(),
        name=device_in_words(visit.words, header(visit.request, b"user-agent")),
        script=PASSKEY.address("passkey.js"),
    )


SCREENS = (
    Screen(path=f"{_PATH}/new", right=None, act=show, confirmed=True),
    Screen(method="POST", path=_PATH, right=None, act=add, confirmed=True),
    Screen(
        method="POST", path=f"{_PATH}/{{id:int}}/remove", right=None, act=remove, confirmed=True
    ),
    Screen(method="POST", path=f"{_PATH}/step-on", right=None, act=switch_on, confirmed=True),
    Screen(method="POST", path=f"{_PATH}/step-off", right=None, act=switch_off, confirmed=True),
)
