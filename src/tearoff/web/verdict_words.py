"""What the counter says, in every language that it speaks: a word, and a sentence. `{when}` and
`{place}` are filled in; a sentence without them is said when nobody knows."""

from __future__ import annotations

import msgspec


class Words(msgspec.Struct, frozen=True, kw_only=True):
    good: str
    used: str
    undone: str
    no: str
    wait: str
    used_at: str
    undone_text: str
    wait_text: str
    already_used: str
    expired: str
    not_yet: str
    time_over: str
    not_again_yet: str
    wrong_place: str
    wrong_time: str
    withdrawn: str
    limit: str
    reserved: str
    screenshot: str
    not_played: str
    no_prize: str
    unknown: str
    ambiguous: str
    too_late: str


_EN = Words(
    good="OK",
    used="OK, used",
    undone="UNDONE",
    no="NO",
    wait="WAIT",
    used_at="Used now, {when}.",
    undone_text="The coupon can be used again.",
    wait_text="Too many wrong codes. Wait {seconds} s.",
    already_used="Used {when}, {place}.",
    expired="Expired {when}.",
    not_yet="Not valid before {when}.",
    time_over="The time was over at {when}. The customer can see what to do.",
    not_again_yet="Can be used again from {when}.",
    wrong_place="Not valid at this place.",
    wrong_time="Not valid at this hour.",
    withdrawn="This coupon was withdrawn.",
    limit="This offer has reached its limit.",
    reserved="Another till is taking it in.",
    screenshot="This is a picture of the code. Ask the customer to open the coupon itself.",
    not_played="The card has to be scratched first.",
    no_prize="This card won nothing.",
    unknown="Not one of our coupons. Check the letters.",
    ambiguous="Several codes look like this. Type it exactly, with its capitals and dashes.",
    too_late="Too late for that.",
)

_NL = Words(
    good="OK",
    used="OK, gebruikt",
    undone="ONGEDAAN",
    no="NEE",
    wait="WACHT",
    used_at="Nu gebruikt, {when}.",
    undone_text="De coupon kan opnieuw gebruikt worden.",
    wait_text="Te veel foute codes. Wacht {seconds} s.",
    already_used="Gebruikt op {when}, {place}.",
    expired="Verlopen op {when}.",
    not_yet="Niet geldig vóór {when}.",
    time_over="De tijd was om {when} voorbij. De klant ziet wat er kan.",
    not_again_yet="Weer te gebruiken vanaf {when}.",
    wrong_place="Hier niet geldig.",
    wrong_time="Op dit uur niet geldig.",
    withdrawn="Deze coupon is ingetrokken.",
    limit="Deze actie heeft haar limiet bereikt.",
    reserved="Een andere kassa verwerkt hem.",
    screenshot="Dit is een foto van de code. Vraag de klant om de coupon zelf te openen.",
    not_played="Er moet eerst gekrast worden.",
    no_prize="Deze kaart heeft niets gewonnen.",
    unknown="Geen coupon van ons. Controleer de letters.",
    ambiguous="Meerdere codes lijken hierop. Typ hem precies, met hoofdletters en streepjes.",
    too_late="Daarvoor is het te laat.",
)

_FR = Words(
    good="OK",
    used="OK, utilisé",
    undone="RÉTABLI",
    no="NON",
    wait="ATTENDEZ",
    used_at="Utilisé à l’instant, {when}.",
    undone_text="Le coupon peut de nouveau être utilisé.",
    wait_text="Trop de codes erronés. Attendez {seconds} s.",
    already_used="Utilisé le {when}, {place}.",
    expired="Expiré le {when}.",
    not_yet="Pas valable avant le {when}.",
    time_over="Le temps s’est écoulé à {when}. Le client voit quoi faire.",
    not_again_yet="Réutilisable à partir du {when}.",
    wrong_place="Pas valable ici.",
    wrong_time="Pas valable à cette heure.",
    withdrawn="Ce coupon a été retiré.",
    limit="Cette offre a atteint sa limite.",
    reserved="Une autre caisse le traite.",
    screenshot="C’est une photo du code. Demandez au client d’ouvrir le coupon lui-même.",
    not_played="La carte doit d’abord être grattée.",
    no_prize="Cette carte n’a rien gagné.",
    unknown="Ce n’est pas un de nos coupons. Vérifiez les lettres.",
    ambiguous="Plusieurs codes y ressemblent. Saisissez-le exactement, avec majuscules et tirets.",
    too_late="C’est trop tard.",
)

_DE = Words(
    good="OK",
    used="OK, eingelöst",
    undone="STORNIERT",
    no="NEIN",
    wait="WARTEN",
    used_at="Jetzt eingelöst, {when}.",
    undone_text="Der Coupon kann wieder eingelöst werden.",
    wait_text="Zu viele falsche Codes. Warten Sie {seconds} s.",
    already_used="Eingelöst am {when}, {place}.",
    expired="Abgelaufen am {when}.",
    not_yet="Gilt erst ab {when}.",
    time_over="Die Zeit war um {when} vorbei. Der Kunde sieht, was zu tun ist.",
    not_again_yet="Wieder einlösbar ab {when}.",
    wrong_place="Gilt hier nicht.",
    wrong_time="Gilt nicht um diese Zeit.",
    withdrawn="Dieser Coupon wurde zurückgezogen.",
    limit="Dieses Angebot hat sein Limit erreicht.",
    reserved="Eine andere Kasse löst ihn gerade ein.",
    screenshot="Das ist ein Bild des Codes. Der Kunde soll den Coupon selbst öffnen.",
    not_played="Die Karte muss erst gerubbelt werden.",
    no_prize="Diese Karte hat nichts gewonnen.",
    unknown="Keiner unserer Coupons. Prüfen Sie die Buchstaben.",
    ambiguous="Mehrere Codes sehen so aus. Genau eingeben, mit Großbuchstaben und Strichen.",
    too_late="Dafür ist es zu spät.",
)

_ES = Words(
    good="OK",
    used="OK, usado",
    undone="RESTABLECIDO",
    no="NO",
    wait="ESPERE",
    used_at="Usado ahora, {when}.",
    undone_text="El cupón se puede usar de nuevo.",
    wait_text="Demasiados códigos erróneos. Espere {seconds} s.",
    already_used="Usado el {when}, {place}.",
    expired="Caducó el {when}.",
    not_yet="No es válido antes del {when}.",
    time_over="El tiempo terminó a las {when}. El cliente ve qué hacer.",
    not_again_yet="Se puede usar de nuevo desde el {when}.",
    wrong_place="No es válido en este local.",
    wrong_time="No es válido a esta hora.",
    withdrawn="Este cupón fue retirado.",
    limit="Esta oferta ha llegado a su límite.",
    reserved="Otra caja lo está procesando.",
    screenshot="Es una imagen del código. Pida al cliente que abra el cupón.",
    not_played="Primero hay que rascar la tarjeta.",
    no_prize="Esta tarjeta no ganó nada.",
    unknown="No es uno de nuestros cupones. Compruebe las letras.",
    ambiguous="Varios códigos se parecen. Escríbalo exactamente, con mayúsculas y guiones.",
    too_late="Ya es tarde para eso.",
)

_AR = Words(
    good="نعم",
    used="نعم، استُخدمت",
    undone="أُعيدت",
    no="لا",
    wait="انتظر",
    used_at="استُخدمت الآن، {when}.",
    undone_text="يمكن استخدام القسيمة من جديد.",
    wait_text="رموز خاطئة كثيرة. انتظر {seconds} ث.",
    already_used="استُخدمت في {when}، {place}.",
    expired="انتهت في {when}.",
    not_yet="غير صالحة قبل {when}.",
    time_over="انتهى الوقت في {when}. يرى الزبون ما يمكن فعله.",
    not_again_yet="يمكن استخدامها مجددًا من {when}.",
    wrong_place="غير صالحة في هذا الفرع.",
    wrong_time="غير صالحة في هذه الساعة.",
    withdrawn="سُحبت هذه القسيمة.",
    limit="بلغ هذا العرض حده الأقصى.",
    reserved="يعالجها صندوق آخر الآن.",
    screenshot="هذه صورة للرمز. اطلب من الزبون فتح القسيمة نفسها.",
    not_played="يجب كشط البطاقة أولًا.",
    no_prize="لم تربح هذه البطاقة.",
    unknown="ليست من قسائمنا. تحقق من الأحرف.",
    ambiguous="هناك عدة رموز تشبه هذا. اكتبه تمامًا كما هو، بأحرفه الكبيرة وشرطاته.",
    too_late="فات الأوان.",
)

WORDS: dict[str, Words] = {"en": _EN, "nl": _NL, "fr": _FR, "de": _DE, "es": _ES, "ar": _AR}
