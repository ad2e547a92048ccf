"""The words of the consumer's page, in every language that it speaks.

A phrase that counts something is a table of CLDR plural forms; `other` is always there.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from tearoff.kit.times import locale_of

Counted = dict[str, str]


class Words(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    ready: str
    used: str
    expired: str
    not_yet: str
    withdrawn: str
    left: str
    accepted: str
    show_this: str
    valid_until: str
    valid_from: str
    used_on: str
    ended_on: str
    withdrawn_text: str
    days_left: Counted
    time_left: str
    hour: str
    minute: str
    staff: str
    pin: str
    pin_hint: str
    amount: str
    mark_used: str
    wrong_pin: str
    tries_left: Counted
    locked: str
    no_pin: str
    bad_amount: str
    too_old: str
    used_meanwhile: str
    held: str
    limit: str
    terms: str
    offer_note: str
    till_code: str
    qr_alt: str
    calendar: str
    from_shop: str
    unknown: str
    unknown_text: str
    unknown_help: str
    trouble: str
    trouble_text: str
    try_again: str


_EN = Words(
    name="English",
    ready="Ready to use",
    used="Used",
    expired="Expired",
    not_yet="Not yet valid",
    withdrawn="Not available",
    left="{n} of {all} left",
    accepted="Accepted",
    show_this="Show this at the counter",
    valid_until="Valid until",
    valid_from="Valid from",
    used_on="This coupon was used on",
    ended_on="This coupon ended on",
    withdrawn_text="This coupon cannot be used at the moment. The shop can tell you more.",
    days_left={"one": "{n} day left", "other": "{n} days left"},
    time_left="{time} left",
    hour="h",
    minute="min",
    staff="For staff: validate",
    pin="PIN of this location",
    pin_hint="4 to 8 digits. They can be seen while you type.",
    amount="Amount spent (optional)",
    mark_used="Mark as used",
    wrong_pin="Wrong PIN.",
    tries_left={"one": "{n} try left.", "other": "{n} tries left."},
    locked="Locked for 15 minutes.",
    no_pin="Type the PIN: 4 to 8 digits.",
    bad_amount="Type an amount such as 12.50, or nothing.",
    too_old="This page was open for too long. Type the PIN again.",
    used_meanwhile="This coupon was used on another phone a moment ago. Check before you go on.",
    held="A till is taking this coupon in just now. Try again in a moment.",
    limit="This offer has reached its limit.",
    terms="Terms",
    offer_note="This is the offer. Your own code is behind the link in your message.",
    till_code="Code for the till",
    qr_alt="QR code of this coupon",
    calendar="Add to calendar",
    from_shop="A coupon from {brand}",
    unknown="We do not know this coupon.",
    unknown_text="Check the link in your message.",
    unknown_help="If it still does not open, ask the shop that sent it to you.",
    trouble="Your coupon is safe.",
    trouble_text="We cannot show it just now. Try again in a moment.",
    try_again="Try again",
)

_NL = Words(
    name="Nederlands",
    ready="Klaar voor gebruik",
    used="Gebruikt",
    expired="Verlopen",
    not_yet="Nog niet geldig",
    withdrawn="Niet beschikbaar",
    left="Nog {n} van {all}",
    accepted="Aanvaard",
    show_this="Toon dit aan de kassa",
    valid_until="Geldig tot",
    valid_from="Geldig vanaf",
    used_on="Deze coupon is gebruikt op",
    ended_on="Deze coupon is verlopen op",
    withdrawn_text="Deze coupon kan nu niet gebruikt worden. De winkel kan je meer vertellen.",
    days_left={"one": "nog {n} dag", "other": "nog {n} dagen"},
    time_left="nog {time}",
    hour="u",
    minute="min",
    staff="Voor personeel: valideren",
    pin="Pincode van deze vestiging",
    pin_hint="4 tot 8 cijfers. Ze zijn zichtbaar terwijl je typt.",
    amount="Besteed bedrag (niet verplicht)",
    mark_used="Markeer als gebruikt",
    wrong_pin="Verkeerde pincode.",
    tries_left={"one": "Nog {n} poging.", "other": "Nog {n} pogingen."},
    locked="Geblokkeerd voor 15 minuten.",
    no_pin="Typ de pincode: 4 tot 8 cijfers.",
    bad_amount="Typ een bedrag zoals 12,50, of niets.",
    too_old="Deze pagina stond te lang open. Typ de pincode opnieuw.",
    used_meanwhile="Deze coupon is zonet op een andere telefoon gebruikt. Controleer eerst.",
    held="Een kassa verwerkt deze coupon op dit moment. Probeer het zo meteen opnieuw.",
    limit="Deze actie heeft haar limiet bereikt.",
    terms="Voorwaarden",
    offer_note="Dit is het aanbod. Je eigen code staat achter de link in je bericht.",
    till_code="Code voor de kassa",
    qr_alt="QR-code van deze coupon",
    calendar="Zet in agenda",
    from_shop="Een coupon van {brand}",
    unknown="We kennen deze coupon niet.",
    unknown_text="Controleer de link in je bericht.",
    unknown_help="Opent hij nog niet? Vraag het aan de winkel die hem stuurde.",
    trouble="Je coupon is veilig.",
    trouble_text="We kunnen hem nu niet tonen. Probeer het zo dadelijk opnieuw.",
    try_again="Opnieuw proberen",
)

_FR = Words(
    name="Français",
    ready="Prêt à l’emploi",
    used="Utilisé",
    expired="Expiré",
    not_yet="Pas encore valable",
    withdrawn="Non disponible",
    left="Encore {n} sur {all}",
    accepted="Accepté",
    show_this="Présentez ceci à la caisse",
    valid_until="Valable jusqu’au",
    valid_from="Valable à partir du",
    used_on="Ce bon a été utilisé le",
    ended_on="Ce bon a expiré le",
    withdrawn_text="Ce bon ne peut pas être utilisé pour le moment. Le magasin vous renseignera.",
    days_left={"one": "encore {n} jour", "other": "encore {n} jours"},
    time_left="encore {time}",
    hour="h",
    minute="min",
    staff="Pour le personnel : valider",
    pin="Code PIN de ce point de vente",
    pin_hint="4 à 8 chiffres. Ils restent visibles pendant la saisie.",
    amount="Montant dépensé (facultatif)",
    mark_used="Marquer comme utilisé",
    wrong_pin="Code PIN incorrect.",
    tries_left={"one": "Encore {n} essai.", "other": "Encore {n} essais."},
    locked="Bloqué pendant 15 minutes.",
    no_pin="Saisissez le code PIN : 4 à 8 chiffres.",
    bad_amount="Saisissez un montant comme 12,50, ou rien.",
    too_old="Cette page est restée ouverte trop longtemps. Saisissez à nouveau le code PIN.",
    used_meanwhile="Ce bon vient d’être utilisé sur un autre téléphone. Vérifiez d’abord.",
    held="Une caisse traite ce bon en ce moment. Réessayez dans un instant.",
    limit="Cette offre a atteint sa limite.",
    terms="Conditions",
    offer_note="Voici l’offre. Votre code personnel se trouve derrière le lien de votre message.",
    till_code="Code pour la caisse",
    qr_alt="Code QR de ce bon",
    calendar="Ajouter au calendrier",
    from_shop="Un bon de {brand}",
    unknown="Nous ne connaissons pas ce bon.",
    unknown_text="Vérifiez le lien dans votre message.",
    unknown_help="S’il ne s’ouvre toujours pas, demandez au magasin qui vous l’a envoyé.",
    trouble="Votre bon est en sécurité.",
    trouble_text="Nous ne pouvons pas l’afficher pour l’instant. Réessayez dans un moment.",
    try_again="Réessayer",
)

_DE = Words(
    name="Deutsch",
    ready="Einlösbar",
    used="Eingelöst",
    expired="Abgelaufen",
    not_yet="Noch nicht gültig",
    withdrawn="Nicht verfügbar",
    left="Noch {n} von {all}",
    accepted="Angenommen",
    show_this="An der Kasse vorzeigen",
    valid_until="Gültig bis",
    valid_from="Gültig ab",
    used_on="Dieser Coupon wurde eingelöst am",
    ended_on="Dieser Coupon ist abgelaufen am",
    withdrawn_text="Dieser Coupon ist zurzeit nicht einlösbar. Das Geschäft weiß mehr.",
    days_left={"one": "noch {n} Tag", "other": "noch {n} Tage"},
    time_left="noch {time}",
    hour="Std.",
    minute="Min.",
    staff="Für Personal: einlösen",
    pin="PIN dieser Filiale",
    pin_hint="4 bis 8 Ziffern. Sie sind beim Tippen sichtbar.",
    amount="Ausgegebener Betrag (freiwillig)",
    mark_used="Als eingelöst markieren",
    wrong_pin="Falsche PIN.",
    tries_left={"one": "Noch {n} Versuch.", "other": "Noch {n} Versuche."},
    locked="Für 15 Minuten gesperrt.",
    no_pin="PIN eingeben: 4 bis 8 Ziffern.",
    bad_amount="Einen Betrag wie 12,50 eingeben oder nichts.",
    too_old="Diese Seite war zu lange offen. Bitte die PIN noch einmal eingeben.",
    used_meanwhile="Dieser Coupon wurde eben auf einem anderen Telefon eingelöst. Erst prüfen.",
    held="Eine Kasse bearbeitet diesen Coupon gerade. Gleich noch einmal versuchen.",
    limit="Dieses Angebot hat seine Grenze erreicht.",
    terms="Bedingungen",
    offer_note="Das ist das Angebot. Ihr eigener Code steht hinter dem Link in Ihrer Nachricht.",
    till_code="Code für die Kasse",
    qr_alt="QR-Code dieses Coupons",
    calendar="In den Kalender",
    from_shop="Ein Coupon von {brand}",
    unknown="Wir kennen diesen Coupon nicht.",
    unknown_text="Prüfen Sie den Link in Ihrer Nachricht.",
    unknown_help="Öffnet er sich noch immer nicht, fragen Sie das Geschäft, das ihn geschickt hat.",
    trouble="Ihr Coupon ist sicher.",
    trouble_text="Wir können ihn gerade nicht zeigen. Versuchen Sie es gleich noch einmal.",
    try_again="Noch einmal versuchen",
)

_ES = Words(
    name="Español",
    ready="Listo para usar",
    used="Usado",
    expired="Caducado",
    not_yet="Aún no es válido",
    withdrawn="No disponible",
    left="Quedan {n} de {all}",
    accepted="Aceptado",
    show_this="Muestre esto en la caja",
    valid_until="Válido hasta el",
    valid_from="Válido desde el",
    used_on="Este cupón se usó el",
    ended_on="Este cupón caducó el",
    withdrawn_text="Este cupón no se puede usar por ahora. La tienda puede informarle.",
    days_left={"one": "queda {n} día", "other": "quedan {n} días"},
    time_left="quedan {time}",
    hour="h",
    minute="min",
    staff="Para el personal: validar",
    pin="PIN de este local",
    pin_hint="De 4 a 8 cifras. Se ven mientras las escribe.",
    amount="Importe gastado (opcional)",
    mark_used="Marcar como usado",
    wrong_pin="PIN incorrecto.",
    tries_left={"one": "Queda {n} intento.", "other": "Quedan {n} intentos."},
    locked="Bloqueado durante 15 minutos.",
    no_pin="Escriba el PIN: de 4 a 8 cifras.",
    bad_amount="Escriba un importe como 12,50 o nada.",
    too_old="Esta página estuvo abierta demasiado tiempo. Escriba el PIN de nuevo.",
    used_meanwhile="Este cupón se acaba de usar en otro teléfono. Compruébelo antes de seguir.",
    held="Una caja está procesando este cupón. Inténtelo de nuevo enseguida.",
    limit="Esta oferta ha llegado a su límite.",
    terms="Condiciones",
    offer_note="Esta es la oferta. Su código personal está en el enlace de su mensaje.",
    till_code="Código para la caja",
    qr_alt="Código QR de este cupón",
    calendar="Añadir al calendario",
    from_shop="Un cupón de {brand}",
    unknown="No conocemos este cupón.",
    unknown_text="Compruebe el enlace de su mensaje.",
    unknown_help="Si sigue sin abrirse, pregunte a la tienda que se lo envió.",
    trouble="Su cupón está a salvo.",
    trouble_text="No podemos mostrarlo ahora. Inténtelo de nuevo en un momento.",
    try_again="Intentar de nuevo",
)

_AR = Words(
    name="العربية",
    ready="جاهز للاستخدام",
    used="مُستخدَم",
    expired="منتهي الصلاحية",
    not_yet="غير صالح بعد",
    withdrawn="غير متاح",
    left="المتبقي {n} من {all}",
    accepted="تم القبول",
    show_this="اعرض هذه الصفحة عند الصندوق",
    valid_until="صالح حتى",
    valid_from="صالح ابتداءً من",
    used_on="استُخدمت هذه القسيمة في",
    ended_on="انتهت صلاحية هذه القسيمة في",
    withdrawn_text="لا يمكن استخدام هذه القسيمة حاليًا. يمكن للمتجر إخبارك بالمزيد.",
    days_left={
        "zero": "لم يبق أي يوم",
        "one": "باقي يوم واحد",
        "two": "باقي يومان",
        "few": "باقي {n} أيام",
        "many": "باقي {n} يومًا",
        "other": "باقي {n} يوم",
    },
    time_left="باقي {time}",
    hour="س",
    minute="د",
    staff="للموظفين: التحقق",
    pin="الرقم السري لهذا الفرع",
    pin_hint="من 4 إلى 8 أرقام، وتظهر أثناء الكتابة.",
    amount="المبلغ المدفوع (اختياري)",
    mark_used="تسجيل كمستخدمة",
    wrong_pin="الرقم السري غير صحيح.",
    tries_left={
        "zero": "لم تبق أي محاولة.",
        "one": "بقيت محاولة واحدة.",
        "two": "بقيت محاولتان.",
        "few": "بقيت {n} محاولات.",
        "many": "بقيت {n} محاولة.",
        "other": "بقيت {n} محاولة.",
    },
    locked="مقفل لمدة 15 دقيقة.",
    no_pin="اكتب الرقم السري: من 4 إلى 8 أرقام.",
    bad_amount="اكتب مبلغًا مثل 12.50 أو اتركه فارغًا.",
    too_old="بقيت هذه الصفحة مفتوحة وقتًا طويلًا. اكتب الرقم السري من جديد.",
    used_meanwhile="استُخدمت هذه القسيمة قبل لحظات على هاتف آخر. تحقق قبل المتابعة.",
    held="يعالج صندوق آخر هذه القسيمة الآن. حاول مجددًا بعد قليل.",
    limit="بلغ هذا العرض حده الأقصى.",
    terms="الشروط",
    offer_note="هذا هو العرض. رمزك الشخصي في الرابط الذي وصلك في الرسالة.",
    till_code="رمز الصندوق",
    qr_alt="رمز QR لهذه القسيمة",
    calendar="إضافة إلى التقويم",
    from_shop="قسيمة من {brand}",
    unknown="لا نعرف هذه القسيمة.",
    unknown_text="تحقق من الرابط في رسالتك.",
    unknown_help="إن لم تُفتح بعد، فاسأل المتجر الذي أرسلها إليك.",
    trouble="قسيمتك في أمان.",
    trouble_text="لا يمكننا عرضها الآن. حاول مرة أخرى بعد قليل.",
    try_again="حاول مرة أخرى",
)

WORDS: dict[str, Words] = {"en": _EN, "nl": _NL, "fr": _FR, "de": _DE, "es": _ES, "ar": _AR}
DEFAULT = "en"


def counted(language: str, forms: Counted, n: int) -> str:
    """The phrase for this number in this language."""
    form = locale_of(language).plural_form(n)
    return forms.get(form, forms["other"]).replace("{n}", str(n))


def direction_of(language: str) -> str:
    """`ltr` or `rtl`."""
    direction: str = locale_of(language).text_direction
    return direction


def choose_language(asked: str, accepted: str, default: str) -> str:
    """The page's language: what the link asks for, then what the browser prefers
    (`Accept-Language`), then the campaign's. A language we do not speak is passed over."""
    for tag in (asked, *preferred(accepted), default):
        language = tag.partition("-")[0].lower()
        if language in WORDS:
            return language
    return DEFAULT


@lru_cache(1024)
def preferred(accepted: str) -> tuple[str, ...]:
    """The tags of an Accept-Language header, the most wanted first."""
    weighted: list[tuple[float, int, str]] = []
    for part in accepted.split(",")[:20]:
        tag, _, quality = part.strip().partition(";")
        weight = _weight(quality)
        if tag and weight > 0:
            weighted.append((-weight, len(weighted), tag.strip()))
    return tuple(tag for _, _, tag in sorted(weighted))


def _weight(quality: str) -> float:
    text = quality.strip().removeprefix("q=")
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
