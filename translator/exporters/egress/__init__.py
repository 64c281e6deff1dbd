"""What several targets share of ways out: what is declared outside, who knows of it, and where it is reached."""
