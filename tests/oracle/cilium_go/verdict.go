package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	cilium "github.com/cilium/proxy/go/cilium/api"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/cilium/cilium/pkg/endpoint/regeneration"
	"github.com/cilium/cilium/pkg/envoy"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/proxy/accesslog"
	ciliumtypes "github.com/cilium/cilium/pkg/types"
	"github.com/cilium/cilium/pkg/u8proto"
)

// endpoint is a pod with its policy: what the datapath looks up, and what its proxy is sent.
type endpoint struct {
	id     uint64
	own    ciliumtypes.NamedPortMap
	policy *policy.EndpointPolicy
	rules  *cilium.NetworkPolicy
}

// endpointOf resolves the policy of an identity for one pod of it (pkg/endpoint/policy.go, pkg/envoy/xds_server.go).
func (c *cluster) endpointOf(id uint64, who *identity.Identity, own ciliumtypes.NamedPortMap) (*endpoint, error) {
	found := &endpoint{id: id, own: own}
	chosen, _, err := c.repo.ComputeSelectorPolicy(who)
	if err != nil {
		return nil, err
	}
	// With one redirect of this name every port of the proxy is taken to be there.
	everywhere := map[string]uint16{policy.FallbackRedirectID: math.MaxUint16}
	found.policy = chosen.DistillPolicy(silent, found, everywhere)
	whole := found.policy.SelectorPolicy
	found.rules = envoy.GetNetworkPolicy(found, chosen.GetEgressNamedPorts, found.policy.GetPolicySelectors(), nil, &whole.L4Policy,
		whole.IngressPolicyEnabled, whole.EgressPolicyEnabled, false, false, "", silent, c.translator)
	return found, nil
}

func (c *cluster) decide(asked Question) (Verdict, error) {
	here, peer := c.endpoints[asked.Pod], c.peers[asked.Peer]
	if here == nil || peer == nil {
		return Verdict{}, fmt.Errorf("unknown: %s, %s", asked.Pod, asked.Peer)
	}
	protocol, err := u8proto.ParseProtocol(asked.Protocol)
	if err != nil {
		return Verdict{}, err
	}
	key := policy.EgressKey()
	if asked.Ingress {
		key = policy.IngressKey()
	}
	entry, _, _ := here.policy.Lookup(key.WithIdentity(peer.ID).WithPortProto(protocol, asked.Port))
	found := Verdict{Allowed: !entry.IsDeny(), Parsers: []string{}, Rules: []json.RawMessage{}}
	found.Proof = entry.AuthRequirement.AuthType() != types.AuthTypeDisabled
	if entry.IsDeny() || entry.ProxyPort == 0 {
		return found, nil
	}
	found.Parsers = c.parsers(here, asked, peer.ID)
	found.Rules, err = here.told(asked, peer.ID)
	return found, err
}

// parsers are those to which the policy sends the traffic of a question.
func (c *cluster) parsers(here *endpoint, asked Question, peer identity.NumericIdentity) []string {
	found := []string{}
	for filter, one := range here.policy.SelectorPolicy.RedirectFilters() {
		if filter.Ingress == asked.Ingress && one.Selector.Selects(peer) && c.holds(here, filter, asked, peer) {
			found = append(found, one.Policy.L7Parser.String())
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// holds says whether a filter is for the port.
func (c *cluster) holds(here *endpoint, filter *policy.L4Filter, asked Question, peer identity.NumericIdentity) bool {
	if filter.U8Proto != u8proto.ANY && filter.U8Proto.String() != asked.Protocol {
		return false
	}
	port := filter.Port
	switch {
	case filter.PortName == "":
	case asked.Ingress:
		port = here.GetIngressNamedPort(filter.PortName, filter.U8Proto)
	default:
		port, _ = c.ports.GetNamedPort(filter.PortName, filter.U8Proto, slices.Values([]identity.NumericIdentity{peer}))
	}
	every := port == 0 && filter.PortName == ""
	return every || port <= asked.Port && asked.Port <= max(port, filter.EndPort)
}

// told has the rules of the proxy for the peer in the order in which it goes through them: of the port and of all ports, the
// highest precedence first, refusals before allowances (cilium/proxy, cilium/network_policy.cc, PortNetworkPolicyRules).
func (e *endpoint) told(asked Question, peer identity.NumericIdentity) ([]json.RawMessage, error) {
	ports := e.rules.EgressPerPortPolicies
	if asked.Ingress {
		ports = e.rules.IngressPerPortPolicies
	}
	rules := []*cilium.PortNetworkPolicyRule{}
	for _, one := range ports {
		last := max(one.Port, one.EndPort)
		if one.Port != 0 && (uint32(asked.Port) < one.Port || last < uint32(asked.Port)) {
			continue
		}
		if len(one.Rules) == 0 {
			rules = append(rules, &cilium.PortNetworkPolicyRule{})
		}
		for _, rule := range one.Rules {
			if len(rule.RemotePolicies) == 0 || slices.Contains(rule.RemotePolicies, uint32(peer)) {
				rules = append(rules, rule)
			}
		}
	}
	slices.SortStableFunc(rules, func(a, b *cilium.PortNetworkPolicyRule) int {
		return cmp.Or(cmp.Compare(b.Precedence, a.Precedence), cmp.Compare(rank(a), rank(b)))
	})
	found := []json.RawMessage{}
	for _, rule := range rules {
		text, err := protojson.Marshal(rule)
		if err != nil {
			return nil, err
		}
		found = append(found, text)
	}
	return found, nil
}

func rank(rule *cilium.PortNetworkPolicyRule) int {
	switch {
	case rule.GetDeny():
		return 0
	case rule.GetPassPrecedence() == 0:
		return 1
	}
	return 2
}

// --- what the agent asks of an endpoint ------------------------------------------------------------

func (e *endpoint) GetID() uint64 { return e.id }

func (e *endpoint) GetIngressNamedPort(name string, proto u8proto.U8proto) uint16 {
	port, _ := e.own.GetNamedPort(name, proto)
	return port
}

func (e *endpoint) PolicyDebug(string, ...any)                  {}
func (e *endpoint) IsHost() bool                                { return false }
func (e *endpoint) PreviousMapStateSizes() policy.MapStateSizes { return policy.MapStateSizes{} }
func (e *endpoint) GetPolicyNames() []string                    { return nil }
func (e *endpoint) GetIPv4Address() string                      { return "" }
func (e *endpoint) GetIPv6Address() string                      { return "" }
func (e *endpoint) OnProxyPolicyUpdate(uint64)                  {}
func (e *endpoint) GetListenerProxyPort(string) uint16          { return math.MaxUint16 }
func (e *endpoint) RegenerateIfAlive(*regeneration.ExternalRegenerationMetadata) <-chan bool {
	done := make(chan bool)
	close(done)
	return done
}

func (e *endpoint) UpdateProxyStatistics(string, string, uint16, uint16, bool, bool, accesslog.FlowVerdict) {
}

// secrets are all told to the proxy by name: their values are not in a case.
type secrets struct{}

func (s *secrets) GetSecretString(context.Context, *api.Secret, string) (string, error) {
	return "", nil
}
func (s *secrets) PolicySecretSyncEnabled() bool         { return true }
func (s *secrets) SecretsOnlyFromSecretsNamespace() bool { return true }
func (s *secrets) GetSecretSyncNamespace() string        { return "cilium-secrets" }
