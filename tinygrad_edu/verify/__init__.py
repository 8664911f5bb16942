"""Verify: gradients checked against differences, mistakes named, ops proven by the same properties as the built-in ones."""
