package web

import (
	"net/http"
	"net/url"
	"strings"

	"lanyard"
	"lanyard/internal/registry"
	"lanyard/internal/store"
)

// customServicesPage lists the custom services of the organization.
type customServicesPage struct {
	frame
	Query    string
	Services []serviceRow
	Next     string // address of the next page of the list; empty on the last
	First    bool   // the list begins here
}

func (customServicesPage) template() string { return "custom_services" }

// serviceRow is one service in the list.
type serviceRow struct {
	Path, Name  string
	LinkName    lanyard.LinkName
	Type        string
	Author      string
	Yours       bool
	Connections string
	AnyHost     bool
	Editable    bool
	Menu        menu
}

// servicePath is the address of a service's page. Some pages of ours have addresses that are link names too: a service of
// such a name has a slash behind it.
func servicePath(name lanyard.LinkName) string {
	path := "/services/" + url.PathEscape(string(name))
	switch name {
	case "custom", "import", "new", "preview":
		return path + "/"
	}
	return path
}

// serviceAction is the address of something that is done with a service.
func serviceAction(name lanyard.LinkName, action string) string {
	return "/services/" + url.PathEscape(string(name)) + "/" + action
}

func newCustomServicesPage(v visitor, query string, list []registry.ServiceView, cursor, next string) customServicesPage {
	p := customServicesPage{frame: newShellFrame(v, "Custom services", "/services/custom"), Query: query, First: cursor == ""}
	for i := range list {
		s := &list[i]
		p.Services = append(p.Services, serviceRow{
			Path: servicePath(s.LinkName), Name: s.Name, LinkName: s.LinkName, Type: typeName(s.Auth.Type), Author: s.AuthorName, Yours: s.Author == v.caller.User,
			Connections: connectionCount(s.Connections), AnyHost: anyHost(s.Service), Editable: s.Editable, Menu: serviceMenu(s),
		})
	}
	if next != "" {
		p.Next = "/services/custom?" + url.Values{"q": {query}, "cursor": {next}}.Encode()
	}
	return p
}

// serviceMenu is what its author can do with a service.
func serviceMenu(s *registry.ServiceView) menu {
	return newMenu("More for "+s.Name, menuItem{Icon: "pencil", Name: "Edit", Path: serviceAction(s.LinkName, "edit")},
		menuItem{Icon: "trash-2", Name: "Delete", Path: serviceAction(s.LinkName, "delete"), Destructive: true})
}

// connectionCount says how many connections there are, as far as they are counted.
func connectionCount(n int) string {
	if n > store.CountedPerService {
		return "More than " + counted(store.CountedPerService, "connection")
	}
	if n == 0 {
		return "No connections"
	}
	return counted(n, "connection")
}

// anyHost reports whether a service names every host.
func anyHost(s *lanyard.Service) bool {
	for _, host := range s.Hosts {
		if p, err := lanyard.ParseHostPattern(host); err == nil && p.Any() {
			return true
		}
	}
	return false
}

const servicesLimit = 50 // on one page

func (s *site) customServices(w http.ResponseWriter, r *http.Request, v visitor) error {
	query, cursor := strings.TrimSpace(r.URL.Query().Get("q")), r.URL.Query().Get("cursor")
	list, next, err := s.registry.Services(r.Context(), v.caller, registry.ServiceFilter{Kind: lanyard.KindCustom, Query: query}, store.Page{Cursor: cursor, Limit: servicesLimit})
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newCustomServicesPage(v, query, list, cursor, next))
}
