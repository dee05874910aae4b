"""The businesses that the demo can be: those of ``docs/programmes``, each with its goods and a month of sales.

They share stores, terminals, people and the currency. Names, brands and prices are made up.
"""

from pathlib import Path
from typing import Final, NamedTuple

from api.demo.catalogue import PRODUCTS, Product
from api.demo.visits import VISITS, Visit

_PROGRAMMES: Final = Path(__file__).parents[2] / "docs" / "programmes"


class Business(NamedTuple):
    """What differs between the demos."""

    name: str
    """Also of its programme's file."""
    brand: str
    about: str
    products: tuple[Product, ...]
    visits: tuple[Visit, ...]
    shown_sku: str
    """What the line to paste sells, and what a database is recognised by."""
    shown: str

    @property
    def programme_file(self) -> Path:
        return _PROGRAMMES / f"{self.name}.yaml"


COFFEE: Final = Business("coffee-chain", "Zerno", "A coffee chain", PRODUCTS, VISITS, "cappuccino", "A cappuccino")
ELECTRONICS: Final = Business(
    "electronics-shop",
    "Volt",
    "An electronics shop",
    (
        Product("phone-12", "Phone 12", "Телефон 12", "phones", 5_490_000, "Luna", ("launch",)),
        Product("phone-mini", "Phone mini", "Телефон мини", "phones", 2_190_000, "Luna"),
        Product("case", "Phone case", "Чехол", "accessories/cases", 149_000, "Volt"),
        Product("charger", "Charger", "Зарядка", "accessories/power", 199_000, "Volt"),
        Product("headphones", "Headphones", "Наушники", "accessories/sound", 799_000, "Tembr"),
        Product("tv-50", "Television, 50 inches", "Телевизор 50 дюймов", "tv", 4_299_000, "Okno"),
        Product("racing-game", "Racing game", "Гоночная игра", "games", 399_000, "Start"),
        Product("volt-gift-card", "Gift card", "Подарочная карта", "gift", 300_000, "Volt"),
    ),
    (
        Visit(28, 12, "arbat-1", "vera", 0, ("phone-12", "case")),
        Visit(25, 18, "nevsky-1", "oleg", 3, ("tv-50",)),
        Visit(21, 11, "arbat-web", None, 2, ("headphones", "charger")),
        Visit(16, 15, "lenina-1", "maria", 4, ("phone-mini", "case", "charger")),
        Visit(9, 17, "arbat-1", "vera", 0, ("racing-game",)),
        Visit(3, 13, "arbat-1", "maria", 1, ("headphones",)),
    ),
    "charger",
    "A charger",
)
PARTS: Final = Business(
    "parts-wholesaler",
    "Kolos",
    "A wholesaler of parts",
    (
        Product("oil-filter", "Oil filters, 100 pieces", "Фильтры масляные, 100 шт.", "filters", 2_900_000, "Kolos"),
        Product("air-filter", "Air filters, 50 pieces", "Фильтры воздушные, 50 шт.", "filters", 1_850_000, "Vetr"),
        Product("brake-pads", "Brake pads, 40 sets", "Колодки, 40 комплектов", "brakes", 7_200_000, "Kolos"),
        Product("spark-plugs", "Spark plugs, 200 pieces", "Свечи, 200 шт.", "ignition", 3_400_000, "Iskra"),
        Product("engine-oil", "Engine oil, 200 l", "Масло моторное, 200 л", "oils", 5_600_000, "Potok"),
        Product("clutch", "Clutches, 20 sets", "Сцепления, 20 комплектов", "clutches", 14_000_000, "Kolos"),
    ),
    (
        Visit(27, 9, "arbat-web", None, 0, ("oil-filter", "brake-pads")),
        Visit(24, 10, "nevsky-1", "oleg", 3, ("clutch", "brake-pads")),
        Visit(20, 8, "arbat-web", None, 2, ("spark-plugs",)),
        Visit(13, 11, "lenina-1", "maria", 4, ("air-filter", "oil-filter")),
        Visit(6, 9, "arbat-web", None, 0, ("brake-pads", "engine-oil")),
    ),
    "oil-filter",
    "A box of filters",
)
BUSINESSES: Final = {business.name: business for business in (COFFEE, ELECTRONICS, PARTS)}
