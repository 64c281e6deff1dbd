"""Policies of the network: what of them is heeded, and what becomes of them where the network goes with the source."""

from __future__ import annotations

from translator.report.pages.entry import Entry

ENTRIES = (
    Entry(
        "MM170",
        "Policy that the agent refuses",
        "The policy is in force nowhere, so nothing of it is written.",
        "The API server takes the object, but the agent of the source refuses all of it for one part that it cannot take.",
        "Mend the policy, or delete it. What you write then takes effect: look first whom it closes out.",
        "ingress:\n- fromEndpoints: [{}]\n  fromEntities: [world]  # two kinds of peers in one entry",
    ),
    Entry(
        "MM171",
        "Field that is dropped from a denial",
        "The field is not there once the object is stored: the rest of the denial holds for more than was meant.",
        "Entries that deny know peers and ports alone; the API server drops all other fields without a word.",
        "Say what may pass as rules that allow, and leave the denial out.",
        "ingressDeny:\n- toPorts: [{ports: [{port: '80'}], rules: {http: [{path: /admin}]}}]",
    ),
    Entry(
        "MM172",
        "Selector that selects nobody",
        "The policy, or this peer of it, is about nobody; nothing of it is written.",
        "Labels that are left out of identities (those of controllers, of Kubernetes' own) cannot be selected by, and a "
        "policy of a namespace cannot select pods of another. Pods on the network of their node are part of it, and no policy "
        "for pods selects them.",
        "Select by labels that the agent counts, such as those of the application.",
        "endpointSelector: {matchLabels: {pod-template-hash: 5d8f}}",
    ),
    Entry(
        "MM484",
        "Switch of the agent",
        "The agent enforces no policy at all, or closes every pod whatever is written.",
        "How policies are enforced is a setting of the agent, which stays where it is.",
        "Look at enable-policy and policy-audit-mode of the ConfigMap cilium-config, and set them to what shall hold.",
        "enable-policy: never",
    ),
    Entry(
        "MM475",
        "Ways out are not closed",
        "Workloads may call whatever they like, where the source let them call some destinations only.",
        "The source decides at both ends of a connection, the target where requests arrive.",
        "Keep the policies for what leaves in a network that enforces them; or close the destinations by rules of their own.",
        "egress:\n- toEndpoints: [{matchLabels: {app: orders}}]",
    ),
    Entry(
        "MM476",
        "UDP, SCTP and ICMP",
        "What is not TCP reaches these workloads from everywhere.",
        "The source closes workloads for every transport; the target's proxies look at TCP alone.",
        "Keep a NetworkPolicy for these workloads that lets in what is not TCP as the source did.",
        "ingress:\n- toPorts: [{ports: [{port: '53', protocol: UDP}]}]",
    ),
    Entry(
        "MM477",
        "Callers by account instead of label",
        "Callers are known by their service account, where the source knows them by their labels.",
        "The target knows callers by certificate, which names the service account. The accounts of the listed pods with "
        "the labels are let in, where no listed pod without them has the same account. So it is where callers are held to what "
        "they may ask for.",
        "Give the input all workloads, and give each kind of caller a service account of its own.",
        "fromEndpoints: [{matchLabels: {app: web}}]",
    ),
    Entry(
        "MM478",
        "NetworkPolicies beside",
        "Requests are refused that the policies of the source let in together with NetworkPolicies.",
        "In the source all policies of the network add up to one. NetworkPolicies stay in force when the source goes, as a "
        "gate of their own that a connection must pass besides.",
        "Delete the NetworkPolicies of these pods once the translated rules are in force: these let in what both did.",
        "kind: NetworkPolicy\nspec: {podSelector: {matchLabels: {app: orders}}}",
    ),
    Entry(
        "MM479",
        "Path with its query",
        "Requests are refused whose path is let in by the source, without a query or with some.",
        "The source compares the path together with what follows the question mark, the target the path alone. Only what "
        "is let in with every query is let in.",
        r"End the pattern in (\?.*)? where the query does not matter, and translate again.",
        "rules: {http: [{path: /public}]}  # not /public?page=2",
    ),
    Entry(
        "MM486",
        "Narrower ways out",
        "Workloads no longer reach some of what the source let them call.",
        "What leaves pods is said as NetworkPolicies, which the network enforces beside the mesh. They name peers by label and by "
        "block, know no names, nodes or requests, and refuse nothing but what they leave out. A rule for some requests to pods is "
        "opened to its ports there where the mesh holds these callers to the requests when they arrive: where these pods let in "
        "service accounts alone, of which each is that of one kind of caller.",
        "Look what the finding leaves out, and keep the policy of the source for it where the source stays as the network.",
        "egress:\n- toEntities: [kube-apiserver]",
    ),
    Entry(
        "MM487",
        "Way to the control plane",
        "Pods whose ways out are closed are let out to the control plane of the mesh besides.",
        "A proxy shares the network of its pod, and does not start before it has reached its control plane.",
        "Let the same pods out to what else their proxies call, such as collectors of traces.",
        "kind: NetworkPolicy\nspec: {policyTypes: [Egress]}",
    ),
    Entry(
        "MM488",
        "Ports for questions of names",
        "More than questions of names leaves pods by the ports that are open for these.",
        "A policy of Cilium lets out DNS alone at a port; a NetworkPolicy lets out whatever is sent to it.",
        "Confine the rule to the pods of the cluster's DNS, which answer nothing else.",
        "toPorts: [{ports: [{port: '53'}], rules: {dns: [{matchPattern: '*'}]}}]",
    ),
)
