package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"lanyard"
	"lanyard/internal/credential"
	"lanyard/internal/definitions"
	"lanyard/internal/importer"
	"lanyard/internal/problem"
	"lanyard/internal/registry"
)

const (
	// importForm is the route whose form holds what was pasted. What it becomes is far shorter.
	importForm = "POST /services/import"
	// maxImportForm is how many bytes it may have: a MiB of text, each byte percent-encoded. The command line reads more.
	maxImportForm = 3<<20 + maxForm
)

// importPage takes a text from elsewhere.
type importPage struct {
	frame
	form
	Text    field
	Secrets field
	More    []field // that some texts need
}

func (importPage) template() string { return "import" }

// newImportPage draws the form. What was pasted does not come back: it may hold a secret.
func newImportPage(v visitor, in url.Values, d *problem.Document) importPage {
	p := importPage{frame: newShellFrame(v, "Import", "/services/custom"), form: newForm(d, "It cannot be imported as it is")}
	p.Scripts = []string{"import.js"}
	if p.Failed {
		p.Title = "Error: " + p.Title
	}
	p.form.Secrets = p.Failed
	p.Text = p.field(field{ID: "import-text", Name: "text", Label: "What to import", Rows: 12, Mono: true,
		Placeholder: "curl https://api.example.com/v1/me -H 'Authorization: Bearer …'",
		Help:        "A curl command, an OpenAPI document, an export of Nango's integrations or of n8n's credentials. It is read here, and nothing is called."}, "/text")
	p.Secrets = p.field(field{ID: "import-secrets", Name: "with_secrets", Type: "switch", Label: "Take OAuth client secrets that stand in an export", Value: in.Get("with_secrets")}, "/with_secrets")
	p.More = []field{
		p.field(field{ID: "import-base-url", Name: "base_url", Label: "Base URL of the API", Value: in.Get("base_url"), Optional: true, Mono: true,
			Help: "For an OpenAPI document that does not say on which host the API is."}, "/base_url"),
		p.field(field{ID: "import-hosts", Name: "hosts", Label: "Hosts of generic n8n credentials", Value: in.Get("hosts"), Optional: true, Rows: 3, Mono: true, Placeholder: "Name in n8n=api.example.com",
			Help: "One a line. n8n does not keep where such a credential is used."}, "/hosts"),
	}
	p.rest()
	return p
}

// importReview says what a text becomes, before anything is made.
type importReview struct {
	frame
	form
	What       string // an OpenAPI document
	Entries    []importer.Entry
	LeftOut    int
	Notes      []string
	Steps      []plannedStep
	Hidden     []hiddenInput
	Fields     []field
	Candidates []candidateChoice
	Connect    *field // nil: there is nothing to connect with
	Call       string // the first call, in a line
	Creates    bool   // there is something to make
}

func (importReview) template() string { return "import_review" }

// plannedStep is one thing that is made or set.
type plannedStep struct {
	What  string
	Name  string
	Words []string // sentences
}

// stepKinds are what imports make, in words.
var stepKinds = map[string]string{"service": "Service", "oauth_client": "OAuth client of", "connection": "Connection"}

// hiddenInput carries what was understood to the next step. A secret is never in one.
type hiddenInput struct{ Name, Value string }

// candidateChoice is what may be the credential, to choose from.
type candidateChoice struct {
	ID, Value, Words string
	Chosen           bool
	Fields           []field
}

func newImportReview(v visitor, in *importer.Import, plan *definitions.Plan, d *problem.Document) (importReview, error) {
	p := importReview{frame: newShellFrame(v, "Import", "/services/custom"), form: newForm(d, "It cannot be imported as it is"), What: in.Kind.Name(), Entries: in.Entries, LeftOut: in.LeftOut()}
	p.Creates = !in.Empty() && !p.Failed
	if plan != nil {
		for _, s := range plan.Steps {
			p.Steps = append(p.Steps, plannedStep{stepKinds[s.Kind], s.Name, s.Words})
		}
	}
	doc := *in.Document
	doc.Services, doc.OAuthClients = slices.Clone(doc.Services), slices.Clone(doc.OAuthClients)
	for i := range doc.Services {
		var service struct {
			Name string       `json:"name"`
			Auth lanyard.Auth `json:"auth"`
		}
		if err := json.Unmarshal(doc.Services[i].Definition, &service); err != nil {
			return p, fmt.Errorf("read a definition that was just made: %w", err)
		}
		if a := service.Auth.OAuth2; a != nil {
			p.Fields = append(p.Fields,
				field{ID: fmt.Sprintf("client-id-%d", i), Name: fmt.Sprintf("client.%d.id", i), Label: "Client ID for " + service.Name, Value: a.ClientID, Mono: true},
				secretField(fmt.Sprintf("client-secret-%d", i), fmt.Sprintf("client.%d.secret", i), "Client secret for "+service.Name, doc.Services[i].ClientSecret))
		}
		doc.Services[i].ClientSecret = nil
	}
	for i := range doc.OAuthClients {
		p.Fields = append(p.Fields, secretField(fmt.Sprintf("oauth-secret-%d", i), fmt.Sprintf("oauth.%d.secret", i), "OAuth client secret for "+string(doc.OAuthClients[i].Service), doc.OAuthClients[i].ClientSecret))
		doc.OAuthClients[i].ClientSecret = nil
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return p, err
	}
	p.Hidden = []hiddenInput{{"kind", string(in.Kind)}, {"document", string(text)}}
	if len(p.Fields) == 0 && plan != nil {
		p.Hidden = append(p.Hidden, hiddenInput{"digest", plan.Digest})
	}
	p.rest()
	return p, nil
}

// secretField proposes a secret that was pasted, as a password that is not shown.
func secretField(id, name, label string, ref *definitions.SecretRef) field {
	f := field{ID: id, Name: name, Label: label, Type: "password", Autocomplete: "new-password", Optional: true, Mono: true}
	if ref != nil {
		f.Value = ref.Value.Reveal()
	}
	return f
}

// curlInput is what the form for a curl command holds.
type curlInput struct {
	Name, LinkName string
	Chosen         int
	Connect        bool
}

// curlStep is a candidate as it goes from one step to the next.
type curlStep struct {
	Words      string          `json:"words"`
	Definition json.RawMessage `json:"definition"`
	Call       importer.Call   `json:"call"`
}

// newCurlReview draws the second step of a curl command. Proposed are the values that the command gave: they stand in
// password fields and nowhere else.
func newCurlReview(v visitor, steps []curlStep, notes []string, in curlInput, proposed func(candidate int, field string) string, d *problem.Document) (importReview, error) {
	p := importReview{frame: newShellFrame(v, "Import", "/services/custom"), form: newForm(d, "Nothing was made"), What: importer.KindCurl.Name(), Notes: notes, Creates: true}
	if p.Failed {
		p.Title = "Error: " + p.Title
	}
	p.Fields = []field{
		p.field(field{ID: "import-name", Name: "name", Label: "Name", Value: in.Name, Help: "What people see, in up to 50 characters."}, "/name"),
		p.field(field{ID: "import-link-name", Name: "link_name", Label: "Link name", Value: in.LinkName, Mono: true, Help: "What scripts call it. It never changes."}, "/link_name"),
	}
	for i, step := range steps {
		s, err := lanyard.ParseService(step.Definition)
		if err != nil {
			return p, err
		}
		c := candidateChoice{ID: fmt.Sprintf("candidate-%d", i), Value: strconv.Itoa(i), Words: capital(step.Words), Chosen: i == in.Chosen}
		for j, f := range s.CredentialFields() {
			drawn := field{ID: fmt.Sprintf("credential-%d-%d", i, j), Name: curlCredential(i, f.Name), Label: f.Label, Value: proposed(i, f.Name), Optional: true, Mono: true}
			if f.Secret {
				drawn.Type, drawn.Autocomplete = "password", "new-password"
			}
			c.Fields = append(c.Fields, p.field(drawn, "/credentials/"+f.Name))
		}
		p.Candidates = append(p.Candidates, c)
		if c.Chosen {
			p.Call = step.Call.Method + " " + s.BaseURL + step.Call.URL
		}
	}
	connect := field{ID: "import-connect", Name: "connect", Type: "switch", Label: "Connect with the credential of the command", Value: on(in.Connect), Help: "Off: the connection is made, and you connect it later."}
	p.Connect = &connect
	text, err := json.Marshal(steps)
	if err != nil {
		return p, err
	}
	said, err := json.Marshal(notes)
	if err != nil {
		return p, err
	}
	p.Hidden = []hiddenInput{{"kind", string(importer.KindCurl)}, {"steps", string(text)}, {"notes", string(said)}}
	p.rest()
	return p, nil
}

func curlCredential(candidate int, field string) string {
	return fmt.Sprintf("credential.%d.%s", candidate, field)
}

func (s *site) importForm(w http.ResponseWriter, _ *http.Request, v visitor) error {
	return s.write(w, http.StatusOK, newImportPage(v, url.Values{}, nil))
}

// reviewImport reads what was pasted, and says what it becomes. Nothing is made.
func (s *site) reviewImport(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	text := r.PostForm.Get("text")
	kind := importer.Recognise([]byte(text))
	var p page
	var err error
	if kind == importer.KindCurl {
		p, err = s.reviewCurl(r, v, text)
	} else {
		p, err = s.reviewDocument(r, v, kind, text)
	}
	if d := s.onForm(r, err); d != nil {
		return s.write(w, d.Status, newImportPage(v, r.PostForm, d))
	} else if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, p)
}

func (s *site) reviewCurl(r *http.Request, v visitor, text string) (page, error) {
	c, err := importer.ParseCurl(text, s.catalog())
	if err != nil {
		return nil, err
	}
	steps := make([]curlStep, len(c.Candidates))
	var in curlInput
	for i := range c.Candidates {
		service, err := c.Service(i, "", "", s.catalog())
		if err != nil {
			return nil, err
		}
		definition, err := importer.Definition(service)
		if err != nil {
			return nil, err
		}
		steps[i] = curlStep{c.Candidates[i].Words, definition, c.FirstCall(i)}
		in = curlInput{Name: service.Name, LinkName: string(service.LinkName), Connect: true}
	}
	if in.LinkName, err = s.freeService(r, v, in.LinkName); err != nil {
		return nil, err
	}
	return newCurlReview(v, steps, c.Notes, in, func(i int, field string) string { return c.Candidates[i].Values[field].Reveal() }, nil)
}

// freeService proposes a link name that no service of the organization has.
func (s *site) freeService(r *http.Request, v visitor, link string) (string, error) {
	for n := 2; n < 20; n++ {
		_, err := s.registry.Service(r.Context(), v.caller, link)
		switch {
		case lanyard.CodeOf(err) == lanyard.CodeNotFound:
			return link, nil
		case err != nil:
			return "", err
		}
		link = strings.TrimSuffix(link, fmt.Sprintf("_%d", n-1)) + fmt.Sprintf("_%d", n)
	}
	return link, nil
}

func (s *site) reviewDocument(r *http.Request, v visitor, kind importer.Kind, text string) (page, error) {
	o := importer.Options{Catalog: s.catalog(), WithSecrets: r.PostForm.Get("with_secrets") != "", BaseURL: strings.TrimSpace(r.PostForm.Get("base_url")), Hosts: map[string]string{}}
	for line := range strings.Lines(r.PostForm.Get("hosts")) {
		if name, host, ok := strings.Cut(line, "="); ok {
			o.Hosts[strings.TrimSpace(name)] = strings.TrimSpace(host)
		}
	}
	in, err := importer.Read(kind, []byte(text), o)
	if err != nil {
		return nil, err
	}
	var plan *definitions.Plan
	if !in.Empty() && !single(in.Document) && s.definitions != nil {
		plan, err = s.definitions.Plan(r.Context(), v.caller, in.Document)
	}
	d := s.onForm(r, err)
	if err != nil && d == nil {
		return nil, err
	}
	return newImportReview(v, in, plan, d)
}

// single: the document is one custom service, which every member may make.
func single(d *definitions.Document) bool {
	return len(d.Services) == 1 && len(d.OAuthClients)+len(d.Connections)+len(d.Functions)+len(d.Extensions)+len(d.APIKeys)+len(d.Roles) == 0
}

// createImport makes what the second step showed.
func (s *site) createImport(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	if r.PostForm.Get("kind") == string(importer.KindCurl) {
		return s.createFromCurl(w, r, v)
	}
	err := s.createFromDocument(w, r, v)
	if d := s.onForm(r, err); d != nil {
		return s.write(w, d.Status, newImportPage(v, r.PostForm, d))
	}
	return err
}

func (s *site) createFromDocument(w http.ResponseWriter, r *http.Request, v visitor) error {
	var doc definitions.Document
	if err := lanyard.DecodeKnown([]byte(r.PostForm.Get("document")), &doc); err != nil {
		return err
	}
	if r.PostForm.Get("left_out") != "" && r.PostForm.Get("leave_out") == "" {
		return lanyard.Errorf(lanyard.CodeInvalidRequest, "Some entries cannot be imported. Say that they are to be left out, or import nothing.")
	}
	for i := range doc.Services {
		if id := strings.TrimSpace(r.PostForm.Get(fmt.Sprintf("client.%d.id", i))); id != "" {
			definition, err := withClientID(doc.Services[i].Definition, id)
			if err != nil {
				return err
			}
			doc.Services[i].Definition = definition
		}
		if secret := lanyard.NewSecret(r.PostForm.Get(fmt.Sprintf("client.%d.secret", i))); !secret.IsZero() {
			doc.Services[i].ClientSecret = &definitions.SecretRef{Value: secret}
		}
	}
	for i := range doc.OAuthClients {
		if secret := lanyard.NewSecret(r.PostForm.Get(fmt.Sprintf("oauth.%d.secret", i))); !secret.IsZero() {
			doc.OAuthClients[i].ClientSecret = &definitions.SecretRef{Value: secret}
		}
	}
	if single(&doc) {
		definition, err := withSecret(&doc.Services[0])
		if err != nil {
			return err
		}
		made, err := s.registry.CreateService(r.Context(), v.caller, definition)
		if err != nil {
			return err
		}
		s.tell(w, newNotice("ok", made.Name+" was created", "Make a connection with it to call it."))
		http.Redirect(w, r, servicePath(made.LinkName), http.StatusSeeOther)
		return nil
	}
	if s.definitions == nil {
		return errors.New("there is nobody to apply a document")
	}
	plan, err := s.definitions.Apply(r.Context(), v.caller, &doc, r.PostForm.Get("digest"))
	if err != nil {
		return err
	}
	s.tell(w, newNotice("ok", "The import is done", counted(len(plan.Steps), "change")+" made."))
	http.Redirect(w, r, "/connections", http.StatusSeeOther)
	return nil
}

// withClientID puts a client id into a definition.
func withClientID(definition json.RawMessage, id string) (json.RawMessage, error) {
	s, err := lanyard.ParseService(definition)
	if err != nil {
		return nil, err
	}
	switch {
	case s.Auth.OAuth2 != nil:
		s.Auth.OAuth2.ClientID = id
	case s.Auth.OAuth1 != nil:
		s.Auth.OAuth1.ConsumerKey = id
	}
	return json.Marshal(s)
}

// withSecret is a definition as the registry takes it: with its secret inside.
func withSecret(s *definitions.Service) (json.RawMessage, error) {
	if s.ClientSecret == nil {
		return s.Definition, nil
	}
	parsed, err := lanyard.ParseService(s.Definition)
	if err != nil {
		return nil, err
	}
	var whole struct {
		Auth map[string]any `json:"auth"`
	}
	members := map[string]any{}
	if err := errors.Join(json.Unmarshal(s.Definition, &members), json.Unmarshal(s.Definition, &whole)); err != nil {
		return nil, err
	}
	if field := strings.TrimPrefix(parsed.Auth.SecretPointer(), "/auth/"); field != "" {
		whole.Auth[field] = s.ClientSecret.Value.Reveal()
		members["auth"] = whole.Auth
	}
	return json.Marshal(members)
}

// createFromCurl makes the service and a connection with it, connects that, and opens its page with the first call filled
// in. What fails after the service is there is said, and the service stays: it can be used.
func (s *site) createFromCurl(w http.ResponseWriter, r *http.Request, v visitor) error {
	var steps []curlStep
	var notes []string
	if json.Unmarshal([]byte(r.PostForm.Get("steps")), &steps) != nil || json.Unmarshal([]byte(r.PostForm.Get("notes")), &notes) != nil {
		return lanyard.Errorf(lanyard.CodeInvalidRequest, "The form that was sent cannot be read. Go back and paste the command again.")
	}
	chosen, err := strconv.Atoi(r.PostForm.Get("candidate"))
	if err != nil || chosen < 0 || chosen >= len(steps) {
		return lanyard.Errorf(lanyard.CodeInvalidRequest, "Say which part of the command is the credential. Go back and choose one.")
	}
	in := curlInput{Name: strings.TrimSpace(r.PostForm.Get("name")), LinkName: strings.TrimSpace(r.PostForm.Get("link_name")), Chosen: chosen, Connect: r.PostForm.Get("connect") != ""}
	service, err := lanyard.ParseService(steps[chosen].Definition)
	if err != nil {
		return err
	}
	service.Name, service.LinkName = in.Name, lanyard.LinkName(in.LinkName)
	given := map[string]lanyard.Secret{}
	for _, f := range service.CredentialFields() {
		if value := lanyard.NewSecret(r.PostForm.Get(curlCredential(chosen, f.Name))); !value.IsZero() {
			given[f.Name] = value
		}
	}
	definition, err := json.Marshal(service)
	if err != nil {
		return err
	}
	var made *registry.ServiceView
	if in.Connect {
		_, err = service.CredentialFrom(given) // before anything is made
	}
	if err == nil {
		made, err = s.registry.CreateService(r.Context(), v.caller, definition)
	}
	if d := s.onForm(r, err); d != nil {
		p, err := newCurlReview(v, steps, notes, in, func(i int, field string) string { return r.PostForm.Get(curlCredential(i, field)) }, d)
		if err != nil {
			return err
		}
		return s.write(w, d.Status, p)
	} else if err != nil {
		return err
	}
	connection, err := s.makeConnection(r, v, connectionInput{Name: made.Name, Service: string(made.LinkName)})
	if err != nil {
		return err
	}
	told := newNotice("ok", made.Name+" was created", "Connect it, and try the call below.")
	if in.Connect {
		if _, err := s.keeper.Connect(r.Context(), v.caller, string(connection.LinkName), credential.ConnectInput{Credentials: given}); err != nil {
			d := s.onForm(r, err)
			if d == nil {
				return err
			}
			told = newNotice("warning", made.Name+" was created, and is not connected", said(d.Detail))
		} else {
			told = newNotice("ok", made.Name+" was created and connected", "Try the call below.")
		}
	}
	d, err := s.keeper.Detail(r.Context(), v.caller, string(connection.LinkName))
	if err != nil {
		return err
	}
	p, err := s.connectionPage(r, v, d)
	if err != nil {
		return err
	}
	p.Notice, p.Try = told, newTryPart(d, tryOf(steps[chosen].Call), nil)
	return s.write(w, http.StatusOK, p)
}

// tryOf fills the form for a call.
func tryOf(c importer.Call) tryInput {
	in := tryInput{Method: c.Method, URL: c.URL, Body: c.Body, ContentType: c.ContentType}
	for _, h := range c.Headers {
		in.Headers += h.Name + ": " + h.Value + "\n"
	}
	for _, p := range c.Parameters {
		in.Parameters += p.Name + "=" + p.Value + "\n"
	}
	return in
}
