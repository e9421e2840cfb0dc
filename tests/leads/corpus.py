"""Text that breaks software: our own collection, made by rule so that it stays readable."""

XSS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "javascript:alert(1)",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "{{constructor.constructor('alert(1)')()}}",
    "{% debug %}{{ request.user }}",
    "${7*7}#{7*7}<%= 7*7 %>",
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    '<!--#exec cmd="id"-->',
]
SQL = [
    "'; DROP TABLE leads_lead; --",
    "1 OR 1=1",
    '" OR ""="',
    "%' AND 1=0 UNION SELECT 1 --",
    "\\'; SELECT pg_sleep(5); --",
    "Robert'); DELETE FROM team_user;--",
]
WORDS = [
    *("null", "NULL", "None", "undefined", "nil", "NaN", "Infinity", "true", "False", "0", "-1", "1e309", "0x1F"),
    *(
        "Ω≈ç√∫˜µ≤≥÷",
        "田中さんにあげて下さい",
        "مُنَاقَشَةُ سُبُلِ",
        "הָיְתָה",
        "Ṱ̺̺̕o͞ ̷i̲̬͇̪͙n̝̗͕v̟̜̘̦͟o̶̙̰̠kè͚̮̺̪̹̱̤",
        "👩‍👩‍👧‍👦",
        "🇺🇸🇷🇺🇸",
        "﷽",
        "ﬁ ﬀ",
        "İi̇ıI",
    ),
    *(
        "\u202e reversed",
        "\u200b",
        "\u200e\u200f",
        "\ufeffbom",
        "\u2028line\u2029para",
        "a\u0300\u0301",
        "\U0001f4a9",
    ),
    *("a\x00b", "tab\tnew\nline", "\x07bell", "\x1b[31mred", "\x7f", "\x80\x9f", "../../etc/passwd", "C:\\con\\aux"),
    *("=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1)", "\t=1", " =1", "＝1", "%00", "%s%n%x", "{0}", "$(id)", "`id`"),
    *("🏳0🌈️", "ᴀʟʟ sᴍᴀʟʟ", "𝕋𝕙𝕖", "ＡＢＣ", "ſtraße", "ǅ", "O'Neil-Müller", "D’Arcy", "x" * 70, "é" * 79, "字" * 60),
]
CORPUS = [
    *XSS,
    *SQL,
    *WORDS,
    # every control character, the blocks where text behaves oddly, and their mixes with markup
    *(f"c{chr(code)}c" for code in [*range(1, 32), *range(0x7F, 0xA1)]),
    *(f"u{chr(code)}u" for code in [*range(0x2000, 0x2010), *range(0x2028, 0x2030), *range(0x2066, 0x2070)]),
    *(f"m{chr(code)}" for code in range(0x300, 0x370)),
    *(chr(code) * 3 for code in range(0x1F600, 0x1F650)),
    *(f"<b>{word}</b>" for word in WORDS),
    *(f'"{word}"' for word in WORDS),
    *(f"{word};{word}"[:80] for word in WORDS),
]
