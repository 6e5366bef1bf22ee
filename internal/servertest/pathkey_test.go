package servertest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"lanyard/internal/servertest"
)

// A key that stands in the path is in none of what is kept of a call: not in the log, the record, an answer that echoes
// the path, or the error when nobody answers.
func TestAPathKeyIsNeverRecorded(t *testing.T) {
	const key = "4711:AAcanary_path_key"
	var asked []string
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		_, _ = w.Write([]byte("you asked for " + r.URL.Path))
	}))
	l := servertest.Start(t)
	l.Connect(t, object("link_name", "bot", "hosts", []string{strings.TrimPrefix(up.URL, "http://")}, "base_url", up.URL, "verify_url", up.URL+"/getMe",
		"auth", object("type", "api_key", "parameters", []any{object("name", "bot", "display_name", "Bot token", "param_type", "path", "prefix", "bot")})), object("credentials", object("bot", key)))
	answers := []string{string(l.Must(t, 200, "POST /v1/invoke", object("connection", "bot", "url", "/sendMessage")).Body)}
	if len(asked) != 2 || asked[0] != "/bot"+key+"/getMe" || asked[1] != "/bot"+key+"/sendMessage" {
		t.Errorf("asked were %q", asked)
	}
	up.Close()
	answers = append(answers, string(l.API(t, "POST /v1/invoke", object("connection", "bot", "url", "/sendMessage")).Body))
	answers = append(answers, string(l.Must(t, 200, "GET /v1/invocations?connection=bot", nil).Body), l.Log.String())
	for _, said := range answers {
		if strings.Contains(said, "canary_path_key") {
			t.Errorf("the key stands in %s", said)
		}
	}
	if !strings.Contains(answers[2], "/sendMessage") {
		t.Errorf("the calls: %s", answers[2])
	}
}
