"""What a target is not told that has routes and gateways and nothing else."""

from __future__ import annotations

from translator.report.pages.entry import Entry

ENTRIES = (
    Entry(
        "MM265",
        "Rules for the clients of one namespace",
        "Clients of the namespace may have the rules for all, their own beside those, or their own alone.",
        "Rules for some clients are consumer routes: routes in the namespace of the clients whose parent is a service of "
        "another namespace. That is an extended feature, and implementations differ.",
        "See whether what implements the routes has MeshConsumerRoute. Else give these clients a service of their own.",
        "http:\n- match: [{sourceNamespace: web}]\n  route: [{destination: {host: reviews, subset: v2}}]",
    ),
    Entry(
        "MM460",
        "Who may call is not limited",
        "Requests pass that the source refused.",
        "The target says where requests go and has no word for whether they may: what closes a server, refuses or lets in "
        "is left out.",
        "Write the same rules in the policies of what implements the routes before requests take them; translate to that "
        "mesh to have them written. Accept the finding only when they stand.",
        "kind: AuthorizationPolicy\nspec: {rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]}]}",
    ),
    Entry(
        "MM461",
        "Proof of identity is not demanded",
        "Connections without a certificate of the mesh are taken where the source refused them.",
        "The target has no word for what proof of identity a server asks of clients in the mesh.",
        "Demand it in what implements the routes, as strictly, before requests take them.",
        "kind: PeerAuthentication\nspec: {mtls: {mode: STRICT}}",
    ),
    Entry(
        "MM566",
        "Certificates of clients by port",
        "Nothing is served on the port where the gateway's class does not take roots from a Secret; nobody is asked for a "
        "certificate where it does not verify clients at all.",
        "The target verifies clients for a port as a whole, by roots in a ConfigMap or, where a class takes it, in a Secret.",
        "Look at the status of the listener once it is applied. Put the roots into a ConfigMap where the class wants one.",
        "tls: {mode: MUTUAL, credentialName: shop}",
    ),
)
