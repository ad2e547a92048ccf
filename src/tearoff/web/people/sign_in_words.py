"""The words of the pages on which people sign in."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Words(msgspec.Struct, frozen=True, kw_only=True):
    language: str
    sign_in_to: str
    go_on: str
    link_text: str
    over: str
    over_text: str
    signed_in: str
    signed_in_as: str
    soon: str
    wanted: str
    sign_out: str
    signed_out: str
    signed_out_text: str
    too_old: str
    choose_password: str
    password_for: str
    password: str
    password_help: str
    again: str
    save: str
    not_same: str
    wrong_length: str
    too_easy: str
    password_set: str
    password_set_text: str
    pages: Mapping[str, str]


_EN = Words(
    language="en",
    sign_in_to="Sign in to",
    go_on="Continue",
    link_text="This link works once, for five minutes.",
    over="This link is over",
    over_text="It was used already, or its time has run out. Ask for a new one.",
    signed_in="You are signed in",
    signed_in_as="Signed in as",
    soon="The dashboard comes with the next version. Until then, programs do the work.",
    wanted="You wanted to see:",
    sign_out="Sign out",
    signed_out="You are signed out",
    signed_out_text="To sign in, use the link that you were given.",
    too_old="This page was too old. Open it again.",
    choose_password="Choose a password",
    password_for="For",
    password="Password",
    password_help="At least 8 characters. A few words are easy to remember.",
    again="The same once more",
    save="Save the password",
    not_same="The two are not the same.",
    wrong_length="Use 8 to 200 characters.",
    too_easy="That is easy to guess. Use a few words that do not belong together, and neither"
    " your name nor your e-mail address.",
    password_set="Your password is saved",
    password_set_text="You can close this page.",
    pages={
        "campaigns": "Campaigns",
        "add_campaign": "A new campaign",
        "update_campaign": "A campaign",
        "statistics": "Statistics",
        "distribution": "Sending coupons",
    },
)

_NL = Words(
    language="nl",
    sign_in_to="Aanmelden bij",
    go_on="Doorgaan",
    link_text="Deze link werkt één keer, vijf minuten lang.",
    over="Deze link is verlopen",
    over_text="Hij is al gebruikt, of de tijd is om. Vraag een nieuwe.",
    signed_in="U bent aangemeld",
    signed_in_as="Aangemeld als",
    soon="Het dashboard komt met de volgende versie. Tot dan doen programma's het werk.",
    wanted="U wilde naar:",
    sign_out="Afmelden",
    signed_out="U bent afgemeld",
    signed_out_text="Gebruik de link die u gekregen hebt om aan te melden.",
    too_old="Deze pagina was te oud. Open ze opnieuw.",
    choose_password="Kies een wachtwoord",
    password_for="Voor",
    password="Wachtwoord",
    password_help="Minstens 8 tekens. Een paar woorden onthoudt u makkelijk.",
    again="Nog een keer hetzelfde",
    save="Wachtwoord bewaren",
    not_same="De twee zijn niet gelijk.",
    wrong_length="Gebruik 8 tot 200 tekens.",
    too_easy="Dat is makkelijk te raden. Gebruik een paar woorden die niet bij elkaar horen, en"
    " niet uw naam of e-mailadres.",
    password_set="Uw wachtwoord is bewaard",
    password_set_text="U kunt deze pagina sluiten.",
    pages={
        "campaigns": "Campagnes",
        "add_campaign": "Een nieuwe campagne",
        "update_campaign": "Een campagne",
        "statistics": "Statistieken",
        "distribution": "Coupons versturen",
    },
)

_FR = Words(
    language="fr",
    sign_in_to="Se connecter à",
    go_on="Continuer",
    link_text="Ce lien fonctionne une seule fois, pendant cinq minutes.",
    over="Ce lien n'est plus valable",
    over_text="Il a déjà servi, ou son temps est écoulé. Demandez-en un nouveau.",
    signed_in="Vous êtes connecté",
    signed_in_as="Connecté en tant que",
    soon="Le tableau de bord arrive avec la prochaine version. D'ici là, les programmes"
    " font le travail.",
    wanted="Vous vouliez voir :",
    sign_out="Se déconnecter",
    signed_out="Vous êtes déconnecté",
    signed_out_text="Pour vous connecter, utilisez le lien que vous avez reçu.",
    too_old="Cette page était trop ancienne. Ouvrez-la à nouveau.",
    choose_password="Choisissez un mot de passe",
    password_for="Pour",
    password="Mot de passe",
    password_help="Au moins 8 caractères. Quelques mots se retiennent bien.",
    again="Le même encore une fois",
    save="Enregistrer le mot de passe",
    not_same="Les deux ne sont pas identiques.",
    wrong_length="Utilisez de 8 à 200 caractères.",
    too_easy="C'est facile à deviner. Utilisez quelques mots sans rapport entre eux, et ni votre"
    " nom ni votre adresse e-mail.",
    password_set="Votre mot de passe est enregistré",
    password_set_text="Vous pouvez fermer cette page.",
    pages={
        "campaigns": "Campagnes",
        "add_campaign": "Une nouvelle campagne",
        "update_campaign": "Une campagne",
        "statistics": "Statistiques",
        "distribution": "Envoi de coupons",
    },
)

_DE = Words(
    language="de",
    sign_in_to="Anmelden bei",
    go_on="Weiter",
    link_text="Dieser Link gilt einmal, fünf Minuten lang.",
    over="Dieser Link gilt nicht mehr",
    over_text="Er wurde schon benutzt, oder seine Zeit ist um. Bitte um einen neuen fragen.",
    signed_in="Sie sind angemeldet",
    signed_in_as="Angemeldet als",
    soon="Das Dashboard kommt mit der nächsten Version. Bis dahin erledigen Programme die Arbeit.",
    wanted="Sie wollten zu:",
    sign_out="Abmelden",
    signed_out="Sie sind abgemeldet",
    signed_out_text="Zum Anmelden den Link benutzen, den Sie bekommen haben.",
    too_old="Diese Seite war zu alt. Bitte neu öffnen.",
    choose_password="Passwort wählen",
    password_for="Für",
    password="Passwort",
    password_help="Mindestens 8 Zeichen. Ein paar Wörter merkt man sich leicht.",
    again="Dasselbe noch einmal",
    save="Passwort speichern",
    not_same="Die beiden sind nicht gleich.",
    wrong_length="Verwenden Sie 8 bis 200 Zeichen.",
    too_easy="Das ist leicht zu erraten. Verwenden Sie ein paar Wörter, die nicht zusammengehören,"
    " und weder Ihren Namen noch Ihre E-Mail-Adresse.",
    password_set="Ihr Passwort ist gespeichert",
    password_set_text="Sie können diese Seite schließen.",
    pages={
        "campaigns": "Kampagnen",
        "add_campaign": "Eine neue Kampagne",
        "update_campaign": "Eine Kampagne",
        "statistics": "Statistik",
        "distribution": "Coupons versenden",
    },
)

_ES = Words(
    language="es",
    sign_in_to="Iniciar sesión en",
    go_on="Continuar",
    link_text="Este enlace funciona una sola vez, durante cinco minutos.",
    over="Este enlace ya no es válido",
    over_text="Ya se usó o su tiempo ha terminado. Pida uno nuevo.",
    signed_in="Ha iniciado sesión",
    signed_in_as="Sesión iniciada como",
    soon="El panel llega con la próxima versión. Hasta entonces, los programas hacen el trabajo.",
    wanted="Quería ver:",
    sign_out="Cerrar sesión",
    signed_out="Ha cerrado la sesión",
    signed_out_text="Para iniciar sesión, use el enlace que recibió.",
    too_old="Esta página era demasiado antigua. Ábrala de nuevo.",
    choose_password="Elija una contraseña",
    password_for="Para",
    password="Contraseña",
    password_help="Al menos 8 caracteres. Unas cuantas palabras se recuerdan bien.",
    again="La misma otra vez",
    save="Guardar la contraseña",
    not_same="Las dos no son iguales.",
    wrong_length="Use de 8 a 200 caracteres.",
    too_easy="Es fácil de adivinar. Use varias palabras sin relación entre sí, y ni su nombre ni su"
    " dirección de correo.",
    password_set="Su contraseña está guardada",
    password_set_text="Puede cerrar esta página.",
    pages={
        "campaigns": "Campañas",
        "add_campaign": "Una campaña nueva",
        "update_campaign": "Una campaña",
        "statistics": "Estadísticas",
        "distribution": "Envío de cupones",
    },
)

_AR = Words(
    language="ar",
    sign_in_to="تسجيل الدخول إلى",
    go_on="متابعة",
    link_text="يعمل هذا الرابط مرة واحدة خلال خمس دقائق.",
    over="لم يعد هذا الرابط صالحًا",
    over_text="استُخدم من قبل أو انتهت مدته. اطلب رابطًا جديدًا.",
    signed_in="تم تسجيل دخولك",
    signed_in_as="تم تسجيل الدخول باسم",
    soon="ستأتي لوحة التحكم مع الإصدار القادم. حتى ذلك الحين تقوم البرامج بالعمل.",
    wanted="كنت تريد رؤية:",
    sign_out="تسجيل الخروج",
    signed_out="تم تسجيل خروجك",
    signed_out_text="لتسجيل الدخول استخدم الرابط الذي حصلت عليه.",
    too_old="كانت هذه الصفحة قديمة. افتحها من جديد.",
    choose_password="اختر كلمة مرور",
    password_for="لحساب",
    password="كلمة المرور",
    password_help="ثمانية أحرف على الأقل. بضع كلمات يسهل تذكرها.",
    again="كلمة المرور مرة أخرى",
    save="حفظ كلمة المرور",
    not_same="الكلمتان غير متطابقتين.",
    wrong_length="استخدم من 8 إلى 200 حرف.",
    too_easy="من السهل تخمينها. استخدم بضع كلمات لا صلة بينها، من دون اسمك أو بريدك الإلكتروني.",
    password_set="تم حفظ كلمة المرور",
    password_set_text="يمكنك إغلاق هذه الصفحة.",
    pages={
        "campaigns": "الحملات",
        "add_campaign": "حملة جديدة",
        "update_campaign": "حملة",
        "statistics": "الإحصاءات",
        "distribution": "إرسال القسائم",
    },
)

WORDS: dict[str, Words] = {words.language: words for words in (_EN, _NL, _FR, _DE, _ES, _AR)}
"""By language."""
