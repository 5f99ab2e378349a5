"""Effective receptive fields: on which input pixels a unit inside a network depends, and how much.

W. Luo et al., NeurIPS 2016, arXiv 1701.04128; X. Ding et al. (RepLKNet), CVPR 2022, 2203.06717.
"""
