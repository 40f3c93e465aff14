"""KPIs: files that say what is counted and why, their values, and what they lack where there is none."""
