"""Checks projects: prices and judges them, and puts what is to be told of them into one report."""
