package oauth2

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"lanyard"
	"lanyard/internal/scheme/oauth2/endpoint"
)

// Shape says where things stand in a token answer, for providers that deviate from RFC 6749 §5.1. A path names members
// from the top, divided by dots: data.access_token. An empty one is the RFC's.
type Shape struct {
	AccessToken      string
	RefreshToken     string
	TokenType        string
	Scope            string
	ExpiresIn        string
	ExpiresUnit      ExpiryUnit
	RefreshExpiresIn string     // the usual spellings are found without it
	RefreshUnit      ExpiryUnit // of RefreshExpiresIn
	// TokenTypes are types besides Bearer that go on a request the same way: Slack says bot and user.
	TokenTypes []string
}

// ErrPath: what CheckPath refuses.
var ErrPath = errors.New("a path into a token answer is names of letters, digits, _ and -, divided by dots, at most 200 characters")

// CheckPath checks a path of a [Shape] or for [Token.Member]. Wildcards, queries and modifiers, which the library behind
// knows, are left out: a path may come from anybody who defines a service, an answer from any server.
func CheckPath(path string) error {
	if lanyard.CheckAnswerPath(path) != nil {
		return ErrPath
	}
	return nil
}

// Token is what a provider granted.
type Token struct {
	AccessToken  lanyard.Secret
	RefreshToken lanyard.Secret // zero when the answer has none, or an empty one: the old one stays valid
	TokenType    string         // "Bearer", or one of Shape.TokenTypes as the answer spells it
	// Lifetime is that of the access token; RefreshLifetime of the refresh token, for the few providers that say.
	Lifetime        Lifetime
	RefreshLifetime Lifetime
	Scope           string // as the provider said it; empty when it did not, which means as asked for

	// ClientAuthentication is the style that was used, and worked.
	ClientAuthentication ClientAuthentication
	// Members names the members at the top of the answer, without their values, for somebody who has to describe a
	// provider. At most 50.
	Members []string
	// Notes say in words what was tolerated.
	Notes []string

	raw lanyard.Secret // the answer as a JSON object
}

// Member reads another value of the answer, such as instance_url: a text, number or truth value of at most 2048 bytes
// without control characters. What holds a token is never returned.
func (t *Token) Member(path string) (string, bool) {
	if CheckPath(path) != nil {
		return "", false
	}
	v := gjson.Get(t.raw.Reveal(), path)
	switch v.Type {
	case gjson.String, gjson.Number, gjson.True, gjson.False:
	default:
		return "", false
	}
	s := v.String()
	if len(s) > 2048 || !printable(s) {
		return "", false
	}
	for _, secret := range []string{t.AccessToken.Reveal(), t.RefreshToken.Reveal(), gjson.Get(t.raw.Reveal(), "id_token").String()} {
		if secret != "" && strings.Contains(s, secret) {
			return "", false
		}
	}
	return s, true
}

// ParseTokenAnswer says what an answer of a token endpoint means: a token, or an [*Error] with its class. sent are the
// secrets of the request, which must not come back in an error's text.
//
// A JSON object is read as one whatever its content type says; what is no JSON at all is tried as a form, which GitHub
// and others answer. A status of 2xx with an error member is a refusal. An id_token is not looked at.
func ParseTokenAnswer(a *endpoint.Answer, shape Shape, sent ...lanyard.Secret) (*Token, error) {
	object, why := readObject(a.Body)
	if a.Status < 200 || a.Status > 299 {
		return nil, refusal(a, object, why, sent)
	}
	if object == nil {
		// The body is not quoted: it may hold a token that could not be read.
		return nil, &Error{Class: Malformed, Status: a.Status, Problem: why}
	}
	said := readError(object)
	if truthy(gjson.GetBytes(object, "error")) {
		return nil, said.asError(classOf(said.code, Refused), a, sent)
	}
	token, problem := readToken(object, shape, a)
	switch {
	case problem == "":
		return token, nil
	case said.code != "": // an error in another member counts only where there is no token
		return nil, said.asError(classOf(said.code, Refused), a, sent)
	}
	e := said.asError(Malformed, a, sent)
	e.Problem = problem
	return nil, e
}

func readToken(object []byte, shape Shape, a *endpoint.Answer) (*Token, string) {
	at := func(path, usual string) gjson.Result {
		if path == "" {
			path = usual
		}
		if CheckPath(path) != nil {
			return gjson.Result{}
		}
		return gjson.GetBytes(object, path)
	}
	t := &Token{TokenType: "Bearer", raw: lanyard.NewSecret(string(object)), Members: memberNames(object)}
	note := func(what, text string) { t.Notes = append(t.Notes, what+" "+text) }

	access := at(shape.AccessToken, "access_token")
	refresh := at(shape.RefreshToken, "refresh_token")
	switch {
	case access.Type != gjson.String || access.Str == "":
		return nil, "the answer holds no access token"
	case !printable(access.Str) || refresh.Type == gjson.String && !printable(refresh.Str):
		return nil, "the token in the answer holds control characters"
	}
	t.AccessToken = lanyard.NewSecret(access.Str)
	switch refresh.Type {
	case gjson.String:
		t.RefreshToken = lanyard.NewSecret(refresh.Str)
	case gjson.Null, gjson.False:
	default:
		note("refresh_token", "is not a text; it is taken as missing")
	}

	switch kind := at(shape.TokenType, "token_type"); {
	case kind.Type == gjson.Null || kind.Type == gjson.String && kind.Str == "":
		note("token_type", "is missing; it is taken as Bearer") // RFC 6749 §5.1 requires it; many leave it out
	case kind.Type == gjson.String && strings.EqualFold(kind.Str, "Bearer"):
	case kind.Type == gjson.String && slices.Contains(shape.TokenTypes, kind.Str):
		t.TokenType = kind.Str
	default:
		return nil, "the answer's token_type (" + endpoint.Quote(kind.String(), t.AccessToken, t.RefreshToken) + ") is not Bearer, and no other is supported"
	}

	var text string
	if t.Lifetime, text = readLifetime(at(shape.ExpiresIn, "expires_in"), shape.ExpiresUnit, a.Received); text != "" {
		note("expires_in", text)
	}
	for _, usual := range []string{"refresh_token_expires_in", "refresh_expires_in", "x_refresh_token_expires_in"} {
		if t.RefreshLifetime, _ = readLifetime(at(shape.RefreshExpiresIn, usual), shape.RefreshUnit, a.Received); t.RefreshLifetime.Known {
			break
		}
	}
	// Keycloak says 0 for a refresh token without an end, and one that is over on arrival would be none.
	if t.RefreshLifetime.For == 0 {
		t.RefreshLifetime = Lifetime{}
	}

	switch scope := at(shape.Scope, "scope"); {
	case scope.Type == gjson.String && printable(scope.Str):
		t.Scope = scope.Str
	case scope.IsArray(): // Twitch
		var all []string
		for _, s := range scope.Array() {
			if s.Type == gjson.String && printable(s.Str) {
				all = append(all, s.Str)
			}
		}
		t.Scope = strings.Join(all, " ")
	}
	return t, ""
}

// readObject gives the JSON object of a body, or a form as one. Otherwise it says in words what the body is.
func readObject(body []byte) (object []byte, why string) {
	body = bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(body), []byte("\ufeff")))
	if len(body) == 0 {
		return nil, "the answer is empty"
	}
	// Valid bounds the depth, which gjson's own check does not.
	if json.Valid(body) {
		if body[0] == '{' {
			return body, ""
		}
		return nil, "the answer is JSON, but not an object"
	}
	if body[0] == '<' {
		return nil, "the answer is a page or XML"
	}
	if object := formObject(string(body)); object != nil {
		return object, ""
	}
	return nil, "the answer is neither JSON nor a form"
}

// formObject makes a JSON object of a form, whose names have to look like names: any text with a = would be one
// otherwise. Where a name stands twice the first value counts.
func formObject(body string) []byte {
	values, err := url.ParseQuery(body)
	if err != nil || !strings.Contains(body, "=") {
		return nil
	}
	object := make(map[string]string, len(values))
	for name, v := range values {
		if name == "" || len(name) > 200 || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`<>{}"`, r) }) {
			return nil
		}
		object[name] = v[0]
	}
	encoded, err := json.Marshal(object)
	if err != nil {
		return nil
	}
	return encoded
}

func memberNames(object []byte) []string {
	var names []string
	gjson.ParseBytes(object).ForEach(func(name, _ gjson.Result) bool {
		if len(name.Str) <= 64 && printable(name.Str) && !slices.Contains(names, name.Str) {
			names = append(names, name.Str)
		}
		return len(names) < 50
	})
	return names
}

// printable refuses what could not be sent in a header, or would forge a log.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
