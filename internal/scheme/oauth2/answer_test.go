package oauth2_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"lanyard"
	"lanyard/internal/scheme/oauth2"
	"lanyard/internal/scheme/oauth2/endpoint"
)

var received = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func answer(status int, body string) *endpoint.Answer {
	return &endpoint.Answer{Status: status, Header: http.Header{}, Body: []byte(body), Received: received}
}

func mustParse(t *testing.T, body string, shape oauth2.Shape) *oauth2.Token {
	t.Helper()
	token, err := oauth2.ParseTokenAnswer(answer(200, body), shape)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func failure(t *testing.T, token *oauth2.Token, err error) *oauth2.Error {
	t.Helper()
	var e *oauth2.Error
	if token != nil || !errors.As(err, &e) {
		t.Fatalf("got %v, %v; want an *oauth2.Error", token, err)
	}
	return e
}

func TestA21_WhatAnAnswerIs(t *testing.T) {
	const ok = `{"access_token":"at","token_type":"Bearer","expires_in":3600,"refresh_token":"rt","scope":"a b","id_token":"x.y.z"}`
	for name, c := range map[string]struct {
		status  int
		body    string
		class   oauth2.Class // empty: a token
		code    string
		problem string
	}{
		"JSON":                              {200, ok, "", "", ""},
		"201":                               {201, ok, "", "", ""},
		"A21 BOM":                           {200, "\ufeff\n " + ok + "\n", "", "", ""},
		"A21 form":                          {200, "access_token=at&token_type=bearer&refresh_token=rt&expires_in=3600&scope=a%20b&user[x]=1\n", "", "", ""},
		"A21 200 with error":                {200, `{"error":"bad_verification_code","error_description":"d"}`, oauth2.Refused, "bad_verification_code", ""},
		"A21 200 with error beside a token": {200, `{"error":"invalid_grant","access_token":"at"}`, oauth2.Refused, "invalid_grant", ""},
		"A21 200 with error in a form":      {200, `error=incorrect_client_credentials&error_description=d`, oauth2.Misconfigured, "incorrect_client_credentials", ""},
		"A21 200 with ok=false":             {200, `{"ok":false,"error":"ratelimited"}`, oauth2.Transient, "ratelimited", ""},
		"200 with no error":                 {200, `{"error":"","errors":[],"error_code":"0","access_token":"at","refresh_token":"rt","token_type":"bearer","expires_in":3600,"scope":"a b"}`, "", "", ""},
		"200 with error null":               {200, `{"error":null,"error_description":"fine","access_token":"at","refresh_token":"rt","token_type":"bearer","expires_in":3600,"scope":"a b"}`, "", "", ""},
		"200 with an error list":            {200, `{"errors":[{"code":"E1","message":"d"}]}`, oauth2.Refused, "E1", ""},
		"A21 HTML":                          {200, "<!doctype html><p>access_token=at", oauth2.Malformed, "", "a page"},
		"A21 empty":                         {200, "", oauth2.Malformed, "", "empty"},
		"204":                               {204, "", oauth2.Malformed, "", "empty"},
		"A21 array":                         {200, `[` + ok + `]`, oauth2.Malformed, "", "not an object"},
		"text that is JSON":                 {200, `"access_token=at"`, oauth2.Malformed, "", "not an object"},
		"cut off":                           {200, ok[:40], oauth2.Malformed, "", "neither JSON nor a form"},
		"trailing text":                     {200, ok + "x", oauth2.Malformed, "", "neither JSON nor a form"},
		"prose with an equals sign":         {200, "Service busy, retry=later", oauth2.Malformed, "", "neither JSON nor a form"},
		"N01 100,000 levels":                {200, strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000), oauth2.Malformed, "", "neither JSON nor a form"},
		"no token":                          {200, `{"message":"wait"}`, oauth2.Malformed, "", "no access token"},
		"empty token":                       {200, `{"access_token":""}`, oauth2.Malformed, "", "no access token"},
		"token is a number":                 {200, `{"access_token":7}`, oauth2.Malformed, "", "no access token"},
		"token with a line break":           {200, `{"access_token":"a\nb"}`, oauth2.Malformed, "", "control characters"},
		"token with NUL":                    {200, `access_token=a%00b`, oauth2.Malformed, "", "control characters"},
		"token not UTF-8":                   {200, "{\"access_token\":\"a\xff\"}", oauth2.Malformed, "", "control characters"},
		"refresh token with a line break":   {200, `{"access_token":"a","refresh_token":"b\r"}`, oauth2.Malformed, "", "control characters"},
		"A21 redirect":                      {302, "", oauth2.Transient, "", "redirect"},
	} {
		t.Run(name, func(t *testing.T) {
			token, err := oauth2.ParseTokenAnswer(answer(c.status, c.body), oauth2.Shape{})
			if c.class == "" {
				if err != nil {
					t.Fatal(err)
				}
				if token.AccessToken.Reveal() != "at" || token.RefreshToken.Reveal() != "rt" || token.TokenType != "Bearer" ||
					token.Lifetime != (oauth2.Lifetime{Known: true, For: time.Hour}) || token.Scope != "a b" || len(token.Notes) != 0 {
					t.Errorf("got %+v", token)
				}
				return
			}
			e := failure(t, token, err)
			if e.Class != c.class || e.Code != c.code || e.Status != c.status || !strings.Contains(e.Problem, c.problem) {
				t.Errorf("got class %q, code %q, status %d, problem %q", e.Class, e.Code, e.Status, e.Problem)
			}
		})
	}
}

func TestA22_TokenType(t *testing.T) {
	for name, c := range map[string]struct {
		member string
		want   string // empty: refused
		note   bool
	}{
		"A22 bearer":  {`,"token_type":"bearer"`, "Bearer", false},
		"A22 Bearer":  {`,"token_type":"Bearer"`, "Bearer", false},
		"A22 BEARER":  {`,"token_type":"BEARER"`, "Bearer", false},
		"A22 missing": {``, "Bearer", true},
		"null":        {`,"token_type":null`, "Bearer", true},
		"empty":       {`,"token_type":""`, "Bearer", true},
		"A22 mac":     {`,"token_type":"mac"`, "", false},
		"A22 DPoP":    {`,"token_type":"DPoP"`, "", false},
		"a number":    {`,"token_type":1`, "", false},
		"listed":      {`,"token_type":"bot"`, "bot", false},
		"echoes":      {`,"token_type":"very-secret-token"`, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			token, err := oauth2.ParseTokenAnswer(answer(200, `{"access_token":"very-secret-token"`+c.member+`}`), oauth2.Shape{TokenTypes: []string{"bot"}})
			if c.want == "" {
				if e := failure(t, token, err); e.Class != oauth2.Malformed || !strings.Contains(e.Problem, "token_type") || strings.Contains(err.Error(), "secret-token") {
					t.Errorf("err = %v", err)
				}
				return
			}
			if err != nil || token.TokenType != c.want || (len(token.Notes) == 1) != c.note {
				t.Errorf("got %+v, %v", token, err)
			}
		})
	}
}

func TestB15_ExpiresIn(t *testing.T) {
	const tenYears = 10 * 365 * 24 * time.Hour
	for value, c := range map[string]struct {
		known bool
		want  time.Duration
		note  bool
	}{
		"":                                   {false, 0, false},
		"null":                               {false, 0, false},
		`3600`:                               {true, time.Hour, false},
		`"3600"`:                             {true, time.Hour, false},
		`" 60 "`:                             {true, time.Minute, false},
		`3600.7`:                             {true, time.Hour, false},
		`"3600.7"`:                           {true, time.Hour, false},
		`3.6e3`:                              {true, time.Hour, false},
		`0`:                                  {true, 0, false},
		`-1`:                                 {true, 0, false},
		`"-1"`:                               {true, 0, false},
		`-1e300`:                             {true, 0, false},
		`1e20`:                               {true, tenYears, false},
		`1e400`:                              {true, tenYears, false},
		`"1e400"`:                            {true, tenYears, false},
		`2147483648`:                         {true, tenYears, false},
		`9223372036854775808`:                {true, tenYears, false},
		`"9223372036854775808"`:              {true, tenYears, false},
		`315359999`:                          {true, tenYears - time.Second, false},
		`"abc"`:                              {false, 0, true},
		`""`:                                 {false, 0, true},
		`"inf"`:                              {false, 0, true},
		`"NaN"`:                              {false, 0, true},
		`"0x10"`:                             {false, 0, true},
		`"1 hour"`:                           {false, 0, true},
		`true`:                               {false, 0, true},
		`{}`:                                 {false, 0, true},
		`[3600]`:                             {false, 0, true},
		`"` + strings.Repeat("9", 400) + `"`: {true, tenYears, false},
	} {
		t.Run("B15 "+value, func(t *testing.T) {
			body := `{"access_token":"at","token_type":"bearer"}`
			if value != "" {
				body = `{"access_token":"at","token_type":"bearer","expires_in":` + value + `}`
			}
			token := mustParse(t, body, oauth2.Shape{})
			if token.Lifetime != (oauth2.Lifetime{Known: c.known, For: c.want}) || (len(token.Notes) == 1) != c.note {
				t.Errorf("lifetime %+v, notes %q", token.Lifetime, token.Notes)
			}
		})
	}
}

func TestExpiryUnits(t *testing.T) {
	for name, c := range map[string]struct {
		unit  oauth2.ExpiryUnit
		value string
		want  oauth2.Lifetime
	}{
		"milliseconds":      {oauth2.Milliseconds, `3600000`, oauth2.Lifetime{Known: true, For: time.Hour}},
		"unix":              {oauth2.UnixSeconds, fmt.Sprint(received.Unix() + 60), oauth2.Lifetime{Known: true, For: time.Minute}},
		"unix, text":        {oauth2.UnixSeconds, fmt.Sprintf("%q", fmt.Sprint(received.Unix()+60)), oauth2.Lifetime{Known: true, For: time.Minute}},
		"unix, past":        {oauth2.UnixSeconds, "1", oauth2.Lifetime{Known: true}},
		"unix milliseconds": {oauth2.UnixMilliseconds, fmt.Sprint(received.UnixMilli() + 60_000), oauth2.Lifetime{Known: true, For: time.Minute}},
		"date":              {oauth2.RFC3339, `"2026-05-01T14:30:00+02:00"`, oauth2.Lifetime{Known: true, For: 30 * time.Minute}},
		"date, past":        {oauth2.RFC3339, `"2026-05-01T00:00:00Z"`, oauth2.Lifetime{Known: true}},
		"date, far":         {oauth2.RFC3339, `"9999-12-31T00:00:00Z"`, oauth2.Lifetime{Known: true, For: 10 * 365 * 24 * time.Hour}},
		"no date":           {oauth2.RFC3339, `"tomorrow"`, oauth2.Lifetime{}},
		"number for a date": {oauth2.RFC3339, `3600`, oauth2.Lifetime{}},
		"unknown unit":      {"weeks", `3`, oauth2.Lifetime{}},
	} {
		t.Run(name, func(t *testing.T) {
			token := mustParse(t, `{"access_token":"at","expires":{"at":`+c.value+`}}`, oauth2.Shape{ExpiresIn: "expires.at", ExpiresUnit: c.unit})
			if token.Lifetime != c.want {
				t.Errorf("lifetime %+v, want %+v", token.Lifetime, c.want)
			}
		})
	}
}

func TestB33_RefreshTokenLifetime(t *testing.T) {
	for member, want := range map[string]oauth2.Lifetime{
		`"refresh_token_expires_in":60`:     {Known: true, For: time.Minute},
		`"refresh_expires_in":"60"`:         {Known: true, For: time.Minute},
		`"x_refresh_token_expires_in":60.5`: {Known: true, For: time.Minute},
		`"refresh_expires_in":0`:            {},
		`"x":1`:                             {},
	} {
		if token := mustParse(t, `{"access_token":"at",`+member+`}`, oauth2.Shape{}); token.RefreshLifetime != want {
			t.Errorf("%s: %+v, want %+v", member, token.RefreshLifetime, want)
		}
	}
	shape := oauth2.Shape{RefreshExpiresIn: "r.days", RefreshUnit: oauth2.Milliseconds}
	if token := mustParse(t, `{"access_token":"at","r":{"days":60000}}`, shape); token.RefreshLifetime.For != time.Minute {
		t.Errorf("by path: %+v", token.RefreshLifetime)
	}
}

func TestB19_RefreshToken(t *testing.T) {
	for name, c := range map[string]struct {
		member, want string
		notes        int
	}{
		"B19 without":  {``, "", 0},
		"B19 empty":    {`,"refresh_token":""`, "", 0},
		"B19 the same": {`,"refresh_token":"old"`, "old", 0},
		"B19 a new":    {`,"refresh_token":"new"`, "new", 0},
		"null":         {`,"refresh_token":null`, "", 0},
		"false":        {`,"refresh_token":false`, "", 0},
		"a number":     {`,"refresh_token":5`, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			token := mustParse(t, `{"access_token":"at","token_type":"bearer"`+c.member+`}`, oauth2.Shape{})
			if token.RefreshToken.Reveal() != c.want || token.RefreshToken.IsZero() != (c.want == "") || len(token.Notes) != c.notes {
				t.Errorf("refresh token %q, notes %q", token.RefreshToken.Reveal(), token.Notes)
			}
		})
	}
}

func TestShapeAndMembers(t *testing.T) {
	const body = `{"data":{"access_token":"at-0123","refresh_token":"rt-0123","expires_in":60},"team":{"name":"Acme","n":7,"on":true,"list":[1]},
		"instance_url":"https://x.example","id_token":"h.p.s","echo":"rt-0123","header":"Bearer at-0123","idt":"h.p.s","nl":"a\nb","ok":true,"scope":["a","b",7]}`
	shape := oauth2.Shape{AccessToken: "data.access_token", RefreshToken: "data.refresh_token", ExpiresIn: "data.expires_in"}
	token := mustParse(t, body, shape)
	if token.AccessToken.Reveal() != "at-0123" || token.RefreshToken.Reveal() != "rt-0123" || token.Lifetime.For != time.Minute || token.Scope != "a b" {
		t.Errorf("got %+v", token)
	}
	for path, want := range map[string]string{"instance_url": "https://x.example", "team.name": "Acme", "team.n": "7", "team.on": "true"} {
		if got, ok := token.Member(path); !ok || got != want {
			t.Errorf("Member(%q) = %q, %v; want %q", path, got, ok, want)
		}
	}
	for _, path := range []string{"", "team", "team.list", "absent", "nl", "data.access_token", "data.refresh_token", "echo", "header", "id_token", "idt", "@this", "team.*", "#", "data|access_token"} {
		if got, ok := token.Member(path); ok {
			t.Errorf("Member(%q) = %q, want nothing", path, got)
		}
	}
	if want := []string{"data", "team", "instance_url", "id_token", "echo", "header", "idt", "nl", "ok", "scope"}; !slices.Equal(token.Members, want) {
		t.Errorf("Members %q, want %q", token.Members, want)
	}
	if text := fmt.Sprintf("%v %+v %#v", token, *token, token); strings.Contains(text, "0123") || strings.Contains(text, "Acme") {
		t.Errorf("printed: %s", text)
	}
	if encoded, err := json.Marshal(token); err != nil || strings.Contains(string(encoded), "0123") {
		t.Errorf("encoded: %s, %v", encoded, err)
	}
	if _, err := oauth2.ParseTokenAnswer(answer(200, body), oauth2.Shape{AccessToken: "@this.data.access_token"}); err == nil {
		t.Error("a modifier in a path was followed")
	}
}

func TestCheckPath(t *testing.T) {
	for _, good := range []string{"a", "authed_user.access_token", "data.0.x-y"} {
		if err := oauth2.CheckPath(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", ".", "a.", ".a", "a..b", "a|b", "a.*", "a.#", "@pretty", "a?", `a\.b`, "é", "a b", strings.Repeat("a", 201)} {
		if err := oauth2.CheckPath(bad); !errors.Is(err, oauth2.ErrPath) {
			t.Errorf("%q: %v, want ErrPath", bad, err)
		}
	}
}

func TestExpiryFromJWT(t *testing.T) {
	jwt := func(payload string) string {
		return "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2ln"
	}
	for name, c := range map[string]struct {
		token string
		want  int64 // 0: none
	}{
		"exp":              {jwt(`{"exp":1777633200,"sub":"é"}`), 1777633200},
		"fraction":         {jwt(`{"exp":1777633200.9}`), 1777633200},
		"padded":           {"h." + base64.URLEncoding.EncodeToString([]byte(`{"exp":1777633200}`)) + ".s", 1777633200},
		"no exp":           {jwt(`{"sub":"x"}`), 0},
		"exp is null":      {jwt(`{"exp":null}`), 0},
		"exp is a text":    {jwt(`{"exp":"1777633200"}`), 0},
		"zero":             {jwt(`{"exp":0}`), 0},
		"negative":         {jwt(`{"exp":-5}`), 0},
		"huge":             {jwt(`{"exp":1e300}`), 0},
		"not JSON":         {jwt(`exp`), 0},
		"not base64":       {"a.!!.c", 0},
		"opaque":           {"gho_16C7e42F292c6912E7710c838347Ae178B4a", 0},
		"five parts (JWE)": {"a.b.c.d.e", 0},
		"empty":            {"", 0},
		"too long":         {"a." + strings.Repeat("A", 70_000) + ".c", 0},
	} {
		t.Run(name, func(t *testing.T) {
			at, ok := oauth2.ExpiryFromJWT(lanyard.NewSecret(c.token))
			if ok != (c.want != 0) || ok && at.Unix() != c.want {
				t.Errorf("got %v, %v", at, ok)
			}
		})
	}
}

// FuzzParseTokenAnswer checks what has to hold for whatever a stranger answers: a token that can be sent, or an error
// with a class; lifetimes in bounds; and that what was sent does not come back.
func FuzzParseTokenAnswer(f *testing.F) {
	f.Add(200, []byte(`{"access_token":"at","token_type":"bearer","expires_in":"3600","refresh_token":"rt"}`))
	f.Add(200, []byte("access_token=at&token_type=bearer&expires_in=1e99"))
	f.Add(400, []byte(`{"error":"invalid_grant","error_description":"hunter2-hunter2 is wrong"}`))
	f.Add(400, []byte(`{"error":{"code":190,"type":"OAuthException","message":"x"},"errors":[[]]}`))
	f.Add(200, []byte("\ufeff[{\"a\":1}]"))
	f.Add(503, []byte("<html>"))
	const sent = "hunter2-hunter2"
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		a := answer(status, string(body))
		token, err := oauth2.ParseTokenAnswer(a, oauth2.Shape{}, lanyard.NewSecret(sent))
		if err != nil {
			e := failure(t, token, err)
			if !slices.Contains([]oauth2.Class{oauth2.Refused, oauth2.Misconfigured, oauth2.Transient, oauth2.Malformed}, e.Class) {
				t.Fatalf("class %q", e.Class)
			}
			if (e.Class == oauth2.Malformed) && (status < 200 || status > 299) || e.Class == oauth2.Refused && (status < 200 || status > 299 && status < 400 || status > 499) {
				t.Fatalf("status %d gave class %q", status, e.Class)
			}
			if strings.Contains(err.Error(), sent) || strings.ContainsAny(err.Error(), "\r\n\x00\x1b") {
				t.Fatalf("error %q", err)
			}
			return
		}
		if status < 200 || status > 299 {
			t.Fatalf("a token with status %d", status)
		}
		if at := token.AccessToken.Reveal(); at == "" || strings.ContainsAny(at, "\r\n\x00") || token.TokenType != "Bearer" {
			t.Fatalf("token %q, type %q", at, token.TokenType)
		}
		for _, l := range []oauth2.Lifetime{token.Lifetime, token.RefreshLifetime} {
			if l.For < 0 || l.For > 10*365*24*time.Hour || !l.Known && l.For != 0 {
				t.Fatalf("lifetime %+v", l)
			}
		}
	})
}
