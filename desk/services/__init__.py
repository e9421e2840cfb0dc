"""What the desk does across the rooms below it."""
