package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
	"unicode"

	"lanyard"
	"lanyard/internal/catalog"
)

//go:embed templates
var templateFiles embed.FS

// page is what one page shows: a struct of its own, named for its template in templates/pages.
type page interface{ template() string }

// frame is what every page has.
type frame struct {
	Title string // of the browser's window
	// Visitor is who is signed in; nil for nobody.
	Visitor *lanyard.User
	// GoOn is where the browser goes by itself, at once; empty on all pages but one.
	GoOn string
	// Shell is the left side; nil for a page that stands alone.
	Shell *shell
	// Scripts are the assets that only some pages need.
	Scripts []string
	// Notice is what the step before came to; shown once.
	Notice notice
	// Leave is what the button for signing out says.
	Leave string
	// of is the organization of the page; empty for a stranger's.
	of lanyard.OrganizationID
}

// newFrame is of a page that stands alone: signing in, connecting, whatever wants undivided attention.
func newFrame(v visitor, title string) frame {
	f := frame{Title: title, Visitor: v.user, Leave: "Sign out"}
	if n := len(v.memberships); n > 1 {
		f.Leave = "Sign out of " + counted(n, "organization")
	}
	if v.organization != nil {
		f.of = v.organization.ID
	}
	return f
}

// newShellFrame is of a page with the left side; here is the path of the place that it belongs to.
func newShellFrame(v visitor, title, here string) frame {
	f := newFrame(v, title)
	f.Shell, f.Notice = &shell{Organization: v.organization.Name, Here: here, Switch: newSwitch(v), Found: v.founds, Waiting: waitingWords(v.waiting), Restored: v.restored}, v.notice
	return f
}

// shown is the notice that a page shows.
func (f frame) shown() notice { return f.Notice }

// ownedBy is the organization that the forms of a page belong to; empty for a stranger's.
func (f frame) ownedBy() lanyard.OrganizationID { return f.of }

// renderer holds every page's template, parsed at start.
type renderer struct {
	pages map[string]func() (*template.Template, error)
}

// newRenderer parses all templates. assetURL gives the address of an asset by its name; services
// is the catalogue of the moment; now is what times are told by.
func newRenderer(assetURL func(name string) string, services func() *catalog.Catalog, publicURL, version string, now func() time.Time) (*renderer, error) {
	icons, err := loadIcons()
	if err != nil {
		return nil, err
	}
	shared, err := template.New("").Funcs(template.FuncMap{
		"asset":   assetURL,
		"icon":    icons.icon,
		"version": func() string { return version },
		"server":  func() string { return publicURL },
		"initial": initial,
		"logo": func(linkName lanyard.LinkName, name string) template.HTML {
			entry, _ := services().Find(linkName)
			return logo(assetURL, entry, linkName, name)
		},
		"notice":     newNotice,
		"command":    newCommand,
		"copy":       newCopyable,
		"menu":       newMenu,
		"capital":    capital,
		"slug":       slug,
		"number":     thousands[int64],
		"scriptPath": func(name lanyard.LinkName) string { return scriptPath(name) },
		"places":     func() []placeGroup { return places },
		"tabs":       tabsOf,
		"ago":        func(at time.Time) template.HTML { return ago(at, now()) },
	}).ParseFS(templateFiles, "templates/layout.html", "templates/parts/*.html")
	if err != nil {
		return nil, fmt.Errorf("parse the shared templates: %w", err)
	}
	files, err := fs.Glob(templateFiles, "templates/pages/*.html")
	if err != nil {
		return nil, err
	}
	r := &renderer{pages: map[string]func() (*template.Template, error){}}
	for _, file := range files {
		// Most pages are not opened in the life of a process, so each is parsed when it first is.
		r.pages[strings.TrimSuffix(path.Base(file), ".html")] = sync.OnceValues(func() (*template.Template, error) {
			t, err := shared.Clone()
			if err == nil {
				t, err = t.ParseFS(templateFiles, file)
			}
			if err != nil {
				return nil, fmt.Errorf("parse the template %s: %w", file, err)
			}
			return t, nil
		})
	}
	return r, nil
}

// render makes the HTML of a page.
func (r *renderer) render(p page) ([]byte, error) {
	parsed := r.pages[p.template()]
	if parsed == nil {
		return nil, fmt.Errorf("there is no template for the page %s", p.template())
	}
	t, err := parsed()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout", p); err != nil {
		return nil, fmt.Errorf("render the page %s: %w", p.template(), err)
	}
	return b.Bytes(), nil
}

// write answers with a page. It is made completely before anything is sent, so a fault in it still becomes an error.
func (s *site) write(w http.ResponseWriter, status int, p page) error {
	html, err := s.pages.render(p)
	if err != nil {
		return err
	}
	if f, ok := p.(interface{ ownedBy() lanyard.OrganizationID }); ok && f.ownedBy() != "" {
		html = nameInForms(html, f.ownedBy())
	}
	if f, ok := p.(interface{ shown() notice }); ok && f.shown().Title != "" {
		s.setCookie(w, noticeCookie, "", -1)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(html) // a browser that has gone away needs no page
	return nil
}

// initial is the letter on a service's tile.
func initial(name string) string {
	for _, r := range name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return string(unicode.ToUpper(r))
		}
	}
	return "•"
}

// notice is a message inside a page, drawn by parts/notice.html.
type notice struct {
	Variant string // ok, info, warning or destructive
	Icon    string
	Title   string
	Text    string
}

func newNotice(variant, title, text string) notice {
	icon := map[string]string{"ok": "circle-check", "info": "info", "warning": "triangle-alert", "destructive": "circle-alert"}[variant]
	return notice{variant, icon, title, text}
}

// command is a line for a shell with a button that copies it, drawn by parts/command.html.
type command struct {
	ID    string // of the element, unique on its page
	Label string
	Line  string
}

func newCommand(id, label, line string) command { return command{id, label, line} }

// copyable is a short text with a button that copies it, drawn by parts/copy.html.
type copyable struct {
	ID   string // of the element, unique on its page
	What string // for the button: "Copy the callback URL"
	Text string
}

func newCopyable(id, what, text string) copyable { return copyable{id, what, text} }

// menu is the three dots, drawn by parts/menu.html.
type menu struct {
	Label string // says of what: "More for Sales CRM"
	Items []menuItem
}

// menuItem leads to a page; what destroys asks there first.
type menuItem struct {
	Icon, Name, Path string
	Destructive      bool
}

func newMenu(label string, items ...menuItem) menu { return menu{label, items} }

// icons are the lucide icons, ready to stand in a page.
type icons map[string]template.HTML

// loadIcons reads the vendored icons. They are drawn beside words, or in a button with a name of its own, so screen
// readers pass them over.
func loadIcons() (icons, error) {
	set := icons{}
	files, err := fs.Glob(assetFiles, "assets/vendored/icons/*.svg")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		data, err := fs.ReadFile(assetFiles, file)
		if err != nil {
			return nil, err
		}
		_, drawing, ok := strings.Cut(string(data), "stroke-linejoin=\"round\"\n>")
		if !ok {
			return nil, fmt.Errorf("the icon %s has not the form that lucide icons have", file)
		}
		drawing = strings.Join(strings.Fields(drawing), " ")
		svg := `<svg class="icon" aria-hidden="true" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" ` +
			`stroke-linecap="round" stroke-linejoin="round">` + drawing
		set[strings.TrimSuffix(path.Base(file), ".svg")] = template.HTML(svg) //nolint:gosec // a file of ours, not of a stranger
	}
	return set, nil
}

func (i icons) icon(name string) (template.HTML, error) {
	svg, ok := i[name]
	if !ok {
		return "", fmt.Errorf("there is no icon %q", name)
	}
	return svg, nil
}

// said is a provider's text made fit for a page: without control and text-direction characters, and cut. It stays
// text; the template escapes it.
func said(text string) string {
	const most = 600
	var b strings.Builder
	n := 0
	for _, r := range strings.TrimSpace(text) {
		switch {
		case n == most:
			return strings.TrimSpace(b.String()) + " …"
		case unicode.Is(unicode.Bidi_Control, r), r == unicode.ReplacementChar:
			continue
		case unicode.IsSpace(r), unicode.IsControl(r):
			r = ' '
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}
