"""The vocabulary of the demo company and its market. Everybody in here is invented; every domain ends in .example."""


def _list(text: str, mark: str = " ") -> list[str]:
    return text.split(mark)


SELLER = "Tidewater"
PASSWORD = "tidewater-demo-2026"

# (e-mail name, full name, role, team, time zone)
PEOPLE = [
    ("rita", "Rita Alvarez", "rep", "Americas", "America/New_York"),
    ("sam", "Sam Whitfield", "rep", "Americas", "America/Chicago"),
    ("priya", "Priya Raman", "rep", "Americas", "America/Los_Angeles"),
    ("tomasz", "Tomasz Kowalski", "rep", "Europe", "Europe/Warsaw"),
    ("elif", "Elif Demir", "rep", "Europe", "Europe/Istanbul"),
    ("noah", "Noah Fischer", "rep", "Europe", "Europe/Berlin"),
    ("helena", "Helena Novak", "manager", "Americas", "America/New_York"),
    ("diego", "Diego Santos", "manager", "Europe", "Europe/Lisbon"),
    ("maya", "Maya Okafor", "marketer", "", "America/New_York"),
    ("jonas", "Jonas Lindqvist", "marketer", "", "Europe/Stockholm"),
    ("ada", "Ada Brandt", "admin", "", "Europe/Berlin"),
]

# whose public holidays they keep: (country, region)
HOLIDAYS = {
    **dict.fromkeys(("rita", "helena", "maya"), ("US", "NY")),
    **dict.fromkeys(("noah", "ada"), ("DE", "BE")),
    "sam": ("US", "IL"),
    "priya": ("US", "CA"),
    "tomasz": ("PL", ""),
    "elif": ("TR", ""),
    "diego": ("PT", ""),
    "jonas": ("SE", ""),
}

# whom a rep can talk to: (languages, territory, skills)
KNOW: dict[str, tuple[str, str, str]] = {
    "rita": ("English, Spanish", "North America, Spain", "enterprise"),
    "sam": ("English", "North America", "small business"),
    "priya": ("English, Hindi", "North America", "enterprise, field service"),
    "tomasz": ("Polish, English, German", "Poland, DACH", "field service"),
    "elif": ("English, Turkish, Dutch", "UK and Ireland, Benelux, Spain", "small business"),
    "noah": ("German, English", "DACH, Benelux", "enterprise"),
}

# (sku, name, series, price a year)
PRODUCTS = [
    ("TW-START", "Tidewater Starter", "Plans", 2_400),
    ("TW-TEAM", "Tidewater Team", "Plans", 7_800),
    ("TW-BIZ", "Tidewater Business", "Plans", 18_500),
    ("TW-ONB", "Guided onboarding", "Services", 1_500),
    ("TW-SUP", "Priority support", "Services", 3_000),
]

# source: (share of leads, quality 0..1, medium, landing page, campaigns)
SOURCES: dict[str, tuple[float, float, str, str, list[str]]] = {
    "Organic search": (0.30, 0.62, "organic", "/guides/dispatch", ["", "", "Dispatch guide"]),
    "Paid search": (0.18, 0.48, "cpc", "/lp/scheduling", ["Scheduling software", "Route planning", "Brand"]),
    "Webinar": (0.12, 0.74, "event", "/webinars", ["Winter readiness", "Fewer no-shows", "First-time fix"]),
    "Referral": (0.08, 0.88, "referral", "/", ["Customer referral", "Partner portal"]),
    "Checklist": (0.14, 0.28, "content", "/checklists/field-audit", ["Field audit checklist", "Van stock checklist"]),
    "LinkedIn": (0.11, 0.42, "social", "/lp/ops-leaders", ["Ops leaders", "Retargeting"]),
    "E-mail": (0.07, 0.52, "email", "/news", ["Monthly letter", "Product update"]),
}

INDUSTRIES = [
    ("Heating and cooling", 1.0),
    ("Electrical services", 0.9),
    ("Facility management", 0.95),
    ("Telecom installation", 0.85),
    ("Property maintenance", 0.8),
    ("Medical equipment", 0.7),
    ("Landscaping", 0.5),
    ("Retail", 0.25),
    ("Education", 0.15),
]
COMPANY_FIRST = _list(
    "Harbor Summit Cedar Alder Granite Beacon Falcon Juniper Meridian Pioneer Sterling Willow Cobalt Ember Lakeside"
    " Northgate Redwood Silverline Thornton Valley Westbrook Ashford Birch Copperfield Delta Evergreen Foxglove"
    " Gateway Highland Ironwood Keystone Linden Maple Nordic Orchard Pinecrest Quarry Riverside Stonebridge Trident"
    " Union Vantage Windmill Yarrow Zephyr Castell Bruma Solano Marlow Kestrel"
)
COMPANY_SECOND = _list(
    "Heating;Electric;Facilities;Services;Telecom;Property Care;Medical;Grounds;Mechanical;Climate;Power;"
    "Maintenance;Field Services;Installations;Building Care",
    ";",
)
# country, cities, team
PLACES = [
    ("United States", ["Boston", "Austin", "Denver", "Atlanta", "Portland", "Columbus"], "Americas"),
    ("Canada", ["Toronto", "Calgary", "Halifax"], "Americas"),
    ("United Kingdom", ["Leeds", "Bristol", "Glasgow"], "Europe"),
    ("Germany", ["Hamburg", "Leipzig", "Stuttgart"], "Europe"),
    ("Netherlands", ["Utrecht", "Eindhoven"], "Europe"),
    ("Spain", ["Valencia", "Bilbao"], "Europe"),
    ("Poland", ["Gdansk", "Poznan"], "Europe"),
]

# (job title, persona, fit 0..1)
TITLES = [
    ("Operations Manager", "Operations", 1.0),
    ("Head of Field Service", "Operations", 1.0),
    ("Service Director", "Operations", 0.95),
    ("Dispatch Lead", "Dispatcher", 0.75),
    ("Managing Director", "Owner", 0.9),
    ("Chief Operating Officer", "Owner", 0.95),
    ("IT Manager", "IT", 0.65),
    ("Office Administrator", "Office", 0.4),
    ("Technician", "Technician", 0.25),
    ("Student", "Student", 0.0),
]
FIRST_NAMES = _list(
    "Amelia Oliver Sofia Liam Noor Mateo Ingrid Kwame Leila Hugo Anika Marcus Yuki Elena Patrick Zainab Viktor Grace"
    " Andre Mei Lukas Fatima Owen Clara Rafael Hanna Dmitri Aisha Peter Camila Jan Olivia Sven Ines Tariq Emily"
    " Bruno Katarina Daniel Rosa Martin Julia Felix Nadia Simon Laura Oscar Greta Pablo Wanda"
)
LAST_NAMES = _list(
    "Anderson Becker Costa Dubois Eriksson Ferreira Garcia Hoffmann Ivanov Jensen Keller Larsen Morales Nakamura"
    " Okoye Petrov Quinn Rossi Schmidt Tanaka Ueda Vargas Weber Xavier Young Zielinski Bauer Campbell Diaz Evans"
    " Foster Grant Hughes Ito Jones Kim Lopez Meyer Nowak Olsen Park Reid Silva Turner Vogel Walsh Brown Clarke"
)
PAGES = ["/features/dispatch", "/features/mobile", "/customers", "/blog/no-shows", "/integrations", "/about"]
ASSETS = [
    "Field audit checklist",
    "Van stock checklist",
    "Guide: planning a day of visits",
    "Case: 30 % fewer drives",
]
WEBINARS = ["Winter readiness", "Fewer no-shows", "First-time fix rate"]

BUDGETS = ["Approved for this year", "Part of the operations budget", "To be asked for in the next quarter"]
AUTHORITY = ["Decides alone", "Decides with the finance director", "Recommends; the owner signs"]
NEEDS = [
    "Twelve dispatchers share one spreadsheet; two visits a day are missed.",
    "Technicians drive back for parts; they want van stock on the phone.",
    "Customers call to ask when somebody comes; they want live arrival times.",
    "The old tool is switched off in spring.",
]
TIMELINES = ["Live before winter", "Within two months", "Start of next quarter", "No date yet"]
NEXT_STEPS = [
    "Send the agenda for the demo",
    "Call to agree on the pilot branch",
    "Send the offer with two options",
    "Ask who signs",
    "Follow up on the offer",
    "Answer the security questions",
]
OBJECTIONS = {
    "price": "The offer is a third above what they pay now.",
    "timing": "Budget frozen until next year.",
    "competition": "Chose the tool their sister company uses.",
    "unresponsive": "Nobody answered after the third call.",
    "poor_fit": "Needs on-premise; we do not offer that.",
}

OPENER = "Hello {first_name}, {rep} from Tidewater. You {deed} {when}: is dispatch what keeps {company} up at night?"
DISCOVERED = {
    "What happens if nothing changes?": [
        "They lose a van a week to double bookings",
        "Overtime grows again",
    ],
    "What do they use today?": ["A spreadsheet and a whiteboard", "An old dispatch tool, contract ends in spring"],
}
