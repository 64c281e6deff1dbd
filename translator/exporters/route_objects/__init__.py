"""Routes as objects of Gateway API, on Services (GAMMA) and at Gateways, within what an edition or an implementation has."""
