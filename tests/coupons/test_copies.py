"""Copies, templates, drafts, and what a campaign lacks before it is published."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tearoff.coupons.campaigns import campaigns, catalogue, copies, counts, drafts, publishing
from tearoff.coupons.campaigns.catalogue import CampaignChanges
from tearoff.coupons.campaigns.publishing import Facts, missing, reach_of
from tearoff.coupons.rules import CampaignNotFound
from tearoff.coupons.sessions import minting
from tearoff.errors import Invalid
from tests.cast import open_shop

NOW = datetime.now(UTC)
PAST = NOW - timedelta(days=3)


async def changed(services, shop, **values):
    async with services.db.transaction() as db:
        return await catalogue.change(
            db, shop.account, shop.campaign, CampaignChanges(**values), NOW
        )


async def test_a_finished_campaign_copied_three_times(services, shop):
    """Complaint 11: three drafts without codes, coupons and counts; dates that are over are told
    and left empty."""
    async with services.db.transaction() as db:
        campaign = await campaigns.campaign(db, shop.account, shop.campaign)
        await minting.mint(db, campaign, 2, NOW)
        await db.execute(
            "INSERT INTO pool_codes (campaign_id, code) VALUES ($1, 'A')", shop.campaign
        )
        await db.execute("UPDATE campaigns SET has_pool = true WHERE id = $1", shop.campaign)
    await changed(services, shop, starts_at=PAST - timedelta(days=9), expires_at=PAST)
    made = []
    for _ in range(3):
        async with services.db.transaction() as db:
            made.append(await copies.duplicate(db, shop.account, shop.campaign, NOW, by="Anna"))
    assert [one.campaign.name for one in made] == [
        "Two for one (copy)", "Two for one (copy 2)", "Two for one (copy 3)",
    ]  # fmt: skip
    for one in made:
        assert one.emptied == {"starts_at": PAST - timedelta(days=9), "expires_at": PAST}
        found = await catalogue.entry(services.db, shop.account, one.campaign.id)
        campaign = found.campaign
        assert (campaign.status, campaign.starts_at, campaign.expires_at) == ("draft", None, None)
        assert not campaign.has_pool
        assert found.shelf.changed_by == "Anna"
        ids = [campaign.id]
        assert await counts.of_campaigns(services.db, shop.account, ids, NOW.date()) == {}
    async with services.db.transaction() as db:  # a copy of a copy is the next one
        again = await copies.duplicate(db, shop.account, made[0].campaign.id, NOW)
    assert again.campaign.name == "Two for one (copy 4)"


async def test_a_template_is_no_campaign(services, shop):
    """It is not listed, sent or opened, and stays a draft; another account has none of it."""
    db = services.db
    async with db.transaction() as work:
        template = await copies.save_as_template(work, shop.account, shop.campaign, "Ours")
    listed = await catalogue.entries(db, shop.account, catalogue.Filter(), limit=9)
    assert [one.campaign.id for one in listed] == [shop.campaign]
    assert await campaigns.campaign(db, shop.account, template.id) is None
    assert await campaigns.campaign_of_code(db, template.code) is None
    with pytest.raises(CampaignNotFound):
        await catalogue.entry(db, shop.account, template.id)
    assert [one.campaign.name for one in await copies.templates(db, shop.account)] == ["Ours"]
    with pytest.raises(Invalid, match="stays a draft"):
        async with db.transaction() as work:
            status = CampaignChanges(status="active")
            await catalogue.change(work, shop.account, template.id, status, NOW, is_template=None)
    async with db.transaction() as work:
        begun = await copies.start_from(work, shop.account, template.id, "Autumn", NOW)
        assert (begun.campaign.name, begun.campaign.status) == ("Autumn", "draft")
        await catalogue.remove(work, shop.account, template.id, NOW)
    assert await copies.templates(db, shop.account) == []
    other = await open_shop(services)
    for act in (copies.start_from, copies.save_as_template):
        with pytest.raises(CampaignNotFound):
            async with db.transaction() as work:
                more = (NOW,) if act is copies.start_from else ()
                await act(work, other.account, shop.campaign, "", *more)
    with pytest.raises(CampaignNotFound):
        async with db.transaction() as work:
            await copies.duplicate(work, other.account, shop.campaign, NOW)


async def test_a_draft_keeps_what_was_typed_apart_from_the_campaign(services, shop):
    """Complaints 8 and 9: all tabs, one for each person, and the campaign stays as it is."""
    db, args = services.db, (shop.account, shop.campaign)
    before = await catalogue.entry(db, *args)
    typed = {"title": "So\\u0000up\0 \ud800", "expires_at": "31/12/20", "methods": ["pin", "code"]}
    assert await drafts.save_draft(db, *args, 1, typed, 3, NOW)
    assert await drafts.save_draft(db, *args, 2, {"title": "Tea"}, 3, NOW)
    late = NOW - timedelta(seconds=1)
    assert await drafts.save_draft(db, *args, 1, {"title": "earlier"}, 2, late)
    kept = await drafts.draft_of(db, *args, 1)
    assert kept.values == {**typed, "title": "So\\u0000up ?"}
    assert (kept.based_on_version, kept.saved_at) == (3, NOW)
    assert await catalogue.entry(db, *args) == before
    with pytest.raises(Invalid):
        await drafts.save_draft(db, *args, 1, {"terms": "x" * drafts.MOST_BYTES}, 3, NOW)
    other = await open_shop(services)
    assert not await drafts.save_draft(db, other.account, shop.campaign, 9, {}, 1, NOW)
    assert await drafts.draft_of(db, other.account, shop.campaign, 1) is None
    await drafts.drop_draft(db, other.account, shop.campaign, 1)
    assert await drafts.draft_of(db, *args, 1) is not None
    await drafts.drop_draft(db, *args, 1)
    assert await drafts.draft_of(db, *args, 1) is None
    assert await drafts.draft_of(db, *args, 2) is not None


@pytest.mark.parametrize(
    ("values", "facts", "needed"),
    [
        ({}, Facts(), []),
        ({"title": " "}, Facts(), ["title"]),
        ({"expires_at": PAST}, Facts(), ["expires_at"]),
        ({"has_pool": True}, Facts(), ["codes"]),
        ({"has_pool": True}, Facts(codes_left=1), []),
        ({"raw_options": '{"methods":["pin"]}'}, Facts(has_devices=True), ["methods"]),
        ({"raw_options": '{"barcode":"ean13","code":"fixed","fixed_code":"4006381333932"}'},
         Facts(), ["fixed_code"]),
    ],
)  # fmt: skip
async def test_what_a_campaign_lacks(services, shop, values, facts, needed):

    await services.db.execute(
        "UPDATE locations SET pin_mac = NULL WHERE account_id = $1", shop.account
    )
    found = await catalogue.entry(services.db, shop.account, shop.campaign)
    campaign = msgspec.structs.replace(found.campaign, **values)
    entry = msgspec.structs.replace(found, campaign=campaign)
    findings = missing(entry, facts, NOW)
    assert [one.field for one in findings if one.needed] == needed
    assert all(one.said and one.tab for one in findings)


async def test_publishing_says_all_that_is_lacking_and_changes_nothing(services, shop):
    await changed(services, shop, status="draft", title="", expires_at=PAST)
    with pytest.raises(publishing.NotReady) as refused:
        async with services.db.transaction() as db:
            await publishing.publish(db, shop.account, shop.campaign, NOW)
    assert [one.field for one in refused.value.findings] == ["title", "expires_at"]
    found = await catalogue.entry(services.db, shop.account, shop.campaign)
    assert found.campaign.status == "draft"
    await changed(services, shop, title="Soup", expires_at=None)
    async with services.db.transaction() as db:
        done = await publishing.publish(db, shop.account, shop.campaign, NOW, by="Anna")
    assert (done.campaign.status, done.shelf.changed_by) == ("active", "Anna")
    other = await open_shop(services)
    with pytest.raises(CampaignNotFound):
        async with services.db.transaction() as db:
            await publishing.publish(db, other.account, shop.campaign, NOW)


def test_which_changes_reach_coupons_that_are_out():
    told = reach_of(["title", "value", "message_text", "name", "expires_at", "barcode"])
    assert [text.split()[-1] for text in told] == ["once.", "renewed.", "old."]
    assert reach_of(["name", "message_text"]) == []
