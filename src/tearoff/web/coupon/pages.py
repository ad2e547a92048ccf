"""The coupon behind a personal link, and what the open page asks for.

GET and HEAD change nothing. An open is recorded when the visible page reports itself.
"""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urlencode

import msgspec
from litestar import route

from tearoff.coupons import rules
from tearoff.coupons.campaigns import pictures
from tearoff.coupons.models import Campaign
from tearoff.coupons.sessions.behind_link import Linked
from tearoff.kit import clock, metrics
from tearoff.kit.services import services_of
from tearoff.web.coupon import last_try, personal
from tearoff.web.coupon.accepted import Served, served
from tearoff.web.coupon.finding import PERSONAL, find, read_code, straight
from tearoff.web.coupon.last_try import Tried
from tearoff.web.coupon.offer import Offer, offer, switches
from tearoff.web.coupon.personal import Rest
from tearoff.web.coupon.standing import Standing, after_use, path_of, standing
from tearoff.web.coupon.visits import Part, Visit, visit_to
from tearoff.web.paper import forms, framing, html, notes, reading
from tearoff.web.paper.html import Answer, answer
from tearoff.web.paper.reading import READ, AnyRequest, patiently
from tearoff.web.paper.static_files import FOR_EVER

_PICTURE = re.compile(r"([0-9]{1,15})\.webp\Z")
_ACTED = [
    f"{path}/{act}"
    for path in PERSONAL
    for act in ("open", "claim", "lengthen", "scratch", "redeem", "stop/undo")
]
_NOWHERE = ["/p", "/z", *(f"{path}/{{rest:path}}" for path in PERSONAL)]
_CAPITALS = ["/P/{rest:path}", "/Z/{rest:path}"]

_BLANKS = ("path", "token", "qr", "box", "short")
"""What differs between people whose coupons stand the same."""

SCRIPTS = {name: html.read_template(f"coupon/{name}.js") for name in ("scratch", "copy")}
"""Only on a page with a card to scratch, or with a code to copy."""

_kept = html.Kept()


@route(PERSONAL, http_method=READ)
async def show_coupon(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    services, now = services_of(request), clock.now()
    found = await find(services, campaign, session)
    if found is None:
        return _lead_to_meant(request)
    metrics.page_hits.labels("coupon").inc()
    tried = last_try.read(request, services.vault, found, now)
    return _print(request, found, now, served(request, found.session, now), tried)


@route([f"{path}/now" for path in PERSONAL], http_method=READ)
async def show_now(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    """What the open page asks for while somebody looks at it: its mark, and the QR code of
    this half minute where it changes."""
    services, now = services_of(request), clock.now()
    found = await find(services, campaign, session)
    if found is None:
        return answer(404, [("cache-control", "no-store")])
    state = rules.state_of(found.session, found.campaign, now)
    lines = [personal.mark_of(found, state, now)]
    visit = visit_to(request, found)
    code = personal.rest(found, state, visit, services.vault, "", now).code
    if code is not None and code.turns:
        lines.append(code.path)
    headers = [("content-type", "text/plain; charset=utf-8"), ("cache-control", "no-store")]
    return answer(200, headers, "\n".join(lines).encode())


@route(_ACTED, http_method=READ)
async def show_again(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    """The address of a form whose answer somebody reloads, shares or reads in another
    language: it leads back to the coupon."""
    found = await find(services_of(request), campaign, session)
    if found is None:
        return notes.unknown(request)
    to = path_of(found) + visit_to(request, found).query
    return answer(303, [("location", to), ("cache-control", "private, no-store")])


@route("/p/{campaign:str}/picture/{name:str}", http_method=READ)
async def show_picture(request: AnyRequest, campaign: Part, name: Part) -> Answer:
    number, code = _PICTURE.match(name), read_code(campaign)
    if not number or not code:
        return notes.unknown(request)
    db = services_of(request).db
    picture = await patiently(pictures.picture_of_code(db, code, int(number[1])))
    if picture is None:
        return notes.unknown(request)
    headers = [
        ("content-type", "image/webp"),
        ("cache-control", FOR_EVER),
        ("x-content-type-options", "nosniff"),
    ]
    return answer(200, headers, bytes(picture.webp))


@route([*_NOWHERE, *_CAPITALS], http_method=READ)
async def show_nothing(request: AnyRequest) -> Answer:
    return _lead_to_meant(request)


def _lead_to_meant(request: AnyRequest) -> Answer:
    """To the link as it was before somebody's program wrote it large, or glued to it; what was
    glued as a value stays one."""
    to, query = straight(request.scope["path"]), request.scope["query_string"].decode("latin-1")
    if not to:
        return notes.unknown(request)
    glued, known = reading.values_in(reading.glued_to(request)), reading.values_in(query)
    more = urlencode({name: value for name, value in glued.items() if name not in known})
    query = "&".join(filter(None, (query, more)))
    location = f"{to}?{query}" if query else to
    return answer(302, [("location", location), ("cache-control", "private, no-store")])


def _print(
    request: AnyRequest,
    found: Linked,
    now: datetime,
    use: Served | None,
    told: tuple[Tried, str] | None,
) -> Answer:
    """The page of this coupon as it stands now. `use` is the one that the address tells of,
    `told` what the last try came to, and how the address says it."""
    session, visit, vault = (
        found.session,
        visit_to(request, found),
        services_of(request).vault,
    )
    state = rules.state_of(session, found.campaign, now)
    token = forms.make_token(vault, session.code, session.uses, now)
    stands = standing(found, state, visit, now)
    if use is not None:
        visit = last_try.keeping(visit, "ok", use.receipt)
        stands = after_use(stands, found, visit, now, use.at, is_here=use.is_here)
    tried = None
    if told is not None:
        tried, visit = told[0], last_try.keeping(visit, last_try.NAME, told[1])
    rest = personal.rest(
        found, state, visit, vault, token, now,
        staff=tried.staff(visit) if tried else None,
        alert=tried.alert(visit) if tried else "",
        is_accepted=stands.accepted is not None,
    )  # fmt: skip
    if not visit.kept and stands.is_common and rest.is_plain:
        return _print_common(request, found.campaign, visit, stands, rest)
    o = offer(found.campaign, visit)
    beginning = begin_page(
        found.campaign, visit, o, stands,
        {"paper/form": rest.staff, "coupon/scratch": rest.is_card}, _scripts_of(rest),
    )  # fmt: skip
    text = html.render("coupon/personal.html", visit.words, r=rest, o=o, **SCRIPTS)
    status, headers = last_try.answers_with(tried, now)
    gzip = reading.reads_gzip(request)
    return html.print_page(
        beginning, text, status=status, gzip=gzip, headers=headers, leads_to=rest.leads_to
    )


def _print_common(
    request: AnyRequest,
    campaign: Campaign,
    visit: Visit,
    stands: Standing,
    rest: Rest,
) -> Answer:
    """A page that differs from other people's in its codes only: printed once, with blanks."""
    code = rest.code
    assert code is not None
    path, token, *blanks = map(html.blank_of, _BLANKS)
    empty_code = msgspec.structs.replace(code, path=blanks[0], box=blanks[1], short=blanks[2])
    empty = msgspec.structs.replace(rest, path=path, token=token, code=empty_code)
    key = (campaign.code, campaign.version, visit.language, visit.query, visit.public_url,
           switches(campaign, visit), stands, empty)  # fmt: skip
    blank = _kept.get(key, lambda: _blank(campaign, visit, stands, empty))
    mine = (rest.path, rest.token, code.path, code.box, code.short)
    text = blank.fill(dict(zip(_BLANKS, mine, strict=True)))
    gzip = reading.reads_gzip(request)
    return html.print_page(blank.beginning, text, gzip=gzip, leads_to=rest.leads_to)


def _blank(campaign: Campaign, visit: Visit, stands: Standing, empty: Rest) -> html.Blank:
    o = offer(campaign, visit)
    beginning = begin_page(
        campaign, visit, o, stands, {"paper/form": empty.staff}, _scripts_of(empty)
    )
    return html.print_blank(
        beginning, "coupon/personal.html", _BLANKS, visit.words, r=empty, o=o, **SCRIPTS
    )


def _scripts_of(rest: Rest) -> tuple[str, ...]:
    needs = {"scratch": rest.is_card, "copy": rest.webshop}
    return tuple(SCRIPTS[name] for name, is_there in needs.items() if is_there)


def begin_page(
    campaign: Campaign,
    visit: Visit,
    o: Offer,
    stands: Standing,
    below: dict[str, object],
    scripts: tuple[str, ...] = (),
    asks: str = "",
) -> html.Beginning:
    """`below`: which parts of the style are needed for what stands below the offer; `scripts` are
    those that stand there; `asks`: the form in which somebody may have typed something."""
    css, words = html.style_of(campaign.brand_color), visit.words
    needs = {
        "coupon/langs": asks or len(o.switches) > 1,
        "coupon/logo": o.logo,
        "coupon/done": stands.accepted,
        "coupon/stamps": stands.stamps,
        "coupon/won": stands.prize,
        **below,
    }
    return html.begin(
        visit.language,
        css,
        "coupon/offer.html",
        tuple(name for name, is_there in needs.items() if is_there),
        scripts,
        o=o,
        s=stands,
        words=words,
        form=asks,
    )


def print_offer(
    request: AnyRequest,
    campaign: Campaign,
    visit: Visit,
    stands: Standing,
    status: int,
    *,
    begin: object = None,
    note: str = "",
    frames: str = framing.NOBODY,
    retry_after: int = 0,
    cookie: str = "",
    mark: str = "",
    asks: bool = False,
) -> Answer:
    """The page of somebody without a coupon. `mark`: it asks whether it has become another one;
    `asks`: somebody may have typed something into its form."""
    o = offer(campaign, visit)
    beginning = begin_page(
        campaign,
        visit,
        o,
        stands,
        {"paper/form": begin, "coupon/ask": begin},
        asks="ask" if asks else "",
    )
    links = personal.public_links(campaign.options, has_ended=begin is None)
    text = html.render(
        "coupon/public.html", visit.words, o=o, begin=begin, note=note, links=links,
        now=f"/p/{campaign.code}/now", mark=mark,
    )  # fmt: skip
    gzip = reading.reads_gzip(request)
    headers = [("retry-after", str(retry_after))] if retry_after else []
    headers += [("set-cookie", cookie)] if cookie else []
    return html.print_page(
        beginning, text, status=status, gzip=gzip, headers=headers, frames=frames
    )


HANDLERS = [show_coupon, show_now, show_again, show_picture, show_nothing]
