"""Countries, regions and languages as people write them, and as codes. Pure.

Codes are ISO 3166 (``DE``) and ISO 639 (``de``). Somebody writes "Germany", "DE" or "Deutschland": all the same here.
"""

from collections.abc import Collection, Iterable
from functools import lru_cache

from core.errors import Refused

_COUNTRIES = """
AD Andorra; AE United Arab Emirates; AF Afghanistan; AG Antigua and Barbuda; AI Anguilla; AL Albania; AM
Armenia; AO Angola; AQ Antarctica; AR Argentina; AS American Samoa; AT Austria; AU Australia; AW Aruba; AX Aland
Islands; AZ Azerbaijan; BA Bosnia and Herzegovina; BB Barbados; BD Bangladesh; BE Belgium; BF Burkina Faso; BG
Bulgaria; BH Bahrain; BI Burundi; BJ Benin; BL Saint Barthelemy; BM Bermuda; BN Brunei; BO Bolivia; BQ Caribbean
Netherlands; BR Brazil; BS Bahamas; BT Bhutan; BV Bouvet Island; BW Botswana; BY Belarus; BZ Belize; CA Canada;
CC Cocos Islands; CD DR Congo; CF Central African Rep.; CG Congo; CH Switzerland; CI Ivory Coast; CK Cook
Islands; CL Chile; CM Cameroon; CN China; CO Colombia; CR Costa Rica; CU Cuba; CV Cape Verde; CW Curacao; CX
Christmas Island; CY Cyprus; CZ Czechia; DE Germany; DJ Djibouti; DK Denmark; DM Dominica; DO Dominican
Republic; DZ Algeria; EC Ecuador; EE Estonia; EG Egypt; EH Western Sahara; ER Eritrea; ES Spain; ET Ethiopia; FI
Finland; FJ Fiji; FK Falkland Islands; FM Micronesia; FO Faroe Islands; FR France; GA Gabon; GB United Kingdom;
GD Grenada; GE Georgia; GF French Guiana; GG Guernsey; GH Ghana; GI Gibraltar; GL Greenland; GM Gambia; GN
Guinea; GP Guadeloupe; GQ Equatorial Guinea; GR Greece; GS South Georgia; GT Guatemala; GU Guam; GW Guinea-
Bissau; GY Guyana; HK Hong Kong; HM Heard Island; HN Honduras; HR Croatia; HT Haiti; HU Hungary; ID Indonesia;
IE Ireland; IL Israel; IM Isle of Man; IN India; IO British Indian Ocean Territory; IQ Iraq; IR Iran; IS
Iceland; IT Italy; JE Jersey; JM Jamaica; JO Jordan; JP Japan; KE Kenya; KG Kyrgyzstan; KH Cambodia; KI
Kiribati; KM Comoros; KN Saint Kitts and Nevis; KP North Korea; KR South Korea; KW Kuwait; KY Cayman Islands; KZ
Kazakhstan; LA Laos; LB Lebanon; LC Saint Lucia; LI Liechtenstein; LK Sri Lanka; LR Liberia; LS Lesotho; LT
Lithuania; LU Luxembourg; LV Latvia; LY Libya; MA Morocco; MC Monaco; MD Moldova; ME Montenegro; MF Saint
Martin; MG Madagascar; MH Marshall Islands; MK North Macedonia; ML Mali; MM Myanmar; MN Mongolia; MO Macau; MP
Northern Mariana Islands; MQ Martinique; MR Mauritania; MS Montserrat; MT Malta; MU Mauritius; MV Maldives; MW
Malawi; MX Mexico; MY Malaysia; MZ Mozambique; NA Namibia; NC New Caledonia; NE Niger; NF Norfolk Island; NG
Nigeria; NI Nicaragua; NL Netherlands; NO Norway; NP Nepal; NR Nauru; NU Niue; NZ New Zealand; OM Oman; PA
Panama; PE Peru; PF French Polynesia; PG Papua New Guinea; PH Philippines; PK Pakistan; PL Poland; PM Saint
Pierre and Miquelon; PN Pitcairn; PR Puerto Rico; PS Palestine; PT Portugal; PW Palau; PY Paraguay; QA Qatar; RE
Reunion; RO Romania; RS Serbia; RU Russia; RW Rwanda; SA Saudi Arabia; SB Solomon Islands; SC Seychelles; SD
Sudan; SE Sweden; SG Singapore; SH Saint Helena; SI Slovenia; SJ Svalbard and Jan Mayen; SK Slovakia; SL Sierra
Leone; SM San Marino; SN Senegal; SO Somalia; SR Suriname; SS South Sudan; ST Sao Tome and Principe; SV El
Salvador; SX Sint Maarten; SY Syria; SZ Eswatini; TC Turks and Caicos Islands; TD Chad; TF French Southern
Territories; TG Togo; TH Thailand; TJ Tajikistan; TK Tokelau; TL East Timor; TM Turkmenistan; TN Tunisia; TO
Tonga; TR Turkey; TT Trinidad and Tobago; TV Tuvalu; TW Taiwan; TZ Tanzania; UA Ukraine; UG Uganda; UM US
Outlying Islands; US United States; UY Uruguay; UZ Uzbekistan; VA Vatican City; VC Saint Vincent; VE Venezuela;
VG British Virgin Islands; VI US Virgin Islands; VN Vietnam; VU Vanuatu; WF Wallis and Futuna; WS Samoa; YE
Yemen; YT Mayotte; ZA South Africa; ZM Zambia; ZW Zimbabwe
"""
COUNTRIES: dict[str, str] = {
    one.split(" ", 1)[0]: one.split(" ", 1)[1] for one in " ".join(_COUNTRIES.split()).split("; ")
}

COUNTRIES["XK"] = "Kosovo"

# what people write besides the name and the code
_ALSO = {
    "AE": "UAE; Emirates",
    "AT": "Österreich; Oesterreich; AUT",
    "BE": "Belgique; België; BEL",
    "BR": "Brasil",
    "CD": "Democratic Republic of the Congo; Congo-Kinshasa",
    "CH": "Schweiz; Suisse; Svizzera; CHE",
    "CI": "Côte d'Ivoire; Cote d'Ivoire",
    "CZ": "Czech Republic; Česko",
    "DE": "Deutschland; Allemagne; DEU; GER",
    "DK": "Danmark",
    "ES": "España; Espana; ESP",
    "FI": "Suomi",
    "FR": "La France; FRA",
    "GB": "UK; Great Britain; Britain; England; Scotland; Wales; Northern Ireland; GBR",
    "HU": "Magyarország",
    "IT": "Italia; ITA",
    "KR": "Korea; Republic of Korea",
    "MX": "México",
    "NL": "Holland; The Netherlands; Nederland; NLD",
    "NO": "Norge",
    "PL": "Polska; POL",
    "RU": "Russian Federation",
    "SE": "Sverige",
    "TR": "Türkiye; Turkiye",
    "US": "USA; United States of America; America; U.S.; U.S.A.",
    "VN": "Viet Nam",
}

_REGIONS = """
DACH: DE AT CH
Benelux: BE NL LU
Nordics: DK FI IS NO SE
Baltics: EE LV LT
Iberia: ES PT
UK and Ireland: GB IE
European Union: AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE
Europe: AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE GB CH NO IS LI AL AD BA MC
    MD ME MK RS SM UA VA XK TR
North America: US CA MX
Latin America: AR BO BR CL CO CR CU DO EC GT HN MX NI PA PE PR PY SV UY VE
Middle East: AE BH EG IL IQ IR JO KW LB OM QA SA SY TR YE
Gulf: AE BH KW OM QA SA
Africa: AO BF BI BJ BW CD CF CG CI CM DJ DZ EG ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG ML MR MU MW MZ NA NE NG
    RW SC SD SL SN SO SS ST SZ TD TG TN TZ UG ZA ZM ZW
Asia Pacific: AU NZ JP KR CN HK TW SG MY TH ID PH VN IN PK BD LK NP
ANZ: AU NZ
"""


def _regions() -> dict[str, frozenset[str]]:
    lines = " ".join(_REGIONS.split("\n    ")).strip().splitlines()
    return {name: frozenset(codes.split()) for name, codes in (line.split(": ") for line in lines)}


REGIONS = _regions()
_LANGUAGES = """
ar Arabic العربية; bg Bulgarian български; bn Bengali বাংলা; bs Bosnian bosanski; ca Catalan català; cs Czech čeština;
da Danish dansk; de German Deutsch; el Greek Ελληνικά; en English English; es Spanish español; et Estonian eesti;
fa Persian فارسی; fi Finnish suomi; fr French français; he Hebrew עברית; hi Hindi हिन्दी; hr Croatian hrvatski;
hu Hungarian magyar; id Indonesian Indonesia; is Icelandic íslenska; it Italian italiano; ja Japanese 日本語;
ko Korean 한국어; lt Lithuanian lietuvių; lv Latvian latviešu; mk Macedonian македонски; ms Malay Melayu;
nl Dutch Nederlands; no Norwegian norsk; pl Polish polski; pt Portuguese português; ro Romanian română;
ru Russian русский; sk Slovak slovenčina; sl Slovenian slovenščina; sq Albanian shqip; sr Serbian српски;
sv Swedish svenska; sw Swahili Kiswahili; ta Tamil தமிழ்; th Thai ไทย; tr Turkish Türkçe; uk Ukrainian українська;
ur Urdu اردو; vi Vietnamese Việt; zh Chinese 中文
"""
_NAMES = {(parts := one.split())[0]: tuple(parts[1:]) for one in " ".join(_LANGUAGES.split()).split("; ")}
LANGUAGES: dict[str, str] = {code: names[0] for code, names in _NAMES.items()}

# in which countries one gets far with which language: the first is the likelier one
_SPOKEN = """
ar: AE BH DZ EG IQ JO KW LB LY MA OM QA SA SD SY TN YE
bg: BG
bn: BD
bs: BA
cs: CZ
da: DK
de: DE AT CH LI LU
el: GR CY
en: US GB IE AU NZ CA ZA NG KE GH SG IN PH MT JM ZW UG ZM HK
es: ES MX AR BO CL CO CR CU DO EC GT HN NI PA PE PR PY SV UY VE
et: EE
fa: IR
fi: FI
fr: FR BE CH LU MC CI SN CM CD CA
he: IL
hr: HR
hu: HU
id: ID
is: IS
it: IT CH SM VA
ja: JP
ko: KR
lt: LT
lv: LV
mk: MK
ms: MY
nl: NL BE
no: NO
pl: PL
pt: PT BR AO MZ
ro: RO MD
ru: RU BY KZ
sk: SK
sl: SI
sq: AL XK
sr: RS ME
sv: SE FI
sw: KE TZ
th: TH
tr: TR CY
uk: UA
ur: PK
vi: VN
zh: CN TW HK SG
"""


def _spoken() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in _SPOKEN.strip().splitlines():
        language, _, codes = line.partition(": ")
        for code in codes.split():
            found[code] = (*found.get(code, ()), language)
    return found


SPOKEN = _spoken()


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace(".", "").split())


_COUNTRY_BY = {_plain(code): code for code in COUNTRIES} | {_plain(name): code for code, name in COUNTRIES.items()}
_COUNTRY_BY |= {_plain(one): code for code, also in _ALSO.items() for one in also.split("; ")}
_REGION_BY = {_plain(name): codes for name, codes in REGIONS.items()} | {
    "eu": REGIONS["European Union"],
    "apac": REGIONS["Asia Pacific"],
    "latam": REGIONS["Latin America"],
    "mena": REGIONS["Middle East"],
    "scandinavia": frozenset(["DK", "NO", "SE"]),
}
_LANGUAGE_BY = {_plain(word): code for code, names in _NAMES.items() for word in (code, *names)}
_LANGUAGE_BY |= {"nb": "no", "nn": "no", "mandarin": "zh", "castellano": "es", "flemish": "nl"}


@lru_cache(maxsize=4000)
def country_code(text: str) -> str:
    """'Germany', 'de' or 'Deutschland' -> 'DE'; '' for what is no country that we know."""
    return _COUNTRY_BY.get(_plain(text), "")


@lru_cache(maxsize=4000)
def language_code(text: str) -> str:
    """'German', 'de-AT' or 'Deutsch' -> 'de'; '' for what is no language that we know."""
    plain = _plain(text)
    return _LANGUAGE_BY.get(plain) or _LANGUAGE_BY.get(plain.replace("_", "-").split("-")[0], "")


def _pieces(text: str) -> list[str]:
    return [
        piece for piece in (part.strip() for part in text.replace(";", ",").replace("\n", ",").split(",")) if piece
    ]


def countries_parse(text: str) -> list[str]:
    """'DACH, France' -> ['AT', 'CH', 'DE', 'FR']. Raises Refused naming what is neither country nor region."""
    found: set[str] = set()
    for piece in _pieces(text):
        region, code = _REGION_BY.get(_plain(piece)), country_code(piece)
        if region is None and not code:
            raise Refused(f"“{piece}” is no country or region that we know.", field="countries")
        found |= region if region is not None else {code}
    return sorted(found)


def countries_text(codes: Collection[str]) -> str:
    """The way back, with the name of a region for all of its countries: 'DACH, France'."""
    left, said = set(codes), []
    for name, region in sorted(REGIONS.items(), key=lambda one: -len(one[1])):
        if region <= left:
            said.append(name)
            left -= region
    return ", ".join([*said, *sorted(COUNTRIES.get(code, code) for code in left)])


def languages_parse(text: str) -> list[str]:
    """'German, English' -> ['de', 'en']. Raises Refused naming what is no language."""
    found: list[str] = []
    for piece in _pieces(text):
        code = language_code(piece)
        if not code:
            raise Refused(f"“{piece}” is no language that we know.", field="languages")
        found += [code] if code not in found else []
    return found


def languages_text(codes: Iterable[str]) -> str:
    return ", ".join(LANGUAGES.get(code, code) for code in codes)


def words_parse(text: str) -> list[str]:
    """Skills as people write them, each once, in small letters: 'SaaS, saas,  Field  service'."""
    return list(dict.fromkeys(" ".join(piece.lower().split())[:60] for piece in _pieces(text)))
