"""What is of the ambient form of a mesh alone: agents of nodes, and waypoints."""

from __future__ import annotations

from translator.report.pages.entry import Entry

ENTRIES = (
    Entry(
        "MM530",
        "NetworkPolicies and the port of the ambient mesh",
        "Connections between pods of the mesh may be refused by policies that stay.",
        "In the ambient mesh all that comes from another pod of it arrives at port 15008 of the pod, whatever port was asked "
        "for; a NetworkPolicy sees that port alone. Health checks come from 169.254.7.127.",
        "Let in TCP port 15008 from the same peers beside the ports that are named, and let in 169.254.7.127/32. Rules by "
        "port of the application hold then for callers outside of the mesh alone: leave the others to AuthorizationPolicies.",
        "kind: NetworkPolicy\nspec: {ingress: [{ports: [{port: 8080}]}]}",
    ),
    Entry(
        "MM531",
        "Label that takes pods at once",
        "Running pods are taken by the agent of their node while they still have the proxy of the source.",
        "The label of the ambient mesh is heeded as soon as it is there; the proxies of the source leave only when pods are "
        "made anew.",
        "Take the source's proxies out first: change its annotation, restart the workloads, then set the label; or set both "
        "and restart at once where a short break is allowed.",
        "kind: Namespace\nmetadata: {annotations: {linkerd.io/inject: enabled}}",
    ),
    Entry(
        "MM532",
        "Requests that pass a waypoint alone",
        "What a rule on requests lets in is refused where it does not come by the waypoint.",
        "The agents of nodes read no HTTP: a waypoint holds the rule in front of the service, and the pods let in the "
        "waypoint. What is sent to the address of a pod, by a caller outside of the mesh, or by an ingress gateway whose "
        "services do not ask for it, passes no waypoint.",
        "Let the callers join the mesh, ask for the service by its name, and set istio.io/ingress-use-waypoint on services "
        "that an ingress gateway calls.",
        "kind: HTTPRoute\nspec:\n  parentRefs: [{group: policy.linkerd.io, kind: Server, name: web}]",
    ),
    Entry(
        "MM533",
        "VirtualService at a waypoint",
        "The rules hold at the waypoint of the service, in a form that the target calls alpha.",
        "Waypoints heed VirtualServices of the service's namespace; the stable form there is the HTTPRoute, with which they may "
        "not be mixed. Clients outside of the ambient mesh pass no waypoint, so they follow no route.",
        "Test the routes at the version that you run; write HTTPRoutes whose parent is the Service where these can say them.",
        "kind: VirtualService\nspec: {hosts: [web.shop.svc.cluster.local], http: [{timeout: 3s, route: []}]}",
    ),
)
