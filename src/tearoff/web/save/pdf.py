"""The coupon on paper: what stands on it, and its PDF."""

from __future__ import annotations

from datetime import datetime

from litestar import route

from tearoff.coupons import rules, symbols
from tearoff.coupons.campaigns import pictures
from tearoff.coupons.models import Campaign
from tearoff.coupons.sessions.behind_link import Linked
from tearoff.kit import clock
from tearoff.kit.bulkhead import Bulkhead
from tearoff.kit.codes import shown_code
from tearoff.kit.hours import in_words
from tearoff.kit.services import Services, services_of
from tearoff.kit.vault import Vault
from tearoff.web.coupon import personal, savable
from tearoff.web.coupon.finding import PERSONAL, find
from tearoff.web.coupon.last_try import to_coupon
from tearoff.web.coupon.offer import offer
from tearoff.web.coupon.standing import prize_of
from tearoff.web.coupon.visits import Part, Visit, network_seen, visit_to
from tearoff.web.paper import notes
from tearoff.web.paper.html import Answer, answer
from tearoff.web.paper.reading import READ, AnyRequest, patiently
from tearoff.web.save.printed import Paper, Told
from tearoff.web.save.save import ALONE

_PRINTING = Bulkhead("papers", at_once=2, waiting=16, after=3)


@route([f"{path}/coupon.pdf" for path in PERSONAL], http_method=READ)
async def show_pdf(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    """The paper; where there is none any more, or none yet, the coupon's page says why."""
    services, now = services_of(request), clock.now()
    found = await find(services, campaign, session)
    if found is None:
        return notes.unknown(request)
    state = rules.state_of(found.session, found.campaign, now)
    if not savable.has_paper(found, state, now):
        return to_coupon(request, found)
    visit = visit_to(request, found)
    picture = await picture_of(services, found.campaign)
    page = paper_of(found, visit, services.vault, picture, now)
    if request.method == "HEAD":
        file = b""
    else:
        file = await _PRINTING.run_for(network_seen(request), _print, page)
    name = f"coupon-{found.session.short_code}.pdf"
    headers = [
        ("content-type", "application/pdf"),
        ("content-disposition", f'inline; filename="{name}"'),
        *ALONE,
    ]
    return answer(200, headers, file)


def _print(paper: Paper) -> bytes:
    # The libraries of fonts and PDFs are a tenth of a start; loaded in the thread that prints.
    from tearoff.web.save.pdf_layout import print_paper  # noqa: PLC0415

    return print_paper(paper)


def paper_of(
    found: Linked, visit: Visit, vault: Vault, picture: bytes | None, now: datetime
) -> Paper:
    campaign, options = found.campaign, found.campaign.options
    words, told = visit.words, offer(campaign, visit)
    has_code = "code" in options.methods
    content = personal.lasting_content(found, visit, vault, now) if has_code else ""
    fits = options.barcode != "qr" and symbols.can_hold(options.barcode, content)
    barcode = options.barcode if fits else "qr"
    hours = in_words(options.hours, visit.language)
    return Paper(
        language=visit.language,
        is_rtl=visit.words.direction == "rtl",
        color=campaign.brand_color,
        brand=campaign.brand,
        title=told.title,
        subtitle=told.subtitle,
        value=prize_of(found, visit) or (told.value if told.value != told.title else ""),
        description=told.description,
        picture=picture,
        show_this=(
            words("Show this at the counter")
            if has_code
            else words("Your code for the webshop")
        ),
        barcode=barcode,
        content=content,
        readable=tuple(_readable(found, content, is_linear=barcode not in symbols.MATRIX,
                                 till_word=words("Code for the till"))),
        dates=tuple(Told(line.words, line.date) for line in savable.dates_of(found, visit, now)),
        hours=words("This coupon can be used:") + " " + " · ".join(hours) if hours else "",
        note=words("Works once: on paper or on a phone.") if campaign.uses == 1 else "",
        terms=told.terms,
        terms_word=words("Terms"),
        more_terms=words("… All terms are on the coupon’s page."),
        footer=words("A coupon from {brand}", brand=campaign.brand) if campaign.brand else "",
    )  # fmt: skip


def _readable(found: Linked, content: str, *, is_linear: bool, till_word: str) -> list[Told]:
    """What staff can type: the bars' own text or the short code, and the shop's own code."""
    session, options = found.session, found.campaign.options
    own = session.validation_code or options.fixed_code
    short = shown_code(session.short_code)
    if not content:
        return [Told("", own or short)]
    lines = [Told("", content if is_linear and len(content) <= 100 else short)]
    if own and own != lines[0].text:
        lines.append(Told(till_word, own))
    return lines


async def picture_of(services: Services, campaign: Campaign) -> bytes | None:
    if campaign.picture_id is None:
        return None
    reading = pictures.picture_of_code(services.db, campaign.code, campaign.picture_id)
    picture = await patiently(reading)
    return None if picture is None else bytes(picture.webp)


HANDLERS = [show_pdf]
