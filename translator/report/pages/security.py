"""MM4xx: who may call whom, and what proves it."""

from __future__ import annotations

from translator.report.pages.entry import Entry

ENTRIES = (
    Entry(
        "MM401",
        "A destination cannot be closed",
        "Requests pass that the source refuses.",
        "The source closes the destination to all who are not let in; the target cannot close it.",
        "Do not move this workload until it is closed by other means, such as a NetworkPolicy.",
        "kind: AuthorizationPolicy\nspec: {}  # lets nobody in",
    ),
    Entry(
        "MM402",
        "Grant narrowed",
        "Requests are refused that the source lets pass.",
        "A condition of a rule that lets requests in cannot be said. The rule is left out or "
        "made narrower, never wider.",
        "Look whether somebody needs what is refused now, and let them in by a rule that the "
        "target can say.",
        'rules:\n- when: [{key: "request.headers[x-team]", values: [shop]}]',
    ),
    Entry(
        "MM403",
        "Refusal widened",
        "More requests are refused than in the source.",
        "A rule that refuses requests cannot be said exactly. It is made wider, never narrower.",
        "Look whether somebody needs what is refused now; if so, rewrite the rule as one that "
        "lets in.",
        "action: DENY\nrules:\n- when: [{key: connection.sni, values: [a.example]}]",
    ),
    Entry(
        "MM404",
        "Health checks",
        "The kubelet's health checks of these pods may be treated otherwise than in the source.",
        "Meshes let health checks pass in different ways: by rewriting them, or by rules of "
        "their own.",
        "Watch the readiness of the pods after the first one is moved.",
        "livenessProbe: {httpGet: {path: /healthz, port: 8080}}",
    ),
    Entry(
        "MM405",
        "Proof of identity (mTLS)",
        "A connection is secured otherwise than the source demands.",
        "The target cannot demand mutual TLS here, or cannot say how a client secures its "
        "connection.",
        "If the finding is a blocker, plaintext would be let in: close the port to callers "
        "outside the mesh before you move.",
        "mtls: {mode: STRICT}",
    ),
    Entry(
        "MM406",
        "Token checks",
        "Tokens are not validated by the proxy, and rules cannot speak of their claims.",
        "The target does not look at tokens.",
        "Validate tokens in an ingress in front of the mesh or in the application, and only "
        "then move.",
        "kind: RequestAuthentication\nspec: {jwtRules: [{issuer: https://id.example}]}",
    ),
    Entry(
        "MM407",
        "External decision",
        "Requests pass without the decision of the service that the source asks.",
        "The target's proxy asks no service outside itself.",
        "Ask that service in an ingress or in the application, and only then move.",
        "action: CUSTOM\nprovider: {name: opa}",
    ),
    Entry(
        "MM408",
        "Form of the path",
        "Two spellings of one path (with //, %2F or ..) may be told apart in one mesh and not in "
        "the other.",
        "The meshes normalise a path differently before they compare it.",
        "Let rules open paths instead of closing them, or normalise paths in front of the mesh.",
        "to: [{operation: {paths: [/admin/*]}}]",
    ),
    Entry(
        "MM409",
        "Audit",
        "Requests are not marked for an audit log.",
        "The target has no such mark.",
        "Log these requests in the application.",
        "action: AUDIT",
    ),
    Entry(
        "MM410",
        "Caller cannot be named",
        "The rule that names this caller is left out or made narrower.",
        "The target cannot name callers in this way (by label, by address, by an identity with "
        "a wildcard in it).",
        "Name the callers by their service accounts.",
        'from: [{source: {principals: ["*/sa/web"]}}]',
    ),
    Entry(
        "MM411",
        "Weaker evidence",
        "The same callers are let in, but on a weaker proof of who they are.",
        "The source knows the caller by its certificate, the target by a label or an address.",
        "Accept it only where nobody else can have that label or address.",
        'from: [{source: {principals: ["cluster.local/ns/shop/sa/web"]}}]',
    ),
    Entry(
        "MM412",
        "Workload or its ports unknown",
        "The rule is written under an assumption about pods that the input does not show.",
        "The target needs the ports or the labels of a workload that is not in the input, or that has no labels of its own.",
        "Add the Deployments and Services to the input.",
        "selector: {matchLabels: {app: reviews}}  # no such workload in the input",
    ),
    Entry(
        "MM413",
        "Header sent twice, host spelt otherwise",
        "A request that has a header several times, or a host with a dot at its end, may be let in where the source "
        "refuses it.",
        "The source compares all values of a header joined by commas and the host as it is written; the target compares "
        "value by value and leaves out the dot.",
        "Let the proxy in front of these callers set the header instead of adding to it; then accept the finding.",
        'when: [{key: "request.headers[x-team]", values: [shop]}]',
    ),
    Entry(
        "MM430",
        "Callers of other trust domains",
        "Callers whose certificate is of another trust domain are refused.",
        "The source asks for any certificate of a root that it trusts; what is written names the mesh's own trust "
        "domain, since another mesh trusts other roots.",
        "Name such callers by their identity in the target, if there are any.",
        "mtls: {mode: STRICT}",
    ),
    Entry(
        "MM431",
        "Health checks from other networks",
        "Health checks are refused that do not come from the networks of --node-networks.",
        "The target knows health checks by the address of the node that they come from.",
        "Give the address blocks of all nodes.",
        "livenessProbe: {httpGet: {path: /healthz, port: 8080}}",
    ),
)
