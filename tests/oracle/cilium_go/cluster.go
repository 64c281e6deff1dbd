package main

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/cilium/statedb"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	policyv1alpha2 "sigs.k8s.io/network-policy-api/apis/v1alpha2"

	envoypolicy "github.com/cilium/cilium/pkg/envoy/policy"
	"github.com/cilium/cilium/pkg/fqdn/dns"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/identity/identitymanager"
	ipcachetypes "github.com/cilium/cilium/pkg/ipcache/types"
	"github.com/cilium/cilium/pkg/k8s"
	v2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	cilium_fake "github.com/cilium/cilium/pkg/k8s/client/clientset/versioned/fake"
	corev1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/core/v1"
	networkingv1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/networking/v1"
	metav1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	slim_fake "github.com/cilium/cilium/pkg/k8s/slim/k8s/client/clientset/versioned/fake"
	"github.com/cilium/cilium/pkg/k8s/utils"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/loadbalancer"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	policyk8s "github.com/cilium/cilium/pkg/policy/k8s"
	"github.com/cilium/cilium/pkg/policy/types"
	policyutils "github.com/cilium/cilium/pkg/policy/utils"
	testcertificatemanager "github.com/cilium/cilium/pkg/testutils/certificatemanager"
	testpolicy "github.com/cilium/cilium/pkg/testutils/policy"
	ciliumtypes "github.com/cilium/cilium/pkg/types"
)

const (
	firstPod     = 10000
	firstOutside = identity.IdentityScopeLocal + 1
)

// cluster is what one agent knows.
type cluster struct {
	repo       *policy.Repository
	translator envoypolicy.EnvoyL7RulesTranslator
	groups     []*v2.CiliumCIDRGroup
	db         *statedb.DB
	services   statedb.RWTable[*loadbalancer.Service]
	backends   statedb.RWTable[*loadbalancer.Backend]
	peers      map[string]*identity.Identity
	endpoints  map[string]*endpoint
	ports      namedPorts
}

// namedPorts are the ports of all pods by identity, as the agent's ipcache has them.
type namedPorts struct{ ciliumtypes.NamedPortMultiMap }

func (n namedPorts) GetNamedPorts() ciliumtypes.NamedPortMultiMap { return n.NamedPortMultiMap }

var decoder = func() runtime.Decoder {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{slim_fake.AddToScheme, cilium_fake.AddToScheme, policyv1alpha2.Install} {
		if err := add(scheme); err != nil {
			panic(err)
		}
	}
	return serializer.NewCodecFactory(scheme).UniversalDeserializer()
}()

func newCluster(asked Case) *cluster {
	here := &cluster{
		translator: envoypolicy.NewEnvoyL7RulesTranslator(silent, &secrets{}),
		db:         statedb.New(),
		peers:      map[string]*identity.Identity{},
		endpoints:  map[string]*endpoint{},
	}
	here.repo = policy.NewPolicyRepository(silent, identity.ListReservedIdentities(), &testcertificatemanager.Fake{},
		here.translator, identitymanager.NewIDManager(silent), testpolicy.NewPolicyMetricsNoop())
	identity.IterateReservedIdentities(func(_ identity.NumericIdentity, one *identity.Identity) {
		here.peers["reserved:"+one.ID.String()] = one
	})
	here.addServices(asked.Services)
	return here
}

func (c *cluster) addServices(listed []Service) {
	var err error
	if c.services, err = loadbalancer.NewServicesTable(loadbalancer.DefaultConfig, c.db); err != nil {
		panic(err)
	}
	if c.backends, err = loadbalancer.NewBackendsTable(c.db); err != nil {
		panic(err)
	}
	txn := c.db.WriteTxn(c.services)
	for _, one := range listed {
		_, _, err := c.services.Insert(txn, &loadbalancer.Service{
			Name:     loadbalancer.NewServiceName(one.Namespace, one.Name),
			Labels:   labels.Map2Labels(one.Labels, labels.LabelSourceK8s),
			Selector: one.Selector,
		})
		if err != nil {
			panic(err)
		}
	}
	txn.Commit()
}

// add takes a document in as the watcher of its kind does (pkg/policy/k8s).
func (c *cluster) add(text string) error {
	object, _, err := decoder.Decode([]byte(text), nil, nil)
	if err != nil {
		return err
	}
	name := option.Config.ClusterName // policy-default-local-cluster
	switch one := object.(type) {
	case *v2.CiliumCIDRGroup:
		c.groups = append(c.groups, one)
		return nil
	case *v2.CiliumNetworkPolicy:
		return c.addRules(one, ipcachetypes.ResourceKindCNP)
	case *v2.CiliumClusterwideNetworkPolicy:
		wide := &v2.CiliumNetworkPolicy{TypeMeta: one.TypeMeta, ObjectMeta: one.ObjectMeta, Spec: one.Spec, Specs: one.Specs}
		return c.addRules(wide, ipcachetypes.ResourceKindCCNP)
	case *networkingv1.NetworkPolicy:
		entries, err := k8s.ParseNetworkPolicy(silent, name, one)
		if err == nil {
			c.replace(entries, ipcachetypes.ResourceKindNetpol, one.Namespace, one.Name)
		}
		return err
	case *policyv1alpha2.ClusterNetworkPolicy:
		entries, err := k8s.ParseClusterNetworkPolicy(silent, name, one)
		if err == nil {
			c.replace(entries, ipcachetypes.ResourceKindKCNP, one.Namespace, one.Name)
		}
		return err
	}
	return fmt.Errorf("%T is no policy", object)
}

func (c *cluster) addRules(one *v2.CiliumNetworkPolicy, kind ipcachetypes.ResourceKind) error {
	policyk8s.ResolveToServices(c.db.ReadTxn(), c.services, c.backends, one)
	rules, err := one.Parse(silent, option.Config.ClusterName)
	if err == nil {
		c.replace(policyutils.RulesToPolicyEntries(rules), kind, one.Namespace, one.Name)
	}
	return err
}

func (c *cluster) replace(entries types.PolicyEntries, kind ipcachetypes.ResourceKind, namespace, name string) {
	c.repo.ReplaceByResource(entries, ipcachetypes.NewResourceID(kind, namespace, name))
}

// settle makes the identities of all that is in the case known, and resolves the policy of each pod.
func (c *cluster) settle(asked Case) error {
	known := identity.IdentityMap{}
	several := ciliumtypes.NewNamedPortMultiMap()
	byLabels := map[string]*identity.Identity{}
	own := map[string]ciliumtypes.NamedPortMap{}
	for _, one := range asked.Pods {
		ports, lbls := podOf(one)
		key := string(lbls.SortedList())
		if byLabels[key] == nil {
			byLabels[key] = identity.NewIdentity(identity.NumericIdentity(firstPod+len(byLabels)), lbls)
		}
		c.peers[one.ID], own[one.ID] = byLabels[key], ports
		known[byLabels[key].ID] = byLabels[key].LabelArray
		several.Update(byLabels[key].ID, nil, ports)
	}
	for number, one := range asked.Outside {
		lbls, err := c.labelsOf(one)
		if err != nil {
			return err
		}
		found := identity.NewIdentity(identity.NumericIdentity(uint32(firstOutside)+uint32(number)), lbls)
		c.peers[one.ID], known[found.ID] = found, found.LabelArray
	}
	c.ports = namedPorts{several}
	c.repo.SetNamedPortsGetter(c.ports)
	waits := &sync.WaitGroup{}
	c.repo.GetSelectorCache().UpdateIdentities(known, nil, waits)
	waits.Wait()
	c.repo.UpdateIdentities(known, nil)
	for number, one := range asked.Pods {
		made, err := c.endpointOf(uint64(number+1), c.peers[one.ID], own[one.ID])
		if err != nil {
			return fmt.Errorf("%s: %w", one.ID, err)
		}
		c.endpoints[one.ID] = made
	}
	return nil
}

// podOf reads the ports and the labels of a pod that make its identity (pkg/endpoint/metadata, pkg/labelsfilter).
func podOf(one Pod) (ciliumtypes.NamedPortMap, labels.Labels) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "pod", Namespace: one.Namespace, Labels: one.Labels}}
	pod.Spec.ServiceAccountName = one.Account
	container := corev1.Container{}
	for _, port := range one.Ports {
		container.Ports = append(container.Ports, corev1.ContainerPort{
			Name: port.Name, ContainerPort: port.Number, Protocol: corev1.Protocol(port.Protocol),
		})
	}
	pod.Spec.Containers = []corev1.Container{container}
	home := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: one.Namespace, Labels: one.Space}}
	ports, plain := k8s.GetPodMetadata(silent, home, pod)
	told, _ := labelsfilter.Filter(labels.Map2Labels(plain, labels.LabelSourceK8s))
	return ports, told
}

// labelsOf has the labels of an address outside: its block, the groups of blocks that hold it, and the names that policies
// know it by (pkg/policy/k8s/cilium_cidr_group.go, pkg/fqdn/namemanager).
func (c *cluster) labelsOf(one Outside) (labels.Labels, error) {
	address, err := netip.ParseAddr(one.Address)
	if err != nil {
		return nil, err
	}
	found := labels.GetCIDRLabels(netip.PrefixFrom(address, address.BitLen()))
	for _, group := range c.groups {
		inside := slices.ContainsFunc(group.Spec.ExternalCIDRs, func(block api.CIDR) bool {
			prefix, err := netip.ParsePrefix(string(block))
			return err == nil && prefix.Contains(address)
		})
		if inside {
			maps.Copy(found, labelsOfGroup(group))
		}
	}
	if one.Name == "" {
		return found, nil
	}
	var wrong error
	c.repo.Iterate(func(rule *types.PolicyEntry) {
		for _, selector := range rule.L3 {
			if names, ok := selector.GetFQDNSelector(); ok {
				pattern, err := names.ToRegex()
				if err != nil {
					wrong = err
				} else if pattern.MatchString(dns.FQDN(strings.ToLower(one.Name))) {
					label := names.IdentityLabel()
					found[label.Key] = label
				}
			}
		}
	})
	return found, wrong
}

func labelsOfGroup(group *v2.CiliumCIDRGroup) labels.Labels {
	own := api.LabelForCIDRGroupRef(group.Name)
	found := labels.Labels{own.Key: own}
	for key, value := range utils.RemoveCiliumLabels(group.Labels) {
		label := labels.NewLabel(key, value, labels.LabelSourceCIDRGroup)
		encoded := labels.EncodedCIDRGroupLabel(label.Key, label.Value, label.Source)
		found[label.Key], found[encoded.Key] = label, encoded
	}
	return found
}
