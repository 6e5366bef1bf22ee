package web

import (
	"context"

	"lanyard"
	"lanyard/internal/invoke"
	"lanyard/internal/registry"
)

// The pages of services are tested over a whole Lanyard (services_real_test.go). Here they only have to be there.

func (f *rooms) CreateService(context.Context, *lanyard.Caller, []byte) (*registry.ServiceView, error) {
	f.changed("CreateService")
	return inventedServiceView(), f.err
}

func (f *rooms) EditService(context.Context, *lanyard.Caller, string, registry.ServiceEdit) (*registry.ServiceView, int, error) {
	f.changed("EditService")
	return inventedServiceView(), 0, f.err
}

func (f *rooms) DeleteService(context.Context, *lanyard.Caller, string) (int, error) {
	f.changed("DeleteService")
	return 0, f.err
}

func (f *rooms) DraftService(context.Context, *lanyard.Caller, []byte) (*registry.ServiceDraft, error) {
	return &registry.ServiceDraft{ServiceView: inventedServiceView()}, f.err
}

func (f *rooms) DraftEdit(context.Context, *lanyard.Caller, string, registry.ServiceEdit) (*registry.ServiceDraft, error) {
	return &registry.ServiceDraft{ServiceView: inventedServiceView(), Edit: lanyard.Edit{Changed: true}}, f.err
}

func (f *rooms) Preview(context.Context, *lanyard.Caller, *lanyard.Service, *invoke.Request, map[string]string) (*invoke.Preview, error) {
	f.changed("Preview") // nothing changes; that it was asked for is what a test sees
	return &invoke.Preview{HostAllowed: true}, f.err
}
