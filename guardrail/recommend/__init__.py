"""Recommendations: changes that lower the cost, each evaluated again at the prices that are paid before it is shown."""
