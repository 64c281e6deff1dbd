"""Kubernetes' own kinds: namespaces, workloads, services."""
