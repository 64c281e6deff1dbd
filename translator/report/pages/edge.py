"""MM5xx edge, MM6xx membership, MM7xx telemetry, MM8xx opaque pieces, MM9xx this tool."""

from __future__ import annotations

from translator.report.pages.entry import Entry

ENTRIES = (
    Entry(
        "MM501",
        "Gateway",
        "Nothing enters by the gateway once the source's gateway is gone.",
        "A gateway is a part of the source mesh; the target has none of its own and works behind any ingress "
        "controller whose pods are in the mesh.",
        "Decide which ingress controller takes over. With its Gateway API class give --gateway-class.",
        "kind: Gateway\nspec: {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [a.example.com]}]}",
    ),
    Entry(
        "MM502",
        "Name or workload outside",
        "Clients reach the name by their own look-up, or go elsewhere where only the source knew its endpoints.",
        "The target looks nothing up for names that are no service of the cluster.",
        "Make a Service for each name that needs endpoints, addresses or identities of its own.",
        "kind: ServiceEntry\nspec: {hosts: [api.example.com], resolution: STATIC, endpoints: [{address: 192.0.2.1}]}",
    ),
    Entry(
        "MM503",
        "Egress",
        "What may be reached outside the cluster is not limited, or not sent on its way, as in the source.",
        "The target limits egress by namespace and address, and sends nothing through a service on its way out.",
        "Write EgressNetworks for what may be reached, or limit egress with NetworkPolicies.",
        "kind: Sidecar\nspec: {outboundTrafficPolicy: {mode: REGISTRY_ONLY}}",
    ),
    Entry(
        "MM504",
        "What proxies know of",
        "Rules that were hidden from some clients hold for them too.",
        "The source lists what the proxies of a namespace know of; the target's learn of a service when it is asked for.",
        "Compare the routes of services that some clients did not see.",
        "kind: Sidecar\nspec: {egress: [{hosts: [./*]}]}",
    ),
    Entry(
        "MM601",
        "Membership",
        "A workload does not join the target mesh, or does not leave the source mesh.",
        "The object that says so is not in the input, or says it in a way that cannot be changed "
        "there.",
        "Add the namespace or workload to the input, or set the annotation by hand. No pod may be "
        "in two meshes.",
        "kind: Namespace\nmetadata: {labels: {istio-injection: enabled}}",
    ),
    Entry(
        "MM602",
        "Restart needed",
        "The change holds only for pods that are made after it.",
        "Proxies are added to pods, and read these settings, when a pod starts.",
        "Restart the workloads after the new objects are applied: kubectl rollout restart.",
        "metadata: {annotations: {linkerd.io/inject: enabled}}",
    ),
    Entry(
        "MM603",
        "Traffic that bypasses the proxy",
        "On these ports no policy of the mesh holds, in the source or in the target.",
        "The source leaves the ports out of the proxy, and the target may not do the same.",
        "Compare the lists of ports that skip the proxy.",
        'annotations: {traffic.sidecar.istio.io/excludeInboundPorts: "9042"}',
    ),
    Entry(
        "MM604",
        "Proxy settings",
        "The proxy of the target runs with settings of its own.",
        "Settings of one proxy (resources, concurrency, log level) mean nothing to another.",
        "Set resources anew: the proxies need different amounts.",
        'annotations: {sidecar.istio.io/proxyCPU: "100m"}',
    ),
    Entry(
        "MM605",
        "Object that somebody else writes",
        "The change holds until the owner writes the object anew.",
        "The object that has to change bears the mark of Helm, of a GitOps controller, of an operator, or of an object "
        "that owns it.",
        "Make the same change where the owner takes it from: the chart's values, the repository, the owning object.",
        "metadata: {labels: {app.kubernetes.io/managed-by: Helm}}",
    ),
    Entry(
        "MM607",
        "NetworkPolicy without the proxy's port",
        "Traffic between pods of the mesh is refused by the network.",
        "The target's proxies talk to one another on a port of their own; the policy names ports, and that one is not "
        "among them.",
        "Add the port that the finding names to the policy before the pods are restarted.",
        "kind: NetworkPolicy\nspec: {podSelector: {}, ingress: [{ports: [{port: 8080}]}]}",
    ),
    Entry(
        "MM608",
        "NetworkPolicy that names ports",
        "Between pods of the mesh the rule no longer holds ports apart.",
        "All traffic between two pods of the mesh takes one port, behind which the network cannot look.",
        "Say which ports are open in policies of the mesh too.",
        "kind: NetworkPolicy\nspec: {podSelector: {}, ingress: [{ports: [{port: 8080}]}]}",
    ),
    Entry(
        "MM701",
        "Telemetry",
        "Logs, metrics or traces change their form or stop; no request is treated otherwise.",
        "The target observes by other means.",
        "Move dashboards and alerts before the workloads.",
        "kind: Telemetry\nspec: {accessLogging: [{disabled: true}]}",
    ),
    Entry(
        "MM801",
        "Extension or opaque piece",
        "The piece is left out, and what it does to traffic is not known to this tool.",
        "Only the source mesh can interpret it: a patch of its proxy's configuration, a plugin.",
        "The finding says what the piece seems to be for, told from its form, and what the target has instead. "
        "A piece that may refuse requests is a blocker: more may pass without it.",
        "kind: EnvoyFilter",
    ),
    Entry(
        "MM802",
        "Label or annotation clash",
        "The label or annotation is not on the new object.",
        "Several objects of the source become one, and they give the key different values.",
        "Set the label on the new object if something needs it.",
        "# one HTTPRoute of two VirtualServices\nlabels: {team: a}  # and {team: b}",
    ),
    Entry(
        "MM901",
        "Fault of this tool",
        "Something was read and then forgotten. Everything else in the report still holds.",
        "This tool has a defect. It counts every value that it reads, so it noticed.",
        "Please report it with a piece of the input that shows it. Until then decide by hand what "
        "becomes of the values named.",
        "# any input",
    ),
    Entry(
        "MM902",
        "Invention of this tool",
        "An output holds a value that no part of the input, no default and no assumption stands behind.",
        "This tool has a defect. It asks of every value that it writes where it comes from, so it noticed.",
        "Please report it with a piece of the input that shows it. Until then decide by hand whether "
        "the value is right.",
        "# any input",
    ),
    Entry(
        "MM903",
        "Wider than it should be",
        "A request gets in after the translation that the source refused, and no finding says so.",
        "This tool has a defect. It reads its outputs back and compares them with the input, so it noticed.",
        "Do not apply the outputs for the workload named. Please report it with a piece of the input that shows it.",
        "# any input",
    ),
    Entry(
        "MM904",
        "Different, and nothing says so",
        "A request fares otherwise after the translation, though not wider, and no finding says so.",
        "This tool keeps silent about a loss. It reads its outputs back and compares them, so it noticed.",
        "Look at the request that the report shows and decide whether it matters. Please report it.",
        "# any input",
    ),
    Entry(
        "MM905",
        "Not proved",
        "Whether access stays the same is open for the ports named.",
        "Something has a say that is not understood here: a token, a service outside, a setting, a field that is not read.",
        "Check these ports by hand.",
        "kind: RequestAuthentication",
    ),
    Entry(
        "MM906",
        "Nothing to compare",
        "The outputs were not compared with the input.",
        "The input lists no workload, so there is no port to which requests could be sent.",
        "Add the Deployments, StatefulSets, DaemonSets or Pods to the input.",
        "# policies alone",
    ),
    Entry(
        "MM907",
        "Unusual spellings of paths are routed otherwise",
        "Requests whose path is not in normal form (/a/../b, /%61, a backslash) may take another route than before.",
        "One side brings paths into normal form before it chooses a route, the other takes them as they are sent.",
        "Nothing for ordinary clients: they send paths in normal form.",
        "# GET /stati%63/logo.png, and a route for the prefix /static/",
    ),
)
