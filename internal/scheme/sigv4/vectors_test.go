package sigv4

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lanyard"
)

// suiteCase is one folder of testdata/v4; see testdata/ORIGIN.
type suiteCase struct {
	Credentials struct {
		AccessKeyID     string `json:"access_key_id"`
		SecretAccessKey string `json:"secret_access_key"`
		Token           string `json:"token"`
	} `json:"credentials"`
	Normalize        bool      `json:"normalize"`
	Region           string    `json:"region"`
	Service          string    `json:"service"`
	SignBody         bool      `json:"sign_body"`
	OmitSessionToken bool      `json:"omit_session_token"`
	Timestamp        time.Time `json:"timestamp"`
}

// rawRequest is request.txt, which holds what Go's parser refuses: blanks in the path and continued header lines.
type rawRequest struct {
	method, path, query string
	headers             http.Header // in their order for each name
	head, body          string
}

func parseRaw(t *testing.T, text string) rawRequest {
	t.Helper()
	head, body, _ := strings.Cut(text, "\n\n")
	line, rest, _ := strings.Cut(head, "\n")
	method, target, ok1 := strings.Cut(line, " ")
	target, ok2 := strings.CutSuffix(target, " HTTP/1.1")
	if !ok1 || !ok2 {
		t.Fatalf("request line %q", line)
	}
	r := rawRequest{method: method, headers: http.Header{}, head: strings.TrimRight(head, "\n"), body: body}
	r.path, r.query, _ = strings.Cut(target, "?")
	last := ""
	for line := range strings.SplitSeq(strings.TrimRight(rest, "\n"), "\n") {
		if strings.HasPrefix(line, " ") {
			values := r.headers[last]
			values[len(values)-1] += "\n" + line
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			t.Fatalf("header line %q", line)
		}
		last = http.CanonicalHeaderKey(name)
		r.headers[last] = append(r.headers[last], value)
	}
	return r
}

// every signs all headers: the suite's set is larger than ours (see D10).
func every(h http.Header) []header {
	var all []header
	for name, values := range h {
		all = append(all, header{strings.ToLower(name), canonicalValue(values)})
	}
	slices.SortFunc(all, func(a, b header) int { return strings.Compare(a.name, b.name) })
	return all
}

func read(t *testing.T, parts ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(append([]string{"testdata"}, parts...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func equal(t *testing.T, step, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s\n got %q\nwant %q", step, got, want)
	}
}

func TestD01_OfficialSuite(t *testing.T) {
	folders, err := os.ReadDir("testdata/v4")
	if err != nil || len(folders) != 38 {
		t.Fatalf("%d cases, %v; want 38", len(folders), err)
	}
	for _, folder := range folders {
		name := folder.Name()
		t.Run("D01 "+name, func(t *testing.T) {
			var c suiteCase
			if err := json.Unmarshal([]byte(read(t, "v4", name, "context.json")), &c); err != nil {
				t.Fatal(err)
			}
			r := parseRaw(t, read(t, "v4", name, "request.txt"))
			scope := Scope{c.Service, c.Region}
			date := c.Timestamp.UTC().Format(timeFormat)
			cred := Credential{c.Credentials.AccessKeyID, lanyard.NewSecret(c.Credentials.SecretAccessKey), lanyard.NewSecret(c.Credentials.Token)}

			added := []string{"X-Amz-Date:" + date}
			r.headers.Set("X-Amz-Date", date)
			if c.SignBody {
				r.headers.Set("X-Amz-Content-Sha256", HashPayload([]byte(r.body)))
				added = append(added, "x-amz-content-sha256:"+HashPayload([]byte(r.body)))
			}
			if c.Credentials.Token != "" {
				added = append(added, "X-Amz-Security-Token:"+c.Credentials.Token)
				if !c.OmitSessionToken {
					r.headers.Set("X-Amz-Security-Token", c.Credentials.Token)
				}
			}
			m := message{method: r.method, path: r.path, headers: every(r.headers), payloadHash: HashPayload([]byte(r.body))}
			if c.Normalize {
				m.path = cleanPath(m.path)
			}
			m.path = encodePath(m.path) // request.txt has it unencoded, so once
			pairs, _ := parseQuery(r.query)
			m.query = canonicalQuery(pairs)

			canonical := m.canonicalRequest(m.signedNames())
			equal(t, "canonical request", string(canonical), read(t, "v4", name, "header-canonical-request.txt"))
			equal(t, "string to sign", string(stringToSign(scope, date, canonical)), read(t, "v4", name, "header-string-to-sign.txt"))
			signed := signAt(cred, scope, date, canonical)
			equal(t, "signature", signed, read(t, "v4", name, "header-signature.txt"))

			added = append(added, "Authorization:"+authorization(cred.AccessKeyID, scope, date, m.signedNames(), signed))
			equal(t, "signed request", lines(r.head+"\n"+strings.Join(added, "\n")+"\n\n"+r.body), lines(read(t, "v4", name, "header-signed-request.txt")))
		})
	}
}

// lines sorts the header lines of a request, since the order of headers of different names means nothing.
func lines(request string) string {
	head, body, _ := strings.Cut(request, "\n\n")
	all := strings.Split(strings.TrimRight(head, "\n"), "\n")
	slices.SortStableFunc(all[1:], func(a, b string) int {
		a, _, _ = strings.Cut(a, ":")
		b, _, _ = strings.Cut(b, ":")
		return strings.Compare(strings.ToLower(a), strings.ToLower(b))
	})
	return strings.Join(all, "\n") + "\n\n" + strings.TrimRight(body, "\n")
}

// moreCase is one case of testdata/more.json.
type moreCase struct {
	Name             string            `json:"name"`
	Method           string            `json:"method"`
	URL              string            `json:"url"`
	Service          string            `json:"service"`
	Region           string            `json:"region"`
	Timestamp        string            `json:"timestamp"`
	Headers          map[string]string `json:"headers"`
	Body             string            `json:"body_utf8"`
	AccessKeyID      string            `json:"access_key_id"`
	SecretAccessKey  string            `json:"secret_access_key"`
	SessionToken     string            `json:"session_token"`
	CanonicalRequest string            `json:"canonical_request"`
	StringToSign     string            `json:"string_to_sign"`
	Signature        string            `json:"signature"`
	SignedHeaders    map[string]string `json:"signed_headers"`
}

func TestD01_More(t *testing.T) {
	var file struct{ Cases []moreCase }
	if err := json.Unmarshal([]byte(read(t, "more.json")), &file); err != nil {
		t.Fatal(err)
	}
	headerCases, whole := 0, 0
	for _, c := range file.Cases {
		if c.SignedHeaders == nil {
			continue // the presigned one
		}
		headerCases++
		t.Run("D01 "+c.Name, func(t *testing.T) {
			u, err := url.Parse(c.URL)
			if err != nil {
				t.Fatal(err)
			}
			scope := Scope{c.Service, c.Region}
			h := http.Header{"Host": {u.Host}}
			for name, value := range c.SignedHeaders {
				if name != "Authorization" {
					h.Set(name, value)
				}
			}
			m := message{method: c.Method, path: u.EscapedPath(), headers: every(h), payloadHash: HashPayload([]byte(c.Body))}
			if scope.S3() {
				m.path = respellPath(m.path)
			} else {
				m.path = encodePath(cleanPath(m.path))
			}
			pairs, _ := parseQuery(u.RawQuery)
			m.query = canonicalQuery(pairs)
			canonical := m.canonicalRequest(m.signedNames())
			equal(t, "canonical request", string(canonical), c.CanonicalRequest)
			equal(t, "string to sign", string(stringToSign(scope, c.Timestamp, canonical)), c.StringToSign)
			cred := Credential{c.AccessKeyID, lanyard.NewSecret(c.SecretAccessKey), lanyard.NewSecret(c.SessionToken)}
			signed := signAt(cred, scope, c.Timestamp, canonical)
			equal(t, "signature", signed, c.Signature)
			equal(t, "Authorization", authorization(cred.AccessKeyID, scope, c.Timestamp, m.signedNames(), signed), c.SignedHeaders["Authorization"])

			// Where the case signs what we sign, Sign itself must give the same.
			ours := h.Clone()
			delete(ours, "Host")
			if h.Get("X-Amz-Content-Sha256") == "" || !slices.Equal(signedHeaders(u.Host, ours), m.headers) {
				return
			}
			whole++
			req := newRequest(t, c.Method, c.URL)
			for name, value := range c.Headers {
				req.Header.Set(name, value)
			}
			now, err := time.Parse(timeFormat, c.Timestamp)
			if err != nil {
				t.Fatal(err)
			}
			if err := sign(req, cred, scope, HashPayload([]byte(c.Body)), now); err != nil {
				t.Fatal(err)
			}
			equal(t, "Sign", req.Header.Get("Authorization"), c.SignedHeaders["Authorization"])
			equal(t, "URL", req.URL.String(), c.URL)
		})
	}
	if headerCases != 15 || whole != 5 {
		t.Errorf("%d header cases, %d of them through Sign; want 15 and 5", headerCases, whole)
	}
}
