package web

import (
	"net/http"
	"strings"

	"lanyard"
	"lanyard/internal/account"
	"lanyard/internal/problem"
	"lanyard/internal/store"
)

// endPersonPage asks before somebody is deactivated or removed, or what they own handed over, and says what that ends.
type endPersonPage struct {
	frame
	form
	Icon   string
	Before string // what is asked, up to the name
	After  string // and after it
	Name   string
	Lost   []string // in sentences
	Choose *field   // what has to be decided; nil: nothing
	Button string
	Action string
	Back   string
}

func (endPersonPage) template() string { return "person_end" }

func newEndPersonPage(v visitor, p *account.Person, before, after, what string, d *problem.Document) endPersonPage {
	page := endPersonPage{
		frame: newShellFrame(v, before+" "+p.Name+after, "/organization"), form: newForm(d, "Nothing was changed"),
		Before: before, After: after, Name: p.Name, Action: personPath(p.ID, what), Back: personPath(p.ID),
	}
	if page.Failed {
		page.Title = "Error: " + page.Title
	}
	return page
}

func newDeactivatePage(v visitor, p *account.Person, d *problem.Document) endPersonPage {
	page := newEndPersonPage(v, p, "Deactivate", "", "deactivate", d)
	page.Icon, page.Button = "user-minus", "Deactivate"
	page.rest()
	h := p.Holdings
	page.Lost = append(page.Lost, accessWords(h, "stop working"))
	if h.ForOthers > 0 {
		page.Lost = append(page.Lost, capital(counted(h.ForOthers, "connection"))+" that "+verb(h.ForOthers, "runs", "run")+" with their account, whoever calls, "+
			verb(h.ForOthers, "stops", "stop")+" for everybody: "+firstOf(h.Names, h.ForOthers)+". You can hand them over first, so that somebody else connects them.")
	} else {
		page.Lost = append(page.Lost, "No connection of theirs runs with their account for others, so nobody else’s calls stop.")
	}
	page.Lost = append(page.Lost, "Nothing is erased. Reactivating brings keys and connections back.")
	return page
}

func newHandOverPage(v visitor, p *account.Person, successors []lanyard.User, to string, d *problem.Document) endPersonPage {
	page := newEndPersonPage(v, p, "Hand over what", " owns", "hand-over", d)
	page.Icon, page.Button = "users", "Hand over"
	f := page.field(field{ID: "to", Name: "to", Label: "New owner", Value: to, Choices: successorChoices("", successors)}, "/to")
	page.Choose = &f
	page.rest()
	h := p.Holdings
	page.Lost = append(page.Lost, capital(counted(h.Connections, "connection"))+" and "+counted(h.Services, "custom service")+" get another owner. Their link names stay, so scripts need no change.")
	if h.ForOthers > 0 {
		page.Lost = append(page.Lost, capital(counted(h.ForOthers, "connection"))+" that "+verb(h.ForOthers, "runs", "run")+" with the account of "+p.Name+" "+verb(h.ForOthers, "stops", "stop")+
			" until the new owner connects "+verb(h.ForOthers, "it", "them")+": "+firstOf(h.Names, h.ForOthers)+".")
	}
	page.Lost = append(page.Lost, "What ran with that account alone is erased, and its providers are told. Where each user has an account of their own, these stay connected.")
	return page
}

// What is chosen on the page for removing, beside the ids of people.
const deleteOwned = "delete"

func newRemovePage(v visitor, p *account.Person, successors []lanyard.User, chosen string, d *problem.Document) endPersonPage {
	page := newEndPersonPage(v, p, "Remove", "", "remove", d)
	page.Icon, page.Button = "trash-2", "Remove"
	h := p.Holdings
	page.Lost = append(page.Lost, accessWords(h, "end"), connectedAccountWords(h.Connected))
	if h.Connections > 0 || h.Services > 0 {
		f := page.field(field{ID: "then", Name: "then", Label: "What becomes of their connections and services", Value: chosen,
			Choices: append([]lanyard.Choice{{Value: deleteOwned, Name: "Delete them all"}}, successorChoices("Hand them over to ", successors)...)}, "hand_over_to")
		page.Choose = &f
		page.Lost = append(page.Lost, "They own "+counted(h.Connections, "connection")+" and "+counted(h.Services, "custom service")+
			". Deleted, these are gone for everybody, with every account that is connected with them. Handed over, link names stay, and what ran with the account of "+p.Name+" has to be connected by the new owner.")
	}
	if h.ForOthers > 0 {
		page.Lost = append(page.Lost, "Either way calls stop through what runs with their account now, for good or until the new owner connects it: "+firstOf(h.Names, h.ForOthers)+".")
	}
	if h.Dependent > 0 {
		page.Lost = append(page.Lost, capital(counted(h.Dependent, "connection"))+" of other people "+verb(h.Dependent, "was", "were")+" made with their services, and "+
			verb(h.Dependent, "stops", "stop")+" for good if these are deleted.")
	}
	page.Lost = append(page.Lost, "What they called and changed stays on record. Removing cannot be undone.")
	page.rest()
	return page
}

// accessWords says which ways in end.
func accessWords(h *store.Holdings, keys string) string {
	words := "They are signed out everywhere (" + counted(h.Sessions, "session") + ")."
	if h.Keys > 0 {
		words += " " + capital(counted(h.Keys, "API key")) + " of theirs " + verbOf(h.Keys, keys) + "."
	}
	if h.Flows > 0 {
		words += " " + capital(counted(h.Flows, "connection")) + " that they began to connect " + verb(h.Flows, "is", "are") + " dropped."
	}
	return words
}

func connectedAccountWords(n int) string {
	if n == 0 {
		return "They have connected no account."
	}
	return capital(counted(n, "account")) + " that they connected " + verb(n, "is", "are") + " erased here, and ended at the providers that can be told."
}

func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// verbOf puts "stop working" or "end" behind a number.
func verbOf(n int, many string) string {
	if n != 1 {
		return many
	}
	first, rest, _ := strings.Cut(many, " ")
	return strings.TrimSpace(first + "s " + rest)
}

// firstOf names the first of n things.
func firstOf(names []string, n int) string {
	text := strings.Join(names, ", ")
	if more := n - len(names); more > 0 {
		text += " and " + number(more) + " more"
	}
	return text
}

func successorChoices(before string, users []lanyard.User) []lanyard.Choice {
	choices := make([]lanyard.Choice, len(users))
	for i, u := range users {
		choices[i] = lanyard.Choice{Value: string(u.ID), Name: before + u.Name + " (" + u.Email + ")"}
	}
	return choices
}

// changeable reads the person whom the address names, for a visitor who may change them.
func (s *site) changeable(r *http.Request, v visitor) (*account.Person, error) {
	p, err := s.personOf(r, v)
	if err == nil && len(p.Roles) == 0 {
		err = lanyard.Errorf(lanyard.CodeForbidden, "Only owners and admins change or remove people, and nobody somebody whose role is above their own.")
	}
	return p, err
}

func (s *site) deactivateForm(w http.ResponseWriter, r *http.Request, v visitor) error {
	p, err := s.changeable(r, v)
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newDeactivatePage(v, p, nil))
}

func (s *site) deactivate(w http.ResponseWriter, r *http.Request, v visitor) error {
	p, err := s.changeable(r, v)
	if err != nil {
		return err
	}
	disabled := true
	_, err = s.accounts.EditUser(r.Context(), v.caller, p.ID, account.UserEdit{Disabled: &disabled})
	if d := s.onForm(r, err); d != nil {
		return s.write(w, d.Status, newDeactivatePage(v, p, d))
	} else if err != nil {
		return err
	}
	s.tell(w, newNotice("ok", said(p.Name)+" is deactivated", "They are signed out, and their API keys do not work."))
	http.Redirect(w, r, personPath(p.ID), http.StatusSeeOther)
	return nil
}

func (s *site) handOverForm(w http.ResponseWriter, r *http.Request, v visitor) error {
	p, err := s.changeable(r, v)
	if err != nil {
		return err
	}
	return s.writeHandOver(w, r, v, http.StatusOK, p, "", nil)
}

func (s *site) writeHandOver(w http.ResponseWriter, r *http.Request, v visitor, status int, p *account.Person, to string, d *problem.Document) error {
	successors, err := s.accounts.Successors(r.Context(), v.caller, p.ID)
	if err != nil {
		return err
	}
	return s.write(w, status, newHandOverPage(v, p, successors, to, d))
}

func (s *site) handOver(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	p, err := s.changeable(r, v)
	if err != nil {
		return err
	}
	to := r.PostForm.Get("to")
	o, err := s.accounts.HandOver(r.Context(), v.caller, p.ID, lanyard.UserID(to))
	if d := s.onForm(r, err); d != nil {
		return s.writeHandOver(w, r, v, d.Status, p, to, d)
	} else if err != nil {
		return err
	}
	s.tell(w, newNotice("ok", capital(counted(o.Connections, "connection"))+" and "+counted(o.Services, "custom service")+" were handed over",
		"The new owner finds under My connections what has to be connected."))
	http.Redirect(w, r, personPath(p.ID), http.StatusSeeOther)
	return nil
}

func (s *site) removePersonForm(w http.ResponseWriter, r *http.Request, v visitor) error {
	p, err := s.changeable(r, v)
	if err != nil {
		return err
	}
	return s.writeRemove(w, r, v, http.StatusOK, p, "", nil)
}

func (s *site) writeRemove(w http.ResponseWriter, r *http.Request, v visitor, status int, p *account.Person, chosen string, d *problem.Document) error {
	successors, err := s.accounts.Successors(r.Context(), v.caller, p.ID)
	if err != nil {
		return err
	}
	return s.write(w, status, newRemovePage(v, p, successors, chosen, d))
}

func (s *site) removePerson(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	p, err := s.changeable(r, v)
	if err != nil {
		return err
	}
	chosen := r.PostForm.Get("then")
	with := store.Removal{Delete: chosen == deleteOwned}
	if !with.Delete {
		with.HandOverTo = lanyard.UserID(chosen)
	}
	if chosen == "" && (p.Holdings.Connections > 0 || p.Holdings.Services > 0) {
		var f lanyard.FieldErrors
		f.Add("hand_over_to", "choose whether they are deleted, or who gets them")
		err = f.Err()
	} else {
		err = s.accounts.RemovePerson(r.Context(), v.caller, p.ID, with)
	}
	if d := s.onForm(r, err); d != nil {
		return s.writeRemove(w, r, v, d.Status, p, chosen, d)
	} else if err != nil {
		return err
	}
	s.tell(w, newNotice("ok", said(p.Name)+" was removed", ""))
	http.Redirect(w, r, "/organization/people", http.StatusSeeOther)
	return nil
}
