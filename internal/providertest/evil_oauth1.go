package providertest

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"hash"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The OAuth 1.0a consumer that an [EvilProvider] knows. The secret holds reserved characters. For RSA-SHA1 its private
// key comes from [EvilProvider.RSAKey].
const EvilConsumerKey, EvilConsumerSecret = "evil-consumer", "c&s=r%t +/~"

type oauth1State struct {
	origin string // the provider's URL

	mu            sync.Mutex
	key           *rsa.PrivateKey
	requestTokens map[string]*requestToken
	accessTokens  map[string]string // to their secrets
	seen          map[string]bool   // nonces
}

type requestToken struct {
	secret, callback, verifier string
}

func (s *oauth1State) init() {
	s.requestTokens, s.accessTokens, s.seen = map[string]*requestToken{}, map[string]string{}, map[string]bool{}
}

// RSAKey returns the consumer's private key for RSA-SHA1, PEM-encoded PKCS #8, made when first asked for.
func (p *EvilProvider) RSAKey(t testing.TB) string {
	t.Helper()
	s := &p.oauth1
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.key == nil {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		s.key = key
	}
	der, err := x509.MarshalPKCS8PrivateKey(s.key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// requestToken is RFC 5849 §2.1.
func (s *oauth1State) requestToken(r Request) Answer {
	oauth, refusal := s.verify(r, nobody)
	if refusal != nil {
		return *refusal
	}
	callback, token := oauth["oauth_callback"], &requestToken{secret: rand.Text()}
	if to, err := url.Parse(callback); callback != "oob" && (err != nil || !to.IsAbs()) {
		return text(http.StatusBadRequest, "oauth_callback %q is neither an absolute URL nor oob", callback)
	}
	token.callback = callback
	id := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requestTokens[id] = token
	return formAnswer("oauth_token", id, "oauth_token_secret", token.secret, "oauth_callback_confirmed", "true")
}

// authorize consents at once (RFC 5849 §2.2).
func (s *oauth1State) authorize(r Request) Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := r.Query().Get("oauth_token")
	token := s.requestTokens[id]
	if token == nil {
		return text(http.StatusBadRequest, "unknown request token")
	}
	token.verifier = rand.Text()
	if token.callback == "oob" {
		return text(http.StatusOK, "%s", token.verifier)
	}
	to, err := url.Parse(token.callback)
	if err != nil {
		return text(http.StatusBadRequest, "%v", err)
	}
	q := to.Query()
	q.Set("oauth_token", id)
	q.Set("oauth_verifier", token.verifier)
	to.RawQuery = q.Encode()
	return Answer{Status: http.StatusFound, Header: http.Header{"Location": {to.String()}}}
}

// accessToken is RFC 5849 §2.3.
func (s *oauth1State) accessToken(r Request) Answer {
	oauth, refusal := s.verify(r, ofRequestToken)
	if refusal != nil {
		return *refusal
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	token := s.requestTokens[oauth["oauth_token"]]
	if token == nil || token.verifier == "" || token.verifier != oauth["oauth_verifier"] {
		return refuse("wrong oauth_verifier")
	}
	delete(s.requestTokens, oauth["oauth_token"])
	id, secret := rand.Text(), rand.Text()
	s.accessTokens[id] = secret
	// The extra field is what real providers send along.
	return formAnswer("oauth_token", id, "oauth_token_secret", secret, "screen_name", "alice")
}

// holder is whose secret signs a request beside the consumer's.
type holder int

const (
	nobody holder = iota // a request for a request token
	ofRequestToken
	ofAccessToken
)

// verify checks a signed request (RFC 5849 §3.2) and returns its protocol parameters, or the refusal.
func (s *oauth1State) verify(r Request, by holder) (map[string]string, *Answer) {
	refuse := func(format string, args ...any) (map[string]string, *Answer) {
		return nil, new(refuse(format, args...))
	}
	pairs, err := parameters(r)
	if err != nil {
		return refuse("%v", err)
	}
	oauth := map[string]string{}
	for _, p := range pairs {
		if !strings.HasPrefix(p.name, "oauth_") {
			continue
		}
		if _, twice := oauth[p.name]; twice { // §3.5: in one place; §3.2: not more than once
			return refuse("%s is repeated", p.name)
		}
		oauth[p.name] = p.value
	}
	method := oauth["oauth_signature_method"]
	seconds, err := strconv.ParseInt(oauth["oauth_timestamp"], 10, 64)
	switch {
	case oauth["oauth_consumer_key"] != EvilConsumerKey:
		return refuse("unknown consumer %q", oauth["oauth_consumer_key"])
	case oauth["oauth_version"] != "" && oauth["oauth_version"] != "1.0":
		return refuse("oauth_version %q", oauth["oauth_version"])
	case method != "PLAINTEXT" && (err != nil || oauth["oauth_nonce"] == ""):
		return refuse("no timestamp or nonce")
	case method != "PLAINTEXT" && time.Since(time.Unix(seconds, 0)).Abs() > 5*time.Minute:
		return refuse("timestamp_refused")
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	secret, known := s.secret(by, oauth["oauth_token"])
	if !known {
		return refuse("unknown token")
	}
	base := baseString(r.Method, s.origin, r.URI, pairs)
	if !s.matches(method, base, escape(EvilConsumerSecret)+"&"+escape(secret), oauth["oauth_signature"]) {
		return refuse("signature is not that of %s", base)
	}
	if method != "PLAINTEXT" {
		nonce := strings.Join([]string{oauth["oauth_token"], oauth["oauth_timestamp"], oauth["oauth_nonce"]}, "\n")
		if s.seen[nonce] { // §3.3
			return refuse("nonce_used")
		}
		s.seen[nonce] = true
	}
	return oauth, nil
}

// secret finds a token's secret. Without a token the secret is empty (RFC 5849 §3.4.2).
func (s *oauth1State) secret(by holder, token string) (secret string, known bool) {
	switch by {
	case ofRequestToken:
		if t := s.requestTokens[token]; t != nil {
			return t.secret, true
		}
		return "", false
	case ofAccessToken:
		secret, known = s.accessTokens[token]
		return secret, known
	default:
		return "", token == ""
	}
}

// matches compares a signature with what the method makes of base string and key (RFC 5849 §3.4.2 to §3.4.4).
func (s *oauth1State) matches(method, base, key, signature string) bool {
	mac := func(h func() hash.Hash) bool {
		m := hmac.New(h, []byte(key))
		m.Write([]byte(base))
		return base64.StdEncoding.EncodeToString(m.Sum(nil)) == signature
	}
	switch method {
	case "HMAC-SHA1":
		return mac(sha1.New)
	case "HMAC-SHA256":
		return mac(sha256.New)
	case "PLAINTEXT":
		return key == signature
	case "RSA-SHA1":
		raw, err := base64.StdEncoding.DecodeString(signature)
		if err != nil || s.key == nil {
			return false
		}
		sum := sha1.Sum([]byte(base)) // RFC 5849 §3.4.3
		return rsa.VerifyPKCS1v15(&s.key.PublicKey, crypto.SHA1, sum[:], raw) == nil
	}
	return false
}

type pair struct{ name, value string }

// parameters collects what is signed (RFC 5849 §3.4.1.3.1), decoded, with repetitions: the Authorization header but for
// the realm, the query, and a form-encoded body.
func parameters(r Request) ([]pair, error) {
	var all []pair
	if list, is := strings.CutPrefix(r.Header.Get("Authorization"), "OAuth "); is {
		for item := range strings.SplitSeq(list, ",") {
			name, quoted, _ := strings.Cut(strings.TrimSpace(item), "=")
			value, ok := unquote(quoted)
			if !ok {
				return nil, fmt.Errorf("authorization header: %q is not name=\"value\"", item)
			}
			if name == "realm" {
				continue
			}
			p, err := decode(name, value, url.PathUnescape)
			if err != nil {
				return nil, err
			}
			all = append(all, p)
		}
	}
	_, query, _ := strings.Cut(r.URI, "?")
	sources := []string{query}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "application/x-www-form-urlencoded" {
		sources = append(sources, string(r.Body))
	}
	for _, source := range sources {
		for item := range strings.SplitSeq(source, "&") {
			if item == "" {
				continue
			}
			name, value, _ := strings.Cut(item, "=")
			p, err := decode(name, value, url.QueryUnescape)
			if err != nil {
				return nil, err
			}
			all = append(all, p)
		}
	}
	return all, nil
}

func decode(name, value string, unescape func(string) (string, error)) (pair, error) {
	n, err := unescape(name)
	if err != nil {
		return pair{}, err
	}
	v, err := unescape(value)
	return pair{n, v}, err
}

func unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return "", false
	}
	return s[1 : len(s)-1], true
}

// baseString is RFC 5849 §3.4.1.1. The origin is the server's own, lower case and with a port that is not the default;
// the path is taken as it was sent.
func baseString(method, origin, uri string, pairs []pair) string {
	path, _, _ := strings.Cut(uri, "?")
	var encoded []pair
	for _, p := range pairs {
		if p.name != "oauth_signature" {
			encoded = append(encoded, pair{escape(p.name), escape(p.value)})
		}
	}
	// §3.4.1.3.2: by encoded name, then encoded value, as bytes.
	slices.SortFunc(encoded, func(a, b pair) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	var normal []string
	for _, p := range encoded {
		normal = append(normal, p.name+"="+p.value)
	}
	return strings.ToUpper(method) + "&" + escape(origin+path) + "&" + escape(strings.Join(normal, "&"))
}

// escape is the percent-encoding of RFC 5849 §3.6: all but unreserved characters, hexadecimal digits in upper case.
func escape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._~", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func formAnswer(pairs ...string) Answer {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return Answer{
		Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Body: form.Encode(),
	}
}

// refuse says why, as providers do in the problem reporting extension.
func refuse(format string, args ...any) Answer {
	a := text(http.StatusUnauthorized, format, args...)
	a.Header.Set("WWW-Authenticate", "OAuth")
	return a
}
