package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/catalog"
	"lanyard/internal/store"
)

// ServiceView is a service as a member of its organization sees it.
type ServiceView struct {
	*lanyard.Service
	CallbackURL       string
	SecretSet         bool
	SecretFingerprint string // tells secrets apart without showing one; only on single reads
	Editable          bool   // by this caller
	store.ServiceUse         // all zero for a default service
	// Affected is what an edit, the deletion or another OAuth client would revoke; for whoever may do that, on single reads.
	Affected *store.Affected
	// Entry and Way are where a default service stands in the catalogue; nil for a custom one.
	Entry    *catalog.Entry
	Way      *catalog.Way
	Standing Standing // of a default service
	// ClientValues came with the OAuth client; for whoever may set it, on single reads.
	ClientValues map[string]string
}

func (r *Registry) view(ctx context.Context, c *lanyard.Caller, s *lanyard.Service) (*ServiceView, error) {
	v := r.listed(c, s)
	secret := s.Auth.Secret()
	v.SecretSet, v.SecretFingerprint = !secret.IsZero(), secret.Fingerprint(string(c.Organization))
	var err error
	if s.Kind == lanyard.KindCustom {
		use, err := r.store.ServiceUse(ctx, c.Organization, s.ID)
		if err != nil {
			return nil, err
		}
		v.ServiceUse = *use
	} else if v.Way != nil {
		verified, err := r.store.Verified(ctx)
		if err != nil {
			return nil, err
		}
		v.Standing = newStanding(verified, s)
		if v.ClientValues, err = r.clientValues(ctx, c, v.Way.Service()); err != nil {
			return nil, err
		}
	}
	v.Affected, err = r.affected(ctx, c, v)
	return v, err
}

func (r *Registry) listed(c *lanyard.Caller, s *lanyard.Service) *ServiceView {
	v := &ServiceView{
		Service: s, CallbackURL: CallbackURL(r.publicURL, c.Organization, s.LinkName),
		SecretSet: s.SecretSet || !s.Auth.Secret().IsZero(), Editable: access.EditService(c, s) == nil,
	}
	if s.Kind == lanyard.KindDefault {
		if v.Entry, v.Way = r.services.Catalog().Find(s.LinkName); v.Entry == nil { // it left the catalogue just now
			v.Entry, v.Way = catalog.Only(s)
		}
	}
	return v
}

// CreateService defines a custom service. The definition is the JSON of the API.
func (r *Registry) CreateService(ctx context.Context, c *lanyard.Caller, definition []byte) (*ServiceView, error) {
	s, err := r.NewService(c, definition)
	if err != nil {
		return nil, err
	}
	if err := r.store.CreateService(ctx, s, c.Audit(lanyard.ActionServiceCreate, string(s.ID), string(s.LinkName))); err != nil {
		return nil, err
	}
	return r.view(ctx, c, s)
}

// NewService reads and checks the definition of a new service, of which the caller is the author. It is not stored yet.
func (r *Registry) NewService(c *lanyard.Caller, definition []byte) (*lanyard.Service, error) {
	if err := access.ManageAll(c); err != nil {
		return nil, err
	}
	s, err := lanyard.ParseService(definition)
	if err != nil {
		return nil, err
	}
	if s.Kind != "" && s.Kind != lanyard.KindCustom {
		return nil, &lanyard.Error{Code: lanyard.CodeInvalidRequest, Message: "The request is not valid; nothing was changed.",
			Fields: []lanyard.FieldError{{Pointer: "/kind", Detail: "a service made here is custom"}}}
	}
	if r.services.Catalog().Has(s.LinkName) {
		return nil, &lanyard.Error{Code: lanyard.CodeConflict, Message: fmt.Sprintf("There is a default service with the link name %s.", s.LinkName),
			Fields: []lanyard.FieldError{{Pointer: "/link_name", Detail: "this link name is that of a default service: choose another"}}}
	}
	now := r.store.Now()
	s.ID, s.OrganizationID, s.Author, s.Kind = lanyard.NewServiceID(), c.Organization, c.User, lanyard.KindCustom
	s.Version, s.CreatedAt, s.UpdatedAt = 1, now, now
	return s, s.Validate()
}

// ServiceDraft is a service as it would be saved, and what saving it would mean.
type ServiceDraft struct {
	*ServiceView
	lanyard.Edit // of a stored service; zero for a new one
}

// DraftService judges the definition of a new service as CreateService does, and saves nothing.
func (r *Registry) DraftService(_ context.Context, c *lanyard.Caller, definition []byte) (*ServiceDraft, error) {
	s, err := r.NewService(c, definition)
	if err != nil {
		return nil, err
	}
	return &ServiceDraft{ServiceView: r.listed(c, s)}, nil
}

// DraftEdit judges an edit as EditService does, and saves nothing.
func (r *Registry) DraftEdit(ctx context.Context, c *lanyard.Caller, name string, in ServiceEdit) (*ServiceDraft, error) {
	_, s, edit, err := r.edited(ctx, c, name, in)
	if err != nil {
		return nil, err
	}
	v, err := r.view(ctx, c, s)
	if err != nil {
		return nil, err
	}
	return &ServiceDraft{v, edit}, nil
}

// Service reads one.
func (r *Registry) Service(ctx context.Context, c *lanyard.Caller, name string) (*ServiceView, error) {
	s, err := r.service(ctx, c, name)
	if err != nil {
		return nil, err
	}
	return r.view(ctx, c, s)
}

func (r *Registry) service(ctx context.Context, c *lanyard.Caller, name string) (*lanyard.Service, error) {
	link, err := lanyard.ParseLinkName(name)
	if err != nil {
		return nil, access.NoService(name)
	}
	s, err := r.services.Service(ctx, c.Organization, link)
	if lanyard.CodeOf(err) == lanyard.CodeNotFound {
		return nil, access.NoService(name)
	}
	return s, err
}

// ServiceEdit is a change to a service.
type ServiceEdit struct {
	Patch           []byte // a JSON merge patch of the definition; a secret that it does not mention stays
	KeepConnections bool   // revoke nothing; refused when the change could move a credential anywhere new
	Version         int64  // the version that was looked at; conflict when it moved on. 0: whatever is stored
}

// EditService changes a definition. Saving a change revokes every authorization of every connection of the service and
// says how many those were, unless connections are kept. An edit that changes nothing does nothing.
func (r *Registry) EditService(ctx context.Context, c *lanyard.Caller, name string, in ServiceEdit) (*ServiceView, int, error) {
	old, s, edit, err := r.edited(ctx, c, name, in)
	if err != nil {
		return nil, 0, err
	}
	if !edit.Changed {
		v, err := r.view(ctx, c, old)
		return v, 0, err
	}
	if in.KeepConnections && len(edit.Moves) > 0 {
		var f lanyard.FieldErrors
		for _, pointer := range edit.Moves {
			f.Add(pointer, "changing this could lead credentials elsewhere, so the connections cannot be kept")
		}
		return nil, 0, f.Err()
	}
	change := &ServiceChange{Edit: edit, Old: old, New: s, Keep: in.KeepConnections, by: c, registry: r}
	if err := r.store.Together(ctx, func(changes *store.Changes) error { return change.Make(ctx, changes) }); err != nil {
		return nil, 0, err
	}
	change.Made(ctx)
	v, err := r.view(ctx, c, s)
	return v, len(change.erased), err
}

// edited reads and checks an edit: the service as it is, as it would be, and what lies between.
func (r *Registry) edited(ctx context.Context, c *lanyard.Caller, name string, in ServiceEdit) (old, s *lanyard.Service, edit lanyard.Edit, err error) {
	if old, err = r.service(ctx, c, name); err != nil {
		return nil, nil, edit, err
	}
	if err = access.EditService(c, old); err != nil {
		return nil, nil, edit, err
	}
	if in.Version != 0 && in.Version != old.Version {
		return nil, nil, edit, lanyard.Errorf(lanyard.CodeConflict, "The service %s was changed while you were editing it. Nothing was saved.", old.Name)
	}
	if s, err = editedService(old, in.Patch); err != nil {
		return nil, nil, edit, err
	}
	edit, err = r.judgeEdit(old, s)
	return old, s, edit, err
}

// judgeEdit checks a definition that is to take the place of a stored one.
func (r *Registry) judgeEdit(old, s *lanyard.Service) (lanyard.Edit, error) {
	edit, err := lanyard.CheckEdit(old, s)
	if err != nil {
		return edit, err
	}
	s.Version, s.UpdatedAt = old.Version+1, r.store.Now()
	return edit, s.Validate()
}

// editedService is the definition after the patch, with everything that a definition does not hold carried over.
func editedService(old *lanyard.Service, patch []byte) (*lanyard.Service, error) {
	if err := keepsType(old, patch); err != nil {
		return nil, err
	}
	edited, err := patched(old, patch)
	if err != nil {
		return nil, err
	}
	s, err := lanyard.ParseService(edited)
	if err != nil {
		return nil, err
	}
	carryOver(old, s)
	if s.Auth.Secret().IsZero() && !removesSecret(patch, &s.Auth) {
		s.Auth.SetSecret(old.Auth.Secret())
	}
	return s, nil
}

// carryOver puts into an edited service what a definition does not hold.
func carryOver(old, s *lanyard.Service) {
	s.ID, s.OrganizationID, s.Author, s.Extension, s.CreatedAt = old.ID, old.OrganizationID, old.Author, old.Extension, old.CreatedAt
}

// keepsType refuses a patch that names another authentication type. It is judged before the patch is applied: the
// fields of the old type have no place beside a new one, and they would be complained of instead.
func keepsType(old *lanyard.Service, patch []byte) error {
	var p struct {
		Auth struct {
			Type *lanyard.AuthType `json:"type"`
		} `json:"auth"`
	}
	if json.Unmarshal(patch, &p) != nil || p.Auth.Type == nil {
		return nil //nolint:nilerr // what is wrong with the patch is said when it is applied
	}
	named := *old
	if *p.Auth.Type != old.Auth.Type {
		named.Auth = lanyard.Auth{Type: *p.Auth.Type}
	}
	_, err := lanyard.CheckEdit(old, &named)
	return err
}

// removesSecret reports whether the patch names the secret in order to end it (null or an empty text).
func removesSecret(patch []byte, a *lanyard.Auth) bool {
	var p struct {
		Auth map[string]json.RawMessage `json:"auth"`
	}
	if json.Unmarshal(patch, &p) != nil {
		return false
	}
	_, named := p.Auth[strings.TrimPrefix(a.SecretPointer(), "/auth/")]
	return named
}

// DeleteService deletes a custom service and revokes every authorization of every connection made with it. The
// connections stay, to say what happened to them.
func (r *Registry) DeleteService(ctx context.Context, c *lanyard.Caller, name string) (int, error) {
	s, err := r.service(ctx, c, name)
	if err != nil {
		return 0, err
	}
	if err := access.EditService(c, s); err != nil {
		return 0, err
	}
	erased, err := r.store.DeleteService(ctx, c.Organization, s.ID, c.Audit(lanyard.ActionServiceDelete, string(s.ID), string(s.LinkName)))
	if err != nil {
		return 0, err
	}
	r.revoker.Erased(ctx, s, erased)
	return len(erased), nil
}
