import pytest
from hypothesis import given
from hypothesis import strategies as st

from tearoff.people.keywords import STOP_WORDS, Keyword, read_keyword

LISTED = """STOP|STOPALL|STOP ALL|STOPP|UNSUBSCRIBE|CANCEL|END|QUIT|REVOKE|OPTOUT|OPT-OUT|OPT OUT
REMOVE|ARRET|ARRETE|ARRETER|ARRETT|DESABONNER|DESINSCRIRE|STOPSMS|STOP SMS|STOPPEN|AFMELDEN
UITSCHRIJVEN|AFZETTEN|ABMELDEN|ABBESTELLEN|AUSTRAGEN|BAJA|ALTO|PARAR|CANCELAR|SAIR|REMOVER
ARRESTA|DISISCRIVI|CANCELLA"""


@pytest.mark.parametrize("word", LISTED.replace("\n", "|").split("|"))
@pytest.mark.parametrize("form", ["{}", "  {}!! ", "«{}» 🙏", "{} please"])
def test_stop_in_every_language(word, form):
    assert read_keyword(form.format(word)) is Keyword.STOP
    assert read_keyword(form.format(word.lower())) is Keyword.STOP


@pytest.mark.parametrize("text", ["Arrêt", "arrêté", "Désabonner", "stop.", "Stop alle berichten"])
def test_stop_with_accents_and_company(text):
    assert read_keyword(text) is Keyword.STOP


@pytest.mark.parametrize(
    "text", ["Please stop texting me", "I want you to stop", "could you cancel my order please"]
)
def test_a_stop_word_in_a_sentence_is_for_a_person_to_read(text):
    assert read_keyword(text) is Keyword.MAYBE_STOP


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        ("START", Keyword.START),
        ("unstop", Keyword.START),
        ("yes", Keyword.NONE),
        ("HELP", Keyword.HELP),
        ("Hulp?", Keyword.HELP),
        ("", Keyword.NONE),
        ("🙏", Keyword.NONE),
        ("thank you", Keyword.NONE),
        ("non-stop fun today, thanks", Keyword.MAYBE_STOP),
    ],
)
def test_other_words(text, keyword):
    assert read_keyword(text) is keyword


@given(st.text(), st.sampled_from(sorted(STOP_WORDS)))
def test_no_reply_breaks_it_and_none_hides_a_stop_word(text, word):
    assert read_keyword(text) in Keyword
    assert read_keyword(f"{text} {word}") in (Keyword.STOP, *_OTHERS)
    assert read_keyword(f"{text} {word}") is not Keyword.NONE


_OTHERS = (Keyword.MAYBE_STOP, Keyword.START, Keyword.HELP)
