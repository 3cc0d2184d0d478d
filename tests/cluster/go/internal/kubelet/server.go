package kubelet

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/clientcmd"
)

const headerTimeout = 30 * time.Second

// options are the flags of the endpoint.
type options struct {
	kubeconfig, clientCA, cert, key, scratch, egress string
	nodes                                            []string
}

// server answers for every node of the cluster, each on a port of its own.
type server struct {
	store    *podStore
	nodes    corelisters.NodeLister
	accounts *accountant
	scratch  string
	started  time.Time

	// lifetime ends every shell: an upgraded connection outlives the HTTP server's own contexts.
	lifetime context.Context
	shells   shells
}

// NewCommand returns the command that serves the kubelet endpoint of every node until ctx ends.
func NewCommand(ctx context.Context) *cobra.Command {
	chosen := options{}
	command := &cobra.Command{
		Use:           "kubelet",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: false,
		RunE:          func(*cobra.Command, []string) error { return serve(ctx, chosen) },
	}
	flags := command.Flags()
	flags.StringVar(&chosen.kubeconfig, "kubeconfig", "", "how to reach the API server")
	flags.StringVar(&chosen.clientCA, "client-ca", "", "authority of the callers' certificates")
	flags.StringVar(&chosen.cert, "tls-cert", "", "serving certificate")
	flags.StringVar(&chosen.key, "tls-key", "", "key of the serving certificate")
	flags.StringVar(&chosen.scratch, "scratch", "", "folder for the containers' file systems")
	flags.StringVar(&chosen.egress, "egress", "", "ADDRESS:PORT through which the API server reaches nodes and pods")
	flags.StringArrayVar(&chosen.nodes, "node", nil, "NAME=ADDRESS:PORT, once per node")
	return command
}

func serve(ctx context.Context, chosen options) error {
	config, err := clientcmd.BuildConfigFromFlags("", chosen.kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	s := &server{scratch: chosen.scratch, started: time.Now(), lifetime: ctx}
	if s.store, err = watchPods(ctx, config, s.changed, s.removed); err != nil {
		return err
	}
	if s.nodes, err = watchNodes(ctx, clients); err != nil {
		return err
	}
	out := killer{clients}
	s.accounts = newAccountant(s.store, func(pod *corev1.Pod, name string) { out.kill(ctx, pod, name) })
	go s.accounts.run(ctx)
	security, err := tlsConfig(chosen)
	if err != nil {
		return err
	}
	failed := make(chan error, len(chosen.nodes)+1)
	listen := func(address string, handler http.Handler) error {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		go func() { failed <- serveUntil(ctx, tls.NewListener(listener, security), handler) }()
		return nil
	}
	if err := listen(chosen.egress, http.HandlerFunc(s.serveEgress)); err != nil {
		return err
	}
	for _, node := range chosen.nodes {
		name, address, found := strings.Cut(node, "=")
		if !found {
			return fmt.Errorf("--node %q: NAME=ADDRESS:PORT expected", node)
		}
		if err := listen(address, s.routes(name)); err != nil {
			return err
		}
	}
	select {
	case <-ctx.Done():
		s.shells.running.Wait()
		return nil
	case err := <-failed:
		return err
	}
}

func watchNodes(ctx context.Context, clients kubernetes.Interface) (corelisters.NodeLister, error) {
	factory := informers.NewSharedInformerFactory(clients, 0)
	lister := factory.Core().V1().Nodes().Lister()
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	return lister, ctx.Err()
}

// tlsConfig admits callers with a certificate of the cluster only: exec is a shell on this machine.
func tlsConfig(chosen options) (*tls.Config, error) {
	serving, err := tls.LoadX509KeyPair(chosen.cert, chosen.key)
	if err != nil {
		return nil, err
	}
	authority, err := os.ReadFile(chosen.clientCA)
	if err != nil {
		return nil, err
	}
	callers := x509.NewCertPool()
	if !callers.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("%s holds no certificate", chosen.clientCA)
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{serving},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    callers,
		NextProtos:   []string{"http/1.1"}, // Streams upgrade the connection, which HTTP/2 cannot.
	}, nil
}

func serveUntil(ctx context.Context, listener net.Listener, handler http.Handler) error {
	serving := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout}
	go func() {
		<-ctx.Done()
		_ = serving.Close()
	}()
	if err := serving.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (s *server) routes(node string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(response http.ResponseWriter, _ *http.Request) {
		_, _ = response.Write([]byte("ok"))
	})
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", s.serveLogs)
	mux.HandleFunc("/exec/{namespace}/{pod}/{container}", s.serveExec)
	mux.HandleFunc("/attach/{namespace}/{pod}/{container}", s.serveAttach)
	mux.HandleFunc("/portForward/{namespace}/{pod}", s.servePortForward)
	mux.HandleFunc("GET /metrics/resource", func(response http.ResponseWriter, request *http.Request) {
		s.serveResourceMetrics(response, request, node)
	})
	mux.HandleFunc("GET /stats/summary", func(response http.ResponseWriter, request *http.Request) {
		s.serveSummary(response, request, node)
	})
	return mux
}
