"""The weather: fog, frost, snow and spatter, each with the files that only it needs."""
