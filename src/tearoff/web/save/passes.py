"""What stands on a coupon's pass in a wallet, and the pictures of Apple's."""

from __future__ import annotations

import io
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import msgspec
from PIL import Image, ImageDraw, ImageFont, ImageOps

from tearoff.coupons import rules, symbols
from tearoff.coupons.models import Campaign
from tearoff.coupons.options import Barcode
from tearoff.coupons.rules import State
from tearoff.coupons.sessions.behind_link import Linked
from tearoff.coupons.wallets import passes
from tearoff.coupons.wallets.pass_updates import google_state, valid_time
from tearoff.kit.codes import shown_code
from tearoff.kit.colors import brand_colors
from tearoff.kit.vault import Vault
from tearoff.providers.wallets import apple, google
from tearoff.web.coupon import personal
from tearoff.web.coupon.offer import offer
from tearoff.web.coupon.savable import has_lasting_code
from tearoff.web.coupon.visits import Visit

VOID = (State.USED, State.EXPIRED, State.WITHDRAWN, State.NO_PRIZE, State.TIME_OVER)
_FONT = Path(str(files("tearoff.web"))) / "vendor" / "noto" / "noto-sans-bold.ttf"
_STRIP = (750, 288)
"""Dots of the picture: 375 x 144 points, twice as fine."""

_COLORS = 128


def apple_pass(
    linked: Linked, visit: Visit, vault: Vault, picture: bytes | None, message: str, now: datetime
) -> apple.Pass:
    campaign, words = linked.campaign, visit.words
    state = rules.state_of(linked.session, campaign, now)
    barcode, content, code = _code(linked, visit, vault, state, now)
    serial = passes.serial_of(vault, linked.session.id)
    void, (_, ends) = void_pass(campaign, visit, vault, serial, picture), valid_time(linked)
    return msgspec.structs.replace(
        void,
        ends=ends,
        code=code,
        back=(*void.back, ("link", words("Coupon"), personal.link_of(linked, visit))),
        message=message,
        barcode=barcode if content and barcode in apple.BARCODES else "",
        content=content,
        is_void=state in VOID or linked.is_full,
    )


def void_pass(
    campaign: Campaign, visit: Visit, vault: Vault, serial: str, picture: bytes | None
) -> apple.Pass:
    """What is left of a pass when its coupon was deleted."""
    words, told = visit.words, offer(campaign, visit)
    back = (("text", told.title, told.description), ("terms", visit.words("Terms"), told.terms))
    color = brand_colors(campaign.brand_color).on_light
    return apple.Pass(
        serial=serial,
        organization=campaign.brand or campaign.name,
        description=told.title,
        value_label=told.title if told.value and told.value != told.title else words("Coupon"),
        value=told.value or told.title,
        ends_label=words.pgettext("wallet", "Valid until"),
        ends=None,
        code_label=words("Code"),
        code="",
        back=tuple(part for part in back if part[2]),
        message_label=words("News"),
        message="",
        color=color,
        barcode="",
        content="",
        is_void=True,
        service=f"{visit.public_url}/wallet" if visit.public_url.startswith("https://") else "",
        token=passes.token_of(vault, serial),
        images=images(campaign.brand or campaign.name, color, picture),
    )


def google_pass(linked: Linked, visit: Visit, vault: Vault, now: datetime) -> google.Pass:
    campaign, told = linked.campaign, offer(linked.campaign, visit)
    state = rules.state_of(linked.session, campaign, now)
    barcode, content, code = _code(linked, visit, vault, state, now)
    starts, ends = valid_time(linked)
    picture = f"{visit.public_url}{told.picture}" if told.picture else ""
    return google.Pass(
        serial=passes.serial_of(vault, linked.session.id),
        campaign=campaign.code,
        organization=campaign.brand or campaign.name,
        title=told.value or told.title,
        details=told.description,
        picture=picture,
        color=brand_colors(campaign.brand_color).on_light,
        barcode=barcode if content and barcode in google.BARCODES else "",
        content=content,
        code=code,
        state=google_state(linked, now),
        starts=starts,
        ends=ends,
        link=personal.link_of(linked, visit),
    )


def _code(
    linked: Linked, visit: Visit, vault: Vault, state: State, now: datetime
) -> tuple[Barcode, str, str]:
    """The barcode, what it holds, and what people can read of it."""
    options, session = linked.campaign.options, linked.session
    if not has_lasting_code(linked, state, now) or "code" not in options.methods:
        return "qr", "", ""
    content = personal.lasting_content(linked, visit, vault, now)
    barcode = options.barcode if symbols.can_hold(options.barcode, content) else "qr"
    short = shown_code(session.short_code)
    return barcode, content, short if content.startswith("http") else content


def images(brand: str, color: str, picture: bytes | None) -> dict[str, bytes]:
    """The brand's initial as icon and logo, and the campaign's picture."""
    found = {
        name: _initial(brand[:1].upper() or "%", color, size)
        for name, size in (("icon.png", 29), ("icon@2x.png", 58), ("icon@3x.png", 87),
                           ("logo.png", 50), ("logo@2x.png", 100))
    }  # fmt: skip
    if picture is not None:
        with Image.open(io.BytesIO(picture)) as opened:
            strip = ImageOps.fit(opened.convert("RGB"), _STRIP)
        found["strip@2x.png"] = _png(strip.quantize(_COLORS))
        found["strip.png"] = _png(strip.resize((375, 144)).quantize(_COLORS))
    return found


@lru_cache(64)
def _initial(letter: str, color: str, size: int) -> bytes:
    image = Image.new("RGB", (size, size), "#ffffff")
    font = ImageFont.truetype(_FONT, round(size * 0.62))
    ImageDraw.Draw(image).text((size / 2, size / 2), letter, color, font, anchor="mm")
    return _png(image)


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()
