"""Procedural street scenes with the 19 classes of Cityscapes, the same to the bit everywhere.

Pixels are computed with integers and with + - * / and sqrt, which IEEE 754 defines exactly. As in
Cityscapes, the gaps of a fence, a wheel or a crown have the class of the object in front.
"""
