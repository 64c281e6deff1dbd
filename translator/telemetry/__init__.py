"""What meshes count and by which names: rules and dashboards that read one mesh's metrics, put into another's words."""
