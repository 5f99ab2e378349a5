"""Pinned pixels of a small image of odd sides under all corruptions, on every processor."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from robustbench_seg.corruptions import corrupt, corruption_names
from robustbench_seg.corruptions.checks import SEVERITIES

PINNED = {
    "motion_blur": "fa0d78d96aaf aea952d75c22 ab639a4bcb4a 421665aa583c ce911c12ae74",
    "defocus_blur": "a1242b49692a aec354c59342 24b90694f78c d7c86721c561 8f9818e8a3fd",
    "glass_blur": "87f83b99c79b 3587fb9ec439 ac8d16dd76d7 ba765545069c b139142a7abf",
    "gaussian_blur": "d3a65005bcbf 878309bde460 c97d790b0bff ffebbfbfad4d f10769742ea8",
    "zoom_blur": "d2232d8f9983 d1b19ed16447 4df08a97a43b e4472f61907b 81eef031e8d0",
    "gaussian_noise": "7b8f2cbf28c8 d6a61b438491 62a65e32261c 1ebf6726ba35 b6b8672ab59c",
    "impulse_noise": "b244d915b1ac 69cfc71c5257 b378d8077404 a118c4730f49 8ed6e4d06881",
    "shot_noise": "bded6b5acf15 e44800d7f48c ef1b16250111 99dfa82e6c62 c2a3dde96d49",
    "speckle_noise": "b42399ff0c2f 0448257611cf fab7ee66ba04 9d3b4b8a6228 1e91fb735d80",
    "brightness": "f0916a6806ba 43b468a76ed2 9f8dea59b5ff 7d166344c943 5d47d7ed4e07",
    "contrast": "5f435633d76c bda610598979 41e62ab58b22 926ae3a1f7fd c103ceccd687",
    "saturate": "b8ff6fc44470 8ff6ba2d6520 2901becb348d a271c7c95642 faea8a8479db",
    "jpeg_compression": "9939463b637a ed11af15a242 be9389956383 41d2845e4db3 783247a97c87",
    "pixelate": "25eb6d26d541 9e598a108352 9ddbb8dc3a8f 8b260bce9bb1 9b4bd579d06f",
    "elastic_transform": "5d5bf3b9607e 20eedf574db4 d74c7ac4330b 5fe83cb246eb 9345b2f2426d",
    "snow": "de71dcdfd765 2cad2a5ca41c 520c29628f99 76c42ace3e91 43157aa81a5b",
    "spatter": "66cb47d1b681 4b64df33f158 05fb81855d87 f5682d663086 7d4ed768fc08",
    "fog": "e0b697643704 5eb47825ec49 db2c540daafa d5ce3485ed48 b4471c0a1033",
    "frost": "fd43a9be48b3 cc2f0a18791e 63cb6e0ebefe 26bd8b6dbc4a a547a7cfd4ea",
    "caustic_refraction": "d8da7a1eef8c 1b9434475d9c f3a1ed550e25 df9c9a014e82 b5b06f217fa8",
    "inverse_sparkles": "cd7a6d2ec80b b63838f33284 d8ef80c7749a dcad1f6d8a04 6ab8413b7caa",
    "sparkles": "59fce729fff7 bb21b9ecdbc2 b84891b83603 1ddd40e17d88 532bf43e80e7",
    "perlin_noise": "807b09406f17 5efc3a8b1abc be2612d2a4cb bd092749b92e 3ef7d1059aea",
    "plasma_noise": "e7d4b72e8fce 1af680617086 3d992f545439 e14182215738 0abb9a7c9b99",
    "cocentric_sine_waves": "a568d4782338 10df7f537a94 93db902d034c e0ed32e46bed b3fbd7349f2b",
    "single_frequency_greyscale": (
        "812b3c4c0d95 395914a4b44e 310be84d2fb3 bd8629014fd3 a1122f606bc8"
    ),
    "brownish_noise": "366be843f05a fa3657cf2129 65d197471b27 3c76cc3c9dbc f434b7552454",
    "blue_noise_sample": "c5bb6916ecb7 f1997e0d6a34 c27f92dbed3d 6c74ca819384 6d6f15132ec9",
    "checkerboard_cutout": "0db004aa5fda 9ccba3e4e637 3b83ce09d427 fa97f25f66a7 b94aadbde2c8",
}
"""Digests by severity; changing them changes the benchmark."""


def digests() -> dict[str, str]:
    """Return the first digits of the SHA-256 of an image under each corruption, by severity."""
    rows, columns = np.mgrid[0:61, 0:83]
    mixed = (rows * 7919 + columns * 104729) * 2654435761 % 2**32 >> 16  # (61, 83)
    planes = [rows * 4, columns * 3, mixed % 256]
    image = np.stack(planes, axis=-1).astype(np.uint8)  # (61, 83, 3)
    return {
        name: " ".join(
            hashlib.sha256(corrupt(image, name, severity, seed=4).tobytes()).hexdigest()[:12]
            for severity in SEVERITIES
        )
        for name in corruption_names()
    }


def test_the_pixels_are_pinned() -> None:
    assert digests() == PINNED


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""},
        {
            "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
            "JSIMD_FORCENONE": "1",
        },
    ],
    ids=["generic-code", "no-vectors"],
)
def test_the_pixels_do_not_depend_on_the_processor(changes: dict[str, str]) -> None:
    program = "import json, tests.corruptions_.test_digests as t; print(json.dumps(t.digests()))"
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **changes},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(run.stdout) == PINNED
