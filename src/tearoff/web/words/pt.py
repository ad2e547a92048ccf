"""Portuguese."""

import msgspec

from tearoff.web.words.en import EN

PT = msgspec.structs.replace(EN, name="Português")
