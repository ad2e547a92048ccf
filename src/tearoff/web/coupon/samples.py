"""Pages as a campaign's coupons would have them, for whoever writes the campaign: of a coupon that
there is not, in a state of their choice. Nothing on them runs, leads away or reports anything."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tearoff.coupons import rules
from tearoff.coupons.models import Campaign, Session
from tearoff.coupons.sessions.behind_link import Linked
from tearoff.kit.hours import Hours
from tearoff.kit.vault import Vault
from tearoff.web.coupon import personal, questions
from tearoff.web.coupon.offer import offer
from tearoff.web.coupon.pages import SCRIPTS, begin_page
from tearoff.web.coupon.public import Begin
from tearoff.web.coupon.questions import Filled
from tearoff.web.coupon.standing import Standing, after_use, all_gone, public_standing, standing
from tearoff.web.coupon.visits import Visit, visit_of
from tearoff.web.paper import html
from tearoff.web.paper.reading import AnyRequest

STATES = (
    "ready", "public", "part", "claimable", "active", "time_over", "accepted", "used", "resting",
    "unplayed", "no_prize", "closed", "not_yet", "expired", "withdrawn", "full", "gone",
)  # fmt: skip
"""Words that ask for each; `public` and `gone` are the page of somebody without a coupon."""

_CODE = "7k4m2p9d3w6x8c5b1f0h2"
_SCRIPT = re.compile(r"<(script|noscript)\b.*?</\1>", re.S)
_DARK = re.compile(r"@media (?:screen and )?\(prefers-color-scheme:dark\)")
_WINDOW = 900


def sample_page(
    request: AnyRequest,
    campaign: Campaign,
    state: str,
    language: str,
    vault: Vault,
    now: datetime,
    *,
    is_dark: bool = False,
    pins: int = 1,
) -> str:
    """The whole page as HTML, without script. `state`: one of `STATES`; `pins`: how many locations
    of the campaign are known by one."""
    visit = _visit(request, campaign, language)
    if state in ("public", "gone"):
        text = _public(_open(campaign, now), visit, state, now)
    else:
        linked, use = sampled(campaign, state, pins, language, now)
        text = _personal(linked, visit, vault, now, use)
    return _still(text, is_dark=is_dark)


def _visit(request: AnyRequest, campaign: Campaign, language: str) -> Visit:
    seen = visit_of(request, campaign)
    return msgspec.structs.replace(
        seen, language=language, asked=language, accepted=language, is_framed=False, carried=()
    )


def _personal(
    linked: Linked, visit: Visit, vault: Vault, now: datetime, use: datetime | None
) -> str:
    state = rules.state_of(linked.session, linked.campaign, now)
    stands = standing(linked, state, visit, now)
    if use is not None:
        stands = after_use(stands, linked, visit, now, use, is_here=True)
    rest = personal.rest(linked, state, visit, vault, "", now, is_accepted=use is not None)
    rest = msgspec.structs.replace(rest, reports_open=False, mark="")
    o = offer(linked.campaign, visit)
    below: dict[str, object] = {"paper/form": rest.staff, "coupon/scratch": rest.is_card}
    beginning = begin_page(linked.campaign, visit, o, stands, below)
    text = html.render("coupon/personal.html", visit.words, r=rest, o=o, **SCRIPTS)
    return beginning.plain.decode() + text


def _public(campaign: Campaign, visit: Visit, state: str, now: datetime) -> str:
    """What somebody sees who has no coupon yet."""
    stands: Standing = public_standing(campaign, visit, now)
    begin = None
    if state == "gone":
        stands = all_gone(campaign, visit)
    elif stands.is_active:
        begin = Begin("", "", questions=questions.of(campaign, visit, Filled()))
    o = offer(campaign, visit)
    below: dict[str, object] = {"paper/form": begin, "coupon/ask": begin}
    beginning = begin_page(campaign, visit, o, stands, below)
    links = personal.public_links(campaign.options, has_ended=begin is None)
    text = html.render(
        "coupon/public.html", visit.words, o=o, begin=begin, note="", links=links, now="", mark=""
    )
    return beginning.plain.decode() + text


def _still(text: str, *, is_dark: bool) -> str:
    """Without script, and with nothing to press that leads anywhere: what people wrote is escaped,
    so these marks are ours. Dark when it is asked for, whatever this screen is."""
    text = _SCRIPT.sub("", text)
    text = text.replace("<a ", "<a data-still ").replace(' href="', ' data-to="')
    text = text.replace("<button ", '<button type="button" ').replace(" autofocus", "")
    return _DARK.sub("@media all" if is_dark else "@media not all", text)


def sampled(
    campaign: Campaign, state: str, pins: int, language: str, now: datetime
) -> tuple[Linked, datetime | None]:
    """A coupon that stands like this, of the campaign as it would have to be for that; and when
    it was used, if that was just now."""
    campaign = _open(campaign, now)
    session = _session(campaign, language, now)
    use = None
    if state in _MADE:
        campaign, session = _MADE[state](campaign, session, now)
    if state == "accepted":
        use = now - timedelta(seconds=8)
    linked = Linked(
        session=session, campaign=campaign, link_host=None, place="", pins=pins,
        pin_locked_until=None, is_full=state == "full", full_day="", tells_places=False,
        hooks=None,
    )  # fmt: skip
    return linked, use


def _open(campaign: Campaign, now: datetime) -> Campaign:
    """Of a draft, or of one that is over, people see what they would see while it runs."""
    over, begun = campaign.has_ended(now), campaign.has_begun(now)
    return _but(
        msgspec.structs.replace(
            campaign,
            status="active",
            starts_at=campaign.starts_at if begun else None,
            expires_at=now + timedelta(days=30) if over else campaign.expires_at,
        ),
        hours=(),
    )


def _session(campaign: Campaign, language: str, now: datetime) -> Session:
    values: dict[str, Any] = dict.fromkeys(Session.__struct_fields__)
    scratch = campaign.options.scratch
    return Session(
        **values
        | {
            "id": 0, "account_id": campaign.account_id, "campaign_id": campaign.id,
            "code": _CODE, "short_code": _CODE[:6], "created_at": now, "lengthened": False,
            "extended": False, "uses": 0, "voided": False, "locked": False, "language": language,
            "phone": "+32470000000", "prize": scratch.prizes[0].key if scratch else None,
        }
    )  # fmt: skip


def _but(campaign: Campaign, **options: Any) -> Campaign:
    """The campaign with other options."""
    changed = msgspec.structs.replace(campaign.options, **options)
    return msgspec.structs.replace(campaign, raw_options=msgspec.json.encode(changed).decode())


Made = Callable[[Campaign, Session, datetime], tuple[Campaign, Session]]
_with = msgspec.structs.replace


def _part(c: Campaign, s: Session, now: datetime) -> tuple[Campaign, Session]:
    uses = max(c.uses, 3)
    used = _with(s, uses=1, used_at=now - timedelta(days=2), active_until=now)
    return _with(c, uses=uses, pause_seconds=None, activation_seconds=None), used


def _claimable(c: Campaign, s: Session, now: datetime) -> tuple[Campaign, Session]:
    return _with(c, activation_seconds=c.activation_seconds or _WINDOW), s


def _active(c: Campaign, s: Session, now: datetime) -> tuple[Campaign, Session]:
    seconds = c.activation_seconds or _WINDOW
    until = now + timedelta(seconds=seconds)
    return _with(c, activation_seconds=seconds), _with(s, claimed_at=now, active_until=until)


def _time_over(c: Campaign, s: Session, now: datetime) -> tuple[Campaign, Session]:
    c, s = _active(c, s, now)
    return c, _with(s, active_until=now - timedelta(minutes=1))


def _used(c: Campaign, s: Session, now: datetime) -> tuple[Campaign, Session]:
    at = now - timedelta(hours=2)
    return c, _with(s, uses=c.uses, used_at=at, validated_at=at)


def _accepted(c: Campaign, s: Session, now: datetime) -> tuple[Campaign, Session]:
    at = now - timedelta(seconds=8)
    done = at if c.uses == 1 else None
    return _with(c, pause_seconds=None), _with(s, uses=1, used_at=at, validated_at=done)


def _resting(c: Campaign, s: Session, now: datetime) -> tuple[Campaign, Session]:
    pause = max(c.pause_seconds or 0, 86_400)
    return _with(c, uses=max(c.uses, 3), pause_seconds=pause), _with(s, uses=1, used_at=now)


def _scratch(c: Campaign) -> Campaign:
    """With a card, if it has none."""
    if c.options.scratch is not None:
        return c
    prize = {"key": "p", "title": {}, "weight": 1}
    raw = {**msgspec.json.decode(c.raw_options), "scratch": {"prizes": [prize]}}
    return _with(c, raw_options=msgspec.json.encode(raw).decode())


def _unplayed(c: Campaign, s: Session, now: datetime) -> tuple[Campaign, Session]:
    return _scratch(c), _with(s, prize=None)


def _no_prize(c: Campaign, s: Session, now: datetime) -> tuple[Campaign, Session]:
    return _scratch(c), _with(s, prize="", played_at=now)


def _closed(c: Campaign, s: Session, now: datetime) -> tuple[Campaign, Session]:
    """Two hours of a day that is neither today's nor its neighbours', by any clock."""
    far = (now.weekday() + 3) % 7 + 1
    return _but(c, hours=(Hours(days=(far,), start="10:00", end="12:00"),)), s


def _not_yet(c: Campaign, s: Session, now: datetime) -> tuple[Campaign, Session]:
    starts = now + timedelta(days=3)
    is_late = c.expires_at is None or c.expires_at > starts
    ends = c.expires_at if is_late else starts + timedelta(days=30)
    return _with(c, starts_at=starts, expires_at=ends), s


def _expired(c: Campaign, s: Session, now: datetime) -> tuple[Campaign, Session]:
    return _with(c, expires_at=now - timedelta(days=1)), s


def _withdrawn(c: Campaign, s: Session, now: datetime) -> tuple[Campaign, Session]:
    return _with(c, status="paused"), s


_MADE: dict[str, Made] = {
    "part": _part,
    "claimable": _claimable,
    "active": _active,
    "time_over": _time_over,
    "accepted": _accepted,
    "used": _used,
    "resting": _resting,
    "unplayed": _unplayed,
    "no_prize": _no_prize,
    "closed": _closed,
    "not_yet": _not_yet,
    "expired": _expired,
    "withdrawn": _withdrawn,
}
