"""The suites: exactly which conditions, in which order, which count, and bad files."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustbench_seg.corruptions import InputError, corruption_names
from robustbench_seg.protocol import suites
from robustbench_seg.protocol.suites import SUITES, CorruptionSuite, load_part, load_suite
from tests.helpers.suite_files import RAIN_AND_GLARE, corruption_suite

NOISE = ("gaussian_noise", "impulse_noise", "shot_noise", "speckle_noise")


def test_cityscapes_c_is_table_5() -> None:
    suite = corruption_suite("cityscapes-c")
    assert suite.name == "cityscapes-c"
    assert suite.categories == ("blur", "noise", "digital", "weather")
    assert [(column.category, column.corruption) for column in suite.columns] == [
        ("blur", "motion_blur"),
        ("blur", "defocus_blur"),
        ("blur", "glass_blur"),
        ("blur", "gaussian_blur"),
        ("noise", "gaussian_noise"),
        ("noise", "impulse_noise"),
        ("noise", "shot_noise"),
        ("noise", "speckle_noise"),
        ("digital", "brightness"),
        ("digital", "contrast"),
        ("digital", "saturate"),
        ("digital", "jpeg_compression"),
        ("weather", "snow"),
        ("weather", "spatter"),
        ("weather", "fog"),
        ("weather", "frost"),
    ]
    assert suite.severities == (1, 2, 3, 4, 5)
    for column in suite.columns:
        assert column.counted == ((1, 2, 3) if column.corruption in NOISE else (1, 2, 3, 4, 5))


def test_conditions_go_through_all_severities_of_each_corruption() -> None:
    conditions = [condition.key for condition in load_suite("cityscapes-c").conditions]
    assert len(conditions) == len(set(conditions)) == 80
    assert tuple(conditions[:6]) == (
        *(("motion_blur", severity) for severity in (1, 2, 3, 4, 5)),
        ("defocus_blur", 1),
    )
    assert ("gaussian_noise", 5) in conditions


def test_imagenet_c_is_what_the_package_calls_common() -> None:
    import imagecorruptions

    suite = corruption_suite("imagenet-c")
    for category in ("blur", "noise", "digital", "weather"):
        names = {column.corruption for column in suite.columns if column.category == category}
        assert names == set(imagecorruptions.get_corruption_names(category))
    assert set(suite.corruptions) == set(imagecorruptions.get_corruption_names("common"))
    everything = corruption_suite("imagenet-c-all")
    assert len(everything.corruptions) == 19
    assert set(everything.corruptions) == set(imagecorruptions.get_corruption_names("all"))
    other = corruption_suite("imagenet-c-bar")
    assert corruption_names()[19:] == other.corruptions
    assert set(corruption_names()[:19]) == set(everything.corruptions)
    assert len(other.corruptions) == 10
    for column in (*suite.columns, *everything.columns, *other.columns):
        assert column.counted == (1, 2, 3, 4, 5)


def test_every_data_file_is_a_suite_that_can_be_named() -> None:
    files = [file.name for file in (Path(suites.__file__).parent / "data").iterdir()]
    assert sorted(files) == sorted(f"{name}.toml" for name in SUITES)


def test_digests_are_pinned() -> None:
    # A stored run is refused to a suite of another digest: change these only with the suites.
    assert {name: load_suite(name).digest[:16] for name in SUITES} == {
        "cityscapes-c": "af7f181c10ea5e2b",
        "imagenet-c": "90cba72a68a4716f",
        "imagenet-c-all": "b5a72b6e3156ae72",
        "imagenet-c-bar": "49747e725fcde07d",
        "resolution": "9ed442a0dc2f6b45",
        "resolution-short-side": "b8ec964b9d0918ae",
        "resolution-table1c": "5e8cc30a96975702",
        "adversarial": "533c91f52fffca42",
        "street-3d": "f9bdfe400c55b350",
        "sea": "f5bd1377c2fa91f4",
    }


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_of_ones_own_is_a_suite(tmp_path: Path) -> None:
    path = _write(tmp_path / "glare.toml", RAIN_AND_GLARE)
    suite = corruption_suite(path)
    assert suite == load_suite(str(path))
    assert (suite.name, suite.title, suite.source) == ("glare", "Rain and glare", "a test")
    assert suite.categories == ("weather", "noise")
    assert [column.counted for column in suite.columns] == [(1, 2), (1, 2), (3,)]
    assert len(suite.conditions) == 9


def test_the_digest_is_of_what_is_run_and_counted(tmp_path: Path) -> None:
    def digest(old: str = "", new: str = "") -> str:
        return load_suite(_write(tmp_path / "suite.toml", RAIN_AND_GLARE.replace(old, new))).digest

    assert (
        digest()
        == digest("Rain and glare", "Wet")
        == digest("a test", "b")
        == digest("3]\n", "3,]")
    )
    assert digest() == load_suite(_write(tmp_path / "other.toml", RAIN_AND_GLARE)).digest
    assert digest() != digest("counted = [3]", "counted = [2]")
    assert digest() != digest('"spatter", "brightness"', '"brightness", "spatter"')
    assert digest() != digest("severities = [1, 2, 3]", "severities = [1, 2, 3, 4]")
    assert digest() != digest('name = "noise"', 'name = "grain"')


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("title =", "title", "not a TOML file"),
        ('title = "Rain and glare"', "", "title is missing"),
        ('"Rain and glare"', "3", "title: expected a text"),
        ('"a test"', '" "', "source: expected a text"),
        ("severities = [1, 2, 3]", "severities = 3", "severities: expected rising"),
        ("severities = [1, 2, 3]", "severities = []", "severities: expected rising"),
        ("severities = [1, 2, 3]", "severities = [1, 2, 6]", "severities: expected rising"),
        ("severities = [1, 2, 3]", "severities = [3, 2, 1]", "severities: expected rising"),
        ("severities = [1, 2, 3]", "severities = [1, 2, true]", "severities: expected rising"),
        ("counted = [3]", "counted = [4]", "category 2: counted: expected rising .* 1, 2, 3, got"),
        ("counted = [3]", "", "category 2: counted is missing"),
        ("counted = [3]", "counted = [3]\nweight = 2", "category 2: unknown key 'weight'"),
        ("counted = [3]", "countd = [3]\ncounted = [3]", r"'countd'; .*; did you mean counted\?$"),
        ('"shot_noise"', '"shot_nois"', r"category 2: corruptions: .*did you mean shot_noise\?$"),
        ('"shot_noise"', '"spatter"', "category 2: corruptions: 'spatter' appears twice"),
        ('"shot_noise"', "4", "category 2: corruptions: expected a text"),
        ('["shot_noise"]', '"shot_noise"', "category 2: corruptions: expected a list"),
        ('["shot_noise"]', "[]", "category 2: corruptions: expected a list"),
        ('name = "noise"', "name = 1", "category 2: name: expected a text"),
        ('name = "noise"', 'name = "clean"', "category 2: name: 'clean' is the name of a score"),
        ("[[category]]", "[category]", "not a TOML file"),
        (RAIN_AND_GLARE[RAIN_AND_GLARE.index("[[") :], "category = 3", "category: expected tables"),
        (
            RAIN_AND_GLARE[RAIN_AND_GLARE.index("[[") :],
            "category = [3]",
            "category 1: expected a table",
        ),
    ],
)
def test_a_bad_file_is_told_by_file_and_key(old: str, new: str, words: str, tmp_path: Path) -> None:
    assert old in RAIN_AND_GLARE
    path = _write(tmp_path / "bad.toml", RAIN_AND_GLARE.replace(old, new))
    with pytest.raises(InputError, match=words) as error:
        load_suite(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


def test_an_unknown_suite_is_answered_with_the_names() -> None:
    with pytest.raises(
        InputError, match=r"'cityscape-c'; .*; did you mean cityscapes-c\?$"
    ) as error:
        load_suite("cityscape-c")
    assert all(name in str(error.value) for name in (*SUITES, ".toml"))


def test_a_file_may_not_pass_for_a_suite_of_ours(tmp_path: Path) -> None:
    path = _write(tmp_path / "cityscapes-c.toml", RAIN_AND_GLARE)
    with pytest.raises(InputError, match="has the name of a built-in suite"):
        load_suite(path)


def test_an_unreadable_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.toml: the suite cannot be read: No such file"):
        load_suite(tmp_path / "absent.toml")
    (tmp_path / "latin.toml").write_bytes(b'title = "\xe9"')
    with pytest.raises(InputError, match=r"latin\.toml: the suite cannot be read: not UTF-8"):
        load_suite(tmp_path / "latin.toml")


@pytest.fixture
def suite() -> CorruptionSuite:
    return corruption_suite("cityscapes-c")


def test_selecting_everything_changes_nothing(suite: CorruptionSuite) -> None:
    assert suite.select() == suite
    assert suite.select(reversed(suite.corruptions), (5, 4, 3, 2, 1)) == suite


def test_a_selection_keeps_the_order_and_says_that_it_is_one(suite: CorruptionSuite) -> None:
    part = suite.select(["snow", "motion_blur", "shot_noise"], [4, 2])
    assert part.corruptions == ("motion_blur", "shot_noise", "snow")
    assert part.severities == (2, 4)
    assert [column.counted for column in part.columns] == [(2, 4), (2,), (2, 4)]
    assert tuple(part.corrupted)[:3] == (("motion_blur", 2), ("motion_blur", 4), ("shot_noise", 2))
    assert part.name == "cityscapes-c-part"
    assert part.title == "Cityscapes-C (part: motion_blur, shot_noise, snow; severities 2, 4)"
    assert part.digest != suite.digest


def test_severities_alone_can_be_selected(suite: CorruptionSuite) -> None:
    part = suite.select(severities=[5])
    assert part.corruptions == suite.corruptions
    assert part.title == "Cityscapes-C (part: all corruptions; severities 5)"
    assert {column.counted for column in part.columns if column.corruption in NOISE} == {()}


def test_what_cannot_be_selected_is_told(suite: CorruptionSuite) -> None:
    with pytest.raises(InputError, match=r"'zoom_blur'.*choose from: motion_blur, defocus_blur"):
        suite.select(["zoom_blur"])
    with pytest.raises(InputError, match=r"severity 6 .*choose from: 1, 2, 3, 4, 5"):
        suite.select(severities=[1, 6])
    with pytest.raises(InputError, match="nothing to run"):
        suite.select([])
    with pytest.raises(InputError, match="nothing to run"):
        suite.select(severities=[])


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (
            ["fog_3d:1"],
            "fog_3d: is of the suite street-3d, not of cityscapes-c; use --suite street-3d",
        ),
        (["fog", "fog_3d"], "fog_3d: .* use --suite street-3d for it in another run, or write a"),
        (["cospgd-10"], "cospgd-10: is of the suite adversarial, not of cityscapes-c"),
    ],
)
def test_a_corruption_of_another_suite_is_told(chosen: list[str], words: str) -> None:
    with pytest.raises(InputError, match=f"^--corruptions {words}"):
        load_part("cityscapes-c", chosen)


def test_a_corruption_of_no_suite_is_told() -> None:
    with pytest.raises(InputError, match="unknown corruption in cityscapes-c 'frog'; choose from"):
        load_part("cityscapes-c", ["frog"])
