package web

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"lanyard"
	"lanyard/internal/invoke"
	"lanyard/internal/problem"
	"lanyard/internal/registry"
)

// rearranged does what a button of the form asked for that saves nothing: another type, a row more or less. It reports
// whether there was such a button.
func (v serviceValues) rearranged(do string) bool {
	words := strings.Fields(do)
	switch {
	case do == "continue":
		return true
	case len(words) == 2 && words[0] == "add" && members[words[1]] != nil:
		next := 0
		if rows := v.indexes(words[1]); len(rows) > 0 {
			next = rows[len(rows)-1] + 1
		}
		for _, member := range members[words[1]] {
			v.set(inputName(words[1], next, member), "")
		}
		return true
	case len(words) == 3 && words[0] == "remove" && members[words[1]] != nil:
		if i, err := strconv.Atoi(words[2]); err == nil {
			v.removeRow(words[1], i)
		}
		return true
	}
	return false
}

// readServiceForm reads what was posted.
func readServiceForm(w http.ResponseWriter, r *http.Request) (serviceValues, error) {
	if err := readForm(w, r); err != nil {
		return nil, err
	}
	return serviceValues(r.PostForm), nil
}

func (s *site) serviceForm(v visitor, draw serviceDrawing, d *problem.Document) serviceFormPage {
	draw.publicURL = s.publicURL
	draw.hostsProposed = draw.stored == nil && draw.values.proposeHosts()
	return newServiceFormPage(v, draw, d)
}

func (s *site) newService(w http.ResponseWriter, _ *http.Request, v visitor) error {
	return s.write(w, http.StatusOK, s.serviceForm(v, serviceDrawing{values: newServiceValues()}, nil))
}

// createService takes the form of a new service.
func (s *site) createService(w http.ResponseWriter, r *http.Request, v visitor) error {
	values, err := readServiceForm(w, r)
	if err != nil {
		return err
	}
	if values.rearranged(values.get("do")) {
		return s.write(w, http.StatusOK, s.serviceForm(v, serviceDrawing{values: values}, nil))
	}
	made, err := s.create(r, v, values)
	if d := s.onForm(r, err); d != nil {
		return s.write(w, d.Status, s.serviceForm(v, serviceDrawing{values: values}, d))
	} else if err != nil {
		return err
	}
	s.tell(w, newNotice("ok", made.Name+" is created", createdNext(made.Service)))
	http.Redirect(w, r, servicePath(made.LinkName), http.StatusSeeOther)
	return nil
}

// createdNext says the next step.
func createdNext(s *lanyard.Service) string {
	if s.Auth.Type == lanyard.AuthOAuth1 || s.Auth.OAuth2 != nil && s.Auth.OAuth2.GrantType == lanyard.AuthorizationCode {
		return "Register the callback URL with the service, then create a connection."
	}
	return "Create a connection to use it."
}

func (s *site) create(r *http.Request, v visitor, values serviceValues) (*registry.ServiceView, error) {
	data, err := values.newDefinition()
	if err != nil {
		return nil, err
	}
	return s.registry.CreateService(r.Context(), v.caller, data)
}

// newDefinition is the JSON of a new service.
func (v serviceValues) newDefinition() ([]byte, error) {
	v.compact(nil)
	service, faults := v.service(&lanyard.Service{})
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return definition(service)
}

// edit is the change from the stored service to what the form holds.
func (v serviceValues) edit(stored *lanyard.Service) (registry.ServiceEdit, error) {
	v.compact(stored)
	var in registry.ServiceEdit
	edited, faults := v.service(stored)
	if err := faults.Err(); err != nil {
		return in, err
	}
	version, err := strconv.ParseInt(cmp.Or(v.get("version"), "0"), 10, 64)
	if err != nil {
		return in, lanyard.Errorf(lanyard.CodeInvalidRequest, "The form that was sent cannot be read. Open it again.")
	}
	patch, err := patchTo(stored, edited)
	return registry.ServiceEdit{Patch: patch, Version: version}, err
}

func (s *site) editServiceForm(w http.ResponseWriter, r *http.Request, v visitor) error {
	stored, err := s.editable(r, v)
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, s.serviceForm(v, serviceDrawing{values: storedValues(stored.Service), stored: stored}, nil))
}

// storedValues are those of the form for a stored service: of its scopes, which stay as they are, the form has none.
func storedValues(s *lanyard.Service) serviceValues {
	values := valuesOf(s)
	for _, i := range values.indexes("scope") {
		values.removeRow("scope", i)
	}
	return values
}

// editable is the service of the path, for whoever may edit it.
func (s *site) editable(r *http.Request, v visitor) (*registry.ServiceView, error) {
	stored, err := s.registry.Service(r.Context(), v.caller, r.PathValue("service"))
	if err != nil {
		return nil, err
	}
	if !stored.Editable {
		return nil, lanyard.Errorf(lanyard.CodeForbidden, "Only the member who created the service %s may edit or delete it.", stored.Name)
	}
	return stored, nil
}

// editService takes the form of a stored service. A change that revokes connections is saved once that was agreed to.
func (s *site) editService(w http.ResponseWriter, r *http.Request, v visitor) error {
	stored, err := s.editable(r, v)
	if err != nil {
		return err
	}
	values, err := readServiceForm(w, r)
	if err != nil {
		return err
	}
	do := values.get("do")
	values.fromStored(stored.Service)
	if values.rearranged(do) {
		return s.write(w, http.StatusOK, s.serviceForm(v, serviceDrawing{values: values, stored: asLookedAt(stored, values)}, nil))
	}
	in, err := values.edit(stored.Service)
	var draft *registry.ServiceDraft
	if err == nil {
		draft, err = s.registry.DraftEdit(r.Context(), v.caller, string(stored.LinkName), in)
	}
	if err == nil && draft.Changed && do != "revoke" && do != "keep" && stored.Affected != nil && stored.Affected.Authorizations > 0 {
		page := s.serviceForm(v, serviceDrawing{values: values, stored: stored}, nil)
		page.Confirm = true
		return s.write(w, http.StatusOK, page)
	}
	var saved *registry.ServiceView
	revoked := 0
	if err == nil {
		in.KeepConnections = do == "keep"
		saved, revoked, err = s.registry.EditService(r.Context(), v.caller, string(stored.LinkName), in)
	}
	if d := s.onForm(r, err); d != nil {
		draw := serviceDrawing{values: values, stored: stored}
		if d.Code == lanyard.CodeConflict {
			draw.saved = storedValues(stored.Service)
		}
		return s.write(w, d.Status, s.serviceForm(v, draw, d))
	} else if err != nil {
		return err
	}
	s.tell(w, editedNotice(saved, draft.Changed, do == "keep", revoked))
	http.Redirect(w, r, servicePath(saved.LinkName), http.StatusSeeOther)
	return nil
}

// fromStored puts what the form of a stored service does not ask for.
func (v serviceValues) fromStored(s *lanyard.Service) {
	v.set("link_name", string(s.LinkName))
	v.set("type", string(s.Auth.Type))
	if s.Auth.OAuth2 != nil {
		v.set("oauth2.grant_type", string(s.Auth.OAuth2.GrantType))
	}
}

// asLookedAt is the service with the version that the form was opened with: a form that is only rearranged does not get
// a newer one unseen.
func asLookedAt(stored *registry.ServiceView, values serviceValues) *registry.ServiceView {
	version, err := strconv.ParseInt(values.get("version"), 10, 64)
	if err != nil {
		return stored
	}
	service, view := *stored.Service, *stored
	service.Version, view.Service = version, &service
	return &view
}

func editedNotice(s *registry.ServiceView, changed, kept bool, revoked int) notice {
	switch {
	case !changed:
		return newNotice("info", "Nothing was changed", "What you saved is what was stored already.")
	case kept:
		return newNotice("ok", s.Name+" is saved", "Its connections stay connected.")
	case revoked > 0:
		return newNotice("ok", s.Name+" is saved", capital(counted(revoked, "authorization"))+" had to be revoked: those people connect again.")
	}
	return newNotice("ok", s.Name+" is saved", "")
}

// previewService shows what the definition in the form would send, and saves nothing. The form comes back with it.
func (s *site) previewService(w http.ResponseWriter, r *http.Request, v visitor) error {
	values, err := readServiceForm(w, r)
	if err != nil {
		return err
	}
	var stored *registry.ServiceView
	if name := values.get("service"); name != "" {
		r.SetPathValue("service", name)
		if stored, err = s.editable(r, v); err != nil {
			return err
		}
		values.fromStored(stored.Service)
	}
	preview, err := s.preview(r, v, values, stored)
	d := s.onForm(r, err)
	if d == nil && err != nil {
		return err
	}
	draw := serviceDrawing{values: values, stored: stored}
	if stored != nil {
		draw.stored = asLookedAt(stored, values)
	}
	page := s.serviceForm(v, draw, d)
	if d != nil {
		page.Heading = "There is nothing to show yet"
		page.Try.Faulty, page.Try.Message, page.Try.Faults = true, page.Message, page.Faults
		return s.write(w, d.Status, page)
	}
	page.Try.Shown = newPreviewPart(preview)
	return s.write(w, http.StatusOK, page)
}

func (s *site) preview(r *http.Request, v visitor, values serviceValues, stored *registry.ServiceView) (*invoke.Preview, error) {
	var draft *registry.ServiceDraft
	if stored == nil {
		data, err := values.newDefinition()
		if err != nil {
			return nil, err
		}
		if draft, err = s.registry.DraftService(r.Context(), v.caller, data); err != nil {
			return nil, err
		}
	} else {
		in, err := values.edit(stored.Service)
		if err != nil {
			return nil, err
		}
		in.Version = 0 // looking at it changes nothing
		if draft, err = s.registry.DraftEdit(r.Context(), v.caller, string(stored.LinkName), in); err != nil {
			return nil, err
		}
	}
	sample := map[string]string{}
	for i, p := range draft.DynamicParameters {
		if p.Follows != "" {
			continue // another one's sample decides it
		}
		if value := values.text(sampleInput(i)); value != "" {
			sample[p.Key] = value
		} else {
			sample[p.Key] = draft.SampleValues()[p.Key]
		}
	}
	preview, err := s.invoker.Preview(r.Context(), v.caller, draft.Service, &invoke.Request{URL: values.text("try.url"), Type: values.get("try.method")}, sample)
	return preview, forTry(err, draft.DynamicParameters)
}

// forTry leads the faults of a sample call to the inputs of "Try the definition".
func forTry(err error, parameters []lanyard.DynamicParameter) error {
	var e *lanyard.Error
	if !errors.As(err, &e) {
		return err
	}
	moved := *e
	moved.Fields = slices.Clone(e.Fields)
	for i, f := range moved.Fields {
		if f.Pointer == "/parameters" && len(parameters) > 0 {
			f.Pointer = "/parameters/" + parameters[0].Key
		}
		moved.Fields[i].Pointer = "/try" + f.Pointer
	}
	return &moved
}
