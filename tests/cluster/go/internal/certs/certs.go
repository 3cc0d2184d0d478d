// Package certs makes every key and certificate of one cluster: nothing is shared between clusters, and
// nothing outlives the cluster's directory.
package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// lifetime is long enough for a cluster kept over a week of work, short enough to be worthless if leaked.
const lifetime = 30 * 24 * time.Hour

// leaf is one certificate to make: who it names, and for servers the names it answers to.
type leaf struct {
	file   string
	issuer string
	user   string
	groups []string
	hosts  []string
	node   bool // It answers under the addresses of the nodes too.
}

const (
	clusterCA    = "ca"
	frontProxyCA = "front-proxy-ca"
)

var leaves = []leaf{
	{file: "etcd", issuer: clusterCA, user: "etcd"},
	{file: "apiserver", issuer: clusterCA, user: "kube-apiserver", hosts: []string{
		"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "10.96.0.1",
	}},
	{file: "kubelet", issuer: clusterCA, user: "system:node-endpoint", node: true},
	{file: "metrics-server", issuer: clusterCA, user: "system:metrics-server", hosts: []string{
		"metrics-server.kube-system.svc",
	}},
	{file: "apiserver-kubelet-client", issuer: clusterCA, user: "kube-apiserver-kubelet-client", groups: []string{"system:masters"}},
	{file: "controller-manager", issuer: clusterCA, user: "system:kube-controller-manager"},
	{file: "scheduler", issuer: clusterCA, user: "system:kube-scheduler"},
	{file: "nodes", issuer: clusterCA, user: "test-nodes", groups: []string{"system:masters"}},
	{file: "prometheus", issuer: clusterCA, user: "prometheus"},
	{file: "admin", issuer: clusterCA, user: "admin", groups: []string{"system:masters"}},
	{file: "restricted", issuer: clusterCA, user: "restricted"},
	{file: "front-proxy-client", issuer: frontProxyCA, user: "front-proxy-client"},
}

type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// Write makes both authorities, every certificate and the service account key pair in dir.
func Write(dir string, nodeAddresses []string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	authorities := map[string]authority{}
	for _, name := range []string{clusterCA, frontProxyCA} {
		made, err := writeAuthority(dir, name)
		if err != nil {
			return fmt.Errorf("authority %s: %w", name, err)
		}
		authorities[name] = made
	}
	for _, wanted := range leaves {
		if wanted.node {
			wanted.hosts = nodeAddresses
		}
		if err := writeLeaf(dir, wanted, authorities[wanted.issuer]); err != nil {
			return fmt.Errorf("certificate %s: %w", wanted.file, err)
		}
	}
	return writeServiceAccountKeys(dir)
}

func writeAuthority(dir, name string) (authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return authority{}, err
	}
	template, err := newTemplate("k9py test cluster "+name, nil)
	if err != nil {
		return authority{}, err
	}
	template.IsCA = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return authority{}, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return authority{}, err
	}
	return authority{certificate, key}, writePair(dir, name, der, key)
}

// writeLeaf makes a certificate good for both ends of a connection: etcd and the API server need that.
func writeLeaf(dir string, wanted leaf, issuer authority) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template, err := newTemplate(wanted.user, wanted.groups)
	if err != nil {
		return err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	for _, host := range append([]string{"localhost", "127.0.0.1"}, wanted.hosts...) {
		if address := net.ParseIP(host); address != nil {
			template.IPAddresses = append(template.IPAddresses, address)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer.certificate, key.Public(), issuer.key)
	if err != nil {
		return err
	}
	return writePair(dir, wanted.file, der, key)
}

func newTemplate(user string, groups []string) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: user, Organization: groups},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(lifetime),
		BasicConstraintsValid: true,
	}, nil
}

func writePair(dir, name string, certificate []byte, key *ecdsa.PrivateKey) error {
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(dir, name+".key"), "PRIVATE KEY", encoded); err != nil {
		return err
	}
	return writePEM(filepath.Join(dir, name+".crt"), "CERTIFICATE", certificate)
}

func writeServiceAccountKeys(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(dir, "service-account.key"), "EC PRIVATE KEY", private); err != nil {
		return err
	}
	return writePEM(filepath.Join(dir, "service-account.pub"), "PUBLIC KEY", public)
}

func writePEM(path, kind string, content []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600)
}
