package lanyard

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

func (s *Service) validateAuth(f *FieldErrors) {
	if secret := s.Auth.Secret(); len(secret.Reveal()) > MaxSecret {
		f.Add(s.Auth.SecretPointer(), "a secret has at most %d bytes", MaxSecret)
	}
	switch s.Auth.Type {
	case AuthAPIKey:
		s.Auth.APIKey.validate(f)
	case AuthBasic:
		s.Auth.basic().validate(f)
	case AuthOAuth1:
		s.Auth.OAuth1.validate(f, s.ClientBeside())
	case AuthOAuth2:
		s.Auth.OAuth2.validate(f, s.ClientBeside())
	case AuthAWSSigV4:
		s.Auth.AWSSigV4.validate(f, s.SampleValues())
	default:
		f.Add("/auth/type", "the type is one of api_key, basic, oauth1, oauth2, aws_sigv4")
	}
}

func (a *APIKeyAuth) validate(f *FieldErrors) {
	if len(a.Parameters) == 0 {
		f.Add("/auth/parameters", "list at least one parameter")
	}
	if len(a.Parameters) > 20 {
		f.Add("/auth/parameters", "there are at most 20 parameters")
		return
	}
	seen := map[string]bool{}
	for i, p := range a.Parameters {
		at := fmt.Sprintf("/auth/parameters/%d", i)
		switch p.ParamType {
		case ParamHeader:
			f.Check(at+"/name", CheckHeaderName(p.Name))
		case ParamQuery, ParamForm, ParamPath:
			if p.Name == "" || checkText(p.Name, 100) != nil || strings.ContainsAny(p.Name, "\n\t") {
				f.Add(at+"/name", "a parameter's name is a text of 1 to 100 characters")
			}
		default:
			f.Add(at+"/param_type", "the param type is query, form, header or path")
		}
		// Values are given by name when connecting, so a name stands for one value. Header names ignore case.
		if key := strings.ToLower(p.Name); seen[key] {
			f.Add(at+"/name", "the parameter %q stands twice", p.Name)
		} else {
			seen[key] = true
		}
		f.Check(at+"/display_name", CheckName(p.DisplayName))
		if len(p.Prefix) > 100 {
			f.Add(at+"/prefix", "a prefix has at most 100 characters")
		} else {
			f.Check(at+"/prefix", CheckHeaderValue(p.Prefix))
		}
	}
}

func (a *BasicAuth) validate(f *FieldErrors) {
	asked := false
	for _, part := range []struct {
		at string
		of *BasicPart
	}{{"/auth/username", a.Username}, {"/auth/password", a.Password}} {
		p := part.of
		asked = asked || p == nil || p.Fixed == nil
		if p == nil {
			continue
		}
		if p.DisplayName != "" {
			f.Check(part.at+"/display_name", CheckName(p.DisplayName))
		}
		if p.Fixed != nil && (p.DisplayName != "" || p.Secret || p.Prefix+p.Suffix != "") {
			f.Add(part.at+"/fixed", "what is fixed is not asked for: leave the rest out")
		}
		for name, text := range map[string]string{"prefix": p.Prefix, "suffix": p.Suffix} {
			if len(text) > 100 || part.of == a.Username && strings.Contains(text, ":") {
				f.Add(part.at+"/"+name, "this has at most 100 characters, and in a user name no colon (RFC 7617)")
			} else {
				f.Check(part.at+"/"+name, CheckHeaderValue(text))
			}
		}
		if p.Fixed != nil && (len(*p.Fixed) > 100 || CheckHeaderValue(*p.Fixed) != nil || part.of == a.Username && strings.Contains(*p.Fixed, ":")) {
			f.Add(part.at+"/fixed", "this has at most 100 characters, and in a user name no colon (RFC 7617)")
		}
	}
	if !asked {
		f.Add("/auth", "the user name or the password is asked for")
	}
}

func (a *OAuth1Auth) validate(f *FieldErrors, clientBeside bool) {
	if !clientBeside {
		required(f, "/auth/consumer_key", a.ConsumerKey)
	}
	required(f, "/auth/request_token_url", a.RequestTokenURL)
	required(f, "/auth/authorize_url", a.AuthorizeURL)
	required(f, "/auth/access_token_url", a.AccessTokenURL)
	if !slices.Contains([]ParamType{ParamHeader, ParamQuery, ParamForm}, a.ParamType) {
		f.Add("/auth/param_type", "the param type is query, form or header")
	}
	if !slices.Contains([]SignatureMethod{HMACSHA1, HMACSHA256, RSASHA1, PLAINTEXT}, a.SignatureMethod) {
		f.Add("/auth/signature_method", "the signature method is HMAC-SHA1, HMAC-SHA256, RSA-SHA1 or PLAINTEXT")
	}
	if a.Realm != "" && a.ParamType != ParamHeader {
		f.Add("/auth/realm", "a realm stands in the header alone")
	}
	f.Check("/auth/realm", CheckHeaderValue(a.Realm))
}

func (a *OAuth2Auth) validate(f *FieldErrors, clientBeside bool) {
	switch a.GrantType {
	case AuthorizationCode:
		required(f, "/auth/authorize_url", a.AuthorizeURL)
	case ClientCredentials:
	default:
		f.Add("/auth/grant_type", "the grant type is authorization_code or client_credentials")
	}
	if !clientBeside {
		required(f, "/auth/client_id", a.ClientID)
	}
	required(f, "/auth/access_token_url", a.AccessTokenURL)
	switch a.ParamType {
	case ParamHeader:
		if a.TokenName != "" && !strings.EqualFold(a.TokenName, "Authorization") {
			f.Check("/auth/token_name", CheckHeaderName(a.TokenName))
		}
	case ParamQuery:
		f.Check("/auth/token_name", checkText(a.TokenName, 100))
	default:
		f.Add("/auth/param_type", "the param type of an OAuth 2 service is header or query")
	}
	if a.TokenPrefix != nil {
		f.Check("/auth/token_prefix", CheckHeaderValue(*a.TokenPrefix))
	}
	if !slices.Contains([]string{" ", ",", "+", ";"}, a.ScopeDelimiter) {
		f.Add("/auth/scope_delimiter", "the scope delimiter is a space, a comma, a plus or a semicolon")
	}
	if len(a.Scopes) > 1000 {
		f.Add("/auth/scopes", "a service has at most 1000 scopes")
		return
	}
	seen := map[string]bool{}
	for i, s := range a.Scopes {
		at := fmt.Sprintf("/auth/scopes/%d", i)
		if s.Value == "" || len(s.Value) > maxText || strings.ContainsFunc(s.Value, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			f.Add(at+"/value", "a scope's value is a text without blanks")
		} else if seen[s.Value] {
			f.Add(at+"/value", "the scope %q stands twice", s.Value)
		}
		seen[s.Value] = true
		if s.Name == "" || checkText(s.Name, 200) != nil {
			f.Add(at+"/name", "a scope has a name to show, of at most 200 characters")
		}
		if s.Param != "" && (slices.Contains(reservedAuthorizeParams, s.Param) || s.Param == "scope" || checkParamName(s.Param) != nil) {
			f.Add(at+"/param", "this is the name of a parameter such as user_scope")
		}
	}
	for _, m := range []struct {
		at     string
		params map[string]string
	}{{"/auth/authorize_params", a.AuthorizeParams}, {"/auth/token_params", a.TokenParams}, {"/auth/refresh_params", a.RefreshParams}} {
		for _, name := range slices.Sorted(maps.Keys(m.params)) {
			if name == "redirect_uri" && m.at == "/auth/refresh_params" {
				continue // RFC 6749 knows none on a refresh, and some providers insist on it
			}
			if slices.Contains(reservedAuthorizeParams, name) || name == "code" || name == "code_verifier" || name == "refresh_token" {
				f.Add(m.at+"/"+pointerToken(name), "leave %s out: Lanyard adds it", name)
			}
			f.Check(m.at+"/"+pointerToken(name), checkText(m.params[name], maxURL))
		}
	}
	if !slices.Contains([]ClientAuthentication{ClientAuthAutomatic, ClientSecretBasic, ClientSecretPost, ClientSecretBasicRaw, ClientAuthNone}, a.ClientAuthentication) {
		f.Add("/auth/client_authentication", "this is client_secret_basic, client_secret_post, client_secret_basic_raw, none, or left out")
	}
	for _, n := range []struct{ at, name string }{{"/auth/grant_type_name", a.GrantTypeName}, {"/auth/code_name", a.CodeName}, {"/auth/token_code_name", a.TokenCodeName}, {"/auth/client_id_name", a.ClientIDName}, {"/auth/client_secret_name", a.ClientSecretName}} {
		if n.name != "" {
			f.Check(n.at, checkParamName(n.name))
		}
	}
	if a.TokenBody != "" && a.TokenBody != "form" && a.TokenBody != "json" {
		f.Add("/auth/token_body", "the body of a token request is form or json")
	}
	if a.TokenAnswer != nil {
		a.TokenAnswer.validate(f)
	}
	f.Check("/auth/issuer", checkText(a.Issuer, maxURL))
	f.Check("/auth/redirect_uri", checkText(a.RedirectURI, maxText))
	if a.DefaultExpiresIn < 0 || a.DefaultExpiresIn > 10*365*24*3600 {
		f.Add("/auth/default_expires_in", "this is a number of seconds, at most ten years")
	}
	for i, status := range a.RefreshStatuses {
		if status < 400 || status > 499 {
			f.Add(fmt.Sprintf("/auth/refresh_statuses/%d", i), "a status that means refresh is from 400 to 499")
		}
	}
}

func (a *TokenAnswer) validate(f *FieldErrors) {
	for _, p := range []struct{ name, path string }{
		{"access_token", a.AccessToken}, {"refresh_token", a.RefreshToken}, {"expires_in", a.ExpiresIn}, {"scope", a.Scope},
	} {
		if p.path != "" {
			f.Check("/auth/token_answer/"+p.name, CheckAnswerPath(p.path))
		}
	}
	if !slices.Contains([]string{"", "milliseconds", "unix", "unix_milliseconds", "rfc3339"}, a.ExpiresUnit) {
		f.Add("/auth/token_answer/expires_unit", "the unit is milliseconds, unix, unix_milliseconds, rfc3339, or left out for seconds")
	}
	for i, t := range a.TokenTypes {
		if t == "" || checkText(t, 50) != nil {
			f.Add(fmt.Sprintf("/auth/token_answer/token_types/%d", i), "a token type is a text of 1 to 50 characters")
		}
	}
}

func checkParamName(name string) error {
	if len(name) > 100 || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.") != "" {
		return fmt.Errorf("this is a parameter name of letters, digits, _, - and dots, at most 100 characters")
	}
	return nil
}

func (a *AWSSigV4Auth) validate(f *FieldErrors, samples map[string]string) {
	region := a.Region(samples)
	for _, v := range []struct{ at, value, example string }{
		{"/auth/aws_service", a.AWSService, "s3"}, {"/auth/aws_region", region, "us-east-1"},
	} {
		if !isAWSName(v.value) {
			f.Add(v.at, "this has lower-case letters, digits and hyphens, such as %s", v.example)
		}
	}
}

// isAWSName reports whether AWS could have given this name to a service or region.
func isAWSName(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

func required(f *FieldErrors, pointer, value string) {
	if strings.TrimSpace(value) == "" {
		f.Add(pointer, "this is required")
	}
}
