package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"lanyard"
	"lanyard/internal/extension"
	"lanyard/internal/problem"
)

// publicationsPage lists what the visitor's organization publishes.
type publicationsPage struct {
	frame
	Tabs []listChoice
	Rows []publicationRow
}

func (publicationsPage) template() string { return "publications" }

type publicationRow struct {
	Path, Title, Name, Version, Description string
	Audience                                standingWords
	Updated                                 time.Time
}

func newPublicationRow(p *lanyard.Publication) publicationRow {
	return publicationRow{Path: publicationPath(p.Name), Title: said(p.Title), Name: string(p.Name), Version: said(p.Version), Description: said(p.Description), Audience: audienceOf(p), Updated: p.UpdatedAt}
}

// audienceOf is to whom an extension is offered, in words.
func audienceOf(p *lanyard.Publication) standingWords {
	switch {
	case p.Everybody:
		return standingWords{Words: "Offered to everybody", Tone: "ok"}
	case len(p.Organizations) > 0:
		return standingWords{Words: "Offered to " + counted(len(p.Organizations), "organization"), Tone: "ok"}
	}
	return standingWords{Words: "Offered to nobody yet", Tone: "quiet"}
}

func newPublicationsPage(v visitor, list []lanyard.Publication) publicationsPage {
	p := publicationsPage{frame: newShellFrame(v, "Published extensions", extensionsPath), Tabs: extensionTabs(v, publicationsPath)}
	for i := range list {
		p.Rows = append(p.Rows, newPublicationRow(&list[i]))
	}
	return p
}

func (s *site) publications(w http.ResponseWriter, r *http.Request, v visitor) error {
	list, err := s.extensions.Publications(r.Context(), v.caller)
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newPublicationsPage(v, list))
}

// audienceInput is to whom something is to be offered, as it was typed.
type audienceInput struct {
	Whom          string // nobody, organizations or everybody
	Organizations string // ids, one a line
}

func readAudience(r *http.Request) audienceInput {
	return audienceInput{r.PostForm.Get("whom"), r.PostForm.Get("organizations")}
}

func (in audienceInput) audience() extension.Audience {
	switch in.Whom {
	case "everybody":
		return extension.Audience{Everybody: true}
	case "organizations":
		return extension.Audience{Organizations: strings.FieldsFunc(in.Organizations, func(r rune) bool { return strings.ContainsRune(" \t\r\n,;", r) })}
	}
	return extension.Audience{}
}

// audiencePart is the choice to whom something is offered.
type audiencePart struct {
	Whom          string
	Organizations field
}

func (f *form) audiencePart(in audienceInput) audiencePart {
	p := audiencePart{Whom: in.Whom, Organizations: field{ID: "organizations", Name: "organizations", Label: "Ids of organizations", Value: in.Organizations, Rows: 3, Mono: true, Optional: true,
		Placeholder: "org_…", Help: "One a line. An organization finds its id on its Organization page, and under Available extensions. You are not told whether an id exists, nor who installs your extension."}}
	for i := range in.audience().Organizations { // the first fault of theirs stands at the field, the others in the summary
		if p.Organizations.Error == "" {
			p.Organizations = f.field(p.Organizations, fmt.Sprintf("/organizations/%d", i))
		}
	}
	if p.Organizations.Error == "" {
		p.Organizations = f.field(p.Organizations, "/organizations")
	}
	if p.Whom == "" {
		p.Whom = "nobody"
	}
	return p
}

// publishPage offers a first or another version.
type publishPage struct {
	frame
	form
	File         field
	Audience     audiencePart
	Organization string
}

func (publishPage) template() string { return "publish" }

func newPublishPage(v visitor, in audienceInput, d *problem.Document) publishPage {
	p := publishPage{frame: newShellFrame(v, "Publish an extension", extensionsPath), form: newForm(d, "It was not published"), Organization: v.organization.Name}
	if p.Failed {
		p.Title = "Error: " + p.Title
	}
	p.File = p.field(packageField(), "/package")
	p.Audience = p.audiencePart(in)
	p.rest()
	return p
}

func (s *site) publishForm(w http.ResponseWriter, r *http.Request, v visitor) error {
	// Who may not publish is told here, and not after filling in a form.
	if _, err := s.extensions.Publications(r.Context(), v.caller); err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newPublishPage(v, audienceInput{}, nil))
}

func (s *site) publish(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	in := readAudience(r)
	packed, err := uploaded(r)
	if err == nil && len(packed) == 0 {
		err = packageError("choose a file")
	}
	var p *lanyard.Publication
	if err == nil {
		to := in.audience()
		p, err = s.extensions.Publish(r.Context(), v.caller, extension.PublishInput{Package: packed, Everybody: to.Everybody, Organizations: to.Organizations})
	}
	if d := s.onForm(r, err); d != nil {
		return s.write(w, d.Status, newPublishPage(v, in, d))
	} else if err != nil {
		return err
	}
	s.tell(w, newNotice("ok", "Version "+said(p.Version)+" of "+said(p.Title)+" is published", audienceOf(p).Words+". Who has an earlier version keeps it until they accept this one."))
	http.Redirect(w, r, publicationPath(p.Name), http.StatusSeeOther)
	return nil
}

// publicationPage is one extension that is published.
type publicationPage struct {
	frame
	form
	Row          publicationRow
	Claims       claimsPart
	Contents     contentsPart
	Audience     audiencePart
	Organization lanyard.OrganizationID
	Withdraw     string
}

func (publicationPage) template() string { return "publication" }

func newPublicationPage(v visitor, of *lanyard.Publication, pkg *extension.Package, c *extension.Contents, in *audienceInput, d *problem.Document) publicationPage {
	p := publicationPage{frame: newShellFrame(v, said(of.Title), extensionsPath), form: newForm(d, "It is offered as before"), Row: newPublicationRow(of), Organization: of.OrganizationID,
		Claims: newClaimsPart(&pkg.Manifest, v.organization.Name, of.Digest), Contents: newContentsPart(c), Withdraw: publicationPath(of.Name, "withdraw")}
	if p.Failed {
		p.Title = "Error: " + p.Title
	}
	if in == nil {
		in = &audienceInput{}
		for _, id := range of.Organizations {
			in.Organizations += string(id) + "\n"
		}
		switch {
		case of.Everybody:
			in.Whom = "everybody"
		case len(of.Organizations) > 0:
			in.Whom = "organizations"
		}
	}
	p.Audience = p.audiencePart(*in)
	p.rest()
	return p
}

func (s *site) writePublication(w http.ResponseWriter, r *http.Request, v visitor, status int, in *audienceInput, d *problem.Document) error {
	of, pkg, err := s.extensions.Publication(r.Context(), v.caller, r.PathValue("extension"))
	if err != nil {
		return err
	}
	return s.write(w, status, newPublicationPage(v, of, pkg, pkg.Contents(s.catalog().Service), in, d))
}

func (s *site) publication(w http.ResponseWriter, r *http.Request, v visitor) error {
	return s.writePublication(w, r, v, http.StatusOK, nil, nil)
}

func (s *site) setAudience(w http.ResponseWriter, r *http.Request, v visitor) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	in := readAudience(r)
	p, err := s.extensions.SetAudience(r.Context(), v.caller, r.PathValue("extension"), in.audience())
	if d := s.onForm(r, err); d != nil {
		return s.writePublication(w, r, v, d.Status, &in, d)
	} else if err != nil {
		return err
	}
	s.tell(w, newNotice("ok", audienceOf(p).Words, "To whom it is not offered any more it is as if you had withdrawn it."))
	http.Redirect(w, r, publicationPath(p.Name), http.StatusSeeOther)
	return nil
}

func newWithdrawPage(v visitor, of *lanyard.Publication) endConnectionPage {
	title := said(of.Title)
	return endConnectionPage{frame: newShellFrame(v, "Withdraw "+title, extensionsPath), Icon: "trash-2", Heading: "Withdraw", Name: title, Button: "Withdraw",
		Action: publicationPath(of.Name, "withdraw"), Back: publicationPath(of.Name), Lost: []string{
			"Nobody can install it any more, and nobody is offered another version of it.",
			"Each organization that installed it has chosen what happens then: its copy goes on working as it is, or it is uninstalled, which erases the credentials of its connections. You do not learn which.",
			"To offer it again, publish it again. Keep its folder: the package is deleted here.",
		}}
}

func (s *site) withdrawForm(w http.ResponseWriter, r *http.Request, v visitor) error {
	of, _, err := s.extensions.Publication(r.Context(), v.caller, r.PathValue("extension"))
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, newWithdrawPage(v, of))
}

func (s *site) withdraw(w http.ResponseWriter, r *http.Request, v visitor) error {
	of, _, err := s.extensions.Publication(r.Context(), v.caller, r.PathValue("extension"))
	if err != nil {
		return err
	}
	if err := s.extensions.Withdraw(r.Context(), v.caller, string(of.Name)); err != nil {
		return err
	}
	s.tell(w, newNotice("ok", said(of.Title)+" was withdrawn", "It is offered to nobody any more."))
	http.Redirect(w, r, publicationsPath, http.StatusSeeOther)
	return nil
}
