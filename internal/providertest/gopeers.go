package providertest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"lanyard/internal/providertest/peer"
)

// S3Peer is versitygw, an S3 server on a folder. It really checks AWS SigV4, and answers a wrong signature with the
// string to sign that it computed itself.
type S3Peer struct {
	URL             string // http://127.0.0.1:PORT; buckets are its paths
	AccessKeyID     string
	SecretAccessKey string
	Region          string // us-east-1; the service is s3
}

// Versitygw starts an S3 server without buckets for the duration of the test.
func Versitygw(t testing.TB) *S3Peer {
	t.Helper()
	program := goTool(t, "versitygw")
	dir, port := t.TempDir(), peer.Port(t)
	buckets := filepath.Join(dir, "buckets")
	if err := os.Mkdir(buckets, 0o700); err != nil {
		t.Fatal(err)
	}
	p := &S3Peer{
		URL:             fmt.Sprintf("http://127.0.0.1:%d", port),
		AccessKeyID:     "AKIDEXAMPLE",
		SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
		Region:          "us-east-1",
	}
	peer.Start(t, peer.Program{
		Name: "versitygw", Path: program, Dir: dir,
		Args: []string{
			"--port", fmt.Sprintf("127.0.0.1:%d", port), "--access", p.AccessKeyID, "--secret", p.SecretAccessKey,
			"--region", p.Region, "posix", buckets,
		},
		Ready: peer.Answers(p.URL),
	})
	return p
}

// HTTPBinPeer is go-httpbin: /anything and /headers echo, /redirect-to?url=…&status_code=307 redirects, /delay/3 and
// /drip?duration=5&numbytes=5 are slow, /gzip and /deflate compress, /status/503, /stream-bytes/N, /sse.
type HTTPBinPeer struct {
	URL string // http://127.0.0.1:PORT
}

// HTTPBin starts a go-httpbin for the duration of the test.
func HTTPBin(t testing.TB) *HTTPBinPeer {
	t.Helper()
	program := goTool(t, "go-httpbin")
	dir, port := t.TempDir(), peer.Port(t)
	p := &HTTPBinPeer{URL: fmt.Sprintf("http://127.0.0.1:%d", port)}
	peer.Start(t, peer.Program{
		Name: "go-httpbin", Path: program, Args: []string{"-host", "127.0.0.1", "-port", strconv.Itoa(port)},
		Dir: dir, Ready: peer.Answers(p.URL + "/status/200"),
	})
	return p
}

// goTool is the path of a program that tools/peers/go.mod names.
func goTool(t testing.TB, name string) string {
	t.Helper()
	bin, err := peer.GoTools(t.Context(), files(t, "tools/peers"))
	if err != nil {
		peer.Missing(t, name+" cannot be built: "+err.Error(), "go build -C tools/peers tool, to see why")
	}
	return filepath.Join(bin, name)
}
