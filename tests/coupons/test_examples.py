"""Examples to begin with: whole in every language of the dashboard, and ready to publish."""

from datetime import UTC, datetime

import pytest

from tearoff.coupons.campaigns import catalogue, examples, publishing
from tests.cast import open_shop

NOW = datetime.now(UTC)
LANGUAGES = ("en", "nl", "fr", "de", "es")


@pytest.mark.parametrize("name", list(examples.examples()))
@pytest.mark.parametrize("language", [*LANGUAGES, "pl"])
async def test_an_example_is_a_draft_that_lacks_nothing(services, name, language):
    shop = await open_shop(services)
    image = await examples.prepared_picture(name)
    async with services.db.transaction() as db:
        made = await examples.start(
            db, shop.account, name, image, language=language, timezone="Europe/Brussels",
            brand="Bean & Leaf", now=NOW, by="Anna",
        )  # fmt: skip
    found = await catalogue.entry(services.db, shop.account, made.id)
    text = examples.example(name).text(language)
    assert (found.campaign.title, found.campaign.picture_alt) == (text.title, text.alt)
    assert found.campaign.status == "draft"
    facts = publishing.Facts(has_devices=True)
    assert publishing.missing(found, facts, NOW) == []


def test_each_says_something_of_its_own_in_every_language():
    for name, example in examples.examples().items():
        assert tuple(example.texts) == LANGUAGES
        assert len(examples.picture(name)) < 40_000
        for said in zip(*((t.title, t.description, t.terms, t.message_text, t.alt)
                          for t in example.texts.values()), strict=True):  # fmt: skip
            assert len({*said}) == len(LANGUAGES), said
        assert all("{link}" in text.message_text for text in example.texts.values())


async def test_no_example_of_another_name():
    with pytest.raises(examples.ExampleNotFound):
        await examples.prepared_picture("../texts")
