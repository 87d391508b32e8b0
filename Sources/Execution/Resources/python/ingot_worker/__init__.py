"""The Python side of Ingot: executes one step per connection, forked from a warm parent."""
