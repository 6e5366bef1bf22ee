package definitions

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/account"
	"lanyard/internal/extension"
	"lanyard/internal/function"
	"lanyard/internal/registry"
	"lanyard/internal/store"
)

// Plan compares a document with what there is, and changes nothing. All its faults are reported at once, each at its
// pointer.
func (d *Definitions) Plan(ctx context.Context, c *lanyard.Caller, doc *Document) (*Plan, error) {
	p, err := d.plan(ctx, c, doc)
	if err != nil {
		return nil, err
	}
	return &p.Plan, nil
}

// change is one that was judged and is made with others.
type change interface {
	Make(context.Context, *store.Changes) error
}

// told is a change of which others hear after it was committed.
type told interface{ Made(context.Context) }

// making is a change that is one call.
type making func(context.Context, *store.Changes) error

func (m making) Make(ctx context.Context, changes *store.Changes) error { return m(ctx, changes) }

// planner compares a document with an organization.
type planner struct {
	Plan
	*Definitions
	c   *lanyard.Caller
	doc *Document

	users    []lanyard.User
	email    map[lanyard.UserID]string
	services map[lanyard.LinkName]*lanyard.Service // as they are to be
	coming   []lanyard.LinkName                    // connections that are to be made and that the caller may use

	changes []change
	locked  []lanyard.UserID // people who are changed
	drafts  []*account.KeyDraft
	faults  lanyard.FieldErrors
	seen    []string // what was compared, with its version
}

func (d *Definitions) plan(ctx context.Context, c *lanyard.Caller, doc *Document) (*planner, error) {
	if err := access.Definitions(c); err != nil {
		return nil, err
	}
	p := &planner{Definitions: d, c: c, doc: doc, services: map[lanyard.LinkName]*lanyard.Service{}}
	p.faults = doc.check(func(pointer string) string { return pointer })
	doc.eachSecret(func(at string, ref *SecretRef) {
		if ref.Env != "" || ref.File != "" {
			p.faults.Add(at, "a server reads neither its environment nor its files for a caller: send the secret as value, as the command line does")
		}
	})
	if err := p.faults.Err(); err != nil {
		return nil, err
	}
	var err error
	if p.users, p.email, err = d.people(ctx, c); err != nil {
		return nil, err
	}
	for _, part := range []func(context.Context) error{
		p.planServices, p.planClients, p.planConnections, p.planFunctions, p.planExtensions, p.planKeys, p.planRoles,
	} {
		if err := part(ctx); err != nil {
			return nil, err
		}
	}
	if err := p.faults.Err(); err != nil {
		return nil, err
	}
	return p, p.sign()
}

// sign makes the digest: the document, what was compared, and what follows from it. Secrets are not in it.
func (p *planner) sign() error {
	text, err := json.Marshal(struct {
		Document *Document
		Steps    []Step
		Seen     []string
	}{p.doc, p.Steps, p.seen})
	sum := sha256.Sum256(text)
	p.Digest = hex.EncodeToString(sum[:])
	return err
}

// fault notes what a caller can act on, at a pointer. Any other error comes back.
func (p *planner) fault(at string, err error) error {
	var e *lanyard.Error
	if !errors.As(err, &e) || e.Code == lanyard.CodeInternal {
		return err
	}
	if len(e.Fields) == 0 {
		p.faults.Add(at, "%s", e.Message)
	}
	for _, f := range e.Fields {
		p.faults.Add(at+f.Pointer, "%s", f.Detail)
	}
	return nil
}

func (p *planner) step(ch change, s Step) {
	p.Steps = append(p.Steps, s)
	p.changes = append(p.changes, ch)
}

func (p *planner) note(format string, args ...any) {
	p.Notes = append(p.Notes, fmt.Sprintf(format, args...))
}

func (p *planner) compared(kind, id string, version int64) {
	p.seen = append(p.seen, fmt.Sprintf("%s %s %d", kind, id, version))
}

// drifted notes what is there and not named.
func drifted[T any](p *planner, kind string, there []T, name func(*T) string, named func(string) bool) {
	for i := range there {
		if n := name(&there[i]); n != "" && !named(n) {
			p.Drift = append(p.Drift, Drift{kind, n})
		}
	}
}

// person finds somebody by e-mail address; nil when nobody here has it.
func (p *planner) person(email string) *lanyard.User {
	for i := range p.users {
		if email != "" && strings.EqualFold(p.users[i].Email, email) {
			return &p.users[i]
		}
	}
	return nil
}

// owner is whose a new thing becomes.
func (p *planner) owner(email, what string) lanyard.UserID {
	if u := p.person(email); u != nil {
		return u.ID
	}
	if email != "" {
		p.note("Nobody here has the address %s, so the %s becomes yours.", email, what)
	}
	return p.c.User
}

func (p *planner) called(id lanyard.UserID) string { return cmp.Or(p.email[id], string(id)) }

// absent tells not_found from other errors.
func absent(err error) bool { return lanyard.CodeOf(err) == lanyard.CodeNotFound }

func (p *planner) planServices(ctx context.Context) error {
	if p.doc.Services == nil {
		return nil
	}
	for i := range p.doc.Services {
		if err := p.planService(ctx, fmt.Sprintf("/services/%d", i), &p.doc.Services[i]); err != nil {
			return err
		}
	}
	there, err := p.customServices(ctx, p.c)
	if err != nil {
		return err
	}
	drifted(p, "service", there, func(s *store.ListedService) string {
		if s.Extension != "" {
			return ""
		}
		return string(s.LinkName)
	}, func(name string) bool {
		return slices.ContainsFunc(p.doc.Services, func(s Service) bool { return string(s.linkName()) == name })
	})
	return nil
}

func (p *planner) planService(ctx context.Context, at string, in *Service) error {
	written, err := lanyard.ParseService(in.Definition)
	if err != nil {
		return p.fault(at+"/definition", err)
	}
	if !written.Auth.Secret().IsZero() {
		p.faults.Add(at+"/definition"+written.Auth.SecretPointer(), "a secret does not stand in a definition: take it out, and give it as client_secret beside the definition")
		return nil
	}
	if in.ClientSecret != nil && written.Auth.SecretPointer() == "" {
		p.faults.Add(at+"/client_secret", "a service of the type %s has no client secret", written.Auth.Type)
		return nil
	}
	old, err := p.Store.Service(ctx, p.c.Organization, written.LinkName)
	if err != nil && !absent(err) {
		return err
	}
	if in.ClientSecret != nil && in.ClientSecret.Value.IsZero() && (old == nil || old.Auth.Secret().IsZero()) {
		p.faults.Add(at+"/client_secret", "this service needs its client secret, and none is given or stored")
		return nil
	}
	definition, err := withSecret(in, &written.Auth)
	if err != nil {
		return err
	}
	if old == nil {
		return p.createService(at, in, definition)
	}
	if old.Extension != "" {
		p.faults.Add(at, "the service %s came with an extension: it is changed by updating that", old.LinkName)
		return nil
	}
	ch, err := p.Registry.RedefineService(p.c, old, definition)
	if lanyard.CodeOf(err) == lanyard.CodeForbidden {
		p.faults.Add(at, "only the member who made the service %s may change it: %s", old.LinkName, p.called(old.Author))
		return nil
	} else if err != nil {
		return p.fault(at+"/definition", err)
	}
	p.services[ch.New.LinkName] = ch.New
	p.compared("service", string(old.ID), old.Version)
	if !ch.Changed {
		return nil
	}
	s := Step{Kind: "service", Name: string(old.LinkName), Action: Change, Words: serviceWords(old, ch.New, ch.Moves)}
	if !ch.Keep {
		if s.Ends, err = p.ends(ctx, old.ID, &s.Words); err != nil {
			return err
		}
	}
	p.step(ch, s)
	return nil
}

// withSecret puts the secret, where one is given, into the definition.
func withSecret(in *Service, a *lanyard.Auth) ([]byte, error) {
	if in.ClientSecret == nil || in.ClientSecret.Value.IsZero() {
		return in.Definition, nil
	}
	var all, auth map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(in.Definition, &all), json.Unmarshal(all["auth"], &auth)); err != nil {
		return nil, err
	}
	var err error
	if auth[strings.TrimPrefix(a.SecretPointer(), "/auth/")], err = json.Marshal(in.ClientSecret.Value.Reveal()); err != nil {
		return nil, err
	}
	if all["auth"], err = json.Marshal(auth); err != nil {
		return nil, err
	}
	return json.Marshal(all)
}

func (p *planner) createService(at string, in *Service, definition []byte) error {
	made, err := p.Registry.NewService(p.c, definition)
	if err != nil {
		return p.fault(at+"/definition", err)
	}
	made.Author = p.owner(in.Author, "service "+string(made.LinkName))
	p.services[made.LinkName] = made
	words := []string{fmt.Sprintf("Its name is %s, it is connected by %s, and credentials may go to %s.", made.Name, typeWords(made.Auth.Type), strings.Join(made.Hosts, ", "))}
	if made.Author != p.c.User {
		words = append(words, fmt.Sprintf("It is made for %s, who alone may change it.", p.called(made.Author)))
	}
	p.step(making(func(ctx context.Context, changes *store.Changes) error {
		return changes.CreateService(ctx, made, p.c.Audit(lanyard.ActionServiceCreate, string(made.ID), string(made.LinkName)))
	}), Step{Kind: "service", Name: string(made.LinkName), Action: Create, Words: words})
	return nil
}

// ends counts what changing a service revokes, and says it.
func (p *planner) ends(ctx context.Context, id lanyard.ServiceID, words *[]string) (int, error) {
	affected, err := p.Store.ServiceAffected(ctx, p.c.Organization, id)
	if err == nil && affected.Authorizations > 0 {
		*words = append(*words, fmt.Sprintf("It revokes %s of %s.", count(affected.Authorizations, "authorization", "authorizations"), count(affected.People, "person", "people")))
	}
	return affected.Authorizations, err
}

func (p *planner) planClients(ctx context.Context) error {
	if p.doc.OAuthClients == nil {
		return nil
	}
	for i := range p.doc.OAuthClients {
		in, at := &p.doc.OAuthClients[i], fmt.Sprintf("/oauth_clients/%d", i)
		given := registry.OAuthClientInput{ClientID: in.ClientID, Parameters: in.Parameters}
		if in.ClientSecret != nil && !in.ClientSecret.Value.IsZero() {
			given.ClientSecret = &in.ClientSecret.Value
		} else if in.ClientSecret == nil {
			given.ClientSecret = p.noSecret(ctx, in)
		}
		ch, err := p.Registry.ClientChange(ctx, p.c, string(in.Service), given)
		if err != nil {
			if err := p.fault(at, err); err != nil {
				return err
			}
			continue
		}
		p.compared("oauth_client", string(in.Service), ch.Before.Version)
		if !ch.Changed {
			continue
		}
		s := Step{Kind: "oauth_client", Name: string(in.Service), Action: Change, Words: clientWords(ch)}
		if ch.Before.Version == 0 {
			s.Action = Create
		}
		if !ch.Keep {
			if s.Ends, err = p.ends(ctx, ch.Service.ID, &s.Words); err != nil {
				return err
			}
		}
		p.step(ch, s)
	}
	there, err := p.Store.OAuthClients(ctx, p.c.Organization)
	if err != nil {
		return err
	}
	drifted(p, "oauth_client", there, func(c *store.ClientSet) string { return string(c.Service) }, func(name string) bool {
		return slices.ContainsFunc(p.doc.OAuthClients, func(c OAuthClient) bool { return string(c.Service) == name })
	})
	return nil
}

// noSecret is what a document means that names no secret: for a new client that it has none, else that the stored one stays.
func (p *planner) noSecret(ctx context.Context, in *OAuthClient) *lanyard.Secret {
	if set, err := p.Store.OAuthClient(ctx, p.c.Organization, in.Service); err == nil && set.ClientID == in.ClientID {
		return nil
	}
	// That of an extension's service stands in its row.
	if s, err := p.Store.Service(ctx, p.c.Organization, in.Service); err == nil && s.Extension != "" && s.Auth.ClientID() == in.ClientID {
		return nil
	}
	return &lanyard.Secret{}
}

func (p *planner) planConnections(ctx context.Context) error {
	if p.doc.Connections == nil {
		return nil
	}
	for i := range p.doc.Connections {
		if err := p.planConnection(ctx, fmt.Sprintf("/connections/%d", i), &p.doc.Connections[i]); err != nil {
			return err
		}
	}
	there, err := p.Store.ConnectionsByHand(ctx, p.c.Organization)
	if err != nil {
		return err
	}
	drifted(p, "connection", there, func(c *lanyard.Connection) string { return string(c.LinkName) }, func(name string) bool {
		return slices.ContainsFunc(p.doc.Connections, func(c Connection) bool { return string(c.LinkName) == name })
	})
	return nil
}

func (p *planner) planConnection(ctx context.Context, at string, in *Connection) error {
	s := p.services[in.Service]
	if s == nil {
		var err error
		if s, err = p.Services.Service(ctx, p.c.Organization, in.Service); absent(err) {
			p.faults.Add(at+"/service", "there is no service %s here or in this document", in.Service)
			return nil
		} else if err != nil {
			return err
		}
	}
	given := registry.ConnectionInput{
		Name: in.Name, LinkName: string(in.LinkName), Service: string(in.Service), Scopes: in.Scopes,
		UseLoginUserCredentials: in.UseLoginUserCredentials, UsableBy: cmp.Or(string(in.UsableBy), string(lanyard.UsableByOrganization)),
	}
	old, err := p.Store.Connection(ctx, p.c.Organization, in.LinkName)
	if absent(err) {
		return p.createConnection(at, in, s, given)
	} else if err != nil {
		return err
	}
	switch {
	case old.Origin != lanyard.OriginUser:
		p.faults.Add(at+"/link_name", "the connection %s was not made by hand: it can be revoked, but not changed", in.LinkName)
		return nil
	case old.Service == in.Service && old.ServiceID != s.ID:
		p.faults.Add(at+"/service", "the connection was made with another service of this link name, which was deleted: delete the connection first")
		return nil
	}
	ch, err := p.Registry.RedefineConnection(p.c, old, s, given)
	if code := lanyard.CodeOf(err); old.Owner != p.c.User && (code == lanyard.CodeForbidden || code == lanyard.CodeNotFound) {
		p.faults.Add(at, "only the owner of the connection %s may change it: %s", in.LinkName, p.called(old.Owner))
		return nil
	} else if err != nil {
		return p.fault(at, err)
	}
	p.compared("connection", string(old.ID), old.Version)
	if !ch.Changed {
		return nil
	}
	step := Step{Kind: "connection", Name: string(in.LinkName), Action: Change, Words: connectionWords(old, ch.New)}
	if ch.Erases != "" {
		connected, err := p.Store.Connected(ctx, p.c.Organization, old.ID, p.c.User)
		if err != nil {
			return err
		}
		step.Ends = connected.Others
		if connected.Own {
			step.Ends++
		}
		if step.Ends > 0 {
			step.Words = append(step.Words, fmt.Sprintf("It revokes %s: the accounts have to be connected again.", count(step.Ends, "authorization", "authorizations")))
		}
	}
	p.step(ch, step)
	return nil
}

func (p *planner) createConnection(at string, in *Connection, s *lanyard.Service, given registry.ConnectionInput) error {
	owner := p.owner(in.Owner, "connection "+string(in.LinkName))
	con, err := p.Registry.NewConnection(p.c, owner, s, given)
	if err != nil {
		return p.fault(at, err)
	}
	if owner == p.c.User || con.UsableBy == lanyard.UsableByOrganization {
		p.coming = append(p.coming, con.LinkName)
	}
	words := []string{fmt.Sprintf("Its name is %s, and it is one with %s. Nobody is connected yet.", con.Name, s.Name)}
	if owner != p.c.User {
		words = append(words, fmt.Sprintf("It belongs to %s.", p.called(owner)))
	}
	if con.UseLoginUserCredentials {
		words = append(words, "Each user connects an own account.")
	}
	p.step(making(func(ctx context.Context, changes *store.Changes) error {
		return changes.CreateConnection(ctx, con, p.c.Audit(lanyard.ActionConnectionCreate, string(con.ID), string(con.LinkName)))
	}), Step{Kind: "connection", Name: string(con.LinkName), Action: Create, Words: words})
	return nil
}

func (p *planner) planFunctions(ctx context.Context) error {
	if p.doc.Functions == nil {
		return nil
	}
	for i := range p.doc.Functions {
		if err := p.planFunction(ctx, fmt.Sprintf("/functions/%d", i), &p.doc.Functions[i]); err != nil {
			return err
		}
	}
	there, err := p.savedFunctions(ctx, p.c)
	if err != nil {
		return err
	}
	drifted(p, "function", there, func(f *lanyard.Function) string {
		if f.Extension != "" {
			return ""
		}
		return string(f.LinkName)
	}, func(name string) bool {
		return slices.ContainsFunc(p.doc.Functions, func(f Function) bool { return string(f.LinkName) == name })
	})
	return nil
}

func (p *planner) planFunction(ctx context.Context, at string, in *Function) error {
	schedule := lanyard.Schedule{}
	if in.Schedule != nil {
		schedule = *in.Schedule
	}
	old, err := p.Store.Function(ctx, p.c.Organization, in.LinkName)
	if err != nil && !absent(err) {
		return err
	}
	var draft *function.Draft
	step := Step{Kind: "function", Name: string(in.LinkName), Action: Change}
	switch {
	case old == nil:
		step.Action = Create
		draft, err = p.Functions.Draft(ctx, p.c, function.Input{LinkName: string(in.LinkName), Name: in.Name, Script: in.Script, Schedule: schedule})
	case old.Extension != "":
		p.faults.Add(at+"/link_name", "the function %s came with an extension: it is changed by updating that", old.LinkName)
		return nil
	default:
		p.compared("function", string(old.ID), old.Version)
		draft, err = p.Functions.DraftEdit(ctx, p.c, old, function.Edit{Name: &in.Name, Script: &in.Script, Schedule: &schedule})
	}
	if err != nil {
		return p.fault(at, err)
	}
	if old != nil && len(draft.Changed) == 0 {
		return nil
	}
	step.Words = functionWords(old, draft.Function, draft.Changed)
	p.step(draft, step)
	return nil
}

// planExtensions compares what is installed. Installing and updating are steps of somebody who reviewed the package.
func (p *planner) planExtensions(ctx context.Context) error {
	if p.doc.Extensions == nil {
		return nil
	}
	there, err := p.Extensions.List(ctx, p.c)
	if err != nil {
		return err
	}
	for i := range p.doc.Extensions {
		in := &p.doc.Extensions[i]
		at := fmt.Sprintf("/extensions/%d", i)
		n := slices.IndexFunc(there, func(x extension.Installed) bool { return x.Name == in.Name })
		switch {
		case n < 0:
			p.faults.Add(at, "the extension %s %s is not installed: review and install it first (lanyard extension install)", in.Name, in.Version)
		case in.Digest != "" && there[n].Digest != in.Digest || there[n].Version != in.Version:
			p.faults.Add(at, "version %s of the extension %s is installed, and this is another package of version %s: review and update it first (lanyard extension update)", there[n].Version, in.Name, in.Version)
		case cmp.Or(in.WhenGone, lanyard.WhenGoneKeep) != there[n].WhenGone:
			p.note("The extension %s: what becomes of it when its publisher is gone is set by hand, and is another one here.", in.Name)
		}
	}
	drifted(p, "extension", there, func(x *extension.Installed) string { return string(x.Name) }, func(name string) bool {
		return slices.ContainsFunc(p.doc.Extensions, func(x Extension) bool { return string(x.Name) == name })
	})
	return nil
}

func (p *planner) planKeys(ctx context.Context) error {
	if p.doc.APIKeys == nil {
		return nil
	}
	there, err := p.liveKeys(ctx, p.c, p.email)
	if err != nil {
		return err
	}
	named := map[string]bool{}
	for i := range p.doc.APIKeys {
		in := &p.doc.APIKeys[i]
		owner := p.person(in.Owner)
		if in.Owner != "" && owner == nil {
			p.note("API key %s: nobody here has the address %s.", in.Name, in.Owner)
			continue
		}
		id := p.c.User
		if owner != nil {
			id = owner.ID
		}
		named[string(id)+" "+in.Name] = true
		var same []lanyard.APIKey
		for _, k := range there {
			if k.UserID == id && k.Name == in.Name {
				same = append(same, k)
			}
		}
		if err := p.planKey(ctx, fmt.Sprintf("/api_keys/%d", i), in, id, same); err != nil {
			return err
		}
	}
	for i := range there {
		if k := &there[i]; !named[string(k.UserID)+" "+k.Name] {
			p.Drift = append(p.Drift, Drift{"api_key", k.Name + " of " + p.called(k.UserID)})
		}
	}
	return nil
}

func (p *planner) planKey(ctx context.Context, at string, in *APIKey, owner lanyard.UserID, same []lanyard.APIKey) error {
	if len(same) > 1 {
		p.faults.Add(at+"/name", "%s has %d keys named %s: delete all but one first", p.called(owner), len(same), in.Name)
		return nil
	}
	if len(same) == 1 && sameRights(&same[0], in) {
		return nil
	}
	if owner != p.c.User {
		what := "has other rights here"
		if len(same) == 0 {
			what = "is not there"
		}
		p.note("API key %s of %s %s: only its owner can change that.", in.Name, p.called(owner), what)
		return nil
	}
	given := account.NewKey{Name: in.Name, ActForUsers: in.ActForUsers, Manage: &in.Manage, ReturnToOrigins: in.ReturnToOrigins}
	for _, name := range in.Connections {
		given.Connections = append(given.Connections, string(name))
	}
	if len(same) == 0 {
		draft, err := p.Accounts.DraftKey(ctx, p.c, given, p.coming)
		if err != nil {
			return p.fault(at, err)
		}
		p.drafts = append(p.drafts, draft)
		p.step(draft, Step{Kind: "api_key", Name: in.Name, Action: Create, Words: keyWords(draft.Key.Rights)})
		return nil
	}
	ch, err := p.Accounts.DraftRights(ctx, p.c, &same[0], given, p.coming)
	if err != nil {
		return p.fault(at, err)
	}
	p.compared("api_key", string(ch.Key.ID), 0)
	p.step(ch, Step{Kind: "api_key", Name: in.Name, Action: Change, Words: keyWords(ch.KeyRights)})
	return nil
}

func sameRights(k *lanyard.APIKey, in *APIKey) bool {
	r := k.Rights
	return r.Manage == in.Manage && r.ActForUsers == in.ActForUsers &&
		slices.Equal(r.Connections, in.Connections) && slices.Equal(r.ReturnToOrigins, in.ReturnToOrigins)
}

func (p *planner) planRoles(context.Context) error {
	if p.doc.Roles == nil {
		return nil
	}
	var changes []*account.RoleChange
	owners := 0
	roles := map[lanyard.UserID]lanyard.Role{}
	for i := range p.doc.Roles {
		in, at := &p.doc.Roles[i], fmt.Sprintf("/roles/%d", i)
		u := p.person(in.Email)
		if u == nil {
			p.faults.Add(at+"/email", "nobody here has this address: invite them first")
			continue
		}
		roles[u.ID] = in.Role
		if u.Role == in.Role {
			continue
		}
		ch, err := p.Accounts.DraftRole(p.c, u, in.Role)
		if err != nil {
			if err := p.fault(at, err); err != nil {
				return err
			}
			continue
		}
		changes = append(changes, ch)
	}
	for i := range p.users {
		if u := &p.users[i]; !u.Disabled && cmp.Or(roles[u.ID], u.Role) == lanyard.RoleOwner {
			owners++
		}
	}
	if owners == 0 && len(changes) > 0 {
		p.faults.Add("/roles", "no owner who can sign in would be left: make somebody an owner")
	}
	// Who becomes an owner comes first, so that there is always one.
	slices.SortStableFunc(changes, func(a, b *account.RoleChange) int {
		return cmp.Compare(last(a.After.Role), last(b.After.Role))
	})
	for _, ch := range changes {
		p.locked = append(p.locked, ch.Before.ID)
		p.step(ch, Step{Kind: "role", Name: ch.Before.Email, Action: Change, Words: []string{
			fmt.Sprintf("The role becomes %s; it was %s. Whoever is signed in has to sign in again.", ch.After.Role, ch.Before.Role),
		}})
	}
	drifted(p, "role", p.users, func(u *lanyard.User) string {
		if u.Disabled {
			return ""
		}
		return u.Email
	}, func(email string) bool {
		return slices.ContainsFunc(p.doc.Roles, func(r Role) bool { return strings.EqualFold(r.Email, email) })
	})
	return nil
}

func last(r lanyard.Role) int {
	if r == lanyard.RoleOwner {
		return 0
	}
	return 1
}
