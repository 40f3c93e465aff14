"""What results and states say, as lines of JSON."""
