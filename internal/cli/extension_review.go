package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"lanyard"
	"lanyard/client"
	"lanyard/internal/catalog"
	"lanyard/internal/extension"
)

// extensionServerCommands are those of “lanyard extension” that talk to a server; the others work on a folder alone.
func (a *app) extensionServerCommands() []*cobra.Command {
	all := []*cobra.Command{
		a.extensionListCommand(), a.extensionShowCommand(), a.extensionOffersCommand(), a.extensionReviewCommand(), a.extensionInstallCommand(),
		a.extensionUpdateCommand(), a.extensionWhenGoneCommand(), a.extensionUninstallCommand(), a.extensionPublishCommand(), a.extensionPublicationsCommand(),
		a.extensionAudienceCommand(), a.extensionWithdrawCommand(),
	}
	for _, cmd := range all {
		a.remote(cmd)
	}
	return all
}

// maxPackage is more than a server takes, so that the server's own limit is what is told.
const maxPackage = 5 << 20

// extensionSource reads what a person named: an extension on offer as PUBLISHER/NAME, a packed file, or a folder, which is
// packed on the way.
func extensionSource(cmd *cobra.Command, arg string) (client.ExtensionSource, error) {
	if publisher, name, ok := strings.Cut(arg, "/"); ok && strings.HasPrefix(publisher, "org_") {
		return client.ExtensionSource{Publisher: publisher, Name: name}, nil
	}
	if _, err := os.Stat(arg); errors.Is(err, os.ErrNotExist) {
		missing := misused(cmd, "there is no file or folder %s", arg)
		missing.hint = "an extension on offer is named PUBLISHER/NAME, as lanyard extension offers has it"
		return client.ExtensionSource{}, missing
	}
	p, err := readExtension(arg)
	if err != nil {
		return client.ExtensionSource{}, err
	}
	return client.ExtensionSource{Package: p.Packed}, nil
}

// readExtension reads a packed file, or packs a folder. What stands in a packed file the server judges, which may have
// other default services than this program.
func readExtension(name string) (*extension.Package, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		p, err := extension.Read(os.DirFS(name), catalog.Default())
		if err != nil {
			return nil, hinted(err, "lanyard extension lint %s says the same, and what else is worth mending", name)
		}
		return p, nil
	}
	packed, err := readAtMost(name, maxPackage)
	if err != nil {
		return nil, err
	}
	return extension.Stored(packed)
}

func (a *app) extensionReviewCommand() *cobra.Command {
	var scripts bool
	cmd := &cobra.Command{
		Use:   "review PUBLISHER/NAME|FILE|DIR",
		Short: "Show what an extension brings, before it is installed",
		Long: `Shows what an extension brings: its services with the hosts that credentials may be sent to, what each connection may
do, and its scripts. Where a version of it is installed, it shows how the two differ; what extends what the extension
can reach is marked with an exclamation mark. Nothing is changed.

The extension is one on offer, as "lanyard extension offers" names it, a packed file, or a folder.`,
		Example: `  lanyard extension review org_RQ6Y3DPCZ2T4WJ7M5KXA/acme_orders
  lanyard extension review acme_orders-1.2.0.lanyard --scripts`,
		Args: arguments("PUBLISHER/NAME, FILE or DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			from, err := extensionSource(cmd, args[0])
			if err != nil {
				return err
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			r, err := c.ReviewExtension(cmd.Context(), from)
			if err != nil {
				return err
			}
			return a.show(r, func() error {
				_, err := io.WriteString(a.stdout, reviewText(r, scripts))
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&scripts, "scripts", false, "print the scripts, too")
	return cmd
}

// prose collects lines for people. What others have written in them cannot move the cursor of the reader, nor begin a line.
type prose struct{ strings.Builder }

func (p *prose) line(indent int, format string, args ...any) {
	p.WriteString(strings.Repeat("  ", indent) + printable(fmt.Sprintf(format, args...)) + "\n")
}

// names writes a list under its heading in one line, and nothing when there is none.
func (p *prose) names(indent int, heading string, names []string) {
	if len(names) > 0 {
		p.line(indent, "%s: %s", heading, strings.Join(names, ", "))
	}
}

// text writes a text of several lines, each behind the same sign.
func (p *prose) text(indent int, sign, text string) {
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		p.WriteString(strings.Repeat("  ", indent) + sign + printableLines(line) + "\n")
	}
}

// reviewText is a review as a person reads it.
func reviewText(r *client.ExtensionReview, scripts bool) string {
	var p prose
	from := "from a file"
	if r.Publisher != nil {
		from = fmt.Sprintf("offered by %s (%s)", r.Publisher.Name, r.Publisher.ID)
	}
	p.line(0, "%s %s (%s), %s", r.Title, r.Version, r.Name, from)
	p.line(0, "%s", r.Description)
	p.line(0, "publisher, as its manifest has it: %s", r.PublisherName)
	if r.DocsURL != "" {
		p.line(0, "documentation: %s", r.DocsURL)
	}
	p.line(0, "digest: %s", r.Digest)
	contentsText(&p, &r.Contents, scripts)
	if r.Installed != nil {
		changesText(&p, r)
	}
	if ends := endsText(&r.Ends); ends != "" {
		p.line(0, "Accepting it ends %s.", ends)
	}
	if len(r.Obstacles) > 0 {
		p.line(0, "It cannot be installed yet:")
		for _, o := range r.Obstacles {
			p.line(1, "%s", o)
		}
	}
	return p.String()
}

func contentsText(p *prose, c *client.ExtensionContents, scripts bool) {
	if len(c.Services) > 0 {
		p.line(0, "Services:")
	}
	for _, s := range c.Services {
		p.line(1, "%s: %s, %s", s.LinkName, s.Name, words(s.Type))
		p.names(2, "credentials go to", s.Hosts)
		for _, u := range s.URLs {
			p.line(2, "%s: %s", u.Name, u.URL)
		}
		if s.NeedsClient {
			p.line(2, "an owner or admin has to set its OAuth client: lanyard services client %s", s.LinkName)
		}
	}
	if len(c.Connections) > 0 {
		p.line(0, "Connections:")
	}
	for _, b := range c.Connections {
		p.line(1, "%s: %s, with %s (%s)", b.LinkName, b.Name, b.ServiceName, b.Service)
		whose := "every call runs with the account of whoever installs the extension"
		if b.UseLoginUserCredentials {
			whose = "every call runs with the account of the user for whom it is made"
		}
		p.line(2, "%s", whose)
		p.names(2, "credentials go to", b.Hosts)
		scopes := make([]string, len(b.Scopes))
		for i, s := range b.Scopes {
			if scopes[i] = s.Value; s.Name != "" && s.Name != s.Value {
				scopes[i] = s.Name + " (" + s.Value + ")"
			}
		}
		p.names(2, "may", scopes)
		p.names(2, "used by", b.Scripts)
	}
	if len(c.Scripts) > 0 {
		p.line(0, "Scripts:")
	}
	for _, s := range c.Scripts {
		p.line(1, "%s: %s, %s", s.LinkName, s.Name, count(s.Lines, "line"))
		p.names(2, "uses", s.Connections)
		p.names(2, "tasks", s.Tasks)
		if scripts {
			p.text(2, "| ", s.Script)
		}
	}
	p.names(0, "Integration tasks", c.Tasks)
	p.names(0, "Scripts may call, without a connection", c.Hosts)
}

// changesText says how a package differs from the installed one.
func changesText(p *prose, r *client.ExtensionReview) {
	if len(r.Changes) == 0 {
		p.line(0, "It differs in nothing that matters from %s, which is installed.", r.Installed.Version)
		return
	}
	p.line(0, "Changes against %s, which is installed:", r.Installed.Version)
	reach := false
	for _, c := range r.Changes {
		mark := " "
		if c.Reach {
			mark, reach = "!", true
		}
		p.line(1, "%s %s: %s", mark, c.What, c.Words)
		if c.Before == "" && c.After == "" {
			continue
		}
		unified := string(diff.Diff("before", []byte(c.Before), "after", []byte(c.After)))
		if _, lines, ok := strings.Cut(unified, "+++ after\n"); ok {
			p.text(3, "", lines)
		}
	}
	if reach {
		p.line(0, "What is marked with ! lets credentials, or what scripts read, go where they did not before, or allows more.")
	}
}

// endsText says what is lost, in part of a sentence; empty when it is nothing.
func endsText(e *client.ExtensionEnds) string {
	var parts []string
	if e.Authorizations > 0 {
		parts = append(parts, fmt.Sprintf("%s of %s", count(e.Authorizations, "authorization"), people(e.People)))
	}
	if e.Connections > 0 {
		parts = append(parts, count(e.Connections, "connection"))
	}
	for _, of := range []struct {
		what  string
		names []string
	}{{"function", e.Functions}, {"service", e.Services}} {
		switch len(of.names) {
		case 0:
		case 1:
			parts = append(parts, "the "+of.what+" "+of.names[0])
		default:
			parts = append(parts, "the "+of.what+"s "+strings.Join(of.names, ", "))
		}
	}
	if len(e.Others) > 0 {
		parts = append(parts, "the work of connections that people made with its services: "+strings.Join(e.Others, ", "))
	}
	return strings.Join(parts, "; ")
}

func people(n int) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", n)
}

// acceptance is how a person says yes to an extension.
type acceptance struct {
	yes    bool
	digest string
}

func (accept *acceptance) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&accept.yes, "yes", false, "do not ask; of an extension on offer, --digest says which package is accepted")
	cmd.Flags().StringVar(&accept.digest, "digest", "", "accept only the package with this `DIGEST`, as a review shows it")
}

// check refuses, before anything is asked of the server, what could not be accepted in the end.
func (accept *acceptance) check(cmd *cobra.Command, a *app, from client.ExtensionSource) error {
	switch {
	case !accept.yes && a.terminal() == nil:
		err := misused(cmd, "nothing was done: nobody can be asked here")
		err.hint = "lanyard extension review shows a package and its digest; --yes --digest DIGEST accepts it"
		return err
	case accept.yes && accept.digest == "" && from.Publisher != "":
		err := misused(cmd, "--yes needs --digest: what is on offer may have become another package")
		err.hint = "lanyard extension review shows a package and its digest"
		return err
	}
	return nil
}

// review reads a package, shows it to whoever decides and gives it back once it is accepted.
func (a *app) review(ctx context.Context, c *client.Client, from client.ExtensionSource, accept acceptance, verb string) (*client.ExtensionReview, error) {
	r, err := c.ReviewExtension(ctx, from)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(a.stderr, reviewText(r, false)); err != nil {
		return nil, err
	}
	switch {
	case len(r.Obstacles) > 0:
		return nil, fmt.Errorf("%s cannot be installed yet: see above what has to be changed first", r.Name)
	case accept.digest != "" && accept.digest != r.Digest:
		return nil, &lanyard.Error{Code: lanyard.CodeConflict, Message: "This is another package than the one with the digest that was given: review it again."}
	}
	return r, a.confirm(ctx, accept.yes, fmt.Sprintf("%s %s %s?", verb, r.Name, r.Version))
}
