package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/access"
	"lanyard/internal/extension"
	"lanyard/internal/store"
)

// extensionsPath is the place of the left side that all pages of extensions belong to.
const (
	extensionsPath   = "/extensions"
	offersPath       = "/extension-offers"
	publicationsPath = "/publications"
)

// extensionPath is the address of an installed extension's page, or of what stands below it.
func extensionPath(name lanyard.LinkName, below ...string) string {
	return strings.Join(append([]string{extensionsPath, string(name)}, below...), "/")
}

// offerPath is the address of the review of an offer.
func offerPath(publisher lanyard.OrganizationID, name lanyard.LinkName) string {
	return offersPath + "/" + url.PathEscape(string(publisher)) + "/" + string(name)
}

func publicationPath(name lanyard.LinkName, below ...string) string {
	return strings.Join(append([]string{publicationsPath, string(name)}, below...), "/")
}

func mayInstall(v visitor) bool { return access.Install(v.caller) == nil }
func mayPublish(v visitor) bool { return access.Publish(v.caller) == nil }

// extensionTabs are the lists that a visitor sees; who publishes nothing sees no list of it.
func extensionTabs(v visitor, here string) []listChoice {
	tabs := []listChoice{{"Installed", extensionsPath, here == extensionsPath}, {"Available", offersPath, here == offersPath}}
	if mayPublish(v) {
		tabs = append(tabs, listChoice{"Published", publicationsPath, here == publicationsPath})
	}
	return tabs
}

// extensionsPage lists what is installed.
type extensionsPage struct {
	frame
	Tabs     []listChoice
	Rows     []extensionRow
	Installs bool // the visitor may install others
}

func (extensionsPage) template() string { return "extensions" }

// extensionRow is an installed extension and how it stands for the visitor.
type extensionRow struct {
	Path, Title, Name, Version string
	From                       string
	States                     []standingWords
}

func newExtensionsPage(v visitor, list []extension.Installed) extensionsPage {
	p := extensionsPage{frame: newShellFrame(v, "Extensions", extensionsPath), Tabs: extensionTabs(v, extensionsPath), Installs: mayInstall(v)}
	for i := range list {
		e := &list[i]
		p.Rows = append(p.Rows, extensionRow{Path: extensionPath(e.Name), Title: said(e.Title), Name: string(e.Name), Version: said(e.Version), From: publishedBy(e), States: extensionStates(e)})
	}
	return p
}

// publishedBy is where an installed extension comes from, as Lanyard knows it and no manifest says it.
func publishedBy(e *extension.Installed) string {
	switch {
	case e.Organization != "":
		return "Published by " + said(e.Organization)
	case e.Publisher != "":
		return "Its publisher is gone"
	}
	return "Installed from a file"
}

// extensionStates is what there is to do with an extension, what the visitor has to do first.
func extensionStates(e *extension.Installed) []standingWords {
	var states []standingWords
	if n := len(e.Waiting); n > 0 {
		states = append(states, standingWords{Words: "Waits for you to connect " + counted(n, "account"), Tone: "warn"})
	}
	if e.Newer != nil {
		states = append(states, standingWords{Words: "Version " + said(e.Newer.Version) + " is available", Tone: "warn"})
	}
	if !e.GoneAt.IsZero() {
		states = append(states, standingWords{Words: "Its publisher withdrew it", Tone: "quiet", Reason: "It goes on working as it is."})
	}
	if len(states) == 0 {
		states = append(states, standingWords{Words: "In use", Tone: "ok"})
	}
	return states
}

func (s *site) extensionList(w http.ResponseWriter, r *http.Request, v visitor) error {
	list, err := s.extensions.List(r.Context(), v.caller)
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newExtensionsPage(v, list))
}

// offersPage lists what the organization may install, and takes a packed file.
type offersPage struct {
	frame
	Tabs         []listChoice
	Organization lanyard.OrganizationID // the visitor's, which a publisher has to know
	Rows         []offerRow
	First, Next  string
	Upload       *uploadPart // nil: not for the visitor
}

func (offersPage) template() string { return "extension_offers" }

// offerRow is an extension that is offered.
type offerRow struct {
	Path, Title, Name, Version, Description, Publisher string
	State                                              standingWords
	Updated                                            time.Time
}

func newOffersPage(v visitor, offers []extension.Offer, cursor, next string) offersPage {
	p := offersPage{frame: newShellFrame(v, "Available extensions", extensionsPath), Tabs: extensionTabs(v, offersPath), Organization: v.organization.ID}
	if mayInstall(v) {
		p.Upload = &uploadPart{File: packageField()}
	}
	for i := range offers {
		o := &offers[i]
		row := offerRow{Path: offerPath(o.OrganizationID, o.Name), Title: said(o.Title), Name: string(o.Name), Version: said(o.Version), Description: said(o.Description),
			Publisher: said(o.OrganizationName), Updated: o.UpdatedAt, State: standingWords{Words: "Not installed", Tone: "quiet"}}
		switch o.Installed {
		case "":
		case o.Version:
			row.State = standingWords{Words: "Installed", Tone: "ok"}
			row.Path = extensionPath(o.Name)
		default:
			row.State = standingWords{Words: "Version " + said(o.Installed) + " is installed", Tone: "warn"}
			row.Path = extensionPath(o.Name, "update")
		}
		p.Rows = append(p.Rows, row)
	}
	if cursor != "" {
		p.First = offersPath
	}
	if next != "" {
		p.Next = offersPath + "?cursor=" + url.QueryEscape(next)
	}
	return p
}

const offersLimit = 50

func (s *site) extensionOffers(w http.ResponseWriter, r *http.Request, v visitor) error {
	cursor := r.URL.Query().Get("cursor")
	offers, next, err := s.extensions.Offers(r.Context(), v.caller, store.Page{Cursor: cursor, Limit: offersLimit})
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newOffersPage(v, offers, cursor, next))
}
