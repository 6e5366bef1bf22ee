package egress_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"io/fs"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/egress"
)

// authority signs certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, key: key}
	a.cert = a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "Test authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, key)
	return a
}

// sign makes a certificate signed by parent, nil meaning its own key.
func (a *authority) sign(template, parent *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	a.t.Helper()
	template.SerialNumber = big.NewInt(1)
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	signer := a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// leaf makes a server's certificate.
func (a *authority) leaf(selfSigned bool, change func(*x509.Certificate)) tls.Certificate {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "api.example.com"}, DNSNames: []string{"api.example.com"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if change != nil {
		change(template)
	}
	parent := a.cert
	if selfSigned {
		parent = nil
	}
	return tls.Certificate{Certificate: [][]byte{a.sign(template, parent, key).Raw}, PrivateKey: key}
}

// serveTLS starts a server that answers with what it saw, and gives its port.
func serveTLS(t *testing.T, config *tls.Config) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Proto+" "+r.TLS.ServerName+" "+r.Host)
	}))
	s.TLS = config
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	return port
}

func TestE32_Certificates(t *testing.T) {
	ca := newAuthority(t)
	good := ca.leaf(false, nil)
	tests := []struct {
		name    string
		config  *tls.Config
		host    string
		roots   *x509.CertPool
		allowed bool
	}{
		{"operator's authority", &tls.Config{Certificates: []tls.Certificate{good}}, "api.example.com", ca.pool(), true},
		{"TLS 1.2", &tls.Config{Certificates: []tls.Certificate{good}, MaxVersion: tls.VersionTLS12}, "api.example.com", ca.pool(), true},
		{"E33 certificate for an address", &tls.Config{Certificates: []tls.Certificate{good}}, "127.0.0.1", ca.pool(), true},
		{"final dot, upper case", &tls.Config{Certificates: []tls.Certificate{good}}, "API.example.com.", ca.pool(), true},
		{"authority of nobody", &tls.Config{Certificates: []tls.Certificate{good}}, "api.example.com", nil, false},
		{"another authority", &tls.Config{Certificates: []tls.Certificate{good}}, "api.example.com", newAuthority(t).pool(), false},
		{"self-signed", &tls.Config{Certificates: []tls.Certificate{ca.leaf(true, nil)}}, "api.example.com", ca.pool(), false},
		{"expired", &tls.Config{Certificates: []tls.Certificate{ca.leaf(false, func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
		})}}, "api.example.com", ca.pool(), false},
		{"not valid yet", &tls.Config{Certificates: []tls.Certificate{ca.leaf(false, func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().Add(time.Hour), time.Now().Add(2*time.Hour)
		})}}, "api.example.com", ca.pool(), false},
		{"wrong name", &tls.Config{Certificates: []tls.Certificate{good}}, "other.example.com", ca.pool(), false},
		{"only a common name", &tls.Config{Certificates: []tls.Certificate{ca.leaf(false, func(c *x509.Certificate) { c.DNSNames = nil })}},
			"api.example.com", ca.pool(), false},
		{"wrong address", &tls.Config{Certificates: []tls.Certificate{good}}, "127.0.0.2", ca.pool(), false},
		{"for clients", &tls.Config{Certificates: []tls.Certificate{ca.leaf(false, func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		})}}, "api.example.com", ca.pool(), false},
		{"TLS 1.1", &tls.Config{Certificates: []tls.Certificate{good}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, "api.example.com", ca.pool(), false},
		{"TLS 1.0", &tls.Config{Certificates: []tls.Certificate{good}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}, "api.example.com", ca.pool(), false},
		{"another protocol only", &tls.Config{Certificates: []tls.Certificate{good}, NextProtos: []string{"spdy/1"}}, "api.example.com", ca.pool(), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			port := serveTLS(t, test.config)
			rt := newEgress(t, func(c *egress.Config) { c.RootCAs = test.roots }).Transport()
			resp, body, err := fetch(t, rt, newRequest(t, "GET", "https://"+test.host+":"+port, nil))
			if !test.allowed {
				wantCode(t, err, lanyard.CodeUpstreamUnreachable)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			// E24: the name asked for in the handshake is the URL's, and never an address.
			name := strings.ToLower(strings.TrimSuffix(test.host, "."))
			if _, err := netip.ParseAddr(name); err == nil {
				name = ""
			}
			if want := "HTTP/1.1 " + name + " " + test.host + ":" + port; body != want {
				t.Errorf("the server saw %q, want %q", body, want)
			}
			if resp.TLS == nil || resp.TLS.Version < tls.VersionTLS12 || len(resp.TLS.VerifiedChains) == 0 {
				t.Errorf("connection state %+v", resp.TLS)
			}
		})
	}
}

func TestE24_HostFieldDoesNotChangeTheHandshake(t *testing.T) {
	ca := newAuthority(t)
	port := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{ca.leaf(false, nil)}})
	rt := newEgress(t, func(c *egress.Config) { c.RootCAs = ca.pool() }).Transport()
	req := newRequest(t, "GET", "https://api.example.com:"+port, nil)
	req.Host = "other.example.com"
	req.Header["Host"] = []string{"evil.example.com"}
	if _, body := mustFetch(t, rt, req); body != "HTTP/1.1 api.example.com other.example.com" {
		t.Errorf("the server saw %q", body)
	}
}

func TestTLSConnectionsAreKeptAndResumed(t *testing.T) {
	ca := newAuthority(t)
	for name, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) {
			port := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{ca.leaf(false, nil)}, MaxVersion: version})
			dials := 0
			rt := newEgress(t, func(c *egress.Config) {
				c.RootCAs = ca.pool()
				c.LookupNetIP = func(context.Context, string, string) ([]netip.Addr, error) {
					dials++
					return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
				}
			}).Transport()
			for i := range 6 {
				req := newRequest(t, "POST", "https://api.example.com:"+port, strings.NewReader("x"))
				req.Close = i == 2
				resp, _ := mustFetch(t, rt, req)
				if resumed := i > 2; resp.TLS.DidResume != resumed {
					t.Errorf("request %d: resumed %v, want %v", i, resp.TLS.DidResume, resumed)
				}
			}
			if dials != 2 {
				t.Errorf("%d connections, want 2", dials)
			}
		})
	}
}

func TestTLSTimeouts(t *testing.T) {
	ca := newAuthority(t)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			io.WriteString(w, "hello")
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
	}))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{ca.leaf(false, nil)}}
	s.StartTLS()
	t.Cleanup(s.Close)
	hasty := newEgress(t, func(c *egress.Config) {
		c.RootCAs, c.HeaderTimeout = ca.pool(), 100*time.Millisecond
	}).Transport()
	_, _, err := fetch(t, hasty, newRequest(t, "GET", s.URL, nil))
	wantCode(t, err, lanyard.CodeUpstreamTimeout)

	rt := newEgress(t, func(c *egress.Config) { c.RootCAs = ca.pool() }).Transport()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	resp, err := rt.RoundTrip(newRequest(t, "GET", s.URL+"/body", nil).WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var hello [5]byte
	if _, err := io.ReadFull(resp.Body, hello[:]); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := resp.Body.Read(hello[:]); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestE19_EnvironmentProxiesAreIgnored(t *testing.T) {
	proxy := newEvil(t, func(int, net.Conn, *bufio.Reader) {})
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		t.Setenv(name, proxy.url)
	}
	t.Setenv("NO_PROXY", "")
	server := answering(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false)
	target, _ := url.Parse(server.url)
	e := newEgress(t)
	for _, host := range []string{"127.0.0.1", "api.example.com"} {
		resp, err := e.Client().Do(newRequest(t, "GET", "http://"+host+":"+target.Port(), nil))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if n := proxy.accepted.Load(); n != 0 {
		t.Errorf("the proxy got %d connections", n)
	}
}

func TestE32_NoCertificateGoesUnchecked(t *testing.T) {
	root := filepath.Join("..", "..")
	word := "Insecure" + "SkipVerify"
	files := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if entry.IsDir() || filepath.Ext(path) != ".go" {
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		if strings.Contains(string(source), word) {
			t.Errorf("%s contains %s", path, word)
		}
		return nil
	})
	if err != nil || files < 10 {
		t.Errorf("%d files read, %v", files, err)
	}
}
