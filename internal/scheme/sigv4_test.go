package scheme_test

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lanyard"
	"lanyard/internal/scheme"
)

const (
	emptyHash  = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	awsSecret  = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	signedDate = "20260304T050607Z"
)

var authorizationHeader = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260304/us-east-1/(s3|sqs)/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$`)

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// verify reads a request off the wire and checks its signature as AWS does, with nothing of the code under test.
func verify(t *testing.T, sent []byte) *http.Request {
	t.Helper()
	req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(sent)))
	if err != nil {
		t.Fatal(err)
	}
	m := authorizationHeader.FindStringSubmatch(req.Header.Get("Authorization"))
	if m == nil {
		t.Fatalf("the header is %q", req.Header["Authorization"])
	}
	service, names, got := m[1], strings.Split(m[2], ";"), m[3]
	target, query, _ := strings.Cut(req.RequestURI, "?")
	if service == "s3" {
		key, err := url.PathUnescape(target)
		if err != nil {
			t.Fatal(err)
		}
		target = strings.ReplaceAll(escape(key), "%2F", "/")
	} else {
		clean := path.Clean(target)
		if strings.HasSuffix(target, "/") && clean != "/" {
			clean += "/"
		}
		target = strings.ReplaceAll(escape(clean), "%2F", "/")
	}
	var pairs []string
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		n, errN := url.QueryUnescape(name)
		v, errV := url.QueryUnescape(value)
		if err := errors.Join(errN, errV); err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, escape(n)+"="+escape(v))
	}
	slices.Sort(pairs)
	canonical := req.Method + "\n" + target + "\n" + strings.Join(pairs, "&") + "\n"
	for _, name := range names {
		value := strings.Join(req.Header.Values(name), ",")
		if name == "host" {
			value = req.Host
		}
		canonical += name + ":" + strings.TrimSpace(value) + "\n"
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		t.Fatal(err)
	}
	hash := req.Header.Get("X-Amz-Content-Sha256")
	if sum := sha256.Sum256(body); hash != hex.EncodeToString(sum[:]) && hash != "UNSIGNED-PAYLOAD" {
		t.Errorf("the body's hash is %s", hash)
	}
	canonical += "\n" + strings.Join(names, ";") + "\n" + hash
	sum := sha256.Sum256([]byte(canonical))
	toSign := "AWS4-HMAC-SHA256\n" + req.Header.Get("X-Amz-Date") + "\n20260304/us-east-1/" + service + "/aws4_request\n" + hex.EncodeToString(sum[:])
	key := mac(mac(mac(mac([]byte("AWS4"+awsSecret), "20260304"), "us-east-1"), service), "aws4_request")
	if want := hex.EncodeToString(mac(key, toSign)); got != want {
		t.Errorf("the signature is %s, want %s of\n%s", got, want, canonical)
	}
	return req
}

// signAndSend places the credential and gives the bytes on the wire.
func signAndSend(t *testing.T, c call, p scheme.Placer) []byte {
	t.Helper()
	req := c.request(t, p)
	if err := p.Place(req); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := req.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSigV4OnTheWire(t *testing.T) {
	for _, c := range []struct {
		name, auth string
		session    string
		call       call
		want       string
	}{
		{"GET", sqs, "", call{method: "GET", url: "https://sqs.us-east-1.amazonaws.com/?Action=ListQueues&Version=2012-11-05"},
			lines("GET /?Action=ListQueues&Version=2012-11-05 HTTP/1.1", "Host: sqs.us-east-1.amazonaws.com",
				"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260304/us-east-1/sqs/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE",
				"X-Amz-Content-Sha256: BODY", "X-Amz-Date: "+signedDate)},
		{"POST with a session token", sqs, "stok", call{method: "POST", url: "https://sqs.us-east-1.amazonaws.com/", headers: []string{formType}, body: "Action=ListQueues"},
			lines("POST / HTTP/1.1", "Host: sqs.us-east-1.amazonaws.com", "Content-Length: 17",
				"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260304/us-east-1/sqs/aws4_request, SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=SIGNATURE",
				formType, "X-Amz-Content-Sha256: BODY", "X-Amz-Date: "+signedDate, "X-Amz-Security-Token: stok") + "| Action=ListQueues"},
		{"D06 the caller's own replaced, D10 only steady headers signed", s3, "", call{method: "GET", url: "https://b.s3.amazonaws.com/k", headers: []string{"Authorization: Bearer theirs", "X-Amz-Date: 19990101T000000Z", "X-Amz-Security-Token: theirs",
			"X-Amz-Content-Sha256: UNSIGNED-PAYLOAD", "X-Amz-Acl: private", "Accept: */*", "X-Amzn-Trace-Id: t", "Host: evil.com"}},
			lines("GET /k HTTP/1.1", "Host: b.s3.amazonaws.com", "Accept: */*",
				"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260304/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-acl;x-amz-content-sha256;x-amz-date, Signature=SIGNATURE",
				"X-Amz-Acl: private", "X-Amz-Content-Sha256: BODY", "X-Amz-Date: "+signedDate, "X-Amzn-Trace-Id: t")},
	} {
		t.Run(c.name, func(t *testing.T) {
			cred := credential()
			cred.SessionToken = lanyard.NewSecret(c.session)
			p := bind(t, c.auth, cred)
			sent := signAndSend(t, c.call, p)
			verify(t, sent)
			text := regexp.MustCompile(`Signature=[0-9a-f]{64}`).ReplaceAllString(c.call.place(t, p), "Signature=SIGNATURE")
			sum := sha256.Sum256([]byte(c.call.body))
			diff(t, text, strings.Replace(c.want, "BODY", hex.EncodeToString(sum[:]), 1))
		})
	}
}

func TestD02_KeysOfS3(t *testing.T) {
	p, other := bind(t, s3, credential()), bind(t, sqs, credential())
	for _, at := range paths {
		req := verify(t, signAndSend(t, call{method: "PUT", url: "https://b.s3.amazonaws.com" + at, body: "x"}, p))
		want, _ := url.PathUnescape(at)
		if req.URL.Path != want {
			t.Errorf("the key %q arrives as %q", want, req.URL.Path)
		}
		verify(t, signAndSend(t, call{method: "GET", url: "https://sqs.us-east-1.amazonaws.com" + at}, other))
	}
	for _, q := range []string{"a=b&a=a&A=", "prefix=a+b%20c&delimiter=%2F", "list-type=2&a", "=x", "a=%E2%98%83&b=☃", "x=1;y=2", "a=b=c", "&&a"} {
		verify(t, signAndSend(t, call{method: "GET", url: "https://b.s3.amazonaws.com/?" + q}, p))
	}
}

func TestD05_Bodies(t *testing.T) {
	limit := int64(scheme.MaxSignedBody)
	for _, c := range []struct {
		name, auth, url string
		length          int64
		held            int64 // bytes the caller holds; -1: the body is streamed
		needs           bool
		want            string // hash, or code
	}{
		{"none", s3, "https://b.s3.amazonaws.com/k", 0, -1, true, emptyHash},
		{"one byte", s3, "https://b.s3.amazonaws.com/k", 1, 1, true, "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"},
		{"8 MiB", s3, "https://b.s3.amazonaws.com/k", limit, limit, true, "held"},
		{"over 8 MiB to S3 over TLS", s3, "https://b.s3.amazonaws.com/k", limit + 1, -1, false, "UNSIGNED-PAYLOAD"},
		{"1 GiB to S3 over TLS", s3, "https://b.s3.amazonaws.com/k", 1 << 30, -1, false, "UNSIGNED-PAYLOAD"},
		{"over 8 MiB to S3 in the clear", s3, "http://127.0.0.1:9040/k", limit + 1, -1, true, "request_too_large"},
		{"over 8 MiB to another service", sqs, "https://sqs.us-east-1.amazonaws.com/", limit + 1, -1, true, "request_too_large"},
		{"over 8 MiB, held", sqs, "https://sqs.us-east-1.amazonaws.com/", -1, limit + 1, true, "request_too_large"},
		{"unknown length, held", sqs, "https://sqs.us-east-1.amazonaws.com/", -1, 1, true, "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"},
		{"unknown length, not held", s3, "https://b.s3.amazonaws.com/k", -1, -1, true, "internal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := bind(t, c.auth, credential())
			req := call{method: "PUT", url: c.url}.request(t, p)
			var body io.ReadCloser
			if c.length != 0 {
				body = io.NopCloser(unread{})
				req.Body, req.ContentLength = body, c.length
			}
			content := bytes.Repeat([]byte("x"), int(max(c.held, 0)))
			if c.held >= 0 {
				req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
			}
			if got := p.NeedsBody(req); got != c.needs {
				t.Errorf("needs the body: %v, want %v", got, c.needs)
			}
			err := p.Place(req)
			if err != nil {
				if string(lanyard.CodeOf(err)) != c.want {
					t.Fatalf("got %v, want %s", err, c.want)
				}
				if req.Header["Authorization"] != nil {
					t.Error("a refused request is signed")
				}
				if c.want == "request_too_large" && !strings.Contains(err.Error(), "8 MiB") {
					t.Errorf("the error does not say why: %v", err)
				}
				return
			}
			if c.want == "held" {
				c.want = fmt.Sprintf("%x", sha256.Sum256(content))
			}
			if got := req.Header.Get("X-Amz-Content-Sha256"); got != c.want {
				t.Errorf("the hash is %s, want %s", got, c.want)
			}
			if req.Body != body || req.ContentLength != c.length {
				t.Error("the body was changed")
			}
		})
	}
}

func TestSigV4RefusesHosts(t *testing.T) {
	p := bind(t, sqs, credential())
	req := &http.Request{Method: "GET", URL: &url.URL{Scheme: "https", Opaque: "//x", Host: "x"}}
	if err := p.Place(req); lanyard.CodeOf(err) != lanyard.CodeInvalidRequest || req.Header["Authorization"] != nil {
		t.Errorf("got %v, %v", err, req.Header)
	}
}
