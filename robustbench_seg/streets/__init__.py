"""Procedural street scenes with the 19 classes of Cityscapes, the same to the bit everywhere.

Scene i of a split is the same to the bit on every machine: whatever decides a pixel is made of
integers and of + - * / and sqrt, which IEEE 754 defines exactly. As in Cityscapes, what is seen
through the gaps of a fence, a wheel or a crown has the class of the object in front.
"""
