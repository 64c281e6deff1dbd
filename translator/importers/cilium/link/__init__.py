"""What Cilium's statements mean together."""
