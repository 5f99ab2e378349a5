"""Runtimes: what computes a network's logits in place of torch, with the same result.

A runtime is one file here, and one line in `choice.RUNTIMES`.
"""
