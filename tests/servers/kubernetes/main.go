// A Kubernetes API server for tests: the published apiextensions-apiserver on an etcd within the same process.
//
// It serves custom resource definitions and whatever they define, with the list, watch, paging, bookmarks and
// history of a real cluster, and answers reviews as kube-apiserver does: who a token is of, and who may do what by RBAC.
// Nothing else of Kubernetes is in it. It listens on 127.0.0.1 alone, knows two tokens and those of a file, and serves
// until it is asked to end.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
	"go.opentelemetry.io/otel/trace/noop"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	extensions "k8s.io/apiextensions-apiserver/pkg/apiserver"
	crdoptions "k8s.io/apiextensions-apiserver/pkg/cmd/server/options"
	openapinamer "k8s.io/apiserver/pkg/endpoints/openapi"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/options"
	"k8s.io/apiserver/pkg/storage/etcd3"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/apiserver/pkg/util/webhook"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/generated/openapi"
)

// The parts of the API server that hold its cert, its data and who may do what, within the folder that is named by -data.
const (
	certificates = "certificates"
	store        = "etcd"
	rights       = "rights.json"
)

func main() {
	data := flag.String("data", "", "the folder that everything is kept in; what an earlier server kept is served again")
	port := flag.Int("port", 0, "the port on 127.0.0.1; 0 takes a free one")
	compact := flag.Bool("compact", false, "forget all history before serving")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *data, *port, *compact); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, data string, port int, compact bool) error {
	if data == "" {
		return errors.New("-data must name a folder")
	}
	etcd, err := startEtcd(filepath.Join(data, store))
	if err != nil {
		return fmt.Errorf("etcd did not start: %w", err)
	}
	defer etcd.Close()
	if compact {
		if err := forgetHistory(ctx, etcd); err != nil {
			return fmt.Errorf("etcd did not compact: %w", err)
		}
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	config, err := configure(data, listener, "http://"+etcd.Clients[0].Addr().String())
	if err != nil {
		return err
	}
	server, err := config.Complete().New(genericapiserver.NewEmptyDelegate())
	if err != nil {
		return err
	}
	if err := serveReviews(server.GenericAPIServer, filepath.Join(data, rights)); err != nil {
		return err
	}
	// Whoever started this reads the address, and asks /readyz until it says ok.
	fmt.Printf("https://%s\n", listener.Addr())
	return server.GenericAPIServer.PrepareRun().RunWithContext(ctx)
}

// startEtcd starts a store of one member on free ports. It does not wait for the disk: no test outlives the machine.
func startEtcd(folder string) (*embed.Etcd, error) {
	anyPort := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	config := embed.NewConfig()
	config.Dir = folder
	config.LogLevel = "error"
	config.UnsafeNoFsync = true
	config.ListenClientUrls, config.AdvertiseClientUrls = anyPort, anyPort
	config.ListenPeerUrls, config.AdvertisePeerUrls = anyPort, anyPort
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return nil, err
	}
	<-etcd.Server.ReadyNotify()
	return etcd, nil
}

// forgetHistory compacts the store up to now, in the way in which API servers tell one another of it.
func forgetHistory(ctx context.Context, etcd *embed.Etcd) error {
	client := v3client.New(etcd.Server)
	defer client.Close()
	// The first call learns how often the store was compacted, and where it stands; the second one compacts there.
	time, revision, _, err := etcd3.Compact(ctx, client, 0, 0)
	if err == nil {
		_, _, _, err = etcd3.Compact(ctx, client, time, revision)
	}
	return err
}

// configure puts together what of an API server is needed for custom resources: no admission, no core API.
func configure(data string, listener net.Listener, etcdURL string) (*extensions.Config, error) {
	running := options.NewServerRunOptions()
	if err := running.Complete(); err != nil {
		return nil, err
	}
	serving := options.NewSecureServingOptions().WithLoopback()
	serving.Listener = listener
	serving.BindAddress = net.IPv4(127, 0, 0, 1)
	serving.BindPort = listener.Addr().(*net.TCPAddr).Port
	serving.ServerCert.CertDirectory = filepath.Join(data, certificates)
	if err := serving.MaybeDefaultWithSelfSignedCerts("localhost", nil, []net.IP{serving.BindAddress}); err != nil {
		return nil, err
	}
	storing := options.NewEtcdOptions(storagebackend.NewDefaultConfig(
		"/registry", extensions.Codecs.LegacyCodec(v1.SchemeGroupVersion)))
	storing.StorageConfig.Transport.ServerList = []string{etcdURL}

	generic := genericapiserver.NewRecommendedConfig(extensions.Codecs)
	generic.MergedResourceConfig = extensions.DefaultAPIResourceConfigSource()
	generic.OpenAPIV3Config = genericapiserver.DefaultOpenAPIV3Config(
		openapi.GetOpenAPIDefinitions, openapinamer.NewDefinitionNamer(extensions.Scheme, legacyscheme.Scheme))
	generic.SkipOpenAPIInstallation = true // it is needed to know the types, and nobody asks for it
	for _, apply := range []func(*genericapiserver.Config) error{running.ApplyTo, serving.ApplyToConfig, storing.ApplyTo} {
		if err := apply(&generic.Config); err != nil {
			return nil, err
		}
	}
	letIn(&generic.Config, filepath.Join(data, rights))
	return &extensions.Config{
		GenericConfig: generic,
		ExtraConfig: extensions.ExtraConfig{
			CRDRESTOptionsGetter: crdoptions.NewCRDRESTOptionsGetter(
				*storing, generic.ResourceTransformers, generic.StorageObjectCountTracker),
			ServiceResolver: webhook.NewDefaultServiceResolver(),
			AuthResolverWrapper: webhook.NewDefaultAuthenticationInfoResolverWrapper(
				nil, nil, generic.LoopbackClientConfig, noop.NewTracerProvider()),
		},
	}, nil
}
