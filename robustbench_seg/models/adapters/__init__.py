"""Models of other projects: an adapter for each kind makes a Segmenter of a PREFIX:TARGET."""
