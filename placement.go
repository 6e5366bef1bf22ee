package lanyard

import (
	"fmt"
	"strings"
)

// Placement says in words where a part of a credential goes on a request, and why there. Package scheme places it; its
// tests hold the two together.
type Placement struct {
	What string // as a person knows it: "access token"
	In   ParamType
	Name string // of the header or parameter; one that ends in … stands for all that begin so
	Why  string // a sentence
}

// Placements lists where the service's credential goes on a request, every part of it.
func (s *Service) Placements() []Placement {
	switch s.Auth.Type {
	case AuthAPIKey:
		return s.Auth.APIKey.placements()
	case AuthBasic:
		return []Placement{{s.Auth.basic().what(), ParamHeader, "Authorization",
			"Basic authentication joins the two with a colon and encodes them in base64 (RFC 7617). That is no encryption: https is what protects them."}}
	case AuthOAuth1:
		return s.Auth.OAuth1.placements()
	case AuthOAuth2:
		return s.Auth.OAuth2.placements()
	case AuthAWSSigV4:
		return []Placement{
			{"access key ID and signature", ParamHeader, "Authorization", "The secret access key never leaves Lanyard: it signs each request anew."},
			{"time of signing", ParamHeader, "X-Amz-Date", "AWS takes a signature for some minutes only."},
			{"hash of the body", ParamHeader, "X-Amz-Content-Sha256", "The signature covers the body, so that nobody can change it on the way."},
			{"session token", ParamHeader, "X-Amz-Security-Token", "Temporary keys come with one. With other keys this header is left out."},
		}
	}
	return nil
}

// what names the typed parts as the service does.
func (a *BasicAuth) what() string {
	fields := a.fields()
	if len(fields) == 2 && fields[0].Label == basicUsername && fields[1].Label == basicPassword {
		return "user name and password"
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Label
	}
	return strings.Join(names, " and ")
}

func (a *APIKeyAuth) placements() []Placement {
	all := make([]Placement, len(a.Parameters))
	for i, p := range a.Parameters {
		all[i] = Placement{p.DisplayName, p.ParamType, p.Name, whyHere(p.ParamType)}
		if p.Prefix != "" {
			all[i].Why += fmt.Sprintf(" The prefix %q stands before the value.", p.Prefix)
		}
	}
	return all
}

// whyHere explains the param type of what a service defines as a parameter.
func whyHere(t ParamType) string {
	switch t {
	case ParamQuery:
		return "The param type is query string, so it is added to the URL. Servers tend to keep URLs in their logs: use a header where the service takes one."
	case ParamForm:
		return "The param type is form data, so it is a field of the body. A POST, PUT or PATCH without a body gets one; a body that is no form is refused."
	}
	if t == ParamPath {
		return "The param type is path, so it is a segment in front of the path. Servers tend to keep URLs in their logs; Lanyard's log and activity leave it out."
	}
	return "The param type is header. What a caller sends under this name is replaced."
}

func (a *OAuth1Auth) placements() []Placement {
	p := Placement{What: "token and signature", In: a.ParamType, Name: "oauth_…"}
	switch a.ParamType {
	case ParamQuery:
		p.Why = "The param type is query string, so the OAuth parameters are added to the URL (RFC 5849 §3.5.3)."
	case ParamForm:
		p.Why = "The param type is form data, so the OAuth parameters are fields of a form-encoded body (RFC 5849 §3.5.2). A POST, PUT or PATCH without a body gets one; any other request is refused."
	default:
		p.Name, p.Why = "Authorization", "The param type is header, so the OAuth parameters stand in one header (RFC 5849 §3.5.1)."
	}
	if a.SignatureMethod == PLAINTEXT {
		p.Why += " PLAINTEXT sends both secrets as they are."
	} else {
		p.Why += fmt.Sprintf(" Each request is signed anew with %s; the secrets stay in Lanyard.", a.SignatureMethod)
	}
	return []Placement{p}
}

func (a *OAuth2Auth) placements() []Placement {
	p := Placement{What: "access token", In: a.ParamType, Name: a.TokenName}
	if a.ParamType == ParamQuery {
		if p.Name == "" {
			p.Name = "access_token"
		}
		p.Why = whyHere(ParamQuery)
		return []Placement{p}
	}
	if p.Name == "" {
		p.Name = "Authorization"
	}
	prefix := "Bearer "
	if a.TokenPrefix != nil {
		prefix = *a.TokenPrefix
	}
	p.Why = whyHere(ParamHeader)
	if prefix != "" {
		p.Why += fmt.Sprintf(" The prefix %q stands before the token.", prefix)
	}
	return []Placement{p}
}
