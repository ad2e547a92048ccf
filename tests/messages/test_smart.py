import pytest

from tearoff.messages.segments import GSM_7, UCS_2, measure
from tearoff.messages.smart import accents, typography


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("It’s here – your “20% off” coupon…", 'It\'s here - your "20% off" coupon...'),
        ("prix :\u00a05\u202f€", "prix : 5 €"),
        ("e\u0301t\u00e9", "été"),
        ("soft\u00adhyphen\u200b", "softhyphen"),
    ],
)
def test_typography_is_written_in_gsm7(text, becomes):
    assert typography(text).text == becomes
    assert measure(becomes).encoding == GSM_7


@pytest.mark.parametrize("text", ["你好 “世界”", "Γειά σου Άννα…", "Привет – мир"])
def test_other_scripts_are_left_alone(text):
    assert typography(text).text == text
    assert accents(text).text == text


def test_accents_stay_unless_asked_for():
    text = "vóór €5, prêt, Łukasz"
    assert measure(typography(text).text).encoding == UCS_2
    assert accents(text).text == "voor €5, pret, Lukasz"


def test_tells_what_was_replaced():
    assert typography("a–b–c…").replaced == (("–", "-"), ("…", "..."))


def test_characters_of_gsm7_are_never_touched():
    text = "à è é ù ì ò ñ ä ö ü ß å ø æ § € £ ¥ ¿ ¡ Ω {[~]}"
    assert accents(text).text == text
