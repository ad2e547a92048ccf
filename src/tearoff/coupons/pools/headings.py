"""What people and programs call the column of codes, in the languages that coupons are sold in.

Written as `kit.tables.models.plain` writes a heading: small letters, no accents, no blanks.
Names that such lists give to other columns too (number, id, EAN, barcode) are not among them:
such a column is told apart by its form, or named by whoever imports it.
"""

from __future__ import annotations

from tearoff.kit.tables.models import plain

_WORDS = """
code, codes, coupon, coupons, coupon code, coupon codes, voucher, vouchers, voucher code,
voucher codes, validation code, validation codes, promo code, promo codes, promotion code,
promotional code, discount code, discount codes, gift code, gift card code, redemption code,
redeem code, unique code, unique codes, single use code, offer code, reward code, serial,
serial number, pin code, custom validation code
Code, Gutschein, Gutscheine, Gutscheincode, Gutscheincodes, Gutschein-Code, Gutscheinnummer,
Gutscheinnummern, Gutschein-Nr, Rabattcode, Rabattcodes, Aktionscode, Aktionscodes, Einlösecode,
Bon-Code, Couponcode, Codenummer, Promocode
code promo, codes promo, code promotionnel, codes promotionnels, code de réduction,
codes de réduction, code réduction, code coupon, code bon, bon de réduction, bons de réduction,
code avantage, code cadeau, coupon de réduction, code unique, codes uniques
código, códigos, cupón, cupones, código promocional, códigos promocionales,
código de descuento, códigos de descuento, código de cupón, vale, bono
código de desconto, códigos de desconto, cupom, cupons, código do cupom, cupom de desconto,
cupão, códigos promocionais, código de promoção
codice, codici, codice sconto, codici sconto, codice promozionale, codici promozionali,
codice coupon, codice buono, buono, buono sconto, codice promo
kortingscode, kortingscodes, kortingcode, kortingsbon, kortingsbonnen, waardebon, waardebonnen,
actiecode, actiecodes, couponcodes, vouchercodes, cadeaubon, cadeaucode, bon, boncode
kod, kody, kod rabatowy, kody rabatowe, kod promocyjny, kody promocyjne, kupon, kupony, bon
koder, rabattkod, rabattkoder, rabatkode, rabatkoder, rabattkode, kode, kampanjkod, kampagnekode,
presentkortskod, gavekode, värdekod, kupong, kupongkod, kupongkode
koodi, koodit, alennuskoodi, alennuskoodit, kuponki, kuponkikoodi
kód, kódy, slevový kód, slevové kódy, kupón, zľavový kód, zľavové kódy
kódok, kuponkód, kuponkódok, kedvezménykód
cod, coduri, cod promoțional, cod de reducere, cod reducere
kodu, kupon kodu, indirim kodu, promosyon kodu
kupons, kods, atlaides kods, nuolaidos kodas, kodas, kuponas, sooduskood, kood
koda, kode, popust koda, kod za popust, promotivni kod
код, коды, промокод, промокоды, купон, купоны, код купона, коди, промокоди, купони
κωδικός, κωδικοί, κουπόνι, εκπτωτικός κωδικός
كود, رمز, قسيمة, كود الخصم, رمز القسيمة
קוד, קופון, קוד קופון
クーポン, クーポンコード, コード
쿠폰, 쿠폰코드, 쿠폰 코드, 코드
优惠码, 优惠券, 优惠券码, 兑换码, 代码, 券码, 優惠碼, 優惠券, 兌換碼, 代碼
"""

NAMES = frozenset(plain(word) for line in _WORDS.splitlines() for word in line.split(",")) - {""}
