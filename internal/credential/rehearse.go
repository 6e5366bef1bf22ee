package credential

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/scheme/oauth1"
	"lanyard/internal/scheme/oauth2"
)

// Rehearsal is a service made ready with a stand-in in the place of every secret, to see what would be sent. It has the
// requests that connecting would make; none was sent.
type Rehearsal struct {
	Live  *Live
	Steps []RehearsedStep
	shown shown
}

// RehearsedStep is one request of connecting, or of keeping connected.
type RehearsedStep struct {
	What    string // a sentence: who sends it, and when
	Request ShownRequest
}

// ShownRequest is a request as text, with ‹words› where a secret would be.
type ShownRequest struct {
	Method  string
	URL     string
	Headers []ShownHeader // by name
	Body    string
}

// ShownHeader is a line of the head.
type ShownHeader struct{ Name, Value string }

// Rehearse readies a service as for a call, with stand-ins for its secret and for all that a person gives to connect,
// and makes the requests of connecting by the code that makes them in life. Nothing leaves, nothing is stored.
// Parameters are values of the dynamic parameters. The service need not be stored, and is not changed.
func (k *Keeper) Rehearse(ctx context.Context, c *lanyard.Caller, s *lanyard.Service, parameters map[string]string) (*Rehearsal, error) {
	if s.OrganizationID != c.Organization {
		return nil, access.NoService(string(s.LinkName))
	}
	values, err := s.ValueOf(parameters)
	if err != nil {
		return nil, err
	}
	values = stoodIn(s, values)
	r := &Rehearsal{shown: shown{authType: s.Auth.Type}}
	con := &Connection{Service: r.withoutSecret(s)}
	con.OrganizationID, con.LinkName, con.ServiceID, con.Service.OrganizationID = c.Organization, s.LinkName, s.ID, c.Organization
	cred := r.credential(con.Service)
	cred.Parameters = values
	if r.Live, err = k.ready(ctx, con, &lanyard.Authorization{Status: lanyard.StatusConnected}, cred); err != nil {
		return nil, err
	}
	switch {
	case s.Auth.OAuth2 != nil:
		for _, scope := range s.Auth.OAuth2.Scopes {
			con.Scopes = append(con.Scopes, scope.Value)
		}
		return r, k.rehearseOAuth2(ctx, r, con, cred)
	case s.Auth.OAuth1 != nil:
		return r, k.rehearseOAuth1(ctx, r, con, cred)
	}
	return r, nil
}

// stoodIn puts samples in the place of what a provider would say.
func stoodIn(s *lanyard.Service, values map[string]string) map[string]string {
	sample := s.SampleValues()
	for _, p := range s.DynamicParameters {
		if p.Learn != nil && values[p.Key] == "" {
			values[p.Key] = sample[p.Key]
		}
	}
	return values
}

// Show writes a request as text. It may be one that a placer of the rehearsal was at.
func (r *Rehearsal) Show(req *http.Request) (ShownRequest, error) { return r.shown.request(req) }

// withoutSecret is a copy of the service with a stand-in for its own secret, where it has one.
func (r *Rehearsal) withoutSecret(s *lanyard.Service) *lanyard.Service {
	held := *s
	switch {
	case s.Auth.OAuth1 != nil:
		a := *s.Auth.OAuth1
		held.Auth.OAuth1 = &a
		if a.SignatureMethod == lanyard.RSASHA1 {
			a.ConsumerSecret = standInKey()
		} else if !a.ConsumerSecret.IsZero() {
			a.ConsumerSecret = r.shown.standIn("consumer secret")
		}
	case s.Auth.OAuth2 != nil:
		a := *s.Auth.OAuth2
		held.Auth.OAuth2 = &a
		if !a.ClientSecret.IsZero() {
			a.ClientSecret = r.shown.standIn("client secret")
		}
	}
	return &held
}

// standInKey signs where the real secret is a private key; it belongs to nobody.
var standInKey = sync.OnceValue(func() lanyard.Secret {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // rand.Reader never fails
	}
	block := pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	return lanyard.NewSecret(string(pem.EncodeToMemory(&block)))
})

func (r *Rehearsal) credential(s *lanyard.Service) *lanyard.Credential {
	in := r.shown.standIn
	switch s.Auth.Type {
	case lanyard.AuthAPIKey:
		c := &lanyard.Credential{Values: map[string]lanyard.Secret{}}
		for _, p := range s.Auth.APIKey.Parameters {
			c.Values[p.Name] = in(p.DisplayName)
		}
		return c
	case lanyard.AuthBasic:
		return &lanyard.Credential{Username: in("user name"), Password: in("password")}
	case lanyard.AuthOAuth1:
		return &lanyard.Credential{Token: in("token"), TokenSecret: in("token secret")}
	case lanyard.AuthOAuth2:
		return &lanyard.Credential{AccessToken: in("access token"), RefreshToken: in("refresh token")}
	}
	id := in("access key ID")
	return &lanyard.Credential{AccessKeyID: id.Reveal(), SecretAccessKey: in("secret access key"), SessionToken: in("session token")}
}

func (k *Keeper) rehearseOAuth2(ctx context.Context, r *Rehearsal, con *Connection, cred *lanyard.Credential) error {
	name := con.Service.Name
	away := k.unsent()
	if con.Service.Auth.OAuth2.GrantType == lanyard.ClientCredentials {
		_, err := away.clientCredentials(ctx, con, cred)
		return r.step("To get an access token, and again when it expires, Lanyard sends:", away, err)
	}
	req := &lanyard.ConsentRequest{}
	req.Secrets.Parameters = cred.Parameters
	target, state, err := k.authorizeOAuth2(con, req)
	if err != nil {
		return err
	}
	r.shown.names(state, "state, new each time")
	if v := req.Secrets.CodeVerifier; !v.IsZero() {
		r.shown.names(oauth2.Challenge(v), "PKCE challenge, new each time")
		r.shown.names(v.Reveal(), "PKCE verifier")
	}
	r.browser(fmt.Sprintf("To connect, the person's browser goes to %s:", name), target)

	_, err = away.exchangeCode(ctx, con, req, r.shown.standIn("code"))
	if err := r.step("When it comes back with a code, Lanyard trades it for the tokens:", away, err); err != nil {
		return err
	}
	_, err = away.renew(ctx, con, cred)
	return r.step("When the access token expires, Lanyard asks for a new one:", away, err)
}

func (k *Keeper) rehearseOAuth1(ctx context.Context, r *Rehearsal, con *Connection, cred *lanyard.Credential) error {
	away := k.unsent()
	client, err := away.oauth1Client(con, cred.Parameters)
	if err != nil {
		return err
	}
	_, err = client.requestToken(ctx, k.callbackURL(con))
	if err := r.step("To connect, Lanyard asks for a request token:", away, err); err != nil {
		return err
	}
	temporary := oauth1.Token{Value: r.shown.standIn("request token"), Secret: r.shown.standIn("request token secret")}
	target, err := oauth1.AuthorizeURL(client.authorizeURL, temporary)
	if err != nil {
		return err
	}
	r.browser(fmt.Sprintf("Then the person's browser goes to %s:", con.Service.Name), target)
	_, err = client.accessToken(ctx, temporary, r.shown.standIn("verifier"))
	return r.step("When it comes back with a verifier, Lanyard trades it for the token:", away, err)
}

// unsent is a keeper whose requests to providers end at the door.
func (k *Keeper) unsent() *unsentKeeper {
	door := &door{}
	return &unsentKeeper{Keeper: &Keeper{Config: Config{
		Store: k.Store, PublicURL: k.PublicURL, ExchangeTimeout: k.ExchangeTimeout, Client: &http.Client{Transport: door},
	}}, door: door}
}

type unsentKeeper struct {
	*Keeper
	door *door
}

// door keeps the request that was last made, and sends none.
type door struct{ last *http.Request }

var errUnsent = errors.New("a rehearsal sends nothing")

// RoundTrip implements [http.RoundTripper].
func (d *door) RoundTrip(req *http.Request) (*http.Response, error) {
	d.last = req
	return nil, errUnsent
}

// step notes the request that was just made. An error other than that it was not sent means that it could not be made.
func (r *Rehearsal) step(what string, away *unsentKeeper, err error) error {
	if away.door.last == nil {
		return lanyard.Errorf(lanyard.CodeInvalidRequest, "A request of connecting cannot be made from this definition.").With(err)
	}
	shown, err := r.shown.request(away.door.last)
	away.door.last = nil
	r.Steps = append(r.Steps, RehearsedStep{what, shown})
	return err
}

func (r *Rehearsal) browser(what, target string) {
	r.Steps = append(r.Steps, RehearsedStep{what, ShownRequest{Method: http.MethodGet, URL: r.shown.text(target)}})
}

// shown turns stand-ins into words.
type shown struct {
	authType lanyard.AuthType
	pairs    []string // what stands in, and the word for it
}

// standIn makes a secret that nobody has, and that no text of a definition can be mistaken for. Letters and digits
// alone look the same in every encoding of a request but base64.
func (s *shown) standIn(word string) lanyard.Secret {
	v := lanyard.NewSecret(rand.Text())
	s.names(v.Reveal(), word)
	return v
}

func (s *shown) names(value, word string) { s.pairs = append(s.pairs, value, "‹"+word+"›") }

func (s *shown) text(text string) string { return strings.NewReplacer(s.pairs...).Replace(text) }

func (s *shown) request(req *http.Request) (ShownRequest, error) {
	sent := ShownRequest{Method: req.Method, URL: s.signed(s.text(req.URL.String()))}
	for name, values := range req.Header {
		for _, v := range values {
			sent.Headers = append(sent.Headers, ShownHeader{name, s.header(v)})
		}
	}
	slices.SortFunc(sent.Headers, func(a, b ShownHeader) int { return strings.Compare(a.Name, b.Name) })
	if req.GetBody == nil {
		return sent, nil
	}
	body, err := req.GetBody()
	if err != nil {
		return sent, err
	}
	data, err := io.ReadAll(body)
	sent.Body = s.signed(s.text(string(data)))
	return sent, err
}

// header is the value of a header. What Basic authentication encodes is shown as it was before, because nobody reads
// base64.
func (s *shown) header(value string) string {
	if encoded, ok := strings.CutPrefix(value, "Basic "); ok {
		if pair, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			if text := s.text(string(pair)); text != string(pair) {
				return "Basic base64(" + text + ")"
			}
		}
	}
	return s.signed(s.text(value))
}

// signatures finds the signature among what a signing type puts on a request.
var signatures = map[lanyard.AuthType]*regexp.Regexp{
	lanyard.AuthOAuth1:   regexp.MustCompile(`(oauth_signature="?)[^"&,‹]+`),
	lanyard.AuthAWSSigV4: regexp.MustCompile(`(, Signature=)[0-9a-f]+`),
}

// signed replaces the signature: made with stand-ins, it is none. PLAINTEXT's holds the words already.
func (s *shown) signed(text string) string {
	find := signatures[s.authType]
	if find == nil {
		return text
	}
	return find.ReplaceAllStringFunc(text, func(found string) string {
		return find.FindStringSubmatch(found)[1] + "‹signature›"
	})
}
