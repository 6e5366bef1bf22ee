package scheme_test

import (
	"net/http"
	"testing"

	"lanyard"
)

// plain is a request that is placed on again and again: its body, if any, stays in memory.
func plain(b testing.TB, method string) *http.Request {
	u, _, err := lanyard.ParseURL("https://api.acme.com/v1/things/17?fields=name&page=2")
	if err != nil {
		b.Fatal(err)
	}
	return &http.Request{Method: method, URL: u, Header: http.Header{"Accept": {"application/json"}, "User-Agent": {"x"}}}
}

func BenchmarkPlace(b *testing.B) {
	for _, c := range []struct{ name, auth string }{
		{"api_key header", keyInHeader}, {"api_key query", keyInQuery}, {"api_key form", keyInForm}, {"basic", basic}, {"oauth2", oauth2}, {"oauth2 query", oauth2Query},
		{"oauth1", oauth1}, {"aws_sigv4 sqs", sqs}, {"aws_sigv4 s3", s3},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := bind(b, c.auth, credential())
			req := plain(b, "POST")
			query := req.URL.RawQuery
			b.ReportAllocs()
			for b.Loop() {
				req.URL.RawQuery, req.Body, req.GetBody = query, nil, nil
				if err := p.Place(req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A header costs its one slice, and nothing else.
func TestHeaderPlacementAllocatesOnlyTheSlice(t *testing.T) {
	two := `{"type": "api_key", "parameters": [{"name": "X-Api-Key", "param_type": "header"}, {"name": "X-App", "param_type": "header"}]}`
	for auth, want := range map[string]float64{keyInHeader: 1, two: 2, basic: 1, oauth2: 1} {
		p, req := bind(t, auth, credential()), plain(t, "GET")
		if got := testing.AllocsPerRun(100, func() {
			if err := p.Place(req); err != nil {
				t.Fatal(err)
			}
		}); got != want {
			t.Errorf("%s: %v allocations, want %v", auth, got, want)
		}
	}
}
