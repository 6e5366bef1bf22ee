package extension

import (
	"context"
	"log/slog"

	"lanyard"
	"lanyard/internal/function"
	"lanyard/internal/registry"
	"lanyard/internal/store"
)

// Config is what [New] needs.
type Config struct {
	Store     *store.Store
	Services  *registry.Directory
	Functions *function.Functions
	Revoker   registry.Revoker
	PublicURL string // of this deployment, without a final slash
	Logger    *slog.Logger
}

// Extensions is safe for concurrent use.
type Extensions struct{ Config }

// New makes an Extensions.
func New(c Config) *Extensions { return &Extensions{c} }

// PublishInput is a version to offer.
type PublishInput struct {
	Package       []byte // packed
	Everybody     bool
	Organizations []string // ids; one that does not exist is no error, for nobody is to learn that
}

// Publish offers a version of an extension, the first one or a higher one than is offered now. Those who installed an
// earlier one keep it until they accept the new one.
func (x *Extensions) Publish(ctx context.Context, c *lanyard.Caller, in PublishInput) (*lanyard.Publication, error) {
	return nil, errNotYet
}

// Audience is to whom an extension is offered.
type Audience struct {
	Everybody     bool
	Organizations []string
}

// SetAudience changes to whom an extension is offered. To whom it is not offered any more it is as if it were withdrawn.
func (x *Extensions) SetAudience(ctx context.Context, c *lanyard.Caller, name string, to Audience) (*lanyard.Publication, error) {
	return nil, errNotYet
}

// Withdraw ends an offer. What becomes of copies is for those who installed them: they chose it.
func (x *Extensions) Withdraw(ctx context.Context, c *lanyard.Caller, name string) error {
	return errNotYet
}

// Publications lists what the caller's organization offers, by name; it has at most 100.
func (x *Extensions) Publications(ctx context.Context, c *lanyard.Caller) ([]lanyard.Publication, error) {
	return nil, errNotYet
}

// Publication gives one of them, with its package read.
func (x *Extensions) Publication(ctx context.Context, c *lanyard.Caller, name string) (*lanyard.Publication, *Package, error) {
	return nil, nil, errNotYet
}

// Offer is an extension that the caller's organization may install.
type Offer struct {
	lanyard.Publication        // without package and readers
	OrganizationName    string // of the publisher
	Installed           string // the version that is installed here from this publisher; empty: none
}

// Offers lists what other organizations, and the caller's own, offer to it, by name.
func (x *Extensions) Offers(ctx context.Context, c *lanyard.Caller, p store.Page) ([]Offer, string, error) {
	return nil, "", errNotYet
}
