"""MM22x: routes of the Gateway API that the cluster of the source holds."""

from __future__ import annotations

from translator.report.pages.entry import Entry

ENTRIES = (
    Entry(
        "MM220",
        "Route object to be deleted",
        "The object of the input stays in force in the target beside what was written, until it is deleted.",
        "Both meshes heed routes of the Gateway API, and the translation of this one stands in an object of another "
        "name or kind, or there is none.",
        "Delete the object once the new ones are applied.",
        "kind: HTTPRoute\nspec:\n  parentRefs: [{group: '', kind: Service, name: api}]",
    ),
    Entry(
        "MM221",
        "Route of services and gateways at once",
        "Nothing: the object keeps its gateways, and its rules for services stand in an object of their own.",
        "Its parents are services as well as gateways, which the target does not treat alike.",
        "Apply the changed object and the new one together.",
        "parentRefs:\n- {name: gateway}\n- {group: '', kind: Service, name: api}",
    ),
    Entry(
        "MM222",
        "Parent of a route not in the input",
        "The rules of the route are not written for the hosts of this parent.",
        "The route belongs to a ServiceEntry, and which hosts that is for stands in an object that is not in the "
        "input.",
        "Add the ServiceEntry to the input.",
        "parentRefs: [{group: networking.istio.io, kind: ServiceEntry, name: api}]",
    ),
    Entry(
        "MM223",
        "Route that the source does not heed",
        "Nothing: the source leaves the whole object out, and so does the translation.",
        "The object holds a filter that the source does not know.",
        "Take the filter out if the rules are meant to hold.",
        "filters:\n- type: ExtensionRef\n  extensionRef: {group: acme.example, kind: Auth, name: basic}",
    ),
    Entry(
        "MM225",
        "Rules that follow others at a waypoint",
        "Requests that meet none of the first object's rules get 404 instead of going by those of the second.",
        "At a waypoint the rules of all objects on a host are one list; they are translated as a sidecar has them, where "
        "the first object counts alone.",
        "Write the rules of both in one object.",
        "kind: HTTPRoute\nspec:\n  parentRefs: [{group: '', kind: Service, name: api}]  # and a VirtualService on api",
    ),
    Entry(
        "MM226",
        "Rules for where requests go not written",
        "Requests go to the service that they address, whatever the rules said.",
        "This tool does not write them for the target yet, or not in the form that they have; the finding says why.",
        "Write them by hand in the target's own kinds before the move, as the finding advises.",
        "# in the input of istio-to-cilium\nkind: VirtualService\nspec:\n  hosts: [reviews]\n  http: [{route: [...]}]",
    ),
    Entry(
        "MM227",
        "Requests that are no remote calls",
        "Remote calls fare as before. A request on their port that is none (a GET for the path of a call, a path that goes on "
        "behind the method) may go by another rule.",
        "A GRPCRoute stays a GRPCRoute, and meshes differ in which other requests they take for the calls that it names.",
        "Nothing, where clients of the port speak gRPC alone.",
        "kind: GRPCRoute\nspec:\n  rules: [{matches: [{method: {service: shop.Orders, method: Place}}]}]",
    ),
)
