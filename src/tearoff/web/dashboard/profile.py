"""What is one's own: name, language, password, second step, and where one is signed in."""

from __future__ import annotations

import msgspec

from tearoff.accounts import passkeys, people, tries
from tearoff.accounts.passkey_sites import Site
from tearoff.accounts.passwords import WeakPassword, WrongLength
from tearoff.accounts.people import SignInRow
from tearoff.accounts.tries import TooManyTries
from tearoff.api.v3 import parameters as p
from tearoff.api.v4 import fields as f
from tearoff.errors import TearoffError, TryLater
from tearoff.kit import doorbook
from tearoff.kit.bulkhead import TooBusy
from tearoff.kit.doorbook import Event
from tearoff.kit.proxies import client_address, host_of, network_of
from tearoff.kit.words import Words, languages, words_in
from tearoff.web.coupon.user_agents import device_of
from tearoff.web.dashboard import choices
from tearoff.web.dashboard.forms import given_by
from tearoff.web.dashboard.pages import page, to
from tearoff.web.dashboard.saying import Problems, problems_of
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import DOMAIN, Visit
from tearoff.web.paper.html import Answer
from tearoff.web.paper.reading import patiently
from tearoff.web.people import passkey_offers, passkey_words
from tearoff.web.people.passwords import told_problem

_SPOKEN = languages(DOMAIN)
FIELDS = (
    f.text_field("first_name", p.text(100), "First name.", nullable=True),
    f.text_field("last_name", p.text(100), "Last name.", nullable=True),
    f.words_field("language", _SPOKEN, "Language of these pages, and of mail."),
)


class SignInShown(msgspec.Struct, frozen=True):
    """`device`: the browser in words; `is_this`: the one that asks."""

    row: SignInRow
    device: str
    is_this: bool


def is_own(visit: Visit) -> bool:
    """Whether they came by their own password. Whoever came by an account's link sees nothing of
    theirs but what that account knows."""
    return visit.who.only_account_id is None


async def show(visit: Visit) -> Answer:
    return await _page(visit)


async def save(visit: Visit) -> Answer:
    """The page is in the new language at once."""
    who = visit.who
    try:
        given = f.read_fields(FIELDS, given_by(FIELDS, visit.typed))
    except TearoffError as error:
        return await _page(visit, problems_of(visit.words, error), 422)
    async with visit.services.db.transaction() as db:
        first = given.get("first_name", who.first_name) or ""
        last = given.get("last_name", who.last_name) or ""
        await people.change_name(db, who, first.strip(), last.strip())
        await people.set_language(db, who, given.get("language", who.language))
    words = words_in(DOMAIN, given.get("language", who.language))
    return to(visit, "/profile", said=words("Saved."))


async def change_password(visit: Visit) -> Answer:
    """The current one is asked for, and counts as a try like one at the door. Everywhere else the
    person is signed out."""
    if not (is_own(visit) and visit.who.has_password):
        return to(visit, "/profile")
    try:
        problem = await _changed_password(visit)
    except (TooManyTries, TooBusy) as error:
        return await _too_many(visit, error)
    if problem:
        return await _page(visit, problem, 422)
    doorbook.note(Event.PASSWORD_SET, person=visit.who.person_id)
    said = visit.words("Your password is changed. Everywhere else you are signed out.")
    return to(visit, "/profile", said=said)


async def _changed_password(visit: Visit) -> Problems | None:
    who, services, words = visit.who, visit.services, visit.words
    address = client_address(visit.request.scope, services.settings.trusted_proxies)
    tried = tries.of("again", str(who.person_id), address)
    current = _secret(visit, "current_password")
    await patiently(tries.count(services.db, tried, visit.now))
    if not await patiently(
        people.check_password(services.db, who.person_id, current, network_of(address))
    ):
        return Problems({"current_password": words("That is not your password.")})
    await patiently(tries.forgive(services.db, tried, visit.now))
    try:
        password = _secret(visit, "new_password")
        await patiently(people.change_password(services.db, who, password, visit.now))
    except (WrongLength, WeakPassword) as error:
        return Problems({"new_password": told_problem(words_in("people", visit.language), error)})
    return None


def _secret(visit: Visit, name: str) -> str:
    """As it was typed: blanks at its ends count."""
    found = visit.typed.values.get(name)
    return found[-1] if found else ""


async def _too_many(visit: Visit, error: TryLater) -> Answer:
    told = visit.words("Too many tries. Wait a minute and try again.")
    answer = await _page(visit, Problems({"current_password": told}), 429)
    return answer.with_header("retry-after", str(max(1, round(error.after))))


async def end_one(visit: Visit) -> Answer:
    if is_own(visit):
        db, who = visit.services.db, visit.who
        await patiently(people.end_sign_in(db, who.person_id, visit.path["id"]))
        doorbook.note(Event.SIGN_OUT, person=who.person_id)
    return to(visit, "/profile#sign-ins", said=visit.words("That browser is signed out."))


async def end_others(visit: Visit) -> Answer:
    if is_own(visit):
        db, who = visit.services.db, visit.who
        await patiently(people.end_other_sign_ins(db, who.person_id, who.id))
        doorbook.note(Event.SIGN_OUT, person=who.person_id)
    said = visit.words("All other browsers are signed out.")
    return to(visit, "/profile#sign-ins", said=said)


async def _page(visit: Visit, problems: Problems | None = None, status: int = 200) -> Answer:
    services, who = visit.services, visit.who
    known = await patiently(people.person(services.db, who.person_id))
    rows, keys = [], []
    if is_own(visit):
        rows = await patiently(people.sign_ins_of(services.db, who.person_id, visit.now))
        keys = await patiently(passkeys.of_person(services.db, who.person_id))
    return await page(
        visit,
        "profile",
        title=visit.words("Your profile"),
        at="/profile",
        status=status,
        problems=problems,
        is_own=is_own(visit),
        passkeys=keys,
        no_passkeys=why_no_passkeys(visit),
        site_name=site_name(visit),
        has_passkey_step=known.has_passkey_step,
        recovery_left=known.recovery_left,
        recovery_mark=await patiently(
            people.mark_of_recovery_codes(visit.services.db, who.person_id)
        ),
        languages=choices.with_own(choices.languages(_SPOKEN), who.language),
        sign_ins=[_shown(visit.words, row, who.id) for row in rows],
        host_of=host_of,
    )


def why_no_passkeys(visit: Visit) -> str:
    """ "" where there can be some."""
    services = visit.services
    site = passkey_offers.site_of(services)
    if isinstance(site, Site):
        return ""
    words = words_in("people", visit.language)
    return passkey_words.why_not(words, site, services.settings.link_host)


def site_name(visit: Visit) -> str:
    """The name that passkeys are made for now."""
    site = passkey_offers.site_of(visit.services)
    return site.name if isinstance(site, Site) else ""


def _shown(words: Words, row: SignInRow, this: int) -> SignInShown:
    return SignInShown(row, device_in_words(words, row.user_agent), row.id == this)


def device_in_words(words: Words, user_agent: str) -> str:
    browser, system, _ = device_of({"user-agent": user_agent})
    browser = "" if browser == "Other" else browser
    system = "" if system == "Other" else system
    told = words("{browser} on {system}", browser=browser, system=system)
    return told if browser and system else browser or system or words("Unknown browser")


SCREENS = (
    Screen(path="/profile", right=None, act=show),
    Screen(method="POST", path="/profile", right=None, act=save),
    Screen(method="POST", path="/profile/password", right=None, act=change_password),
    Screen(method="POST", path="/profile/sign-ins/{id:int}/end", right=None, act=end_one),
    Screen(method="POST", path="/profile/sign-ins/end-others", right=None, act=end_others),
)
