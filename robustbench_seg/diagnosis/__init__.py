"""What is wrong: settings of a model tried on a few frames, checks of the installation."""
