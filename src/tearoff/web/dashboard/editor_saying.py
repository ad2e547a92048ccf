"""Sentences of the rooms below that the editor says in the person's language."""

from __future__ import annotations

from tearoff.kit.words import phrase

SAID_BELOW = (
    phrase("No location of this campaign has a PIN: nobody can take its coupons in."),
    phrase("Say in a title what the coupon is for."),
    phrase("There is no picture: the page and the link’s preview show a drawn one."),
    phrase("Say what the picture shows, for whoever cannot see it."),
    phrase("The end lies in the past."),
    phrase("The end must be after the start."),
    phrase("Without an end its coupons can be used for ever."),
    phrase("No codes are left in the imported list: import more, or no coupon is made."),
    phrase(
        "The barcode holds the coupon’s own code, and there is no list of codes: coupons "
        "get one only over the API."
    ),
    phrase("No location has a PIN: nobody can take these coupons in."),
    phrase(
        "No device of your staff is paired and no location has a PIN: coupons are taken "
        "in only over the API."
    ),
    phrase("The message does not say where the link goes: it is put at its end."),
)
"""What a campaign lacks before it is published (`coupons.campaigns.publishing`), and a warning of
`coupons.campaigns.catalogue`."""
