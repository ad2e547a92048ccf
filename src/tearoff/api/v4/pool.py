"""`/v4/campaigns/{id}/codes`: a campaign's own validation codes, imported from a list."""

from __future__ import annotations

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v4.lists import ASKED, MOST_BYTES, NUMERIC, asked_of
from tearoff.api.v4.operation import File, Operation, encode
from tearoff.api.v4.sessions import CAMPAIGN_ID
from tearoff.coupons.campaigns.campaigns import campaign
from tearoff.coupons.pools import importing, pools
from tearoff.coupons.pools.importing import CheckedCodes, ImportedCodes, LeftOut
from tearoff.coupons.rules import CampaignNotFound
from tearoff.kit.db import Handle
from tearoff.kit.spool import Upload
from tearoff.kit.tables.models import Reading
from tearoff.kit.tables.reading import opened


class Pool(msgspec.Struct, frozen=True):
    """`left` codes are free; `low` is the mark below which a `pool_low` event is told."""

    left: int
    low: int


async def get_pool(call: Call, db: Handle) -> Pool:
    if await campaign(db, call.account.id, call.given["id"]) is None:
        raise CampaignNotFound
    low = await pools.mark(db, call.account.id, call.given["id"])
    return Pool(await pools.left(db, call.given["id"]), low)


async def _check_campaign(call: Call) -> None:
    if await campaign(call.doors.services.db, call.account.id, call.given["id"]) is None:
        raise CampaignNotFound


async def import_codes(call: Call, upload: Upload) -> tuple[int, bytes]:
    """All or nothing: a list that breaks off changes nothing."""
    async with (
        opened(upload.path, importing.COLUMN, asked_of(call)) as table,
        call.doors.services.db.transaction() as db,
    ):
        campaign_id = call.given["id"]
        done = await importing.import_codes(db, call.account.id, campaign_id, table)
        await call.note(
            db, "campaign.codes", subject=str(campaign_id), after={"imported": done.imported}
        )
    return 200, encode(done)


async def check_codes(call: Call, upload: Upload) -> tuple[int, bytes]:
    """Nothing is kept of it."""
    async with (
        opened(upload.path, importing.COLUMN, asked_of(call)) as table,
        call.doors.services.db.transaction() as db,
    ):
        done = await importing.check_codes(db, call.account.id, call.given["id"], table)
    return 200, encode(done)


_TAG = "Campaigns"
_READING = Reading(
    "csv", "utf-8", ";", "", True, "Gutschein",
    "first line read as header: column 'Gutschein' taken",
)  # fmt: skip

OPERATIONS = (
    Operation(
        method="GET",
        path="/v4/campaigns/{id}/codes",
        tag=_TAG,
        right=Right.LOOK,
        summary="How many of the campaign's own codes are left.",
        path_fields=(CAMPAIGN_ID,),
        act=get_pool,
        errors=(502,),
        answers={200: ("What is left.", Pool)},
        example=Pool(left=99_318, low=100),
    ),
    Operation(
        method="POST",
        path="/v4/campaigns/{id}/codes",
        tag=_TAG,
        right=Right.EDIT,
        verb="campaign.codes",
        summary="Import validation codes, up to 1,000,000: one a line, or a CSV or XLSX with a"
        " column of them, as any program writes it. From then on each new session of the"
        " campaign gets the next one. Codes that are there already are left out and named by"
        " their line; a list in which something is no code is refused whole.",
        path_fields=(CAMPAIGN_ID,),
        query=(*ASKED, NUMERIC),
        takes=File("codes", "text/csv", MOST_BYTES, "code\nAUTUMN-0001\nAUTUMN-0002\n"),
        before=_check_campaign,
        act_on_upload=import_codes,
        errors=(201, 301, 502),
        answers={200: ("What was imported and what was left out.", ImportedCodes)},
        example=ImportedCodes(
            99_999,
            1,
            [LeftOut(7, "AUTUMN-0007", "twice in this list")],
            0,
            [],
            100_000,
            _READING,
            1,
        ),
    ),
    Operation(
        method="POST",
        path="/v4/campaigns/{id}/codes/check",
        tag=_TAG,
        right=Right.EDIT,
        summary="Look at a list of validation codes and import none: what would come in, what would"
        " be left out and why, and what keeps the list from being taken.",
        path_fields=(CAMPAIGN_ID,),
        query=(*ASKED, NUMERIC),
        takes=File("codes", "text/csv", MOST_BYTES, "code\nAUTUMN-0001\nAUTUMN-0002\n"),
        before=_check_campaign,
        act_on_upload=check_codes,
        errors=(201, 301, 502),
        answers={200: ("What importing it would do.", CheckedCodes)},
        example=CheckedCodes(
            99_998,
            1,
            0,
            0,
            1,
            0,
            [
                LeftOut(7, "AUTUMN-0007", "twice in this list"),
                LeftOut(
                    9,
                    "4006381333932",
                    "4006381333932 does not fit the campaign's barcode (ean13)."
                    " The last digit should be 1.",
                ),
            ],
            100_000,
            _READING,
        ),
    ),
)  # fmt: skip
