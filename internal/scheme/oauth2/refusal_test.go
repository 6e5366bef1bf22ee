package oauth2_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"lanyard"
	"lanyard/internal/scheme/oauth2"
)

func TestB12_B13_Classes(t *testing.T) {
	for name, c := range map[string]struct {
		status      int
		body        string
		class       oauth2.Class
		code        string
		description string
	}{
		"invalid_grant":                 {400, `{"error":"invalid_grant","error_description":"expired"}`, oauth2.Refused, "invalid_grant", "expired"},
		"invalid_grant with 401":        {401, `{"error":"invalid_grant"}`, oauth2.Refused, "invalid_grant", ""},
		"invalid_grant in a form":       {400, `error=invalid_grant&error_description=bad+code`, oauth2.Refused, "invalid_grant", "bad code"},
		"B12 unauthorized_client":       {400, `{"error":"unauthorized_client"}`, oauth2.Refused, "unauthorized_client", ""},
		"B12 a code no RFC lists":       {400, `{"error":"token_family_revoked"}`, oauth2.Refused, "token_family_revoked", ""},
		"B12 the same with 403":         {403, `{"error":"consent_withdrawn"}`, oauth2.Refused, "consent_withdrawn", ""},
		"B12 the same with 404":         {404, `{"error":"no_such_endpoint"}`, oauth2.Misconfigured, "no_such_endpoint", ""},
		"B12 invalid_client":            {401, `{"error":"invalid_client"}`, oauth2.Misconfigured, "invalid_client", ""},
		"B12 invalid_client with 400":   {400, `{"error":"invalid_client"}`, oauth2.Misconfigured, "invalid_client", ""},
		"B12 401 without body":          {401, ``, oauth2.Misconfigured, "", ""},
		"B12 401 with blanks":           {401, " \r\n", oauth2.Misconfigured, "", ""},
		"B12 invalid_scope":             {400, `{"error":"invalid_scope"}`, oauth2.Refused, "invalid_scope", ""},
		"access_denied":                 {403, `{"error":"access_denied"}`, oauth2.Refused, "access_denied", ""},
		"unsupported_grant_type":        {400, `{"error":"unsupported_grant_type"}`, oauth2.Misconfigured, "unsupported_grant_type", ""},
		"invalid_request":               {400, `{"error":"invalid_request"}`, oauth2.Misconfigured, "invalid_request", ""},
		"B12 400 with HTML":             {400, `<html>error=invalid_grant`, oauth2.Transient, "", ""},
		"401 with HTML":                 {401, `<html>`, oauth2.Transient, "", ""},
		"403 with HTML":                 {403, `<html>blocked`, oauth2.Transient, "", ""},
		"404 with text":                 {404, `not found`, oauth2.Transient, "", ""},
		"400 without body":              {400, ``, oauth2.Transient, "", ""},
		"400 with an array":             {400, `["invalid_grant"]`, oauth2.Transient, "", ""},
		"400 with an empty object":      {400, `{}`, oauth2.Transient, "", ""},
		"B13 500":                       {500, `{"error":"invalid_grant"}`, oauth2.Transient, "invalid_grant", ""},
		"B13 502":                       {502, `<html>`, oauth2.Transient, "", ""},
		"B13 503":                       {503, ``, oauth2.Transient, "", ""},
		"B13 429":                       {429, `{"error":"too_many"}`, oauth2.Transient, "too_many", ""},
		"408":                           {408, ``, oauth2.Transient, "", ""},
		"temporarily_unavailable":       {400, `{"error":"temporarily_unavailable"}`, oauth2.Transient, "temporarily_unavailable", ""},
		"server_error":                  {400, `{"error":"server_error"}`, oauth2.Transient, "server_error", ""},
		"slow_down":                     {400, `{"error":"slow_down"}`, oauth2.Transient, "slow_down", ""},
		"A32 authorization_pending":     {400, `{"error":"authorization_pending"}`, oauth2.Transient, "authorization_pending", ""},
		"307":                           {307, `{"error":"invalid_grant"}`, oauth2.Transient, "invalid_grant", ""},
		"an error object":               {400, `{"error":{"message":"expired","type":"OAuthException","code":190}}`, oauth2.Refused, "OAuthException", "expired"},
		"an error object of a gateway":  {403, `{"error":{"code":403,"message":"no","status":"PERMISSION_DENIED"}}`, oauth2.Refused, "PERMISSION_DENIED", "no"},
		"an error object with a number": {400, `{"error":{"code":190,"message":"expired"}}`, oauth2.Refused, "error 190", "expired"},
		"an error number":               {400, `{"error":1203,"message":"no"}`, oauth2.Refused, "error 1203", "no"},
		"an error list":                 {400, `{"errors":[{"id":"expired_grant","detail":"d"}]}`, oauth2.Refused, "expired_grant", "d"},
		"another member":                {400, `{"errorCode":"expired_grant","errorMessage":"d"}`, oauth2.Refused, "expired_grant", "d"},
		"a framework's 403":             {403, `{"status":403,"error":"Forbidden","message":"m"}`, oauth2.Transient, "", "m"},
		"a framework's 401":             {401, `{"status":401,"error":"Unauthorized"}`, oauth2.Misconfigured, "", ""},
		"a gateway's message":           {403, `{"message":"Forbidden"}`, oauth2.Transient, "", "Forbidden"},
	} {
		t.Run(name, func(t *testing.T) {
			token, err := oauth2.ParseTokenAnswer(answer(c.status, c.body), oauth2.Shape{})
			e := failure(t, token, err)
			if e.Class != c.class || e.Code != c.code || e.Description != c.description || e.Status != c.status {
				t.Errorf("class %q, code %q, description %q, status %d", e.Class, e.Code, e.Description, e.Status)
			}
			if e.Code == "" && e.Description == "" && e.Problem == "" {
				t.Error("nothing says what is wrong")
			}
		})
	}
}

func TestB13_RetryAfter(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"120": 2 * time.Minute, "86400": time.Hour, "": 0,
		received.Add(5 * time.Minute).Format(http.TimeFormat): 5 * time.Minute,
	} {
		a := answer(503, "")
		a.Header.Set("Retry-After", text)
		token, err := oauth2.ParseTokenAnswer(a, oauth2.Shape{})
		if e := failure(t, token, err); e.RetryAfter != want || e.Class != oauth2.Transient {
			t.Errorf("%q: class %q, retry after %v", text, e.Class, e.RetryAfter)
		}
	}
}

func TestErrorWords(t *testing.T) {
	const secret = "hunter/2 +x"
	spelled := []string{secret, url.QueryEscape(secret), strings.ToLower(url.QueryEscape(secret)), "hunter%2F2%20%2Bx", base64.StdEncoding.EncodeToString([]byte(secret))}
	for _, s := range spelled {
		body := `{"error":"` + s + `","error_description":"a\nb\u0000 ` + s + ` ` + strings.Repeat("é", 400) + `","error_uri":"https://p.example/?` + s + `"}`
		token, err := oauth2.ParseTokenAnswer(answer(400, body), oauth2.Shape{}, lanyard.NewSecret(secret))
		e := failure(t, token, err)
		if e.Code != "[redacted]" || e.URI != "https://p.example/?[redacted]" || !strings.HasPrefix(e.Description, "a b [redacted] éé") || utf8.RuneCountInString(e.Description) != 300 {
			t.Errorf("%q\ncode %q\nuri %q\ndescription %q", s, e.Code, e.URI, e.Description)
		}
		if strings.Contains(err.Error(), s) {
			t.Errorf("%q is in %q", s, err)
		}
	}
	for _, uri := range []string{"javascript:alert(1)", "http://p.example", "//p.example"} {
		token, err := oauth2.ParseTokenAnswer(answer(400, `{"error":"x","error_uri":"`+uri+`"}`), oauth2.Shape{})
		if e := failure(t, token, err); e.URI != "" {
			t.Errorf("kept the URI %q", e.URI)
		}
	}
}
