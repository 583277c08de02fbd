"""Invented names of units and people. No unit and no person in Järfälla has them on purpose."""

import itertools
import random
from collections.abc import Iterator

from units.models import Kind

PLACES = [
    "Almbacken", "Björkdungen", "Blåklinten", "Ekstigen", "Fjärilsängen", "Gläntan", "Granåsen", "Humlehagen",
    "Junibacken", "Karlavagnen", "Klockarängen", "Källsprånget", "Lindallén", "Lärksången", "Månstigen", "Norrskenet",
    "Näckrosen", "Piltorpet", "Regnbågen", "Rönnhagen", "Silvergården", "Skogsbrynet", "Solrosen", "Stjärnfallet",
    "Tallmon", "Trollskogen", "Vallmon", "Videungen", "Ängsgården", "Åkerbäret", "Älvstigen", "Ödmården",
]  # fmt: skip
NOUNS = {
    Kind.PRESCHOOL: "förskola",
    Kind.PEDAGOGICAL_CARE: "familjedaghem",
    Kind.OPEN_PRESCHOOL: "öppna förskola",
    Kind.COMPULSORY_SCHOOL: "skola",
    Kind.ADAPTED_SCHOOL: "anpassade grundskola",
    Kind.UPPER_SECONDARY: "gymnasium",
    Kind.ADULT_EDUCATION: "vuxenutbildning",
    Kind.YOUTH_CENTRE: "fritidsgård",
    Kind.SOCIAL_SERVICES: "familjeenhet",
    Kind.LABOUR_MARKET: "jobbcenter",
    Kind.SAFETY: "trygghetsgrupp",
    Kind.HEALTH_CARE: "ungdomsmottagning",
    Kind.HOUSING_COMPANY: "bostäder",
    Kind.ASSOCIATION: "idrottsförening",
    Kind.OTHER: "bibliotek",
}
DEPARTMENTS = {
    Kind.SOCIAL_SERVICES: "Socialförvaltningen",
    Kind.HEALTH_CARE: "Socialförvaltningen",
    Kind.YOUTH_CENTRE: "Kultur- och fritidsförvaltningen",
    Kind.OTHER: "Kultur- och fritidsförvaltningen",
    Kind.ADULT_EDUCATION: "Kompetensförvaltningen",
    Kind.LABOUR_MARKET: "Kompetensförvaltningen",
    Kind.SAFETY: "Kommunstyrelseförvaltningen",
    Kind.HOUSING_COMPANY: "",
    Kind.ASSOCIATION: "",
}
DISTRICTS = ["Norra", "Södra", "Centrum", "Sjösidan", "Åsen"]
FIRST_NAMES = [
    "Adam", "Alva", "Amina", "Anders", "Aram", "Astrid", "Birgit", "Carina", "Dilan", "Ebba", "Elif", "Emil", "Fatima",
    "Filip", "Gun", "Hanna", "Hassan", "Ida", "Ingrid", "Jamila", "Johan", "Karin", "Kerstin", "Lars", "Leila",
    "Linnéa", "Magnus", "Maja", "Maryam", "Mikael", "Nadia", "Nils", "Olof", "Petra", "Rebin", "Samira", "Sara",
    "Sofia", "Stina", "Tomas", "Ulrika", "Viktor", "Yasmin", "Åke", "Åsa", "Örjan",
]  # fmt: skip
LAST_NAMES = [
    "Abdi", "Ahlmark", "Aydin", "Bergslund", "Björkvall", "Ceder", "Dahlvik", "Demir", "Ekmarker", "Falkbo", "Granlid",
    "Haddadi", "Hedmalm", "Ivarsdal", "Karimian", "Kvistholm", "Lindåker", "Ljungvall", "Mossvik", "Nordhage",
    "Osmanov", "Rosenlid", "Sandfors", "Sjöhage", "Stenbäcken", "Tallgård", "Vretlid", "Yildizer", "Åbom", "Öhrvik",
]  # fmt: skip


def unit_names(chance: random.Random) -> Iterator[tuple[str, Kind]]:
    """Unit names without end, each once; after all places are used they get numbers."""
    kinds = [Kind.PRESCHOOL, Kind.COMPULSORY_SCHOOL, *Kind]  # every other unit is a preschool or a school
    pairs = [(place, kind) for place in PLACES for kind in dict.fromkeys(kinds)]
    chance.shuffle(pairs)
    for number in itertools.count(1):
        for place, kind in pairs:
            genitive = place if place.endswith("s") else f"{place}s"
            yield f"{genitive} {NOUNS[kind]}" + (f" {number}" if number > 1 else ""), kind


def people(chance: random.Random) -> Iterator[tuple[str, str]]:
    """Names and addresses without end, each address once."""
    plain = str.maketrans("åäöéÅÄÖ", "aaoeAAO")
    for number in itertools.count(1):
        name = f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}"
        yield name, f"{name.lower().translate(plain).replace(' ', '.')}.{number}@demo.example"
