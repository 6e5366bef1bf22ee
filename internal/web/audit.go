package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/store"
)

// auditPage is the audit log in words.
type auditPage struct {
	frame
	Groups  []option
	People  []option
	Object  string // id of the only thing that is shown; empty: everything
	About   string // its name, where an entry on the page has it
	Group   string
	Person  string
	Entries []auditLine
	Narrow  bool   // some entries are left out, besides the renewals of tokens
	More    string // address of the older entries
	Newest  string // address of the first page, when this is another
	Every   string // address without what narrows it to one thing
}

func (auditPage) template() string { return "audit" }

// auditLine is one entry as a sentence.
type auditLine struct {
	At     time.Time
	Icon   string
	Who    string
	Before string
	Thing  string
	About  string // address of everything that was done to it; empty: there is nothing to look for
	After  string
	Detail string // more, in words
	With   string // the API key, and for whom
}

// auditWords is how an action reads: who, Before, the thing's name if Named, After.
type auditWords struct {
	Group  string
	Icon   string
	Before string
	Named  bool
	After  string
}

// auditActions are the words of every action. One that is not here is told by its name.
var auditActions = map[lanyard.Action]auditWords{
	lanyard.ActionOrganizationCreate: {"organization", "building-2", "set up the organization", true, ""},
	lanyard.ActionOrganizationRename: {"organization", "building-2", "renamed the organization to", true, ""},
	lanyard.ActionSignIn:             {"people", "log-in", "signed in", false, ""},
	lanyard.ActionSignInFailed:       {"people", "triangle-alert", "refused to sign in", true, ""},
	lanyard.ActionPasswordSet:        {"people", "lock", "set a password", false, ""},
	lanyard.ActionPasswordChange:     {"people", "lock", "changed the password", false, ""},
	lanyard.ActionResetLinkCreate:    {"people", "link", "made a link to reset the password of", true, ""},
	lanyard.ActionPasswordReset:      {"people", "lock", "reset the password", false, ""},
	lanyard.ActionSingleSignOnSet:    {"organization", "log-in", "set up single sign-on with", true, ""},
	lanyard.ActionSingleSignOnDelete: {"organization", "log-in", "ended single sign-on with", true, ""},
	lanyard.ActionSingleSignOnLink:   {"people", "log-in", "recognized", true, "at the sign-in provider"},
	lanyard.ActionSingleSignOnJoin:   {"people", "plus", "added", true, "at the first sign-in through the provider"},
	lanyard.ActionSingleSignOnRole:   {"people", "pencil", "changed the role of", true, "as the sign-in provider says"},
	lanyard.ActionSessionsEnd:        {"people", "log-out", "ended browser sessions", false, ""},
	lanyard.ActionSignInLinkCreate:   {"people", "link", "made a one-time link to sign in", false, ""},
	lanyard.ActionUserCreate:         {"people", "user", "added", true, ""},
	lanyard.ActionUserEdit:           {"people", "pencil", "changed", true, ""},
	lanyard.ActionUserDisable:        {"people", "user-minus", "deactivated", true, ""},
	lanyard.ActionUserEnable:         {"people", "user", "reactivated", true, ""},
	lanyard.ActionUserRemove:         {"people", "trash-2", "removed", true, ""},
	lanyard.ActionUserHandOver:       {"people", "users", "handed over what", true, "owned"},
	lanyard.ActionInvitationCreate:   {"people", "users", "invited", true, ""},
	lanyard.ActionInvitationRevoke:   {"people", "users", "took back the invitation for", true, ""},
	lanyard.ActionInvitationAccept:   {"people", "users", "accepted the invitation for", true, ""},
	lanyard.ActionKeyCreate:          {"people", "key-round", "made the API key", true, ""},
	lanyard.ActionKeyRotate:          {"people", "key-round", "rotated the API key", false, ""},
	lanyard.ActionKeyEdit:            {"people", "key-round", "changed the rights of the API key", false, ""},
	lanyard.ActionKeyEndPrevious:     {"people", "key-round", "ended the previous secret of the API key", false, ""},
	lanyard.ActionKeyDelete:          {"people", "key-round", "deleted the API key", true, ""},
	lanyard.ActionServiceCreate:      {"services", "plus", "created the service", true, ""},
	lanyard.ActionServiceEdit:        {"services", "pencil", "edited the service", true, ""},
	lanyard.ActionServiceDelete:      {"services", "trash-2", "deleted the service", true, ""},
	lanyard.ActionClientSet:          {"services", "key-round", "set the OAuth client of the service", true, ""},
	lanyard.ActionConnectionCreate:   {"connections", "plus", "created the connection", true, ""},
	lanyard.ActionConnectionEdit:     {"connections", "pencil", "edited the connection", true, ""},
	lanyard.ActionConnectionDelete:   {"connections", "trash-2", "deleted the connection", true, ""},
	lanyard.ActionConnect:            {"connections", "plug", "connected", true, ""},
	lanyard.ActionConnectSession:     {"connections", "plug", "asked an end user to connect", false, ""},
	lanyard.ActionConnectRefused:     {"connections", "triangle-alert", "refused a connect session of", true, ""},
	lanyard.ActionConnectFailed:      {"connections", "triangle-alert", "could not connect", true, ""},
	lanyard.ActionRevoke:             {"connections", "unplug", "revoked", true, ""},
	lanyard.ActionRemoveUser:         {"connections", "unplug", "took another person’s account off", true, ""},
	lanyard.ActionReconnectRequired:  {"connections", "triangle-alert", "found that", true, "has to be connected again"},
	lanyard.ActionProviderRevocation: {"connections", "unplug", "told the provider that", true, "was revoked"},
	lanyard.ActionFunctionCreate:     {"scripts", "plus", "saved the function", true, ""},
	lanyard.ActionFunctionEdit:       {"scripts", "pencil", "edited the function", true, ""},
	lanyard.ActionFunctionDelete:     {"scripts", "trash-2", "deleted the function", true, ""},
	lanyard.ActionFunctionHook:       {"scripts", "link", "made an address for the function", true, ""},
	lanyard.ActionFunctionHookEnd:    {"scripts", "unplug", "ended the address of the function", true, ""},
	lanyard.ActionWebhookCreate:      {"organization", "send", "made a webhook to", true, ""},
	lanyard.ActionWebhookEdit:        {"organization", "pencil", "edited the webhook to", true, ""},
	lanyard.ActionWebhookDelete:      {"organization", "trash-2", "deleted the webhook to", true, ""},
	lanyard.ActionWebhookSecret:      {"organization", "key-round", "made another secret for the webhook to", true, ""},
	lanyard.ActionWebhookSwitchOff:   {"organization", "unplug", "switched off the webhook to", true, ""},
	lanyard.ActionRefresh:            {auditRenewals, "refresh-cw", "renewed the token of", true, ""},
}

// auditRenewals is the group that is left out unless asked for: there are as many as tokens end.
const auditRenewals = "renewals"

// auditGroups are what one can choose among. The empty one is all that somebody decided.
var auditGroups = []option{
	{Value: "", Name: "Every change"}, {Value: "connections", Name: "Connections"}, {Value: "services", Name: "Services"}, {Value: "scripts", Name: "Scripts"},
	{Value: "people", Name: "People and API keys"}, {Value: "organization", Name: "Organization"},
	{Value: auditRenewals, Name: "Renewed tokens"}, {Value: "everything", Name: "Everything"},
}

// auditFilter gives the actions of a group; of everything, none in particular.
func auditFilter(group string) []lanyard.Action {
	if group == "everything" {
		return nil
	}
	var actions []lanyard.Action
	for action, words := range auditActions {
		if words.Group == group || group == "" && words.Group != auditRenewals {
			actions = append(actions, action)
		}
	}
	slices.Sort(actions)
	return actions
}

const auditLimit = 50 // entries on one page

func (s *site) audit(w http.ResponseWriter, r *http.Request, v visitor) error {
	q := r.URL.Query()
	p := newAuditPage(v, q.Get("group"), q.Get("person"), q.Get("object"))
	filter := store.AuditFilter{Actions: auditFilter(p.Group), Person: lanyard.UserID(p.Person), Object: p.Object}
	entries, next, err := s.accounts.Audit(r.Context(), v.caller, filter, store.Page{Cursor: q.Get("cursor"), Limit: auditLimit})
	if err != nil {
		return err
	}
	people, err := s.accounts.People(r.Context(), v.caller)
	if err != nil {
		return err
	}
	users, keys := namedIn(entries)
	names, err := s.accounts.Names(r.Context(), v.caller, users, keys)
	if err != nil {
		return err
	}
	p.fill(entries, q.Get("cursor"), next, people, names)
	return s.write(w, http.StatusOK, p)
}

func newAuditPage(v visitor, group, person, object string) *auditPage {
	if !slices.ContainsFunc(auditGroups, func(o option) bool { return o.Value == group }) {
		group = ""
	}
	p := &auditPage{frame: newShellFrame(v, "Audit log", "/activity"), Group: group, Person: person, Object: object, Narrow: group != "" && group != "everything" || person != "" || object != ""}
	for _, o := range auditGroups {
		o.Chosen = o.Value == group
		p.Groups = append(p.Groups, o)
	}
	return p
}

// at is the address of the page with what it shows, from a cursor on.
func (p *auditPage) at(object, cursor string) string {
	values := url.Values{}
	for name, value := range map[string]string{"group": p.Group, "person": p.Person, "object": object, "cursor": cursor} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if len(values) == 0 {
		return "/activity/audit"
	}
	return "/activity/audit?" + values.Encode()
}

// fill puts the entries on the page.
func (p *auditPage) fill(entries []lanyard.AuditEntry, cursor, next string, people []lanyard.User, names store.Names) {
	p.People = peopleOptions(people, p.Person)
	for i := range entries {
		p.Entries = append(p.Entries, newAuditLine(&entries[i], names))
		if p.Object != "" && p.About == "" {
			p.About = said(entries[i].ObjectName)
		}
	}
	p.Every = p.at("", "")
	if next != "" {
		p.More = p.at(p.Object, next)
	}
	if cursor != "" {
		p.Newest = p.at(p.Object, "")
	}
}

// peopleOptions are a choice among people, the chosen one included even if gone.
func peopleOptions(people []lanyard.User, chosen string) []option {
	list := []option{{"", "Everybody", chosen == ""}}
	for i := range people {
		list = append(list, option{string(people[i].ID), people[i].Name, string(people[i].ID) == chosen})
	}
	if !slices.ContainsFunc(list, func(o option) bool { return o.Chosen }) {
		list = append(list, option{chosen, said(chosen), true})
	}
	return list
}

// namedIn gives the users and keys that the entries name.
func namedIn(entries []lanyard.AuditEntry) (users []lanyard.UserID, keys []lanyard.APIKeyID) {
	for i := range entries {
		e := &entries[i]
		users = append(users, e.Actor, e.OnBehalfOf)
		keys = append(keys, e.Key)
	}
	return distinct(users), distinct(keys)
}

// distinct gives each text that is not empty once.
func distinct[T ~string](texts []T) []T {
	slices.Sort(texts)
	texts = slices.Compact(texts)
	if len(texts) > 0 && texts[0] == "" {
		texts = texts[1:]
	}
	return texts
}

func newAuditLine(e *lanyard.AuditEntry, names store.Names) auditLine {
	l := auditLine{At: e.At, Who: nameOf(names.Users, e.Actor, "A former user"), Detail: auditDetail(e)}
	if l.Who == "" {
		l.Who = "Lanyard"
	}
	words, known := auditActions[e.Action]
	if !known {
		words = auditWords{"", "circle", "did “" + said(string(e.Action)) + "” to", true, ""}
	}
	l.Icon, l.Before, l.After = words.Icon, words.Before, words.After
	if words.Named {
		if l.Thing = said(e.ObjectName); l.Thing == "" {
			l.Thing = said(e.Object)
		}
		if e.Object != "" {
			l.About = "/activity/audit?" + url.Values{"object": {e.Object}, "group": {"everything"}}.Encode()
		}
	}
	var with []string
	if e.Key != "" {
		with = append(with, "With the API key "+nameOf(names.Keys, e.Key, string(e.Key)+", which is deleted"))
	}
	if e.OnBehalfOf != "" {
		with = append(with, "In the name of "+nameOf(names.Users, e.OnBehalfOf, "a former user"))
	}
	l.With = strings.Join(with, " · ")
	return l
}

// auditDetail tells what an entry holds besides, in the order of the names; what has no words yet stands as it is.
func auditDetail(e *lanyard.AuditEntry) string {
	names := make([]string, 0, len(e.Detail))
	for name := range e.Detail {
		names = append(names, name)
	}
	slices.Sort(names)
	var parts []string
	for _, name := range names {
		value := said(e.Detail[name])
		switch {
		case value == "":
		case name == "reason":
			parts = append(parts, value)
		case name == "confirmed" && value == "true":
			parts = append(parts, "The provider confirmed it.")
		case name == "origin" && value == string(lanyard.OriginInternal):
			parts = append(parts, "For integration tasks that name no connection.")
		case name == "scopes":
			parts = append(parts, "Scopes: "+value+".")
		case name == "changed":
			parts = append(parts, "Changed: "+strings.Join(strings.Fields(strings.ReplaceAll(value, "/", " ")), " ")+".")
		case name == "keep_connections" && value == "true":
			parts = append(parts, "Connections were kept.")
		case name == "keep_connections":
		default:
			parts = append(parts, said(strings.ReplaceAll(name, "_", " "))+": "+value+".")
		}
	}
	return strings.Join(parts, " ")
}
