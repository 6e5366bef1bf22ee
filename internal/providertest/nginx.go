package providertest

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"lanyard/internal/providertest/peer"
)

// What an [NginxPeer] accepts.
const (
	// At /basic. Only the first colon divides name and password (RFC 7617 §2), which is UTF-8.
	NginxUser, NginxPassword          = "bob", "builder"
	NginxOddUser, NginxOddPassword    = "alice", "wonder:land é"
	NginxHeaderKey, NginxOddHeaderKey = "header-key-123", "sp ace+plus%25/=?&é" // at /apikey/header, in X-Api-Key
	NginxQueryKey, NginxOddQueryKey   = "query-key-123", "sp ace+plus%/=?&"     // at /apikey/query, in api_key
)

// NginxPeer is an nginx that checks Basic authentication and API keys, and redirects. Its paths are listed in
// testpeers/nginx/nginx.conf.
type NginxPeer struct {
	URL string // http://127.0.0.1:PORT
	// SinkURL is a server on another port, which stands for somebody else's: the /redirect/ paths lead there.
	SinkURL string

	t   testing.TB
	dir string
}

// NginxRequest is a request as it came over the wire.
type NginxRequest struct {
	Method        string `json:"m"`
	URI           string `json:"uri"` // path and query as sent
	Status        int    `json:"status"`
	Host          string `json:"host"`
	Authorization string `json:"authorization"`
	APIKey        string `json:"x_api_key"`
	Cookie        string `json:"cookie"`
	Referer       string `json:"referer"`
	ContentLength string `json:"content_length"`
	User          string `json:"user"` // whom Basic authentication named
}

// Nginx starts an nginx for the duration of the test.
func Nginx(t testing.TB) *NginxPeer {
	t.Helper()
	const remedy = "apt-get install -y --no-install-recommends nginx-light apache2-utils"
	nginx := "/usr/sbin/nginx" // not in everybody's PATH
	if path, err := exec.LookPath("nginx"); err == nil {
		nginx = path
	}
	nginx = peer.Require(t, nginx, remedy)
	htpasswd := peer.Require(t, "htpasswd", remedy)

	dir, port, sinkPort := t.TempDir(), peer.Port(t), peer.Port(t)
	for _, sub := range []string{"logs", "files"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, filepath.Join(dir, "files", "basic.json"), []byte(`{"ok":"basic"}`+"\n"))
	var users []byte
	for _, args := range [][]string{
		{"-nbB", NginxOddUser, NginxOddPassword}, // bcrypt
		{"-nbm", NginxUser, NginxPassword},       // apr1
	} {
		line, err := exec.CommandContext(t.Context(), htpasswd, args...).Output()
		if err != nil {
			t.Fatalf("htpasswd: %v", err)
		}
		users = append(append(users, bytes.TrimSpace(line)...), '\n')
	}
	writeFile(t, filepath.Join(dir, "htpasswd"), users)

	conf, err := os.ReadFile(filepath.Join(files(t, "testpeers/nginx"), "nginx.conf"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("9040", strconv.Itoa(port), "9041", strconv.Itoa(sinkPort)).Replace(string(conf))
	if !peer.HasIPv6() {
		text = strings.Replace(text, fmt.Sprintf("listen [::1]:%d;", port), "", 1)
	}
	writeFile(t, filepath.Join(dir, "nginx.conf"), []byte(text))

	p := &NginxPeer{
		URL:     fmt.Sprintf("http://127.0.0.1:%d", port),
		SinkURL: fmt.Sprintf("http://127.0.0.1:%d", sinkPort),
		t:       t,
		dir:     dir,
	}
	peer.Start(t, peer.Program{
		Name: "nginx", Path: nginx, Args: []string{"-p", dir + "/", "-c", filepath.Join(dir, "nginx.conf")},
		Dir: dir, Ready: peer.Answers(p.URL + markPath),
	})
	return p
}

// Wire returns the requests that the first server has answered, oldest first.
func (p *NginxPeer) Wire() []NginxRequest {
	p.t.Helper()
	return p.requests("wire.jsonl", p.URL)
}

// Sink returns the requests that the other server has answered, oldest first. None may carry a credential.
func (p *NginxPeer) Sink() []NginxRequest {
	p.t.Helper()
	return p.requests("sink.jsonl", p.SinkURL)
}

const markPath = "/providertest-mark"

// requests reads a log. nginx writes a line after the answer has left, so a request of our own comes first: nginx runs
// as one process, and once our line is there, those of everything answered before it are too.
func (p *NginxPeer) requests(log, server string) []NginxRequest {
	p.t.Helper()
	mark := markPath + "/" + rand.Text()
	send(p.t, http.DefaultClient, http.MethodGet, server+mark, nil)
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		var others []NginxRequest
		marked := false
		for _, r := range readLines[NginxRequest](p.t, filepath.Join(p.dir, "logs", log)) {
			marked = marked || r.URI == mark
			if !strings.HasPrefix(r.URI, markPath) {
				others = append(others, r)
			}
		}
		if marked {
			return others
		}
		time.Sleep(5 * time.Millisecond)
	}
	p.t.Fatalf("nginx did not log %s", mark)
	return nil
}
