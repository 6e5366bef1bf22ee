package lanyard

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// SingleSignOn is the OpenID provider by which the people of an organization sign in.
type SingleSignOn struct {
	OrganizationID OrganizationID
	Issuer         string // https://login.example.com, as the provider spells it
	ClientID       string
	ClientSecret   Secret   // zero: a client without one
	Domains        []string // of e-mail addresses; each belongs to one organization of the deployment
	// RoleClaim names the claim whose values say what somebody may do, at each sign-in; empty: roles are given here.
	// Nobody becomes an owner by it, and owners stay what they are.
	RoleClaim    string
	AdminValues  []string
	MemberValues []string // empty: whoever is no admin by the claim is a member
	// MayJoin: who is not in the organization yet is added when signing in.
	MayJoin bool
	// PasswordOff: passwords are not taken, and cannot be reset.
	PasswordOff bool
	// Proved: an owner signed in through the provider as it is set up now.
	Proved    bool
	Version   int64
	UpdatedAt time.Time
}

const (
	maxSignInDomains = 20
	maxRoleValues    = 50
	maxClaimLength   = 200
)

// Validate checks everything that can be checked without the provider, and puts domains into lower case. All faults
// are reported at once.
func (s *SingleSignOn) Validate() error {
	var f FieldErrors
	if !isIssuer(s.Issuer) {
		f.Add("/issuer", "this is the provider's address, such as https://login.example.com")
	}
	if s.ClientID == "" || len(s.ClientID) > 500 {
		f.Add("/client_id", "enter the client id that the provider gave you")
	}
	if len(s.Domains) == 0 || len(s.Domains) > maxSignInDomains {
		f.Add("/domains", "enter the domains of your e-mail addresses, at least one and at most %d", maxSignInDomains)
	}
	for i, d := range s.Domains {
		s.Domains[i] = strings.ToLower(strings.TrimPrefix(d, "@"))
		if !isMailDomain(s.Domains[i]) {
			f.Add(pointer("/domains", i), "%q is not a domain such as example.com", d)
		} else if slices.Index(s.Domains, s.Domains[i]) != i {
			f.Add(pointer("/domains", i), "%s stands twice", s.Domains[i])
		}
	}
	if len(s.RoleClaim) > maxClaimLength {
		f.Add("/role_claim", "the name of a claim has at most %s characters", strconv.Itoa(maxClaimLength))
	}
	for field, values := range map[string][]string{"/admin_values": s.AdminValues, "/member_values": s.MemberValues} {
		switch {
		case len(values) > maxRoleValues:
			f.Add(field, "these are %d values, and at most %d are compared", len(values), maxRoleValues)
		case len(values) > 0 && s.RoleClaim == "":
			f.Add("/role_claim", "name the claim that holds these values")
		}
	}
	if s.RoleClaim != "" && len(s.AdminValues)+len(s.MemberValues) == 0 {
		f.Add("/admin_values", "say which values of the claim make somebody an admin, or a member")
	}
	return f.Err()
}

// isIssuer: OpenID Connect Discovery 1.0 §3 wants https, and neither query nor fragment. Plain http is taken for this
// very machine.
func isIssuer(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || len(text) > 500 {
		return false
	}
	addr, _ := netip.ParseAddr(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || addr.IsLoopback())
}

func isMailDomain(d string) bool {
	if len(d) > 253 || !strings.Contains(d, ".") {
		return false
	}
	for label := range strings.SplitSeq(d, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return true
}

// SameProvider reports whether somebody who signed in through one set-up can sign in through the other.
func (s *SingleSignOn) SameProvider(o *SingleSignOn) bool {
	return s.Issuer == o.Issuer && s.ClientID == o.ClientID && s.ClientSecret.Equal(o.ClientSecret)
}

// Takes reports whether an e-mail address is of one of the organization's domains.
func (s *SingleSignOn) Takes(email string) bool {
	at := strings.LastIndexByte(email, '@')
	return at > 0 && slices.Contains(s.Domains, strings.ToLower(email[at+1:]))
}

// Role says what the values of the role claim make of somebody. Known is false when the claim decides nothing, since
// there is none; Forbidden is returned for values that give no role at all.
func (s *SingleSignOn) Role(values []string) (role Role, known bool, err error) {
	has := func(list []string) bool {
		return slices.ContainsFunc(values, func(v string) bool { return slices.Contains(list, v) })
	}
	switch {
	case s.RoleClaim == "":
		return "", false, nil
	case has(s.AdminValues):
		return RoleAdmin, true, nil
	case len(s.MemberValues) == 0 || has(s.MemberValues):
		return RoleMember, true, nil
	}
	return "", false, Errorf(CodeForbidden, "Your sign-in provider gives you no role in this organization. Ask whoever manages its groups.")
}
