"""What the counter says, in every language that it speaks: a word, and a sentence. `{when}` and
`{place}` are filled in. What stands in brackets is left out when nobody knows them; behind a bar
stands what is said instead. A sentence for one kind of a reason is named `reason_kind`."""

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
    used_then: str
    withdrawn_locked: str
    withdrawn_paused: str
    withdrawn_archived: str
    withdrawn_draft: str
    wrong_place_nowhere: str
    limit_claims: str
    limit_day: str
    limit_location: str
    limit_person: str
    too_late_undo: str
    used_since: str
    undone_again: str


_EN = Words(
    good="OK",
    used="OK, used",
    undone="UNDONE",
    no="NO",
    wait="WAIT",
    used_at="Used now, {when}.",
    undone_text="The coupon can be used again.",
    wait_text="Too many wrong codes. Wait {seconds} s.",
    already_used="Used[ {when}][, {place}].",
    expired="Expired[ {when}].",
    not_yet="Not valid [before {when}|yet].",
    time_over="The time was over[ at {when}]. The customer can see what to do.",
    not_again_yet="Can be used again [from {when}|later].",
    wrong_place="Not valid at this place.[ Valid at: {places}.]",
    wrong_time="Not valid at this hour.",
    withdrawn="This coupon was withdrawn.[ {when}.]",
    limit="This offer has reached its limit.",
    reserved="Another till is taking it in[, until {when}].",
    screenshot="This is a picture of the code. Ask the customer to open the coupon itself.",
    not_played="The card has to be scratched first.",
    no_prize="This card won nothing.",
    unknown="Not one of our coupons. Check the letters.",
    ambiguous="Several codes look like this. Type it exactly, with its capitals and dashes.",
    too_late="Too late[: it could be taken in until {when}].",
    used_then="Used {when}.",
    withdrawn_locked="This coupon is locked[, since {when}].",
    withdrawn_paused="This offer is paused[, since {when}].",
    withdrawn_archived="This offer is over[, since {when}].",
    withdrawn_draft="This offer has not begun.",
    wrong_place_nowhere="At present this offer is valid at no place.",
    limit_claims="No more coupons of this offer can be activated.",
    limit_day="This offer has reached its limit for the day[. Again from {when}].",
    limit_location="This offer has reached its limit at this place.",
    limit_person="This customer has used this offer as often as allowed.",
    too_late_undo="Too late: undo was possible until {when}.",
    used_since="Used again since, {when}[, {place}].",
    undone_again="Already undone.",
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
    already_used="Gebruikt[ op {when}][, {place}].",
    expired="Verlopen[ op {when}].",
    not_yet="[Niet geldig vóór {when}|Nog niet geldig].",
    time_over="De tijd was[ om {when}] voorbij. De klant ziet wat er kan.",
    not_again_yet="[Weer te gebruiken vanaf {when}|Pas later weer te gebruiken].",
    wrong_place="Hier niet geldig.[ Wel geldig in: {places}.]",
    wrong_time="Op dit uur niet geldig.",
    withdrawn="Deze coupon is ingetrokken.[ {when}.]",
    limit="Deze actie heeft haar limiet bereikt.",
    reserved="Een andere kassa verwerkt hem[, tot {when}].",
    screenshot="Dit is een foto van de code. Vraag de klant om de coupon zelf te openen.",
    not_played="Er moet eerst gekrast worden.",
    no_prize="Deze kaart heeft niets gewonnen.",
    unknown="Geen coupon van ons. Controleer de letters.",
    ambiguous="Meerdere codes lijken hierop. Typ hem precies, met hoofdletters en streepjes.",
    too_late="Te laat[: verwerken kon tot {when}].",
    used_then="Gebruikt op {when}.",
    withdrawn_locked="Deze coupon is geblokkeerd[, sinds {when}].",
    withdrawn_paused="Deze actie ligt stil[, sinds {when}].",
    withdrawn_archived="Deze actie is afgelopen[, sinds {when}].",
    withdrawn_draft="Deze actie is nog niet begonnen.",
    wrong_place_nowhere="Deze actie is nu in geen enkele zaak geldig.",
    limit_claims="Er kunnen geen coupons van deze actie meer geactiveerd worden.",
    limit_day="Deze actie heeft haar limiet voor de dag bereikt[. Weer vanaf {when}].",
    limit_location="Deze actie heeft haar limiet in deze zaak bereikt.",
    limit_person="Deze klant heeft de actie zo vaak gebruikt als mag.",
    too_late_undo="Te laat: ongedaan maken kon tot {when}.",
    used_since="Sindsdien weer gebruikt, {when}[, {place}].",
    undone_again="Al ongedaan gemaakt.",
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
    already_used="Utilisé[ le {when}][, {place}].",
    expired="Expiré[ le {when}].",
    not_yet="Pas [valable avant le {when}|encore valable].",
    time_over="Le temps s’est écoulé[ à {when}]. Le client voit quoi faire.",
    not_again_yet="Réutilisable [à partir du {when}|plus tard].",
    wrong_place="Pas valable ici.[ Valable à : {places}.]",
    wrong_time="Pas valable à cette heure.",
    withdrawn="Ce coupon a été retiré.[ {when}.]",
    limit="Cette offre a atteint sa limite.",
    reserved="Une autre caisse le traite[, jusqu’à {when}].",
    screenshot="C’est une photo du code. Demandez au client d’ouvrir le coupon lui-même.",
    not_played="La carte doit d’abord être grattée.",
    no_prize="Cette carte n’a rien gagné.",
    unknown="Ce n’est pas un de nos coupons. Vérifiez les lettres.",
    ambiguous="Plusieurs codes y ressemblent. Saisissez-le exactement, avec majuscules et tirets.",
    too_late="Trop tard[ : il pouvait être pris jusqu’au {when}].",
    used_then="Utilisé le {when}.",
    withdrawn_locked="Ce coupon est bloqué[, depuis le {when}].",
    withdrawn_paused="Cette offre est suspendue[, depuis le {when}].",
    withdrawn_archived="Cette offre est terminée[, depuis le {when}].",
    withdrawn_draft="Cette offre n’a pas encore commencé.",
    wrong_place_nowhere="Cette offre n’est valable nulle part pour le moment.",
    limit_claims="Plus aucun coupon de cette offre ne peut être activé.",
    limit_day="Cette offre a atteint sa limite du jour[. De nouveau à partir du {when}].",
    limit_location="Cette offre a atteint sa limite dans ce magasin.",
    limit_person="Ce client a utilisé cette offre autant de fois que permis.",
    too_late_undo="Trop tard : l’annulation était possible jusqu’à {when}.",
    used_since="Réutilisé depuis, {when}[, {place}].",
    undone_again="Déjà rétabli.",
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
    already_used="Eingelöst[ am {when}][, {place}].",
    expired="Abgelaufen[ am {when}].",
    not_yet="Gilt [erst ab {when}|noch nicht].",
    time_over="Die Zeit war[ um {when}] vorbei. Der Kunde sieht, was zu tun ist.",
    not_again_yet="[Wieder einlösbar ab {when}|Erst später wieder einlösbar].",
    wrong_place="Gilt hier nicht.[ Gilt in: {places}.]",
    wrong_time="Gilt nicht um diese Zeit.",
    withdrawn="Dieser Coupon wurde zurückgezogen.[ {when}.]",
    limit="Dieses Angebot hat sein Limit erreicht.",
    reserved="Eine andere Kasse löst ihn gerade ein[, bis {when}].",
    screenshot="Das ist ein Bild des Codes. Der Kunde soll den Coupon selbst öffnen.",
    not_played="Die Karte muss erst gerubbelt werden.",
    no_prize="Diese Karte hat nichts gewonnen.",
    unknown="Keiner unserer Coupons. Prüfen Sie die Buchstaben.",
    ambiguous="Mehrere Codes sehen so aus. Genau eingeben, mit Großbuchstaben und Strichen.",
    too_late="Zu spät[: Einlösen ging bis {when}].",
    used_then="Eingelöst am {when}.",
    withdrawn_locked="Dieser Coupon ist gesperrt[, seit {when}].",
    withdrawn_paused="Diese Aktion ruht[, seit {when}].",
    withdrawn_archived="Diese Aktion ist beendet[, seit {when}].",
    withdrawn_draft="Diese Aktion hat noch nicht begonnen.",
    wrong_place_nowhere="Diese Aktion gilt zurzeit an keinem Ort.",
    limit_claims="Von dieser Aktion kann kein Coupon mehr aktiviert werden.",
    limit_day="Diese Aktion hat ihr Limit für den Tag erreicht[. Wieder ab {when}].",
    limit_location="Diese Aktion hat ihr Limit in dieser Filiale erreicht.",
    limit_person="Dieser Kunde hat die Aktion so oft genutzt wie erlaubt.",
    too_late_undo="Zu spät: Stornieren ging bis {when}.",
    used_since="Seitdem wieder eingelöst, {when}[, {place}].",
    undone_again="Schon storniert.",
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
    already_used="Usado[ el {when}][, {place}].",
    expired="Caducó[ el {when}].",
    not_yet="[No es válido antes del {when}|Todavía no es válido].",
    time_over="El tiempo terminó[ a las {when}]. El cliente ve qué hacer.",
    not_again_yet="Se puede usar de nuevo [desde el {when}|más tarde].",
    wrong_place="No es válido en este local.[ Válido en: {places}.]",
    wrong_time="No es válido a esta hora.",
    withdrawn="Este cupón fue retirado.[ {when}.]",
    limit="Esta oferta ha llegado a su límite.",
    reserved="Otra caja lo está procesando[, hasta las {when}].",
    screenshot="Es una imagen del código. Pida al cliente que abra el cupón.",
    not_played="Primero hay que rascar la tarjeta.",
    no_prize="Esta tarjeta no ganó nada.",
    unknown="No es uno de nuestros cupones. Compruebe las letras.",
    ambiguous="Varios códigos se parecen. Escríbalo exactamente, con mayúsculas y guiones.",
    too_late="Demasiado tarde[: se podía canjear hasta el {when}].",
    used_then="Usado el {when}.",
    withdrawn_locked="Este cupón está bloqueado[ desde el {when}].",
    withdrawn_paused="Esta oferta está en pausa[ desde el {when}].",
    withdrawn_archived="Esta oferta ha terminado[, {when}].",
    withdrawn_draft="Esta oferta aún no ha empezado.",
    wrong_place_nowhere="Por ahora esta oferta no es válida en ningún local.",
    limit_claims="Ya no se pueden activar más cupones de esta oferta.",
    limit_day="Esta oferta ha llegado a su límite del día[. De nuevo desde el {when}].",
    limit_location="Esta oferta ha llegado a su límite en este local.",
    limit_person="Este cliente ya ha usado la oferta las veces permitidas.",
    too_late_undo="Demasiado tarde: se podía deshacer hasta las {when}.",
    used_since="Usado otra vez desde entonces, {when}[, {place}].",
    undone_again="Ya estaba restablecido.",
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
    already_used="استُخدمت[ في {when}][، {place}].",
    expired="انتهت[ في {when}].",
    not_yet="غير صالحة [قبل {when}|بعد].",
    time_over="انتهى الوقت[ في {when}]. يرى الزبون ما يمكن فعله.",
    not_again_yet="يمكن استخدامها مجددًا [من {when}|لاحقًا].",
    wrong_place="غير صالحة في هذا الفرع.[ صالحة في: {places}.]",
    wrong_time="غير صالحة في هذه الساعة.",
    withdrawn="سُحبت هذه القسيمة.[ {when}.]",
    limit="بلغ هذا العرض حده الأقصى.",
    reserved="يعالجها صندوق آخر الآن[، حتى {when}].",
    screenshot="هذه صورة للرمز. اطلب من الزبون فتح القسيمة نفسها.",
    not_played="يجب كشط البطاقة أولًا.",
    no_prize="لم تربح هذه البطاقة.",
    unknown="ليست من قسائمنا. تحقق من الأحرف.",
    ambiguous="هناك عدة رموز تشبه هذا. اكتبه تمامًا كما هو، بأحرفه الكبيرة وشرطاته.",
    too_late="فات الأوان[: كان يمكن قبولها حتى {when}].",
    used_then="استُخدمت في {when}.",
    withdrawn_locked="هذه القسيمة مقفلة[ منذ {when}].",
    withdrawn_paused="هذا العرض متوقف[ منذ {when}].",
    withdrawn_archived="انتهى هذا العرض[ في {when}].",
    withdrawn_draft="لم يبدأ هذا العرض بعد.",
    wrong_place_nowhere="هذا العرض غير صالح حاليًا في أي فرع.",
    limit_claims="لا يمكن تفعيل المزيد من قسائم هذا العرض.",
    limit_day="بلغ هذا العرض حده لهذا اليوم[. من جديد من {when}].",
    limit_location="بلغ هذا العرض حده في هذا الفرع.",
    limit_person="استخدم هذا الزبون العرض بعدد المرات المسموح.",
    too_late_undo="فات الأوان: كان التراجع ممكنًا حتى {when}.",
    used_since="استُخدمت مجددًا بعد ذلك، {when}[، {place}].",
    undone_again="سبق أن أُعيدت.",
)

WORDS: dict[str, Words] = {"en": _EN, "nl": _NL, "fr": _FR, "de": _DE, "es": _ES, "ar": _AR}
