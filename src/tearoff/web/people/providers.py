"""Which account's single sign-on a page of the front door offers, without telling strangers which
accounts or people there are: the one that this browser has used, or the only one there can be."""

from __future__ import annotations

from collections.abc import Sequence

from tearoff.accounts import sign_ins
from tearoff.accounts.sign_ins import SignedIn
from tearoff.accounts.single_sign_on import stored
from tearoff.accounts.single_sign_on.models import Provider
from tearoff.kit import clock
from tearoff.kit.services import services_of
from tearoff.web.paper.cookies import make_cookie, read_cookie
from tearoff.web.paper.html import Answer, Header
from tearoff.web.paper.reading import AnyRequest, patiently
from tearoff.web.people import page

COOKIE = "tearoff_provider"
_SECONDS = 180 * 24 * 3600


def cookie_of(request: AnyRequest, provider: Provider) -> Header:
    """This browser is offered it from now on."""
    settings = services_of(request).settings
    return "set-cookie", make_cookie(settings, COOKIE, provider.sign_in_code, _SECONDS)


async def known_here(request: AnyRequest) -> Provider | None:
    db, code = services_of(request).db, read_cookie(request, COOKIE)
    found = await patiently(stored.provider_at(db, code, clock.now())) if code.isalnum() else None
    return found or await patiently(stored.sole_provider(db))


async def of_sign_in(request: AnyRequest, who: SignedIn) -> Provider | None:
    """The one that this sign-in came by."""
    if not who.by_provider or who.only_account_id is None:
        return None
    return await patiently(stored.provider(services_of(request).db, who.only_account_id))


async def led_on(
    request: AnyRequest, secret: str, person_id: int, wanted: str, nowhere: Sequence[str] = ()
) -> Answer:
    """Somebody has proven who they are and may see no account by that: the sign-in ends, and they
    are told where they come in, if anywhere. `nowhere`: what is said to who belongs nowhere."""
    db, words = services_of(request).db, page.words_for(request)
    await patiently(sign_ins.sign_out(db, secret))
    closed = await patiently(stored.closed_to(db, person_id))
    if not closed:
        lines = [words("Your password is right, but no account has a place for you.")]
        title = words("You belong nowhere yet")
        return page.print_note(request, words, 403, title, list(nowhere) or lines)
    local = page.local_next(wanted)
    return page.print_form(request, "closed", words, status=403, closed=closed, next=local)
