"""The ten corruptions of ImageNet-C-bar (Mintun, Kirillov & Xie, NeurIPS 2021).

They were chosen to be unlike those of ImageNet-C. The published definitions take square images,
whose shorter side was resized and cropped to 224 pixels. Here an image has any shape: lengths that
were fractions of the side are fractions of the shorter side, and places are drawn from all of the
image. So square images have the published distribution at every size.
"""
