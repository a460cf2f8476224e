"""Values and rules of the field (领域): pure, standard library only, no I/O."""
