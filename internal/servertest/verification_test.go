package servertest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"lanyard/internal/servertest"
)

// A key may be right and limited, so that the verification request itself is refused with a status that the definition
// counts as such.
func TestVerificationThatCountsARefusalAsRight(t *testing.T) {
	for _, c := range []struct {
		status  int
		accepts []int
		want    int
	}{{403, []int{403}, 200}, {403, nil, 400}, {401, []int{403}, 400}, {404, []int{403, 404}, 200}, {500, []int{403}, 400}} {
		up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(c.status) }))
		l := servertest.Start(t)
		host := strings.TrimPrefix(up.URL, "http://")
		definition := object("link_name", "acme", "name", "Acme", "hosts", []string{host}, "base_url", up.URL, "verify_url", up.URL+"/me", "verify_member", "ok",
			"auth", object("type", "api_key", "parameters", []any{object("name", "X-Key", "param_type", "header")}))
		if c.accepts != nil {
			definition["verify_accepts"] = c.accepts
		}
		l.Must(t, 201, "POST /v1/services", definition)
		l.Must(t, 201, "POST /v1/connections", object("link_name", "acme", "name", "Acme", "service", "acme"))
		if a := l.API(t, "POST /v1/connections/acme/connect", object("credentials", object("X-Key", "k"))); a.Status != c.want {
			t.Errorf("status %d where %v are accepted: %d %s", c.status, c.accepts, a.Status, a.Body)
		}
		up.Close()
	}
}

// STS knows every access key, and no other service of AWS can be asked without a right: the verification request is
// signed for it, and every call for the service itself.
func TestVerificationSignedForSTS(t *testing.T) {
	var asked []string
	up := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path+" "+r.Header.Get("Authorization"))
	}))
	defer up.Close()
	l := servertest.Start(t)
	l.Connect(t, object("link_name", "queue", "hosts", []string{strings.TrimPrefix(up.URL, "http://")}, "base_url", up.URL, "verify_url", up.URL+"/sts", "verify_aws_service", "sts",
		"auth", object("type", "aws_sigv4", "aws_service", "sqs", "aws_region", "eu-west-1")), object("credentials", object("access_key_id", "AKIDEXAMPLE", "secret_access_key", "s")))
	l.Must(t, 200, "POST /v1/invoke", object("connection", "queue", "url", "/call"))
	if len(asked) != 2 || !strings.HasPrefix(asked[0], "/sts ") || !strings.Contains(asked[0], "/eu-west-1/sts/aws4_request") ||
		!strings.HasPrefix(asked[1], "/call ") || !strings.Contains(asked[1], "/eu-west-1/sqs/aws4_request") {
		t.Errorf("signed were %q", asked)
	}
	a := l.API(t, "POST /v1/services", object("link_name", "key", "name", "Key", "hosts", []string{"a.example"}, "verify_url", "https://a.example", "verify_aws_service", "sts", "verify_accepts", []int{401},
		"auth", object("type", "basic")))
	if a.Status != 400 || !strings.Contains(string(a.Body), "/verify_aws_service") || !strings.Contains(string(a.Body), "/verify_accepts/0") {
		t.Errorf("a definition that cannot be: %d %s", a.Status, a.Body)
	}
}
