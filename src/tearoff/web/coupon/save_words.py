"""What the page says on which a consumer saves a coupon, and the paper that it is printed on."""

from __future__ import annotations

import msgspec


class Words(msgspec.Struct, frozen=True):
    title: str
    title_alone: str
    pdf: str
    pdf_hint: str
    mail: str
    address: str
    send: str
    sent: str
    sent_hint: str
    bad_address: str
    coupon_full: str
    network_full: str
    unwanted: str
    not_sent: str
    unknown: str
    again: str
    too_old: str
    back: str
    body: str
    begins_at: str
    ends_at: str
    once: str
    more_terms: str


WORDS = {
    "en": Words(
        title="Save or send",
        title_alone="Save",
        pdf="Save as PDF",
        pdf_hint="To print, or to keep on this phone.",
        mail="Send it to my e-mail address",
        address="E-mail address",
        send="Send",
        sent="Sent to {mail}.",
        sent_hint="It can take a few minutes. Look in the spam folder as well.",
        bad_address="Type an address such as anna@example.com.",
        coupon_full="This coupon was mailed three times today. Try again tomorrow.",
        network_full="Too many mails were asked for from this network. Try again in an hour.",
        unwanted="Nothing was sent: this address does not want messages from this shop.",
        not_sent="The mail could not be sent. Try again later, or save the coupon as a PDF.",
        unknown="We do not know yet if the mail has left. Look in your inbox before you try again.",
        again="The mail was sent to this address already. It can be sent again at {time}.",
        too_old="This page was open for too long. Try again.",
        back="Back to the coupon",
        body="Here is the coupon that you asked for ({code}).",
        begins_at="Valid from {time}: {title}",
        ends_at="Ends at {time}: {title}",
        once="Works once: on paper or on a phone.",
        more_terms="… All terms are on the coupon’s page.",
    ),
    "nl": Words(
        title="Bewaren of versturen",
        title_alone="Bewaren",
        pdf="Bewaren als pdf",
        pdf_hint="Om af te drukken of op deze telefoon te bewaren.",
        mail="Stuur naar mijn e-mailadres",
        address="E-mailadres",
        send="Versturen",
        sent="Verstuurd naar {mail}.",
        sent_hint="Het kan enkele minuten duren. Kijk ook bij de ongewenste mail.",
        bad_address="Typ een adres zoals anna@example.com.",
        coupon_full="Deze coupon is vandaag al drie keer gemaild. Probeer het morgen opnieuw.",
        network_full="Vanaf dit netwerk zijn te veel mails gevraagd. Probeer het over een uur"
        " opnieuw.",
        unwanted="Er is niets verstuurd: dit adres wil geen berichten van deze winkel.",
        not_sent="De mail kon niet worden verstuurd. Probeer het later, of bewaar de coupon als"
        " pdf.",
        unknown="We weten nog niet of de mail vertrokken is. Kijk in je inbox voor je het opnieuw"
        " probeert.",
        again="De mail is al naar dit adres verstuurd. Om {time} kan dat opnieuw.",
        too_old="Deze pagina stond te lang open. Probeer het opnieuw.",
        back="Terug naar de coupon",
        body="Hier is de coupon waar je om vroeg ({code}).",
        begins_at="Geldig vanaf {time}: {title}",
        ends_at="Eindigt om {time}: {title}",
        once="Werkt één keer: op papier of op een telefoon.",
        more_terms="… Alle voorwaarden staan op de pagina van de coupon.",
    ),
    "fr": Words(
        title="Enregistrer ou envoyer",
        title_alone="Enregistrer",
        pdf="Enregistrer en PDF",
        pdf_hint="Pour l’imprimer ou le garder sur ce téléphone.",
        mail="L’envoyer à mon adresse e-mail",
        address="Adresse e-mail",
        send="Envoyer",
        sent="Envoyé à {mail}.",
        sent_hint="Cela peut prendre quelques minutes. Regardez aussi dans les indésirables.",
        bad_address="Saisissez une adresse comme anna@example.com.",
        coupon_full="Ce bon a été envoyé trois fois aujourd’hui. Réessayez demain.",
        network_full="Trop d’e-mails ont été demandés depuis ce réseau. Réessayez dans une heure.",
        unwanted="Rien n’a été envoyé : cette adresse ne veut pas de messages de ce magasin.",
        not_sent="L’e-mail n’a pas pu être envoyé. Réessayez plus tard ou enregistrez le bon en"
        " PDF.",
        unknown="Nous ne savons pas encore si l’e-mail est parti. Regardez votre boîte avant de"
        " réessayer.",
        again="L’e-mail a déjà été envoyé à cette adresse. Il peut l’être de nouveau à {time}.",
        too_old="Cette page est restée ouverte trop longtemps. Réessayez.",
        back="Retour au bon",
        body="Voici le bon que vous avez demandé ({code}).",
        begins_at="Valable à partir de {time} : {title}",
        ends_at="Se termine à {time} : {title}",
        once="Valable une seule fois : sur papier ou sur un téléphone.",
        more_terms="… Toutes les conditions sont sur la page du bon.",
    ),
    "de": Words(
        title="Speichern oder senden",
        title_alone="Speichern",
        pdf="Als PDF speichern",
        pdf_hint="Zum Drucken oder zum Aufbewahren auf diesem Handy.",
        mail="An meine E-Mail-Adresse senden",
        address="E-Mail-Adresse",
        send="Senden",
        sent="Gesendet an {mail}.",
        sent_hint="Es kann einige Minuten dauern. Sehen Sie auch im Spam-Ordner nach.",
        bad_address="Geben Sie eine Adresse wie anna@example.com ein.",
        coupon_full="Dieser Coupon wurde heute dreimal gemailt. Versuchen Sie es morgen wieder.",
        network_full="Aus diesem Netz wurden zu viele E-Mails angefordert. Versuchen Sie es in"
        " einer Stunde wieder.",
        unwanted="Es wurde nichts gesendet: Diese Adresse möchte keine Nachrichten von diesem"
        " Geschäft.",
        not_sent="Die E-Mail konnte nicht gesendet werden. Versuchen Sie es später, oder"
        " speichern Sie den Coupon als PDF.",
        unknown="Wir wissen noch nicht, ob die E-Mail unterwegs ist. Sehen Sie in Ihrem Postfach"
        " nach, bevor Sie es noch einmal versuchen.",
        again="Die E-Mail wurde bereits an diese Adresse gesendet. Ab {time} geht es wieder.",
        too_old="Diese Seite war zu lange offen. Versuchen Sie es noch einmal.",
        back="Zurück zum Coupon",
        body="Hier ist der Coupon, um den Sie gebeten haben ({code}).",
        begins_at="Gültig ab {time}: {title}",
        ends_at="Endet um {time}: {title}",
        once="Gilt einmal: auf Papier oder auf einem Handy.",
        more_terms="… Alle Bedingungen stehen auf der Seite des Coupons.",
    ),
    "es": Words(
        title="Guardar o enviar",
        title_alone="Guardar",
        pdf="Guardar como PDF",
        pdf_hint="Para imprimirlo o guardarlo en este teléfono.",
        mail="Enviarlo a mi correo electrónico",
        address="Correo electrónico",
        send="Enviar",
        sent="Enviado a {mail}.",
        sent_hint="Puede tardar unos minutos. Mire también en el correo no deseado.",
        bad_address="Escriba una dirección como anna@example.com.",
        coupon_full="Este cupón se ha enviado tres veces hoy. Inténtelo mañana.",
        network_full="Se han pedido demasiados correos desde esta red. Inténtelo dentro de una"
        " hora.",
        unwanted="No se ha enviado nada: esta dirección no quiere mensajes de esta tienda.",
        not_sent="No se ha podido enviar el correo. Inténtelo más tarde o guarde el cupón como"
        " PDF.",
        unknown="Todavía no sabemos si el correo ha salido. Mire en su buzón antes de intentarlo"
        " otra vez.",
        again="El correo ya se ha enviado a esta dirección. Puede enviarse otra vez a las {time}.",
        too_old="Esta página ha estado abierta demasiado tiempo. Inténtelo otra vez.",
        back="Volver al cupón",
        body="Aquí está el cupón que ha pedido ({code}).",
        begins_at="Válido desde las {time}: {title}",
        ends_at="Termina a las {time}: {title}",
        once="Sirve una sola vez: en papel o en un teléfono.",
        more_terms="… Todas las condiciones están en la página del cupón.",
    ),
    "it": Words(
        title="Salva o invia",
        title_alone="Salva",
        pdf="Salva come PDF",
        pdf_hint="Per stamparlo o tenerlo su questo telefono.",
        mail="Invialo al mio indirizzo e-mail",
        address="Indirizzo e-mail",
        send="Invia",
        sent="Inviato a {mail}.",
        sent_hint="Può richiedere qualche minuto. Guarda anche nella posta indesiderata.",
        bad_address="Scrivi un indirizzo come anna@example.com.",
        coupon_full="Questo coupon è stato inviato tre volte oggi. Riprova domani.",
        network_full="Da questa rete sono state chieste troppe e-mail. Riprova tra un’ora.",
        unwanted="Non è stato inviato nulla: questo indirizzo non vuole messaggi da questo"
        " negozio.",
        not_sent="Non è stato possibile inviare l’e-mail. Riprova più tardi o salva il coupon come"
        " PDF.",
        unknown="Non sappiamo ancora se l’e-mail è partita. Guarda nella tua casella prima di"
        " riprovare.",
        again="L’e-mail è già stata inviata a questo indirizzo. Si può rinviare alle {time}.",
        too_old="Questa pagina è rimasta aperta troppo a lungo. Riprova.",
        back="Torna al coupon",
        body="Ecco il coupon che hai chiesto ({code}).",
        begins_at="Valido dalle {time}: {title}",
        ends_at="Termina alle {time}: {title}",
        once="Vale una volta sola: su carta o su un telefono.",
        more_terms="… Tutte le condizioni sono sulla pagina del coupon.",
    ),
    "pt": Words(
        title="Guardar ou enviar",
        title_alone="Guardar",
        pdf="Guardar como PDF",
        pdf_hint="Para imprimir ou guardar neste telemóvel.",
        mail="Enviar para o meu e-mail",
        address="Endereço de e-mail",
        send="Enviar",
        sent="Enviado para {mail}.",
        sent_hint="Pode demorar alguns minutos. Veja também no correio não desejado.",
        bad_address="Escreva um endereço como anna@example.com.",
        coupon_full="Este cupão foi enviado três vezes hoje. Tente amanhã.",
        network_full="Foram pedidos demasiados e-mails a partir desta rede. Tente daqui a uma"
        " hora.",
        unwanted="Nada foi enviado: este endereço não quer mensagens desta loja.",
        not_sent="Não foi possível enviar o e-mail. Tente mais tarde ou guarde o cupão como PDF.",
        unknown="Ainda não sabemos se o e-mail saiu. Veja a sua caixa de entrada antes de tentar"
        " de novo.",
        again="O e-mail já foi enviado para este endereço. Pode ser enviado de novo às {time}.",
        too_old="Esta página esteve aberta demasiado tempo. Tente de novo.",
        back="Voltar ao cupão",
        body="Aqui está o cupão que pediu ({code}).",
        begins_at="Válido a partir das {time}: {title}",
        ends_at="Termina às {time}: {title}",
        once="Serve uma só vez: em papel ou num telemóvel.",
        more_terms="… Todas as condições estão na página do cupão.",
    ),
    "pl": Words(
        title="Zapisz lub wyślij",
        title_alone="Zapisz",
        pdf="Zapisz jako PDF",
        pdf_hint="Do wydruku albo do zachowania w telefonie.",
        mail="Wyślij na mój adres e-mail",
        address="Adres e-mail",
        send="Wyślij",
        sent="Wysłano na {mail}.",
        sent_hint="Może to potrwać kilka minut. Sprawdź też folder ze spamem.",
        bad_address="Wpisz adres, na przykład anna@example.com.",
        coupon_full="Ten kupon wysłano dziś trzy razy. Spróbuj jutro.",
        network_full="Z tej sieci zamówiono za dużo e-maili. Spróbuj za godzinę.",
        unwanted="Nic nie wysłano: ten adres nie chce wiadomości od tego sklepu.",
        not_sent="Nie udało się wysłać e-maila. Spróbuj później albo zapisz kupon jako PDF.",
        unknown="Nie wiemy jeszcze, czy e-mail został wysłany. Zanim spróbujesz ponownie, sprawdź"
        " skrzynkę.",
        again="E-mail został już wysłany na ten adres. Można go wysłać ponownie o {time}.",
        too_old="Ta strona była otwarta zbyt długo. Spróbuj ponownie.",
        back="Wróć do kuponu",
        body="Oto kupon, o który prosisz ({code}).",
        begins_at="Ważny od godziny {time}: {title}",
        ends_at="Kończy się o {time}: {title}",
        once="Działa jeden raz: na papierze albo w telefonie.",
        more_terms="… Wszystkie warunki są na stronie kuponu.",
    ),
    "ar": Words(
        title="حفظ أو إرسال",
        title_alone="حفظ",
        pdf="حفظ كملف PDF",
        pdf_hint="للطباعة أو للاحتفاظ به على هذا الهاتف.",
        mail="أرسلها إلى بريدي الإلكتروني",
        address="البريد الإلكتروني",
        send="إرسال",
        sent="تم الإرسال إلى {mail}.",
        sent_hint="قد يستغرق ذلك بضع دقائق. ابحث أيضًا في مجلد الرسائل غير المرغوبة.",
        bad_address="اكتب عنوانًا مثل anna@example.com.",
        coupon_full="أُرسلت هذه القسيمة ثلاث مرات اليوم. حاول مرة أخرى غدًا.",
        network_full="طُلبت رسائل كثيرة جدًا من هذه الشبكة. حاول مرة أخرى بعد ساعة.",
        unwanted="لم يُرسل شيء: هذا العنوان لا يريد رسائل من هذا المتجر.",
        not_sent="تعذّر إرسال الرسالة. حاول لاحقًا، أو احفظ القسيمة كملف PDF.",
        unknown="لا نعرف بعد هل خرجت الرسالة. انظر في بريدك قبل أن تحاول مرة أخرى.",
        again="أُرسلت الرسالة إلى هذا العنوان من قبل. يمكن إرسالها مرة أخرى في الساعة {time}.",
        too_old="بقيت هذه الصفحة مفتوحة مدة طويلة. حاول مرة أخرى.",
        back="العودة إلى القسيمة",
        body="هذه هي القسيمة التي طلبتها ({code}).",
        begins_at="صالحة ابتداءً من الساعة {time}: {title}",
        ends_at="تنتهي في الساعة {time}: {title}",
        once="تُستعمل مرة واحدة: على الورق أو على الهاتف.",
        more_terms="… جميع الشروط على صفحة القسيمة.",
    ),
}
