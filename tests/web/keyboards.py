"""Hand scanners as a browser meets them: keys of a keyboard, and what a machine that is set to some
country makes of each. CDP sends the key's place (`code`) and what came of it (`key`)."""

from __future__ import annotations

from dataclasses import dataclass

PLACES = [
    "Backquote", *(f"Digit{n}" for n in "1234567890"), "Minus", "Equal",
    *(f"Key{letter}" for letter in "QWERTYUIOP"), "BracketLeft", "BracketRight", "Backslash",
    *(f"Key{letter}" for letter in "ASDFGHJKL"), "Semicolon", "Quote",
    *(f"Key{letter}" for letter in "ZXCVBNM"), "Comma", "Period", "Slash",
]  # fmt: skip

LAYOUTS = {
    "us": ("`1234567890-=qwertyuiop[]\\asdfghjkl;'zxcvbnm,./",
           '~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:"ZXCVBNM<>?'),
    "international": ("`1234567890-=qwertyuiop[]\\asdfghjkl;'zxcvbnm,./",
                      '~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:"ZXCVBNM<>?'),
    "french": ("²&é\"'(-è_çà)=azertyuiop^$*qsdfghjklmùwxcvbn,;:!",
               "²1234567890°+AZERTYUIOP¨£µQSDFGHJKLM%WXCVBN?./§"),
    "german": ("^1234567890ß´qwertzuiopü+#asdfghjklöäyxcvbnm,.-",
               "°!\"§$%&/()=?`QWERTZUIOPÜ*'ASDFGHJKLÖÄYXCVBNM;:_"),
    "russian": ("ё1234567890-=йцукенгшщзхъ\\фывапролджэячсмитьбю.",
                'Ё!"№;%:?*()_+ЙЦУКЕНГШЩЗХЪ/ФЫВАПРОЛДЖЭЯЧСМИТЬБЮ,'),
}  # fmt: skip
"""What stands on the keys of `PLACES`, without Shift and with it."""

DEAD = {"international": "`~^'\"", "french": "^¨", "german": "^´`"}
"""Signs for which a machine waits for the next key."""

ALT_GR = {"german": {"]": "Digit9", "[": "Digit8"}, "french": {"]": "Minus", "[": "Digit5"}}
NAMED = {"\r": "Enter", "\t": "Tab", "\x1d": "F8"}
_NUMBERS = {"Enter": 13, "Tab": 9, " ": 32, "F8": 119}
_SHIFT = 8


def numbers_of(text: str) -> list[Key]:
    """As scanners type that know no keyboard: the numbers of the signs while Alt is held, as
    Windows takes them."""
    return [Numbered(sign) for sign in text]


@dataclass
class Key:
    place: str
    made: str
    modifiers: int = 0

    def events(self) -> list[dict[str, object]]:
        """As CDP's `Input.dispatchKeyEvent` takes them."""
        key = {"code": self.place, "key": self.made, "modifiers": self.modifiers}
        if self.made in _NUMBERS:
            key["windowsVirtualKeyCode"] = _NUMBERS[self.made]
        typed = "\r" if self.made == "Enter" else self.made if len(self.made) == 1 else ""
        down = {"type": "keyDown", "text": typed} if typed else {"type": "rawKeyDown"}
        return [down | key, {"type": "keyUp"} | key]


class Numbered(Key):
    def __init__(self, sign: str) -> None:
        super().__init__("", sign)

    def events(self) -> list[dict[str, object]]:
        alt = {"code": "AltLeft", "key": "Alt"}
        keys = [{"code": f"Numpad{n}", "key": n, "modifiers": 1} for n in f"{ord(self.made):04}"]
        pressed = [
            event | key for key in keys for event in ({"type": "rawKeyDown"}, {"type": "keyUp"})
        ]
        return [{"type": "rawKeyDown", "modifiers": 1} | alt, *pressed, {"type": "keyUp"} | alt]


def keys_of(
    text: str, *, scanner: str = "us", machine: str = "us", caps: bool = False
) -> list[Key]:
    """The keys that a scanner of one country presses on a machine of another."""
    keys = [_key(sign, scanner, machine, caps) for sign in text]
    for before, key, sign in zip(keys, keys[1:], text, strict=False):
        if before.made == "Dead":  # no letter that has the accent: both come at once
            key.made = sign + key.made if len(key.made) == 1 else key.made
    return keys


def _key(sign: str, scanner: str, machine: str, caps: bool) -> Key:
    if sign in NAMED:
        return Key(NAMED[sign], NAMED[sign])
    if sign == " ":
        return Key("Space", " ")
    if sign in ALT_GR.get(scanner, {}):
        assert scanner == machine
        return Key(ALT_GR[scanner][sign], sign, 1 | 2)
    shift = sign not in LAYOUTS[scanner][0]
    place = LAYOUTS[scanner][shift].index(sign)
    made = LAYOUTS[machine][shift][place]
    if made in DEAD.get(machine, ""):
        made = "Dead"
    elif caps:
        made = made.swapcase()
    return Key(PLACES[place], made, _SHIFT if shift else 0)
