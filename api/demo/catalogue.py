"""What the coffee chain sells. Names, brands and prices are made up."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from loyalty.catalogue import CatalogueEntry


class Product(NamedTuple):
    """An item of the catalogue with the price that the demo's tills ask, in kopecks."""

    sku: str
    en: str
    ru: str
    category: str
    minor: int
    brand: str = "Zerno"
    tags: tuple[str, ...] = ()


PRODUCTS: Final = (
    Product("espresso", "Espresso", "Эспрессо", "drinks/coffee/black", 16_000),
    Product("double-espresso", "Double espresso", "Двойной эспрессо", "drinks/coffee/black", 19_000),
    Product("americano", "Americano", "Американо", "drinks/coffee/black", 18_000),
    Product("filter", "Filter coffee", "Фильтр-кофе", "drinks/coffee/black", 20_000),
    Product("aeropress", "AeroPress", "Аэропресс", "drinks/coffee/black", 24_000),
    Product("cappuccino", "Cappuccino", "Капучино", "drinks/coffee/milk", 24_000),
    Product("latte", "Latte", "Латте", "drinks/coffee/milk", 26_000),
    Product("flat-white", "Flat white", "Флэт уайт", "drinks/coffee/milk", 25_000),
    Product("raf", "Raf", "Раф", "drinks/coffee/milk", 29_000),
    Product("oat-latte", "Oat latte", "Овсяный латте", "drinks/coffee/milk", 31_000, tags=("plant",)),
    Product("lavender-raf", "Lavender raf", "Лавандовый раф", "drinks/coffee/milk", 32_000, tags=("new",)),
    Product("cold-brew", "Cold brew", "Колд брю", "drinks/coffee/cold", 27_000),
    Product("espresso-tonic", "Espresso tonic", "Эспрессо-тоник", "drinks/coffee/cold", 31_000, tags=("new",)),
    Product("black-tea", "Black tea", "Чёрный чай", "drinks/tea", 17_000, "Lugovoy"),
    Product("green-tea", "Green tea", "Зелёный чай", "drinks/tea", 17_000, "Lugovoy"),
    Product("buckthorn-tea", "Sea buckthorn tea", "Облепиховый чай", "drinks/tea", 26_000, "Lugovoy"),
    Product("matcha-latte", "Matcha latte", "Матча-латте", "drinks/tea", 33_000, "Lugovoy", ("new",)),
    Product("cocoa", "Cocoa", "Какао", "drinks/other", 25_000),
    Product("orange-juice", "Orange juice", "Апельсиновый сок", "drinks/other", 28_000),
    Product("water", "Still water", "Вода без газа", "drinks/other", 9_000, "Rodnik"),
    Product("croissant", "Croissant", "Круассан", "food/bakery", 17_000),
    Product("almond-croissant", "Almond croissant", "Миндальный круассан", "food/bakery", 24_000),
    Product("cinnamon-bun", "Cinnamon bun", "Булочка с корицей", "food/bakery", 19_000),
    Product("rye-bread", "Rye bread", "Ржаной хлеб", "food/bakery", 16_000),
    Product("cheese-sandwich", "Cheese sandwich", "Сэндвич с сыром", "food/meals", 29_000),
    Product("salmon-bagel", "Salmon bagel", "Бейгл с лососем", "food/meals", 42_000),
    Product("syrniki", "Syrniki", "Сырники", "food/meals", 36_000),
    Product("porridge", "Oat porridge", "Овсяная каша", "food/meals", 24_000, tags=("plant",)),
    Product("cheesecake", "Cheesecake", "Чизкейк", "food/desserts/cakes", 32_000),
    Product("honey-cake", "Honey cake", "Медовик", "food/desserts/cakes", 29_000),
    Product("carrot-cake", "Carrot cake", "Морковный торт", "food/desserts/cakes", 31_000),
    Product("eclair", "Éclair", "Эклер", "food/desserts", 18_000),
    Product("macaron", "Macaron", "Макарон", "food/desserts", 11_000),
    Product("chocolate-bar", "Chocolate bar", "Плитка шоколада", "food/desserts", 27_000, "Kakava"),
    Product("beans-house-250", "House blend, 250 g", "Смесь «Дом», 250 г", "goods/coffee", 69_000),
    Product("beans-ethiopia-250", "Ethiopia, 250 g", "Эфиопия, 250 г", "goods/coffee", 89_000),
    Product("beans-house-1000", "House blend, 1 kg", "Смесь «Дом», 1 кг", "goods/coffee", 239_000),
    Product("drip-bags", "Drip bags, 10 pieces", "Дрип-пакеты, 10 шт.", "goods/coffee", 79_000),
    Product("tea-tin", "Tea in a tin", "Чай в банке", "goods/tea", 64_000, "Lugovoy"),
    Product("keep-cup", "Reusable cup", "Многоразовый стакан", "goods/ware", 119_000, tags=("new",)),
    Product("v60", "Dripper", "Воронка", "goods/ware", 149_000, "Kapelka"),
    Product("gift-card-1000", "Gift card", "Подарочная карта", "gift", 100_000),
)


def prices_of(products: Iterable[Product]) -> dict[str, int]:
    """SKU to what the demo's tills ask."""
    return {product.sku: product.minor for product in products}


def entries_of(products: Iterable[Product]) -> tuple[CatalogueEntry, ...]:
    """The products as the catalogue has them."""
    return tuple(
        CatalogueEntry(
            sku=product.sku,
            names={"en": product.en, "ru": product.ru},
            category=product.category,
            brand=product.brand,
            tags=product.tags,
        )
        for product in products
    )
