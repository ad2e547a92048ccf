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


PLAIN = """
en: Please stop | S.T.O.P. | S T O P | s-t-o-p | ＳＴＯＰ | STOP36111 | Stop 36111 | stop!!! 😡 | 🛑
en: stop texting me | Please stop texting me | Stop sending me these messages, please. Thank you
en: stop messages | end texts | Quit sending sms | stop all | Stop, thanks | OK stop
en: Hi, stop please
en: No more texts | Take me off your list! | don't text me | Do not contact me | unsubscribe me
en: can you stop texting me | stop sending texts to my phone | Stop. Thank you | STOP STOP STOP
en: STOOOOP | "STOP" | (stop) | *STOP* | opt-out | opt out
en: st\u200bop | ST\u00adOP | \u202dSTOP\u202c
en: please stop sending text reminders
en: please stop sending texts | STOP\u00a0 | cancel subscription | cancel, please | End | Quit now
fr: Désinscription | Arrêtez | Stoppez | STOP au 36111 | STOP36180 | stop svp | Stop merci
fr: Arrêt s'il vous plaît | Bonjour, stop SMS | Désabonnez-moi | arrêtez de m'envoyer des sms
fr: Plus de SMS | Me désabonner | Ne m'envoyez plus de messages | STOP PUB svp | Résiliation
nl: Stop alle berichten | Stop aub | stop a.u.b. | Afmelden graag | Schrijf me uit | Meld me af
nl: uitschrijven alsjeblieft | Geen sms meer | stop met sms sturen | stop met berichten | Stoppen
de: Abmeldung | Stopp bitte | bitte abmelden | Keine SMS mehr | keine Werbung mehr | Aufhören!
de: Melden Sie mich ab | Guten Tag, abmelden bitte | Bitte keine Nachrichten mehr | Kündigen
es: BAJA | Baja por favor | Darme de baja | no más mensajes | Cancelar, gracias | Pare
es: No me envíen más mensajes | alto | Dejen de enviarme mensajes | Hola, baja por favor
pt: Sair | Parar por favor | Não quero mais mensagens | cancelar obrigada | Pare de enviar mensagens
pt: Pare de me enviar mensagens | Remover | Quero sair | Olá, parar
it: Arresta | Basta messaggi | stop per favore | Cancellami grazie | Disiscrizione | Basta
it: Non mandatemi più messaggi | disiscrivimi | Niente più sms | Ciao, stop grazie
pl: Wypisz mnie | Proszę stop | Rezygnuję | Usuń mój numer | Nie wysyłajcie więcej wiadomości
pl: Dzień dobry, proszę mnie wypisać | Koniec sms | Przestańcie wysyłać | usun | WYPISZ
ar: توقف | من فضلك توقف | إلغاء الاشتراك | الغاء الاشتراك شكرا | أوقفوا الرسائل | ستوب | قِف
ar: لا ترسلوا رسائل | توقفوا عن إرسال الرسائل | إيقاف | لو سمحت إيقاف
ru: СТОП | стоп! | Отписка
"""
MAYBE = """
en: Cancel my 5pm | Quit smoking! | Cancel 5pm | cancel 1730 | Can you cancel? | bus stop
en: I want you to stop | could you cancel my order please | don't stop | Don't stop texting me
en: Stop by the shop at 5? | The end | end of the day | non-stop fun today, thanks | not stop
en: I'll stop by later | remove the onions please | cancel my message at 5pm | No more
en: We have got to STOP this terrible bill from passing!! | the offer was good but please stop
en: Not interested | stop 5pm | I am at 12 Stop Street | is it the end? | stop me if you know it
fr: Arrêt de bus ? | Je m'arrête à 5h, stop | annuler ou stop ? | le bus s'arrête: arrêt Midi
nl: Ik stop om 5 uur | bushalte stop | Kan ik stoppen met roken | stop morgen
de: Stop am Montag? | Wann ist die Abmeldung fällig | Abmelden morgen | Kündigen kann ich wann?
es: Cancelar mi cita de las 5 | es muy alto | la temperatura baja | baja a la calle
pt: Cancelar a reserva de amanhã | vou sair agora com o João | não parar
it: Basta un caffè | cancella il tavolo delle 8 | Ferma al semaforo
pl: Koniec pracy o 17 | usuń rezerwację na 17
ar: إلغاء الموعد غدا | توقف الباص هنا
"""
WISHES = """
en: Do not EVER contact me again | don't ever text me | never message me again | Do not contact me
en: quit contacting me | please leave me alone! | take me off this | remove me from here
en: no more texts ok?! | unsubscribe me | I dont want your messages | You should not be texting me
en: stop it, no more messages | I never signed up for this | Lose my number | DON’T CALL ME AGAIN
en: I do not wish to hear from you | cease and desist | this is spam | wrong number, sorry
en: Please take my number off your list, thanks Jan | I don’t want this anymore
fr: ne m'écrivez plus | ne plus me contacter | retirez-moi | Merci de ne plus jamais m'écrire
fr: Je ne veux plus recevoir vos pubs | Laissez-moi tranquille à la fin | supprimez mon numéro svp
fr: N'ENVOYEZ PLUS RIEN | arrêtez de me harceler | je ne veux pas d'e-mails
nl: geen berichten meer | stuur me niets meer | Nooit meer contact opnemen | haal me eraf
nl: ik wil geen sms van jullie ontvangen | schrijf mij niet meer | verwijder mijn nummer aub
de: keine Nachrichten mehr | nicht mehr schreiben | Bitte nie wieder kontaktieren
de: Schreibt mir nicht | Ich möchte von Ihnen keinerlei Werbung erhalten
de: Nehmen Sie mich bitte raus | LASST MICH IN RUHE!
es: no me escriban más | no quiero más mensajes | Nunca me vuelvan a contactar | Déjenme en paz
es: no deseo recibir sus promociones | borren mi número por favor | no me llamen
pt: não me escrevam mais | não quero mais mensagens | Nunca mais me contactem | Me tirem da lista
pt: não desejo receber promoções | deixem-me em paz, por favor
it: non scrivetemi più | non voglio più i vostri messaggi | Non contattatemi mai più
it: Lasciatemi in pace | toglietemi dalla lista | non mandate altro
pl: nie piszcie do mnie | Nie kontaktujcie się ze mną więcej | Nigdy więcej SMS-ów
pl: dajcie mi spokój | nie życzę sobie reklam | proszę o usunięcie mojego numeru
ar: لا تراسلوني | لا ترسلوا لي أي شيء | لا تتصلوا بي | احذفوا رقمي | لا أريد أي رسائل منكم | اتركوني
ru: не пишите мне
"""
NOT = """
en: I will contact you | don't forget my coffee | Never had better coffee | No thanks | not today
en: text me the address | Call me tomorrow | the best offer ever | I never drink tea | no sugar
fr: je vous contacte demain | pas de sucre | plus de café svp | appelez-moi
nl: ik contacteer u morgen | geen suiker | niet nu | stuur maar
de: ich schreibe morgen | kein Zucker | nicht heute
es: le escribo mañana | sin azúcar | no gracias
pt: escrevo amanhã | sem açúcar | não obrigada
it: vi scrivo domani | senza zucchero | non oggi
pl: napiszę jutro | bez cukru | nie dziękuję
ar: سأكتب لكم غدا | بدون سكر
en: thank you | yes | What time do you open? | start the car | help me move | I am interested | 1730
fr: merci, à demain | c'est où ? | oui
nl: Is het gratis? | Wat kost het aub? | ja graag
de: Danke schön | Gibt es das morgen noch?
es: gracias | ¿dónde está? | sí
pt: obrigada | qual é o horário?
it: grazie mille | dove siete?
pl: dziękuję | o której otwieracie?
ar: شكرا | متى تفتحون؟
"""


def rows(table):
    lines = (line.partition(": ") for line in table.strip().splitlines())
    return [
        pytest.param(text, id=f"{language}-{text}")
        for language, _, texts in lines
        for text in texts.split(" | ")
    ]


@pytest.mark.parametrize("text", rows(PLAIN))
def test_plain_stop(text):
    assert read_keyword(text) is Keyword.STOP
    assert read_keyword(text.upper()) is Keyword.STOP
    assert read_keyword(f" {text.lower()}\r\n") is Keyword.STOP


@pytest.mark.parametrize("text", rows(MAYBE))
def test_a_stop_word_in_a_sentence_is_for_a_person_to_read(text):
    assert read_keyword(text) is Keyword.MAYBE_STOP
    assert read_keyword(text.upper()) is Keyword.MAYBE_STOP


@pytest.mark.parametrize("text", rows(WISHES))
@pytest.mark.parametrize("form", ["{}", "Hi Jan, {}", "{} - 0470 00 00 00\nJan Peeters"])
def test_no_wish_to_be_left_alone_goes_by(text, form):
    for spelled in (text, text.upper(), text.lower()):
        assert read_keyword(form.format(spelled)) in (Keyword.STOP, Keyword.MAYBE_STOP)


@pytest.mark.parametrize("text", rows(NOT))
def test_no_stop(text):
    assert read_keyword(text) is Keyword.NONE


@pytest.mark.parametrize(
    "signature",
    [
        "\n-- \nJan Peeters\nBakery", "\n--\nJan", "\r\n\r\nSent from my iPhone", "\n___\nJan",
        "\nEnvoyé de mon iPhone", "\nVerzonden vanaf mijn Samsung", "\nVon meinem iPhone gesendet",
        "\nEnviado desde mi iPhone", "\nInviato da iPhone", "\nEnviado do meu iPhone",
        "\nWysłane z iPhone'a", "\nأُرسلت من الآيفون", "\nGet Outlook for iOS",
    ],
)  # fmt: skip
@pytest.mark.parametrize("text", ["STOP", "Stop please", "Cancel", "Désinscription", "Wypisz mnie"])
def test_signatures_mean_nothing(text, signature):
    assert read_keyword(text + signature) is Keyword.STOP
    assert read_keyword("See you at 5" + signature) is Keyword.NONE


def test_a_line_of_its_own_above_a_name_is_a_stop():
    assert read_keyword("STOP\n\nJan Peeters\n0470 00 00 00") is Keyword.STOP
    assert read_keyword("Stop.\n> 2 for 1 at Bean & Leaf\n> Reply STOP to end") is Keyword.STOP
    assert read_keyword("Cancel\nmy table at 5") is Keyword.MAYBE_STOP
    assert read_keyword("2 for 1 is great\nSTOP the bus") is Keyword.MAYBE_STOP


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
