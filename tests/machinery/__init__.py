"""What the tests stand on: private servers, stages, a stack of real processes, a real browser."""
