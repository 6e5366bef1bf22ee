package web

import (
	"context"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/registry"
)

// The catalogue and the OAuth client are tested over a whole Lanyard (servertest). Here they only have to be there.

func (f *rooms) Cards(_ context.Context, _ *lanyard.Caller, filter registry.CardFilter) (*registry.Cards, error) {
	return inventedCards(filter), f.err
}

func (f *rooms) OAuthClientPage(context.Context, *lanyard.Caller, string) (*registry.OAuthClientPage, error) {
	return inventedClient("github"), f.err
}

func (f *rooms) SetOAuthClient(context.Context, *lanyard.Caller, string, registry.OAuthClientInput) (*registry.ServiceView, int, error) {
	f.changed("SetOAuthClient")
	return inventedClient("github").ServiceView, 0, f.err
}

func (f *rooms) CatalogFile(_ context.Context, _ *lanyard.Caller, name string) (*registry.CatalogFile, error) {
	if name != "acme" {
		return nil, access.NoService(name)
	}
	return &registry.CatalogFile{Name: "acme.yaml", Text: []byte("name: Acme\n")}, nil
}
