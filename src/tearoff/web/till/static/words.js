// The words of the page, in its language, and the addresses of what is fetched when it is needed.

export const { words, files, language, shapes } = JSON.parse(document.getElementById("data").textContent);

const plural = new Intl.PluralRules(language);

export const counted = (forms, n) => (forms[plural.select(n)] ?? forms.other).replace("{n}", n);
