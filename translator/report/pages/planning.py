"""MM910 to MM929: what a migration plan tells."""

from __future__ import annotations

from translator.report.pages.entry import Entry

ENTRIES = (
    Entry(
        "MM910",
        "Wave lets in what it does not list",
        "While the wave lasts, requests get in that neither the start nor the end lets in, and no temporary way of the "
        "plan is for them.",
        "An object of the input has a say on callers in clear text in a way that the plan does not know of.",
        "Do not carry this wave out. Report it, or move the namespaces concerned together.",
        "meshmigrate plan manifests --from istio --to linkerd",
    ),
    Entry(
        "MM911",
        "Addresses of pods are not known",
        "Temporary policies let in callers from everywhere, not from the cluster alone.",
        "Callers of the other mesh are known by nothing but their address, and no networks are given.",
        "Give the networks of pods.",
        "meshmigrate plan manifests --from istio --to linkerd --cluster-networks 10.0.0.0/8",
    ),
    Entry(
        "MM912",
        "Callers that no wave moves",
        "Somebody whom the policies name is in a namespace without workloads in the input, such as that of the gateway.",
        "The plan takes it to stay in the source's mesh until the last wave.",
        "Give its manifests too, or say before the first wave what takes its place.",
        'principals: ["cluster.local/ns/istio-system/sa/ingressgateway"]',
    ),
    Entry(
        "MM913",
        "Call that breaks in a wave",
        "A call that start and end let in is refused while the wave lasts.",
        "What refuses it asks for an identity that a caller of the other mesh cannot show, and no temporary way could "
        "be written for it.",
        "Open it by hand for that time, or move both namespaces in one maintenance window.",
        "rules: [{when: [{key: source.principal, notValues: [...]}]}]",
    ),
    Entry(
        "MM914",
        "State of a wave that is not proved",
        "Whether requests fare as they should in that state is not known.",
        "Something has a say there that is not read in full, or the question was too hard.",
        "Check these ports by hand before the wave.",
        "kind: EnvoyFilter",
    ),
    Entry(
        "MM916",
        "Another route while a wave lasts",
        "Clients that stay, or that have moved, take another route to a service than at start and end: other backends, "
        "times or tries.",
        "Both meshes heed routes of the Gateway API that are bound to a service, one of them before its own kinds; what "
        "the target says beside the route, in annotations, the other does not read.",
        "Carry the wave out while there is little traffic to that service, or move it together with its clients.",
        "parentRefs: [{kind: Service, name: catalog}]",
    ),
    Entry(
        "MM915",
        "Call that was seen and is not known",
        "The export of flows shows a call whose caller or server is not in the input, or which no rule lets in.",
        "The input is not the whole cluster, or it is not what is in force there.",
        "Give the manifests of both ends; the plan opens nothing for such a call.",
        "meshmigrate plan manifests --from istio --to linkerd --flows flows.json",
    ),
    Entry(
        "MM917",
        "Word by which pods are in the mesh",
        "The plan writes Namespaces: with the source's usual word at the start and in rollbacks, with its opposite and the target's "
        "word once they move.",
        "No Namespace and no workload of the input has the word by which its pods are in the source's mesh; it stands in the "
        "cluster alone.",
        "Look whether the namespaces say what the plan takes for granted; else give them with their labels and annotations.",
        "kind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled}}",
    ),
    Entry(
        "MM918",
        "Jobs stay as they are",
        "Pods of the Job keep what they have of the source's mesh, and get nothing of the target's, until they end.",
        "The word by which they are in a mesh stands in the Job's template, of which the API server takes no change.",
        "Let the Job end before its wave. Where it is to run again, delete it and make it anew.",
        "kind: Job\nspec: {template: {metadata: {annotations: {linkerd.io/inject: enabled}}}}",
    ),
)
