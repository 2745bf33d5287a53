"""Invented letters and receipts that the tests and the bench set."""

from dataclasses import replace
from datetime import date

from handslag.connectors.letter.port import (
    Annex,
    DecisionLine,
    Fact,
    Letter,
    Organisation,
    Receipt,
    ReceiptPart,
    Section,
    SheetLine,
)

LJUNGVIK = Organisation(
    name="Ljungvik kommun",
    unit="Socialförvaltningen, enheten för ekonomiskt bistånd",
    address=("Box 12", "123 21 Ljungvik"),
    contact=("0123-45 60 00", "ekonomisktbistand@ljungvik.example"),
    colour="#1f5f5b",
)

SHEET = (
    SheetLine("Riksnorm", None, kind="heading"),
    SheetLine("Personliga kostnader, ensamstående vuxen", 394000, "12 kap. 2 § SoF", "Hela mars: 31 av 31 dagar"),
    SheetLine("Gemensamma hushållskostnader, 1 person", 128000, "12 kap. 2 § SoF", "Hushåll med 1 person"),
    SheetLine("Riksnorm, summa", 522000, "", "3 940 + 1 280 = 5 220", "sum"),
    SheetLine("Skäliga kostnader utanför riksnormen", None, kind="heading"),
    SheetLine("Hyra", 620000, "12 kap. 7 § SoL", "Hyresavi 2026-02-27, inom kommunens gräns 6 900"),
    SheetLine("Hushållsel", 45000, "12 kap. 7 § SoL", "Faktura 2026-02-18"),
    SheetLine("Hemförsäkring", 12000, "12 kap. 7 § SoL", "Årspremie 1 440 / 12"),
    SheetLine("Avgift till a-kassa", 16000, "12 kap. 7 § SoL", "Månadsavgift"),
    SheetLine("Inkomster i februari", None, kind="heading"),
    SheetLine("Aktivitetsstöd", -560000, "12 kap. 1 § SoL", "Försäkringskassan, utbetalt 2026-02-25"),
    SheetLine("Att betala ut", 655000, "", "5 220 + 6 930 − 5 600 = 6 550", "sum"),
)

APPEAL = Section(
    "Om du inte är nöjd med beslutet",
    "Du kan överklaga beslutet hos förvaltningsrätten. Skriv vilket beslut du överklagar, vad du vill "
    "ändra och varför. Skriv under och ange namn, personnummer, adress och telefonnummer.\n\n"
    "Skicka överklagandet till Ljungvik kommun, inte till domstolen. Det ska ha kommit in senast tre veckor "
    "efter den dag då du fick del av beslutet.",
)

LETTER = Letter(
    organisation=LJUNGVIK,
    recipient=("Petra Nilsson", "Björkgatan 14 lgh 1203", "123 45 LJUNGVIK"),
    reference="2026-004127-K",
    written_on=date(2026, 3, 24),
    language="sv",
    heading="Beslut om ekonomiskt bistånd för mars 2026",
    outcome="Du får ekonomiskt bistånd för mars 2026. Pengarna betalas ut onsdag den 25 mars.",
    outcome_amount=655000,
    paragraphs=(
        Section(
            "Skälen för beslutet",
            "Den som inte själv kan tillgodose sina behov har rätt till ekonomiskt bistånd enligt "
            "12 kap. 1 § socialtjänstlagen (2025:400). Biståndet beräknas efter riksnormen och "
            "skäliga kostnader därutöver.\n\n"
            "Dina kostnader i mars är 12 150 kr. Din inkomst i februari var 5 600 kr. Skillnaden, 6 550 kr, "
            "är det bistånd som du har rätt till. Hur varje rad är beräknad framgår av bilagan.",
        ),
    ),
    lines=(
        DecisionLine("Försörjningsstöd", 639000, "12 kap. 1 § SoL", "Mars 2026, Petra Nilsson"),
        DecisionLine("Avgift till a-kassa", 16000, "12 kap. 7 § SoL", "Mars 2026"),
    ),
    decided_by=("Karin Åberg", "Socialsekreterare"),
    delegation="punkt 4.2 i socialnämndens delegationsordning, 2026-01-15",
    appeal=APPEAL,
    annex=Annex(
        "Beräkning för mars 2026",
        "Norm: riksnorm 2026 (SFS 2025:468 i lydelsen 2025:1046). Beräknad den 23 mars 2026, blad 2.",
        SHEET,
        '{"amount":655000,"lines":12}',
    ),
)

LONG = replace(
    LETTER,
    annex=Annex(
        "Beräkning för mars 2026",
        "Ett hushåll med många rader.",
        tuple(
            SheetLine(f"Rad nummer {n}", n * 12345, "12 kap. 7 § SoL", f"Förklaring till rad {n}") for n in range(1, 61)
        ),
        '{"lines":60}',
    ),
)

ENGLISH = replace(
    LETTER,
    language="en",
    heading="Decision on income support for March 2026",
    outcome="You will receive income support for March 2026. The money is paid out on Wednesday 25 March.",
    paragraphs=(Section("Reasons", "Whoever can't meet their own needs is entitled to income support."),),
    lines=(DecisionLine("Income support", 655050, "12 kap. 1 § SoL", "March 2026"),),
    outcome_amount=655050,
    appeal=Section("If you disagree", "You can appeal the decision within three weeks."),
    annex=None,
)

RECEIPT = Receipt(
    organisation=LJUNGVIK,
    recipient=("Petra Nilsson", "Björkgatan 14 lgh 1203", "123 45 LJUNGVIK"),
    reference="2026-004127-K",
    written_on=date(2026, 3, 2),
    language="sv",
    heading="Kvittens på din ansökan",
    statement="Vi har tagit emot din ansökan om ekonomiskt bistånd för mars 2026.",
    facts=(
        Fact("Inkom", "måndag 2 mars 2026 kl. 14.07.31"),
        Fact("Ärende", "2026-004127-K"),
        Fact("Undertecknad av", "Petra Nilsson, 2 mars 2026 kl. 14.07.29"),
        Fact("Handläggs av", "Enheten för ekonomiskt bistånd"),
        Fact("Besked senast", "9 mars 2026"),
    ),
    parts=(
        ReceiptPart("Hushåll", (Fact("Vuxen", "Petra Nilsson"), Fact("Boende", "Hyresrätt, 2 rum och kök"))),
        ReceiptPart("Inkomster i februari", (Fact("Aktivitetsstöd", "5 600 kr"),)),
        ReceiptPart(
            "Kostnader i mars",
            (Fact("Hyra", "6 200 kr"), Fact("Hushållsel", "450 kr"), Fact("Hemförsäkring", "120 kr")),
        ),
    ),
    closing=(
        Section(
            "Så kontrollerar du kvittensen",
            "Kvittensen är signerad av Ljungvik kommun och ligger som fil i detta dokument. Den kan "
            "kontrolleras utan förbindelse med kommunen mot kommunens publicerade nyckel.",
        ),
    ),
    digest="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    data='{"receipt":1}',
)
