"""Sharing a campaign: its public link, the QR code of it as a file, and a poster."""

from __future__ import annotations

import base64
import re

from tearoff.accounts.rights import Right
from tearoff.api.v4.campaign_shapes import Campaign
from tearoff.coupons.campaigns import pictures
from tearoff.kit import times
from tearoff.kit.words import Words, words_in
from tearoff.web.dashboard import phone_address
from tearoff.web.dashboard.campaigns import AT, campaign_of, state_of
from tearoff.web.dashboard.pages import page
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer, answer
from tearoff.web.paper.reading import patiently
from tearoff.web.save import poster


async def show(visit: Visit) -> Answer:
    campaign = await campaign_of(visit)
    drawn = poster.qr_svg(campaign.url)
    return await page(
        visit,
        "share",
        title=visit.words("Share"),
        at=AT,
        campaign=campaign,
        state=state_of(campaign, visit.now),
        picture=base64.b64encode(drawn).decode(),
        trouble=phone_address.of(visit).trouble,
        may_edit=visit.may(Right.EDIT),
        may_set=visit.may(Right.SETTINGS),
    )


async def qr_svg(visit: Visit) -> Answer:
    campaign = await campaign_of(visit)
    return _file(campaign, "svg", "image/svg+xml", poster.qr_svg(campaign.url))


async def qr_png(visit: Visit) -> Answer:
    campaign = await campaign_of(visit)
    return _file(campaign, "png", "image/png", poster.qr_png(campaign.url))


async def print_poster(visit: Visit) -> Answer:
    """In the campaign's language."""
    campaign = await campaign_of(visit)
    image = await _picture(visit, campaign)
    words = words_in("coupon", campaign.language)
    printed = await patiently(poster.printed_poster(_poster(visit, campaign, words, image)))
    return _file(campaign, "pdf", "application/pdf", printed)


def _poster(visit: Visit, campaign: Campaign, words: Words, image: bytes | None) -> poster.Poster:
    return poster.Poster(
        language=campaign.language,
        is_rtl=words.direction == "rtl",
        color=campaign.brand_color,
        brand=campaign.brand,
        title=campaign.title,
        value=campaign.value,
        scan_this=_scan_this(visit, campaign.language),
        link=campaign.url,
        until=_until(campaign, words),
        terms=campaign.terms,
        picture=image,
    )


def _scan_this(visit: Visit, language: str) -> str:
    """In the campaign's language where the dashboard speaks it, else in the reader's."""
    words = words_in("dashboard", language)
    words = words if words.language == language else visit.words
    return words("Scan this code with your phone's camera")


def _until(campaign: Campaign, words: Words) -> str:
    if campaign.expires_at is None:
        return ""
    end = times.end_of(campaign.expires_at, campaign.timezone, campaign.language)
    return words("Valid until") + f" {end}"


async def _picture(visit: Visit, campaign: Campaign) -> bytes | None:
    """The one that its address names."""
    found = re.search(r"/([0-9]+)\.webp\Z", campaign.picture or "")
    if found is None:
        return None
    db = visit.services.db
    picture = await patiently(pictures.picture_of_code(db, campaign.code, int(found[1])))
    return None if picture is None else picture.webp


def _file(campaign: Campaign, kind: str, media_type: str, body: bytes) -> Answer:
    """A download. Its name is made of letters that every system takes."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", campaign.name).strip("-")[:60] or campaign.code
    return answer(
        200,
        [
            ("content-type", media_type),
            ("content-disposition", f'attachment; filename="{name}.{kind}"'),
            ("cache-control", "private, no-store"),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'"),
        ],
        body,
    )


SCREENS = (
    Screen(path="/campaigns/{id:int}/share", right=Right.LOOK, act=show),
    Screen(path="/campaigns/{id:int}/share/qr.svg", right=Right.LOOK, act=qr_svg),
    Screen(path="/campaigns/{id:int}/share/qr.png", right=Right.LOOK, act=qr_png),
    Screen(path="/campaigns/{id:int}/share/poster.pdf", right=Right.LOOK, act=print_poster),
)
