"""The words of the page on which somebody stops messages."""

from __future__ import annotations

import msgspec


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """`{sender}` is the shop, `{end}` the last digits of a number, `{mail}` a masked address."""

    ask: str
    ask_text: str
    number: str
    mail: str
    stop: str
    back: str
    done: str
    done_text: str
    undo: str
    again: str
    again_text: str
    by_others: str
    nobody: str
    nobody_text: str
    too_old: str


WORDS: dict[str, Words] = {
    "en": Words(
        ask="Stop messages?",
        ask_text="You will get no more messages from {sender}.",
        number="Number ending in {end}",
        mail="E-mail address {mail}",
        stop="Stop messages",
        back="Back to the coupon",
        done="You get no more messages",
        done_text="{sender} sends you nothing more. Your coupon stays valid.",
        undo="Undo",
        again="You get messages again",
        again_text="{sender} may write to you again.",
        by_others="To get messages again, ask {sender}.",
        nobody="We cannot stop messages here",
        nobody_text="This coupon is not tied to a number or e-mail address."
        " Answer STOP to the message that you got.",
        too_old="This page was open for too long. Press the button again.",
    ),
    "nl": Words(
        ask="Geen berichten meer?",
        ask_text="Je krijgt geen berichten meer van {sender}.",
        number="Nummer dat eindigt op {end}",
        mail="E-mailadres {mail}",
        stop="Berichten stoppen",
        back="Terug naar de coupon",
        done="Je krijgt geen berichten meer",
        done_text="{sender} stuurt je niets meer. Je coupon blijft geldig.",
        undo="Ongedaan maken",
        again="Je krijgt weer berichten",
        again_text="{sender} mag je weer schrijven.",
        by_others="Vraag {sender} als je weer berichten wilt krijgen.",
        nobody="Hier kunnen we geen berichten stoppen",
        nobody_text="Deze coupon hoort niet bij een nummer of e-mailadres."
        " Antwoord STOP op het bericht dat je kreeg.",
        too_old="Deze pagina stond te lang open. Druk nog eens op de knop.",
    ),
    "fr": Words(
        ask="Arrêter les messages ?",
        ask_text="Vous ne recevrez plus de messages de {sender}.",
        number="Numéro se terminant par {end}",
        mail="Adresse e-mail {mail}",
        stop="Arrêter les messages",
        back="Retour au bon",
        done="Vous ne recevrez plus de messages",
        done_text="{sender} ne vous enverra plus rien. Votre bon reste valable.",
        undo="Annuler",
        again="Vous recevez à nouveau les messages",
        again_text="{sender} peut à nouveau vous écrire.",
        by_others="Pour recevoir à nouveau des messages, adressez-vous à {sender}.",
        nobody="Impossible d’arrêter les messages ici",
        nobody_text="Ce bon n’est lié à aucun numéro ni à aucune adresse e-mail."
        " Répondez STOP au message que vous avez reçu.",
        too_old="Cette page est restée ouverte trop longtemps. Appuyez à nouveau sur le bouton.",
    ),
    "de": Words(
        ask="Keine Nachrichten mehr?",
        ask_text="Sie bekommen dann keine Nachrichten mehr von {sender}.",
        number="Nummer mit der Endung {end}",
        mail="E-Mail-Adresse {mail}",
        stop="Nachrichten abbestellen",
        back="Zurück zum Coupon",
        done="Sie bekommen keine Nachrichten mehr",
        done_text="{sender} schickt Ihnen nichts mehr. Ihr Coupon bleibt gültig.",
        undo="Rückgängig machen",
        again="Sie bekommen wieder Nachrichten",
        again_text="{sender} darf Ihnen wieder schreiben.",
        by_others="Um wieder Nachrichten zu bekommen, wenden Sie sich an {sender}.",
        nobody="Hier lassen sich keine Nachrichten abbestellen",
        nobody_text="Dieser Coupon gehört zu keiner Nummer oder E-Mail-Adresse."
        " Antworten Sie STOP auf die Nachricht, die Sie bekommen haben.",
        too_old="Diese Seite war zu lange offen. Drücken Sie noch einmal auf den Knopf.",
    ),
    "es": Words(
        ask="¿Dejar de recibir mensajes?",
        ask_text="No recibirá más mensajes de {sender}.",
        number="Número terminado en {end}",
        mail="Dirección de correo {mail}",
        stop="No recibir más mensajes",
        back="Volver al cupón",
        done="No recibirá más mensajes",
        done_text="{sender} no le enviará nada más. Su cupón sigue siendo válido.",
        undo="Deshacer",
        again="Vuelve a recibir mensajes",
        again_text="{sender} puede volver a escribirle.",
        by_others="Para volver a recibir mensajes, pregunte a {sender}.",
        nobody="Aquí no podemos detener los mensajes",
        nobody_text="Este cupón no está unido a ningún número ni dirección de correo."
        " Responda STOP al mensaje que recibió.",
        too_old="Esta página estuvo abierta demasiado tiempo. Pulse el botón otra vez.",
    ),
    "it": Words(
        ask="Non ricevere più messaggi?",
        ask_text="Non riceverai più messaggi da {sender}.",
        number="Numero che termina con {end}",
        mail="Indirizzo e-mail {mail}",
        stop="Non ricevere più messaggi",
        back="Torna al coupon",
        done="Non riceverai più messaggi",
        done_text="{sender} non ti invierà più nulla. Il tuo coupon resta valido.",
        undo="Annulla",
        again="Ricevi di nuovo i messaggi",
        again_text="{sender} può scriverti di nuovo.",
        by_others="Per ricevere di nuovo i messaggi, rivolgiti a {sender}.",
        nobody="Qui non possiamo fermare i messaggi",
        nobody_text="Questo coupon non è legato a un numero o a un indirizzo e-mail."
        " Rispondi STOP al messaggio che hai ricevuto.",
        too_old="Questa pagina è rimasta aperta troppo a lungo. Premi di nuovo il pulsante.",
    ),
    "pt": Words(
        ask="Deixar de receber mensagens?",
        ask_text="Não receberá mais mensagens de {sender}.",
        number="Número terminado em {end}",
        mail="Endereço de e-mail {mail}",
        stop="Não receber mais mensagens",
        back="Voltar ao cupão",
        done="Não receberá mais mensagens",
        done_text="{sender} não lhe envia mais nada. O seu cupão continua válido.",
        undo="Desfazer",
        again="Volta a receber mensagens",
        again_text="{sender} pode voltar a escrever-lhe.",
        by_others="Para voltar a receber mensagens, fale com {sender}.",
        nobody="Aqui não podemos parar as mensagens",
        nobody_text="Este cupão não está ligado a um número nem a um endereço de e-mail."
        " Responda STOP à mensagem que recebeu.",
        too_old="Esta página esteve aberta demasiado tempo. Carregue outra vez no botão.",
    ),
    "pl": Words(
        ask="Nie chcesz więcej wiadomości?",
        ask_text="Nie dostaniesz więcej wiadomości od nadawcy {sender}.",
        number="Numer kończący się na {end}",
        mail="Adres e-mail {mail}",
        stop="Zatrzymaj wiadomości",
        back="Wróć do kuponu",
        done="Nie dostaniesz więcej wiadomości",
        done_text="{sender} niczego już nie wyśle. Kupon pozostaje ważny.",
        undo="Cofnij",
        again="Znów dostajesz wiadomości",
        again_text="{sender} może znów do Ciebie pisać.",
        by_others="Aby znów dostawać wiadomości, zwróć się do nadawcy: {sender}.",
        nobody="Tutaj nie da się zatrzymać wiadomości",
        nobody_text="Ten kupon nie jest powiązany z numerem ani adresem e-mail."
        " Odpowiedz STOP na wiadomość, którą masz.",
        too_old="Ta strona była otwarta zbyt długo. Naciśnij przycisk jeszcze raz.",
    ),
    "ar": Words(
        ask="هل تريد إيقاف الرسائل؟",
        ask_text="لن تصلك رسائل أخرى من {sender}.",
        number="الرقم المنتهي بـ {end}",
        mail="البريد الإلكتروني {mail}",
        stop="إيقاف الرسائل",
        back="العودة إلى القسيمة",
        done="لن تصلك رسائل بعد الآن",
        done_text="لن يرسل إليك {sender} شيئًا بعد الآن. تبقى قسيمتك صالحة.",
        undo="تراجع",
        again="عادت الرسائل تصلك",
        again_text="يمكن لـ {sender} أن يراسلك من جديد.",
        by_others="لتصلك الرسائل من جديد، تواصل مع {sender}.",
        nobody="لا يمكننا إيقاف الرسائل من هنا",
        nobody_text="هذه القسيمة غير مرتبطة برقم أو بريد إلكتروني."
        " أجب بكلمة STOP على الرسالة التي وصلتك.",
        too_old="بقيت هذه الصفحة مفتوحة وقتًا طويلًا. اضغط الزر مرة أخرى.",
    ),
}
