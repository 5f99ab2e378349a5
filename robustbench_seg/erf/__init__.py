"""Effective receptive fields: how strongly a unit of a network depends on each input pixel.

W. Luo et al., NeurIPS 2016, arXiv 1701.04128; X. Ding et al. (RepLKNet), CVPR 2022, 2203.06717.
"""
