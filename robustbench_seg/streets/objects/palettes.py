"""Random colours (RGB, 0-255) of objects, from ranges too wide to identify a class."""

from __future__ import annotations

from ..rendering.canvas import Color
from ..rendering.randomness import Random

BLACK: Color = (22.0, 22.0, 24.0)
DARK: Color = (45.0, 46.0, 50.0)
STEEL: Color = (140.0, 142.0, 146.0)
WHITE: Color = (232.0, 232.0, 228.0)
GLASS: Color = (38.0, 44.0, 50.0)


def near(random: Random, color: Color, spread: float = 12.0) -> Color:
    """Return a colour near another: all channels together, then each a little."""
    shift = random.uniform(-spread, spread)
    third = spread / 3.0
    red, green, blue = (
        min(max(value + shift + random.uniform(-third, third), 6.0), 250.0) for value in color
    )
    return (red, green, blue)


def gray(random: Random, low: float, high: float) -> Color:
    """Return a grey between two levels with a slight tint."""
    level = random.uniform(low, high)
    warm = random.uniform(-0.09, 0.12)
    return (level * (1.0 + warm), level, level * (1.0 - warm))


def vivid(random: Random) -> Color:
    """Return a strong colour of any hue."""
    high = random.uniform(130.0, 240.0)
    low = random.uniform(10.0, 70.0)
    mid = random.uniform(low, high)
    order = random.choice(((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)))
    levels = (high, mid, low)
    return (levels[order[0]], levels[order[1]], levels[order[2]])


_WALLS: tuple[Color, ...] = (
    (196.0, 178.0, 148.0), (214.0, 204.0, 186.0), (150.0, 84.0, 62.0), (128.0, 66.0, 54.0),
    (172.0, 120.0, 84.0), (120.0, 118.0, 116.0), (168.0, 170.0, 172.0), (222.0, 196.0, 130.0),
    (148.0, 156.0, 134.0), (132.0, 150.0, 170.0), (188.0, 150.0, 138.0), (96.0, 88.0, 82.0),
    (70.0, 72.0, 78.0), (206.0, 160.0, 110.0), (110.0, 130.0, 112.0), (180.0, 110.0, 104.0),
)  # fmt: skip


def masonry(random: Random) -> Color:
    """Return a colour of a building or a wall."""
    return near(random, random.choice(_WALLS), 22.0)


def lacquer(random: Random) -> Color:
    """Return a colour of a car, a truck, a bus or a tram."""
    if random.chance(0.62):
        level = random.choice((24.0, 45.0, 80.0, 130.0, 165.0, 200.0, 232.0, 236.0))
        return near(random, (level, level, level * 1.02), 10.0)
    if random.chance(0.3):
        return masonry(random)
    return vivid(random)


def cloth(random: Random) -> Color:
    """Return a colour of a garment."""
    if random.chance(0.5):
        return gray(random, 18.0, 120.0)
    if random.chance(0.25):
        return gray(random, 150.0, 235.0)
    if random.chance(0.35):
        return near(random, (52.0, 66.0, 104.0), 20.0)
    return vivid(random) if random.chance(0.6) else masonry(random)


def skin(random: Random) -> Color:
    """Return a colour of skin."""
    tones = ((226.0, 178.0, 150.0), (204.0, 152.0, 120.0), (150.0, 102.0, 76.0), (96.0, 64.0, 48.0))
    return near(random, random.choice(tones), 10.0)


def hair(random: Random) -> Color:
    """Return a colour of hair."""
    tones = ((30.0, 24.0, 20.0), (70.0, 46.0, 30.0), (150.0, 112.0, 64.0), (150.0, 148.0, 146.0))
    return near(random, random.choice(tones), 8.0)


def leaves(random: Random, autumn: float) -> Color:
    """Return a colour of leaves; autumn in [0, 1] turns them."""
    if random.chance(autumn):
        tones = (
            (176.0, 120.0, 40.0),
            (160.0, 74.0, 38.0),
            (190.0, 160.0, 60.0),
            (120.0, 92.0, 60.0),
        )
        return near(random, random.choice(tones), 20.0)
    tones = ((74.0, 100.0, 44.0), (60.0, 92.0, 58.0), (104.0, 124.0, 60.0), (48.0, 74.0, 42.0))
    return near(random, random.choice(tones), 18.0)


def pavement(random: Random) -> Color:
    """Return a colour of a road or a pavement: both are drawn from the same greys and reds."""
    if random.chance(0.7):
        return gray(random, 92.0, 168.0)
    tones = (
        (150.0, 110.0, 96.0),
        (166.0, 150.0, 122.0),
        (112.0, 112.0, 126.0),
        (178.0, 172.0, 160.0),
    )
    return near(random, random.choice(tones), 16.0)
