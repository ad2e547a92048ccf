"""Apple's and Google's wallets: passes, and the news that one has changed. Nothing here knows a
database."""
