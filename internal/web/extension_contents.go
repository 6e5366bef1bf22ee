package web

import (
	"fmt"
	"strings"
	"unicode"

	"lanyard"
	"lanyard/internal/extension"
	"lanyard/internal/registry"
)

// Everything in an extension was written by its publisher: it is text to read, bounded and without characters that
// change how the text beside it reads.

// contentsPart is what an extension brings, drawn by parts/extension.html.
type contentsPart struct {
	Services    []serviceBrought
	Connections []connectionBrought
	Scripts     []scriptBrought
	Tasks       []string
	Hosts       []string // that its scripts call without a connection
}

type serviceBrought struct {
	Name, LinkName, Type string
	Path                 string // of its page; empty: it is not installed
	Hosts                []string
	URLs                 []extension.NamedURL
	NeedsClient          bool
	ClientMissing        bool // it is installed, and has no OAuth client yet
}

type connectionBrought struct {
	Name, LinkName string
	Path           string // of its page; empty: it is not installed, or not the visitor's to see
	Service        lanyard.LinkName
	ServiceName    string
	Whose          string
	Hosts          []string
	Scopes         []lanyard.Scope
	Scripts        []lanyard.LinkName
	State          standingWords // of the visitor's own account; without words: nothing is known
	Connect        string        // where the form goes that connects it; empty where it is connected
}

type scriptBrought struct {
	Name, LinkName string
	Path           string // of its page; empty: it is not installed
	Connections    []lanyard.LinkName
	Tasks          []string
	Lines          string
	Listing        []listedLine
	Plain          string // instead of the listing, where it would be too much for a page
}

// maxListed is how many bytes of scripts a page shows with numbers and colours.
const maxListed = 256 << 10

func newContentsPart(c *extension.Contents) contentsPart {
	p := contentsPart{Tasks: c.Tasks, Hosts: c.Hosts}
	for _, s := range c.Services {
		p.Services = append(p.Services, serviceBrought{Name: said(s.Name), LinkName: string(s.LinkName), Type: typeName(s.Type), Hosts: s.Hosts, URLs: s.URLs, NeedsClient: s.NeedsClient})
	}
	for _, con := range c.Connections {
		whose := "One account for everybody: that of whoever installs the extension"
		if con.UseLoginUserCredentials {
			whose = "Each person’s own account"
		}
		p.Connections = append(p.Connections, connectionBrought{Name: said(con.Name), LinkName: string(con.LinkName), Service: con.Service, ServiceName: said(con.ServiceName),
			Whose: whose, Hosts: con.Hosts, Scopes: con.Scopes, Scripts: con.Scripts})
	}
	left := maxListed
	for _, s := range c.Scripts {
		row := scriptBrought{Name: said(s.Name), LinkName: string(s.LinkName), Connections: s.Connections, Tasks: s.Tasks, Lines: counted(s.Lines, "line")}
		if left -= len(s.Source); left >= 0 {
			row.Listing = newListing(visible(s.Source), nil, nil)
		} else {
			row.Plain = visible(s.Source)
		}
		p.Scripts = append(p.Scripts, row)
	}
	return p
}

// visible shows the characters of a script that are not seen otherwise, or change the order of those that are: with them
// a script would read as something that it does not do ("Trojan Source", CVE-2021-42574).
func visible(source string) string {
	hidden := func(r rune) bool {
		return unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) || unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r'
	}
	if strings.IndexFunc(source, hidden) < 0 {
		return source
	}
	var b strings.Builder
	for _, r := range source {
		if hidden(r) {
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// installed leads from what an extension brought to the pages of it, and says how the visitor stands on each connection.
func (p *contentsPart) installed(standing map[lanyard.LinkName]registry.ConnectionView, clientMissing map[lanyard.LinkName]bool) {
	for i := range p.Services {
		s := &p.Services[i]
		s.Path, s.ClientMissing = servicePath(lanyard.LinkName(s.LinkName)), clientMissing[lanyard.LinkName(s.LinkName)]
	}
	for i := range p.Connections {
		c := &p.Connections[i]
		view, ok := standing[lanyard.LinkName(c.LinkName)]
		if !ok {
			continue
		}
		c.Path, c.State = connectionPath(view.LinkName), statusOf(&view)
		if view.Status() != lanyard.StatusConnected {
			c.Connect = connectionPath(view.LinkName, "connect")
		}
	}
	for i := range p.Scripts {
		p.Scripts[i].Path = scriptPath(lanyard.LinkName(p.Scripts[i].LinkName))
	}
}

// claimsPart is what a manifest says about itself, told apart from what Lanyard knows.
type claimsPart struct {
	From        string // the organization that publishes it; empty: it comes from a file
	Publisher   string // as the manifest has it
	Description string
	Docs        string // a link that may be followed
	Name        string
	Version     string
	Digest      string
}

func newClaimsPart(m *extension.Manifest, from, digest string) claimsPart {
	p := claimsPart{From: said(from), Publisher: said(m.Publisher), Description: said(m.Description), Name: string(m.Name), Version: said(m.Version), Digest: digest}
	if httpURL(m.DocsURL) && strings.HasPrefix(m.DocsURL, "https://") {
		p.Docs = m.DocsURL
	}
	return p
}

// changesPart is how a package differs from the installed one, what extends its reach first.
type changesPart struct {
	Reach, Rest []changeRow
}

type changeRow struct {
	What, Words string
	Parts       []diffPart
	Summary     string // of the lines
}

func newChangesPart(changes []extension.Change) *changesPart {
	p := &changesPart{}
	for _, c := range changes {
		row := changeRow{What: said(c.What), Words: said(c.Words)}
		if c.Before != "" || c.After != "" {
			lines := lineDiff(scriptLines(c.Before), scriptLines(c.After))
			row.Parts, row.Summary = shortDiff(lines), diffSummary(lines)
		}
		if c.Reach {
			p.Reach = append(p.Reach, row)
		} else {
			p.Rest = append(p.Rest, row)
		}
	}
	return p
}

// scriptLines are the lines of a stranger's script; of none there are none.
func scriptLines(source string) []string {
	if source == "" {
		return nil
	}
	return sourceLines(visible(source))
}
