// What the policy engine of Cilium, of the version in go.mod, decides for the endpoints of a cluster.
//
// Each line on standard input names two files with a tab between: a case, and where the answer is to go. Policies go the way
// that the agent's watchers send them; what the datapath would look up is looked up, and for what goes to the proxy the rules
// are told that the proxy is sent.
package main

import (
	"bufio"
	"encoding/json"
	"log/slog"
	"os"
	"strings"

	cmtypes "github.com/cilium/cilium/pkg/clustermesh/types"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
)

// Case is a cluster and what is asked of it.
type Case struct {
	Documents []string   `json:"documents"`
	Pods      []Pod      `json:"pods"`
	Services  []Service  `json:"services"`
	Outside   []Outside  `json:"outside"`
	Questions []Question `json:"questions"`
}

// Pod is an endpoint; Space has the labels of its namespace.
type Pod struct {
	ID        string            `json:"id"`
	Namespace string            `json:"namespace"`
	Space     map[string]string `json:"space"`
	Account   string            `json:"account"`
	Labels    map[string]string `json:"labels"`
	Ports     []Port            `json:"ports"`
}

// Port is one that a container names.
type Port struct {
	Name     string `json:"name"`
	Number   int32  `json:"number"`
	Protocol string `json:"protocol"`
}

// Service is one of Kubernetes.
type Service struct {
	Namespace string            `json:"namespace"`
	Name      string            `json:"name"`
	Labels    map[string]string `json:"labels"`
	Selector  map[string]string `json:"selector"`
}

// Outside is an address outside of the cluster; Name is that for which DNS gave it.
type Outside struct {
	ID      string `json:"id"`
	Address string `json:"address"`
	Name    string `json:"name"`
}

// Question asks whether traffic between a pod and a peer passes the pod's policy. The peer is a pod, an address outside, or
// "reserved:" with the name of a reserved identity.
type Question struct {
	Pod      string `json:"pod"`
	Ingress  bool   `json:"ingress"`
	Peer     string `json:"peer"`
	Port     uint16 `json:"port"`
	Protocol string `json:"protocol"`
}

// Answer is what Cilium makes of a case; Refused has what the agent says of documents that it does not take.
type Answer struct {
	Error    string    `json:"error"`
	Refused  []string  `json:"refused"`
	Verdicts []Verdict `json:"verdicts"`
}

// Verdict is the answer to a question. Of what is sent to the proxy, Rules are those that the proxy goes through in this order.
type Verdict struct {
	Allowed bool              `json:"allowed"`
	Proof   bool              `json:"proof"`
	Parsers []string          `json:"parsers"`
	Rules   []json.RawMessage `json:"rules"`
}

var silent = slog.New(slog.DiscardHandler)

// main answers with the agent set as the chart sets it.
func main() {
	option.Config.EnableIPv4, option.Config.EnableIPv6 = true, true
	option.Config.EnableL7Proxy, option.Config.EnableICMPRules = true, true
	option.Config.EnableNonDefaultDenyPolicies = true
	option.Config.UnsafeDaemonConfigOption.AllowLocalhost = option.AllowLocalhostAlways
	option.Config.ClusterName = cmtypes.DefaultClusterInfo.Name
	policy.SetPolicyEnabled(option.DefaultEnforcement)
	api.InitEntities(option.Config.ClusterName)
	identity.InitWellKnownIdentities("kube-system", cmtypes.DefaultClusterInfo)
	if err := labelsfilter.ParseLabelPrefixCfg(silent, nil, nil, ""); err != nil {
		panic(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		from, to, _ := strings.Cut(lines.Text(), "\t")
		if err := answer(from, to); err != nil {
			panic(err)
		}
	}
}

func answer(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var asked Case
	if err := json.Unmarshal(text, &asked); err != nil {
		return err
	}
	said, err := json.Marshal(told(asked))
	if err != nil {
		return err
	}
	return os.WriteFile(to, said, 0o600)
}

func told(asked Case) Answer {
	found := Answer{Refused: []string{}, Verdicts: []Verdict{}}
	here := newCluster(asked)
	for _, text := range asked.Documents {
		if err := here.add(text); err != nil {
			found.Refused = append(found.Refused, err.Error()+": "+text)
		}
	}
	if err := here.settle(asked); err != nil {
		found.Error = err.Error()
		return found
	}
	for _, question := range asked.Questions {
		verdict, err := here.decide(question)
		if err != nil {
			found.Error = err.Error()
			return found
		}
		found.Verdicts = append(found.Verdicts, verdict)
	}
	return found
}
