"""What a plan says beside the values of its resources, and what is told of resources by more than their values."""
