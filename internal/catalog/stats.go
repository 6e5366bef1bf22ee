package catalog

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"lanyard"
)

// Stats are numbers of a catalogue.
type Stats struct {
	Services   int             `json:"services"` // entries, as people know them
	Ways       int             `json:"ways"`     // to connect them
	Verified   int             `json:"ways_with_verification"`
	Reviewed   int             `json:"reviewed"`
	Logos      int             `json:"with_logo"`
	Categories []CategoryStats `json:"categories"` // by the name that people read
	Types      []TypeStats     `json:"types"`
}

// CategoryStats are the numbers of one category.
type CategoryStats struct {
	Category string `json:"category"`
	Services int    `json:"services"`
	Ways     int    `json:"ways"`
	Reviewed int    `json:"reviewed"`
	Logos    int    `json:"with_logo"`
}

// TypeStats are the numbers of one way to authenticate.
type TypeStats struct {
	Type      lanyard.AuthType  `json:"type"`
	GrantType lanyard.GrantType `json:"grant_type,omitempty"`
	Ways      int               `json:"ways"`
	Verified  int               `json:"with_verification"`
}

// Name is the type as people read it.
func (t TypeStats) Name() string {
	name := map[lanyard.AuthType]string{
		lanyard.AuthAPIKey: "API key", lanyard.AuthBasic: "Basic", lanyard.AuthOAuth1: "OAuth 1", lanyard.AuthOAuth2: "OAuth 2", lanyard.AuthAWSSigV4: "AWS signature",
	}[t.Type]
	switch t.GrantType {
	case lanyard.AuthorizationCode:
		return name + ", a person consents"
	case lanyard.ClientCredentials:
		return name + ", client credentials"
	}
	return name
}

// typeOf is the type of a service, without numbers.
func typeOf(s *lanyard.Service) TypeStats {
	t := TypeStats{Type: s.Auth.Type}
	if s.Auth.OAuth2 != nil {
		t.GrantType = s.Auth.OAuth2.GrantType
	}
	return t
}

// Stats counts.
func (c *Catalog) Stats() *Stats {
	st := &Stats{Services: len(c.entries), Ways: len(c.ways)}
	for _, category := range c.Categories() {
		st.Categories = append(st.Categories, CategoryStats{Category: category})
	}
	for _, t := range lanyard.AuthTypes {
		if t == lanyard.AuthOAuth2 {
			st.Types = append(st.Types, TypeStats{Type: t, GrantType: lanyard.AuthorizationCode}, TypeStats{Type: t, GrantType: lanyard.ClientCredentials})
		} else {
			st.Types = append(st.Types, TypeStats{Type: t})
		}
	}
	one := func(yes bool) int {
		if yes {
			return 1
		}
		return 0
	}
	for _, e := range c.entries {
		of := &st.Categories[slices.IndexFunc(st.Categories, func(s CategoryStats) bool { return s.Category == e.Category })]
		of.Services++
		of.Ways += len(e.Ways)
		of.Reviewed += one(e.Evidence.Reviewed)
		of.Logos += one(e.Logo != "")
		st.Reviewed += one(e.Evidence.Reviewed)
		st.Logos += one(e.Logo != "")
		for i := range e.Ways {
			s := e.Ways[i].Service()
			is := typeOf(s)
			t := &st.Types[slices.IndexFunc(st.Types, func(t TypeStats) bool { return t.Type == is.Type && t.GrantType == is.GrantType })]
			t.Ways++
			t.Verified += one(s.VerifyURL != "")
			st.Verified += one(s.VerifyURL != "")
		}
	}
	return st
}

// Page is the catalogue as a page of the documentation, in Markdown. leftOut is a list of what is not in it, and why.
func (c *Catalog) Page(leftOut []byte) []byte {
	st := c.Stats()
	var b bytes.Buffer
	fmt.Fprintf(&b, `# The catalogue

%d services come with Lanyard, with %d ways to connect them. This page is made of their files by
`+"`go generate ./internal/catalog`"+`; `+"`lanyard catalog stats`"+` prints the same numbers. How a definition was established stands on the
page of each service. How to add one, to Lanyard or to your own server: [Write a catalogue entry](catalogue-entry.md).

`, st.Services, st.Ways)
	row := func(cells ...any) {
		for _, cell := range cells {
			b.WriteString("| " + strings.ReplaceAll(fmt.Sprint(cell), "|", `\|`) + " ")
		}
		b.WriteString("|\n")
	}
	row("Category", "Services", "Ways", "Reviewed field by field", "With a logo")
	b.WriteString("|---|--:|--:|--:|--:|\n")
	for _, of := range st.Categories {
		row(CategoryName(of.Category), of.Services, of.Ways, of.Reviewed, of.Logos)
	}
	row("**All**", st.Services, st.Ways, st.Reviewed, st.Logos)
	b.WriteByte('\n')
	row("Authentication", "Ways", "Verified after connecting")
	b.WriteString("|---|--:|--:|\n")
	for _, t := range st.Types {
		row(t.Name(), t.Ways, t.Verified)
	}
	row("**All**", st.Ways, st.Verified)
	b.WriteString("\n## All services\n")
	for _, category := range c.Categories() {
		b.WriteString("\n### " + CategoryName(category) + "\n\n")
		row("Service", "What one does with it", "Ways to connect: link name, authentication")
		b.WriteString("|---|---|---|\n")
		for _, e := range c.entries {
			if e.Category == category {
				row(link(e), e.Description, strings.Join(ways(e), "; "))
			}
		}
	}
	b.WriteString("\n## What was left out\n\n")
	if list := bytes.TrimSpace(leftOut); len(list) > 0 {
		b.Write(append(list, '\n'))
	} else {
		b.WriteString("Nothing yet.\n")
	}
	return b.Bytes()
}

// link is the name of an entry, leading to the documentation of its API.
func link(e *Entry) string {
	if e.DocsURL == "" {
		return e.Name
	}
	return "[" + strings.NewReplacer("[", `\[`, "]", `\]`).Replace(e.Name) + "](" + strings.NewReplacer("(", "%28", ")", "%29").Replace(e.DocsURL) + ")"
}

func ways(e *Entry) []string {
	all := make([]string, len(e.Ways))
	for i := range e.Ways {
		all[i] = "`" + string(e.Ways[i].LinkName) + "` " + typeOf(e.Ways[i].Service()).Name()
	}
	return all
}
