package server

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"lanyard/internal/account"
)

// warm is a Lanyard with one connection of each kind that costs differently to place, to an upstream on loopback.
func warm(b *testing.B) (*Server, string) {
	b.Helper()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{"application/octet-stream"}
		_, _ = w.Write(kilobyte)
	}))
	b.Cleanup(upstream.Close)
	c := Config{DataDir: b.TempDir(), AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Stdout: io.Discard, Stderr: io.Discard}
	s, err := build(b.Context(), c)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.close)
	made, err := account.New(account.Config{Store: s.store, PublicURL: s.config.PublicURL}).Init(b.Context(), "bench@example.com", "")
	if err != nil {
		b.Fatal(err)
	}
	key := made.APIKey.Reveal()
	ctx, stop := context.WithCancel(b.Context())
	done := make(chan struct{})
	go func() { s.invoker.Run(ctx); close(done) }()
	b.Cleanup(func() { stop(); <-done })
	host := strings.TrimPrefix(upstream.URL, "http://")
	for name, auth := range map[string]string{
		"api_key": `{"type":"api_key","parameters":[{"name":"X-Api-Key","param_type":"header"}]}`,
		"basic":   `{"type":"basic"}`,
		"aws":     `{"type":"aws_sigv4","aws_service":"sqs","aws_region":"us-east-1"}`,
	} {
		credentials := map[string]string{
			"api_key": `{"X-Api-Key":"benchmark"}`, "basic": `{"username":"u","password":"p"}`, "aws": `{"access_key_id":"AKIDEXAMPLE","secret_access_key":"secret-access-key"}`,
		}[name]
		ask(b, s, key, "/v1/services", `{"link_name":"`+name+`","name":"Bench","base_url":"`+upstream.URL+`","hosts":["`+host+`"],"auth":`+auth+`}`)
		ask(b, s, key, "/v1/connections", `{"link_name":"`+name+`","name":"Bench","service":"`+name+`"}`)
		ask(b, s, key, "/v1/connections/"+name+"/connect", `{"credentials":`+credentials+`}`)
	}
	return s, key
}

var kilobyte = bytes.Repeat([]byte("x"), 1024)

func ask(b *testing.B, s *Server, key, path, body string) {
	b.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if w.Code >= 300 {
		b.Fatalf("POST %s: %d %s", path, w.Code, w.Body)
	}
}

// sink is a ResponseWriter that costs nothing.
type sink struct {
	header http.Header
	status int
	n      int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { s.n += len(p); return len(p), nil }

// BenchmarkProxy is the warm path of a proxied call, from the handler to the upstream's answer: key check, connection,
// credential, host rule, placement, the call itself, and the record. What net/http's server does before is not in it.
func BenchmarkProxy(b *testing.B) {
	s, key := warm(b)
	for _, name := range []string{"api_key", "basic", "aws"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			template := httptest.NewRequest(http.MethodGet, "/v1/proxy/"+name+"/x?q=1", nil)
			template.Header.Set("Authorization", "Bearer "+key)
			template.Header.Set("Accept", "*/*")
			for b.Loop() {
				r := *template
				r.Header = template.Header.Clone()
				w := &sink{header: http.Header{}}
				s.handler.ServeHTTP(w, &r)
				if w.status != 200 || w.n != len(kilobyte) {
					b.Fatalf("status %d, %d bytes", w.status, w.n)
				}
			}
		})
	}
}

// BenchmarkInvoke is the same through POST /v1/invoke.
func BenchmarkInvoke(b *testing.B) {
	s, key := warm(b)
	body, err := json.Marshal(map[string]any{"connection": "api_key", "url": "/x?q=1"})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/v1/invoke", bytes.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+key)
		r.Header.Set("Content-Type", "application/json")
		w := &sink{header: http.Header{}}
		s.handler.ServeHTTP(w, r)
		if w.status != 200 {
			b.Fatalf("status %d", w.status)
		}
	}
}

// BenchmarkScript is a script of a hundred calls of invokeurl: ns/call beside the ns/op of BenchmarkInvoke says what a call
// costs more in a script.
func BenchmarkScript(b *testing.B) {
	s, key := warm(b)
	const calls = 100
	source := "l = \"x\".leftpad(" + strconv.Itoa(calls) + ").toList(\" \"); l.remove(0);\nfor each i in l { r = invokeurl [ url: \"/x?q=1\"\nconnection: \"api_key\" ]; }"
	body, err := json.Marshal(map[string]any{"script": source})
	if err != nil {
		b.Fatal(err)
	}
	var w *sink
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/v1/scripts/run", bytes.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+key)
		r.Header.Set("Content-Type", "application/json")
		w = &sink{header: http.Header{}}
		s.handler.ServeHTTP(w, r)
		if w.status != 200 {
			b.Fatalf("status %d", w.status)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*(calls-1)), "ns/call")
}
