package providertest

import (
	"net/http"
	"slices"
	"strings"
)

// What the resources of an [EvilProvider] accept.
const (
	EvilUser, EvilPassword = "evil user", "p:ss wörd" // RFC 7617, UTF-8
	EvilAPIKey             = "key +%2F&=?é"           // as the value, whatever encoding its place needs
)

// Echo is the body that resources of an [EvilProvider] answer with.
type Echo struct {
	Method string              `json:"method"`
	Path   string              `json:"path"`  // as sent
	Query  string              `json:"query"` // as sent
	Header map[string][]string `json:"header"`
	Body   string              `json:"body"`
}

func echo(r Request) Answer {
	path, query, _ := strings.Cut(r.URI, "?")
	return jsonAnswer(http.StatusOK, Echo{Method: r.Method, Path: path, Query: query, Header: r.Header, Body: string(r.Body)})
}

func (p *EvilProvider) bearer(r Request) Answer {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		token = r.Query().Get("access_token") // RFC 6750 §2.3
	}
	if !p.oauth2.live(token) {
		return unauthorized(`Bearer error="invalid_token"`) // RFC 6750 §3.1
	}
	return echo(r)
}

func basic(r Request) Answer {
	user, password, _ := (&http.Request{Header: r.Header}).BasicAuth()
	if user != EvilUser || password != EvilPassword {
		return unauthorized(`Basic realm="evil", charset="UTF-8"`)
	}
	return echo(r)
}

func apiKey(r Request) Answer {
	given := slices.Concat(r.Header["X-Api-Key"], r.Query()["api_key"], r.Form["api_key"])
	if len(given) != 1 || given[0] != EvilAPIKey {
		return unauthorized("")
	}
	return echo(r)
}

func (p *EvilProvider) signed(r Request) Answer {
	if _, refusal := p.oauth1.verify(r, ofAccessToken); refusal != nil {
		return *refusal
	}
	return echo(r)
}

func unauthorized(challenge string) Answer {
	a := oauthError(http.StatusUnauthorized, "unauthorized", "")
	if challenge != "" {
		a.Header.Set("WWW-Authenticate", challenge)
	}
	return a
}
