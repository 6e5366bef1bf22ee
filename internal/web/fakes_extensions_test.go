package web

import (
	"context"

	"lanyard"
	"lanyard/internal/extension"
	"lanyard/internal/store"
)

var _ Extensions = (*extension.Extensions)(nil)

// extensionRooms is what the room of extensions answers with, and what it was asked.
type extensionRooms struct {
	review       *extension.Review // nil: there is no such offer
	installed    *extension.Installed
	publication  *lanyard.Publication
	offers       []extension.Offer
	extensionErr error // of what changes something
	reviewErr    error
	reviewed     extension.Source
	install      extension.InstallInput
	published    extension.PublishInput
	audience     extension.Audience
}

type extensionRoom struct{ f *rooms }

func noExtension() error {
	return lanyard.Errorf(lanyard.CodeNotFound, "There is no such extension here.")
}

func (r extensionRoom) Publish(_ context.Context, _ *lanyard.Caller, in extension.PublishInput) (*lanyard.Publication, error) {
	r.f.published = in
	if r.f.extensionErr != nil {
		return nil, r.f.extensionErr
	}
	r.f.changed("Publish")
	return inventedPublication(in.Everybody, nil), nil
}

func (r extensionRoom) SetAudience(_ context.Context, _ *lanyard.Caller, name string, to extension.Audience) (*lanyard.Publication, error) {
	r.f.audience = to
	if r.f.extensionErr != nil {
		return nil, r.f.extensionErr
	}
	r.f.changed("SetAudience:" + name)
	return inventedPublication(to.Everybody, nil), nil
}

func (r extensionRoom) Withdraw(_ context.Context, _ *lanyard.Caller, name string) error {
	r.f.changed("Withdraw:" + name)
	return r.f.extensionErr
}

func (r extensionRoom) Publications(context.Context, *lanyard.Caller) ([]lanyard.Publication, error) {
	if r.f.publication == nil {
		return nil, nil
	}
	return []lanyard.Publication{*r.f.publication}, nil
}

func (r extensionRoom) Publication(context.Context, *lanyard.Caller, string) (*lanyard.Publication, *extension.Package, error) {
	if r.f.publication == nil {
		return nil, nil, noExtension()
	}
	return r.f.publication, inventedPackage("1.3.0"), nil
}

func (r extensionRoom) Offers(context.Context, *lanyard.Caller, store.Page) ([]extension.Offer, string, error) {
	return r.f.offers, r.f.next, nil
}

func (r extensionRoom) Review(_ context.Context, _ *lanyard.Caller, from extension.Source) (*extension.Review, error) {
	r.f.reviewed = from
	if r.f.reviewErr != nil {
		return nil, r.f.reviewErr
	}
	if r.f.review == nil {
		return nil, noExtension()
	}
	return r.f.review, nil
}

func (r extensionRoom) Install(_ context.Context, _ *lanyard.Caller, in extension.InstallInput) (*lanyard.Extension, error) {
	r.f.install = in
	if r.f.extensionErr != nil {
		return nil, r.f.extensionErr
	}
	r.f.changed("Install:" + in.Digest)
	return &inventedInstalled().Extension, nil
}

func (r extensionRoom) Update(_ context.Context, _ *lanyard.Caller, name string, in extension.InstallInput) (*lanyard.Extension, *extension.Ends, error) {
	r.f.install = in
	if r.f.extensionErr != nil {
		return nil, nil, r.f.extensionErr
	}
	r.f.changed("Update:" + name)
	return &inventedInstalled().Extension, &extension.Ends{}, nil
}

func (r extensionRoom) SetWhenGone(_ context.Context, _ *lanyard.Caller, name string, when lanyard.WhenGone) (*lanyard.Extension, error) {
	r.f.changed("SetWhenGone:" + name + ":" + string(when))
	e := inventedInstalled().Extension
	e.WhenGone = when
	return &e, r.f.extensionErr
}

func (r extensionRoom) Uninstall(_ context.Context, _ *lanyard.Caller, name string) (*extension.Ends, error) {
	r.f.changed("Uninstall:" + name)
	return &extension.Ends{}, r.f.extensionErr
}

func (r extensionRoom) List(context.Context, *lanyard.Caller) ([]extension.Installed, error) {
	if r.f.installed == nil {
		return nil, nil
	}
	return []extension.Installed{*r.f.installed}, nil
}

func (r extensionRoom) Extension(context.Context, *lanyard.Caller, string) (*extension.Installed, *extension.Contents, *extension.Ends, error) {
	if r.f.installed == nil {
		return nil, nil, nil, noExtension()
	}
	return r.f.installed, inventedContents(), &extension.Ends{}, nil
}
