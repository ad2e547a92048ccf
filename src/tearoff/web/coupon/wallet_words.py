"""The words of the wallets' buttons, and of the passes."""

from __future__ import annotations

import msgspec


class Words(msgspec.Struct, frozen=True):
    add: str
    coupon: str
    ends: str
    code: str
    news: str


WORDS = {
    "en": Words("Add to {wallet}", "Coupon", "Valid until", "Code", "News"),
    "nl": Words("Voeg toe aan {wallet}", "Coupon", "Geldig tot", "Code", "Nieuws"),
    "fr": Words("Ajouter à {wallet}", "Coupon", "Valable jusqu’au", "Code", "Actualités"),
    "de": Words("Zu {wallet} hinzufügen", "Coupon", "Gültig bis", "Code", "Neuigkeiten"),
    "es": Words("Añadir a {wallet}", "Cupón", "Válido hasta", "Código", "Novedades"),
    "it": Words("Aggiungi a {wallet}", "Coupon", "Valido fino al", "Codice", "Novità"),
    "pt": Words("Adicionar à {wallet}", "Cupão", "Válido até", "Código", "Novidades"),
    "pl": Words("Dodaj do {wallet}", "Kupon", "Ważny do", "Kod", "Aktualności"),
    "ar": Words("إضافة إلى {wallet}", "قسيمة", "صالحة حتى", "الرمز", "الأخبار"),
}
