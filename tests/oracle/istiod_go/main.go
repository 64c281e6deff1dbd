// What istiod, of the version in go.mod, tells the proxies of a cluster.
//
// Each line on standard input names two files with a tab between: a case, and where the answer is to go. The set-up is that
// of istiod's own tests, with a cluster of the objects given; the admission webhook is asked first.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"k8s.io/apimachinery/pkg/runtime"

	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/mesh"
	kubelib "istio.io/istio/pkg/kube"
	"istio.io/istio/pkg/log"
	"istio.io/istio/pkg/test"
)

// Case is a cluster: configuration of Istio, objects of Kubernetes, the mesh config, and the proxies that ask.
type Case struct {
	Configs []string `json:"configs"`
	Objects []string `json:"objects"`
	Mesh    string   `json:"mesh"`
	Proxies []Proxy  `json:"proxies"`
}

// Proxy is the sidecar of a pod.
type Proxy struct {
	ID        string            `json:"id"`
	Namespace string            `json:"namespace"`
	IP        string            `json:"ip"`
	Labels    map[string]string `json:"labels"`
}

// Answer is what istiod makes of a case; Refused has what its webhook says of objects that it does not take.
type Answer struct {
	Error   string          `json:"error"`
	Refused []string        `json:"refused"`
	Told    map[string]Told `json:"told"`
}

// Told is the configuration of one proxy.
type Told struct {
	Listeners []json.RawMessage `json:"listeners"`
	Routes    []json.RawMessage `json:"routes"`
	Endpoints []json.RawMessage `json:"endpoints"`
}

// unborn is the age of objects that name none: all are of one age.
var unborn = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

func main() {
	options := log.DefaultOptions()
	options.SetDefaultOutputLevel(log.OverrideScopeName, log.NoneLevel)
	if err := log.Configure(options); err != nil {
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
	found := Answer{Refused: []string{}, Told: map[string]Told{}}
	configs := heeded(asked.Configs, &found)
	objects, err := decoded(asked.Objects)
	if err != nil {
		found.Error = err.Error()
		return found
	}
	settings, err := mesh.ApplyMeshConfigDefaults(asked.Mesh)
	if err != nil {
		found.Error = err.Error()
		return found
	}
	err = test.Wrap(func(t test.Failer) {
		options := xds.FakeOptions{Configs: configs, KubernetesObjects: objects, MeshConfig: settings}
		server := xds.NewFakeDiscoveryServer(t, options)
		for _, one := range asked.Proxies {
			proxy := server.SetupProxy(&model.Proxy{
				ID:              one.ID,
				Type:            model.SidecarProxy,
				ConfigNamespace: one.Namespace,
				IPAddresses:     []string{one.IP},
				Labels:          one.Labels,
				Metadata:        &model.NodeMetadata{Namespace: one.Namespace, Labels: one.Labels, IstioVersion: "1.31.0", ClusterID: "Kubernetes"},
			})
			listeners := server.Listeners(proxy)
			found.Told[one.ID] = Told{
				Listeners: written(listeners),
				Routes:    written(server.RoutesFromListeners(proxy, listeners)),
				Endpoints: written(server.Endpoints(proxy)),
			}
		}
	})
	if err != nil {
		found.Error = err.Error()
	}
	return found
}

// heeded reads the configuration as the webhook lets it in.
func heeded(texts []string, found *Answer) []config.Config {
	var configs []config.Config
	for _, text := range texts {
		read, unknown, err := crd.ParseInputs(text)
		if err != nil || len(unknown) > 0 {
			found.Refused = append(found.Refused, fmt.Sprint(err, " ", text))
			continue
		}
		for _, one := range read {
			one.Domain = "cluster.local" // without it no short name is resolved
			if one.CreationTimestamp.IsZero() {
				one.CreationTimestamp = unborn
			}
			configs = append(configs, one)
		}
	}
	return configs
}

func decoded(texts []string) ([]runtime.Object, error) {
	var objects []runtime.Object
	for _, text := range texts {
		object, _, err := kubelib.IstioCodec.UniversalDeserializer().Decode([]byte(text), nil, nil)
		if err != nil {
			return nil, fmt.Errorf("%w: %s", err, text)
		}
		objects = append(objects, object)
	}
	return objects, nil
}

func written[M proto.Message](all []M) []json.RawMessage {
	found := []json.RawMessage{}
	for _, one := range all {
		text, err := protojson.Marshal(one)
		if err != nil {
			panic(err)
		}
		found = append(found, text)
	}
	return found
}
