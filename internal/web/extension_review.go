package web

import (
	"fmt"
	"net/http"

	"lanyard"
	"lanyard/internal/extension"
	"lanyard/internal/problem"
	"lanyard/internal/store"
)

// reviewPage is what somebody reads before an extension is installed, or another version of it is accepted.
type reviewPage struct {
	frame
	form
	Heading   string
	Lead      string
	Back      place
	Claims    claimsPart
	Obstacles []string
	Same      bool // this very package is installed
	Changes   *changesPart
	Ends      []string // in sentences
	Contents  contentsPart

	Action         string // where the form goes that accepts it; empty: nothing can be accepted
	Button         string
	Publisher      lanyard.OrganizationID // of an offer
	Package        string                 // of an upload, which the form carries along
	WhenGone       lanyard.WhenGone       // the choice; empty: there is none to make
	Administrators []string               // who may accept it, for a visitor who may not
}

func (reviewPage) template() string { return "extension_review" }

func newReviewPage(v visitor, from extension.Source, review *extension.Review, administrators []string, d *problem.Document) reviewPage {
	pkg := review.Package
	title := said(pkg.Title)
	p := reviewPage{
		form: newForm(d, title+" was not installed"), Heading: "Install " + title, Lead: "Read what it brings before you install it. Nothing of it is here yet.", Back: place{Path: offersPath, Name: "Available extensions"},
		Claims: newClaimsPart(&pkg.Manifest, review.Publisher, pkg.Digest), Obstacles: review.Obstacles, Contents: newContentsPart(review.Contents),
		Action: extensionsPath, Button: "Install " + title, Publisher: from.Publisher, Package: carried(from.Packed), Administrators: administrators,
	}
	if review.Publisher != "" {
		p.WhenGone = lanyard.WhenGoneKeep
	}
	if e := review.Installed; e != nil {
		installed := said(e.Version)
		p.Heading, p.Back = "Update "+title, place{Path: extensionPath(e.Name), Name: said(e.Title)}
		p.Lead = fmt.Sprintf("Version %s is installed, and goes on working until this one is accepted.", installed)
		p.Action, p.Button, p.WhenGone = extensionPath(e.Name, "update"), "Accept version "+said(pkg.Version), ""
		p.Changes, p.Ends, p.Same = newChangesPart(review.Changes), endsOfUpdate(&review.Ends), e.Digest == pkg.Digest
		if p.Failed {
			p.Heading = "Version " + installed + " is still installed"
		}
	}
	p.frame = newShellFrame(v, p.Heading, extensionsPath)
	if p.Failed {
		p.Title = "Error: " + p.Title
	}
	if len(p.Obstacles) > 0 || p.Same || !mayInstall(v) {
		p.Action = ""
	}
	p.rest()
	return p
}

// endsOfUpdate says what accepting a version ends.
func endsOfUpdate(e *extension.Ends) []string {
	var lost []string
	if e.Authorizations > 0 {
		lost = append(lost, fmt.Sprintf("%s of %s: the credentials are erased, and never reach the new place by themselves. Whoever gave them connects again.", capital(counted(e.Authorizations, "authorization")), counted(e.People, "person")))
	}
	if e.Connections > 0 {
		lost = append(lost, capital(counted(e.Connections, "connection"))+" of it "+isAre(e.Connections)+" deleted, or "+hasHave(e.Connections)+" to be connected again.")
	}
	return append(lost, endsOfEither(e)...)
}

// endsOfEither is what updating and uninstalling end alike.
func endsOfEither(e *extension.Ends) []string {
	var lost []string
	if len(e.Services) > 0 {
		lost = append(lost, "The "+noun(len(e.Services), "service")+" "+linkNames(e.Services)+" "+isAre(len(e.Services))+" deleted.")
	}
	if len(e.Functions) > 0 {
		lost = append(lost, "The "+noun(len(e.Functions), "script")+" "+linkNames(e.Functions)+" "+isAre(len(e.Functions))+" deleted, with the runs. Other scripts that call "+them(len(e.Functions))+" fail.")
	}
	if len(e.Others) > 0 {
		lost = append(lost, capital(counted(len(e.Others), "connection"))+" that people made with its services ("+linkNames(e.Others)+") "+stays(len(e.Others))+", and can call nothing.")
	}
	return lost
}

func noun(n int, one string) string {
	if n == 1 {
		return one
	}
	return one + "s"
}

func hasHave(n int) string {
	if n == 1 {
		return "has"
	}
	return "have"
}

func stays(n int) string {
	if n == 1 {
		return "stays"
	}
	return "stay"
}

func them(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

const shownNames = 10

// linkNames joins link names as a sentence has them.
func linkNames(list []lanyard.LinkName) string {
	words := make([]string, 0, shownNames)
	for _, name := range list[:min(len(list), shownNames)] {
		words = append(words, string(name))
	}
	return names(words, len(list))
}

// administrators are the names of those who may decide in the visitor's place; none where the visitor may.
func (s *site) administrators(r *http.Request, v visitor) ([]string, error) {
	if mayInstall(v) {
		return nil, nil
	}
	var list []string
	for _, role := range []lanyard.Role{lanyard.RoleOwner, lanyard.RoleAdmin} {
		users, _, err := s.accounts.Users(r.Context(), v.caller, store.UserFilter{Role: role}, store.Page{Limit: shownNames})
		if err != nil {
			return nil, err
		}
		for _, u := range users {
			if !u.Disabled {
				list = append(list, said(u.Name))
			}
		}
	}
	return list, nil
}

// writeReview shows a package; d is why it was not accepted before.
func (s *site) writeReview(w http.ResponseWriter, r *http.Request, v visitor, from extension.Source, status int, d *problem.Document) error {
	review, err := s.extensions.Review(r.Context(), v.caller, from)
	if err != nil {
		return err
	}
	administrators, err := s.administrators(r, v)
	if err != nil {
		return err
	}
	return s.write(w, status, newReviewPage(v, from, review, administrators, d))
}

func (s *site) reviewOffer(w http.ResponseWriter, r *http.Request, v visitor) error {
	from := extension.Source{Publisher: lanyard.OrganizationID(r.PathValue("publisher")), Name: lanyard.LinkName(r.PathValue("extension"))}
	return s.writeReview(w, r, v, from, http.StatusOK, nil)
}

// reviewUpload answers with the review itself: a package that nobody accepted is kept nowhere.
func (s *site) reviewUpload(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	packed, err := uploaded(r)
	if err == nil && len(packed) == 0 {
		err = packageError("choose a file")
	}
	if err == nil {
		err = s.writeReview(w, r, v, extension.Source{Packed: packed}, http.StatusOK, nil)
	}
	d := s.onForm(r, err)
	if d == nil {
		return err
	}
	offers, next, err := s.extensions.Offers(r.Context(), v.caller, store.Page{Limit: offersLimit})
	if err != nil {
		return err
	}
	p := newOffersPage(v, offers, "", next)
	p.Title = "Error: " + p.Title
	p.Upload = newUploadPart(d, "This file cannot be installed")
	return s.write(w, d.Status, p)
}

func newUploadPart(d *problem.Document, heading string) *uploadPart {
	p := &uploadPart{form: newForm(d, heading)}
	p.File = p.field(packageField(), "/package")
	p.rest()
	return p
}

// accepted reads what a form accepts.
func accepted(r *http.Request) (extension.InstallInput, error) {
	f := r.PostForm
	in := extension.InstallInput{Digest: f.Get("digest"), WhenGone: lanyard.WhenGone(f.Get("when_gone"))}
	packed, err := uploaded(r)
	in.Source = extension.Source{Publisher: lanyard.OrganizationID(f.Get("publisher")), Name: lanyard.LinkName(f.Get("extension")), Packed: packed}
	if len(packed) > 0 {
		in.Publisher, in.Name = "", ""
	}
	return in, err
}

func (s *site) installExtension(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	in, err := accepted(r)
	if err != nil {
		return err
	}
	e, err := s.extensions.Install(r.Context(), v.caller, in)
	if d := s.onForm(r, err); d != nil {
		return s.writeReview(w, r, v, in.Source, d.Status, d)
	} else if err != nil {
		return err
	}
	s.tell(w, newNotice("ok", said(e.Title)+" is installed", "Connect the accounts that it works with: they are listed below."))
	http.Redirect(w, r, extensionPath(e.Name), http.StatusSeeOther)
	return nil
}

// reviewUpdate shows how what the publisher offers now differs from what is installed.
func (s *site) reviewUpdate(w http.ResponseWriter, r *http.Request, v visitor) error {
	e, _, _, err := s.extensions.Extension(r.Context(), v.caller, r.PathValue("extension"))
	if err != nil {
		return err
	}
	if e.Newer == nil {
		s.tell(w, newNotice("info", "There is no newer version", "Version "+said(e.Version)+" is the one that is offered here."))
		http.Redirect(w, r, extensionPath(e.Name), http.StatusSeeOther)
		return nil
	}
	return s.writeReview(w, r, v, extension.Source{Publisher: e.Newer.OrganizationID, Name: e.Newer.Name}, http.StatusOK, nil)
}

func (s *site) updateExtension(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	in, err := accepted(r)
	if err != nil {
		return err
	}
	e, ended, err := s.extensions.Update(r.Context(), v.caller, r.PathValue("extension"), in)
	if d := s.onForm(r, err); d != nil {
		return s.writeReview(w, r, v, in.Source, d.Status, d)
	} else if err != nil {
		return err
	}
	text := "Every authorization was kept."
	if ended.Authorizations > 0 {
		text = capital(counted(ended.Authorizations, "authorization")) + " ended. Whoever gave them connects again."
	}
	s.tell(w, newNotice("ok", "Version "+said(e.Version)+" of "+said(e.Title)+" is installed", text))
	http.Redirect(w, r, extensionPath(e.Name), http.StatusSeeOther)
	return nil
}
