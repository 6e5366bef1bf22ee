package problem_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanyard"
	"lanyard/internal/problem"
)

// declaredCodes reads the constants of the root package, so that a new code without a row in the table is noticed.
func declaredCodes(t *testing.T) []lanyard.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []lanyard.Code
	for _, d := range file.Decls {
		gen, ok := d.(*ast.GenDecl)
		if !ok || gen.Tok != token.CONST {
			continue
		}
		for _, spec := range gen.Specs {
			v := spec.(*ast.ValueSpec)
			if id, ok := v.Type.(*ast.Ident); !ok || id.Name != "Code" {
				continue
			}
			for _, value := range v.Values {
				text, err := strconv.Unquote(value.(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				codes = append(codes, lanyard.Code(text))
			}
		}
	}
	if len(codes) < 20 {
		t.Fatalf("only %d codes found in errors.go", len(codes))
	}
	return codes
}

func TestTableHasEveryCodeOnce(t *testing.T) {
	var rows []lanyard.Code
	for _, k := range problem.Kinds() {
		rows = append(rows, k.Code)
		if http.StatusText(k.Status) == "" || k.Status < 400 || k.Title == "" || k.Help == "" {
			t.Errorf("the row of %s is not complete: %+v", k.Code, k)
		}
	}
	want := declaredCodes(t)
	slices.Sort(rows)
	slices.Sort(want)
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("codes of errors.go (-) and of the table (+):\n%s", d)
	}
}

// TestStatuses pins what callers rely on (design section 7).
func TestStatuses(t *testing.T) {
	want := map[lanyard.Code]int{
		"invalid_request": 400, "login_user_required": 400, "unauthenticated": 401, "forbidden": 403, "host_not_allowed": 403,
		"address_not_allowed": 403, "not_found": 404, "method_not_allowed": 405, "conflict": 409, "not_editable": 409,
		"not_connected": 409, "authorization_required": 409, "reconnect_required": 409, "pending_confirmation": 409,
		"request_too_large": 413, "unsupported_media_type": 415, "rate_limited": 429, "function_failed": 500, "internal": 500,
		"upstream_unreachable": 502, "response_too_large": 502, "refresh_unavailable": 503, "unavailable": 503, "upstream_timeout": 504,
	}
	got := map[lanyard.Code]int{}
	for _, k := range problem.Kinds() {
		got[k.Code] = k.Status
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("statuses (-want +got):\n%s", d)
	}
}

func TestEveryCodeThroughWriteAndParse(t *testing.T) {
	for _, code := range declaredCodes(t) {
		t.Run(string(code), func(t *testing.T) {
			in := &lanyard.Error{
				Code: code, Message: "The thing <a> & \"b\" went wrong.",
				Fields:     []lanyard.FieldError{{Pointer: "/auth/scopes/0/value", Detail: "this is required"}},
				ConnectURL: "https://lanyard.example/connect/t?a=1&b=2", ProviderError: "invalid_grant", ProviderDescription: "expired",
				RetryAfter: 1500 * time.Millisecond, Cause: errors.New("hidden-cause"),
			}
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodGet, "/v1/connections", nil)
			r = r.WithContext(problem.WithRequestID(r.Context(), "req_TEST"))
			problem.Write(w, r, in)

			if strings.Contains(w.Body.String(), "hidden-cause") {
				t.Errorf("the cause is in the answer: %s", w.Body)
			}
			h := w.Header()
			if h.Get("Content-Type") != "application/problem+json" || h.Get("Cache-Control") != "no-store" || h.Get("Lanyard-Error") != string(code) {
				t.Errorf("headers %v", h)
			}
			if got := h.Get("WWW-Authenticate") != ""; got != (w.Code == 401) {
				t.Errorf("status %d with WWW-Authenticate %q", w.Code, h.Get("WWW-Authenticate"))
			}
			var members map[string]any
			if err := json.Unmarshal(w.Body.Bytes(), &members); err != nil {
				t.Fatal(err)
			}
			if members["status"] != float64(w.Code) || members["type"] != "/docs#code-"+string(code) {
				t.Errorf("members %v of an answer with status %d", members, w.Code)
			}

			got := problem.Parse(w.Body.Bytes(), w.Code)
			want := &lanyard.Error{
				Code: code, Message: in.Message, Fields: in.Fields, ConnectURL: in.ConnectURL,
				ProviderError: in.ProviderError, ProviderDescription: in.ProviderDescription, RetryAfter: 2 * time.Second,
			}
			if code == lanyard.CodeInternal {
				want = &lanyard.Error{Code: code, Message: "Something went wrong on our side. The server's log says more under the request id req_TEST."}
				if h.Get("Retry-After") != "" || members["request_id"] != "req_TEST" {
					t.Errorf("an internal error tells more than the request id: %v %v", h, members)
				}
			} else if h.Get("Retry-After") != "2" {
				t.Errorf("Retry-After %q", h.Get("Retry-After"))
			}
			if d := cmp.Diff(*want, *got); d != "" {
				t.Errorf("parsed (-want +got):\n%s", d)
			}
		})
	}
}

func TestForeignErrorIsInternalAndSilent(t *testing.T) {
	for name, err := range map[string]error{
		"plain":           errors.New("dial tcp: secret-detail"),
		"internal":        lanyard.Errorf(lanyard.CodeInternal, "secret-detail"),
		"code of nowhere": lanyard.Errorf("made_up", "secret-detail"),
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			problem.Write(w, httptest.NewRequest(http.MethodGet, "/", nil), err)
			if w.Code != 500 || strings.Contains(w.Body.String(), "secret-detail") || w.Header().Get("Lanyard-Error") != "internal" {
				t.Errorf("status %d, headers %v, body %s", w.Code, w.Header(), w.Body)
			}
		})
	}
}

func TestWrappedErrorKeepsItsCode(t *testing.T) {
	err := errors.Join(errors.New("while reading"), lanyard.Errorf(lanyard.CodeNotFound, "There is none."))
	if d := problem.Of(err, ""); d.Status != 404 || d.Detail != "There is none." {
		t.Errorf("got %+v", d)
	}
}

func TestHeadHasNoBody(t *testing.T) {
	w := httptest.NewRecorder()
	problem.Write(w, httptest.NewRequest(http.MethodHead, "/", nil), lanyard.Errorf(lanyard.CodeNotFound, "There is none."))
	if w.Body.Len() != 0 || w.Code != 404 {
		t.Errorf("status %d, body %q", w.Code, w.Body)
	}
}

func TestParseForeignAnswers(t *testing.T) {
	for _, c := range []struct {
		name   string
		body   string
		status int
		want   lanyard.Code
	}{
		{"html of a reverse proxy", "<html>502 Bad Gateway</html>", 502, lanyard.CodeUnavailable},
		{"empty 504", "", 504, lanyard.CodeUnavailable},
		{"another problem document", `{"title":"no code"}`, 404, lanyard.CodeNotFound},
		{"json of something else", `[1]`, 401, lanyard.CodeUnauthenticated},
		{"too large", "", 413, lanyard.CodeRequestTooLarge},
		{"teapot", "", 418, lanyard.CodeInternal},
		{"a code of a newer server", `{"code":"brand_new","detail":"Text."}`, 409, "brand_new"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := problem.Parse([]byte(c.body), c.status)
			if got.Code != c.want || got.Message == "" {
				t.Errorf("got %v, want %s", got, c.want)
			}
		})
	}
}

func TestLogSaysWhatTheCallerDoesNotLearn(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		err  error
		want []string // "" level: no line at all
	}{
		{"internal", t.Context(), errors.New("disk on fire"), []string{`"level":"ERROR"`, "disk on fire", `"request_id":"req_LOG"`}},
		{"cause", t.Context(), lanyard.Errorf(lanyard.CodeUpstreamUnreachable, "No answer.").With(errors.New("connection refused")), []string{`"level":"INFO"`, "connection refused", `"code":"upstream_unreachable"`}},
		{"nothing hidden", t.Context(), lanyard.Errorf(lanyard.CodeNotFound, "There is none."), nil},
		{"caller hung up", gone, context.Canceled, []string{`"level":"INFO"`, "caller went away"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			handler := problem.LogHandler(problem.LogHandler(slog.NewJSONHandler(&out, nil)))
			problem.Log(problem.WithRequestID(c.ctx, "req_LOG"), slog.New(handler).With("a", 1), c.err)
			if c.want == nil && out.Len() > 0 {
				t.Fatalf("logged %s", &out)
			}
			for _, w := range c.want {
				if strings.Count(out.String(), w) != 1 {
					t.Errorf("%q is not once in %s", w, &out)
				}
			}
		})
	}
}

func TestRequestIDsDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := problem.NewRequestID()
		if seen[id] || len(id) < 26 {
			t.Fatalf("id %q", id)
		}
		seen[id] = true
	}
	if problem.RequestID(t.Context()) != "" {
		t.Error("a context without a request has an id")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"code":"not_found","detail":"x","retry_after":9223372036854775807}`), 404)
	f.Add([]byte(`{"errors":[{"pointer":"/a","detail":"b"}],"code":"invalid_request"}`), 400)
	f.Add([]byte(`null`), 0)
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		e := problem.Parse(body, status)
		if e.Code == "" || e.RetryAfter < 0 {
			t.Errorf("Parse(%q, %d) = %+v", body, status, e)
		}
	})
}
