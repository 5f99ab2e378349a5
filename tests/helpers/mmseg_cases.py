"""Configurations of mmsegmentation that `mmseg:` is compared on."""

from __future__ import annotations

from typing import NamedTuple


class Case(NamedTuple):
    """A configuration in mmsegmentation's package, changed to be small."""

    name: str
    config: str
    frame: tuple[int, int]
    """Width and height of the frame in pixels."""
    scale: tuple[int, int] | None = None
    """Width and height to which the test pipeline resizes; None: the configuration's."""
    window: tuple[int, int] | None = None
    """Crop and stride in pixels; None: the configuration's."""


CASES = (
    Case(
        "SegFormer B0",
        "segformer/segformer_mit-b0_8xb1-160k_cityscapes-1024x1024.py",
        (1024, 512),
        (1024, 512),
        (512, 384),
    ),
    Case(
        "SETR-Naive",
        "setr/setr_vit-l_naive_8xb1-80k_cityscapes-768x768.py",
        (512, 256),
        (512, 256),
        (256, 171),
    ),
    Case(
        "SETR-PUP",
        "setr/setr_vit-l_pup_8xb1-80k_cityscapes-768x768.py",
        (512, 256),
        (512, 256),
        (256, 171),
    ),
    Case(
        "SETR-MLA",
        "setr/setr_vit-l_mla_8xb1-80k_cityscapes-768x768.py",
        (512, 256),
        (512, 256),
        (256, 171),
    ),
    Case(
        "UPerNet, Swin-T",
        "swin/swin-tiny-patch4-window7-in1k-pre_upernet_8xb2-160k_ade20k-512x512.py",
        (320, 240),
        (1024, 256),
    ),
    Case(
        "UPerNet, ConvNeXt-T",
        "convnext/convnext-tiny_upernet_8xb2-amp-160k_ade20k-512x512.py",
        (320, 240),
        (1024, 256),
        (192, 128),
    ),
    Case(
        "PSPNet R50b-d8",
        "pspnet/pspnet_r50b-d8_4xb2-80k_cityscapes-512x1024.py",
        (512, 256),
        (512, 256),
    ),
    Case(
        "DeepLabv3+ R50-d8",
        "deeplabv3plus/deeplabv3plus_r50-d8_4xb2-40k_cityscapes-512x1024.py",
        (512, 256),
        (512, 256),
    ),
    Case(
        "DeepLabv3+ R101-d16",
        "deeplabv3plus/deeplabv3plus_r101-d16-mg124_4xb2-40k_cityscapes-512x1024.py",
        (512, 256),
        (512, 256),
    ),
    Case(
        "DeepLabv3+ R18-d8, 769x769",
        "deeplabv3plus/deeplabv3plus_r18-d8_4xb2-80k_cityscapes-769x769.py",
        (2048, 1024),
    ),
    Case(
        "ICNet R18",
        "icnet/icnet_r18-d8_4xb2-80k_cityscapes-832x832.py",
        (2048, 1024),
    ),
    Case(
        "BiSeNetV1 R18",
        "bisenetv1/bisenetv1_r18-d32_4xb4-160k_cityscapes-1024x1024.py",
        (2048, 1024),
    ),
    Case(
        "BiSeNetV2",
        "bisenetv2/bisenetv2_fcn_4xb4-160k_cityscapes-1024x1024.py",
        (2048, 1024),
    ),
    Case(
        "Fast-SCNN",
        "fastscnn/fast_scnn_8xb4-160k_cityscapes-512x1024.py",
        (2048, 1024),
    ),
    Case(
        "CGNet",
        "cgnet/cgnet_fcn_4xb8-60k_cityscapes-512x1024.py",
        (2048, 1024),
    ),
    Case(
        "ERFNet",
        "erfnet/erfnet_fcn_4xb4-160k_cityscapes-512x1024.py",
        (1024, 512),
        (1024, 512),
    ),
    Case(
        "STDC1",
        "stdc/stdc1_4xb12-80k_cityscapes-512x1024.py",
        (2048, 1024),
    ),
    Case(
        "DDRNet-23-slim",
        "ddrnet/ddrnet_23-slim_in1k-pre_2xb6-120k_cityscapes-1024x1024.py",
        (2048, 1024),
    ),
    Case(
        "PIDNet-S",
        "pidnet/pidnet-s_2xb6-120k_1024x1024-cityscapes.py",
        (2048, 1024),
    ),
    Case(
        "OCRNet HRNet-W18-small",
        "ocrnet/ocrnet_hr18s_4xb2-40k_cityscapes-512x1024.py",
        (1024, 512),
        (1024, 512),
    ),
    Case(
        "Segmenter ViT-T",
        "segmenter/segmenter_vit-t_mask_8xb1-160k_ade20k-512x512.py",
        (640, 480),
    ),
    Case(
        "K-Net R50",
        "knet/knet-s3_r50-d8_fcn_8xb2-adamw-80k_ade20k-512x512.py",
        (320, 240),
        (1024, 256),
    ),
    Case(
        "Mask2Former R50",
        "mask2former/mask2former_r50_8xb2-90k_cityscapes-512x1024.py",
        (510, 250),
        (510, 250),
    ),
    Case(
        "MaskFormer R50",
        "maskformer/maskformer_r50-d32_8xb2-160k_ade20k-512x512.py",
        (320, 240),
        (1024, 256),
    ),
    Case(
        "PointRend R50",
        "point_rend/pointrend_r50_4xb2-80k_cityscapes-512x1024.py",
        (512, 256),
        (512, 256),
    ),
)
"""Configurations that are compared: the published ones, at sizes that take seconds."""
