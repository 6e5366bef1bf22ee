package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/store"
)

// versionsPage lists what was saved of a function.
type versionsPage struct {
	frame
	scriptHead
	Rows        []versionRow
	First, Next string
}

func (versionsPage) template() string { return "script_versions" }

type versionRow struct {
	Version int64
	Path    string
	By      string
	At      time.Time
	Current bool
	Compare string // address of what changed since the one before; empty for the first
	Restore string // where the form goes; empty where there is nothing to restore
}

const versionsLimit = 50

func newVersionsPage(v visitor, f *lanyard.Function, list []lanyard.FunctionVersion, names store.Names, cursor, next string) versionsPage {
	p := versionsPage{frame: newShellFrame(v, "Versions of "+f.Name, "/scripts"), scriptHead: newScriptHead(f, "Versions")}
	for i := range list {
		p.Rows = append(p.Rows, newVersionRow(v, f, &list[i], names))
	}
	if cursor != "" {
		p.First = scriptPath(f.LinkName, "versions")
	}
	if next != "" {
		p.Next = scriptPath(f.LinkName, "versions") + "?cursor=" + url.QueryEscape(next)
	}
	return p
}

func newVersionRow(v visitor, f *lanyard.Function, of *lanyard.FunctionVersion, names store.Names) versionRow {
	number := strconv.FormatInt(of.Version, 10)
	row := versionRow{Version: of.Version, Path: scriptPath(f.LinkName, "versions", number), By: nameOf(names.Users, of.SavedBy, "a former user"), At: of.SavedAt, Current: of.Version == f.Version}
	if of.Version > 1 {
		row.Compare = row.Path + "?against=" + strconv.FormatInt(of.Version-1, 10)
	}
	if !row.Current && mayEditFunction(v, f) {
		row.Restore = scriptPath(f.LinkName, "versions", number, "restore")
	}
	return row
}

func (s *site) scriptVersions(w http.ResponseWriter, r *http.Request, v visitor) error {
	f, err := s.functions.Function(r.Context(), v.caller, r.PathValue("function"))
	if err != nil {
		return err
	}
	cursor := r.URL.Query().Get("cursor")
	list, next, err := s.functions.Versions(r.Context(), v.caller, string(f.LinkName), store.Page{Cursor: cursor, Limit: versionsLimit})
	if err != nil {
		return err
	}
	names, err := s.versionNames(r, v, list)
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newVersionsPage(v, f, list, names, cursor, next))
}

func (s *site) versionNames(r *http.Request, v visitor, list []lanyard.FunctionVersion) (store.Names, error) {
	users := make([]lanyard.UserID, len(list))
	for i := range list {
		users[i] = list[i].SavedBy
	}
	return s.accounts.Names(r.Context(), v.caller, distinct(users), nil)
}

// versionPage shows one version, or how it differs from another.
type versionPage struct {
	frame
	scriptHead
	Version versionRow
	Against int64 // the other one; 0: it is shown alone
	Choices []versionChoice
	Listing []listedLine
	Changes []diffPart
	Summary string // of the changes
}

func (versionPage) template() string { return "script_version" }

// versionChoice is a version to compare with.
type versionChoice struct {
	Version int64
	Chosen  bool
	Current bool
}

func newVersionPage(v visitor, f *lanyard.Function, of, against *lanyard.FunctionVersion, names store.Names, others []lanyard.FunctionVersion) versionPage {
	p := versionPage{frame: newShellFrame(v, fmt.Sprintf("Version %d of %s", of.Version, f.Name), "/scripts"), scriptHead: newScriptHead(f, "Versions"), Version: newVersionRow(v, f, of, names)}
	for _, o := range others {
		if o.Version != of.Version {
			p.Choices = append(p.Choices, versionChoice{Version: o.Version, Chosen: against != nil && o.Version == against.Version, Current: o.Version == f.Version})
		}
	}
	if against == nil {
		p.Listing = newListing(of.Script, nil, nil)
		return p
	}
	p.Against = against.Version
	changes := lineDiff(sourceLines(against.Script), sourceLines(of.Script))
	p.Changes = shortDiff(changes)
	p.Summary = diffSummary(changes)
	return p
}

// sourceLines are the lines of a script; the end of the last one begins no other.
func sourceLines(source string) []string {
	return strings.Split(strings.TrimSuffix(source, "\n"), "\n")
}

func (s *site) scriptVersion(w http.ResponseWriter, r *http.Request, v visitor) error {
	f, err := s.functions.Function(r.Context(), v.caller, r.PathValue("function"))
	if err != nil {
		return err
	}
	of, err := s.versionAt(r, v, f, r.PathValue("version"))
	if err != nil {
		return err
	}
	var against *lanyard.FunctionVersion
	if q := r.URL.Query().Get("against"); q != "" {
		if against, err = s.versionAt(r, v, f, q); err != nil {
			return err
		}
	}
	others, _, err := s.functions.Versions(r.Context(), v.caller, string(f.LinkName), store.Page{Limit: 100})
	if err != nil {
		return err
	}
	names, err := s.versionNames(r, v, []lanyard.FunctionVersion{*of})
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newVersionPage(v, f, of, against, names, others))
}

// versionAt finds a version by the number in an address.
func (s *site) versionAt(r *http.Request, v visitor, f *lanyard.Function, number string) (*lanyard.FunctionVersion, error) {
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return nil, noPage()
	}
	return s.functions.Version(r.Context(), v.caller, string(f.LinkName), n)
}

func (s *site) restoreScript(w http.ResponseWriter, r *http.Request, v visitor) error {
	number, err := strconv.ParseInt(r.PathValue("version"), 10, 64)
	if err != nil {
		return noPage()
	}
	f, err := s.functions.Restore(r.Context(), v.caller, r.PathValue("function"), number)
	if err != nil {
		return err
	}
	s.tell(w, newNotice("ok", fmt.Sprintf("Version %d was restored", number), fmt.Sprintf("It was saved as version %d. Nothing is lost: the one before is in the list.", f.Version)))
	http.Redirect(w, r, scriptPath(f.LinkName), http.StatusSeeOther)
	return nil
}
