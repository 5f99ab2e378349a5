"""Rendering a scene: plan the street, furnish it, people it, light it and photograph it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import parcels, traffic
from .objects import furniture, people
from .paving import pave
from .rendering.camera import Camera, develop, place_camera
from .rendering.canvas import Canvas
from .rendering.columns import Plane
from .rendering.light import DUSK, SHADOWS, SUN, daylight
from .rendering.randomness import Random
from .rendering.raster import cast_shadows, darken_contacts, prepare, rasterise
from .rendering.shading import shade
from .street import FAR, Street, plan_street


class Photograph(NamedTuple):
    """A photograph of a scene."""

    image: NDArray[np.uint8]
    """RGB (H, W, 3)."""
    label: NDArray[np.uint8]
    """Class of each pixel, (H, W)."""
    depth: NDArray[np.float32]
    """Distance of each pixel along the camera's axis in metres, (H, W): that of the nearest thing
    in it, infinite for the sky. The hood of the camera's car has that of the ground below it."""


def _furnish(canvas: Canvas, random: Random, street: Street, *, lights: bool) -> None:
    for side in (street.left, street.right):
        post = side.sign * (side.road + 0.55)
        z = random.uniform(7.0, 20.0)
        step = random.uniform(14.0, 26.0)
        while z < 100.0:
            if street.take(post, z, 0.2, 0.2):
                furniture.lamp_post(canvas, random, street.pose(post, z), side.sign, lights=lights)
            z += step
        for _ in range(random.integer(1, 4)):
            z = random.uniform(6.0, 34.0)
            if street.take(post, z, 0.3, 0.3):
                furniture.sign_post(canvas, random, street.pose(post, z))
        if random.chance(0.25):
            z = random.uniform(6.0, 16.0)
            rail = side.sign * (side.road + 0.35)
            if street.take(rail, z + 5.0, 0.15, 5.0):
                start, end = street.pose(rail, z), street.pose(rail, z + random.uniform(6.0, 14.0))
                furniture.fence(canvas, random, start, end, random.uniform(0.9, 1.1))
        elif random.chance(0.3):
            z = random.uniform(5.0, 12.0)
            places = [street.pose(side.sign * (side.road + 0.4), z + 1.5 * i) for i in range(8)]
            furniture.bollards(canvas, random, places)
    stops = [near - 4.5 for near, _ in street.crossings]
    stops += [far + 4.0 for _, far in street.crossings]
    if random.chance(0.6):
        stops.append(random.uniform(8.0, 18.0))
    for z in stops:
        for side in (street.left, street.right):
            if random.chance(0.85):
                reach = random.uniform(2.0, 4.0) if random.chance(0.4) else 0.0
                pose = street.pose(side.sign * (side.road + 0.45), z + random.uniform(-0.6, 0.6))
                furniture.traffic_light(canvas, random, pose, side.sign, reach)
    if random.chance(0.2):
        side = random.choice((street.left, street.right))
        pose = street.pose(side.sign * (side.road + 0.5), random.uniform(18.0, 40.0))
        furniture.gantry(canvas, random, pose, side.sign, random.uniform(2.0, 3.5))


def _people(canvas: Canvas, random: Random, street: Street, crowd: float) -> None:
    for _ in range(3 + int(crowd * 24.0)):
        side = random.choice((street.left, street.right))
        spread = side.pavement * 0.5 - 0.3
        s = side.walk + random.uniform(-spread, spread)
        z = random.uniform(4.5, 16.0) if random.chance(0.6) else random.uniform(20.0, 60.0)
        for companion in range(random.choice((1, 1, 1, 2, 3))):
            if street.take(s + 0.55 * companion, z, 0.27, 0.3):
                pose = street.pose(
                    s + 0.55 * companion, z, random.sign(), random.uniform(-0.5, 0.5)
                )
                if random.chance(0.2):
                    pose = street.across(s, z, random.sign())
                people.person(canvas, random, pose)
    for _ in range(random.integer(0, 3)):
        z = random.uniform(7.0, 24.0)
        s = random.uniform(street.left.kerb, street.right.kerb)
        if street.take(s, z, 0.3, 0.3):
            people.person(canvas, random, street.across(s, z, random.sign()))


def _compose(random: Random, canvas: Canvas, *, lights: bool) -> Street:
    street = plan_street(random.fork("street"), tram=random.chance(0.42))
    autumn = random.uniform(0.0, 0.8) if random.chance(0.4) else 0.0
    dense = random.uniform(0.0, 1.0)
    pave(street, random.fork("ground"))
    parcels.line_street(canvas, random.fork("plots"), street, autumn, dense)
    traffic.fill_road(
        canvas, random.fork("traffic"), street, random.uniform(0.0, 1.0), lights=lights
    )
    _furnish(canvas, random.fork("furniture"), street, lights=lights)
    parcels.plant_avenue(canvas, random.fork("avenue"), street, autumn)
    _people(canvas, random.fork("people"), street, random.uniform(0.0, 1.0))
    return street


def _photograph(
    canvas: Canvas,
    street: Street,
    camera: Camera,
    light: NDArray[np.float64],
    width: int,
    height: int,
) -> Photograph:
    # Everything is sampled at twice the size, then averaged.
    across, down = 2 * width, 2 * height
    lens = camera.lens(across, down)
    patches, contacts = canvas.patches(), canvas.contacts()
    polygons, lengths = canvas.polygons()
    planes = np.zeros((len(patches), Plane.DISTANCE + 1))
    prepare(patches, planes)
    rise = (lens.row - np.arange(down) - 0.5) / lens.focal
    below = np.where(rise < 0.0, -camera.height / np.where(rise < 0.0, rise, -1.0), 1e6)
    depth = np.repeat(below[:, None], across, axis=1)  # (down, across)
    front = depth.copy()
    owner = np.full((down, across), -1, dtype=np.int32)
    labelled = owner.copy()
    rasterise(patches, planes, polygons, lengths, lens, depth, owner, front, labelled)
    sunless = np.zeros((down, across), dtype=np.uint8)
    if light[SHADOWS] > 0.0:
        sun = light[SUN : SUN + 3]
        cast_shadows(patches, polygons, lengths, lens, sun, camera.height, sunless)
    darkness = np.ones((down, across))
    darken_contacts(contacts, lens, darkness)
    samples = np.zeros((down, across, 3), dtype=np.int32)
    labels = np.zeros((down, across), dtype=np.uint8)
    shade(
        patches, planes, street.strips(), street.skyline, street.bend, camera.height,
        lens, light, camera.hood, depth, owner, labelled, sunless, darkness, samples, labels,
    )  # fmt: skip
    image = np.zeros((height, width, 3), dtype=np.uint8)
    label = np.zeros((height, width), dtype=np.uint8)
    develop(samples, labels, camera.sensor, image, label)
    depth[(owner < 0) & (depth >= FAR)] = np.inf  # where the sky is drawn
    nearest = depth.reshape(height, 2, width, 2).min(axis=(1, 3))  # (2 H, 2 W) -> (H, W)
    return Photograph(image, label, nearest.astype(np.float32))


def render(split: str, index: int, width: int = 512, height: int = 256) -> Photograph:
    """Return scene `index` of a split, at a size in pixels."""
    random = Random("streets", split, index)
    light = daylight(random.fork("light"))
    camera = place_camera(random.fork("camera"))
    canvas = Canvas(camera.height)
    street = _compose(random.fork("scene"), canvas, lights=bool(light[DUSK] > 0.3))
    return _photograph(canvas, street, camera, light, width, height)
