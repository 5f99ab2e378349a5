"""Weather: the definitions of fog, frost, snow and spatter; `kernels` has their fast paths."""
