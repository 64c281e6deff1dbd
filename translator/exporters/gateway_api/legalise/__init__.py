"""From a pruned model to one that can be written as it is: one pass a concern, each losing what it must."""
