import pytest

from tearoff.kit.folding import asked_words, words_of


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("Zoë", None), ("zoe",)), (("ZOË", ""), ("zoe",)), (("Zoe\u0308",), ("zoe",)),
        (("IŞIK",), ("isik",)), (("ışık",), ("isik",)), (("İpek",), ("ipek",)),
        (("Jean-Luc", "O'Brien"), ("jeanluc", "jean", "luc", "obrien", "o", "brien")),
        (("Jørgen", "Großmann"), ("jorgen", "grossmann")), (("Łukasz", "Đặng"), ("lukasz", "dang")),
        (("李", "小龙"), ("李", "小龙")), (("ΣΊΣΥΦΟΣ",), ("σισυφοσ",)), (("Ёлка",), ("елка",)),
        (("김",), ("김",)), (("--", "?!"), ()), ((None, None), ()), (("ﬁona",), ("fiona",)),
        (("Ann", "ann"), ("ann",)),
    ],
)  # fmt: skip
def test_names_become_words(names, words):
    assert words_of(*names) == words


def test_what_is_asked_begins_words():
    for text, names in (
        ("jean luc", ("Jean-Luc",)), ("jean-l", ("Jean-Luc",)), ("jeanl", ("Jean-Luc",)),
        ("o'brien", ("O’Brien",)), ("obri", ("O'Brien",)), ("isi", ("IŞIK",)), ("IŞI", ("ışık",)),
        ("김", ("김철수",)), ("strasse", ("Straße",)), ("STRASSE", ("Straße",)),
    ):  # fmt: skip
        words = words_of(*names)
        assert all(any(w.startswith(asked) for w in words) for asked in asked_words(text)), text


def test_long_names_stay_within_bounds():
    words = words_of(" ".join(f"w{n}" for n in range(50)), "x" * 500)
    assert len(words) == 16
    assert max(map(len, words)) <= 50
