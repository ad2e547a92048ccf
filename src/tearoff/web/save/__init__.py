"""Taking a coupon along: as a PDF, in a calendar, in a wallet, by mail to oneself."""
