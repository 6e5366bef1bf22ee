package extension

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"lanyard"
	"lanyard/internal/function"
	"lanyard/internal/store"
)

// plan is how an organization gets a package in the place of the one that it has, or of none; or none in the place of one.
// It is made of what was read, changes nothing, and is carried out as a whole or not at all.
type plan struct {
	x     *Extensions
	audit func(action lanyard.Action, object, name string) lanyard.AuditEntry

	installed *lanyard.Extension // what there is; nil: nothing
	before    *Package           // of that
	extension *lanyard.Extension // what is to be; the one that there is, where that ends
	last      bool               // it ends
	ifGone    bool               // only if the publisher does not offer it at that moment either

	services    []serviceStep
	connections []connectionStep
	functions   []functionStep
	obstacles   []string
	reach       int // authorizations that end, as far as they were counted
}

// In a step, what has no old is made, and what has no new is deleted.
type (
	serviceStep struct {
		old, new *lanyard.Service
		keep     bool // nothing moves, so its connections stay connected
	}
	connectionStep struct {
		old, new *lanyard.Connection
		service  *lanyard.Service // of the old one, to tell its provider; nil: that is gone
		erase    string           // why it has to be connected again; empty: it has not
	}
	functionStep struct{ old, new *lanyard.Function }
)

// plan plans to put a package in the place of what the caller's organization has under its name.
func (x *Extensions) plan(ctx context.Context, c *lanyard.Caller, pkg *found) (*plan, error) {
	p := &plan{x: x, audit: c.Audit}
	installed, err := x.Store.Extension(ctx, c.Organization, pkg.Name)
	if err != nil && lanyard.CodeOf(err) != lanyard.CodeNotFound {
		return nil, err
	}
	p.extension = &lanyard.Extension{ID: lanyard.NewExtensionID(), OrganizationID: c.Organization, Name: pkg.Name, Publisher: pkg.publisher, InstalledBy: c.User}
	var brought store.Brought
	if installed != nil {
		p.installed = installed
		if p.before, err = Stored(installed.Package); err != nil {
			return nil, fmt.Errorf("read the package of extension %s: %w", installed.ID, err)
		}
		now := *installed
		p.extension = &now
		if brought, err = x.Store.Brought(ctx, c.Organization, installed.ID); err != nil {
			return nil, err
		}
		if installed.Publisher != pkg.publisher {
			p.obstacle("%s", otherOrigin(installed))
		}
		if now.InstalledBy, err = x.owner(ctx, c, installed); err != nil {
			return nil, err
		}
	}
	e := p.extension
	e.Title, e.Version, e.PublisherName, e.Digest, e.Package = pkg.Title, pkg.Version, pkg.Manifest.Publisher, pkg.Digest, pkg.Packed
	if err := p.names(ctx, pkg.Package); err != nil {
		return nil, err
	}
	tasks, err := x.Services.Tasks(ctx, c.Organization)
	if err != nil {
		return nil, err
	}
	p.obstacles = append(p.obstacles, tasks.Taken(e.ID, pkg.Entries)...)
	services := p.planServices(pkg.Package, brought.Services)
	if err := p.planConnections(ctx, pkg.Package, services, brought.Connections); err != nil {
		return nil, err
	}
	return p, p.planFunctions(ctx, c, pkg.Package, brought.Functions)
}

// ending plans that an extension ends.
func (x *Extensions) ending(ctx context.Context, e *lanyard.Extension, audit func(lanyard.Action, string, string) lanyard.AuditEntry) (*plan, error) {
	p := &plan{x: x, audit: audit, installed: e, extension: e, last: true}
	brought, err := x.Store.Brought(ctx, e.OrganizationID, e.ID)
	if err != nil {
		return nil, err
	}
	p.planServices(&Package{}, brought.Services)
	if err := p.planConnections(ctx, &Package{}, nil, brought.Connections); err != nil {
		return nil, err
	}
	for i := range brought.Functions {
		p.functions = append(p.functions, functionStep{old: &brought.Functions[i]})
	}
	return p, nil
}

// owner is who has what an update adds: whoever has the rest, while that person is there.
func (x *Extensions) owner(ctx context.Context, c *lanyard.Caller, e *lanyard.Extension) (lanyard.UserID, error) {
	_, err := x.Store.User(ctx, c.Organization, e.InstalledBy)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return c.User, nil
	}
	return e.InstalledBy, err
}

func otherOrigin(e *lanyard.Extension) string {
	if e.Publisher == "" {
		return fmt.Sprintf("An extension %s is installed already, from a file: update it from a file, or uninstall it first.", e.Name)
	}
	return fmt.Sprintf("An extension %s of another publisher is installed already: uninstall that first.", e.Name)
}

func (p *plan) obstacle(format string, args ...any) {
	p.obstacles = append(p.obstacles, fmt.Sprintf(format, args...))
}

// faults makes each fault of something an obstacle, and reports an error that is none.
func (p *plan) faults(what string, err error) {
	var e *lanyard.Error
	switch {
	case err == nil:
	case errors.As(err, &e) && len(e.Fields) > 0:
		for _, f := range e.Fields {
			p.obstacle("%s, %s: %s.", what, strings.TrimPrefix(f.Pointer, "/"), f.Detail)
		}
	default:
		p.obstacle("%s: %v", what, err)
	}
}

// names looks whether the package's link names, and the places in the organization, are free.
func (p *plan) names(ctx context.Context, pkg *Package) error {
	x, e := p.x, p.extension
	custom := pkg.CustomServices()
	want := store.TakenNames{
		Services:    make([]lanyard.LinkName, len(custom)),
		Connections: names(pkg.Connections, func(c *Connection) lanyard.LinkName { return c.LinkName }),
		Functions:   names(pkg.Scripts, func(s *Script) lanyard.LinkName { return s.LinkName }),
	}
	for i, s := range custom {
		want.Services[i] = s.LinkName
	}
	taken, err := x.Store.NotOf(ctx, e.OrganizationID, e.ID, want)
	if err != nil {
		return err
	}
	for _, name := range taken.Services {
		p.obstacle("There is a custom service with the link name %s already: delete it first, if it is not needed.", name)
	}
	for _, name := range want.Services {
		if x.Services.Catalog().Has(name) {
			p.obstacle("There is a default service with the link name %s.", name)
		}
	}
	for _, name := range taken.Connections {
		p.obstacle("There is a connection with the link name %s already: delete it first, if it is not needed.", name)
	}
	for _, name := range want.Connections {
		if x.Services.KeptForInternal(name) {
			p.obstacle("The link name %s is kept for a connection that Lanyard makes for integration tasks.", name)
		}
	}
	for _, name := range taken.Functions {
		p.obstacle("There is a function with the link name %s already: delete it first, if it is not needed.", name)
	}
	if p.installed == nil {
		list, err := x.Store.Extensions(ctx, e.OrganizationID)
		if err != nil {
			return err
		}
		if len(list) >= mostExtensions {
			p.obstacle("An organization has at most %d extensions: uninstall one that is not needed any more.", mostExtensions)
		}
	}
	return nil
}

// planServices compares services by link name, and gives those that the organization will have.
func (p *plan) planServices(pkg *Package, brought []lanyard.Service) map[lanyard.LinkName]*lanyard.Service {
	will := map[lanyard.LinkName]*lanyard.Service{}
	for _, s := range pkg.CustomServices() {
		own := *s
		s = &own
		s.OrganizationID, s.Author, s.Extension, s.ExtensionName = p.extension.OrganizationID, p.extension.InstalledBy, p.extension.ID, p.extension.Name
		step := serviceStep{new: s}
		if i := slices.IndexFunc(brought, func(old lanyard.Service) bool { return old.LinkName == s.LinkName }); i >= 0 {
			step = p.serviceEdit(&brought[i], s)
		} else {
			s.ID = lanyard.NewServiceID()
		}
		if step.new == nil { // as it was
			will[s.LinkName] = step.old
			continue
		}
		p.faults("The service "+string(s.LinkName), step.new.Validate())
		if len(step.new.TokenHostParameters()) > 0 && step.new.NeedsClient() {
			p.obstacle("Who connects with the service %s chooses the host that your OAuth client's secret would be sent to, so it cannot come with an extension.", s.LinkName)
		}
		will[s.LinkName] = step.new
		p.services = append(p.services, step)
	}
	for i := range brought {
		if will[brought[i].LinkName] == nil {
			p.services = append(p.services, serviceStep{old: &brought[i]})
		}
	}
	return will
}

// serviceEdit judges what another version makes of a service, as an edit by hand is judged. The client that was set here
// stays, unless its secret could then be sent where it was not.
func (p *plan) serviceEdit(old, s *lanyard.Service) serviceStep {
	s.ID, s.Author, s.CreatedAt = old.ID, old.Author, old.CreatedAt
	s = s.WithClient(old.Auth.ClientID(), old.Auth.Secret())
	edit, err := lanyard.CheckEdit(old, s)
	p.faults("The service "+string(s.LinkName)+" cannot become what it is in this version", err)
	if err == nil && !edit.Changed {
		return serviceStep{old: old}
	}
	if secretMoves(old, edit.Moves) {
		s = s.WithClient("", lanyard.Secret{})
	}
	return serviceStep{old: old, new: s, keep: len(edit.Moves) == 0}
}

// secretMoves reports whether an edit that moves these fields could lead the secret of the service's client elsewhere.
func secretMoves(s *lanyard.Service, moves []string) bool {
	if s.Auth.OAuth1 != nil {
		return len(moves) > 0 // a PLAINTEXT signature holds it (RFC 5849 §3.4.4), in every call
	}
	return slices.ContainsFunc(moves, func(pointer string) bool {
		switch pointer {
		case "/auth/access_token_url", "/auth/refresh_token_url", "/auth/revoke_token_url", "/dynamic_parameters":
			return true
		}
		return false
	})
}

// planConnections compares connections by link name and service.
func (p *plan) planConnections(ctx context.Context, pkg *Package, services map[lanyard.LinkName]*lanyard.Service, brought []lanyard.Connection) error {
	stays := map[lanyard.ConnectionID]bool{}
	for _, in := range pkg.Connections {
		s, err := p.serviceOf(ctx, &in, services)
		if err != nil {
			return err
		}
		if s == nil {
			continue // an obstacle
		}
		con := &lanyard.Connection{
			OrganizationID: p.extension.OrganizationID, LinkName: in.LinkName, Name: in.Name, Service: s.LinkName, ServiceID: s.ID, Scopes: in.Scopes,
			UseLoginUserCredentials: in.UseLoginUserCredentials, Origin: lanyard.OriginExtension, Extension: p.extension.ID, ExtensionName: p.extension.Name,
			Owner: p.extension.InstalledBy, UsableBy: lanyard.UsableByOrganization,
		}
		p.faults("The connection "+string(con.LinkName), con.Validate(s))
		step := connectionStep{new: con}
		if i := slices.IndexFunc(brought, func(old lanyard.Connection) bool { return old.LinkName == in.LinkName && old.ServiceID == s.ID }); i >= 0 {
			old := &brought[i]
			stays[old.ID] = true
			con.ID, con.Owner, con.CreatedAt = old.ID, old.Owner, old.CreatedAt
			if old.Name == con.Name && slices.Equal(old.Scopes, con.Scopes) && old.UseLoginUserCredentials == con.UseLoginUserCredentials {
				continue
			}
			step = connectionStep{old: old, new: con, erase: whyAnew(old, con, p.extension)}
		}
		p.connections = append(p.connections, step)
	}
	for i := range brought {
		if !stays[brought[i].ID] {
			p.connections = append(p.connections, connectionStep{old: &brought[i]})
		}
	}
	for i := range p.connections {
		step := &p.connections[i]
		if step.old == nil {
			continue
		}
		var err error
		if step.service, err = p.x.Services.Of(ctx, step.old); err != nil && lanyard.CodeOf(err) != lanyard.CodeNotFound {
			return err
		}
	}
	return nil
}

// serviceOf is the service that a connection of the package is made with; nil with an obstacle.
func (p *plan) serviceOf(ctx context.Context, in *Connection, services map[lanyard.LinkName]*lanyard.Service) (*lanyard.Service, error) {
	if s := services[in.Service]; s != nil {
		return s, nil
	}
	s, err := p.x.Services.Service(ctx, p.extension.OrganizationID, in.Service)
	switch {
	case lanyard.CodeOf(err) == lanyard.CodeNotFound:
		p.obstacle("The connection %s needs the service %s, which this Lanyard does not have.", in.LinkName, in.Service)
		return nil, nil //nolint:nilnil // an obstacle, and no fault
	case err != nil:
		return nil, err
	case s.Kind != lanyard.KindDefault:
		p.obstacle("The connection %s is meant for the default service %s, and here a custom service has that link name.", in.LinkName, in.Service)
		return nil, nil //nolint:nilnil // as above
	}
	return s, nil
}

// whyAnew is why a connection has to be connected again when it changes so; empty where it has not.
func whyAnew(old, con *lanyard.Connection, e *lanyard.Extension) string {
	switch {
	case old.UseLoginUserCredentials != con.UseLoginUserCredentials:
		return fmt.Sprintf("Version %s of the extension %s changes whose account this connection uses.", e.Version, e.Name)
	case slices.ContainsFunc(con.Scopes, func(scope string) bool { return !slices.Contains(old.Scopes, scope) }):
		return fmt.Sprintf("Version %s of the extension %s adds scopes to the connection: consent is needed again.", e.Version, e.Name)
	}
	return ""
}

// planFunctions compares functions by link name. Who accepts a script answers for it: where nobody asks, it acts as the
// caller.
func (p *plan) planFunctions(ctx context.Context, c *lanyard.Caller, pkg *Package, brought []lanyard.Function) error {
	stays := map[lanyard.FunctionID]bool{}
	for _, in := range pkg.Scripts {
		fn := &lanyard.Function{
			OrganizationID: c.Organization, LinkName: in.LinkName, Author: p.extension.InstalledBy, SavedBy: c.User,
			Extension: p.extension.ID, ExtensionName: p.extension.Name,
		}
		step := functionStep{new: fn}
		if i := slices.IndexFunc(brought, func(old lanyard.Function) bool { return old.LinkName == in.LinkName }); i >= 0 {
			step.old = &brought[i]
			*fn = brought[i]
			stays[fn.ID] = true
		}
		fn.Name = in.Name
		if step.old == nil || step.old.Script != in.Source {
			said, err := p.x.Functions.Bring(ctx, fn, in.Source, pkg.Entries)
			if err != nil {
				return err
			}
			p.obstacles = append(p.obstacles, said...)
		}
		if step.old != nil && step.old.Script != in.Source {
			fn.Version, fn.SavedBy = step.old.Version+1, c.User
		}
		if step.old == nil || fn.Name != step.old.Name || fn.Version != step.old.Version {
			p.functions = append(p.functions, step)
		}
	}
	for i := range brought {
		if !stays[brought[i].ID] {
			p.functions = append(p.functions, functionStep{old: &brought[i]})
		}
	}
	more := 0
	for _, step := range p.functions {
		switch {
		case step.old == nil:
			more++
		case step.new == nil:
			more--
		}
	}
	n, err := p.x.Store.CountFunctions(ctx, c.Organization)
	if err == nil && more > 0 && n+more > function.Most {
		p.obstacle("An organization has at most %d functions: there are %d, and this adds %d.", function.Most, n, more)
	}
	return err
}

// ends counts what carrying the plan out would end.
func (p *plan) ends(ctx context.Context) (Ends, error) {
	var e Ends
	var moved, gone []lanyard.ServiceID
	for _, s := range p.services {
		if s.old == nil || s.keep {
			continue
		}
		moved = append(moved, s.old.ID)
		if s.new == nil {
			gone = append(gone, s.old.ID)
			e.Services = append(e.Services, s.old.LinkName)
		}
	}
	var connections []lanyard.ConnectionID
	var anew []lanyard.LinkName
	for _, c := range p.connections {
		if c.old != nil && (c.new == nil || c.erase != "") {
			connections = append(connections, c.old.ID)
		}
		if c.old != nil && c.new == nil {
			anew = append(anew, c.old.LinkName)
		}
	}
	for _, f := range p.functions {
		if f.new == nil {
			e.Functions = append(e.Functions, f.old.LinkName)
		}
	}
	org := p.extension.OrganizationID
	reach, err := p.x.Store.ReachOf(ctx, org, moved, connections)
	if err != nil {
		return Ends{}, err
	}
	anew = append(anew, reach.Connected...)
	slices.Sort(anew)
	e.Authorizations, e.People, e.Connections, p.reach = reach.Authorizations, reach.People, len(slices.Compact(anew)), reach.Authorizations
	e.Others, err = p.x.Store.MadeWith(ctx, org, gone)
	return e, err
}

// erasure is what was erased of one service, whose provider is told by the definition that it was granted under.
type erasure struct {
	service *lanyard.Service
	erased  []store.RevokedAuthorization
}

// carryOut does all of it in one transaction, and then has the providers told of what was erased. Conflict with an
// obstacle, and when something of it was changed meanwhile.
func (p *plan) carryOut(ctx context.Context, action lanyard.Action) error {
	if len(p.obstacles) > 0 {
		return lanyard.Errorf(lanyard.CodeConflict, "%s Nothing was changed.", strings.Join(p.obstacles, " "))
	}
	var erasures []erasure
	err := p.x.Store.Together(ctx, func(c *store.Changes) error {
		// First the extension itself: whoever is second finds it changed, before anything of it is.
		if err := p.carryOutExtension(ctx, c, p.entryOf(action)); err != nil {
			return err
		}
		var err error
		erasures, err = p.carryOutRest(ctx, c)
		return err
	})
	if err != nil {
		return err
	}
	p.extension.Package = nil
	for _, e := range erasures {
		if e.service != nil {
			p.x.Revoker.Erased(ctx, e.service, e.erased)
		}
	}
	return nil
}

func (p *plan) carryOutExtension(ctx context.Context, c *store.Changes, entry lanyard.AuditEntry) error {
	switch {
	case p.last:
		return c.DeleteExtension(ctx, p.extension, p.ifGone, entry)
	case p.installed == nil:
		return c.CreateExtension(ctx, p.extension, mostExtensions, entry)
	}
	return c.UpdateExtension(ctx, p.installed.Revision, p.extension, entry)
}

// carryOutRest deletes first, so that names get free, and each credential is erased with what it belongs to.
func (p *plan) carryOutRest(ctx context.Context, c *store.Changes) (all []erasure, err error) {
	org := p.extension.OrganizationID
	erased := func(s *lanyard.Service, list []store.RevokedAuthorization) {
		if len(list) > 0 {
			all = append(all, erasure{s, list})
		}
	}
	var list []store.RevokedAuthorization
	for _, f := range p.functions {
		if f.new == nil {
			if err := c.DeleteFunction(ctx, org, f.old.ID, p.entry(lanyard.ActionFunctionDelete, string(f.old.ID), f.old.LinkName)); err != nil {
				return nil, err
			}
		}
	}
	for _, s := range p.connections {
		if s.new == nil {
			if list, err = c.DeleteConnection(ctx, org, s.old.ID, p.entry(lanyard.ActionConnectionDelete, string(s.old.ID), s.old.LinkName)); err != nil {
				return nil, err
			}
			erased(s.service, list)
		}
	}
	for _, s := range p.services {
		if s.new == nil {
			if list, err = c.DeleteService(ctx, org, s.old.ID, p.entry(lanyard.ActionServiceDelete, string(s.old.ID), s.old.LinkName)); err != nil {
				return nil, err
			}
			erased(s.old, list)
		}
	}
	for _, s := range p.services {
		switch {
		case s.new == nil:
		case s.old == nil:
			err = c.CreateService(ctx, s.new, p.entry(lanyard.ActionServiceCreate, string(s.new.ID), s.new.LinkName))
		default:
			reason := fmt.Sprintf("Version %s of the extension %s changes the service %s, so its connections have to be connected again.", p.extension.Version, p.extension.Name, s.new.Name)
			list, err = c.UpdateService(ctx, s.old.Version, s.new, s.keep, reason, p.entry(lanyard.ActionServiceEdit, string(s.old.ID), s.old.LinkName))
			erased(s.old, list)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, s := range p.connections {
		switch {
		case s.new == nil:
		case s.old == nil:
			s.new.ID = lanyard.NewConnectionID()
			err = c.CreateConnection(ctx, s.new, p.entry(lanyard.ActionConnectionCreate, string(s.new.ID), s.new.LinkName))
		default:
			list, err = c.UpdateConnection(ctx, s.old.Version, s.new, s.erase != "", s.erase, p.entry(lanyard.ActionConnectionEdit, string(s.old.ID), s.old.LinkName))
			erased(s.service, list)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, f := range p.functions {
		switch {
		case f.new == nil:
		case f.old == nil:
			err = c.CreateFunction(ctx, f.new, function.Most, p.entry(lanyard.ActionFunctionCreate, "", f.new.LinkName))
		default:
			err = c.UpdateFunction(ctx, f.old.Version, f.new, p.entry(lanyard.ActionFunctionEdit, string(f.old.ID), f.old.LinkName))
		}
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// entry is the audit entry for one thing of the extension.
func (p *plan) entry(action lanyard.Action, id string, name lanyard.LinkName) lanyard.AuditEntry {
	e := p.audit(action, id, string(name))
	e.Detail = map[string]string{"extension": string(p.extension.Name)}
	return e
}
