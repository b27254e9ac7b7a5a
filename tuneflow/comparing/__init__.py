"""The same work under several samplers, pruners or recipes, with statistics."""
