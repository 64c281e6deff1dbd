"""An estate before it moves: what is in it, how ready it is for each target, and who else writes it."""
