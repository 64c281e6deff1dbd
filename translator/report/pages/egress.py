"""MM52x: limits on what leaves the cluster."""

from __future__ import annotations

from translator.report.pages.entry import Entry

ENTRIES = (
    Entry(
        "MM521",
        "Undeclared destinations inside the cluster's networks",
        "Clients whose egress is limited reach addresses in the cluster's networks that nobody declared.",
        "The target limits what leaves the cluster: Linkerd takes all private blocks for the cluster unless its chart is told "
        "otherwise, a policy of Cilium lets out to the entity cluster. The source refuses whatever is no service that its "
        "proxies know of.",
        "For Linkerd, set clusterNetworks of the chart to the blocks of pods and Services, give the same with "
        "--cluster-networks, and limit calls to pods and to private networks with NetworkPolicies. For Cilium, say in the "
        "policies of pods who may come in.",
        "kind: Sidecar\nspec: {outboundTrafficPolicy: {mode: REGISTRY_ONLY}}",
    ),
    Entry(
        "MM522",
        "Address of a name is the client's choice",
        "A request for a declared name goes to the address that the client dialled, whatever address that is.",
        "The source's proxy looks the name up and goes there. The target lets the name through and forwards as dialled.",
        "Limit the addresses with NetworkPolicies where the clients are not trusted.",
        "kind: ServiceEntry\nspec: {hosts: [api.example.com], resolution: DNS}",
    ),
    Entry(
        "MM523",
        "Services that were hidden from clients",
        "Clients reach Services of the cluster that their proxies did not know of, which refused such requests.",
        "A Sidecar lists what its proxies know of and lets nothing else out; the target has no such list.",
        "Say in authorization policies of those Services who may call them.",
        "kind: Sidecar\nspec: {egress: [{hosts: [./*]}], outboundTrafficPolicy: {mode: REGISTRY_ONLY}}",
    ),
    Entry(
        "MM524",
        "Egress of some workloads",
        "Workloads of the namespace may reach less than before: what each of them may, all may.",
        "Linkerd limits egress by the namespace of the client, the source by its labels too. Cilium knows pods by the labels "
        "that stay, whether the source put a proxy before them or not.",
        "Give workloads that may reach more a namespace of their own.",
        "kind: Sidecar\nspec: {workloadSelector: {labels: {app: batch}}, outboundTrafficPolicy: {mode: REGISTRY_ONLY}}",
    ),
    Entry(
        "MM525",
        "Declared, and refused now",
        "Clients no longer reach a port that was declared outside the cluster.",
        "Linkerd lets HTTP through by host, TLS by name and other bytes by address only, and looks no name up. Cilium lets out "
        "to the addresses of a name or to blocks, and reads a port in one way: as HTTP, or as TLS.",
        "Find the addresses, and write an EgressNetwork for them with a TCPRoute for the port, or an egress rule.",
        "kind: ServiceEntry\nspec: {hosts: [mail.example.com], resolution: DNS, ports: [{number: 587, name: smtp, "
        "protocol: TCP}]}",
    ),
    Entry(
        "MM526",
        "Machine outside the cluster",
        "The machine gets no requests until it runs the target's proxy, or it is not written at all.",
        "An ExternalWorkload is a machine with an address and an identity that a Service selects. Its proxy gets the "
        "identity from SPIRE, and callers on machines are known by SPIFFE ids.",
        "Set the machine up as the finding says. Where it is not written, make a Service that selects it, or an "
        "EndpointSlice for a machine without the mesh.",
        "kind: WorkloadEntry\nspec: {address: 192.0.2.7, labels: {app: vm}, serviceAccount: vm}",
    ),
    Entry(
        "MM527",
        "Placement of a machine",
        "The machine gets another share of the requests.",
        "Network, locality and weight of a machine have no form in the target, which picks endpoints by latency.",
        "Give machines that must get less a Service of their own, with a weight in an HTTPRoute.",
        "kind: WorkloadEntry\nspec: {address: 192.0.2.7, weight: 10, locality: eu/a}",
    ),
    Entry(
        "MM528",
        "Names that count by their look-up",
        "Clients reach a name outside only at addresses that they got by asking the cluster's DNS for it.",
        "The source's proxy looks the name up itself and goes there, whatever address was dialled. Cilium learns where a name "
        "leads from the answers that pass its DNS proxy, and lets out to these addresses.",
        "See that clients ask the cluster's DNS: no node-local cache beside the agent's proxy, no hosts file, no DNS over HTTPS. "
        "Give names with records of short life a longer tofqdns-min-ttl.",
        "kind: ServiceEntry\nspec: {hosts: [api.example.com], resolution: DNS}",
    ),
    Entry(
        "MM534",
        "Undeclared, and limited now",
        "Clients no longer reach addresses that no limit was about, unless something declares them.",
        "A limit of the source is about some blocks of addresses, by default those outside of the cluster. The target's proxies "
        "let out what their registry knows, whatever the address, or everything.",
        "Write a ServiceEntry with the addresses and the port for what is called without a Service, and watch what is sent to "
        "BlackHoleCluster.",
        "kind: EgressNetwork\nspec: {trafficPolicy: Deny}",
    ),
    Entry(
        "MM535",
        "Names held by the client's proxy",
        "Pods that may reach some names outside are held to them by their own proxies; on the same ports the network lets them "
        "out to every address outside.",
        "The network of the source knows the addresses of a name from the answers to its pods' questions. A NetworkPolicy knows "
        "none, and a proxy goes by the name that its client says.",
        "Keep the policy of the source for these pods, or let them out by an egress gateway alone.",
        "egress:\n- toFQDNs: [{matchName: api.example.com}]\n  toPorts: [{ports: [{port: '443', protocol: TCP}]}]",
    ),
    Entry(
        "MM536",
        "Address of what leaves",
        "Connections leave the cluster from another address than before: that of the node of the pod.",
        "A CiliumEgressGatewayPolicy leads what its pods send to some blocks through a node, from an address that partners know. "
        "A mesh chooses where a connection goes, and not from which address it leaves its node.",
        "Keep the policy where Cilium stays as the network of the cluster, or lead these names through an egress gateway with an "
        "address of its own. Have the new addresses let in before traffic moves.",
        "kind: CiliumEgressGatewayPolicy\nspec:\n  destinationCIDRs: [203.0.113.0/24]\n  egressGateway: {egressIP: 192.0.2.10}",
    ),
    Entry(
        "MM538",
        "Policies for nodes",
        "Who may call the nodes themselves, and whom they may call, is limited no longer.",
        "A CiliumClusterwideNetworkPolicy with a nodeSelector is a firewall of the node. A mesh stands before pods alone.",
        "Keep the policy where Cilium stays as the network of the cluster; else guard the nodes by what guards machines before "
        "it goes.",
        "kind: CiliumClusterwideNetworkPolicy\nspec:\n  nodeSelector: {}\n  ingress: [{fromEntities: [cluster]}]",
    ),
    Entry(
        "MM537",
        "Part of what is declared outside",
        "Requests or connections to a declared name leave that found no rule in the source.",
        "The rules of a VirtualService for a name outside let out what they match, and nothing else that asks for the name. The "
        "target has no rules for such names: all that goes to them leaves.",
        "Limit the paths, or the names, at an egress gateway, or where the requests arrive.",
        "kind: VirtualService\nspec:\n  hosts: [api.example.com]\n  http:\n  - match: [{uri: {prefix: /v1}}]\n"
        "    route: [{destination: {host: api.example.com}}]",
    ),
)
