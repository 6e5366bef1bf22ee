package oauth2_test

import (
	"errors"
	"net/url"
	"regexp"
	"testing"

	"lanyard"
	"lanyard/internal/scheme/oauth2"
)

func TestAuthorizeURL(t *testing.T) {
	full := oauth2.AuthorizeRequest{RedirectURI: "https://l.example/oauth/callback/o/s", State: "st&1", Scopes: []string{"read:a", "b"}, Challenge: "ch"}
	const ours = "response_type=code&client_id=my%20id&redirect_uri=https%3A%2F%2Fl.example%2Foauth%2Fcallback%2Fo%2Fs&"
	const end = "&state=st%261&code_challenge=ch&code_challenge_method=S256"
	for name, c := range map[string]struct {
		base      string
		delimiter string
		params    map[string]string
		request   oauth2.AuthorizeRequest
		want      string
	}{
		"plain": {"https://p.example/auth", "", nil, full, "https://p.example/auth?" + ours + "scope=read%3Aa%20b" + end},
		"A24 own query kept, ours win": {"https://p.example/auth?access_type=off%2fline&client_id=x&sta%74e=y&&flag#top", "", nil, full,
			"https://p.example/auth?access_type=off%2fline&flag&" + ours + "scope=read%3Aa%20b" + end},
		"configured win over the URL, ours over them": {"https://p.example/auth?prompt=none", "", map[string]string{"prompt": "con sent", "state": "x", "a": "1"}, full,
			"https://p.example/auth?" + ours + "scope=read%3Aa%20b" + end + "&a=1&prompt=con%20sent"},
		"comma": {"https://p.example/auth", ",", nil, full, "https://p.example/auth?" + ours + "scope=read%3Aa%2Cb" + end},
		"plus on the wire": {"https://p.example/auth", "+", nil, oauth2.AuthorizeRequest{RedirectURI: full.RedirectURI, State: "st&1", Scopes: []string{"a+b", "c d"}, Challenge: "ch"},
			"https://p.example/auth?" + ours + "scope=a%2Bb+c%20d" + end},
		"no scope, no PKCE": {"https://p.example/auth", "", map[string]string{"scope": "all", "code_challenge": "x"}, oauth2.AuthorizeRequest{RedirectURI: full.RedirectURI, State: "s"},
			"https://p.example/auth?" + ours + "state=s"},
	} {
		t.Run(name, func(t *testing.T) {
			config := oauth2.Config{ClientID: "my id", AuthorizeURL: c.base, ScopeDelimiter: c.delimiter, AuthorizeParams: c.params}
			got, err := oauth2.AuthorizeURL(config, c.request)
			if err != nil || got != c.want {
				t.Errorf("err %v\n got %s\nwant %s", err, got, c.want)
			}
		})
	}
	for _, bad := range []string{"", "/auth", "https://%zz/?token=hidden", "https:opaque"} {
		if got, err := oauth2.AuthorizeURL(oauth2.Config{AuthorizeURL: bad}, full); err == nil || regexp.MustCompile("hidden").MatchString(err.Error()) {
			t.Errorf("%q gave %q, %v", bad, got, err)
		}
	}
}

func TestPKCE(t *testing.T) {
	// RFC 7636 appendix B.
	if got := oauth2.Challenge(lanyard.NewSecret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")); got != "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" {
		t.Errorf("challenge %s", got)
	}
	// RFC 7636 §4.1: 43 to 128 unreserved characters.
	form := regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)
	seen := map[string]bool{}
	for range 1000 {
		v := oauth2.NewVerifier().Reveal()
		if seen[v] || !form.MatchString(v) {
			t.Fatalf("verifier %q", v)
		}
		seen[v] = true
	}
}

func TestA14_A15_CheckIssuer(t *testing.T) {
	const want = "https://issuer.example"
	for name, c := range map[string]struct {
		want string
		iss  []string
		ok   bool
	}{
		"the issuer":           {want, []string{want}, true},
		"A14 absent":           {want, nil, false},
		"A14 another":          {want, []string{"https://evil.example"}, false},
		"A14 trailing slash":   {want, []string{want + "/"}, false},
		"A14 twice":            {want, []string{want, want}, false},
		"A14 empty":            {want, []string{""}, false},
		"A15 none is known":    {"", []string{"https://any.example"}, true},
		"A15 none known, none": {"", nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			err := oauth2.CheckIssuer(c.want, url.Values{"iss": c.iss})
			if (err == nil) != c.ok || err != nil && !errors.Is(err, oauth2.ErrIssuer) {
				t.Errorf("err = %v, want ok %v", err, c.ok)
			}
		})
	}
}

// Some providers have names of their own for the client, and more than one list of scopes.
func TestAuthorizeURLInOtherWords(t *testing.T) {
	c := oauth2.Config{ClientID: "id", ClientIDName: "client_key", AuthorizeURL: "https://a.example/?client_key=evil&user_scope=evil&keep=1", ScopeDelimiter: ",",
		AuthorizeParams: map[string]string{"client_key": "evil", "user_scope": "evil", "client_id": "evil"}}
	got, err := oauth2.AuthorizeURL(c, oauth2.AuthorizeRequest{RedirectURI: "https://l.example/", State: "s", Scopes: []string{"a", "b"},
		ParamScopes: map[string][]string{"user_scope": {"c", "d"}, "client_id": {"evil"}, "state": {"evil"}}})
	const want = "https://a.example/?keep=1&response_type=code&client_key=id&redirect_uri=https%3A%2F%2Fl.example%2F&scope=a%2Cb&user_scope=c%2Cd&state=s"
	if err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}
