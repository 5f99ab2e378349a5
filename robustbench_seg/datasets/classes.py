"""The taxonomies: class names, colours and categories, in the order of the label values."""

from __future__ import annotations

from .base import ClassInfo

# https://github.com/mcordts/cityscapesScripts, helpers/labels.py: the 19 evaluated classes.
CITYSCAPES = (
    ClassInfo("road", (128, 64, 128), "flat"),
    ClassInfo("sidewalk", (244, 35, 232), "flat"),
    ClassInfo("building", (70, 70, 70), "construction"),
    ClassInfo("wall", (102, 102, 156), "construction"),
    ClassInfo("fence", (190, 153, 153), "construction"),
    ClassInfo("pole", (153, 153, 153), "object"),
    ClassInfo("traffic light", (250, 170, 30), "object"),
    ClassInfo("traffic sign", (220, 220, 0), "object"),
    ClassInfo("vegetation", (107, 142, 35), "nature"),
    ClassInfo("terrain", (152, 251, 152), "nature"),
    ClassInfo("sky", (70, 130, 180), "sky"),
    ClassInfo("person", (220, 20, 60), "human"),
    ClassInfo("rider", (255, 0, 0), "human"),
    ClassInfo("car", (0, 0, 142), "vehicle"),
    ClassInfo("truck", (0, 0, 70), "vehicle"),
    ClassInfo("bus", (0, 60, 100), "vehicle"),
    ClassInfo("train", (0, 80, 100), "vehicle"),
    ClassInfo("motorcycle", (0, 0, 230), "vehicle"),
    ClassInfo("bicycle", (119, 11, 32), "vehicle"),
)

# https://github.com/alexgkendall/SegNet-Tutorial, Scripts/test_segmentation_camvid.py: the colours;
# the categories are those of Cityscapes' classes of that kind.
CAMVID = (
    ClassInfo("sky", (128, 128, 128), "sky"),
    ClassInfo("building", (128, 0, 0), "construction"),
    ClassInfo("pole", (192, 192, 128), "object"),
    ClassInfo("road", (128, 64, 128), "flat"),
    ClassInfo("pavement", (60, 40, 222), "flat"),
    ClassInfo("tree", (128, 128, 0), "nature"),
    ClassInfo("signsymbol", (192, 128, 128), "object"),
    ClassInfo("fence", (64, 64, 128), "construction"),
    ClassInfo("car", (64, 0, 128), "vehicle"),
    ClassInfo("pedestrian", (64, 64, 0), "human"),
    ClassInfo("bicyclist", (0, 128, 192), "human"),
)
