"""MM1xx: what was read, and what of it was not."""

from __future__ import annotations

from translator.report.pages.entry import Entry

ENTRIES = (
    Entry(
        "MM101",
        "Field not read",
        "Nothing of this field is in the output, and whatever it does is not accounted for.",
        "The field belongs to a kind that is read, but this tool does not know it: it is newer "
        "than the tool, misspelt, or rare.",
        "Look up what the field does. If it is misspelt, the source mesh ignores it too: "
        "correct or remove it. Otherwise carry its meaning over by hand.",
        "spec:\n  hosts: [reviews]\n  fieldOfTomorrow: true",
    ),
    Entry(
        "MM102",
        "Kind not read yet",
        "The whole resource is left out of the translation.",
        "The kind belongs to the source mesh, but this tool has no reader for it yet.",
        "Translate the resource by hand, or find out that it is not needed in the target.",
        "apiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter",
    ),
    Entry(
        "MM103",
        "Template not rendered",
        "A template is left out: what it would become depends on values that are not in it. The files of a kustomization are "
        "read as they stand, without the namespace, the patches and whatever else it would put into them.",
        "The file is no valid YAML and holds the braces of a template language; or a kustomization.yaml does more than to list "
        "files.",
        "Render it first and translate the result: helm template CHART | meshmigrate ... -, kubectl kustomize DIR | "
        "meshmigrate ... -",
        "metadata:\n  name: {{ .Release.Name }}",
    ),
    Entry(
        "MM104",
        "Not a Kubernetes resource",
        "The document stays as it is.",
        "The document gives no apiVersion or no kind: a values file, say, or a kustomization "
        "patch.",
        "Nothing, if the document is not meant for the cluster. Leave such files out with "
        "--exclude to have a shorter report.",
        "replicas: 3\nimage: shop/web",
    ),
    Entry(
        "MM105",
        "Same resource twice",
        "Only the last one is translated, since it is what the cluster would hold in the end.",
        "Two documents that differ have the same kind, namespace and name. As with kubectl, "
        "files count in the order of their paths and documents in the order of their file.",
        "Remove one of them, or translate the environments that they belong to one at a time.",
        "kind: VirtualService\nmetadata: {name: reviews, namespace: shop}  # also in prod.yaml",
    ),
    Entry(
        "MM106",
        "The source's webhook would refuse this",
        "The resource is taken as the proxies of the source would take it if it got there.",
        "The schema of the kind allows it, but the admission webhook of the source mesh does not.",
        "Correct the resource. If it is in a cluster already, it came there before the webhook "
        "or around it.",
        "http:\n- route: [{destination: {host: a}, weight: -1}]",
    ),
    Entry(
        "MM107",
        "Statement that the source does not heed",
        "The statement changes no traffic today, so nothing of it is written.",
        "Another resource wins over it in the source mesh; the finding names the winner.",
        "Nothing, if traffic is as you want it. If you believed the statement to hold, you have "
        "found an old mistake.",
        "# two mesh-wide PeerAuthentications: the older one is heeded\nkind: PeerAuthentication",
    ),
    Entry(
        "MM108",
        "Object that begins to hold",
        "An object of the input that the source does not look at decides about requests once the target is there.",
        "The input holds kinds of the target's own: from an earlier trial, or because both meshes are in the cluster. The "
        "proof says which requests fare otherwise by it, and in which way.",
        "Decide whether it is meant to hold after the migration; delete it before, if it is not. Where the target is in the "
        "cluster already and heeds it, nothing changes.",
        "# in the input of istio-to-cilium\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy",
    ),
    Entry(
        "MM109",
        "Name or host that cannot be",
        "The text is taken as it stands; what is made of it would be refused like the source, or stand for something else.",
        "The API server takes no object of this name, or it or a webhook no host of this form: upper case, spaces, other "
        "signs, no letter at all, or too many.",
        "Correct the source. Where it is in a cluster already, it is there under another name.",
        "kind: HTTPRoute\nspec:\n  hostnames: [Shop.Example]",
    ),
    Entry(
        "MM110",
        "Input of another mesh",
        "Nothing is translated, and every object stays as it is.",
        "No object of the input is of the mesh that it is translated from, by its kind, labels or annotations; there are "
        "objects of another mesh.",
        "Name the right mesh, or let it be detected: meshmigrate convert --from auto.",
        "# in the input of cilium-to-linkerd\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy",
    ),
)
