"""How campaigns and what sorts them look in v4."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from tearoff.api.v4.option_fields import options_shown
from tearoff.api.v4.shapes import AT, URL
from tearoff.coupons.campaigns import counts, folders
from tearoff.coupons.campaigns.catalogue import Entry
from tearoff.coupons.models import Campaign as CampaignRow
from tearoff.coupons.options import (
    PLAIN,
    Asked,
    Barcode,
    CodeSource,
    Form,
    Method,
    Scratch,
    Text,
)
from tearoff.kit.hours import Hours


class Campaign(msgspec.Struct, frozen=True):
    """A campaign. Moments are in UTC; `timezone` is the zone in which people read them.
    `warnings`: what keeps its coupons from being used, in words. `version` rises with every change;
    `changed_by` is who made the last one that is noted. `issued` coupons, without those whose
    message certainly never left; `sent` messages that a service took; `opened` and `claimed`
    coupons; `redeemed` uses, without those that were taken back; `…_today` in the account's time
    zone. Counts are exact at the moment of the answer."""

    id: int
    code: str
    url: str
    status: str
    name: str
    title: str
    subtitle: str
    description: str
    terms: str
    value: str
    brand: str
    brand_color: str
    language: str
    message_text: str
    timezone: str
    starts_at: datetime | None
    expires_at: datetime | None
    uses: int
    limit_sessions: int | None
    limit_claims: int | None
    limit_validations: int | None
    limit_person: int | None
    limit_day: int | None
    limit_location: int | None
    activation_seconds: int | None
    pause_seconds: int | None
    has_pool: bool
    folder: int | None
    category: int | None
    tags: tuple[str, ...]
    customid: str
    featured: bool
    picture: str | None
    picture_alt: str
    created_at: datetime
    methods: tuple[Method, ...]
    barcode: Barcode
    code_source: CodeSource
    fixed_code: str
    rotating_code: bool
    webshop_url: str
    ask_amount: Asked
    ask_receipt: Asked
    hours: tuple[Hours, ...]
    public_link: bool
    begins: str
    limit_network: int
    reactivates: bool
    lengthens: bool
    form: Form | None
    scratch: Scratch | None
    texts: dict[str, Text]
    withdrawn_text: str
    limit_text: str
    offers_url: str
    help_url: str
    privacy_url: str
    saves: bool
    wallet: bool
    warnings: list[str]
    version: int
    changed_at: datetime | None
    changed_by: str
    issued: int
    sent: int
    opened: int
    claimed: int
    redeemed: int
    opened_today: int
    redeemed_today: int


class Folder(msgspec.Struct, frozen=True):
    id: int
    name: str
    campaigns: int


class Category(msgspec.Struct, frozen=True):
    """`level` 1 is the top."""

    id: int
    name: str
    parent: int | None
    level: int


def show_campaign(
    entry: Entry, link_host: str, standing: counts.Standing = counts.NOTHING
) -> Campaign:
    campaign, shelf = entry.campaign, entry.shelf
    own: dict[str, Any] = {
        "url": f"{link_host}/p/{campaign.code}",
        "folder": shelf.folder_id,
        "category": shelf.category_id,
        "featured": shelf.featured,
        "picture": _picture_url(campaign, link_host),
        "warnings": entry.warnings,
        "changed_at": shelf.changed_at,
        "changed_by": shelf.changed_by,
        **msgspec.structs.asdict(standing.all),
        "opened_today": standing.today.opened,
        "redeemed_today": standing.today.redeemed,
        **options_shown(campaign.options),
    }
    same = {name: getattr(campaign, name) for name in Campaign.__struct_fields__ if name not in own}
    return Campaign(**same, **own)


def _picture_url(campaign: CampaignRow, link_host: str) -> str | None:
    if campaign.picture_id is None:
        return None
    return f"{link_host}/p/{campaign.code}/picture/{campaign.picture_id}.webp"


def show_folder(folder: folders.Folder) -> Folder:
    return Folder(folder.id, folder.name, folder.campaigns)


def show_category(category: folders.Category) -> Category:
    return Category(category.id, category.name, category.parent_id, category.level)


# as the API reference shows them --------------------------------------------------------

CAMPAIGN = Campaign(
    id=100001,
    code="vuhykb",
    url=URL,
    status="active",
    name="Two for one",
    title="2-for-1 cappuccino",
    subtitle="",
    description="",
    terms="",
    value="Second cup free",
    brand="Bean & Leaf",
    brand_color="#0b5d4b",
    language="en",
    message_text="Your coffee: {link}",
    timezone="Europe/Brussels",
    starts_at=None,
    expires_at=datetime(2027, 12, 31, 22, 59, 59, tzinfo=UTC),
    uses=1,
    limit_sessions=None,
    limit_claims=None,
    limit_validations=None,
    limit_person=None,
    limit_day=None,
    limit_location=None,
    activation_seconds=None,
    pause_seconds=None,
    has_pool=False,
    folder=None,
    category=None,
    tags=("drinks", "food"),
    customid="",
    featured=False,
    picture=None,
    picture_alt="",
    created_at=AT,
    warnings=[],
    version=3,
    changed_at=AT,
    changed_by="api",
    issued=1_200,
    sent=1_150,
    opened=640,
    claimed=0,
    redeemed=212,
    opened_today=31,
    redeemed_today=9,
    **options_shown(PLAIN),
)
FOLDER = Folder(100001, "Autumn", 2)
CATEGORY = Category(100001, "Food", None, 1)
