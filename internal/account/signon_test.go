package account

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"lanyard"
	"lanyard/internal/store"
)

// idProvider is an OpenID provider that says what a test tells it, for the answers that no honest one gives.
type idProvider struct {
	*httptest.Server
	t      *testing.T
	key    *rsa.PrivateKey
	signer *rsa.PrivateKey // another one than key: a forger
	claims map[string]any  // of the id token, over those of an honest one
	info   map[string]any  // of the userinfo endpoint

	mu    sync.Mutex
	nonce map[string]string // by code
	now   func() time.Time
}

func newIDProvider(t *testing.T, now func() time.Time) *idProvider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &idProvider{t: t, key: key, signer: key, nonce: map[string]string{}, now: now}
	mux := http.NewServeMux()
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
			"userinfo_endpoint": p.URL + "/userinfo", "id_token_signing_alg_values_supported": []string{"RS256"}, "authorization_response_iss_parameter_supported": true})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: "k", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		nonce, known := p.nonce[r.PostFormValue("code")]
		p.mu.Unlock()
		if !known || r.PostFormValue("code_verifier") == "" {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			answer(w, map[string]any{"error": "invalid_grant"})
			return
		}
		answer(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": p.idToken(nonce)})
	})
	mux.HandleFunc("GET /userinfo", func(w http.ResponseWriter, _ *http.Request) { answer(w, p.info) })
	return p
}

func (p *idProvider) idToken(nonce string) string {
	claims := map[string]any{"iss": p.URL, "aud": "lanyard", "sub": "sub-1", "nonce": nonce, "iat": p.now().Unix(), "exp": p.now().Add(time.Minute).Unix()}
	maps.Copy(claims, p.claims)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: p.signer, KeyID: "k"}}, nil)
	if err != nil {
		p.t.Error(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		p.t.Error(err)
	}
	return token
}

// comeBack is what the provider sends the browser back with.
func (p *idProvider) comeBack(start *SignOnStart) url.Values {
	p.t.Helper()
	u, err := url.Parse(start.URL)
	if err != nil || u.Query().Get("code_challenge_method") != "S256" || u.Query().Get("redirect_uri") != "https://lanyard.example/sign-in/callback/"+string(start.Organization.ID) {
		p.t.Fatalf("the browser is sent to %s, %v", start.URL, err)
	}
	code := "code-" + u.Query().Get("state")
	p.mu.Lock()
	p.nonce[code] = u.Query().Get("nonce")
	p.mu.Unlock()
	return url.Values{"state": {u.Query().Get("state")}, "code": {code}, "iss": {p.URL}}
}

// signOnWorld is a world whose organization signs in through a provider, set up by change.
func signOnWorld(t *testing.T, change func(*lanyard.SingleSignOn)) (*world, *idProvider) {
	t.Helper()
	w := newWorld(t)
	p := newIDProvider(t, w.now)
	w.providers = newProviders(&http.Client{Transport: http.DefaultTransport})
	s := lanyard.SingleSignOn{Issuer: p.URL, ClientID: "lanyard", ClientSecret: lanyard.NewSecret("secret"), Domains: []string{"example.com"}}
	if change != nil {
		change(&s)
	}
	_, err := w.SetSingleSignOn(t.Context(), w.caller(w.in(someone)), s)
	w.must(err)
	return w, p
}

// through signs in through the provider.
func (w *world) through(p *idProvider) (*SignedIn, error) {
	w.t.Helper()
	start, err := w.StartSignOn(w.t.Context(), w.owner.OrganizationID)
	w.must(err)
	return w.FinishSignOn(w.t.Context(), w.owner.OrganizationID, p.comeBack(start), start.Browser, someone)
}

func wants(t *testing.T, err error, code lanyard.Code, words string) {
	t.Helper()
	var e *lanyard.Error
	if !errors.As(err, &e) || e.Code != code || !strings.Contains(e.Message+" "+e.ProviderError, words) {
		t.Errorf("got %v, want %s with %q", err, code, words)
	}
}

func TestAnAnswerThatDoesNotHoldSignsNobodyIn(t *testing.T) {
	member := map[string]any{"email": "member@example.com"}
	with := func(more map[string]any) map[string]any {
		all := maps.Clone(member)
		maps.Copy(all, more)
		return all
	}
	forger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		claims map[string]any
		change func(*idProvider)
		query  func(url.Values)
		words  string
	}{
		{name: "another nonce", claims: with(map[string]any{"nonce": "other"}), words: "another sign-in"},
		{name: "no nonce", claims: with(map[string]any{"nonce": ""}), words: "another sign-in"},
		{name: "another issuer", claims: with(map[string]any{"iss": "https://evil.example"}), words: "cannot be verified"},
		{name: "for another client", claims: with(map[string]any{"aud": "other"}), words: "cannot be verified"},
		{name: "made for another client", claims: with(map[string]any{"aud": []string{"other", "lanyard"}, "azp": "other"}), words: "another application"},
		{name: "expired", claims: with(map[string]any{"exp": 1}), words: "cannot be verified"},
		{name: "a forger's signature", claims: member, change: func(p *idProvider) { p.signer = forger }, words: "cannot be verified"},
		{name: "userinfo of somebody else", change: func(p *idProvider) { p.info = map[string]any{"sub": "sub-2", "email": "member@example.com"} }, words: "somebody else"},
		{name: "RFC 9207: another provider's answer", claims: member, query: func(q url.Values) { q.Set("iss", "https://evil.example") }, words: "another provider"},
		{name: "RFC 9207: no iss although it is announced", claims: member, query: func(q url.Values) { q.Del("iss") }, words: "another provider"},
		{name: "an unknown code", claims: member, query: func(q url.Values) { q.Set("code", "other") }, words: "invalid_grant"},
		{name: "refused", claims: member, query: func(q url.Values) { q.Del("code"); q.Set("error", "access_denied") }, words: "access_denied"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, p := signOnWorld(t, nil)
			p.claims = c.claims
			if c.change != nil {
				c.change(p)
			}
			start, err := w.StartSignOn(t.Context(), w.owner.OrganizationID)
			w.must(err)
			back := p.comeBack(start)
			if c.query != nil {
				c.query(back)
			}
			_, err = w.FinishSignOn(t.Context(), w.owner.OrganizationID, back, start.Browser, someone)
			wants(t, err, lanyard.CodeInvalidRequest, c.words)
			if entries := w.audit(lanyard.ActionSingleSignOnLink); len(entries) != 0 {
				t.Errorf("somebody was recognized: %v", entries)
			}
		})
	}
}

// J09 and A27 for sign-ins: a state is good once, for ten minutes, in the browser that began, for its organization.
func TestASignInIsFinishedWhereItWasBegunAndOnce(t *testing.T) {
	w, p := signOnWorld(t, nil)
	p.claims = map[string]any{"email": "member@example.com"}
	org := w.owner.OrganizationID
	start, err := w.StartSignOn(t.Context(), org)
	w.must(err)
	other, err := w.StartSignOn(t.Context(), org)
	w.must(err)
	back := p.comeBack(start)
	finish := func(org lanyard.OrganizationID, q url.Values, cookie lanyard.Secret) error {
		_, err := w.FinishSignOn(t.Context(), org, q, cookie, someone)
		return err
	}
	wants(t, finish(org, back, other.Browser), lanyard.CodeInvalidRequest, "not begun in this browser")
	wants(t, finish(org, back, lanyard.Secret{}), lanyard.CodeInvalidRequest, "not begun in this browser")
	wants(t, finish("org_OTHER", back, start.Browser), lanyard.CodeInvalidRequest, "not begun in this browser")
	state := lanyard.NewSecret(back.Get("state"))
	wants(t, finish(org, url.Values{"state": {start.Browser.Reveal()}, "code": {"c"}}, state), lanyard.CodeInvalidRequest, "not begun in this browser")
	w.must(finish(org, back, start.Browser)) // what others tried used nothing up
	wants(t, finish(org, back, start.Browser), lanyard.CodeInvalidRequest, "finished already")

	late, err := w.StartSignOn(t.Context(), org)
	w.must(err)
	w.pass(signOnLife)
	wants(t, finish(org, p.comeBack(late), late.Browser), lanyard.CodeInvalidRequest, "longer than ten minutes")
}

func TestWhoSomebodyIs(t *testing.T) {
	for _, c := range []struct {
		name   string
		set    func(*lanyard.SingleSignOn)
		claims map[string]any
		info   map[string]any
		before func(*world)
		code   lanyard.Code // of the refusal; empty: signed in
		words  string
		email  string
		role   lanyard.Role
	}{
		{name: "by the address, the first time", claims: map[string]any{"email": "Member@Example.com", "email_verified": true}, email: "member@example.com", role: lanyard.RoleMember},
		{name: "an owner", claims: map[string]any{"email": "owner@example.com"}, email: "owner@example.com", role: lanyard.RoleOwner},
		{name: "the address from userinfo", info: map[string]any{"sub": "sub-1", "email": "member@example.com", "email_verified": true}, email: "member@example.com", role: lanyard.RoleMember},
		{name: "an address that is not verified", claims: map[string]any{"email": "member@example.com", "email_verified": false}, code: lanyard.CodeForbidden, words: "not verified"},
		{name: "not verified, as text", claims: map[string]any{"email": "member@example.com", "email_verified": "false"}, code: lanyard.CodeForbidden, words: "not verified"},
		{name: "an address of another domain", set: func(s *lanyard.SingleSignOn) { s.Domains, s.MayJoin = []string{"example.org"}, true }, claims: map[string]any{"email": "member@example.com"}, code: lanyard.CodeForbidden, words: "not of a domain"},
		{name: "no address", claims: nil, info: map[string]any{"sub": "sub-1"}, code: lanyard.CodeForbidden, words: "no e-mail address"},
		{name: "nobody, who may not join", claims: map[string]any{"email": "new@example.com"}, code: lanyard.CodeForbidden, words: "Nobody in this organization"},
		{name: "nobody, who may", set: func(s *lanyard.SingleSignOn) { s.MayJoin = true }, claims: map[string]any{"email": "new@example.com", "name": "Somebody new"}, email: "new@example.com", role: lanyard.RoleMember},
		{name: "known by subject, with another address", claims: map[string]any{"email": "renamed@example.org"}, before: func(w *world) {
			w.must(w.bind("sub-1"))
		}, email: "member@example.com", role: lanyard.RoleMember},
		{name: "an address that was given to somebody else", claims: map[string]any{"email": "member@example.com"}, before: func(w *world) {
			w.must(w.bind("sub-9"))
		}, code: lanyard.CodeForbidden, words: "another account"},
		{name: "an admin by claim", set: byGroups("admins"), claims: map[string]any{"email": "member@example.com", "groups": []string{"x", "admins"}}, email: "member@example.com", role: lanyard.RoleAdmin},
		{name: "a nested claim", set: func(s *lanyard.SingleSignOn) { s.RoleClaim, s.AdminValues = "realm_access.roles", []string{"admins"} },
			claims: map[string]any{"email": "member@example.com", "realm_access": map[string]any{"roles": []string{"admins"}}}, email: "member@example.com", role: lanyard.RoleAdmin},
		{name: "an owner stays one", set: byGroups("admins"), claims: map[string]any{"email": "owner@example.com", "groups": "other"}, email: "owner@example.com", role: lanyard.RoleOwner},
		{name: "nobody becomes an owner", set: byGroups("owner"), claims: map[string]any{"email": "member@example.com", "groups": "owner"}, email: "member@example.com", role: lanyard.RoleAdmin},
		{name: "no role", set: byGroups("admins", "staff"), claims: map[string]any{"email": "member@example.com", "groups": []string{"guests"}}, code: lanyard.CodeForbidden, words: "no role"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, p := signOnWorld(t, c.set)
			p.claims, p.info = c.claims, c.info
			if c.before != nil {
				c.before(w)
			}
			in, err := w.through(p)
			if c.code != "" {
				wants(t, err, c.code, c.words)
				return
			}
			w.must(err)
			if in.User.Email != c.email || in.User.Role != c.role {
				t.Errorf("signed in as %s, %s; want %s, %s", in.User.Email, in.User.Role, c.email, c.role)
			}
			if caller := w.caller(in); caller.Organization != w.owner.OrganizationID || caller.Role != c.role {
				t.Errorf("the session is of %s as %s", caller.Organization, caller.Role)
			}
		})
	}
}

func byGroups(admins string, members ...string) func(*lanyard.SingleSignOn) {
	return func(s *lanyard.SingleSignOn) {
		s.RoleClaim, s.AdminValues, s.MemberValues = "groups", []string{admins}, members
	}
}

// bind makes the member known by a subject.
func (w *world) bind(subject string) error {
	s, err := w.store.SingleSignOn(w.t.Context(), w.owner.OrganizationID)
	w.must(err)
	_, session := w.newSession(nil, someone)
	_, err = w.store.SignInByIdentity(w.t.Context(), store.Identity{SingleSignOn: s, Subject: subject, Email: w.member.Email}, session,
		func(*store.SignedOn) []lanyard.AuditEntry { return nil })
	return err
}

// I05: a role that the provider changes ends the sessions that began with the other one.
func TestARoleThatChangesEndsOtherSessions(t *testing.T) {
	w, p := signOnWorld(t, byGroups("admins"))
	p.claims = map[string]any{"email": "member@example.com", "groups": "admins"}
	admin, err := w.through(p)
	w.must(err)
	p.claims["groups"] = "other"
	member, err := w.through(p)
	w.must(err)
	if member.User.Role != lanyard.RoleMember || w.holds(admin) || !w.holds(member) {
		t.Errorf("now %s; the session as admin holds: %t, the new one: %t", member.User.Role, w.holds(admin), w.holds(member))
	}
	if n := len(w.audit(lanyard.ActionSingleSignOnRole)); n != 2 {
		t.Errorf("%d changes of role in the audit log, want 2", n)
	}
}

func TestPasswordsAreSwitchedOffByWhoIsNotLockedOut(t *testing.T) {
	w, p := signOnWorld(t, nil)
	off, err := w.store.SingleSignOn(t.Context(), w.owner.OrganizationID)
	w.must(err)
	off.PasswordOff = true
	owner := w.in(someone)
	set := func(s lanyard.SingleSignOn) error {
		_, err := w.SetSingleSignOn(t.Context(), w.caller(owner), s)
		return err
	}
	mustNot := func(why string, s lanyard.SingleSignOn) {
		t.Helper()
		var e *lanyard.Error
		if err := set(s); !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Pointer != "/password_off" {
			t.Errorf("%s: %v", why, err)
		}
	}
	mustNot("nobody signed in through it", *off)
	p.claims = map[string]any{"email": "member@example.com"}
	_, err = w.through(p)
	w.must(err)
	mustNot("only a member did", *off)
	p.claims = map[string]any{"email": "owner@example.com", "sub": "sub-2"}
	owner, err = w.through(p)
	w.must(err)
	other := *off
	other.ClientID = "another"
	mustNot("through another client", other)
	w.must(set(*off))

	if _, code := w.signIn(w.owner.Email, ownersPassword, Browser{}); code != lanyard.CodeInvalidRequest {
		t.Errorf("the right password: %q, want the answer to a wrong one", code)
	}
	_, err = w.ResetLinkOnMachine(t.Context(), w.owner.Email, "", false)
	wants(t, err, lanyard.CodeConflict, "switched off")
	_, err = w.CreateResetLink(t.Context(), w.caller(owner), w.member.ID, false)
	wants(t, err, lanyard.CodeConflict, "switched off")
	link, _, err := w.SignInLinkOnMachine(t.Context(), w.owner.Email, "")
	w.must(err)
	_, token, _ := strings.Cut(link, "/sign-in/")
	if _, err := w.SignIn(t.Context(), token, someone); err != nil {
		t.Errorf("a link of the machine: %v", err)
	}
	mustNot("through another client, while it is off", other)
	w.must(w.DeleteSingleSignOn(t.Context(), w.caller(owner)))
	if _, code := w.signIn(w.owner.Email, ownersPassword, Browser{}); code != "" {
		t.Errorf("after single sign-on ended: %q", code)
	}
}

func TestSettingUpSingleSignOn(t *testing.T) {
	w, p := signOnWorld(t, nil)
	owner := w.caller(w.in(someone))
	good := lanyard.SingleSignOn{Issuer: p.URL, ClientID: "lanyard", Domains: []string{"example.com"}}
	second := newIDProvider(t, w.now)
	nothing := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(nothing.Close)
	for _, c := range []struct {
		name, pointer string
		change        func(*lanyard.SingleSignOn)
	}{
		{"no provider there", "/issuer", func(s *lanyard.SingleSignOn) { s.Issuer, s.ClientSecret = nothing.URL, lanyard.NewSecret("x") }},
		{"spelled otherwise", "/issuer", func(s *lanyard.SingleSignOn) { s.Issuer, s.ClientSecret = p.URL+"/", lanyard.NewSecret("x") }},
		{"plain http elsewhere", "/issuer", func(s *lanyard.SingleSignOn) { s.Issuer = "http://login.example.com" }},
		{"the secret would go elsewhere", "/client_secret", func(s *lanyard.SingleSignOn) { s.Issuer = second.URL }},
		{"no client id", "/client_id", func(s *lanyard.SingleSignOn) { s.ClientID = "" }},
		{"no domain", "/domains", func(s *lanyard.SingleSignOn) { s.Domains = nil }},
		{"no domain at all", "/domains/1", func(s *lanyard.SingleSignOn) { s.Domains = []string{"a.example", "localhost"} }},
		{"values without a claim", "/role_claim", func(s *lanyard.SingleSignOn) { s.AdminValues = []string{"x"} }},
		{"a claim without values", "/admin_values", func(s *lanyard.SingleSignOn) { s.RoleClaim = "groups" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := good
			c.change(&s)
			_, err := w.SetSingleSignOn(t.Context(), owner, s)
			var e *lanyard.Error
			if !errors.As(err, &e) || len(e.Fields) == 0 || e.Fields[0].Pointer != c.pointer {
				t.Errorf("got %v, want an error of %s", err, c.pointer)
			}
		})
	}
	// The secret that is stored is kept.
	_, err := w.SetSingleSignOn(t.Context(), owner, good)
	w.must(err)
	s, err := w.store.SingleSignOn(t.Context(), owner.Organization)
	w.must(err)
	if s.ClientSecret.Reveal() != "secret" {
		t.Error("the client secret is not kept")
	}
	for role, caller := range map[string]*lanyard.Caller{
		"admin":    {Organization: owner.Organization, User: w.member.ID, KeyOwner: w.member.ID, Role: lanyard.RoleAdmin},
		"a key":    {Organization: owner.Organization, User: w.owner.ID, KeyOwner: w.owner.ID, Role: lanyard.RoleOwner, Key: "key_A"},
		"nobody's": {Organization: owner.Organization, User: w.member.ID, KeyOwner: w.owner.ID, Role: lanyard.RoleOwner},
	} {
		_, err := w.SetSingleSignOn(t.Context(), caller, good)
		if lanyard.CodeOf(err) != lanyard.CodeForbidden {
			t.Errorf("%s: %v", role, err)
		}
		if err := w.DeleteSingleSignOn(t.Context(), caller); lanyard.CodeOf(err) != lanyard.CodeForbidden {
			t.Errorf("%s deletes: %v", role, err)
		}
	}
}

// A domain is one organization's, and who has it is not told.
func TestADomainOfAnotherOrganization(t *testing.T) {
	w, p := signOnWorld(t, nil)
	other := lanyard.Organization{ID: lanyard.NewOrganizationID(), Name: "Other"}
	owner := lanyard.User{ID: lanyard.NewUserID(), OrganizationID: other.ID, Email: "owner@example.org", Name: "Other owner", Role: lanyard.RoleOwner}
	w.must(w.store.CreateAccount(t.Context(), store.NewAccount{Organization: other, Owner: owner, Audit: lanyard.AuditEntry{Action: "test"}}, nil))
	c := &lanyard.Caller{Organization: other.ID, User: owner.ID, KeyOwner: owner.ID, Role: lanyard.RoleOwner}
	_, err := w.SetSingleSignOn(t.Context(), c, lanyard.SingleSignOn{Issuer: p.URL, ClientID: "lanyard", Domains: []string{"example.org", "example.com"}})
	var e *lanyard.Error
	if !errors.As(err, &e) || e.Code != lanyard.CodeConflict || len(e.Fields) != 1 || e.Fields[0].Pointer != "/domains/1" || strings.Contains(e.Error(), string(w.owner.OrganizationID)) {
		t.Fatalf("got %v", err)
	}
	if _, err := w.SignOnOf(t.Context(), "somebody@example.org"); err == nil {
		t.Error("nothing was to be saved")
	}
	org, err := w.SignOnOf(t.Context(), " Somebody@Example.COM ")
	if err != nil || org != w.owner.OrganizationID {
		t.Errorf("example.com signs in at %s, %v", org, err)
	}
}
