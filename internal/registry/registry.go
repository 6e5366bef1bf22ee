// Package registry keeps the definitions: services and connections, with every rule for creating, editing and deleting
// them. It holds no credential; what an edit or a deletion erases is handed to package credential, which tells the
// providers.
package registry

import (
	"bytes"
	"context"
	"encoding/json"

	"lanyard"
	"lanyard/internal/store"
)

// Revoker tells providers that credentials were erased here (package credential).
type Revoker interface {
	// Erased takes over what was erased; service is the definition the credentials belonged to.
	Erased(ctx context.Context, service *lanyard.Service, erased []store.RevokedAuthorization)
}

// Config is what [New] needs.
type Config struct {
	Store     *store.Store
	Services  *Directory
	Revoker   Revoker
	PublicURL string // of this deployment, without a final slash
}

// Registry is safe for concurrent use.
type Registry struct {
	store     *store.Store
	services  *Directory
	revoker   Revoker
	publicURL string
	internal  *internalCache
}

func New(c Config) *Registry {
	return &Registry{store: c.Store, services: c.Services, revoker: c.Revoker, publicURL: c.PublicURL, internal: newInternalCache()}
}

// Changed forgets what a change in the store made stale, on this replica or another.
func (r *Registry) Changed(ch store.Change) { r.internal.changed(ch) }

// CallbackURL is where a provider sends the browser back for a service. Each service of each organization has its own,
// made from configuration and never from a request, so that a code meant for one service cannot be carried to another.
func CallbackURL(publicURL string, org lanyard.OrganizationID, service lanyard.LinkName) string {
	return publicURL + "/oauth/callback/" + string(org) + "/" + string(service)
}

// mergePatch applies a JSON merge patch (RFC 7396) to a document.
func mergePatch(document, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	target, ok := document.(map[string]any)
	if !ok {
		target = map[string]any{}
	}
	for name, change := range changes {
		if change == nil {
			delete(target, name)
			continue
		}
		target[name] = mergePatch(target[name], change)
	}
	return target
}

// patched is the JSON of value with the merge patch applied.
func patched(value any, patch []byte) ([]byte, error) {
	document, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	target, err := decode(document)
	if err != nil {
		return nil, err
	}
	changes, err := decode(patch)
	if err != nil {
		return nil, lanyard.Errorf(lanyard.CodeInvalidRequest, "The patch is not JSON that can be read.")
	}
	if _, ok := changes.(map[string]any); !ok {
		return nil, lanyard.Errorf(lanyard.CodeInvalidRequest, "A patch is a JSON object with the fields to change.")
	}
	return json.Marshal(mergePatch(target, changes))
}

// decode keeps numbers as they are written.
func decode(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}
