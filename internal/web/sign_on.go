package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/problem"
)

const (
	signOnCookie  = "sign_on" // of a way to the sign-in provider that was begun in this browser
	signOnSeconds = 10 * 60
)

// signOnPage asks for an address, to find whose sign-in provider it is.
type signOnPage struct {
	frame
	form
	Email field
}

func (signOnPage) template() string { return "sign_on" }

func newSignOnPage(email string, d *problem.Document) signOnPage {
	p := signOnPage{frame: newFrame(visitor{}, "Sign in with single sign-on"), form: newForm(d, "You are not signed in")}
	if p.Failed {
		p.Title = "Error: " + p.Title
	}
	p.Email = p.field(field{ID: "email", Name: "email", Label: "E-mail address", Type: "email", Value: email, Autocomplete: "username"}, "/email")
	p.rest()
	return p
}

func (s *site) signOnForm(w http.ResponseWriter, r *http.Request, v visitor) error {
	if v.caller != nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	}
	return s.write(w, http.StatusOK, newSignOnPage("", nil))
}

func (s *site) signOnByAddress(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	email := strings.TrimSpace(r.PostForm.Get("email"))
	org, err := s.accounts.SignOnOf(r.Context(), email)
	var start *account.SignOnStart
	if err == nil {
		start, err = s.accounts.StartSignOn(r.Context(), org)
	}
	if d := s.onForm(r, err); d != nil {
		retryAfter(w, d)
		return s.write(w, d.Status, newSignOnPage(email, d))
	} else if err != nil {
		return err
	}
	return s.toProvider(w, r, v, start)
}

// confirmSignOnPage asks before a link of another site signs this browser in: see openSignIn.
type confirmSignOnPage struct {
	frame
	Action       string
	Organization string
}

func (confirmSignOnPage) template() string { return "confirm_sign_on" }

func newConfirmSignOnPage(v visitor, o *lanyard.Organization) confirmSignOnPage {
	return confirmSignOnPage{frame: newFrame(v, "Sign in"), Action: "/sign-in/organization/" + url.PathEscape(string(o.ID)), Organization: o.Name}
}

// openSignOn is the address that an organization's people can bookmark.
func (s *site) openSignOn(w http.ResponseWriter, r *http.Request, v visitor) error {
	if otherSite(r) {
		organization, err := s.accounts.SignOnOrganization(r.Context(), lanyard.OrganizationID(r.PathValue("organization")))
		if err != nil {
			return err
		}
		return s.write(w, http.StatusOK, newConfirmSignOnPage(v, organization))
	}
	start, err := s.accounts.StartSignOn(r.Context(), lanyard.OrganizationID(r.PathValue("organization")))
	if err != nil {
		return err
	}
	s.setCookie(w, signOnCookie, start.Browser.Reveal(), signOnSeconds)
	http.Redirect(w, r, destination(start.URL), http.StatusSeeOther)
	return nil
}

func (s *site) signOn(w http.ResponseWriter, r *http.Request, v visitor) error {
	start, err := s.accounts.StartSignOn(r.Context(), lanyard.OrganizationID(r.PathValue("organization")))
	if err != nil {
		return err
	}
	return s.toProvider(w, r, v, start)
}

// toProvider leaves for the provider after a form was posted.
func (s *site) toProvider(w http.ResponseWriter, r *http.Request, v visitor, start *account.SignOnStart) error {
	s.setCookie(w, signOnCookie, start.Browser.Reveal(), signOnSeconds)
	return s.leave(w, r, v, start.URL)
}

// signOnCallback is where the provider sends the browser back to. It is good for the browser alone that was sent there.
func (s *site) signOnCallback(w http.ResponseWriter, r *http.Request, _ visitor) error {
	cookie := lanyard.NewSecret(s.cookie(r, signOnCookie))
	signedIn, err := s.accounts.FinishSignOn(r.Context(), lanyard.OrganizationID(r.PathValue("organization")), r.URL.Query(), cookie, s.browser(r))
	if err != nil {
		return err
	}
	s.setCookie(w, signOnCookie, "", -1)
	return s.begin(w, r, signedIn)
}

// singleSignOnPage sets up the organization's sign-in provider.
type singleSignOnPage struct {
	frame
	form
	Set         bool // there is one
	PasswordOff bool
	CallbackURL string
	SignInURL   string
	Issuer      field
	ClientID    field
	Secret      field
	Domains     field
	RoleClaim   field
	Admins      field
	Members     field
	MayJoin     field
	Off         field
}

func (singleSignOnPage) template() string { return "single_sign_on" }

// signOnInput is what was typed.
type signOnInput struct {
	issuer, clientID, secret, domains, roleClaim, admins, members string
	mayJoin, passwordOff                                          bool
}

func typedSignOn(o *account.SignOnSettings) signOnInput {
	return signOnInput{
		issuer: o.Issuer, clientID: o.ClientID, domains: strings.Join(o.Domains, "\n"), roleClaim: o.RoleClaim,
		admins: strings.Join(o.AdminValues, "\n"), members: strings.Join(o.MemberValues, "\n"), mayJoin: o.MayJoin, passwordOff: o.PasswordOff,
	}
}

func (in *signOnInput) singleSignOn() lanyard.SingleSignOn {
	return lanyard.SingleSignOn{
		Issuer: in.issuer, ClientID: in.clientID, ClientSecret: lanyard.NewSecret(in.secret),
		Domains:   strings.FieldsFunc(in.domains, func(r rune) bool { return strings.ContainsRune(" ,;\t\r\n", r) }),
		RoleClaim: in.roleClaim, AdminValues: linesOf(in.admins), MemberValues: linesOf(in.members), MayJoin: in.mayJoin, PasswordOff: in.passwordOff,
	}
}

// linesOf gives the lines of a text that are not blank.
func linesOf(text string) []string {
	var list []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}

func newSingleSignOnPage(v visitor, o *account.SignOnSettings, in signOnInput, d *problem.Document) singleSignOnPage {
	p := singleSignOnPage{
		frame: newShellFrame(v, "Single sign-on", "/organization"), form: newForm(d, "Single sign-on is as it was"),
		Set: o.Version > 0, PasswordOff: o.PasswordOff, CallbackURL: o.CallbackURL, SignInURL: o.SignInURL,
	}
	if p.Failed {
		p.Title = "Error: " + p.Title
	}
	p.fields = slices.Clone(p.fields)
	for i := range p.fields { // one field holds all domains
		if strings.HasPrefix(p.fields[i].Pointer, "/domains/") {
			p.fields[i].Pointer = "/domains"
		}
	}
	on := map[bool]string{true: "on"}
	p.Issuer = p.field(field{ID: "issuer", Name: "issuer", Label: "Issuer", Value: in.issuer, Mono: true, Placeholder: "https://login.example.com",
		Help: "The provider’s address, as the provider spells it. All else is read from there when you save."}, "/issuer")
	p.ClientID = p.field(field{ID: "client-id", Name: "client_id", Label: "Client ID", Value: in.clientID, Mono: true}, "/client_id")
	p.Secret = p.field(field{ID: "client-secret", Name: "client_secret", Label: "Client secret", Type: "password", Autocomplete: "new-password", Mono: true, Optional: true,
		Help: "It is kept sealed and never shown again. Leave it empty for a client without one."}, "/client_secret")
	if !o.ClientSecret.IsZero() {
		p.Secret.Help = "Leave it empty to keep the one that is set. It is kept sealed and never shown again."
	}
	p.Domains = p.field(field{ID: "domains", Name: "domains", Label: "E-mail domains", Value: in.domains, Mono: true, Rows: 2,
		Help: "Whose addresses end so is sent to this provider. A domain belongs to one organization. Put each on a line of its own."}, "/domains")
	p.RoleClaim = p.field(field{ID: "role-claim", Name: "role_claim", Label: "Claim with roles or groups", Value: in.roleClaim, Mono: true, Optional: true, Placeholder: "groups",
		Help: "At each sign-in it says who is an admin and who is a member. Owners stay owners, and nobody becomes one by it. Left empty, roles are given here."}, "/role_claim")
	p.Admins = p.field(field{ID: "admin-values", Name: "admin_values", Label: "Values for admins", Value: in.admins, Mono: true, Rows: 2, Optional: true, Help: "One on a line."}, "/admin_values")
	p.Members = p.field(field{ID: "member-values", Name: "member_values", Label: "Values for members", Value: in.members, Mono: true, Rows: 2, Optional: true,
		Help: "One on a line. Left empty, everybody else is a member; otherwise whoever has none of the values is not let in."}, "/member_values")
	p.MayJoin = p.field(field{ID: "may-join", Name: "may_join", Label: "People who are not here yet may join", Type: "switch", Value: on[in.mayJoin],
		Help: "Whoever the provider signs in with an address of these domains is added, as a member unless the claim says more."}, "/may_join")
	p.Off = p.field(field{ID: "password-off", Name: "password_off", Label: "Sign-in by password is switched off", Type: "switch", Value: on[in.passwordOff],
		Help: "Passwords are not taken and cannot be reset. One-time links that are made on the machine go on working, for the day when the provider fails."}, "/password_off")
	if !o.MaySwitchOff && !o.PasswordOff && p.Off.Error == "" {
		p.Off.Value, p.Off.Frozen = "On", "To switch it off, save this, sign out, and sign in through the provider once. Then it is certain that you are not locked out."
		p.Off.Label = "Sign-in by password"
	}
	p.Secrets = p.Failed && in.secret != ""
	p.rest()
	return p
}

func (s *site) singleSignOn(w http.ResponseWriter, r *http.Request, v visitor) error {
	o, err := s.accounts.SingleSignOn(r.Context(), v.caller)
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newSingleSignOnPage(v, o, typedSignOn(o), nil))
}

func (s *site) setSingleSignOn(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	text := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	in := signOnInput{
		issuer: text("issuer"), clientID: text("client_id"), secret: text("client_secret"), domains: text("domains"), roleClaim: text("role_claim"),
		admins: text("admin_values"), members: text("member_values"), mayJoin: text("may_join") != "", passwordOff: text("password_off") != "",
	}
	set, err := s.accounts.SetSingleSignOn(r.Context(), v.caller, in.singleSignOn())
	if d := s.onForm(r, err); d != nil {
		before, err := s.accounts.SingleSignOn(r.Context(), v.caller)
		if err != nil {
			return err
		}
		return s.write(w, d.Status, newSingleSignOnPage(v, before, in, d))
	} else if err != nil {
		return err
	}
	words := "People with an address of your domains can sign in through the provider now. Try it in another browser before you rely on it."
	if set.PasswordOff {
		words = "People sign in through the provider only."
	}
	s.tell(w, newNotice("ok", "Single sign-on is saved", words))
	http.Redirect(w, r, "/organization/single-sign-on", http.StatusSeeOther)
	return nil
}

// deleteSingleSignOnPage asks before single sign-on ends.
type deleteSingleSignOnPage struct {
	frame
	Issuer      string
	PasswordOff bool
}

func (deleteSingleSignOnPage) template() string { return "delete_single_sign_on" }

func newDeleteSingleSignOnPage(v visitor, o *account.SignOnSettings) deleteSingleSignOnPage {
	return deleteSingleSignOnPage{newShellFrame(v, "End single sign-on", "/organization"), o.Issuer, o.PasswordOff}
}

func (s *site) deleteSingleSignOnForm(w http.ResponseWriter, r *http.Request, v visitor) error {
	o, err := s.accounts.SingleSignOn(r.Context(), v.caller)
	if err != nil {
		return err
	}
	if o.Version == 0 {
		return lanyard.Errorf(lanyard.CodeNotFound, "Single sign-on is not set up.")
	}
	return s.write(w, http.StatusOK, newDeleteSingleSignOnPage(v, o))
}

func (s *site) deleteSingleSignOn(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := s.accounts.DeleteSingleSignOn(r.Context(), v.caller); err != nil {
		return err
	}
	s.tell(w, newNotice("ok", "Single sign-on ended", "People sign in with their passwords. Whoever has none needs a link: an owner or admin can make one."))
	http.Redirect(w, r, "/organization/single-sign-on", http.StatusSeeOther)
	return nil
}
