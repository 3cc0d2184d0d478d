// Command control is the whole control plane in one binary: the first argument names the component to be.
// One link instead of six saves minutes on a small machine, and the components share most of their packages.
package main

import (
	"fmt"
	"os"
	_ "time/tzdata" // CronJobs name time zones the machine may not have.

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/etcdmain"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kwokconfig "sigs.k8s.io/kwok/pkg/config"
	kwokcmd "sigs.k8s.io/kwok/pkg/kwok/cmd"
	kwoklog "sigs.k8s.io/kwok/pkg/log"
	metricsserver "sigs.k8s.io/metrics-server/cmd/metrics-server/app"

	"k9py.dev/testcluster/internal/certs"
	"k9py.dev/testcluster/internal/kubelet"
	"k9py.dev/testcluster/internal/podshell"
)

// components maps a component's name to what runs it; each builds its command only when called, because
// building registers flags and feature gates that two components would both claim.
var components = map[string]func(){
	"etcd":                    func() { etcdmain.Main(os.Args) },
	"kube-apiserver":          func() { run(apiserver.NewAPIServerCommand()) },
	"kube-controller-manager": func() { run(controllermanager.NewControllerManagerCommand()) },
	"kube-scheduler":          func() { run(scheduler.NewSchedulerCommand()) },
	"metrics-server":          func() { run(metricsserver.NewMetricsServerCommand(genericapiserver.SetupSignalHandler())) },
	"kwok":                    runKwok,
	"kubelet":                 func() { run(kubelet.NewCommand(genericapiserver.SetupSignalContext())) },
	"certificates":            writeCertificates,
	podshell.InsideCommand:    becomePodShell,
}

func main() {
	if len(os.Args) < 2 || components[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: control COMPONENT [FLAG...]")
		os.Exit(2)
	}
	component := components[os.Args[1]]
	os.Args = os.Args[1:]
	component()
}

func run(command *cobra.Command) {
	os.Exit(cli.Run(command))
}

func becomePodShell() {
	if err := podshell.Inside(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, podshell.InsideCommand+":", err)
		os.Exit(1)
	}
}

func writeCertificates() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: control certificates DIRECTORY [NODE-ADDRESS...]")
		os.Exit(2)
	}
	if err := certs.Write(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "certificates:", err)
		os.Exit(1)
	}
}

// runKwok parses kwok's own configuration flags first, the order its packages need. The Kubernetes packages
// have put a --version of another type on the global flags, which kwok's command would trip over.
func runKwok() {
	pflag.CommandLine = pflag.NewFlagSet("kwok", pflag.ContinueOnError)
	flags := pflag.NewFlagSet("kwok", pflag.ContinueOnError)
	flags.ParseErrorsAllowlist.UnknownFlags = true
	flags.Usage = func() {}
	ctx, _ := kwoklog.InitFlags(genericapiserver.SetupSignalContext(), flags)
	ctx, err := kwokconfig.InitFlags(ctx, flags)
	if err != nil {
		fmt.Fprintln(os.Stderr, "kwok:", err)
		os.Exit(1)
	}
	command := kwokcmd.NewCommand(ctx)
	command.PersistentFlags().AddFlagSet(flags)
	if err := command.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "kwok:", err)
		os.Exit(1)
	}
}
