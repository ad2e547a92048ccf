"""What is said to somebody who has a coupon of this offer already and has lost its link."""

from __future__ import annotations

import msgspec


class Words(msgspec.Struct, frozen=True):
    """`send` is on a button; `sent` is true whether the message leaves or may not. `body` is the
    message."""

    send: str
    sent: str
    hint: str
    full: str
    network_full: str
    not_sent: str
    body: str


WORDS = {
    "en": Words(
        send="Send the link to {to}",
        sent="The link should reach {to} in a few minutes, unless messages were stopped there.",
        hint="If it does not come, ask the shop.",
        full="The link was sent there three times today. Look for the message, or ask the shop.",
        network_full="Too many links were asked for from this network. Try again in an hour, or"
        " switch off wifi and use mobile data.",
        not_sent="The link could not be sent. Try again later, or ask the shop.",
        body="Here is the link to your coupon again ({code}).",
    ),
    "nl": Words(
        send="Stuur de link naar {to}",
        sent="De link komt binnen enkele minuten aan op {to}, tenzij berichten daar zijn"
        " stopgezet.",
        hint="Komt hij niet, vraag het dan in de winkel.",
        full="De link is daar vandaag al drie keer naartoe gestuurd. Zoek het bericht, of vraag het"
        " in de winkel.",
        network_full="Vanaf dit netwerk zijn te veel links gevraagd. Probeer het over een uur"
        " opnieuw, of zet wifi uit en gebruik mobiele data.",
        not_sent="De link kon niet worden verstuurd. Probeer het later, of vraag het in de winkel.",
        body="Hier is de link naar je coupon nog eens ({code}).",
    ),
    "fr": Words(
        send="Envoyer le lien à {to}",
        sent="Le lien devrait arriver à {to} dans quelques minutes, sauf si les messages y ont été"
        " arrêtés.",
        hint="S’il n’arrive pas, demandez au magasin.",
        full="Le lien y a été envoyé trois fois aujourd’hui. Cherchez le message, ou demandez au"
        " magasin.",
        network_full="Trop de liens ont été demandés depuis ce réseau. Réessayez dans une heure, ou"
        " coupez le wifi et utilisez les données mobiles.",
        not_sent="Le lien n’a pas pu être envoyé. Réessayez plus tard, ou demandez au magasin.",
        body="Voici de nouveau le lien vers votre bon ({code}).",
    ),
    "de": Words(
        send="Link an {to} senden",
        sent="Der Link sollte in wenigen Minuten bei {to} ankommen, außer wenn Nachrichten dort"
        " abbestellt sind.",
        hint="Kommt er nicht, fragen Sie im Geschäft.",
        full="Der Link wurde heute dreimal dorthin geschickt. Suchen Sie die Nachricht, oder fragen"
        " Sie im Geschäft.",
        network_full="Aus diesem Netz wurden zu viele Links verlangt. Versuchen Sie es in einer"
        " Stunde wieder, oder schalten Sie WLAN aus und nutzen Sie mobile Daten.",
        not_sent="Der Link konnte nicht gesendet werden. Versuchen Sie es später, oder fragen Sie"
        " im Geschäft.",
        body="Hier ist noch einmal der Link zu Ihrem Coupon ({code}).",
    ),
    "es": Words(
        send="Enviar el enlace a {to}",
        sent="El enlace debería llegar a {to} en unos minutos, salvo si allí se han detenido los"
        " mensajes.",
        hint="Si no llega, pregunte en la tienda.",
        full="El enlace ya se envió allí tres veces hoy. Busque el mensaje o pregunte en la"
        " tienda.",
        network_full="Desde esta red se han pedido demasiados enlaces. Inténtelo dentro de una"
        " hora, o apague el wifi y use los datos móviles.",
        not_sent="No se pudo enviar el enlace. Inténtelo más tarde o pregunte en la tienda.",
        body="Aquí tiene de nuevo el enlace a su cupón ({code}).",
    ),
    "it": Words(
        send="Invia il link a {to}",
        sent="Il link dovrebbe arrivare a {to} tra pochi minuti, salvo che lì i messaggi siano"
        " stati fermati.",
        hint="Se non arriva, chiedi al negozio.",
        full="Il link è stato inviato lì tre volte oggi. Cerca il messaggio o chiedi al negozio.",
        network_full="Da questa rete sono stati chiesti troppi link. Riprova tra un’ora, oppure"
        " disattiva il wifi e usa i dati mobili.",
        not_sent="Non è stato possibile inviare il link. Riprova più tardi o chiedi al negozio.",
        body="Ecco di nuovo il link al tuo coupon ({code}).",
    ),
    "pt": Words(
        send="Enviar a ligação para {to}",
        sent="A ligação deve chegar a {to} em poucos minutos, a não ser que as mensagens tenham"
        " sido paradas aí.",
        hint="Se não chegar, pergunte na loja.",
        full="A ligação já foi enviada para aí três vezes hoje. Procure a mensagem ou pergunte na"
        " loja.",
        network_full="A partir desta rede foram pedidas demasiadas ligações. Tente dentro de uma"
        " hora, ou desligue o wifi e use os dados móveis.",
        not_sent="Não foi possível enviar a ligação. Tente mais tarde ou pergunte na loja.",
        body="Aqui está de novo a ligação para o seu cupão ({code}).",
    ),
    "pl": Words(
        send="Wyślij link na {to}",
        sent="Link powinien dotrzeć na {to} w ciągu kilku minut, chyba że wiadomości zostały tam"
        " zatrzymane.",
        hint="Jeśli nie dotrze, zapytaj w sklepie.",
        full="Link wysłano tam dziś trzy razy. Poszukaj wiadomości albo zapytaj w sklepie.",
        network_full="Z tej sieci poproszono o zbyt wiele linków. Spróbuj za godzinę albo wyłącz"
        " wifi i użyj danych komórkowych.",
        not_sent="Nie udało się wysłać linku. Spróbuj później albo zapytaj w sklepie.",
        body="Oto ponownie link do Twojego kuponu ({code}).",
    ),
    "ar": Words(
        send="أرسل الرابط إلى {to}",
        sent="من المفترض أن يصل الرابط إلى {to} خلال بضع دقائق، إلا إذا أُوقفت الرسائل إليه.",
        hint="إذا لم يصل، فاسأل المتجر.",
        full="أُرسل الرابط إلى هناك ثلاث مرات اليوم. ابحث عن الرسالة أو اسأل المتجر.",
        network_full="طُلب عدد كبير من الروابط من هذه الشبكة. حاول مرة أخرى بعد ساعة، أو أوقف"
        " الواي فاي واستخدم بيانات الجوال.",
        not_sent="تعذّر إرسال الرابط. حاول لاحقًا أو اسأل المتجر.",
        body="إليك رابط قسيمتك مرة أخرى ({code}).",
    ),
}
