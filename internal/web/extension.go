package web

import (
	"fmt"
	"net/http"
	"time"

	"lanyard"
	"lanyard/internal/extension"
	"lanyard/internal/registry"
	"lanyard/internal/store"
)

// extensionPage is an installed extension: what it brought, how it stands for the visitor, and what can be done with it.
type extensionPage struct {
	frame
	Extension lanyard.Extension
	From      string
	States    []standingWords
	By        string // who installed it
	Claims    claimsPart
	Contents  contentsPart
	Update    string // address of the difference; empty: nothing newer is offered
	Newer     string
	Clients   []serviceBrought // services that wait for an OAuth client
	Manages   bool             // the visitor may update and uninstall it
	WhenGone  string           // where the form of the choice goes; empty where there is none
	GoneAt    time.Time
	Uninstall string
}

func (extensionPage) template() string { return "extension" }

func newExtensionPage(v visitor, e *extension.Installed, c *extension.Contents, by string, standing map[lanyard.LinkName]registry.ConnectionView, clientMissing map[lanyard.LinkName]bool) extensionPage {
	p := extensionPage{
		frame: newShellFrame(v, said(e.Title), extensionsPath), Extension: e.Extension, From: publishedBy(e), States: extensionStates(e), By: said(by),
		Claims:   claimsPart{From: said(e.Organization), Publisher: said(e.PublisherName), Name: string(e.Name), Version: said(e.Version), Digest: e.Digest},
		Contents: newContentsPart(c), Manages: mayInstall(v), GoneAt: e.GoneAt, Uninstall: extensionPath(e.Name, "uninstall"),
	}
	p.Contents.installed(standing, clientMissing)
	for _, s := range p.Contents.Services {
		if s.ClientMissing {
			p.Clients = append(p.Clients, s)
		}
	}
	if e.Newer != nil {
		p.Update, p.Newer = extensionPath(e.Name, "update"), said(e.Newer.Version)
	}
	if p.Manages && e.Publisher != "" && e.GoneAt.IsZero() {
		p.WhenGone = extensionPath(e.Name, "when-gone")
	}
	return p
}

func (s *site) extension(w http.ResponseWriter, r *http.Request, v visitor) error {
	e, c, _, err := s.extensions.Extension(r.Context(), v.caller, r.PathValue("extension"))
	if err != nil {
		return err
	}
	standing, err := s.standingOn(r, v)
	if err != nil {
		return err
	}
	missing := map[lanyard.LinkName]bool{}
	for _, brought := range c.Services {
		if !brought.NeedsClient {
			continue
		}
		service, err := s.registry.Service(r.Context(), v.caller, string(brought.LinkName))
		if err != nil {
			return err
		}
		missing[brought.LinkName] = service.CheckClient() != nil
	}
	users, err := s.accounts.Names(r.Context(), v.caller, []lanyard.UserID{e.InstalledBy}, nil)
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newExtensionPage(v, e, c, nameOf(users.Users, e.InstalledBy, "a former user"), standing, missing))
}

// standingOn is how the visitor stands on the connections of extensions that are theirs to see.
func (s *site) standingOn(r *http.Request, v visitor) (map[lanyard.LinkName]registry.ConnectionView, error) {
	standing := map[lanyard.LinkName]registry.ConnectionView{}
	for page := (store.Page{Limit: 100}); ; {
		list, next, err := s.registry.Connections(r.Context(), v.caller, registry.ConnectionFilter{View: extensionConnections.view}, page)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			standing[c.LinkName] = c
		}
		if next == "" {
			return standing, nil
		}
		page.Cursor = next
	}
}

// setWhenGone chooses what becomes of an extension whose publisher withdraws it.
func (s *site) setWhenGone(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	e, err := s.extensions.SetWhenGone(r.Context(), v.caller, r.PathValue("extension"), lanyard.WhenGone(r.PostForm.Get("when_gone")))
	if err != nil {
		return err
	}
	n := newNotice("ok", "It stays if its publisher withdraws it", "It then goes on working as it is.")
	if e.WhenGone == lanyard.WhenGoneEnd {
		n = newNotice("ok", "It is uninstalled if its publisher withdraws it", "Its connections then end.")
	}
	s.tell(w, n)
	http.Redirect(w, r, extensionPath(e.Name), http.StatusSeeOther)
	return nil
}

func newUninstallPage(v visitor, e *extension.Installed, ends *extension.Ends) endConnectionPage {
	title := said(e.Title)
	p := endConnectionPage{frame: newShellFrame(v, "Uninstall "+title, extensionsPath), Icon: "trash-2", Heading: "Uninstall", Name: title, Button: "Uninstall",
		Action: extensionPath(e.Name, "uninstall"), Back: extensionPath(e.Name)}
	switch {
	case ends.Authorizations > 0:
		p.Lost = append(p.Lost, fmt.Sprintf("%s of %s end: the credentials are erased, and the providers are asked to end the access, too, where they take such a request.", capital(counted(ends.Authorizations, "authorization")), counted(ends.People, "person")))
	default:
		p.Lost = append(p.Lost, "Nobody’s account is connected with it, so no authorization is lost.")
	}
	if ends.Connections > 0 {
		p.Lost = append(p.Lost, capital(counted(ends.Connections, "connection"))+" of it "+isAre(ends.Connections)+" deleted. Scripts and programs that call "+them(ends.Connections)+" fail.")
	}
	p.Lost = append(append(p.Lost, endsOfEither(ends)...), "What was called through its connections stays on record. To have it again, somebody installs it again, and everybody connects again.")
	return p
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func (s *site) uninstallForm(w http.ResponseWriter, r *http.Request, v visitor) error {
	e, _, ends, err := s.extensions.Extension(r.Context(), v.caller, r.PathValue("extension"))
	if err != nil {
		return err
	}
	if !mayInstall(v) {
		return lanyard.Errorf(lanyard.CodeForbidden, "Only owners and admins uninstall extensions.")
	}
	return s.write(w, http.StatusOK, newUninstallPage(v, e, ends))
}

func (s *site) uninstallExtension(w http.ResponseWriter, r *http.Request, v visitor) error {
	e, _, _, err := s.extensions.Extension(r.Context(), v.caller, r.PathValue("extension"))
	if err != nil {
		return err
	}
	ended, err := s.extensions.Uninstall(r.Context(), v.caller, string(e.Name))
	if err != nil {
		return err
	}
	text := "No authorization was lost with it."
	if ended.Authorizations > 0 {
		text = capital(counted(ended.Authorizations, "authorization")) + " of " + counted(ended.People, "person") + " ended."
	}
	s.tell(w, newNotice("ok", said(e.Title)+" was uninstalled", text))
	http.Redirect(w, r, extensionsPath, http.StatusSeeOther)
	return nil
}
