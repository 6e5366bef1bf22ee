package lanyard

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxText       = 500
	maxURL        = 2048
	maxListLength = 200
	// MaxSecret is the length in bytes of the longest client secret; an RSA key for OAuth 1 is one.
	MaxSecret = 16 << 10
)

// Validate checks a definition by every rule that holds for it alone. All faults are reported at once.
func (s *Service) Validate() error {
	var f FieldErrors
	_, err := ParseLinkName(string(s.LinkName))
	f.Check("/link_name", err)
	f.Check("/name", CheckName(s.Name))
	f.Check("/description", checkText(s.Description, maxText))
	f.Check("/category", checkText(s.Category, maxText))
	if len(s.DocsURL) > maxURL {
		f.Add("/docs_url", "a URL has at most %d characters", maxURL)
	} else if s.DocsURL != "" {
		if u, t, err := ParseURL(s.DocsURL); err != nil {
			f.Check("/docs_url", err)
		} else if u.Scheme != "https" && !loopback(t.Host) {
			f.Add("/docs_url", "a documentation link begins with https://")
		}
	}
	before := len(f)
	s.validateParameters(&f)
	s.validateHeaders(&f)
	s.validateVerification(&f)
	if len(f) == before {
		// URLs and hosts are judged with their placeholders, so those have to be right first.
		s.validateURLs(&f)
		s.validateHosts(&f)
	}
	s.validateAuth(&f)
	s.validateLearning(&f)
	s.validateParams(&f)
	if len(f) == 0 && s.Kind == KindDefault && s.tokenHostFollowsValue() {
		// An organization's client secret must not go where any one of its members points it.
		f.Add("/auth/access_token_url", "who connects would choose the host that the organization's client secret is sent to: give the parameter choices")
	}
	return f.Err()
}

func checkText(s string, limit int) error {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > limit {
		return fmt.Errorf("this is valid text of at most %d characters", limit)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f }) {
		return fmt.Errorf("this holds no control characters")
	}
	return nil
}

func (s *Service) validateParameters(f *FieldErrors) {
	if len(s.DynamicParameters) > 20 {
		f.Add("/dynamic_parameters", "a service has at most 20 dynamic parameters")
		return
	}
	seen := map[string]bool{}
	for i := range s.DynamicParameters {
		p := &s.DynamicParameters[i]
		at := fmt.Sprintf("/dynamic_parameters/%d", i)
		switch {
		case !parameterKey.MatchString(p.Key):
			f.Add(at+"/key", "a key begins with a letter and has letters, digits and underscores, at most 50")
		case seen[p.Key]:
			f.Add(at+"/key", "the key %q stands twice", p.Key)
		}
		seen[p.Key] = true
		f.Check(at+"/name", CheckName(p.Name))
		f.Check(at+"/help", checkText(p.Help, maxText))
		if p.Format != FormatLabel && p.Format != FormatHost {
			f.Add(at+"/format", `the format is "host" or left out`)
		}
		if len(p.Pattern) > maxPattern {
			f.Add(at+"/pattern", "a pattern has at most %d characters", maxPattern)
		} else if _, err := compilePattern(p.Pattern); err != nil {
			f.Add(at+"/pattern", "this is not a regular expression that can be read (RE2 syntax)")
		}
		if len(p.Choices) > maxListLength {
			f.Add(at+"/choices", "there are at most %d choices", maxListLength)
		}
		for j, c := range p.Choices {
			if c.Value == "" || len(c.Value) > maxParameterValue || checkText(c.Value, maxParameterValue) != nil {
				f.Add(fmt.Sprintf("%s/choices/%d", at, j), "a choice is a text that is not empty")
			}
		}
		if p.Default != "" {
			f.Check(at+"/default", p.CheckValue(p.Default))
		}
		if p.Example != "" {
			f.Check(at+"/example", p.CheckValue(p.Example))
		}
		if p.WithClient && (s.Kind != KindDefault || !s.NeedsClient() || p.Follows != "" || p.Learn != nil) {
			f.Add(at+"/with_client", "only a default service has an OAuth client beside it that a value could come with")
		}
		s.validateFollows(p, at, f)
		if p.WithClient && p.Secret {
			f.Add(at+"/secret", "a value that comes with the OAuth client is shown to owners and admins")
		}
		if p.Learn != nil {
			p.Learn.validate(at+"/learn", f)
		}
	}
}

// validateFollows judges a parameter that another one decides: that one has choices, and each of them has its value here.
func (s *Service) validateFollows(p *DynamicParameter, at string, f *FieldErrors) {
	if p.Follows == "" {
		if len(p.Values) > 0 {
			f.Add(at+"/values", "values belong to a parameter that follows another")
		}
		return
	}
	decides := s.parameter(p.Follows)
	switch {
	case decides == nil || decides.Follows != "" || len(decides.Choices) == 0:
		f.Add(at+"/follows", "this is the key of a parameter with choices")
		return
	case len(p.Choices) > 0 || p.Default != "" || p.Learn != nil || p.Secret:
		f.Add(at+"/follows", "a parameter that follows another has a key, a name, a format, a pattern and values, and nothing else")
	}
	for _, c := range decides.Choices {
		value, ok := p.Values[c.Value]
		if !ok {
			f.Add(at+"/values", "the value for the choice %q of %s is missing", c.Value, p.Follows)
		} else if value != "" || !p.Optional {
			f.Check(at+"/values/"+pointerToken(c.Value), p.CheckValue(value))
		}
	}
	for _, choice := range slices.Sorted(maps.Keys(p.Values)) {
		if !slices.ContainsFunc(decides.Choices, func(c Choice) bool { return c.Value == choice }) {
			f.Add(at+"/values/"+pointerToken(choice), "%s has no such choice", p.Follows)
		}
	}
}

func (l *Learn) validate(at string, f *FieldErrors) {
	switch l.From {
	case LearnCallback:
		if l.At == "" || checkText(l.At, 100) != nil {
			f.Add(at+"/at", "this names a query parameter of the callback")
		}
	case LearnToken, LearnLookup:
		f.Check(at+"/at", CheckAnswerPath(l.At))
	default:
		f.Add(at+"/from", "a value is learnt from callback, token or lookup")
	}
	if (l.From == LearnLookup) != (l.URL != "") {
		f.Add(at+"/url", "a lookup has a URL, and nothing else has one")
	}
	if l.Take != "" && l.Take != "host" {
		f.Add(at+"/take", `this is "host" or left out`)
	}
	for said, value := range l.Map {
		if said == "" || value == "" || checkText(said, maxParameterValue) != nil || checkText(value, maxParameterValue) != nil {
			f.Add(at+"/map", "what is said and what it means are texts that are not empty")
		}
	}
}

// CheckAnswerPath judges a path into a JSON answer. Wildcards, queries and modifiers are left out: a path may come from
// anybody who defines a service, an answer from any server.
func CheckAnswerPath(path string) error {
	for name := range strings.SplitSeq(path, ".") {
		if len(path) > 200 || name == "" || strings.ContainsFunc(name, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
		}) {
			return fmt.Errorf("a path into an answer is names of letters, digits, _ and -, divided by dots, at most 200 characters")
		}
	}
	return nil
}

// ownHeaders are not a service's to set: they belong to the connection or to the credential.
var ownHeaders = []string{"Authorization", "Cookie", "Host", "Content-Length", "Content-Type", "Transfer-Encoding", "Connection"}

func (s *Service) validateHeaders(f *FieldErrors) {
	if len(s.Headers) > 20 {
		f.Add("/headers", "a service sets at most 20 headers")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(s.Headers)) {
		at := "/headers/" + pointerToken(name)
		f.Check(at, CheckHeaderName(name))
		f.Check(at, CheckHeaderValue(s.Headers[name]))
		if len(s.Headers[name]) > maxText || s.Headers[name] == "" {
			f.Add(at, "a header's value has 1 to %d characters", maxText)
		}
		if slices.ContainsFunc(ownHeaders, func(own string) bool { return strings.EqualFold(own, name) }) {
			f.Add(at, "the header %s is not a service's to set", name)
		}
		if left := s.undeclaredName(s.Headers[name]); left != "" && !(left == "client_id" && s.Auth.OAuth2 != nil) {
			f.Add(at, "the placeholder {%s} is not among the dynamic parameters", left)
		}
	}
}

// undeclaredName gives the first {name} in text that is no dynamic parameter; empty when there is none.
func (s *Service) undeclaredName(text string) string {
	for {
		_, rest, ok := strings.Cut(text, "{")
		if !ok {
			return ""
		}
		name, after, ok := strings.Cut(rest, "}")
		if ok && parameterKey.MatchString(name) && s.parameter(name) == nil {
			return name
		}
		if !ok {
			return ""
		}
		text = after
	}
}

func (s *Service) validateVerification(f *FieldErrors) {
	if s.VerifyURL == "" && (s.VerifyMethod+s.VerifyBody+s.VerifyMember+s.VerifyAWSService != "" || len(s.VerifyAccepts) > 0) {
		f.Add("/verify_url", "this is required beside the other fields of the verification request")
	}
	if !slices.Contains([]string{"", "GET", "POST"}, s.VerifyMethod) {
		f.Add("/verify_method", "the verification request is GET or POST")
	}
	if s.VerifyBody != "" {
		switch {
		case s.VerifyMethod != "POST":
			f.Add("/verify_body", "a body goes with POST")
		case len(s.VerifyBody) > maxURL || !json.Valid([]byte(s.VerifyBody)):
			f.Add("/verify_body", "this is JSON, at most %d bytes", maxURL)
		}
	}
	if s.VerifyMember != "" {
		f.Check("/verify_member", CheckAnswerPath(s.VerifyMember))
	}
	for i, status := range s.VerifyAccepts {
		if status < 400 || status > 499 || status == http.StatusUnauthorized {
			f.Add(fmt.Sprintf("/verify_accepts/%d", i), "a status that says the credential is right is from 400 to 499, and not 401")
		}
	}
	if s.VerifyAWSService != "" && (s.Auth.Type != AuthAWSSigV4 || !isAWSName(s.VerifyAWSService)) {
		f.Add("/verify_aws_service", "with AWS signatures, this is the name of a service such as sts")
	}
}

// SampleValues stand in for what people will give, to see whether a URL can work at all.
func (s *Service) SampleValues() map[string]string {
	values := map[string]string{}
	for _, p := range s.DynamicParameters {
		switch {
		case p.Default != "":
			values[p.Key] = p.Default
		case len(p.Choices) > 0:
			values[p.Key] = p.Choices[0].Value
		case p.Example != "":
			values[p.Key] = p.Example
		case p.Format == FormatHost:
			values[p.Key] = "sample.example.com"
		default:
			values[p.Key] = "sample"
		}
	}
	for i := range s.DynamicParameters {
		if p := &s.DynamicParameters[i]; p.Follows != "" {
			values[p.Key] = p.Values[values[p.Follows]]
		}
	}
	return values
}

// reservedAuthorizeParams are the request's own: one in the authorize URL would lead the flow elsewhere.
var reservedAuthorizeParams = []string{"client_id", "client_secret", "redirect_uri", "state", "code_challenge", "code_challenge_method"}

func (s *Service) validateURLs(f *FieldErrors) {
	for _, su := range s.urls() {
		if len(su.text) > maxURL {
			f.Add(su.pointer, "a URL has at most %d characters", maxURL)
			continue
		}
		if strings.Contains(su.text, "#") {
			f.Add(su.pointer, "a URL here has no fragment (#)")
			continue
		}
		for i := range s.DynamicParameters {
			if p := &s.DynamicParameters[i]; (p.Secret || p.Optional && p.Default == "") && strings.Contains(su.text, "{"+p.Key+"}") {
				f.Add(su.pointer, "the parameter %s stands in headers alone: it is secret or optional", p.Key)
			}
		}
		u, err := s.FillURL(su.text, s.SampleValues())
		switch {
		case err != nil && s.undeclared(origin(su.text)):
			f.Add(su.pointer, "this names a placeholder that is not among the dynamic parameters")
			continue
		case err != nil:
			f.Check(su.pointer, err)
			continue
		case !su.auth:
			continue
		}
		f.Check(su.pointer, checkAuthURL(u))
		for _, name := range reservedAuthorizeParams {
			if u.Query().Has(name) {
				f.Add(su.pointer, "leave %s out of this URL: Lanyard adds it", name)
			}
		}
	}
}

// undeclared reports whether a brace is left in text besides the placeholders of the service.
func (s *Service) undeclared(text string) bool {
	for _, p := range s.DynamicParameters {
		text = strings.ReplaceAll(text, "{"+p.Key+"}", "")
	}
	return strings.Contains(text, "{")
}

// checkAuthURL judges a filled URL of the authentication. Placeholders can decide whether the host is this machine, so
// this holds for each person's values and not for the definition alone.
func checkAuthURL(u *url.URL) error {
	if u.Scheme != "https" && !loopback(u.Hostname()) {
		return fmt.Errorf("this URL begins with https://: secrets travel over it")
	}
	return nil
}

// loopback reports whether a URL's host is this machine itself, where plain http leaks nothing. Whether it may be
// called at all is the operator's decision.
func loopback(host string) bool {
	host = strings.Trim(host, "[]")
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.IsLoopback()
	}
	return host == "localhost"
}

func (s *Service) validateHosts(f *FieldErrors) {
	if len(s.Hosts) == 0 {
		f.Add("/hosts", "list the hosts that the credential may be sent to, such as api.example.com")
		return
	}
	if len(s.Hosts) > maxListLength {
		f.Add("/hosts", "a service lists at most %d hosts", maxListLength)
		return
	}
	values := s.SampleValues()
	for i, text := range s.Hosts {
		at := fmt.Sprintf("/hosts/%d", i)
		filled, err := s.fillHost(text, values)
		if err == nil {
			_, err = ParseHostPattern(filled)
		}
		f.Check(at, err)
	}
	if len(*f) > 0 {
		return
	}
	rules, err := s.HostRules(values)
	if err != nil {
		f.Check("/hosts", err)
		return
	}
	for _, su := range s.urls() {
		if su.auth {
			continue
		}
		filled, err := s.FillURL(su.text, values)
		if err != nil {
			continue // already reported
		}
		if _, t, err := ParseURL(filled.String()); err == nil && !rules.Allow(t) {
			f.Add(su.pointer, "the host %s is not among the service's hosts", t)
		}
	}
}
